"""Do the two languages agree: the chapter's losses by every route, to the last bit.

Whether they also are those that the chapter prints is another question: where torch computes
with another BLAS, or on another kind of processor, a few round to another last digit, the same
ones by every route.
"""

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pytwolayer.chapter import chapter_loop, chapter_losses, printed_losses
from pytwolayer.r_interop.r_process import DATA, RError, RMissingError, run_r, run_r_in_python
from pytwolayer.runtime.torch_loading import torch

_SCRIPT = DATA / "chapter_from_r.R"
_LEEWAY = 1.5  # units of the printed table's last digit, half of one from rounding
_RUNS = 3  # of which the quickest is shown: other programs make the others slower
RPY2_NEEDS = (1, 31)  # with an older reticulate, R's gc() kills the Python around it


@dataclass(frozen=True)
class Route:
    """One way to the chapter's losses.

    Attributes
    ----------
    name : str
        The way.
    losses : list of float
        What came out; empty if the route could not be taken.
    seconds : float
        Time of the 500 steps, the best of three runs, start-up not counted.
    problem : str or None
        Why it could not be taken, or failed.
    optional : bool
        Whether agreement can be told without it.
    """

    name: str
    losses: list[float]
    seconds: float = 0.0
    problem: str | None = None
    optional: bool = False


def verify() -> tuple[str, bool]:
    """Take every route, compare, and report.

    Returns
    -------
    report : str
    agree : bool
        Whether all losses agree with each other, bit for bit, and with the printed table but
        for its last digit.
    """
    routes = take_routes()
    return report(routes), agree(routes)


def take_routes() -> list[Route]:
    """Take every route; the first is the one that the others are compared with."""
    chapter_losses(steps=1)  # what is loaded on first use is loaded before the clock starts
    python = _timed("Python", lambda: chapter_losses()["loss"].tolist())
    loop = _timed("Python, the chapter's loop", lambda: chapter_loop()["loss"].tolist())
    beside, reticulate = _through_r("R, reticulate", run_r)
    if reticulate and reticulate < RPY2_NEEDS:
        version = ".".join(str(part) for part in reticulate)
        problem = f"not run: reticulate {version} is too old to live inside Python (1.31)"
        inside = Route("R inside Python, rpy2", [], problem=problem, optional=True)
    else:
        inside, _ = _through_r("R inside Python, rpy2", run_r_in_python, optional=_no_rpy2())
    return [python, loop, beside, inside]


def _no_rpy2() -> bool:
    from importlib.util import find_spec

    return find_spec("rpy2") is None


def _timed(name: str, losses: Callable[[], list[float]]) -> Route:
    seconds = []
    for _ in range(_RUNS):
        start = time.perf_counter()
        values = losses()
        seconds.append(time.perf_counter() - start)
    return Route(name, values, min(seconds))


def _through_r(
    name: str, run: Callable[..., str], *, optional: bool = False
) -> tuple[Route, tuple[int, ...]]:
    threads = str(torch.get_num_threads())  # the last bits depend on it
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "losses.txt"
        try:
            run(_SCRIPT, str(file), str(_RUNS), OMP_NUM_THREADS=threads)
        except RError as problem:
            # Who does not use R lacks nothing.
            optional = optional or isinstance(problem, RMissingError)
            return Route(name, [], problem=f"not run: {problem}", optional=optional), ()
        found = dict(line.split("\t", 1) for line in file.read_text().splitlines())
    losses = [float.fromhex(value) for value in found["losses"].split("\t")]
    version = tuple(int(part) for part in found["reticulate"].split(".")[:2])
    full_name = f"{name} {found['reticulate']}" if name.endswith("reticulate") else name
    return Route(full_name, losses, float(found["seconds"])), version


def _equal_to_table(route: Route) -> int:
    printed = printed_losses()["loss"]
    return sum(
        float(f"{loss:.3g}") == row for loss, row in zip(route.losses, printed, strict=False)
    )


def _near_table(route: Route) -> bool:
    """Tell whether losses are the table's but for its last digit."""
    printed = printed_losses()["loss"]
    return len(route.losses) == len(printed) and all(
        abs(loss - row) <= _LEEWAY * _last_digit(row)
        for loss, row in zip(route.losses, printed, strict=True)
    )


def _last_digit(row: float) -> float:
    """Give what one in the last of three significant digits is worth."""
    return float(f"1e{int(f'{row:e}'.partition('e')[2]) - 2}")


def _equal_bits(route: Route, reference: Route) -> int:
    return sum(a == b for a, b in zip(route.losses, reference.losses, strict=False))


def agree_with_each_other(routes: list[Route]) -> bool:
    """Tell whether every route that ran gave the same losses, bit for bit."""
    rows = len(printed_losses())
    return all(
        len(route.losses) == rows and _equal_bits(route, routes[0]) == rows
        for route in routes
        if route.problem is None
    )


def agree(routes: list[Route]) -> bool:
    """Tell whether every route gave every loss; an optional one may be missing.

    That is the same bits, and the table's numbers but for their last digit.
    """
    missing = any(route.problem is not None and not route.optional for route in routes)
    return not missing and agree_with_each_other(routes) and _near_table(routes[0])


def report(routes: list[Route]) -> str:
    """Write the comparison as a short table."""
    rows = len(printed_losses())
    width = max(len(route.name) for route in routes) + 2
    lines = [
        f"The chapter's {rows} losses, by each route ({_threads()})",
        "",
        f"{'route':<{width}}{'equal to the table':<22}{'same bits':<16}{'seconds, best of 3':>18}",
    ]
    for route in routes:
        if route.problem is not None:
            lines.append(f"{route.name:<{width}}{_brief(route.problem)}")
            continue
        table = f"{_equal_to_table(route)} of {rows}"
        bits = f"{_equal_bits(route, routes[0])} of {rows}"
        lines.append(f"{route.name:<{width}}{table:<22}{bits:<16}{route.seconds:>18.3f}")
    lines += [*_of_load(), "", _verdict(routes)]
    return "\n".join(lines)


def _brief(problem: str) -> str:
    """Of what R said, the line that tells most: the last but for R's farewell."""
    farewell = "Calls:", "Execution halted"
    first, *others = [line for line in problem.splitlines() if not line.startswith(farewell)]
    return f"{first} {others[-1].strip()}"[:120] if others else first


def _threads() -> str:
    number = torch.get_num_threads()
    return f"{number} thread{'' if number == 1 else 's'}"


def _verdict(routes: list[Route]) -> str:
    missing = [route.name for route in routes if route.problem is not None]
    needed = [route.name for route in routes if route.problem is not None and not route.optional]
    if not agree_with_each_other(routes):
        return "They do NOT agree. `pytwolayer doctor` may show why."
    as_printed = _equal_to_table(routes[0]) == len(printed_losses())
    with_whom = "" if as_printed else " with one another, bit for bit"
    if not missing:
        verdict = f"All agree{with_whom}."
    elif needed:
        verdict = f"Not every route could be taken: {', '.join(missing)}. See: pytwolayer doctor"
    else:
        verdict = f"All that ran agree{with_whom}; not run: {', '.join(missing)}."
    return "\n".join([verdict, *_of_table(routes[0])])


def _of_table(route: Route) -> list[str]:
    """Say how the losses and the printed table differ, and why."""
    rows, equal = len(printed_losses()), _equal_to_table(route)
    if equal == rows:
        return []
    if not _near_table(route):
        return [f"They are NOT the chapter's: {equal} of {rows} equal its printed table."]
    return [
        f"{equal} of {rows} equal the chapter's printed table; "
        + ("the others differ" if rows - equal > 1 else "the other one differs")
        + " from it in the last digit alone.",
        _why_other_digits(),
    ]


def _why_other_digits() -> str:
    from pytwolayer.runtime.blas import LINKED, torch_blas

    blas = torch_blas()
    if blas.kind == LINKED:
        return (
            f"This PyTorch is linked to the system's BLAS ({blas.path}), which rounds "
            "differently from the one in PyTorch's own builds. See: pytwolayer doctor"
        )
    return "Another kind of processor, or version of PyTorch, rounds differently."


def _of_load() -> list[str]:
    """Say what to do where other programs keep the processors busy."""
    if torch.get_num_threads() == 1 or not hasattr(os, "getloadavg"):
        return []
    if os.getloadavg()[0] <= (os.cpu_count() or 1):
        return []
    return ["Other programs keep the processors busy: OMP_NUM_THREADS=1 may be quicker."]

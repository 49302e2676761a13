"""What quality.py writes: a summary, and a table for each role and kind of outcome."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from _quality_data import CHOSEN, CONFIRMED, Task
from _quality_peers import NETWORKS, OURS, REALMLP_LOG, ROUTES, TREES

AGAINST = {
    "the best network": NETWORKS,
    "the best network, RealMLP set for log loss too": [*NETWORKS, REALMLP_LOG],
    "HistGradientBoosting": [TREES],
    **{f"{name} alone": [name] for name in NETWORKS},
}


@dataclass
class Result:
    """What the routes reached on one data set, by route."""

    task: Task
    error: dict[str, float] = field(default_factory=dict)
    wrong: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    best: float | None = None
    parts: list[dict[str, object]] = field(default_factory=list)

    def add(self, peer: str, error: float, wrong: float | None, seconds: float) -> None:
        """Note what a route reached."""
        self.error[peer], self.seconds[peer] = error, seconds
        if wrong is not None:
            self.wrong[peer] = wrong

    def ratio(self, peers: list[str]) -> float | None:
        """Give our error over the smallest of some peers'."""
        return against(self.error, peers)

    def wrong_ratio(self, peers: list[str]) -> float | None:
        """Give our share of wrong classes over the smallest of some peers'."""
        # Half a row more on both sides: a peer that makes no mistake is no division by 0.
        more = 0.5 / len(self.task.frame)
        return against({k: v + more for k, v in self.wrong.items()}, peers)

    def in_short(self) -> str:
        """Say in a line what was reached."""
        reached = ", ".join(f"{k} {v:.4g} ({self.seconds[k]:.2f} s)" for k, v in self.error.items())
        return f"{self.task.name} ({len(self.task.frame)} rows): {reached}"


def against(errors: dict[str, float], peers: list[str]) -> float | None:
    """Divide our error by the smallest of the peers'."""
    theirs = [errors[peer] for peer in peers if peer in errors]
    return errors[OURS] / min(theirs) if theirs and OURS in errors else None


def page(results: list[Result]) -> str:
    """Write the summary and the tables in Markdown."""
    lines = summary(results)
    for role in (CONFIRMED, CHOSEN):
        numbers = [r for r in results if r.task.role == role and not r.task.classes]
        classes = [r for r in results if r.task.role == role and r.task.classes]
        titled = {
            "classes, log loss": table(classes),
            "numbers, root mean squared error": table(numbers),
        }
        titled["% of wrong classes"] = per_route(classes, lambda r: r.wrong, 100, ".1f")
        for title, rows in titled.items():
            lines += ["", f"## {role.capitalize()}: {title}", "", *rows] if rows else []
    taken = per_route(results, lambda r: r.seconds, 1, ".2f")
    return "\n".join([*lines, "", "## Seconds a fit", "", *taken, *typical(results)]) + "\n"


def summary(results: list[Result]) -> list[str]:
    """Write the geometric mean and the largest of the ratios, by role and kind."""
    cells = ["against", "role", "outcome", "data sets", "ratio of errors, geometric mean"]
    cells += ["largest", "above 1.05", "above 1.10", "ratio of wrong classes, geometric mean"]
    lines = head(cells)
    for name, peers in AGAINST.items():
        for role in (CONFIRMED, CHOSEN):
            for kind in ("classes", "numbers"):
                here = [r for r in results if r.task.role == role]
                here = [r for r in here if (r.task.classes > 0) == (kind == "classes")]
                lines += summary_line([name, role, kind], here, peers)
    return lines


def summary_line(first: list[str], results: list[Result], peers: list[str]) -> list[str]:
    """Write one line of the summary; none where nothing was measured."""
    if REALMLP_LOG in peers:
        results = [r for r in results if REALMLP_LOG in r.error]
    ratios = {r.task.name: r.ratio(peers) for r in results}
    ratios = {name: ratio for name, ratio in ratios.items() if ratio is not None}
    if not ratios:
        return []
    worst = max(ratios, key=ratios.__getitem__)
    above = [str(sum(ratio > limit for ratio in ratios.values())) for limit in (1.05, 1.1)]
    wrong = [ratio for r in results if (ratio := r.wrong_ratio(peers)) is not None]
    cells = [*first, str(len(ratios)), f"{mean_of(list(ratios.values())):.3f}"]
    cells += [f"{ratios[worst]:.2f} ({worst})", *above]
    return [line([*cells, f"{mean_of(wrong):.3f}" if wrong else ""])]


def mean_of(ratios: list[float]) -> float:
    """Give the geometric mean."""
    return float(np.exp(np.mean(np.log(ratios))))


def table(results: list[Result]) -> list[str]:
    """Write the errors of the routes and the ratios; nothing where nothing was measured."""
    routes = routes_of(results)
    cells = ["data", "rows", "columns", "classes", *routes, "truth"]
    cells += ["ratio to the best network", "ratio to HistGB"]
    lines = []
    for result in results:
        errors = [written(result.error.get(name), ".4g") for name in routes]
        ratios = [written(result.ratio(peers), ".2f") for peers in (NETWORKS, [TREES])]
        task = result.task
        size = [f"{len(task.frame):,}", str(task.frame.shape[1] - 1), str(task.classes or "")]
        lines.append(line([task.name, *size, *errors, written(result.best, ".4g"), *ratios]))
    return [*head(cells), *lines] if routes else []


def per_route(
    results: list[Result], what: Callable[[Result], dict[str, float]], times: float, form: str
) -> list[str]:
    """Write one figure of every route for every data set."""
    routes = routes_of(results)
    lines = []
    for result in results:
        values = [what(result).get(name) for name in routes]
        cells = [written(None if v is None else times * v, form) for v in values]
        lines.append(line([result.task.name, *cells]))
    return [*head(["data", *routes]), *lines] if routes else []


def typical(results: list[Result]) -> list[str]:
    """Write the median of every route's seconds."""
    taken = [[r.seconds[name] for r in results if name in r.seconds] for name in routes_of(results)]
    return [line(["**median**", *(f"{np.median(seconds):.2f}" for seconds in taken)])]


def routes_of(results: list[Result]) -> list[str]:
    """Give the routes that any of the results has."""
    return [name for name in ROUTES if any(name in result.error for result in results)]


def written(value: float | None, form: str) -> str:
    """Write a number, or nothing."""
    return "" if value is None else f"{value:{form}}"


def head(cells: list[str]) -> list[str]:
    """Write the head of a Markdown table."""
    return [line(cells), line(["---"] * len(cells))]


def line(cells: list[str]) -> str:
    """Write a line of a Markdown table."""
    return f"| {' | '.join(cells)} |"

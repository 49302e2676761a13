"""Measure fits of large data: time and memory, of tables in memory and of folders of files.

    python benchmarks/large_data.py                          # all parts
    python benchmarks/large_data.py --part memory --rounds 3
    python benchmarks/large_data.py --tree ../before         # of another source tree

Parts: ``prepare`` (from the call to the first step, beside two plain passes in NumPy), ``epochs``
(a fit beside a plain loop of PyTorch), ``memory`` (peak above the data, Python and R, with times),
``folder`` (a folder of Parquet files beside pandas and the fit of ``--before``), ``beyond`` (a
folder of ten times the memory allowed). Each work has a process of its own and one thread; what is
compared is done in turns, and ratios are within a round: medians and ranges of these are printed.
``prepare`` and ``epochs`` are in CPU seconds, which other work on the machine disturbs less; the
others, where threads read ahead, in seconds on the clock. Generated data are in a temporary folder
of ``--scratch``. Small fits are measured by ``before_after.py``.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from _large_memory import MB, Sampler, go, limited, ready
from _large_tables import COLUMNS, write_folder
from _routes import WORKERS, environment

ROOT = Path(__file__).resolve().parents[1]
BATCH = 256
_ROW_BYTES = 492  # of the folder's files
_PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}


def start(tree: Path, *words: object, r: bool = False) -> subprocess.Popen[str]:
    """Start a worker that imports the core of this tree."""
    script = WORKERS / f"large_data.{'R' if r else 'py'}"
    command = [shutil.which("Rscript") or "Rscript"] if r else [sys.executable]
    variables = environment(1) | {"R_LIBS": str(tree / ".rlib")}
    if not r:
        variables["PYTHONPATH"] = str(tree)
    return subprocess.Popen([*command, str(script), *map(str, words)], env=variables, **_PIPES)


def printed(worker: subprocess.Popen[str]) -> dict[str, list[float]]:
    """Return what a worker prints, by name."""
    found: dict[str, list[float]] = {}
    for line in worker.communicate()[0].splitlines():
        name, number = line.split()
        found.setdefault(name, []).append(float(number))
    if worker.returncode:
        raise RuntimeError(f"the worker ended with {worker.returncode}")
    return found


def show(name: str, values: Sequence[float], unit: str) -> None:
    """Print a line with the median and the range."""
    low, high = min(values), max(values)
    middle = statistics.median(values)
    print(f"  {name:44} {middle:9.3f} {unit} ({low:.3f} to {high:.3f})", flush=True)


def show_ratio(name: str, over: Sequence[float], under: Sequence[float]) -> None:
    """Print the ratios within rounds."""
    show(name, [a / b for a, b in zip(over, under, strict=True)], "  ")


def part_prepare(options: argparse.Namespace) -> None:
    """Prepare a fit, beside two plain passes."""
    worker = start(options.tree, "prepare", options.rows, options.columns, options.rounds)
    found = printed(worker)
    show("two plain passes", found["passes"], "s")
    show("preparation", found["prepare"], "s")
    show_ratio("preparation / passes", found["prepare"], found["passes"])


def part_epochs(options: argparse.Namespace) -> None:
    """Fit beside plain loops of PyTorch."""
    size = options.rows, options.columns, options.rounds, options.epochs, BATCH
    found = printed(start(options.tree, "epochs", *size))
    for name, words in (
        ("fit", "fit, from the call"),
        ("gathered", "plain loop, rows of a batch gathered"),
        ("sliced", "plain loop, slices of a shuffled copy"),
        ("in_order", "plain loop, slices, never shuffled"),
    ):
        show(words, found[name], "s")
    for name in ("gathered", "sliced", "in_order"):
        show_ratio(f"plain loop ({name}) / fit", found[name], found["fit"])


def part_memory(options: argparse.Namespace) -> None:
    """Peak memory above the data, and the times, from Python and from R."""
    size = options.rows, options.columns, options.epochs, BATCH
    matrix = options.rows * options.columns * 4 / MB
    routes: dict[str, Callable[[], subprocess.Popen[str]]] = {
        "Python": lambda: start(options.tree, "fit", *size),
        "R, a matrix": lambda: start(options.tree, *size, "matrix", r=True),
        "R, a data frame": lambda: start(options.tree, *size, "frame", r=True),
    }
    rounds = [_in_turn(routes) for _ in range(options.rounds)]
    for name in routes:
        peaks = [one[name]["MB"] for one in rounds]
        show(f"{name}: peak above the data", peaks, "MB")
        show(f"{name}: peak / float32 matrix", [peak / matrix for peak in peaks], "  ")
        show(f"{name}: {options.epochs} epochs", [one[name]["seconds"] for one in rounds], "s")
    for name in list(routes)[1:]:
        show_ratio(
            f"{name}: time / Python's",
            *([r[n]["seconds"] for r in rounds] for n in (name, "Python")),
        )


def _in_turn(
    routes: Mapping[str, Callable[[], subprocess.Popen[str]]],
) -> dict[str, dict[str, float]]:
    found = {}
    for name, begin in routes.items():
        worker = begin()
        ready(worker)
        sampler = Sampler(worker.pid)
        found[name] = go(worker) | {"anonymous": sampler.stop()}
    return found


@contextmanager
def _folder(options: argparse.Namespace, rows: int, files: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        size = write_folder(Path(scratch) / "data", rows, files)
        print(f"  {files} files, {rows:,} rows, {COLUMNS} columns, {size / MB:,.0f} MB", flush=True)
        yield Path(scratch) / "data"


def part_folder(options: argparse.Namespace) -> None:
    """From a folder's path to a fit, beside pandas and the same fit of before."""
    with _folder(options, options.folder_rows, 8) as folder:
        routes: dict[str, Callable[[], subprocess.Popen[str]]] = {
            "pandas, then the fit": lambda: start(
                options.before, "folder", folder, options.epochs, BATCH, "pandas"
            )
        }
        if options.tree != options.before:
            for how in options.how:
                routes[f"the path ({how})"] = lambda how=how: start(
                    options.tree, "folder", folder, options.epochs, BATCH, how
                )
        rounds = [_in_turn(routes) for _ in range(options.rounds)]
        first = next(iter(routes))
        for name in routes:
            show(f"{name}: {options.epochs} epochs", [one[name]["seconds"] for one in rounds], "s")
            show(f"{name}: anonymous memory", [one[name]["anonymous"] for one in rounds], "MB")
            show(f"{name}: last loss", [one[name]["loss"] for one in rounds], "  ")
            show_ratio(
                f"{name} / pandas", *([r[n]["seconds"] for r in rounds] for n in (name, first))
            )


def part_beyond(options: argparse.Namespace) -> None:
    """Two epochs over a folder of ten times the memory that the process may have, Python's too."""
    rows = int(10 * options.limit * MB / _ROW_BYTES)
    with _folder(options, rows, 16) as folder:
        for limit in (None, options.limit):
            worker = start(options.tree, "folder", folder, 2, BATCH, "path")
            sampler = Sampler(worker.pid)
            name = "no limit" if limit is None else f"{limit:.0f} MB allowed"
            with nullcontext() if limit is None else limited(worker.pid, limit) as group:
                if limit is not None and group is None:
                    worker.kill()
                    return
                try:
                    ready(worker)
                    found = go(worker)
                except RuntimeError as problem:
                    peak = sampler.stop()
                    print(f"  {name}: {problem}, at {peak:.0f} MB of anonymous memory", flush=True)
                    return
            print(
                f"  {name}: {found['seconds']:.1f} s, loss {found['loss']:.5f}, "
                f"anonymous memory {sampler.stop():.0f} MB",
                flush=True,
            )


PARTS = {
    "prepare": part_prepare,
    "epochs": part_epochs,
    "memory": part_memory,
    "folder": part_folder,
    "beyond": part_beyond,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=PARTS, action="append", help="one part, or several")
    parser.add_argument("--tree", type=Path, default=ROOT, help="source tree that is measured")
    parser.add_argument("--before", type=Path, default=ROOT, help="tree of the fit after pandas")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=100)
    parser.add_argument("--folder-rows", type=int, default=2_000_000)
    parser.add_argument("--how", action="append", choices=("path", "cache"))
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--limit", type=float, default=400, help="MB allowed in the part beyond")
    parser.add_argument("--scratch", help="folder for the temporary folders")
    options = parser.parse_args()
    options.tree, options.before = options.tree.resolve(), options.before.resolve()
    options.how = options.how or ["path"]
    for name in options.part or PARTS:
        print(f"{name}, {options.tree}, {options.rounds} rounds, one thread", flush=True)
        PARTS[name](options)


if __name__ == "__main__":
    main()

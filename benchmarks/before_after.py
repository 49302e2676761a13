"""Compare the speed of two versions of the core: steps, epochs and first fits, in pairs.

    git worktree add ../before COMMIT
    python benchmarks/before_after.py ../before . --rounds 11

Each round starts a process of each version, in turn first and second, and has them do the same
work alternately. A ratio is after / before within a round; medians and ranges of these are
printed. All times are CPU seconds of one thread, so that other work on the machine disturbs
them less than wall-clock times.
"""

import argparse
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

WORKER = """
import sys, time, warnings
import numpy as np
import torch
torch.set_num_threads(1)
warnings.simplefilter("ignore")
from pytwolayer import two_layer
for line in sys.stdin:
    rows, columns, models, epochs, validation = map(int, line.split())
    draws = np.random.default_rng(1)
    x = draws.normal(size=(rows, columns))
    y = np.tanh(x.sum(axis=1)) + 0.2 * draws.normal(size=rows)
    options = {"validation": 0.25, "patience": 10**6} if validation else {}
    def seconds(epochs):
        start = time.process_time()
        two_layer(x, y, epochs=epochs, n_models=models, seed=1, verbose=False, **options)
        return time.process_time() - start
    print(seconds(epochs + 1), seconds(1), flush=True)
"""
IMPORT = "import pytwolayer"
FIRST_FIT = """
import numpy as np, pandas as pd, pytwolayer
draws = np.random.default_rng(1)
x = pd.DataFrame(draws.normal(size=(32, 10)), columns=list("abcdefghij"))
pytwolayer.two_layer(x, x["a"] + draws.normal(size=32), seed=1, epochs=10, verbose=False)
"""
# rows, columns, networks, epochs, whether there are held-out rows and patience
CASES = [
    (32, 10, 1, 1500, 0),
    (32, 10, 1, 800, 1),
    (150, 4, 1, 300, 0),
    (150, 4, 1, 300, 1),
    (2000, 50, 1, 25, 0),
    (2000, 50, 1, 25, 1),
    (10000, 20, 1, 5, 0),
    (32, 10, 50, 400, 0),
    (32, 10, 50, 250, 1),
    (150, 4, 50, 100, 0),
    (150, 4, 50, 100, 1),
    (2000, 50, 50, 6, 0),
]
REPEATS = 3  # within a round; the least of them counts


Workers = dict[Path, subprocess.Popen[str]]


def environment(tree: Path) -> dict[str, str]:
    """Make the variables of a process that imports this tree, on one thread."""
    return os.environ | {"PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}


def name_of(case: tuple[int, ...]) -> str:
    """Name a case."""
    rows, columns, models, _, validation = case
    return f"{rows}x{columns} K={models}{' validated' if validation else ''}, us"


def start(tree: Path) -> subprocess.Popen[str]:
    """Start a worker."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    # There, since Python imports from the folder that it starts in before all others.
    return subprocess.Popen(
        [sys.executable, "-c", WORKER], env=environment(tree), cwd=tree, **pipes
    )


def ask(
    case: tuple[int, ...], workers: dict[Path, subprocess.Popen[str]], tree: Path
) -> list[float]:
    """Return the seconds of a long and of a one-epoch fit by a tree's worker."""
    worker = workers[tree]
    print(*case, file=worker.stdin, flush=True)
    return [float(word) for word in worker.stdout.readline().split()]


def cpu_seconds(code: str, tree: Path) -> float:
    """Run code in a process of its own; return its user and system time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], env=environment(tree), cwd=tree, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def in_turn(trees: list[Path], turn: int, measure: Callable[[Path], Any]) -> list[Any]:
    """Measure both trees, before and after, in alternating order; return before, after."""
    found = {tree: measure(tree) for tree in (trees if turn % 2 == 0 else trees[::-1])}
    return [found[tree] for tree in trees]


def per_epoch(found: Sequence[list[float]], epochs: int) -> float:
    """Return the seconds of an epoch: the least of the long fits, less that of the short ones."""
    long, short = (min(column) for column in zip(*found, strict=True))
    return (long - short) / epochs


def report(name: str, pairs: list[list[float]], unit: float) -> None:
    """Print a line of medians and of the ratios within rounds."""
    before, after = (median(column) * unit for column in zip(*pairs, strict=True))
    ratios = sorted(after / before for before, after in pairs)
    least = min(a for _, a in pairs) / min(b for b, _ in pairs)
    print(
        f"{name:28} {before:10.1f} {after:10.1f}  ratio {median(ratios):.3f} "
        f"({ratios[0]:.3f} to {ratios[-1]:.3f}), of the least {least:.3f}",
        flush=True,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--only", default="", help="lines whose name begins with this")
    options = parser.parse_args()
    trees = [options.before.resolve(), options.after.resolve()]
    rounds = range(options.rounds)
    for name, code in (("import, ms", IMPORT), ("import and first fit, ms", FIRST_FIT)):
        if name.startswith(options.only):
            pairs = [in_turn(trees, turn, partial(cpu_seconds, code)) for turn in rounds]
            report(name, pairs, 1e3)
    found = {case: list[list[float]]() for case in CASES if name_of(case).startswith(options.only)}
    for turn in rounds if found else ():
        workers = {tree: start(tree) for tree in trees}
        for case, pairs in found.items():
            turns = range(turn, turn + REPEATS)
            each = [in_turn(trees, one, partial(ask, case, workers)) for one in turns]
            pairs.append([per_epoch(seconds, case[3]) for seconds in zip(*each, strict=True)])
        for worker in workers.values():
            worker.communicate()
    for case, pairs in found.items():
        report(name_of(case), pairs, 1e6)


if __name__ == "__main__":
    main()

"""What the search for encoding, weight decay and learning rate costs, on quality.py's data.

Three calls in turn, several rounds: with nothing set; with what that search chose; and with
3 / rows and "linear", which is what a call without a search uses. The ratio is that of the
processor's seconds within a round, with one thread; the median over the rounds counts.

Run by ``python benchmarks/search_cost.py``; ``--only iris wine``, ``--rounds 3``, ``--csv FILE``.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from _quality_data import CHOSEN, Task, tasks
from sklearn import datasets

from pytwolayer import two_layer

LARGE = 100_000
SEARCHED = ("encoding", "weight_decay", "learning_rate")


def large() -> Task:
    """Make 100,000 rows of Friedman's first function."""
    X, y = datasets.make_friedman1(LARGE, 10, noise=1.0, random_state=0)
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(1, 11)])
    return Task("friedman_large", CHOSEN, "y", frame.assign(y=y))


def seconds(task: Task, **settings: Any) -> tuple[float, Any]:
    """Fit, and say how many seconds of the processor that took."""
    start = time.process_time()
    fit = two_layer(task.frame, outcome=task.outcome, verbose=False, seed=1, **settings)
    return time.process_time() - start, fit


def measure(task: Task, rounds: int) -> dict[str, object]:
    """Time the three calls in turn."""
    _, fit = seconds(task)
    chosen = {name: getattr(fit.settings, name) for name in SEARCHED}
    plain = {"weight_decay": 3 / len(task.frame), "encoding": "linear"}
    taken = np.array([[seconds(task, **given)[0] for given in ({}, chosen, plain)]
                      for _ in range(rounds)])  # fmt: skip
    return {
        "set": task.name, "rows": len(task.frame), **chosen,
        "multiple": fit.settings.weight_decay * len(task.frame) / 3,
        "searched": fit.tuning is not None, "seconds": np.median(taken[:, 0]),
        "to chosen": np.median(taken[:, 0] / taken[:, 1]),
        "to plain": np.median(taken[:, 0] / taken[:, 2]),
    }  # fmt: skip


def main() -> None:
    """Measure every data set and print a summary."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these data sets alone")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write every set's ratios here")
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        todo = [*tasks(Path(folder)), large()]
    lines = []
    for task in todo:
        if not given.only or task.name in given.only:
            lines.append(measure(task, given.rounds))
            print(lines[-1], flush=True)
    table = pd.DataFrame(lines)
    for column in ("to chosen", "to plain"):
        most = table.loc[table[column].idxmax()]
        print(
            f"{column}: median {table[column].median():.2f}, most {most[column]:.2f}", most["set"]
        )
    if given.csv:
        table.to_csv(given.csv, index=False)


if __name__ == "__main__":
    main()

"""How well the defaults predict, beside other networks' and boosted trees', in one run.

Every route is cross-validated on the same folds with nothing set. A route's error is the root
mean squared error, or the log loss (probabilities clipped to 1e-6 and 1 - 1e-6) and the share
of wrong classes; it is pooled over the folds. A ratio is ours over the best network's, set by
set, or over the trees': below 1, ours is better. The defaults were chosen on some of the data
sets and confirmed on the others.

Run by ``make bench``. ``--cache FOLDER`` keeps every answer, so that a run can be broken off and
taken up again; ``--quick``, ``--only iris wine``, ``--peers pytwolayer nnet``, ``--kept``,
``--markdown FILE`` and ``--csv FILE`` change how.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from _quality_cache import Answer, Cache
from _quality_data import MANY, Task, tasks
from _quality_peers import ROUTES, answers
from _quality_tables import Result, page
from threadpoolctl import threadpool_limits

CLIP = 1e-6


def measure(task: Task, peers: list[str], cache: Cache) -> Result:
    """Cross-validate the routes on one data set."""
    folds = list(task.folds())
    truth = np.concatenate([task.codes()[test] for _, test in folds])
    result = Result(task)
    for peer in peers:
        answered = answers(task, peer, folds, cache)
        if answered:
            predicted = np.concatenate([answer[0] for answer in answered])
            result.add(peer, *errors(task, predicted, truth), seconds_of(answered))
            result.parts += parts(task, peer, folds, answered)
    if task.truth is not None:
        known = np.concatenate([task.truth[test] for _, test in folds])
        result.best = errors(task, known, truth)[0]
    return result


def seconds_of(answered: list[Answer]) -> float:
    """Give the mean seconds of a fit."""
    return float(np.mean([seconds for _, seconds in answered]))


def errors(task: Task, predicted: np.ndarray, truth: np.ndarray) -> tuple[float, float | None]:
    """Give the error, and of classes the share of wrong ones."""
    if not task.classes:
        return float(np.sqrt(np.mean((predicted - truth) ** 2))), None
    return log_loss(predicted, truth), float(np.mean(predicted.argmax(axis=1) != truth))


def log_loss(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Give the mean negative log probability of the true class."""
    clipped = np.clip(predicted, CLIP, 1 - CLIP)
    clipped = clipped / clipped.sum(axis=1, keepdims=True)
    return float(-np.log(clipped[np.arange(len(truth)), truth]).mean())


def parts(task: Task, peer: str, folds: list, answered: list[Answer]) -> list[dict[str, object]]:
    """Describe what a route reached, fold by fold."""
    rows, columns = len(task.frame), task.frame.shape[1] - 1
    kind = "class" if task.classes else "number"
    lines = []
    for number, (fold, answer) in enumerate(zip(folds, answered, strict=True), start=1):
        error, wrong = errors(task, answer[0], task.codes()[fold[1]])
        line = {"set": task.name, "role": task.role, "kind": kind, "rows": rows}
        line |= {"columns": columns, "classes": task.classes, "peer": peer, "fold": number}
        line |= {"tested": len(fold[1]), "error": error, "wrong": wrong, "seconds": answer[1]}
        lines.append(line)
    return lines


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--quick", action="store_true", help=f"data sets of at most {MANY:,} rows alone"
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these data sets alone")
    parser.add_argument("--peers", nargs="+", choices=ROUTES, default=ROUTES, help="these alone")
    parser.add_argument("--cache", type=Path, metavar="FOLDER", help="keep every answer here")
    parser.add_argument("--kept", action="store_true", help="fit nothing: show what is kept")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables here")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write every fold's errors here")
    return parser.parse_args()


def main() -> None:
    """Measure every data set and print the tables with their summary."""
    given = arguments()
    with tempfile.TemporaryDirectory() as folder:
        todo = [t for t in tasks(Path(folder)) if not given.only or t.name in given.only]
    if given.quick:
        todo = [task for task in todo if len(task.frame) <= MANY]
    cache, results = Cache(given.cache, given.kept), []
    for task in todo:
        with threadpool_limits(1):  # the seconds of every route are one thread's
            results.append(measure(task, given.peers, cache))
        print(results[-1].in_short(), flush=True)
    text = page(results)
    print(text)
    if given.markdown:
        given.markdown.write_text(text)
    if given.csv:
        pd.DataFrame([line for r in results for line in r.parts]).to_csv(given.csv, index=False)


if __name__ == "__main__":
    main()

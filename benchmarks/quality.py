"""How well the defaults predict, beside scikit-learn's network and R's nnet, in one run.

Every route is cross-validated on the same folds with nothing set: ours gets the raw data
frame, the peers the standardised one-hot matrix. A route's error is the root mean squared
error, or the log loss (probabilities clipped to 1e-6 and 1 - 1e-6) and the share of wrong
classes; it is pooled over the folds. The ratio is ours over the better peer's, set by set:
below 1, ours is better than both. The defaults were chosen on some of the data sets and
confirmed on the others.

Run by ``make bench``; ``--quick``, ``--only iris wine`` and ``--markdown FILE`` change how.
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from _quality_data import CHOSEN, CONFIRMED, Task, tasks
from _quality_peers import NNET, OURS, SKLEARN, answers
from threadpoolctl import threadpool_limits

ROUTES = [OURS, SKLEARN, NNET]
CLIP = 1e-6


@dataclass
class Result:
    """What the routes reached on one data set: errors and seconds by route."""

    task: Task
    error: dict[str, float]
    wrong: dict[str, float] | None
    seconds: dict[str, float]

    @property
    def ratio(self) -> float:
        """Give our error over that of the better peer."""
        return against_best(self.error)

    @property
    def wrong_ratio(self) -> float | None:
        """Give our share of wrong classes over that of the better peer."""
        rows = len(self.task.frame)
        # Half a row more on both sides: a peer that makes no mistake is no division by 0.
        return self.wrong and against_best({k: v + 0.5 / rows for k, v in self.wrong.items()})


def against_best(errors: dict[str, float]) -> float:
    """Divide our error by the smallest of the peers'."""
    return errors[OURS] / min(errors[SKLEARN], errors[NNET])


def measure(task: Task, quick: bool) -> Result:
    """Cross-validate every route on one data set."""
    folds = list(task.folds(quick))
    truth = np.concatenate([task.codes()[test] for _, test in folds])
    answered = answers(task, folds)
    predicted = {name: np.concatenate(answer[0]) for name, answer in answered.items()}
    seconds = {name: answer[1] for name, answer in answered.items()}
    if not task.classes:
        return Result(task, {k: rmse(v, truth) for k, v in predicted.items()}, None, seconds)
    loss = {name: log_loss(values, truth) for name, values in predicted.items()}
    wrong = {k: float(np.mean(v.argmax(axis=1) != truth)) for k, v in predicted.items()}
    return Result(task, loss, wrong, seconds)


def rmse(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Give the root mean squared error."""
    return float(np.sqrt(np.mean((predicted - truth) ** 2)))


def log_loss(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Give the mean negative log probability of the true class."""
    clipped = np.clip(predicted, CLIP, 1 - CLIP)
    clipped = clipped / clipped.sum(axis=1, keepdims=True)
    return float(-np.log(clipped[np.arange(len(truth)), truth]).mean())


def row(result: Result) -> str:
    """Write one data set's line of the table."""
    task, wrong = result.task, result.wrong
    kind = f"{task.classes} classes" if task.classes else "number"
    cells = [task.name, task.role, kind, f"{len(task.frame):,}", str(task.frame.shape[1] - 1)]
    cells += [f"{result.error[name]:.4g}" for name in ROUTES] + [f"{result.ratio:.2f}"]
    cells += [f"{100 * wrong[name]:.1f}" if wrong else "" for name in ROUTES]
    cells += [f"{result.wrong_ratio:.2f}" if wrong else ""]
    return line(cells + [f"{result.seconds[name]:.2f}" for name in ROUTES])


def line(cells: list[str]) -> str:
    """Write a line of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def head() -> list[str]:
    """Write the table's head."""
    cells = ["data", "role", "outcome", "rows", "columns"]
    cells += [f"{name}: error" for name in ROUTES] + ["ratio"]
    cells += [f"{name}: % wrong" for name in ROUTES] + ["ratio"]
    cells += [f"{name}: s a fit" for name in ROUTES]
    return [line(cells), line(["---"] * len(cells))]


def summary(results: list[Result]) -> list[str]:
    """Write the geometric mean and the worst of the ratios, each role by itself."""
    lines = []
    for role in (CHOSEN, CONFIRMED):
        here = [result for result in results if result.task.role == role]
        losses = {result.task.name: result.ratio for result in here}
        wrong = {r.task.name: r.wrong_ratio for r in here if r.wrong_ratio is not None}
        lines += [f"- {role}, error: {in_short(losses)}"] if losses else []
        lines += [f"- {role}, share of wrong classes: {in_short(wrong)}"] if wrong else []
    return lines


def in_short(ratios: dict[str, float]) -> str:
    """Write the geometric mean of some ratios and the worst of them."""
    mean = float(np.exp(np.mean(np.log(list(ratios.values())))))
    worst = max(ratios, key=ratios.__getitem__)
    above = sum(ratio > 1.1 for ratio in ratios.values())
    return (
        f"geometric mean of the ratio {mean:.3f} over {len(ratios)} data sets, "
        f"worst {ratios[worst]:.2f} ({worst}), above 1.10: {above}"
    )


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="5 folds, once, everywhere")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these data sets alone")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table here too")
    return parser.parse_args()


def main() -> None:
    """Measure every data set and print one table with its summary."""
    given = arguments()
    with tempfile.TemporaryDirectory() as folder:
        todo = [t for t in tasks(Path(folder)) if not given.only or t.name in given.only]
    results, lines = [], head()
    print(*lines, sep="\n", flush=True)
    for task in sorted(todo, key=lambda task: task.role):
        with threadpool_limits(1):  # the seconds of every route are one thread's
            results.append(measure(task, given.quick))
        lines.append(row(results[-1]))
        print(lines[-1], flush=True)
    lines += ["", *summary(results)]
    print(*lines[-len(summary(results)) - 1 :], sep="\n")
    if given.markdown:
        given.markdown.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

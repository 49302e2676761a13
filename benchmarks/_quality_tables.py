"""What quality.py writes: a summary, and a table for each role and kind of outcome."""

from dataclasses import dataclass, field

import numpy as np
from _quality_data import CHOSEN, CONFIRMED, Task
from _quality_peers import NETWORKS, OURS, REALMLP_LOG, ROUTES, TREES

AGAINST = {
    "the best network": NETWORKS,
    "the best network, RealMLP set for log loss too": [*NETWORKS, REALMLP_LOG],
    "HistGradientBoosting": [TREES],
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
        for kind, classes in (("classes", True), ("numbers", False)):
            here = [r for r in results if r.task.role == role and (r.task.classes > 0) == classes]
            if here:
                lines += ["", f"## {role.capitalize()}: {kind}", "", *table(here, classes)]
    return "\n".join(lines) + "\n"


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
    ratios = {r.task.name: r.ratio(peers) for r in results}
    ratios = {name: ratio for name, ratio in ratios.items() if ratio is not None}
    if not ratios or (REALMLP_LOG in peers and first[2] == "numbers"):
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


def table(results: list[Result], classes: bool) -> list[str]:
    """Write the errors, the ratios, the shares of wrong classes and the seconds of a fit."""
    routes = [name for name in ROUTES if any(name in r.error for r in results)]
    cells = ["data", *(["classes"] if classes else []), "rows", "columns", *routes, "truth"]
    cells += ["ratio to the best network", "ratio to HistGB"]
    cells += [f"% wrong: {name}" for name in routes] if classes else []
    cells += [f"s a fit: {name}" for name in routes]
    return [*head(cells), *(row(result, routes) for result in results)]


def row(result: Result, routes: list[str]) -> str:
    """Write one data set's line."""
    task = result.task
    cells = [task.name, *([str(task.classes)] if task.classes else [])]
    cells += [f"{len(task.frame):,}", str(task.frame.shape[1] - 1)]
    cells += [written(result.error.get(name), ".4g") for name in routes]
    cells += [written(result.best, ".4g")]
    cells += [written(result.ratio(peers), ".2f") for peers in (NETWORKS, [TREES])]
    if task.classes:
        shares = [result.wrong.get(name) for name in routes]
        cells += [written(None if share is None else 100 * share, ".1f") for share in shares]
    return line(cells + [written(result.seconds.get(name), ".2f") for name in routes])


def written(value: float | None, form: str) -> str:
    """Write a number, or nothing."""
    return "" if value is None else f"{value:{form}}"


def head(cells: list[str]) -> list[str]:
    """Write the head of a Markdown table."""
    return [line(cells), line(["---"] * len(cells))]


def line(cells: list[str]) -> str:
    """Write a line of a Markdown table."""
    return f"| {' | '.join(cells)} |"

"""The page of the measurements, written from their table."""

from pathlib import Path

import pandas as pd

DOCS = Path(__file__).parents[1] / "docs"
TABLE, PAGE = DOCS / "speed.csv", DOCS / "speed.md"
_BEGIN, _END = "<!-- measured: begin -->", "<!-- measured: end -->"
_TITLES = {
    "chapter": "The chapter's 500 steps",
    "equal work": "Equal work: the same network, Adam, batches and epochs",
    "equal loss": "Equal loss: BFGS against R's nnet",
    "memory": "Memory: the peak of a fit above what was there before",
    "many levels": "Many levels: a text column and three numbers",
    "step": "A step and its matrix products",
    "ensemble": "Several networks together",
    "threads": "Two threads against one: milliseconds of a step",
    "bridge": "Between R and Python",
    "starting": "Starting",
}


def write_page(table: pd.DataFrame) -> None:
    """Put the tables between the page's marks, each with the machine that it was measured on."""
    text = PAGE.read_text(encoding="utf-8")
    start, end = text.index(_BEGIN) + len(_BEGIN), text.index(_END)
    parts = []
    for group, title in _TITLES.items():
        own = table[table["group"] == group]
        if len(own):
            machines = "; ".join(own["machine"].unique())
            parts += [f"### {title}", f"Measured on: {machines}.", _markdown(own)]
    made = "\n\n".join([*parts, *_behind(table)])
    PAGE.write_text(f"{text[:start]}\n\n{made}\n\n{text[end:]}", encoding="utf-8")


def _behind(table: pd.DataFrame) -> list[str]:
    """List the rows where a peer needs less than this package."""
    peers = ~table["route"].str.startswith("ours")
    ahead = table[(table["baseline"] == "ours, Python") & peers & (table["ratio"] < 1)]
    if not len(ahead):
        return []
    lines = [
        f"- {row.group}, {row.case}: {row.route} needs {row.ratio:.2f} of what ours does "
        f"({row.ratio_low:.2f} to {row.ratio_high:.2f})"
        for row in ahead.itertuples()
    ]
    return ["### Where a peer is ahead", "\n".join(lines)]


def _markdown(table: pd.DataFrame) -> str:
    lines = ["| case | route | threads | median (range) | ratio (range) |", "|---|---|---|---|---|"]
    for row in table.itertuples():
        own = f"{_number(row.median)} {row.unit} ({_number(row.low)} to {_number(row.high)})"
        ratio = f"{row.ratio:.2f} ({row.ratio_low:.2f} to {row.ratio_high:.2f})"
        ratio = "1" if row.route == row.baseline else ratio
        lines.append(f"| {row.case} | {row.route} | {row.threads} | {own} | {ratio} |")
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"

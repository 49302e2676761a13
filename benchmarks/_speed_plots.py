"""The plots of the measurements."""

from pathlib import Path
from typing import Any

import matplotlib
import pandas as pd

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

DOCS = Path(__file__).parents[1] / "docs"
_OURS, _GREY, _PEERS = "#1f6f8b", "#8a8a8a", "#e08a2e"


def write_plots(table: pd.DataFrame) -> None:
    """Draw what there are measurements for."""
    table = table[table["threads"] == table["threads"].min()]
    if (table["group"] == "equal work").any():
        _equal_work(table[table["group"] == "equal work"])
    if (table["group"] == "scaling").any():
        _scaling(table[table["group"] == "scaling"])


def _equal_work(table: pd.DataFrame) -> None:
    """Draw a bar from 1 to each ratio; the line through it is the range of the rounds."""
    cases = list(dict.fromkeys(table["case"]))
    figure, axes = plt.subplots(figsize=(8, 0.27 * len(table) + 1.2))
    place, ticks, labels = 0.0, [], []
    for case in cases:
        own = table[(table["case"] == case) & (table["route"] != "ours, Python")]
        across = axes.get_yaxis_transform()
        axes.text(0.985, place, case, ha="right", weight="bold", transform=across)
        for row in own.sort_values("ratio", ascending=False, kind="stable").itertuples():
            place -= 1
            _bar(axes, place, row)
            ticks.append(place)
            labels.append(row.route)
        place -= 1.3
    axes.set_yticks(ticks, labels, fontsize=8)
    axes.tick_params(axis="y", length=0)
    axes.set_xscale("log")
    axes.set_xlim(min(0.8, table["ratio_low"].min() / 1.1), table["ratio_high"].max() * 1.6)
    axes.set_ylim(place + 0.8, 1)
    axes.xaxis.set_major_locator(FixedLocator([0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.axvline(1, color="0.2", linewidth=1)
    axes.set_xlabel("times the seconds of ours from Python (1: as quick; log scale)")
    axes.set_title("Equal work: right of the line is slower than ours", loc="left")
    axes.spines[["top", "right", "left"]].set_visible(False)
    figure.savefig(DOCS / "speed-equal-work.png", dpi=130, bbox_inches="tight")
    plt.close(figure)


def _bar(axes: Axes, place: float, row: Any) -> None:
    colour = _OURS if row.route.startswith("ours") else _PEERS
    axes.barh(place, row.ratio - 1, left=1, color=colour, height=0.78)
    axes.plot([row.ratio_low, row.ratio_high], [place, place], color="0.25", linewidth=1)
    end = max(1, row.ratio_high) * 1.04
    text = f"{row.ratio:.1f}" if row.ratio >= 2 else f"{row.ratio:.2f}"
    axes.text(end, place, text, va="center", fontsize=8)


def _scaling(table: pd.DataFrame) -> None:
    split = table["case"].str.rsplit(" ", n=1, expand=True)
    table = table.assign(what=split[0], size=split[1].astype(float))
    series = list(dict.fromkeys(table["what"]))
    figure, panels = plt.subplots(1, len(series), figsize=(3.4 * len(series), 3.4), sharey=True)
    for panel, what in zip(panels, series, strict=True):
        own = table[table["what"] == what]
        ours, floor = own[own["route"] == "ours"], own[own["route"] != "ours"]
        panel.fill_between(floor["size"], floor["median"], 0.1, color=_GREY, alpha=0.15)
        panel.plot(floor["size"], floor["median"], color=_GREY, marker="o", markersize=3)
        panel.plot(ours["size"], ours["median"], color=_OURS, marker="o", markersize=4)
        panel.set(xscale="log", yscale="log", xlabel=what, ylim=(3, None))
        panel.grid(visible=True, alpha=0.25)
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("microseconds a step")
    end = table[table["what"] == series[0]].sort_values("size")
    for route, text, colour in (("ours", "ours", _OURS), (None, "products alone", _GREY)):
        rows = end[(end["route"] == "ours") == (route == "ours")]
        panels[0].annotate(
            text,
            (rows["size"].iloc[1], rows["median"].iloc[1]),
            color=colour,
            fontsize=9,
            xytext=(0, 9 if route else -14),
            textcoords="offset points",
        )
    figure.suptitle("A training step and the floor of its matrix products", x=0.01, ha="left")
    figure.tight_layout()
    figure.savefig(DOCS / "speed-scaling.png", dpi=130)
    plt.close(figure)

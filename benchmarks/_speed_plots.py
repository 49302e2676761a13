"""The plots of the measurements."""

from pathlib import Path

import matplotlib
import pandas as pd

matplotlib.use("Agg")
import matplotlib.pyplot as plt

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
    cases = list(dict.fromkeys(table["case"]))
    routes = [route for route in dict.fromkeys(table["route"]) if route != "ours, Python"]
    figure, axes = plt.subplots(figsize=(8, 0.42 * len(cases) * len(routes) + 1.2))
    place, ticks, labels = 0.0, [], []
    for case in cases:
        for route in routes:
            own = table[(table["case"] == case) & (table["route"] == route)]
            if not len(own):
                continue
            ratio = own["ratio"].iloc[0]
            colour = _OURS if route.startswith("ours") else _PEERS
            axes.barh(place, ratio - 1, left=1, color=colour, height=0.8)
            low, high = own["ratio_low"].iloc[0], own["ratio_high"].iloc[0]
            axes.plot([low, high], [place, place], color="0.25", linewidth=1)
            axes.text(max(ratio, high) * 1.04, place, f"{ratio:.1f}", va="center", fontsize=8)
            ticks.append(place)
            labels.append(route)
            place -= 1
        axes.text(
            0.985,
            place + len(routes) + 0.15,
            f"{case} ",
            ha="right",
            fontsize=9,
            weight="bold",
            transform=axes.get_yaxis_transform(),
        )
        place -= 0.9
    axes.set_yticks(ticks, labels, fontsize=8)
    axes.set_xscale("log")
    axes.axvline(1, color="0.2", linewidth=1)
    axes.set_xlabel("times the seconds of ours from Python (log scale; 1: as quick)")
    axes.set_title("Equal work", loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(DOCS / "speed-equal-work.png", dpi=130, bbox_inches="tight")
    plt.close(figure)


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

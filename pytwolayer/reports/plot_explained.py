"""Plots of effects, importance and profiles; they are readable in black and white."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pytwolayer.checks import describe, one_of
from pytwolayer.errors import ArgumentError
from pytwolayer.reports.plot import new_figure, plot_path, save_figure, short_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DARK, _MIDDLE, _LIGHT = "#1a1a1a", "#6f6f6f", "#b8b8b8"
_MOST_CURVES = 200  # of single rows in a panel
_MOST_NAMES = 12  # of points against their spread
_MOST_LIFTS, _LINE = 4, 0.06  # lines that names are lifted; their height in shares of the axes
_MOST_LETTERS, _MOST_TURNED = 40, 12  # of levels' names side by side; of levels with slanting names
_WIDEST, _HIGHEST = 60, 45  # letters in a line along an axis
_EDGES = {"top": False, "right": False}


def plot_effects(
    effects: pd.DataFrame,
    file: str | Path | None = None,
    *,
    what: str = "effects",
    per: str | None = None,
) -> "Figure":
    """Plot average effects, or their average against their spread.

    Parameters
    ----------
    effects : pandas.DataFrame
        What ``fit.effects()`` gave.
    file : str or Path, optional
        Also write the plot to this file; its ending names the format (.png, .svg, .pdf).
    what : str
        "effects": the average effects, of several networks with their intervals. "spread": the
        average against the standard deviation over the rows, which tells inputs apart: far to the
        side and low the effect is linear, high it is not, and near 0 there is none.
    per : str, optional
        "unit" of each input, the default of the effects; or "sd", a standard deviation of it in
        the rows, which makes inputs comparable, the default of the spread. Contrasts stay as they
        are.

    Returns
    -------
    matplotlib.figure.Figure
        A panel for each outcome.

    Raises
    ------
    PytwolayerError
        If matplotlib is not installed.
    """
    _refuse_other_tables("effects", effects, ("input", "contrast", "estimate", "spread"))
    what = one_of("what", what, ["effects", "spread"])
    per = one_of("per", per or ("unit" if what == "effects" else "sd"), ["unit", "sd"])
    table = _per_width(effects) if per == "sd" else effects.copy()
    table["label"] = _labels(table)
    outcomes, unit = (
        list(table["outcome"].unique()),
        "standard deviation" if per == "sd" else "unit",
    )
    names = list(table["label"].unique()) if what == "effects" else None
    figure, panels = _panels(outcomes, file, names)
    for axes, (_, own) in zip(panels, table.groupby("outcome", sort=False), strict=True):
        if what == "effects":
            _draw_rows(axes, own)
        else:
            _draw_spread(axes, own)
    label = f"Average effect on {{}}, per {unit} of the input"
    vertical = "Spread over the rows (SD)" if what == "spread" else ""
    return _finished(figure, panels, outcomes, (label, vertical), file)


def plot_importance(importance: pd.DataFrame, file: str | Path | None = None) -> "Figure":
    """Plot permutation importance: the mean of the repeats, and each of them.

    Parameters
    ----------
    importance : pandas.DataFrame
        What ``fit.importance()`` gave.
    file : str or Path, optional

    Returns
    -------
    matplotlib.figure.Figure
        A panel for each outcome.
    """
    _refuse_other_tables("importance", importance, ("input", "estimate", "lowest", "highest"))
    facts = importance.attrs
    table = importance.assign(label=importance["input"], repeats=facts.get("each"))
    outcomes, names = list(table["outcome"].unique()), table["input"]
    largest = table.groupby("input", sort=False)["estimate"].max()
    order = [*largest.sort_values(ascending=False, kind="stable").index]
    figure, panels = _panels(outcomes, file, list(names.unique()))
    for axes, (_, own) in zip(panels, table.groupby("outcome", sort=False), strict=True):
        own = own.set_index("input", drop=False).loc[order]
        for place, (_, row) in enumerate(own.iterrows()):
            axes.plot([row["lowest"], row["highest"]], [place, place], color=_LIGHT, linewidth=3)
            each = row["repeats"]
            if isinstance(each, list):
                axes.plot(each, [place] * len(each), "|", color=_MIDDLE, markersize=8)
        axes.plot(own["estimate"], range(len(own)), "o", color=_DARK, markersize=6)
        _name_rows(axes, list(own["label"]))
    return _finished(figure, panels, outcomes, (_worse(facts.get("measure"), outcomes), ""), file)


def plot_feature_effects(profile: pd.DataFrame, file: str | Path | None = None) -> "Figure":
    """Plot predictions along an input: ALE, PDP or ICE.

    Parameters
    ----------
    profile : pandas.DataFrame
        What ``fit.feature_effects()`` gave.
    file : str or Path, optional

    Returns
    -------
    matplotlib.figure.Figure
        A panel for each outcome. Marks at the lower edge are the rows' values.
    """
    _refuse_other_tables("profile", profile, ("input", "value", "outcome", "estimate"))
    kind, name = profile.attrs.get("kind", "pdp"), str(profile["input"].iloc[0])
    outcomes = list(profile["outcome"].unique())
    figure, panels = _panels(outcomes, file)
    for axes, (_, own) in zip(panels, profile.groupby("outcome", sort=False), strict=True):
        if not pd.api.types.is_numeric_dtype(own["value"]):
            _draw_levels(axes, own)
        else:
            _draw_curves(axes, own)
            marks = profile.attrs.get("marks", [])
            axes.plot(marks, [0.015] * len(marks), "|", **_at_edge(axes))
        if kind == "ale":
            axes.axhline(0, color=_LIGHT, linewidth=0.8, zorder=0)
        axes.spines[[*_EDGES]].set_visible(False)
    return _finished(figure, panels, outcomes, (name, f"{_KINDS[kind]} {{}}"), file)


_KINDS = {"ale": "Accumulated local effect on", "pdp": "Mean prediction of", "ice": "Prediction of"}


def _at_edge(axes: "Axes") -> dict[str, Any]:
    return {
        "color": _MIDDLE, "markersize": 7, "markeredgewidth": 0.6,
        "transform": axes.get_xaxis_transform(), "clip_on": False,
    }  # fmt: skip


def _draw_curves(axes: "Axes", own: pd.DataFrame) -> None:
    if "row" in own:
        rows = own["row"].unique()
        chosen = rows[np.linspace(0, len(rows) - 1, min(len(rows), _MOST_CURVES)).astype(int)]
        for _, curve in own[own["row"].isin(chosen)].groupby("row"):
            axes.plot(curve["value"], curve["estimate"], color=_MIDDLE, linewidth=0.6, alpha=0.4)
        mean = own.groupby("value")["estimate"].mean()
        axes.plot(mean.index, mean, color=_DARK, linewidth=2.2)
        return
    if "lower" in own:
        axes.fill_between(own["value"], own["lower"], own["upper"], color=_LIGHT, alpha=0.6)
    axes.plot(own["value"], own["estimate"], color=_DARK, linewidth=1.8, marker="o", markersize=3)


def _draw_levels(axes: "Axes", own: pd.DataFrame) -> None:
    levels = list(own["value"].unique())
    places = own["value"].map({level: place for place, level in enumerate(levels)})
    if "row" in own:
        axes.plot(places, own["estimate"], "_", color=_MIDDLE, markersize=14, alpha=0.3)
        means = own.groupby("value", sort=False)["estimate"].mean()
        axes.plot(range(len(levels)), means, "o", color=_DARK, markersize=7)
    else:
        if "lower" in own:
            axes.vlines(places, own["lower"], own["upper"], color=_MIDDLE, linewidth=2)
        axes.plot(places, own["estimate"], "o", color=_DARK, markersize=7)
    crowded = sum(len(str(level)) for level in levels) > _MOST_LETTERS
    turned: dict[str, Any] = {"rotation": 90 if len(levels) > _MOST_TURNED else 30, "ha": "right"}
    turned = turned if crowded else {}
    if turned.get("rotation") == 90:
        turned["ha"] = "center"
    axes.set_xticks(range(len(levels)), short_names(levels), **turned)
    axes.set_xlim(-0.5, len(levels) - 0.5)


def _draw_rows(axes: "Axes", own: pd.DataFrame) -> None:
    places = range(len(own))
    if "lower" in own:
        axes.hlines(places, own["lower"], own["upper"], color=_DARK, linewidth=1.6)
    axes.plot(own["estimate"], places, "o", color=_DARK, markersize=6)
    _name_rows(axes, list(own["label"]))


def _draw_spread(axes: "Axes", own: pd.DataFrame) -> None:
    from matplotlib.transforms import offset_copy

    if "lower" in own:
        axes.hlines(own["spread"], own["lower"], own["upper"], color=_LIGHT, linewidth=1.2)
    contrasts = ~own["contrast"].isin(["derivative", "difference"])
    for rows, marker, name in ((~contrasts, "o", "numbers"), (contrasts, "s", "contrasts")):
        if rows.any():
            filled = _DARK if marker == "o" else "white"
            axes.plot(own["estimate"][rows], own["spread"][rows], marker, color=_DARK,
                      markerfacecolor=filled, markersize=6, label=name)  # fmt: skip
    figure = axes.get_figure(root=True)
    middle, names = (
        (own["estimate"].min() + own["estimate"].max()) / 2,
        short_names([*own["label"]]),
    )
    letter = 0.016 if figure is not None and len(figure.axes) == 1 else 0.03
    lifts = _label_lifts(own, names, letter)
    for row, name, lift in zip(own.to_dict("records"), names, lifts, strict=True):
        if lift is None:
            continue
        right = row["estimate"] > middle
        across = -6 if right else 6
        shift = offset_copy(axes.transData, figure, across, 4 + 10 * lift, "points")
        side = "right" if right else "left"
        axes.text(row["estimate"], row["spread"], name, transform=shift, fontsize=9, ha=side)
    axes.axvline(0, color=_LIGHT, linewidth=0.8, zorder=0)
    axes.axhline(0, color=_LIGHT, linewidth=0.8, zorder=0)
    axes.margins(x=0.18, y=0.12)
    axes.spines[[*_EDGES]].set_visible(False)
    if contrasts.any() and not contrasts.all():
        axes.legend(frameon=False)


def _label_lifts(own: pd.DataFrame, names: Sequence[str], letter: float) -> list[int | None]:
    """Return how many lines each label is lifted; None of one that has no room.

    Those of points that are far from 0 come first. ``letter`` is the width of one, in shares of
    the axes.
    """
    x, y = (own[name].to_numpy(dtype=np.float64) for name in ("estimate", "spread"))
    x, y = (v / (float(np.ptp(v)) or max(float(np.abs(v).max()), 1e-300)) for v in (x, y))
    far = np.hypot(x / max(np.abs(x).max(), 1e-300), y / max(np.abs(y).max(), 1e-300))
    lifts: list[int | None] = [None] * len(own)
    taken: list[tuple[float, float, float]] = []
    for place in np.argsort(-far, kind="stable")[:_MOST_NAMES]:
        width = letter * len(names[place]) * (-1 if x[place] > (x.min() + x.max()) / 2 else 1)
        start, end = sorted((x[place], x[place] + width))
        for lift in range(_MOST_LIFTS):
            height = y[place] + _LINE * lift
            if not any(
                start <= right and left <= end and abs(height - other) < 0.99 * _LINE
                for left, right, other in taken
            ):
                lifts[place] = lift
                taken.append((start, end, height))
                break
    return lifts


def _name_rows(axes: "Axes", labels: Sequence[str]) -> None:
    axes.axvline(0, color=_MIDDLE, linewidth=0.8, linestyle=":", zorder=0)
    axes.set_yticks(range(len(labels)), short_names(labels))
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.grid(visible=True, axis="y", alpha=0.25)
    axes.spines[[*_EDGES, "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _worse(measure: str | None, outcomes: Sequence[Any]) -> str:
    words = {"loss": "loss", "r_squared": "R squared", "rmse": "RMSE", "mae": "MAE",
             "accuracy": "accuracy", "brier": "Brier score"}  # fmt: skip
    word = words.get(measure or "", "measure")
    change = "Decrease" if measure in ("r_squared", "accuracy") else "Increase"
    of = " for {}" if len(outcomes) == 1 and outcomes[0] != "(together)" else ""
    return f"{change} of the {word}{of} when the input is permuted"


def _labels(table: pd.DataFrame) -> pd.Series:
    own = table["contrast"].isin(["derivative", "difference"])
    names = table["input"].where(own, table["input"] + ": " + table["contrast"])
    return names + " (" + table["at"] + ")" if "at" in table else names


def _per_width(effects: pd.DataFrame) -> pd.DataFrame:
    """Turn effects per unit into effects per standard deviation of the input."""
    widths = effects.attrs.get("widths", {})
    numbers = effects["contrast"].isin(["derivative", "difference"])
    factor = effects["input"].map(widths).fillna(1.0).where(numbers, 1.0)
    table = effects.copy()
    for name in ("estimate", "spread", "lower", "upper"):
        if name in table:
            table[name] = table[name] * factor
    return table


def _panels(
    outcomes: Sequence[Any], file: str | Path | None, names: Sequence[str] | None = None
) -> "tuple[Figure, list[Axes]]":
    """Make a panel for each outcome; ``names`` are those of rows, which stand at the left once."""
    if file is not None:
        plot_path("file", file)
    figure, number = new_figure(), len(outcomes)
    wide = min(number, 3)
    deep = -(-number // wide)
    rows = 10 if names is None else len(names)
    longest = max(map(len, short_names(names or [""])))
    height = min(9.0, max(2.2, 0.35 * rows + 1.0))
    each = 4.2 if names is None else 3.0
    width = 6.2 if wide == 1 and names is None else (4.7 if wide == 1 else each * wide)
    figure.set_size_inches(width + 0.075 * longest * (names is not None), height * deep)
    shared = names is not None
    grid = figure.subplots(deep, wide, squeeze=False, sharey=shared).ravel()
    for axes in grid[number:]:
        axes.set_axis_off()
    return figure, list(grid[:number])


def _finished(
    figure: "Figure",
    panels: "Sequence[Axes]",
    outcomes: Sequence[Any],
    labels: tuple[str, str],
    file: str | Path | None,
) -> "Figure":
    """Label the axes, of several panels once, with "{}" in the place of the outcome."""
    only = str(outcomes[0]) if len(panels) == 1 else "the outcome"
    pairs = zip(labels, (_WIDEST, _HIGHEST), strict=True)
    texts = [fill(text.replace("{}", only), width) for text, width in pairs]
    if len(panels) == 1:
        panels[0].set_xlabel(texts[0])
        panels[0].set_ylabel(texts[1])
    else:
        for axes, outcome in zip(panels, outcomes, strict=True):
            axes.set_title(fill(str(outcome), 34), fontsize=10)
        figure.supxlabel(texts[0], fontsize=10)
        figure.supylabel(texts[1], fontsize=10)
    if file is not None:
        save_figure(figure, plot_path("file", file))
    return figure


def _refuse_other_tables(argument: str, table: Any, columns: Sequence[str]) -> None:
    given = list(table) if isinstance(table, pd.DataFrame) else []
    if not set(columns) <= set(given) or not len(table):
        received = f"one with the columns {given}" if given else describe(table)
        expected = f"a table with the columns {', '.join(columns)}"
        raise ArgumentError(argument, expected, received)

"""Plotting the losses of the candidates of a search against their weight decay."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pytwolayer.reports.loss_names import name_loss
from pytwolayer.reports.plot import new_axes, number_ticks, open_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = {"linear": "#1f6f8b", "piecewise": "#e08a2e"}  # they also differ in grey
_LINES = ("-", "--", "-.", ":")  # by learning rate
_RING: dict[str, Any] = {
    "linestyle": "",
    "marker": "o",
    "markersize": 5.5,
    "markerfacecolor": "none",
    "alpha": 0.6,
}
_MOST_TICKS = 8
_WIDE = 10  # the largest loss, as a multiple of the smallest, that a linear axis shows well


def plot_tuning(
    tuning: pd.DataFrame,
    file: str | Path | None = None,
    *,
    chosen: tuple[str, float, float] | None = None,
    usual: float | None = None,
    loss: str = "loss",
) -> "Axes":
    """Plot held-out losses against the weight decay: lines through means, folds as points.

    There is a line for each encoding, and each learning rate where there are several.

    The axis of the weight decay is logarithmic; 0 has a place of its own at its left. Losses that
    are not finite are marked at the upper edge. The axis of the loss is logarithmic where the
    losses are above 0 and far apart.

    Parameters
    ----------
    tuning : pandas.DataFrame
        ``encoding``, ``learning_rate``, ``weight_decay``, ``fold`` and ``valid_loss``, as
        ``tuning`` of a fit.
    file : str or Path, optional
        Also write the plot to this file; its ending names the format (.png, .svg, .pdf).
    chosen : tuple, optional
        Encoding, learning rate and weight decay of the candidate to mark.
    usual : float, optional
        Weight decay to mark if it is a candidate: what is taken where nothing is searched.
    loss : str
        The loss by name.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    PytwolayerError
        If matplotlib is not installed.
    """
    with new_axes(file) as axes:
        # One place for what differs by rounding alone.
        rounded = np.array([float(f"{decay:.9g}") for decay in tuning["weight_decay"]])
        decays, places = np.unique(rounded, return_inverse=True)
        table = tuning.assign(place=_places(decays)[places])
        _scale_losses(axes, table["valid_loss"].to_numpy(dtype=np.float64))
        rates = list(dict.fromkeys(table["learning_rate"]))
        for (encoding, rate), own in table.groupby(["encoding", "learning_rate"], sort=False):
            with_rate = f", rate {rate:.3g}" if len(rates) > 1 else ""
            style = _LINES[rates.index(rate) % len(_LINES)]
            _draw(axes, own, str(encoding), style, f"{encoding}{with_rate}")
        _name_folds(axes, table)
        _mark_diverged(axes, table)
        if chosen is not None:
            _mark_chosen(axes, table, chosen)
        if usual is not None and np.isclose(decays, usual, rtol=1e-6, atol=0).any():
            label = f"without a search: {_number(usual)}"
            axes.axvline(usual, linewidth=1.2, linestyle=":", color="0.35", zorder=1, label=label)
        _dress(axes, table, loss)
    return axes


def _places(decays: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where each weight decay is on the axis: 0, which has no logarithm, at the left."""
    above = decays[decays > 0]
    if not len(above):
        return np.ones_like(decays)
    step = above[1] / above[0] if len(above) > 1 else 10.0
    return np.where(decays > 0, decays, above[0] / step)


def _scale_losses(axes: "Axes", losses: NDArray[np.float64]) -> None:
    finite = losses[np.isfinite(losses)]
    if len(finite) and finite.min() > 0 and finite.max() > _WIDE * finite.min():
        axes.set_yscale("log")
        number_ticks(axes, finite.min(), finite.max())


def _draw(axes: "Axes", losses: pd.DataFrame, encoding: str, style: str, label: str) -> None:
    """Draw folds as rings, and a line through the means of the candidates."""
    colour, fine = _colour(encoding), losses[np.isfinite(losses["valid_loss"])]
    if losses["fold"].nunique() > 1:
        axes.plot(fine["place"], fine["valid_loss"], color=colour, **_RING)
    means = losses.groupby("place")["valid_loss"].mean()
    means = means.where(np.isfinite(means))
    axes.plot(
        means.index, means, marker="o", markersize=3.5, linestyle=style, color=colour, label=label
    )


def _colour(encoding: str) -> str:
    return _COLOURS.get(encoding, "0.3")


def _name_folds(axes: "Axes", table: pd.DataFrame) -> None:
    if table["fold"].nunique() > 1:
        axes.plot([], [], color="0.35", label="single folds", **_RING)


def _mark_diverged(axes: "Axes", table: pd.DataFrame) -> None:
    """Mark losses that are not finite at the upper edge."""
    lost = table[~np.isfinite(table["valid_loss"])].groupby("encoding", sort=False)
    for number, (encoding, own) in enumerate(lost):
        axes.plot(
            own["place"],
            [0.98 - 0.06 * number] * len(own),
            "^",
            color=_colour(str(encoding)),
            label=f"diverged: {encoding}",
            markersize=7,
            transform=axes.get_xaxis_transform(),
        )


def _mark_chosen(axes: "Axes", table: pd.DataFrame, chosen: tuple[str, float, float]) -> None:
    encoding, _, decay = chosen
    own = table[(table[["encoding", "learning_rate", "weight_decay"]] == list(chosen)).all(axis=1)]
    mean = own["valid_loss"].mean()
    if np.isfinite(mean):
        (point,) = axes.plot(own["place"].iloc[:1], [mean], "o", color=_colour(encoding))
        point.set(markersize=10, markeredgecolor="black", markeredgewidth=1.3, zorder=5)
        point.set_label(f"chosen: {encoding}, {_number(decay)}")


def _number(decay: float) -> str:
    """Write a weight decay at two significant digits, a small one with its power of ten."""
    digits, _, power = f"{decay:.1e}".partition("e")
    if decay == 0 or float(f"{decay:.1e}") >= 1e-4:
        return f"{decay:.2g}"
    return rf"${float(digits):g}\times10^{{{int(power)}}}$"


def _dress(axes: "Axes", table: pd.DataFrame, loss: str) -> None:
    from matplotlib.ticker import NullLocator

    candidates = table.drop_duplicates("place").sort_values("place")
    shown = candidates.iloc[:: -(-len(candidates) // _MOST_TICKS)]
    axes.set_xscale("log")
    axes.set_xticks(shown["place"], [_number(decay) for decay in shown["weight_decay"]])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("Weight decay")
    axes.set_ylabel(name_loss(loss))
    axes.set_title("Held-out loss of the candidates", loc="left")
    open_frame(axes)
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=3)

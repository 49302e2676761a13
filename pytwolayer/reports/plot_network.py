"""Drawing a network: its units and weights, or of a large one a map of the weights."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pytwolayer.reports.plot import new_figure, plot_path, save_figure, short_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_UNITS = 20  # in a layer, of a network that is drawn unit by unit
_DARK, _LIGHT = "#1a1a1a", "#8a8a8a"
_MOST_NAMES = 60
_THICKEST = 4.0
# Thinner lines are not seen, and dashes in proportion to a width of 1e-20 would take for ever.
_THINNEST = 0.01


def draw_network(
    first: NDArray[np.float64],
    last: NDArray[np.float64],
    inputs: Sequence[str],
    outputs: Sequence[str],
    file: str | Path | None,
) -> "Figure":
    """Draw a network of these weights, shapes ``(hidden, inputs)`` and ``(outputs, hidden)``."""
    path = None if file is None else plot_path("file", file)
    figure = new_figure()
    inputs, outputs = short_names(inputs), short_names(outputs)
    if max(*first.shape, len(last)) <= MOST_UNITS:
        figure.set_size_inches(
            sum(_room(inputs, outputs)) + 4.0, 0.32 * max(*first.shape, len(last), 6) + 1.6
        )
        _draw_units(figure.subplots(), first, last, inputs, outputs)
    else:
        figure.set_size_inches(7.5, 4.2 + 0.06 * max(map(len, [*inputs, *outputs])))
        _draw_map(figure, first, last, inputs, outputs)
    if path is not None:
        save_figure(figure, path)
    return figure


def _draw_units(
    axes: "Axes",
    first: NDArray[np.float64],
    last: NDArray[np.float64],
    inputs: Sequence[str],
    outputs: Sequence[str],
) -> None:
    from matplotlib.lines import Line2D

    columns = [_heights(len(inputs)), _heights(len(first)), _heights(len(last))]
    for layer, weights in enumerate((first, last)):
        largest = np.abs(weights).max() or 1.0
        for to, row in enumerate(weights):
            for start, weight in enumerate(row):
                width = _THICKEST * abs(weight) / largest
                if width < _THINNEST:
                    continue
                axes.plot(
                    [layer, layer + 1],
                    [columns[layer][start], columns[layer + 1][to]],
                    color=_DARK if weight > 0 else _LIGHT,
                    linestyle="-" if weight > 0 else (0, (3, 1.5)),
                    linewidth=width,
                    zorder=1,
                )
    for layer, heights in enumerate(columns):
        axes.plot([layer] * len(heights), heights, "o", color=_DARK, markerfacecolor="white",
                  markersize=10, zorder=2)  # fmt: skip
    for name, height in zip(inputs, columns[0], strict=True):
        axes.text(-0.06, height, name, ha="right", va="center")
    for name, height in zip(outputs, columns[2], strict=True):
        axes.text(2.06, height, name, ha="left", va="center")
    axes.set_axis_off()
    axes.margins(y=0.12)
    left, right = _room(inputs, outputs)
    axes.set_xlim(-left / 2, 2 + right / 2)  # two inches for each unit
    handles = [
        Line2D([], [], color=_DARK, linewidth=2, label="positive"),
        Line2D([], [], color=_LIGHT, linewidth=2, linestyle=(0, (3, 1.5)), label="negative"),
    ]
    figure = axes.get_figure(root=True)
    assert figure is not None
    title = "Weights, their size as the width"
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False, title=title)


def _room(inputs: Sequence[str], outputs: Sequence[str]) -> tuple[float, float]:
    """Return the inches that names at both sides take."""
    longest = [max(map(len, names)) for names in (inputs, outputs)]
    return 0.09 * longest[0] + 0.3, 0.09 * longest[1] + 0.3


def _heights(number: int) -> NDArray[np.float64]:
    heights: NDArray[np.float64] = (number - 1) / 2 - np.arange(number, dtype=np.float64)
    return heights


def _draw_map(
    figure: "Figure",
    first: NDArray[np.float64],
    last: NDArray[np.float64],
    inputs: Sequence[str],
    outputs: Sequence[str],
) -> None:
    """Draw weights as shades, those of the most influential hidden unit on top."""
    order = np.argsort(-np.abs(last).max(axis=0), kind="stable")
    shares = [max(3, min(first.shape[1], 30)), max(5, min(len(last), 10))]
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=shares)
    for axes, weights, names, title in (
        (left, first[order], inputs, "to hidden units"),
        (right, last[:, order].T, outputs, "to outputs"),
    ):
        largest = np.abs(weights).max() or 1.0
        image = axes.imshow(
            weights, cmap="Greys", vmin=-largest, vmax=largest, aspect="auto", interpolation="none"
        )
        axes.set_title(title, fontsize=10)
        if len(names) <= _MOST_NAMES:
            axes.set_xticks(range(len(names)), names, rotation=90, fontsize=8)
        if axes is left:
            figure.colorbar(image, ax=axes, shrink=0.8)
    left.set_ylabel("Hidden unit, by its weights to outputs")
    left.set_yticks([])
    left.set_xlabel("Input")

"""A figure of several panels, with a title that says what is seen; readable in black and white."""

from contextlib import contextmanager
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

from pytwolayer.reports.plot import new_figure, plot_path, save_figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DARK, MIDDLE, LIGHT = "#1a1a1a", "#6f6f6f", "#b8b8b8"
_WIDE = 3  # panels side by side
_LETTERS = 11  # in an inch of a title


@contextmanager
def panels_of(
    shown: Any, file: str | Path | None, size: tuple[float, float]
) -> "Iterator[tuple[Figure, list[tuple[Axes, Any]]]]":
    """Yield a figure, and axes with each panel; then label them and write the figure to ``file``.

    Parameters
    ----------
    shown : NumberFigure, ConfusionFigure or ReliabilityFigure
        Of one panel alone the words stand below the title.
    file : str or Path, optional
    size : tuple of float
        Inches across and up of a panel that is alone; of several each is somewhat smaller.
    """
    path = None if file is None else plot_path("file", file)
    figure, number = new_figure(), len(shown.panels)
    wide = min(number, _WIDE)
    deep = -(-number // wide)
    factor = 1.0 if number == 1 else 0.75
    across, up = (factor * inches for inches in size)
    figure.set_size_inches(across * wide, (up + 0.2) * deep + 0.4)
    grid = figure.subplots(deep, wide, squeeze=False).ravel()
    for axes in grid[number:]:
        axes.set_axis_off()
    pairs = list(zip(grid[:number], shown.panels, strict=True))
    yield figure, pairs
    for axes, panel in pairs:
        above = [panel.words] if number == 1 else [panel.name, panel.words]
        lines = [fill(text, int(_LETTERS * 1.25 * across)) for text in above]
        axes.set_title("\n".join(lines), loc="left", fontsize=9.5, color="0.25")
    figure.suptitle(
        fill(shown.title, int(_LETTERS * across * wide)), x=0.02, ha="left", fontsize=12, wrap=False
    )
    if number == 1:
        grid[0].set_xlabel(fill(shown.across, int(12 * across)))
        grid[0].set_ylabel(fill(shown.up, int(12 * up)))
    else:
        figure.supxlabel(shown.across, fontsize=10)
        figure.supylabel(shown.up, fontsize=10)
    if path is not None:
        save_figure(figure, path)

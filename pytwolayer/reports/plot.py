"""Plotting the loss curve."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pytwolayer.checks import describe
from pytwolayer.errors import ArgumentError, PytwolayerError
from pytwolayer.files.atomic_write import atomic_write, output_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TIME = {"iter": "Iteration", "epoch": "Epoch"}
# Column -> its name in the legend, colour and dashes; the colours also differ in grey.
_CURVES = {"loss": ("training", "#1f6f8b", "-"), "valid_loss": ("validation", "#e08a2e", "--")}


def plot_history(
    history: pd.DataFrame,
    file: str | Path | None = None,
    *,
    best_epoch: int | Sequence[int | None] | None = None,
    label: str = "Loss",
) -> "Axes":
    """Plot the loss against iteration or epoch, with that of held-out rows if there is one.

    The loss axis is logarithmic if all losses are above 0.

    Parameters
    ----------
    history : pandas.DataFrame
        Columns ``iter`` or ``epoch``, ``loss`` and optionally ``valid_loss``, as
        ``chapter_losses()`` returns it, or ``history`` of a fit. With ``model``, a curve for each.
    file : str or Path, optional
        Also write the plot to this file; its ending names the format (.png, .svg, .pdf).
    best_epoch : int, or a sequence of them, optional
        An epoch to mark: the one whose weights a fit has; with ``model`` one for each, or None.
    label : str
        Of the loss axis: what the loss is.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    PytwolayerError
        If matplotlib is not installed.
    """
    time = _time(history)
    with new_axes(file) as axes:
        drawn = [name for name in _CURVES if name in history]
        for name in drawn:
            _draw(axes, history, time, name)
        losses = history[drawn].to_numpy(dtype=np.float64)
        if losses.size and ((losses > 0) & np.isfinite(losses)).all():
            axes.set_yscale("log")
            number_ticks(axes, losses.min(), losses.max())
        if isinstance(best_epoch, int):
            _mark(axes, history, drawn[-1], best_epoch)
        elif best_epoch is not None:
            _mark_each(axes, history, drawn[-1], best_epoch)
        _dress(axes, (_TIME[time], label), both=len(drawn) > 1)
    return axes


@contextmanager
def new_axes(file: str | Path | None) -> "Iterator[Axes]":
    """Yield the axes of a new figure, which is then written to ``file``, if one is given."""
    path = None if file is None else plot_path("file", file)
    figure = new_figure()
    yield figure.subplots()
    if path is not None:
        save_figure(figure, path)


def save_figure(figure: "Figure", path: Path) -> None:
    """Write a figure so that it is there whole or not at all."""
    with atomic_write(path) as unfinished:
        figure.savefig(unfinished, dpi=150)


def _draw(axes: "Axes", history: pd.DataFrame, time: str, name: str) -> None:
    """Draw a curve; of several models one for each."""
    label, colour, dashes = _CURVES[name]
    style: dict[str, Any] = {"color": colour, "linestyle": dashes}
    if history[time].nunique() == 1:  # one epoch is no line
        style["marker"] = "o"
    if "model" not in history:
        axes.plot(history[time], history[name], linewidth=1.8, label=label, **style)
        return
    for number, (_, own) in enumerate(history.groupby("model")):
        once = label if number == 0 else None
        axes.plot(own[time], own[name], linewidth=1, alpha=0.6, label=once, **style)


def open_frame(axes: "Axes") -> None:
    """Draw a light grid, and no frame above and at the right."""
    axes.grid(visible=True, alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def number_ticks(axes: "Axes", lowest: float, highest: float) -> None:
    """Write 0.05 and not 5 x 10^-2 on a logarithmic axis, where such numbers are short."""
    from matplotlib.ticker import LogFormatter

    class PlainFormatter(LogFormatter):
        def __call__(self, x: float, pos: int | None = None) -> str:
            return f"{x:g}" if super().__call__(x, pos) else ""

    axes.grid(visible=True, which="minor", axis="y", alpha=0.1)
    if lowest >= 1e-4 and highest < 1e5:
        for set_formatter in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
            set_formatter(PlainFormatter(minor_thresholds=(2, 0.8)))


def _mark(axes: "Axes", history: pd.DataFrame, column: str, epoch: int) -> None:
    """Mark an epoch on the curve by which it was chosen."""
    (row,) = history.index[history[_time(history)] == epoch]
    loss = history.loc[row, column]
    axes.axvline(epoch, linewidth=1, linestyle=":", color="0.45", zorder=1)
    _draw_best(axes, [epoch], [loss], column, f"best epoch: {epoch}, loss {loss:.3g}")


def _mark_each(
    axes: "Axes", history: pd.DataFrame, column: str, epochs: Sequence[int | None]
) -> None:
    """Mark the best epoch of each model that has one."""
    pairs = zip(history.groupby("model"), epochs, strict=True)
    best = [own[own[_time(own)] == epoch] for (_, own), epoch in pairs if epoch is not None]
    if best:
        rows = pd.concat(best)
        _draw_best(axes, rows[_time(rows)], rows[column], column, "best epochs")


def _draw_best(axes: "Axes", epochs: Any, losses: Any, column: str, label: str) -> None:
    (point,) = axes.plot(epochs, losses, "o", color=_CURVES[column][1], label=label, zorder=4)
    point.set(markersize=6.5, markeredgecolor="black", markeredgewidth=0.8)


def _dress(axes: "Axes", labels: tuple[str, str], *, both: bool) -> None:
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    axes.set_title("Training and validation loss" if both else "Training loss", loc="left")
    open_frame(axes)
    if len(axes.get_legend_handles_labels()[1]) > 1:
        axes.legend(frameon=False)


def _time(history: pd.DataFrame) -> str:
    columns = list(history) if isinstance(history, pd.DataFrame) else []
    times = [name for name in _TIME if name in columns]
    if not times or "loss" not in columns:
        received = f"one with the columns {columns}" if columns else describe(history)
        expected = 'a data frame with the columns "iter" or "epoch", and "loss"'
        raise ArgumentError("history", expected, received)
    return times[0]


def plot_path(argument: str, file: str | Path) -> Path:
    """Check that a plot can be written to ``file``, before the work whose result it will show."""
    path = output_path(argument, file)
    formats = new_figure().canvas.get_supported_filetypes()
    if path.suffix[1:].lower() not in formats:
        endings = ", ".join(f".{name}" for name in sorted(formats))
        raise ArgumentError(argument, f"the path of a file ending in one of {endings}", f'"{path}"')
    return path


def short_names(names: Sequence[str], longest: int = 34) -> list[str]:
    """Leave out the middle of long names, unless others would look the same."""
    half = (longest - 1) // 2
    short = [n if len(n) <= longest else f"{n[:half]}\u2026{n[-half:]}" for n in map(str, names)]
    return short if len(set(short)) == len(set(names)) else [*map(str, names)]


def new_figure() -> "Figure":
    """Return an empty figure that belongs to no window."""
    try:
        from matplotlib.figure import Figure
    except ImportError as problem:
        raise PytwolayerError(
            'Plots need matplotlib, which is not installed: pip install "pytwolayer[plot]"'
        ) from problem
    return Figure(figsize=(7, 4.2), layout="constrained")

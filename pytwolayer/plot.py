"""The loss curve."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pytwolayer.arguments import shown
from pytwolayer.errors import ArgumentError, PytwolayerError
from pytwolayer.file_output import output_path, whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TIME = {"iter": "Iteration", "epoch": "Epoch"}


def plot_history(history: pd.DataFrame, file: str | Path | None = None) -> "Axes":
    """Plot the loss against iteration or epoch.

    The loss has a logarithmic axis where it is above zero throughout.

    Parameters
    ----------
    history : pandas.DataFrame
        ``iter`` or ``epoch``, and ``loss``: what ``chapter_losses()`` gives or a fit keeps.
    file : str or Path, optional
        Also write the plot to this file; its ending names the format (.png, .svg, .pdf).

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    PytwolayerError
        If matplotlib is not installed.
    """
    time = _time(history)
    path = None if file is None else plot_path("file", file)
    figure = _figure()
    axes = figure.subplots()
    axes.plot(history[time], history["loss"], linewidth=1.8, color="#1f6f8b")
    if ((history["loss"] > 0) & np.isfinite(history["loss"])).all():
        axes.set_yscale("log")
    axes.set_xlabel(_TIME[time])
    axes.set_ylabel("Loss")
    axes.set_title("Training loss", loc="left")
    axes.grid(visible=True, alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if path is not None:
        with whole_file(path) as unfinished:
            figure.savefig(unfinished, dpi=150)
    return axes


def _time(history: pd.DataFrame) -> str:
    columns = list(history) if isinstance(history, pd.DataFrame) else []
    times = [name for name in _TIME if name in columns]
    if not times or "loss" not in columns:
        received = f"one with the columns {columns}" if columns else shown(history)
        expected = 'a data frame with the columns "iter" or "epoch", and "loss"'
        raise ArgumentError("history", expected, received)
    return times[0]


def plot_path(argument: str, file: str | Path) -> Path:
    """Check that a plot can be written to ``file``, before the work that it is to show."""
    path = output_path(argument, file)
    formats = _figure().canvas.get_supported_filetypes()
    if path.suffix[1:].lower() not in formats:
        endings = ", ".join(f".{name}" for name in sorted(formats))
        raise ArgumentError(argument, f"the path of a file ending in one of {endings}", f'"{path}"')
    return path


def _figure() -> "Figure":
    try:
        from matplotlib.figure import Figure
    except ImportError as problem:
        raise PytwolayerError(
            'Plots need matplotlib, which is not installed: pip install "pytwolayer[plot]"'
        ) from problem
    return Figure(figsize=(7, 4.2), layout="constrained")

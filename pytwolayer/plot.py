"""The loss curve."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from pytwolayer.errors import PytwolayerError
from pytwolayer.file_output import output_path, whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
    path = None if file is None else output_path("file", file)
    axes = _new_axes()
    time = next(name for name in _TIME if name in history)
    axes.plot(history[time], history["loss"], linewidth=1.8, color="#1f6f8b")
    if (history["loss"] > 0).all():
        axes.set_yscale("log")
    axes.set_xlabel(_TIME[time])
    axes.set_ylabel("Loss")
    axes.set_title("Training loss", loc="left")
    axes.grid(visible=True, alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if path is not None:
        with whole_file(path) as unfinished:
            axes.figure.savefig(unfinished, dpi=150)
    return axes


def _new_axes() -> "Axes":
    try:
        from matplotlib.figure import Figure
    except ImportError as problem:
        raise PytwolayerError(
            'Plots need matplotlib, which is not installed: pip install "pytwolayer[plot]"'
        ) from problem
    return Figure(figsize=(7, 4.2), layout="constrained").subplots()

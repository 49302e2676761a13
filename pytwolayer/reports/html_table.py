"""A loss history as an HTML page with a table to sort and search, which needs no internet."""

import html
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd

from pytwolayer.errors import PytwolayerError
from pytwolayer.files.atomic_write import atomic_write, output_path

_DIGITS = 6  # significant digits of numbers in the table

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>body {{ font-family: system-ui, sans-serif; margin: 2rem auto; max-width: 40rem; }}</style>
{script}
</head>
<body>
<h1>{title}</h1>
{table}
</body>
</html>
"""


def write_html(history: pd.DataFrame, file: str | Path, title: str = "Training loss") -> None:
    """Write a history as one self-contained HTML page, its losses at six significant digits.

    Parameters
    ----------
    history : pandas.DataFrame
        As ``chapter_losses()`` returns it, or ``history`` of a fit.
    file : str or Path
        Path of the page.
    title : str
        Title and heading of the page.

    Raises
    ------
    PytwolayerError
        If itables is not installed.
    """
    path = html_path("file", file)
    itables = _itables()
    table = itables.to_html_datatable(
        rounded(history),
        connected=False,
        showIndex=False,
        maxBytes=0,
        lengthMenu=[10, 25, 50, 100, 500],
        format_floats_in_python=False,
    )
    script = itables.javascript.generate_init_offline_itables_html(itables.options.dt_bundle)
    with atomic_write(path) as unfinished:
        page = _PAGE.format(title=html.escape(title), script=script, table=table)
        unfinished.write_text(page, encoding="utf-8")


def rounded(history: pd.DataFrame) -> pd.DataFrame:
    """Round the floating-point columns to six significant digits."""
    table = history.copy()
    for name in table.select_dtypes(np.floating):
        table[name] = [float(f"{value:.{_DIGITS}g}") for value in table[name]]
    return table


def html_path(argument: str, file: str | Path) -> Path:
    """Check that a page can be written to ``file``, before the work whose result it will show."""
    _itables()
    return output_path(argument, file)


def _itables() -> ModuleType:
    try:
        import itables
        import itables.javascript
    except ImportError as problem:
        raise PytwolayerError(
            'HTML tables need itables, which is not installed: pip install "pytwolayer[html]"'
        ) from problem
    return itables

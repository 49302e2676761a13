"""A loss history as a page that one can leaf through, sort and search, without a network."""

from pathlib import Path

import pandas as pd

from pytwolayer.errors import PytwolayerError
from pytwolayer.file_output import output_path, whole_file

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
    """Write a history as one self-contained HTML page.

    Parameters
    ----------
    history : pandas.DataFrame
        What ``chapter_losses()`` gives or a fit keeps as ``history``.
    file : str or Path
        Where to.
    title : str
        Title and heading of the page.

    Raises
    ------
    PytwolayerError
        If itables is not installed.
    """
    path = output_path("file", file)
    try:
        from itables import options, to_html_datatable
        from itables.javascript import generate_init_offline_itables_html
    except ImportError as problem:
        raise PytwolayerError(
            'HTML tables need itables, which is not installed: pip install "pytwolayer[html]"'
        ) from problem
    table = to_html_datatable(
        history,
        connected=False,
        showIndex=False,
        maxBytes=0,
        lengthMenu=[10, 25, 50, 100, 500],
        format_floats_in_python=False,
    )
    script = generate_init_offline_itables_html(options.dt_bundle)
    with whole_file(path) as unfinished:
        unfinished.write_text(
            _PAGE.format(title=title, script=script, table=table), encoding="utf-8"
        )

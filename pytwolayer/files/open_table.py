"""Opening tables that are read in blocks: files, folders of files, and Arrow objects."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from pytwolayer.errors import ArgumentError
from pytwolayer.files.arrow_objects import arrow_vector, is_arrow, require_pyarrow
from pytwolayer.files.column_types import ColumnTypes
from pytwolayer.files.local_paths import is_in_files, is_path, local_path
from pytwolayer.files.open_arrow import open_arrow
from pytwolayer.files.open_parquet import open_parquet
from pytwolayer.files.open_text import open_text
from pytwolayer.files.parquet_folder import (
    ENDINGS,
    FoundFile,
    find_parquet_files,
    listed_files,
)
from pytwolayer.files.read_options import FROM_CODE, FileOptions
from pytwolayer.files.table_reader import ENDINGS as FILES
from pytwolayer.files.table_reader import text_separator
from pytwolayer.files.wanted_columns import Display, Wanted
from pytwolayer.preprocessing.column import CodedColumn
from pytwolayer.preprocessing.division import Division
from pytwolayer.preprocessing.row_source import SourcedTable
from pytwolayer.preprocessing.table import RawTable

Opened = SourcedTable | RawTable


def opened(argument: str, data: Any, outcome: Collection[str] | None = (), **how: Any) -> Any:
    """Open a table if it is in files or an Arrow object; other data are returned unchanged."""
    is_source = is_path(data) or is_arrow(data)
    return open_table(argument, data, outcome=outcome, **how) if is_source else data


def opened_predictors(argument: str, data: Any, outcome: Collection[str], **how: Any) -> Any:
    """Open predictors as ``opened()`` does, or those in a list of files: text is no table."""
    if is_in_files(data):
        return open_table(argument, data, outcome=outcome, **how)
    return opened(argument, data, outcome, **how)


def open_table(
    argument: str,
    data: Any,
    *,
    columns: Collection[str] | None = None,
    outcome: Collection[str] | None = (),
    options: FileOptions = FROM_CODE,
    types: ColumnTypes | None = None,
    display: Display | None = None,
    division: Division | None = None,
) -> Opened:
    """Open a table that is read in blocks.

    Parameters
    ----------
    argument : str
        Its name in error messages.
    data : str, Path, list of these, or Arrow object
        A file of delimited text, which may be compressed (.gz, .bz2); a Parquet file; a folder
        of Parquet files, which may be in folders of their own, such as ``year=2024``, that give
        further columns; several of these, one below the other; or an object of pyarrow or one
        that gives an Arrow stream, such as a data frame of polars. A vector may be an array of
        these.
    columns : collection of str, optional
        The only columns that are needed. What is not there is not missed.
    outcome : collection of str, optional
        Columns that are the outcome; None: all. They cannot be time spans, since predictions
        would be without their unit.

    display : callable, optional
        Makes a display of the rows that are read to open it, as text is, given their number or
        None where that is not known.
    division : Division, optional
        How processes, each of which opens the table, divide passes over it where it is in Parquet
        files. Where these differ they do not.

    Returns
    -------
    SourcedTable, or RawTable of a vector

    Raises
    ------
    ArgumentError
        If it cannot be read.
    PytwolayerError
        If pyarrow is needed and not installed.

    Warns
    -----
    MissingMarkWarning
        If marks in a text file were read as missing, or were kept as text.
    """
    wanted = Wanted(argument, columns, outcome, display=display, division=division)
    if is_path(data):
        return _open_path(wanted, local_path(argument, data), options, types)
    require_pyarrow()
    if is_in_files(data):
        return open_parquet(wanted, listed_files(argument, data))
    vector = arrow_vector(data)
    return open_arrow(wanted, data) if vector is None else _open_vector(wanted, data, vector)


def is_in_parts(data: Any) -> bool:
    """Tell whether a table is in files of which a part can be read: Parquet, by its path.

    A table that is open already is where processes divide it.
    """
    if isinstance(data, SourcedTable):
        return data.division is not None
    if not is_in_files(data):
        return False
    try:
        paths = [local_path("x", one) for one in ([data] if is_path(data) else data)]
        return all(map(_is_parquet, paths))
    except (ArgumentError, OSError, ValueError):  # which opening it will raise
        return False


def _is_parquet(path: Path) -> bool:
    """Tell whether a path is of Parquet: a folder of such files, or one of them by its name."""
    return path.is_dir() or path.suffix.lower() in ENDINGS


def _open_path(
    wanted: Wanted, path: Path, options: FileOptions, types: ColumnTypes | None
) -> SourcedTable:
    if _is_parquet(path):
        require_pyarrow()
    if path.is_dir():
        return open_parquet(wanted, find_parquet_files(wanted.argument, path))
    if not path.exists():
        raise ArgumentError(wanted.argument, "a file or a folder that exists", _absent(path))
    if path.suffix.lower() in ENDINGS:
        return open_parquet(wanted, [FoundFile(path)])
    separator = text_separator(path, options)
    if separator is None:
        expected = f"a folder of Parquet files, or a file ending in one of {FILES}"
        raise ArgumentError(wanted.argument, expected, f'"{path}"')
    return open_text(wanted, path, separator, options, types)


def _absent(path: Path) -> str:
    """Name a path where nothing is; most of those with "~" are formulas, which only R has."""
    if "~" in path.name:
        return f'"{path}" (formulas are for R: name the outcome\'s column, `outcome = "..."`)'
    where = "" if path.is_absolute() else f' (the working folder is "{Path.cwd()}")'
    return f'"{path}", where there is none{where}'


def _open_vector(wanted: Wanted, data: Any, vector: Any) -> RawTable:
    """Read a vector; it has a name where its object has one."""
    import pyarrow as pa

    name = getattr(data, "name", None) or None
    label = "1" if name is None else str(name)
    table = pa.table([vector], names=[label])
    source = open_arrow(Wanted(wanted.argument, None, wanted.outcome), table)
    column, rows = source.columns[0], source.shape[0]
    values, start = np.empty(rows), 0
    for (block,) in source.source.blocks([0]):
        values[start : start + len(block)] = block
        start += len(block)
    if column.kind != "number":
        coded = CodedColumn(column.kind, values, column.levels)
        return RawTable(None if name is None else [label], (rows,), [coded])
    return RawTable(None if name is None else [label], (rows,), [values])

"""Opening new data of a fit that are in files or are Arrow objects, to be read in blocks.

What a column of a file is, numbers or levels, is what it was in training: the file alone may look
otherwise, as levels 1, 2 and 3 do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytwolayer.files.arrow_objects import is_arrow
from pytwolayer.files.column_types import ColumnTypes, Levels, known_level
from pytwolayer.files.local_paths import is_in_files, is_path, local_path
from pytwolayer.files.open_table import open_table
from pytwolayer.files.parquet_folder import ENDINGS
from pytwolayer.files.read_options import FROM_CODE, FileOptions
from pytwolayer.files.table_reader import text_separator
from pytwolayer.files.typed_frames import arrow_frames, open_frames
from pytwolayer.files.wanted_columns import Display
from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.preprocessing.row_source import SourceColumn, SourcedTable
from pytwolayer.preprocessing.table import RawTable


def open_new_data(
    argument: str,
    data: Any,
    encoders: Sequence[Encoder],
    options: FileOptions = FROM_CODE,
    also: Sequence[str] = (),
    typed: Mapping[str, Levels] | None = None,
    display: Display | None = None,
) -> Any:
    """Open a path or an Arrow object; other data are returned unchanged.

    Parameters
    ----------
    argument : str
        Its name in error messages.
    data : any
        Of a path: a Parquet file or a folder of them, or a text file, also compressed.
    encoders : sequence of Encoder
        Those of the fit, or of the fits of an ensemble.
    options : FileOptions
        How to read a text file.
    also : sequence of str
        Columns that are needed besides those of the fit.
    typed : mapping, optional
        Further columns with the types that they must have, as in ``ColumnTypes``.
    display : callable, optional
        As in ``open_table()``.

    Raises
    ------
    ArgumentError
        If it cannot be read, or has text where training had numbers.

    Warns
    -----
    MissingMarkWarning
        If marks were read as missing.
    """
    if not is_in_files(data) and not is_arrow(data):
        return data
    types = ColumnTypes.from_encoders(encoders).and_also(typed or {})
    return open_typed(argument, data, types, options, also, display)


def open_typed(
    argument: str,
    data: Any,
    types: ColumnTypes,
    options: FileOptions = FROM_CODE,
    also: Sequence[str] = (),
    display: Display | None = None,
) -> SourcedTable | RawTable:
    """Open a path or an Arrow object; columns of a file get the given types.

    See ``open_new_data()``.
    """
    wanted = None if types.names is None else (*types.names, *also)
    how: dict[str, Any] = {
        "columns": wanted,
        "options": options,
        "types": types,
        "display": display,
    }
    table = open_table(argument, data, **how)
    if not is_in_files(data) or not isinstance(table, SourcedTable):
        return table
    if separator_of(data, options) is not None:
        return table
    same = None if options.missing else _with_known_levels(table, types)
    if same is not None:
        return same
    return open_frames(argument, lambda: arrow_frames(table, options.missing), types, options)


def separator_of(data: Any, options: FileOptions) -> str | None:
    """Return what separates the columns of a file of text; None: it is something else."""
    if not is_path(data):
        return None
    path = local_path("x", data)
    is_parquet = path.is_dir() or path.suffix.lower() in ENDINGS
    return None if is_parquet else text_separator(path, options)


def _with_known_levels(table: SourcedTable, types: ColumnTypes) -> SourcedTable | None:
    """Give levels the names that they had in training; None if columns are of other kinds."""
    names_of_columns = table.names or []
    known = types.by_name(names_of_columns)
    columns = []
    for name, column in zip(names_of_columns, table.columns, strict=True):
        if name not in known:
            columns.append(column)
            continue
        levels, has_levels = known[name], column.kind in ("factor", "text")
        if has_levels != (levels is not None):
            return None
        if levels is not None:
            names = tuple(known_level(label, levels) for label in column.labels or column.levels)
            if len(set(names)) < len(names):
                return None
            column = SourceColumn(column.kind, names)
        columns.append(column)
    return replace(table, columns=columns)

"""Columns of new data that are copied to their predictions, such as numbers of customers."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pytwolayer.checks import describe, quote_some
from pytwolayer.errors import ArgumentError
from pytwolayer.files.arrow_columns import readable_values
from pytwolayer.files.arrow_rows import ArrowRows
from pytwolayer.files.local_paths import local_path
from pytwolayer.files.new_data import separator_of
from pytwolayer.files.read_options import FileOptions
from pytwolayer.files.table_reader import TextFile
from pytwolayer.files.typed_frames import FrameBatches, as_series
from pytwolayer.preprocessing.column import CodedColumn
from pytwolayer.preprocessing.row_source import SourcedTable, StoredArray
from pytwolayer.preprocessing.table import RawTable, as_pandas

_TEXT_ROWS = 2**15


class CopiedColumns:
    """Gives columns of a table part by part, as they are.

    Parameters
    ----------
    data : any
        As the user has given it.
    table : SourcedTable, RawTable or data frame
        What ``open_new_data()`` returned for it.
    columns : list of str
    options : FileOptions
        How a file of text is read.

    Raises
    ------
    ArgumentError
        If the table has no such columns.
    """

    def __init__(self, data: Any, table: Any, columns: Sequence[str], options: FileOptions) -> None:
        self._columns = list(columns)
        text = _open_text(data, options)
        names = _names(table) if text is None else text.names()
        if names is None:
            raise ArgumentError("columns", "None for data without column names", describe(columns))
        absent = [name for name in columns if name not in names]
        if absent:
            raise ArgumentError("columns", "names of columns of the data", quote_some(absent))
        self._parts = self._read(table) if text is None else self._read_text(text)
        self._rest = pd.DataFrame()

    def take(self, rows: int) -> pd.DataFrame:
        """Return the columns of the next rows."""
        there = [self._rest] if len(self._rest) else []
        number = len(self._rest)
        while number < rows:
            part = next(self._parts)
            there.append(part)
            number += len(part)
        table = pd.concat(there, ignore_index=True) if len(there) > 1 else there[0]
        self._rest = table.iloc[rows:]
        return table.iloc[:rows].reset_index(drop=True)

    def _read_text(self, file: TextFile) -> Iterator[pd.DataFrame]:
        for frame in file.chunks(_TEXT_ROWS, dtype=dict.fromkeys(self._columns, str)):
            yield frame[self._columns]

    def _read(self, table: Any) -> Iterator[pd.DataFrame]:
        if isinstance(table, RawTable):
            yield frame_of(table)[self._columns]
        elif not isinstance(table, SourcedTable):
            frame = as_pandas(table)
            chosen = frame.loc[:, [str(name) in self._columns for name in frame.columns]]
            yield chosen.set_axis([str(name) for name in chosen], axis=1)[self._columns]
        elif isinstance(table.source, ArrowRows):
            batches = table.source.batches
            if isinstance(batches, FrameBatches):
                for frame in batches.raw():
                    yield frame[self._columns]
            else:
                yield from _arrow_parts(table, self._columns)


def _open_text(data: Any, options: FileOptions) -> TextFile | None:
    """Open a file of text to read some of its columns as the text that they are."""
    separator = separator_of(data, options)
    if separator is None:
        return None
    path = local_path("x", data)
    if not path.is_file():
        expected = "left out where the data are a pipe, which can be read only once"
        raise ArgumentError("columns", expected, "given")
    return TextFile("x", path, separator, options, None)


def _names(table: Any) -> list[str] | None:
    if isinstance(table, (SourcedTable, RawTable)):
        source = table.source if isinstance(table, SourcedTable) else None
        batches = source.batches if isinstance(source, ArrowRows) else None
        if isinstance(batches, FrameBatches):
            return [str(name) for name in next(batches.raw(), pd.DataFrame())]
        return table.names
    frame = as_pandas(table)
    return [str(name) for name in frame.columns] if isinstance(frame, pd.DataFrame) else None


def _arrow_parts(table: SourcedTable, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Yield columns with the types that they have in files or Arrow objects."""
    assert isinstance(table.source, ArrowRows)
    names = table.names or []
    places = [names.index(name) for name in columns]
    for batch in table.source.batches.read(places, None):
        index = pd.RangeIndex(batch.rows)
        yield pd.DataFrame(
            {
                name: _column(table.columns[place], values, index, name, batch.where)
                for name, place, values in zip(columns, places, batch.columns, strict=True)
            },
            index=index,
        )


def _column(
    column: Any, values: Any, index: pd.RangeIndex, name: str, where: str
) -> "pd.Series[Any]":
    import pyarrow as pa

    if isinstance(values, (float, np.ndarray)):
        return as_series(column, values, index, name)
    with readable_values("x", name, where):  # writing them would fail without its name
        values.validate(full=True)
    values = _without_views(values)
    if column.kind == "text" and pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    return pd.Series(pd.array(values, dtype=pd.ArrowDtype(values.type)), index=index)


def _without_views(values: Any) -> Any:
    """Return text as polars has it in the older form, of which rows can be taken and written."""
    import pyarrow as pa

    if pa.types.is_dictionary(values.type):
        levels = _without_views(values.dictionary)
        return pa.DictionaryArray.from_arrays(values.indices, levels, ordered=values.type.ordered)
    is_view = getattr(pa.types, "is_string_view", lambda dtype: False)
    return values.cast(pa.large_string()) if is_view(values.type) else values


def frame_of(table: RawTable) -> pd.DataFrame:
    """Make a data frame of columns; a factor is a categorical."""
    return pd.DataFrame(dict(zip(table.names or [], map(_values, table.columns), strict=True)))


def _values(column: Any) -> Any:
    if isinstance(column, StoredArray):
        return column.read()
    if not isinstance(column, CodedColumn):
        return column
    codes = column.codes.read() if isinstance(column.codes, StoredArray) else column.codes
    missing = np.isnan(codes)
    if column.kind == "logical":
        return pd.arrays.BooleanArray(codes == 1, missing)
    places = np.where(missing, -1, codes).astype(np.intp)
    levels: Any = [*column.levels]
    classes: Any = pd.Categorical.from_codes(places, categories=levels)
    return classes if column.kind == "factor" else classes.astype(object)

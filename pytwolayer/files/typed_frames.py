"""Tables whose parts are data frames of pandas, with the types of a model's columns."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pytwolayer.files.arrow_columns import readable_values
from pytwolayer.files.arrow_rows import ArrowRows, Batch, any_wanted
from pytwolayer.files.column_types import ColumnTypes, convert_columns
from pytwolayer.files.read_options import FileOptions
from pytwolayer.files.table_reader import mask_values
from pytwolayer.files.text_numbers import MissingMarks
from pytwolayer.preprocessing.column import Column
from pytwolayer.preprocessing.column_reading import convert_column
from pytwolayer.preprocessing.row_source import Doubles, RowChoice, SourceColumn, SourcedTable

Frames = Callable[[], Iterator[pd.DataFrame]]


def open_frames(
    argument: str, frames: Frames, types: ColumnTypes, options: FileOptions
) -> SourcedTable:
    """Open a table that comes as data frames, one after the other and the same each time.

    Raises
    ------
    ArgumentError
        If a column of numbers has text.

    Warns
    -----
    MissingMarkWarning
        If marks were read as missing.
    """
    marks = MissingMarks(hints=options.command_line)
    batches = FrameBatches(argument, frames, types, options)
    names: list[str] = []
    kinds: dict[str, dict[str, None]] = {}
    for frame in batches.frames(marks):
        names = [*frame]
        for name, column in batches.columns(frame):
            if column.has_levels:
                kinds.setdefault(name, {}).update(dict.fromkeys(column.levels))
        batches.rows += len(frame)
    marks.warn()
    columns = [
        SourceColumn("text", tuple(sorted(kinds[name])))
        if name in kinds
        else SourceColumn("number")
        for name in names
    ]
    batches.names, batches.levels = names, [column.levels for column in columns]
    return SourcedTable(names, (batches.rows, len(names)), columns, ArrowRows(batches, columns, {}))


class FrameBatches:
    """Data frames as batches of doubles, see ``Batches``."""

    def __init__(
        self, argument: str, frames: Frames, types: ColumnTypes, options: FileOptions
    ) -> None:
        self._argument, self._frames, self._types = argument, frames, types
        self._options = options
        self.rows = 0
        self.names: list[str] = []
        self.levels: list[tuple[str, ...]] = []

    def raw(self) -> Iterator[pd.DataFrame]:
        """Yield the data frames as they are in the files."""
        return self._frames()

    def frames(self, marks: MissingMarks) -> Iterator[pd.DataFrame]:
        """Yield the data frames with the columns of the model alone, of its types."""
        for frame in self.raw():
            wanted = self._types.by_name([str(name) for name in frame]) or [*frame]
            chosen = frame[[name for name in frame if name in wanted]]
            yield convert_columns(self._argument, chosen, self._types, self._options.decimal, marks)

    def columns(self, frame: pd.DataFrame) -> Iterator[tuple[str, Column]]:
        """Yield the columns of a data frame."""
        for name in frame:
            yield str(name), convert_column(self._argument, str(name), frame[name])

    def read(self, columns: Sequence[int], wanted: RowChoice | None) -> Iterator[Batch]:
        """Yield the batches; see ``Batches``."""
        start = 0
        for frame in self.frames(MissingMarks(hints=self._options.command_line)):
            if any_wanted(wanted, start, start + len(frame)):
                chosen = dict(self.columns(frame[[self.names[place] for place in columns]]))
                values = [self._doubles(place, chosen[self.names[place]]) for place in columns]
                yield Batch(start, len(frame), values)
            start += len(frame)

    def _doubles(self, place: int, column: Column) -> Doubles:
        if not column.has_levels:
            return column.values
        code = {level: float(number) for number, level in enumerate(self.levels[place])}
        recoding = np.array([code[level] for level in column.levels])
        return column.recoded(recoding, self.levels[place]).values


def arrow_frames(table: SourcedTable, marks: Sequence[str] = ()) -> Iterator[pd.DataFrame]:
    """Yield the batches of a table of ``open_table()`` as data frames."""
    assert isinstance(table.source, ArrowRows)
    assert table.names is not None
    pairs = [*zip(table.names, table.columns, strict=True)]
    for batch in table.source.batches.read(range(len(pairs)), None):
        index = pd.RangeIndex(batch.start, batch.start + batch.rows)
        frame = pd.DataFrame(
            {
                name: as_series(column, values, index, name, batch.where)
                for (name, column), values in zip(pairs, batch.columns, strict=True)
            },
            index=index,
        )
        yield frame.apply(mask_values, marks=marks) if marks and len(frame) else frame


def as_series(
    column: SourceColumn, values: Any, index: pd.RangeIndex, name: str, where: str = ""
) -> "pd.Series[Any]":
    """Return a column of a batch as its values were in the table.

    ``name`` and ``where``, of the batch, are for the error if that cannot be.
    """
    if not isinstance(values, (float, np.ndarray)):
        with readable_values("x", name, where):
            series: pd.Series[Any] = pd.Series(values.to_pandas().array, index=index)
            return series.astype(object) if column.kind == "text" else series
    doubles = np.full(len(index), values) if isinstance(values, float) else values
    if column.kind not in ("factor", "text"):
        return pd.Series(doubles, index=index)
    labels = np.array([*(column.labels or column.levels), None], dtype=object)
    places = np.where(np.isnan(doubles), len(labels) - 1, doubles).astype(np.intp)
    return pd.Series(labels[places], index=index, dtype=object)

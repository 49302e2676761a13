"""Opening a file of delimited text: it is read once, some rows at a time, to columns of doubles."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pytwolayer.errors import ArgumentError
from pytwolayer.files.arrow_rows import ArrowRows, Batch
from pytwolayer.files.column_types import ColumnTypes, Levels, known_level, numbers_of
from pytwolayer.files.read_options import FileOptions
from pytwolayer.files.row_spool import RowSpool
from pytwolayer.files.table_reader import TextFile, readable
from pytwolayer.files.text_numbers import MissingMarks, is_text, read_texts, refuse_text
from pytwolayer.files.wanted_columns import Wanted
from pytwolayer.preprocessing.row_source import (
    Doubles,
    RowChoice,
    SourceColumn,
    SourcedTable,
    series_doubles,
)

_VALUES = 2**20  # of all columns, that are read at a time
_FEWEST_ROWS = 1000


def open_text(
    wanted: Wanted,
    path: Path,
    separator: str,
    options: FileOptions,
    types: ColumnTypes | None = None,
) -> SourcedTable:
    """Open a file of delimited text; what its columns are is decided as by ``read_table_file()``.

    Raises
    ------
    ArgumentError
        If it cannot be read, or has text where ``types`` has numbers.

    Warns
    -----
    MissingMarkWarning
        As ``read_table_file()``.
    """
    with readable(wanted.argument, path, options):
        return _Reading(wanted, path, separator, options, types).table()


@dataclass
class _Texts:
    """The different texts of a column, in the order in which they come.

    Attributes
    ----------
    codes : dict
        Number of each text, from 0.
    rows, first : list of int
        How many rows have it, and the first of them.
    """

    codes: dict[str, int] = field(default_factory=dict)
    rows: list[int] = field(default_factory=list)
    first: list[int] = field(default_factory=list)

    def add(self, values: "pd.Series[Any]", start: int) -> Doubles:
        """Add texts of rows from ``start`` on; return their codes."""
        places, texts = pd.factorize(values)  # in the order in which they come; -1: missing
        counts = np.bincount(places[places >= 0], minlength=len(texts))
        first = np.zeros(len(texts) + 1, dtype=np.intp)
        first[places[::-1]] = np.arange(len(places))[::-1]  # the last one set is the first
        new = np.empty(len(texts) + 1)
        new[-1] = np.nan
        for place, text in enumerate(texts):
            code = self.codes.setdefault(str(text), len(self.codes))
            if code == len(self.rows):
                self.rows.append(0)
                self.first.append(start + int(first[place]))
            self.rows[code] += int(counts[place])
            new[place] = code
        codes: Doubles = new[places]
        return codes

    def rows_of(self, marks: Sequence[str]) -> int:
        """Count the rows that have one of some marks."""
        return sum(self.rows[self.codes[mark]] for mark in marks)


class _Reading:
    """One reading of a file."""

    def __init__(
        self,
        wanted: Wanted,
        path: Path,
        separator: str,
        options: FileOptions,
        types: ColumnTypes | None,
    ) -> None:
        self._wanted, self._path, self._options, self._types = wanted, path, options, types
        self._file = TextFile(wanted.argument, path, separator, options, types)
        self._spool, self._again = RowSpool(), RowSpool()
        self._texts: dict[str, _Texts] = {}
        self._kinds: dict[str, set[str]] = {}
        self._names: list[str] = []
        self._known: dict[str, Levels] = {}
        self._marks = MissingMarks(hints=options.command_line)

    def table(self) -> SourcedTable:
        """Read the file; return its table."""
        state = _state(self._path)
        self._names = self._wanted.choose([str(name) for name in self._file.names()])
        if self._types is not None:
            self._known = self._types.by_name(self._names)
            self._names = [name for name in self._names if name in self._known]
        self._kinds = {name: set() for name in self._names}
        self._read()
        # What is text only from some row on is text in the rows before too.
        mixed = [name for name, kinds in self._kinds.items() if len(kinds) > 1]
        if mixed:
            self._read_as_text(mixed)
        if _state(self._path) != state:
            expected = "files that do not change while they are in use"
            received = f'"{self._path}", which has changed'
            raise ArgumentError(self._wanted.argument, expected, received)
        columns = [self._column(name, mixed) for name in self._names]
        self._marks.warn()
        batches = _Batches(
            self._spool, self._again, [mixed.index(n) if n in mixed else None for n in self._names]
        )
        shape = self._spool.rows, len(self._names)
        return SourcedTable(self._names, shape, columns, ArrowRows(batches, columns, {}))

    def _chunks(self, **how: Any) -> Iterator[pd.DataFrame]:
        rows = max(_FEWEST_ROWS, _VALUES // max(1, len(self._names)))
        return self._file.chunks(rows, **how)

    def _read(self) -> None:
        with self._wanted.shown(None) as done:
            for table in self._chunks():
                self._add(table)
                done(self._spool.rows)

    def _add(self, table: pd.DataFrame) -> None:
        start, values = self._spool.rows, []
        for name in self._names:
            kind = _kind(table[name])
            if kind is not None:
                self._kinds[name].add(kind)
            if kind == "text":
                texts = self._texts.setdefault(name, _Texts())
                values.append(texts.add(table[name], start))
            else:
                values.append(_doubles(table[name]))
        self._spool.add(values)

    def _read_as_text(self, names: Sequence[str]) -> None:
        self._texts.update({name: _Texts() for name in names})
        with self._wanted.shown(self._spool.rows) as done:
            for table in self._chunks(dtype=dict.fromkeys(names, str)):
                start = self._again.rows
                self._again.add([self._texts[name].add(table[name], start) for name in names])
                done(self._again.rows)

    def _column(self, name: str, mixed: Sequence[str]) -> SourceColumn:
        kinds = self._kinds[name]
        levels = self._known.get(name)
        if name not in self._texts:
            return SourceColumn("logical" if kinds == {"logical"} else "number")
        texts = self._texts[name]
        values, column = self._meaning(name, texts, levels)
        if name in mixed:
            self._again.recodings[mixed.index(name)] = values
        else:
            self._spool.recodings[self._names.index(name)] = values
        return column

    def _meaning(self, name: str, texts: _Texts, levels: Levels) -> tuple[Doubles, SourceColumn]:
        """Return the value of each text, and the column: numbers, logicals or levels."""
        decimal = self._options.decimal
        if self._types is not None and levels is not None:
            return _levels([known_level(text, levels) for text in texts.codes])
        if self._types is not None:
            numbers, unreadable = numbers_of([*texts.codes], decimal)
            if unreadable is not None:
                row = texts.first[texts.codes[unreadable]] + 1
                hints = self._marks.hints
                refuse_text(self._wanted.argument, name, row, unreadable, decimal, hints=hints)
            gaps = [text for text, number in numbers.items() if np.isnan(number)]
            self._marks.add_missing(name, gaps, texts.rows_of(gaps))
            return np.array([*numbers.values()]), SourceColumn("number")
        found = read_texts([*texts.codes], decimal)
        rows = texts.rows_of(found.marks)
        if found.values is None:
            self._marks.add_kept(name, found.marks, rows)
            return _levels([*texts.codes])
        self._marks.add_missing(name, found.marks, rows)
        values = [float(found.values.get(text, np.nan)) for text in texts.codes]
        return np.array(values), SourceColumn("logical" if found.logical else "number")


def _levels(names: Sequence[str]) -> tuple[Doubles, SourceColumn]:
    levels = tuple(sorted({*names}))
    place = {level: float(number) for number, level in enumerate(levels)}
    return np.array([place[name] for name in names], dtype=np.float64), SourceColumn("text", levels)


def _kind(series: "pd.Series[Any]") -> str | None:
    """Tell what was read in some rows; None where all is missing."""
    if pd.api.types.is_bool_dtype(series.dtype):
        return "logical"
    if not is_text(series):
        return None if series.isna().all() else "number"
    there = series.dropna()
    if not len(there):
        return None
    return "logical" if isinstance(there.iloc[0], (bool, np.bool_)) else "text"


def _doubles(series: "pd.Series[Any]") -> Doubles:
    if is_text(series):
        return np.array(series.astype(object), dtype=np.float64)
    return series_doubles(series)


def _state(path: Path) -> tuple[int, int] | None:
    """Return what shows a change of a file; None of a pipe."""
    facts = path.stat()
    return (facts.st_size, facts.st_mtime_ns) if path.is_file() else None


class _Batches:
    """The rows, of which some columns were read again."""

    def __init__(self, spool: RowSpool, again: RowSpool, places: Sequence[int | None]) -> None:
        self._spool, self._again, self._places = spool, again, places
        self.rows = spool.rows

    def read(self, columns: Sequence[int], wanted: RowChoice | None) -> Iterator[Batch]:
        """Yield the batches; see ``Batches``."""
        again = [self._places[column] for column in columns]
        if all(place is None for place in again):
            yield from self._spool.read(columns, wanted)
            return
        others = self._again.read([place for place in again if place is not None], wanted)
        own = self._spool.read(
            [c for c, p in zip(columns, again, strict=True) if p is None], wanted
        )
        for batch, other in zip(own, others, strict=True):
            first, second = iter(batch.columns), iter(other.columns)
            values = [next(first if place is None else second) for place in again]
            yield Batch(batch.start, batch.rows, values)

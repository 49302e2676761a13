"""One column of a table, whose values are doubles: in memory, or in a source of rows."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from pytwolayer.checks import quote
from pytwolayer.preprocessing.row_source import (
    Doubles,
    Mask,
    RowNumbers,
    RowSource,
    StoredArray,
    select_rows,
)

# "missing": all values are missing, so it can stand for a column of any kind.
ColumnKind = Literal["number", "logical", "factor", "text", "missing"]


@dataclass(frozen=True)
class StoredColumn:
    """Where a column's values are.

    Attributes
    ----------
    source : RowSource
    place : int
        Of the column in the source, from 0.
    recoding : array or None
        New code of each code; NaN where it has none.
    """

    source: RowSource
    place: int = 0
    recoding: Doubles | None = None

    def read(self) -> Doubles:
        """Read all values."""
        values, start = np.empty(self.source.rows), 0
        for block in self.source.blocks([self.place]):
            for line in block:
                values[start : start + len(line)] = recode(line, self.recoding)
                start += len(line)
        return values

    def take(self, rows: RowNumbers) -> "StoredColumn":
        """Select rows by their numbers, ascending."""
        return replace(self, source=select_rows(self.source, rows))


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes
    ----------
    label : str or None
        Its name in messages, or its number from 1; None for a vector without a name.
    kind : str
        "number", "logical", "factor", "text", or "missing" if all values are missing.
    data : array of double or StoredColumn
        Numbers, or the codes of levels from 0; NaN where missing. A large column that is not
        doubles, one after the other, stays where it is.
    levels : tuple of str
        Those of a factor in its order, those of text sorted by code point; else empty.
    labels : tuple
        The levels as the user has them, before they were converted to text.
    complete : bool
        True only if it has no missing value; False does not mean that it has one.
    """

    label: str | None
    kind: ColumnKind
    data: Doubles | StoredColumn
    levels: tuple[str, ...] = ()
    labels: tuple[Any, ...] = ()
    complete: bool = False

    @property
    def values(self) -> Doubles:
        """All values; of a column in a source they are read each time."""
        return self.data.read() if isinstance(self.data, StoredColumn) else self.data

    @property
    def has_levels(self) -> bool:
        """Whether the values are codes of levels."""
        return self.kind in ("factor", "text")

    @property
    def is_classes(self) -> bool:
        """Whether it is classes as an outcome: levels, or logicals."""
        return self.has_levels or self.kind == "logical"

    def take(self, rows: RowNumbers | Mask | slice) -> "Column":
        """Select some of the rows; of one that is not in memory by ascending numbers."""
        data = self.data
        if isinstance(data, StoredColumn):
            return self.with_data(data.take(np.arange(data.source.rows)[rows]))
        return self.with_data(data[rows])

    def with_data(self, data: Doubles | StoredColumn) -> "Column":
        """Return the same column with other rows."""
        # Quicker than `replace()`, which is noticed in fits of a few milliseconds.
        return Column(self.label, self.kind, data, self.levels, self.labels, self.complete)

    def recoded(self, recoding: Doubles, levels: tuple[str, ...]) -> "Column":
        """Give each level the code that ``recoding`` has for it, among other levels."""
        data = self.data
        if isinstance(data, StoredColumn):
            before = data.recoding
            recoding = recoding if before is None else recode(before, recoding)
            data = replace(data, recoding=recoding)
        else:
            data = recode(data, recoding)
        return Column(self.label, self.kind, data, levels)


def recode(codes: Doubles, recoding: Doubles | None) -> Doubles:
    """Replace codes by those that ``recoding`` has for them; NaN stays."""
    if recoding is None or not len(recoding):  # of no levels all codes are missing
        return codes
    missing = np.isnan(codes)
    old = np.where(missing, 0, codes).astype(np.intp)
    return np.where(missing, np.nan, recoding[old])


@dataclass(frozen=True)
class CodedColumn:
    """A column that comes as codes, nothing of it checked yet.

    Attributes
    ----------
    kind : str
        "factor", "text", or "logical", whose codes are 0 and 1.
    codes : array of double, or StoredArray
        Places of the levels, from 0; NaN where missing.
    levels : tuple of str
        Of text those that the column has, in any order.
    """

    kind: Literal["factor", "text", "logical"]
    codes: Doubles | StoredArray
    levels: tuple[str, ...] = ()

    def take(self, rows: RowNumbers | Mask) -> "CodedColumn":
        """Take some of the rows."""
        codes = self.codes
        taken = codes.take(rows) if isinstance(codes, StoredArray) else codes[rows]
        return replace(self, codes=taken)


def in_column(label: str | None) -> str:
    """Return the part of a message that names the column, if it has a name or a number."""
    return "" if label is None else f" in column {quote(label)}"

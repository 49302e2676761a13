"""What is wanted of a table that is opened, and the table that is made of its batches."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pytwolayer.errors import ArgumentError
from pytwolayer.files.arrow_columns import (
    EXPECTED,
    ArrowKind,
    arrow_kind,
    readable_values,
    refuse_type,
)
from pytwolayer.files.arrow_levels import LevelScan
from pytwolayer.files.arrow_rows import ArrowRows, Batches
from pytwolayer.preprocessing.column import in_column
from pytwolayer.preprocessing.divided_passes import own_rows
from pytwolayer.preprocessing.division import Division
from pytwolayer.preprocessing.row_source import SourceColumn, SourcedTable

Display = Callable[[int | None], Any]


@dataclass(frozen=True)
class Wanted:
    """What is opened, and which of its columns.

    Attributes
    ----------
    argument : str
        Its name in error messages.
    columns : collection of str or None
        The only ones that are needed; None: all.
    outcome : collection of str or None
        Those that are the outcome; None: all.
    problems : dict
        Errors to raise when a column is read: one of another type does no harm where it is not
        needed.
    display : callable, optional
        Makes a display of the rows that are read, given their number or None, or is None.
    division : Division, optional
        How the rows of files that can be read in part are divided among processes.
    """

    argument: str
    columns: Collection[str] | None = None
    outcome: Collection[str] | None = ()
    problems: dict[str, ArgumentError] = field(default_factory=dict)
    display: Display | None = None
    division: Division | None = None

    def choose(self, names: Sequence[str]) -> list[str]:
        """Choose the columns that are needed."""
        return [name for name in names if self.columns is None or name in self.columns]

    @contextmanager
    def shown(self, rows: int | None) -> Iterator[Callable[[int], object]]:
        """Give a function that shows how many rows are read.

        ``rows`` is the number of all; None: it is not known.
        """
        display = None if self.display is None else self.display(rows)
        if display is None:
            yield lambda done: None
            return
        try:
            yield lambda done: display.update(done, math.nan)
        finally:
            display.close()

    def kind(self, name: str, dtype: Any, where: str = "") -> ArrowKind:
        """Return the kind of a column; of another type it is "missing", with an error to raise."""
        kind = arrow_kind(dtype)
        if kind is None:
            self.problems.setdefault(name, refuse_type(self.argument, name, dtype, where))
            return "missing"
        if kind == "span" and (self.outcome is None or name in self.outcome):
            problem = ArgumentError(self.argument, EXPECTED, f"time spans{in_column(name)}")
            self.problems.setdefault(name, problem)
        return kind


def make_table(
    wanted: Wanted,
    names: list[str],
    batches: Batches,
    kinds: Mapping[str, ArrowKind],
    known: Mapping[str, SourceColumn],
    division: Division | None = None,
) -> SourcedTable:
    """Make a table of batches.

    Parameters
    ----------
    wanted : Wanted
    names : list of str
        Of the columns of ``batches``. Where several have one, it stands for the first.
    batches : Batches
    kinds : mapping
        Of the columns; levels are found by a pass over those that have some.
    known : mapping
        Columns of which all is known.
    division : Division, optional
        How the rows are divided among processes.
    """
    kinds = {name: kind for name, kind in kinds.items() if name not in known}
    scans = {n: LevelScan(kind) for n, kind in kinds.items() if kind in ("factor", "text")}
    if scans:
        own = None if division is None else own_rows(division, batches.rows)
        first = 0 if own is None else own.start
        with wanted.shown(batches.rows if own is None else len(own)) as done:
            for batch in batches.read([names.index(name) for name in scans], own):
                for (name, scan), values in zip(scans.items(), batch.columns, strict=True):
                    with readable_values(wanted.argument, name, batch.where):
                        scan.add(values)
                done(batch.start + batch.rows - first)
    levels = {name: scan.labels() for name, scan in scans.items()}
    if division is not None and scans:
        levels = _joined_levels(kinds, division.gather(levels))
    columns = [known[n] if n in known else _column(kinds[n], levels.get(n)) for n in names]
    problems = {n: wanted.problems[name] for n, name in enumerate(names) if name in wanted.problems}
    rows = ArrowRows(batches, columns, problems, wanted.argument, names)
    shape = batches.rows, len(names)
    return SourcedTable(names, shape, columns, rows, division=division)


def _joined_levels(
    kinds: Mapping[str, ArrowKind], parts: Sequence[Mapping[str, dict[str, Any]]]
) -> dict[str, dict[str, Any]]:
    """Put together the levels, with labels, of parts of the rows: those of text are sorted."""
    joined: dict[str, dict[str, Any]] = {}
    for name in parts[0]:
        labels: dict[str, Any] = {}
        for part in parts:
            for level, label in part[name].items():
                labels.setdefault(level, label)
        in_order = sorted(labels) if kinds[name] == "text" else labels
        joined[name] = {level: labels[level] for level in in_order}
    return joined


def _column(kind: ArrowKind, labels: Mapping[str, Any] | None) -> SourceColumn:
    if labels is None:
        return SourceColumn("logical" if kind == "logical" else "number")
    return level_column(kind, labels)


def level_column(kind: ArrowKind, labels: Mapping[str, Any]) -> SourceColumn:
    """Make a column of levels, given with what the user has for them."""
    given = tuple(labels.values())
    return SourceColumn("text" if kind == "text" else "factor", tuple(labels), given)

"""Warnings about columns that were most likely meant otherwise: text, and the outcome itself.

Most readers turn a column of numbers with one "?" into text, and each of its numbers would become
a level, an input of its own.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pytwolayer.checks import quote, quote_some
from pytwolayer.errors import SuspectColumnWarning, warn_user
from pytwolayer.preprocessing.column import Column
from pytwolayer.preprocessing.summary import ColumnSummary, Counts
from pytwolayer.preprocessing.text_patterns import (
    has_leading_zero,
    is_missing_mark,
    mostly,
    number_format,
    time_format,
)
from pytwolayer.preprocessing.training_data import TrainingData

_QUICKLY_READ = 100_000  # rows that one more pass takes no time worth mentioning for
MANY = 10  # more levels of numbers or dates are suspect
FEW = 5  # so many are suspect if they are more than half as many as rows
NAMES = 20  # so many levels of any kind are suspect on the same condition
_SHARE = 0.8  # of the levels have to be of one format
_NAMED = 5  # largest number of columns that the warning describes
_ADVICE = {
    "numbers": "turn numbers into numeric values, and marks of missing values into missing values",
    "dates": "convert dates and times to numbers, such as the days since a fixed date",
    "names": "leave out what differs from row to row",
    "text": "where levels are meant, make it a factor (categorical)",
}


@dataclass(frozen=True)
class _Suspicion:
    """What a column most likely is: a key of ``_ADVICE``, and words for the message."""

    kind: str
    words: str


@dataclass(frozen=True)
class _Levels:
    """The levels that occur in a column, and how many rows have each."""

    names: Sequence[str]
    rows: Sequence[int]

    @classmethod
    def of(cls, column: Column, counts: Counts) -> "_Levels":
        (there,) = counts.nonzero()
        return cls([column.levels[code] for code in there], counts[there].tolist())

    @property
    def in_half_the_rows(self) -> bool:
        """Whether there are more than half as many levels as rows."""
        return len(self.names) > sum(self.rows) / 2

    def rows_of(self, names: Sequence[str]) -> str:
        """Describe in how many rows these levels are."""
        wanted = set(names)
        pairs = zip(self.names, self.rows, strict=True)
        number = sum(rows for name, rows in pairs if name in wanted)
        return f"{number:,} row{'s' if number > 1 else ''}"


def warn_suspect_columns(data: TrainingData, *, outcome: bool = True) -> None:
    """Warn of text that looks like numbers, dates or names; ``outcome``: also there."""
    _warn_outcome_among_predictors(data)
    tables = [(data.predictors, "levels")] + ([(data.outcomes, "classes")] if outcome else [])
    described, kinds = [], set[str]()
    for table, each in tables:
        for column, counts in zip(table.columns, table.level_counts(), strict=True):
            if counts is None or len(column.levels) < 2:
                continue
            levels = _Levels.of(column, counts)
            suspicion = _suspect(column, levels)
            if suspicion is not None:
                described.append(_describe(column, suspicion, levels, each))
                kinds |= {suspicion.kind, column.kind}
    if not described:
        return
    more = f" and {len(described) - _NAMED:,} more" if len(described) > _NAMED else ""
    advice = "; ".join(text for kind, text in _ADVICE.items() if kind in kinds)
    warn_user(
        f"Text that may be something else was taken as levels or classes: "
        f"{', '.join(described[:_NAMED])}{more}. {advice[0].upper()}{advice[1:]}.",
        SuspectColumnWarning,
    )


def _warn_outcome_among_predictors(data: TrainingData) -> None:
    """Warn of predictors that equal the outcome in every row, by their checksums."""
    tables = data.predictors, data.outcomes
    if data.rows > _QUICKLY_READ and not all(table.is_summarised for table in tables):
        return
    predictors, outcomes = (table.summaries() for table in tables)
    of_outcomes = {summary.checksum for summary in outcomes if _varies(summary)}
    pairs = zip(data.predictors.columns, predictors, strict=True)
    same = [column.label for column, summary in pairs if summary.checksum in of_outcomes]
    if same:
        warn_user(
            f"The outcome is among the predictors too: {_equal_columns(same)} it in every row. "
            "Leave it out there, or predictions will rest on it alone.",
            SuspectColumnWarning,
        )


def _equal_columns(labels: Sequence[str | None]) -> str:
    names = [label for label in labels if label is not None]
    if not names:
        return "a column equals"
    several = len(names) > 1
    return f"{'columns' if several else 'column'} {quote_some(names)} equal{'' if several else 's'}"


def _varies(summary: ColumnSummary) -> bool:
    """Tell whether a column has more than one value: others can equal it by chance."""
    if summary.counts is not None:
        return bool(np.count_nonzero(summary.counts) > 1)
    return summary.moments is not None and summary.moments.squares > 0


def _describe(column: Column, suspicion: _Suspicion, levels: _Levels, each: str) -> str:
    name = "" if column.label is None else f" {quote(column.label)}"
    number = len(levels.names)
    what = "the outcome" if each == "classes" else "column"
    return f"{what}{name} ({number:,} {each}: {suspicion.words})"


def _suspect(column: Column, levels: _Levels) -> _Suspicion | None:
    suspicion = _suspect_text(levels) if column.kind == "text" else _suspect_factor(levels)
    if suspicion is None and len(levels.names) >= NAMES and levels.in_half_the_rows:
        return _Suspicion("names", f"more than half as many as the {sum(levels.rows):,} rows")
    return suspicion


def _suspect_text(levels: _Levels) -> _Suspicion | None:
    marks = [name for name in levels.names if is_missing_mark(name)]
    rest = [name for name in levels.names if not is_missing_mark(name)]
    many = _are_many(levels, rest)
    if mostly(rest, number_format, _SHARE):
        others = [name for name in rest if number_format(name) is None]
        if any(has_leading_zero(name) for name in rest):
            return None
        if many or (marks and not others and len(rest) > 1):
            return _Suspicion("numbers", _words(_number_words(rest), [*marks, *others], levels))
    elif many and mostly(rest, time_format, _SHARE):
        others = [name for name in rest if time_format(name) is None]
        return _Suspicion("dates", _words(_time_words(rest), [*marks, *others], levels))
    return None


def _suspect_factor(levels: _Levels) -> _Suspicion | None:
    """Suspect a factor only on stronger evidence than text: it was made on purpose."""
    marks = [name for name in levels.names if is_missing_mark(name)]
    rest = [name for name in levels.names if not is_missing_mark(name)]
    if len(rest) <= MANY or not (marks or len(rest) > sum(levels.rows) / 4):
        return None
    suspicion = _suspect_text(levels)
    return suspicion if suspicion is None or marks or suspicion.words != "numbers" else None


def _are_many(levels: _Levels, rest: Sequence[str]) -> bool:
    return len(rest) > MANY or (len(rest) >= FEW and levels.in_half_the_rows)


def _words(what: str, others: Sequence[str], levels: _Levels) -> str:
    return f"{what}, but for {quote_some(others)} in {levels.rows_of(others)}" if others else what


def _number_words(names: Sequence[str]) -> str:
    kinds = Counter(kind for name in names if (kind := number_format(name)) is not None)
    odd = {kind: count for kind, count in kinds.items() if kind != "numbers"}
    return max(odd, key=lambda kind: odd[kind]) if odd else "numbers"


def _time_words(names: Sequence[str]) -> str:
    return Counter(filter(None, map(time_format, names))).most_common(1)[0][0]

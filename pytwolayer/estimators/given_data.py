"""The data of an estimator that are in files, or have outcome and weights among their columns."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pytwolayer.checks import describe, those_there
from pytwolayer.errors import ArgumentError
from pytwolayer.estimators.frames import frame_of
from pytwolayer.files.arrow_objects import arrow_reader, arrow_vector, is_arrow, is_dataset
from pytwolayer.files.column_types import ColumnTypes, Levels
from pytwolayer.files.local_paths import is_in_files
from pytwolayer.files.new_data import open_typed
from pytwolayer.files.open_table import open_table
from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.preprocessing.row_source import SourcedTable
from pytwolayer.preprocessing.table import as_pandas, column_names, columns_at

_USUAL = ("X", "y", "sample_weight")
_LARGEST = 2.0**53  # up to which doubles are exact integers


def take_named(
    X: Any,
    y: Any,
    sample_weight: Any,
    encoders: Sequence[Encoder] = (),
    classes: NDArray[Any] | None = None,
    *,
    arguments: tuple[str, str, str] = _USUAL,
) -> tuple[Any, Any, Any]:
    """Open predictors that are in files, and take out of them an outcome and weights by name.

    Parameters
    ----------
    X : any
        A path, or a dataset of pyarrow, becomes a source of rows. Other data stay what they are.
    y, sample_weight : any
        If text, the name of a column of ``X``, which then is no predictor.
    encoders : sequence of Encoder
        Those of the fit: columns of files are of the types of training, in its order, others are
        left out.
    classes : array, optional
        Those of the fit.
    arguments : tuple of str
        What the three are called in error messages.

    Raises
    ------
    ArgumentError
        If a file cannot be read, or there is no column of that name.
    """
    given = zip(arguments[1:], (y, sample_weight), strict=True)
    names = {argument: value for argument, value in given if isinstance(value, str)}
    if is_in_files(X) or is_dataset(X):
        text = {} if y is None else {str(y): _levels(classes)}
        X = _open(arguments[0], X, names.values(), encoders, text)
    if not names:
        return X, y, sample_weight
    columns = _Columns(arguments[0], X, next(iter(names.items())))
    for argument, name in names.items():
        if name not in columns.names:
            expected = f"the name of a column of `{arguments[0]}`"
            received = describe(name) + those_there(name, columns.names)
            raise ArgumentError(argument, expected, received)
    if len(set(names.values())) < len(names):
        raise ArgumentError(arguments[2], "another column than the outcome", describe(y))
    taken = (columns.take(v) if isinstance(v, str) else v for v in (y, sample_weight))
    return columns.without(names.values()), *taken


def _levels(classes: NDArray[Any] | None) -> Levels:
    """Return the levels that classes of text are in files."""
    is_text = classes is not None and classes.dtype.kind in "OUT"
    return frozenset(map(str, classes)) if is_text and classes is not None else None


def _open(
    argument: str,
    X: Any,
    named: Collection[str],
    encoders: Sequence[Encoder],
    levels: dict[str, Levels],
) -> Any:
    if not encoders or not encoders[0].names:
        return open_table(argument, X, outcome=named)
    typed = {name: levels.get(name) for name in named}
    types = ColumnTypes.from_encoders(encoders).and_also(typed)
    table = open_typed(argument, X, types, also=[*named])
    there = column_names(argument, table)
    own = [there.index(name) for name in encoders[0].names if name in there]
    return columns_at(table, [*own, *(n for n in range(len(there)) if n not in own)])


class _Columns:
    """The columns of predictors that have names.

    Parameters
    ----------
    argument : str
        What the predictors came in.
    X : any
    named : tuple
        The argument that names a column, and its name.
    """

    def __init__(self, argument: str, X: Any, named: tuple[str, str]) -> None:
        if is_arrow(X) and arrow_vector(X) is None:
            self._table = arrow_reader(argument, X).read_all()
            self.names: list[str] = self._table.column_names
            return
        self._table = as_pandas(X)
        if not isinstance(self._table, (pd.DataFrame, SourcedTable)):
            expected = f"the values themselves where the columns of `{argument}` have no names"
            raise ArgumentError(named[0], expected, describe(named[1]))
        self.names = column_names(argument, self._table)

    def take(self, name: str) -> Any:
        """Return a column as a vector."""
        if is_arrow(self._table):
            return self._table.column(name)
        column = columns_at(self._table, [self.names.index(name)])
        if not isinstance(column, SourcedTable):
            return column.iloc[:, 0]
        series = frame_of(column).iloc[:, 0]
        if column.columns[0].kind == "logical" and not series.isna().any():
            return series.astype(np.bool_)
        return _as_integers(series)

    def without(self, names: Collection[str]) -> Any:
        """Return the other columns."""
        if is_arrow(self._table):
            return self._table.drop_columns([*names])
        return columns_at(
            self._table, [n for n, name in enumerate(self.names) if name not in names]
        )


def _as_integers(series: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return doubles as integers if they are whole: classes are what they are in a data frame."""
    if series.dtype != np.float64:
        return series
    whole = (series == np.floor(series)) & (series.abs() < _LARGEST)
    return series.astype(np.int64) if whole.all() else series

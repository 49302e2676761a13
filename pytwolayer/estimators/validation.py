"""Checks of the estimators' data: scikit-learn's, except that frames may have text columns."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.validation import _check_sample_weight, validate_data

from pytwolayer.checks import quote_some
from pytwolayer.errors import ArgumentError
from pytwolayer.preprocessing.row_source import SourcedTable


def has_non_numeric(X: Any) -> bool:
    """Tell whether it is a data frame with columns that are not numeric."""
    if not isinstance(X, pd.DataFrame):
        return False
    return not all(pd.api.types.is_numeric_dtype(kind) for kind in X.dtypes)


def read_predictors(estimator: Any, X: Any, *, raw: bool, reset: bool) -> Any:
    """Check predictors as scikit-learn does.

    Parameters
    ----------
    estimator : estimator
        Its ``n_features_in_`` and ``feature_names_in_`` are set or compared.
    X : array or DataFrame
    raw : bool
        Whether text and categorical columns are left as they are.
    reset : bool
        Whether those attributes are set.

    Returns
    -------
    array or DataFrame
        With the names of ``feature_names_in_``, if the estimator has them.

    Raises
    ------
    ValueError
        If a value is missing or infinite, or the columns are not those of the fit.
    """
    if raw:
        X = validate_data(estimator, X, reset=reset, skip_check_array=True)
        X = X if isinstance(X, pd.DataFrame) else np.asarray(X, dtype=object)
        _refuse_missing(X)
    else:
        numbers = [np.float64, np.float32]
        X = validate_data(estimator, X, reset=reset, dtype=numbers, accept_sparse=["csr"])
        if issparse(X):
            return X
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        names = [f"x{number + 1}" for number in range(estimator.n_features_in_)]
        return X.set_axis(names, axis=1) if isinstance(X, pd.DataFrame) else X
    return X if isinstance(X, pd.DataFrame) else pd.DataFrame(X, columns=names)


def read_sourced(estimator: Any, X: SourcedTable, *, reset: bool) -> SourcedTable:
    """Check the names and the number of columns of a source of rows, as ``read_predictors()``.

    Its values are checked as they are read.
    """
    validate_data(estimator, pd.DataFrame(columns=X.names), reset=reset, skip_check_array=True)
    names: list[str] = [*getattr(estimator, "feature_names_in_", X.names or [])]
    columns = [
        replace(column, kind="number") if column.kind == "logical" else column
        for column in X.columns
    ]
    return replace(X, names=names, columns=columns)


def _refuse_missing(X: Any) -> None:
    missing = pd.isna(X)
    if not np.asarray(missing).any():
        return
    frame = pd.DataFrame(missing)
    columns = quote_some([name for name, found in frame.any().items() if found])
    raise ArgumentError("X", "without missing values", f"NaN in column {columns}")


def read_outcome(estimator: Any, X: Any, y: Any, *, kind: str | None) -> NDArray[Any]:
    """Check an outcome as scikit-learn does.

    Parameters
    ----------
    kind : str or None
        "numeric", or None for labels.
    """
    if y is None:
        name = type(estimator).__name__
        raise ValueError(f"This {name} estimator requires y to be passed, but the target y is None")
    if np.any(pd.isna(y)):  # scikit-learn accepts None among labels, and fails on pandas' NA
        raise ValueError("Input y contains NaN.")
    how = {"ensure_2d": False, "dtype": kind, "input_name": "y", "estimator": estimator}
    try:
        values: NDArray[Any] = check_array(y, **how)
    except ValueError as problem:
        if "could not convert string" not in str(problem):
            raise
        expected = "numbers for a regression (TwoLayerClassifier takes labels)"
        raise ArgumentError("y", expected, "text") from problem
    check_consistent_length(X, values)
    return values


def check_weights(sample_weight: Any, X: Any) -> NDArray[np.float64] | None:
    """Check weights as scikit-learn does: one for each row, or one number."""
    if sample_weight is None:
        return None
    weights: NDArray[np.float64] = _check_sample_weight(sample_weight, X, dtype=np.float64)
    return weights


def with_names_of(values: Any, y: Any) -> Any:
    """Return values with the names of the outcome ``y``, if it has any."""
    if isinstance(y, pd.DataFrame):
        return pd.DataFrame(values, columns=y.columns)
    return pd.Series(values, name=y.name) if isinstance(y, pd.Series) else values

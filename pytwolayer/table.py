"""From the user's table to the network's float matrix, and back for predictions.

All of it works in double precision, column by column, until the last cast, so the layout
in which a table arrives does not change a bit of the result.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pytwolayer.arguments import shown
from pytwolayer.errors import ArgumentError
from pytwolayer.torch_loading import torch

Doubles = NDArray[np.float64]
_ROUNDING = 10 * np.finfo(np.float64).eps
_TINY = 1e-140  # the square of a smaller number loses digits


@dataclass(frozen=True)
class Table:
    """A checked table.

    Attributes
    ----------
    names : tuple of str or None
        Column names, where the table has any.
    columns : list of array
        One vector of doubles per column, all finite, all of one length.
    vector : bool
        Whether it came as a vector and not as a table.
    """

    names: tuple[str, ...] | None
    columns: list[Doubles]
    vector: bool = False

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.columns[0])


@dataclass(frozen=True)
class _Parts:
    """A table taken apart, nothing of it checked yet."""

    names: list[str] | None
    shape: tuple[int, ...]
    columns: list[Any]


def read_table(
    argument: str, data: Any, *, vector: bool = False, like: "Standardizer | None" = None
) -> Table:
    """Check a table and take its columns.

    Parameters
    ----------
    argument : str
        Its name in error messages.
    data : DataFrame, Series, array, tensor or nested sequence
        Shape ``(rows, columns)``, or ``(rows,)`` where ``vector`` allows it.
    vector : bool
        Whether a vector will do.
    like : Standardizer, optional
        Take the columns that this one was made from, in their order: by name where both
        have names, by position otherwise. Others are not looked at.

    Raises
    ------
    ArgumentError
        If it has no rows or columns, lacks columns, is not numeric or not finite.
    """
    parts = _split(argument, data)
    if len(parts.shape) != 2 and not (vector and len(parts.shape) == 1):
        expected = "a table with rows and columns" + (" or a vector" if vector else "")
        received = f"data of shape {parts.shape}" if parts.shape else shown(data)
        raise ArgumentError(argument, expected, received)
    if 0 in parts.shape[1:] or (like is None and 0 in parts.shape):
        expected = "a table of at least one row and one column"
        raise ArgumentError(argument, expected, f"data of shape {parts.shape}")
    if like is not None:
        parts = _pick(argument, parts, like)
    _refuse_twins(argument, parts.names)
    if len(parts.shape) == 2:
        labels = parts.names or [str(number + 1) for number in range(len(parts.columns))]
        places = [f' in column "{label}"' for label in labels]
    else:
        places = [""]
    pairs = zip(places, parts.columns, strict=True)
    columns = [_doubles(argument, place, column) for place, column in pairs]
    names = tuple(parts.names) if parts.names else None
    return Table(names, columns, vector=len(parts.shape) == 1)


def _split(argument: str, data: Any) -> _Parts:
    if isinstance(data, pd.DataFrame):
        names = [str(name) for name in data.columns]
        return _Parts(names, data.shape, [data.iloc[:, j] for j in range(data.shape[1])])
    if isinstance(data, pd.Series):
        return _Parts(None if data.name is None else [str(data.name)], data.shape, [data])
    array = _array(argument, data)
    columns = [array] if array.ndim == 1 else list(array.T) if array.ndim == 2 else []
    return _Parts(None, array.shape, columns)


def _array(argument: str, data: Any) -> NDArray[Any]:
    if isinstance(data, torch.Tensor):
        data = data.detach().cpu()
        data = data.to_dense() if data.layout != torch.strided else data
        data = data.float() if data.dtype == torch.bfloat16 else data
        return np.asarray(data.resolve_conj().resolve_neg())
    if isinstance(data, np.ma.MaskedArray):
        return np.where(np.ma.getmaskarray(data), np.nan, data.data)
    try:
        return np.asarray(data)
    except ValueError:
        received = f"a {type(data).__name__} with rows of different lengths"
        raise ArgumentError(argument, "a table or an array", received) from None


def _pick(argument: str, parts: _Parts, like: "Standardizer") -> _Parts:
    if like.names is None or parts.names is None:
        if len(parts.columns) != len(like.center):
            expected = f"a table of {len(like.center)} columns"
            raise ArgumentError(argument, expected, f"one of {len(parts.columns)}")
        return parts
    missing = [f'"{name}"' for name in like.names if name not in parts.names]
    if missing:
        expected = "a table with every column seen in training"
        raise ArgumentError(argument, expected, "one without " + ", ".join(missing))
    wanted = set(like.names)
    _refuse_twins(argument, [name for name in parts.names if name in wanted])
    by_name = dict(zip(parts.names, parts.columns, strict=True))
    return _Parts(list(like.names), parts.shape, [by_name[name] for name in like.names])


def _refuse_twins(argument: str, names: Sequence[str] | None) -> None:
    if names and len(set(names)) < len(names):
        twins = sorted({f'"{name}"' for name in names if names.count(name) > 1})
        received = "one with several columns " + ", ".join(twins)
        raise ArgumentError(argument, "a table whose column names differ", received)


def _doubles(argument: str, place: str, column: Any) -> Doubles:
    kind = column.dtype
    numeric = pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind)
    if not numeric:
        raise ArgumentError(argument, "numeric", f"{_kind(column)}{place}")
    if isinstance(column, pd.Series):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        values = np.asarray(column, dtype=np.float64)
    values = np.ascontiguousarray(values)
    bad = values.size - np.count_nonzero(np.isfinite(values))
    if bad:
        received = f"missing or infinite{place} ({bad} of {values.size} values)"
        raise ArgumentError(argument, "finite", received)
    return values


def _kind(column: Any) -> str:
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return "a factor"
    if pd.api.types.is_datetime64_any_dtype(kind):
        return "dates"
    if pd.api.types.is_object_dtype(kind) or pd.api.types.is_string_dtype(kind):
        text = all(isinstance(value, str) for value in column[~pd.isna(column)])
        return "text" if text else "objects"
    return f"{kind} values"


@dataclass(frozen=True)
class Standardizer:
    """Centres and scales columns to mean 0 and standard deviation 1.

    Attributes
    ----------
    names : tuple of str or None
        Column names, where the table it was made from had any.
    center, scale : tuple of float
        Mean and population standard deviation of each column; the scale of a constant
        column is 1.
    """

    names: tuple[str, ...] | None
    center: tuple[float, ...]
    scale: tuple[float, ...]

    @classmethod
    def of(cls, argument: str, table: Table) -> "Standardizer":
        """Measure the columns of ``table``."""
        pairs = [_center_and_scale(argument, column) for column in table.columns]
        return cls(table.names, tuple(c for c, _ in pairs), tuple(s for _, s in pairs))

    def standardize(self, argument: str, columns: Sequence[Doubles]) -> torch.Tensor:
        """Give the float32 matrix, shape ``(rows, columns)``, that the network is fed.

        Raises
        ------
        ArgumentError
            If a number is so far from those seen in training that float32 cannot hold it.
        """
        matrix = np.empty((len(columns[0]), len(columns)), dtype=np.float32)
        with np.errstate(over="ignore"):
            for j, column in enumerate(columns):
                matrix[:, j] = (column - self.center[j]) / self.scale[j]
                if not np.isfinite(matrix[:, j]).all():
                    label = self.names[j] if self.names else j + 1
                    received = f'{np.max(np.abs(column)):.3g} in column "{label}"'
                    raise ArgumentError(argument, "of the size seen in training", received)
        return torch.from_numpy(matrix)

    def restore(self, matrix: torch.Tensor) -> Doubles:
        """Turn the network's output back to the user's scale."""
        return matrix.numpy().astype(np.float64) * self.scale + self.center


def _center_and_scale(argument: str, column: Doubles) -> tuple[float, float]:
    largest = float(np.max(np.abs(column)))
    with np.errstate(over="ignore", invalid="ignore"):
        center, scale = float(np.mean(column)), float(np.std(column))
        if scale < _TINY:
            # Measured on a scale where squares keep their digits; powers of 2 are exact.
            _, exponent = np.frexp(largest)
            scale = float(np.ldexp(np.std(np.ldexp(column, -exponent)), exponent))
    if not np.isfinite(scale):
        received = f"numbers as large as {largest:.3g}"
        raise ArgumentError(argument, "of a size that can be standardised", received)
    # Rounding leaves a constant column a scale that is not quite zero.
    constant = scale <= _ROUNDING * largest
    return center, 1.0 if constant else scale

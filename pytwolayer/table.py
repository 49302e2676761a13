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

from pytwolayer.errors import ArgumentError
from pytwolayer.torch_loading import torch

Doubles = NDArray[np.float64]
_ROUNDING = 10 * np.finfo(np.float64).eps


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


def read_table(argument: str, data: Any, *, vector: bool = False) -> Table:
    """Check a table and take its columns.

    Parameters
    ----------
    argument : str
        Its name in error messages.
    data : DataFrame, Series, array, tensor or nested sequence
        Shape ``(rows, columns)``, or ``(rows,)`` where ``vector`` allows it.
    vector : bool
        Whether a vector will do.

    Raises
    ------
    ArgumentError
        If it has no rows or columns, is not numeric or not finite.
    """
    names, shape, columns = _split(argument, data)
    if len(shape) != 2 and not (vector and len(shape) == 1):
        expected = "a table with rows and columns" + (" or a vector" if vector else "")
        raise ArgumentError(argument, expected, f"data of shape {shape}")
    if 0 in shape:
        raise ArgumentError(
            argument, "a table of at least one row and one column", f"data of shape {shape}"
        )
    if names and len(set(names)) < len(names):
        twice = sorted({f'"{name}"' for name in names if names.count(name) > 1})
        received = "one with several columns " + ", ".join(twice)
        raise ArgumentError(argument, "a table whose column names differ", received)
    labels = names or [str(number) for number in range(1, len(columns) + 1)]
    places = [f' in column "{label}"' for label in labels] if len(shape) == 2 else [""]
    checked = [
        _doubles(argument, place, column) for place, column in zip(places, columns, strict=True)
    ]
    return Table(tuple(names) if names else None, checked, vector=len(shape) == 1)


def _split(argument: str, data: Any) -> tuple[list[str] | None, tuple[int, ...], list[Any]]:
    """Take a table apart: names, shape, columns."""
    if isinstance(data, pd.DataFrame):
        names = [str(name) for name in data.columns]
        return names, data.shape, [data.iloc[:, j] for j in range(data.shape[1])]
    if isinstance(data, pd.Series):
        return None if data.name is None else [str(data.name)], data.shape, [data]
    if isinstance(data, torch.Tensor):
        data = data.detach().cpu().numpy()
    try:
        array = np.asarray(data)
    except ValueError:
        received = f"a {type(data).__name__} with rows of different lengths"
        raise ArgumentError(argument, "a table or an array", received) from None
    columns = [array] if array.ndim == 1 else list(array.T) if array.ndim == 2 else []
    return None, array.shape, columns


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
        text = all(isinstance(value, str) or pd.isna(value) for value in column)
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

    def standardize(self, columns: Sequence[Doubles]) -> torch.Tensor:
        """Give the float32 matrix, shape ``(rows, columns)``, that the network is fed."""
        matrix = np.empty((len(columns[0]), len(columns)), dtype=np.float32)
        for j, column in enumerate(columns):
            matrix[:, j] = (column - self.center[j]) / self.scale[j]
        return torch.from_numpy(matrix)

    def restore(self, matrix: torch.Tensor) -> Doubles:
        """Turn the network's output back to the user's scale."""
        return matrix.numpy().astype(np.float64) * self.scale + self.center

    def pick(self, argument: str, table: Table) -> list[Doubles]:
        """Take from new data the columns this was made from, in their order.

        They are found by name where both have names, by position otherwise.

        Raises
        ------
        ArgumentError
            If columns are missing, or without names their number differs.
        """
        if self.names is None or table.names is None:
            if len(table.columns) != len(self.center):
                expected = f"a table of {len(self.center)} columns"
                raise ArgumentError(argument, expected, f"one of {len(table.columns)}")
            return table.columns
        by_name = dict(zip(table.names, table.columns, strict=True))
        missing = [f'"{name}"' for name in self.names if name not in by_name]
        if missing:
            expected = "a table with every column seen in training"
            raise ArgumentError(argument, expected, "one without " + ", ".join(missing))
        return [by_name[name] for name in self.names]


def _center_and_scale(argument: str, column: Doubles) -> tuple[float, float]:
    with np.errstate(over="ignore", invalid="ignore"):
        center, scale = float(np.mean(column)), float(np.std(column))
    if not np.isfinite(scale):
        received = f"numbers as large as {np.max(np.abs(column)):.3g}"
        raise ArgumentError(argument, "of a size that can be standardised", received)
    # Rounding leaves a constant column a scale that is not quite zero.
    constant = scale <= _ROUNDING * np.max(np.abs(column))
    return center, 1.0 if constant else scale

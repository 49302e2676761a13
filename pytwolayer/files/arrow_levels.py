"""Levels of Arrow arrays, of text or with dictionaries: which there are, and their codes.

pyarrow is imported where it is needed: it is optional.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pytwolayer.files.arrow_columns import ArrowKind, is_text
from pytwolayer.preprocessing.column_reading import level_name
from pytwolayer.preprocessing.row_source import Doubles


class _Growing:
    """The dictionary of the arrays of a column: it often is that of the array before, and more."""

    def __init__(self) -> None:
        self._before: Any = None

    def next(self, dictionary: Any) -> tuple[int, Any]:
        """Return how many values are those of before, from the first on, and the others."""
        before, self._before = self._before, dictionary
        known = 0
        if before is not None and dictionary.slice(0, len(before)).equals(before):
            known = len(before)
        others = dictionary.slice(known)
        others.validate(full=True)  # files and others' libraries may give bytes that are not text
        return known, others


class _LevelCodes:
    """Reads the codes of a column of levels; a subclass gives the code of a level."""

    def __init__(self) -> None:
        self._growing = _Growing()
        self._mapped: Doubles = np.array([np.nan])

    def read(self, array: Any) -> Doubles:
        """Return the codes of an array; NaN where missing."""
        if is_nothing(array):
            return np.full(len(array), np.nan)
        array = as_dictionary(array)
        known, others = self._growing.next(array.dictionary)
        if len(others) or known + 1 != len(self._mapped):
            labels = level_labels(others)
            codes = [
                np.nan if name is None else self._code(name, label)
                for name, label in zip(level_names(labels), labels, strict=True)
            ]
            # The code of a missing value comes last.
            self._mapped = np.concatenate([self._mapped[:known], codes, [np.nan]])
        codes_of_rows: Doubles = self._mapped[places_in_dictionary(array)]
        return codes_of_rows

    def _code(self, name: str, label: Any) -> float:
        raise NotImplementedError


class LevelReader(_LevelCodes):
    """Reads the codes of a column whose levels are known.

    Parameters
    ----------
    levels : sequence of str
        All levels of the column, in the order of their codes.
    """

    def __init__(self, levels: Sequence[str]) -> None:
        super().__init__()
        self._codes = {level: float(code) for code, level in enumerate(levels)}

    def _code(self, name: str, label: Any) -> float:
        return self._codes[name]


class LevelScan:
    """Collects the levels of a column from its arrays."""

    def __init__(self, kind: Literal["factor", "text"]) -> None:
        self._kind = kind
        self._labels: dict[str, Any] = {}
        self._growing = _Growing()
        self._dictionary: Any = None
        self._seen: NDArray[np.bool_] = np.zeros(1, dtype=np.bool_)

    def add(self, array: Any) -> None:
        """Add the levels of an array."""
        if is_nothing(array):
            return
        array = as_dictionary(array)
        known, others = self._growing.next(array.dictionary)
        if not known:
            self._flush()
        self._dictionary = array.dictionary
        if len(others) or known + 1 != len(self._seen):
            new = np.zeros(len(others) + 1, dtype=np.bool_)
            self._seen = np.concatenate([self._seen[:known], new])
        if self._kind == "text":  # of a factor all levels count
            self._seen[places_in_dictionary(array)] = True

    def _flush(self) -> None:
        if self._dictionary is None:
            return
        labels = level_labels(self._dictionary)
        for name, label, seen in zip(level_names(labels), labels, self._seen[:-1], strict=True):
            if name is not None and (seen or self._kind == "factor"):
                self._labels.setdefault(name, label)

    def labels(self) -> dict[str, Any]:
        """Return the levels and what the user has for them; text sorted by code point."""
        self._flush()
        self._dictionary = None
        if self._kind == "text":
            return {name: name for name in sorted(self._labels)}
        return self._labels


class LevelCoder(_LevelCodes):
    """Gives the levels of a column codes in the order in which they come."""

    def __init__(self, kind: ArrowKind) -> None:
        super().__init__()
        self._kind = kind
        self._codes: dict[str, float] = {}
        self._labels: dict[str, Any] = {}

    def _code(self, name: str, label: Any) -> float:
        self._labels.setdefault(name, label)
        return self._codes.setdefault(name, float(len(self._codes)))

    def sorted(self) -> tuple[dict[str, Any], Doubles]:
        """Return the levels in their order, with their labels, and the new code of each code."""
        order = sorted(self._codes) if self._kind == "text" else [*self._codes]
        place = {name: float(number) for number, name in enumerate(order)}
        recoding = np.array([place[name] for name in self._codes], dtype=np.float64)
        return {name: self._labels[name] for name in order}, recoding


def is_nothing(array: Any) -> bool:
    """Tell whether an array has no type of its own, as all of its values are missing."""
    import pyarrow as pa

    return bool(pa.types.is_null(array.type))


def as_dictionary(array: Any) -> Any:
    """Return an array of text as one with a dictionary."""
    import pyarrow as pa

    return array if pa.types.is_dictionary(array.type) else array.dictionary_encode()


def places_in_dictionary(array: Any) -> NDArray[Any]:
    """Return the places in the dictionary; that of missing values is the dictionary's length."""
    indices, last = array.indices, len(array.dictionary) - 1
    if indices.null_count:
        import pyarrow as pa

        indices = indices.cast(pa.int64()).fill_null(len(array.dictionary))
        last += 1
    places: NDArray[Any] = indices.to_numpy(zero_copy_only=False)
    if len(places) and (places.min() < 0 or places.max() > last):
        raise IndexError("Codes without a level")
    return places


def level_labels(dictionary: Any) -> list[Any]:
    """Return the values of a dictionary as Python has them; None for a missing one."""
    import pyarrow as pa

    if is_text(dictionary.type) or pa.types.is_boolean(dictionary.type):
        labels: list[Any] = dictionary.to_pylist()
        return labels
    values = pd.Index(dictionary.to_pandas())
    gaps = values.isna()
    return [None if gap else v for v, gap in zip(values.tolist(), gaps, strict=True)]


def level_names(labels: Sequence[Any]) -> list[str | None]:
    """Return the levels' names; None for a missing one."""
    return [None if label is None else level_name(label) for label in labels]

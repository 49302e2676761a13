"""The encoding of numbers as SQL: each input of the network as an expression of its column."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pytwolayer.export.sql_dialects import number
from pytwolayer.preprocessing.block_writer import Coding, LevelCoding
from pytwolayer.preprocessing.standardize import NumberCoding

_LARGEST = float(np.finfo(np.float64).max)
# Multiplied with it and subtracted again, a double keeps the 24 digits of single precision.
_SPLIT = 2.0**29 + 1
_TINY = 1e-200


@dataclass(frozen=True)
class NumberInput:
    """An input that rises with a number: ``((x - start) / width - center) / scale``, clipped.

    Attributes
    ----------
    start, width, center, scale : float
        ``width`` 0: the input is 0. ``scale`` 0: nothing is subtracted and divided again.
    low, high : float
        Between which the first quotient is kept.
    limit : float
        The result is kept between ``-limit`` and ``limit``.
    """

    start: float
    width: float
    center: float = 0.0
    scale: float = 0.0
    low: float = -np.inf
    high: float = np.inf
    limit: float = np.inf

    def __call__(self, x: float) -> float:
        """Encode a number as ``predict()`` does."""
        if not self.width:
            return 0.0
        with np.errstate(over="ignore", invalid="ignore"):
            z: Any = (np.float64(x) - self.start) / self.width
            if self.scale:
                z = (min(max(z, self.low), self.high) - self.center) / self.scale
            limit = np.float32(self.limit)
            return float(min(max(np.float32(z), -limit), limit))

    def range(self) -> tuple[float, float]:
        """Return the smallest and largest number whose input is finite."""

        def is_finite(x: float) -> bool:
            return bool(np.isfinite(self(x)))

        middle = min(max(self.start, -_LARGEST), _LARGEST)
        return -last_where(lambda x: is_finite(-x), -middle), last_where(is_finite, middle)

    def sql(self, x: str) -> str:
        """Write the input of a finite number within ``range()``."""
        if not self.width:
            return f"{x} * 0e0"
        z = f"({x} - {number(self.start)}) / {number(self.width)}"
        if self.scale:
            z = f"({z} - {number(self.center)}) / {number(self.scale)}"
        large = f"{z} * {number(_SPLIT)}"
        rounded = f"{large} - ({large} - {z})"
        cases = []
        if abs(self.start) < _TINY:  # PostgreSQL makes an error of products that are too small
            last = last_where(lambda x: self(x) == self(self.start), self.start)
            first = -last_where(lambda x: self(-x) == self(self.start), -self.start)
            near = f"{x} BETWEEN {number(first)} AND {number(last)}"
            cases.append(f"WHEN {near} THEN {number(self(self.start))}")
        bottom, top = self(-_LARGEST), self(_LARGEST)
        if np.isfinite(bottom):
            edge = last_where(lambda x: self(x) == bottom, -_LARGEST)
            cases.append(f"WHEN {x} <= {number(edge)} THEN {number(bottom)}")
        if np.isfinite(top):
            edge = -last_where(lambda x: self(-x) == top, -_LARGEST)
            cases.append(f"WHEN {x} >= {number(edge)} THEN {number(top)}")
        return f"CASE {' '.join(cases)} ELSE {rounded} END" if cases else rounded


def number_inputs(coding: Coding) -> list[NumberInput]:
    """Return the inputs of a column of numbers."""
    assert not isinstance(coding, LevelCoding)
    limit = np.inf if coding.limit is None else coding.limit
    if isinstance(coding, NumberCoding):
        return [NumberInput(coding.center, coding.scale, limit=limit)]
    inputs = []
    for piece, (center, scale) in enumerate(zip(coding.center, coding.scale, strict=True)):
        start, end = coding.knots[piece : piece + 2]
        low = -np.inf if piece == 0 else 0.0
        high = np.inf if piece == coding.width - 1 else 1.0
        width = end - start if scale else 0.0
        inputs.append(NumberInput(start, width, center, scale, low, high, limit))
    return inputs


def common_range(inputs: Sequence[NumberInput]) -> tuple[float, float]:
    """Return the smallest and largest number for which all inputs are finite."""
    ranges = [one.range() for one in inputs if one.width] or [(-_LARGEST, _LARGEST)]
    return max(low for low, _ in ranges), min(high for _, high in ranges)


def are_logicals(coding: Coding) -> bool:
    """Tell whether a column may have held logicals: all its numbers were 0 or 1."""
    if not isinstance(coding, NumberCoding) or not 0 <= coding.center <= 1:
        return False
    return bool(abs(coding.scale**2 - coding.center * (1 - coding.center)) < 1e-9)


def last_where(holds: Callable[[float], bool], start: float) -> float:
    """Return the largest double for which a condition holds that holds for ``start``.

    Of two numbers above ``start`` it holds for the smaller one if it does for the larger.
    """
    low, high = _place(start), _place(_LARGEST)
    if holds(_LARGEST):
        return _LARGEST
    while high - low > 1:
        middle = (low + high) // 2
        if holds(_at(middle)):
            low = middle
        else:
            high = middle
    return _at(low)


def _place(x: float) -> int:
    """Return a double's place among all in ascending order, 0 having 0."""
    (bits,) = struct.unpack("<q", struct.pack("<d", x))
    return int(bits) if bits >= 0 else -(int(bits) + 2**63)


def _at(place: int) -> float:
    (x,) = struct.unpack("<d", struct.pack("<q", abs(place)))
    return float(x) if place >= 0 else -float(x)

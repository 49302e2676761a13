"""Checks of single arguments: each gives the value back in its own type or raises."""

import difflib
import math
from collections.abc import Collection
from numbers import Integral, Real
from typing import Any

from pytwolayer.errors import ArgumentError

LARGEST_SEED = 2**53  # the largest range of whole numbers that R's doubles hold exactly


def shown(value: Any) -> str:
    """Describe ``value`` in an error message, briefly."""
    if value is None:
        return "None"
    text = f'"{value}"' if isinstance(value, str) else repr(value)
    if isinstance(value, float) and value.is_integer():
        text = f"{value:.0f}"  # R's numbers are doubles: 0, not 0.0
    if len(text) > 60 or "\n" in text:
        return f"a {type(value).__name__}"
    if isinstance(value, (bool, Real, str)):
        return text
    return f"{text} (a {type(value).__name__})"


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, Real)


def count(argument: str, value: Any, *, minimum: int = 1, maximum: int | None = None) -> int:
    """Check for a whole number; a whole double such as ``500.0`` is one."""
    expected = f"a whole number of at least {minimum}"
    if maximum is not None:
        expected = f"a whole number from {minimum} to {maximum}"
    whole = _is_number(value) and (
        isinstance(value, Integral) or (math.isfinite(value) and float(value).is_integer())
    )
    if not whole or value < minimum or (maximum is not None and value > maximum):
        raise ArgumentError(argument, expected, shown(value))
    return int(value)


def seed(argument: str, value: Any) -> int:
    """Check for a seed."""
    return count(argument, value, minimum=0, maximum=LARGEST_SEED)


def positive(argument: str, value: Any) -> float:
    """Check for a finite number above zero."""
    if not _is_number(value) or not math.isfinite(value) or value <= 0:
        raise ArgumentError(argument, "a finite number above 0", shown(value))
    return float(value)


def one_of(argument: str, value: Any, choices: Collection[str]) -> str:
    """Check for one of a few names."""
    if not isinstance(value, str) or value not in choices:
        expected = "one of " + ", ".join(f'"{choice}"' for choice in choices)
        raise ArgumentError(argument, expected, shown(value) + _suggestion(value, choices))
    return value


def _suggestion(value: Any, choices: Collection[str]) -> str:
    close = difflib.get_close_matches(value.lower(), choices, 1) if isinstance(value, str) else []
    return f' (did you mean "{close[0]}"?)' if close else ""

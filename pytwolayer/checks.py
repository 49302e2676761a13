"""Checks of single arguments: each gives the value back in its own type or raises."""

import math
from collections.abc import Callable, Collection, Sequence
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any

from pytwolayer.errors import ArgumentError, Text

LARGEST_SIZE = 2**31 - 1  # of a layer
LARGEST_SEED = 2**53  # the largest range of whole numbers that R's doubles hold exactly


def describe(value: Any) -> str:
    """Describe ``value`` in an error message, briefly."""
    if value is None or isinstance(value, bool):
        return Text("{}", value)
    if isinstance(value, Real):
        return _describe_number(value)
    text = f'"{value}"' if isinstance(value, str) else repr(value)
    if len(text) > 60 or "\n" in text:
        return f"a {type(value).__name__}"
    return text if isinstance(value, str) else f"{text} (a {type(value).__name__})"


def _describe_number(value: Real) -> str:
    if isinstance(value, Integral):
        number = int(value)
        sign = "-" if number < 0 else ""
        short = abs(number) < 10**20
        return str(number) if short else f"about {sign}2**{number.bit_length()}"
    double = float(value)
    whole = double.is_integer() and abs(double) < 1e15
    return f"{double:.0f}" if whole else Text("{}", double)  # R's numbers are doubles: 0, not 0.0


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, Real)


def count(argument: str, value: Any, *, minimum: int = 1, maximum: int | None = None) -> int:
    """Check for a whole number; a whole double such as ``500.0`` is one."""
    expected = f"a whole number of at least {minimum}"
    if maximum is not None:
        expected = f"a whole number from {minimum} to {maximum}"
    whole = _is_number(value) and (
        isinstance(value, Integral) or (_is_finite(value) and float(value).is_integer())
    )
    if not whole or value < minimum or (maximum is not None and value > maximum):
        raise ArgumentError(argument, expected, describe(value))
    return int(value)


def size(argument: str, value: Any) -> int:
    """Check for the size of a layer or of data."""
    number = count(argument, value)
    if number > LARGEST_SIZE:
        raise ArgumentError(argument, f"at most {LARGEST_SIZE}", describe(value))
    return number


def seed(argument: str, value: Any) -> int:
    """Check for a seed."""
    return count(argument, value, minimum=0, maximum=LARGEST_SEED)


def positive(argument: str, value: Any, *, maximum: float | None = None) -> float:
    """Check for a finite number above zero."""
    if not _is_number(value) or not _is_finite(value) or value <= 0:
        raise ArgumentError(argument, "a finite number above 0", describe(value))
    if maximum is not None and value > maximum:
        raise ArgumentError(argument, f"at most {maximum:g}", describe(value))
    return float(value)


def between(
    argument: str, value: Any, minimum: float, maximum: float, *, below: bool = False
) -> float:
    """Check for a number from ``minimum`` to ``maximum``, or ``below`` the latter."""
    good = _is_number(value) and _is_finite(value) and minimum <= value <= maximum
    if not good or (below and value == maximum):
        to = f"below {maximum:g}" if below else f"up to {maximum:g}"
        raise ArgumentError(argument, f"a number from {minimum:g} {to}", describe(value))
    return float(value)


def share(argument: str, value: Any) -> float:
    """Check for a share, from 0 below 1; what is given in per cent is told so."""
    try:
        return between(argument, value, 0, 1, below=True)
    except ArgumentError as problem:
        if not _is_number(value) or not 1 < value < 100:
            raise
        meant = f"{problem.received} (did you mean {value / 100:g}?)"
        raise ArgumentError(argument, problem.expected, meant) from None


def is_flag(value: Any) -> bool:
    """Tell whether it is true or false, NumPy's own, which is another type, included."""
    return type(value).__name__ in ("bool", "bool_")


def flag(argument: str, value: Any) -> bool:
    """Check for true or false."""
    if not is_flag(value):
        raise ArgumentError(argument, Text("{} or {}", True, False), describe(value))
    return bool(value)


def function(argument: str, value: Any) -> Any:
    """Check for something that can be called, or None."""
    if value is not None and not callable(value):
        raise ArgumentError(argument, "a function", describe(value))
    return value


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer that no double holds
        return False


def one_of(argument: str, value: Any, choices: Collection[str]) -> str:
    """Check for one of a few names."""
    if not isinstance(value, str) or value not in choices:
        expected = f"one of {quote_some([*choices])}"
        received = describe(value)
        if isinstance(value, str) and (close := get_close_matches(value.lower(), choices, 1)):
            received += f' (did you mean "{close[0]}"?)'
        raise ArgumentError(argument, expected, received)
    return value


def near(name: str, names: Sequence[str]) -> str | None:
    """Find the name that a misspelt one most likely stands for; R's ``near_name()`` finds the same.

    That is one of other capitals, of the same letters in another order, or, of those with the
    fewest changes, one with at most a change for each three letters.
    """
    if len(names) > _MOST_COMPARED:
        return None
    wanted = name.lower()
    lowered = [other.lower() for other in names]
    swapped = [sorted(other) == sorted(wanted) for other in lowered]
    changes = [_changes(wanted, other) for other in lowered]
    fewest = min([*changes, len(name) / 3])
    pairs = zip(names, swapped, changes, strict=True)
    return next((other for other, same, number in pairs if same or number <= fewest), None)


def those_there(absent: str, names: Sequence[str], as_meant: str = "did you mean {}?") -> str:
    """Say, in brackets, which column was meant by a name that no column has; if none, name all."""
    meant = near(absent, names)
    if meant is not None:
        return f" ({as_meant.format(quote(meant))})"
    noun = "only column is" if len(names) == 1 else "columns are"
    return f" (its {noun} {quote_some(names)})" if names else ""


def _changes(one: str, other: str) -> int:
    """Count the letters to insert, leave out or replace (Levenshtein's distance)."""
    before = [*range(len(other) + 1)]
    for row, letter in enumerate(one, 1):
        now: list[int] = [row]
        for place, found in enumerate(other):
            costs = before[place + 1] + 1, now[place] + 1, before[place] + (letter != found)
            now.append(min(costs))
        before = now
    return int(before[-1])


_MOST_COMPARED = 1_000  # names
_ALL, _FIRST = 10, 5  # so many are all named as a rule; of more, the first few
_LONGEST = 60  # characters of a name


def shorten(name: str, longest: int = _LONGEST) -> str:
    """Cut a name that is too long for a message."""
    return name if len(name) <= longest else f"{name[: longest - 3]}..."


def quote(name: object) -> str:
    """Put a name in quotes, cut where it is too long."""
    return f'"{shorten(str(name))}"'


def quote_some(
    names: Sequence[object], most: int = _ALL, as_text: Callable[[object], str] = quote
) -> str:
    """List names: all where there are at most so many, else the first and how many more."""
    if len(names) <= most:
        return ", ".join(as_text(name) for name in names)
    few = ", ".join(as_text(name) for name in names[:_FIRST])
    return f"{few} and {len(names) - _FIRST:,} more"

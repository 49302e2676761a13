"""Columns that a fit computes from those of the data: expressions as trees.

A value that is missing makes missing what is computed of it, but for ``if``, ``and``, ``or`` and
``is_missing``, and for ``IsOneOf``. Conditions are numbers, 1 or 0.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

# The functions of numbers, and how many arguments each has.
FUNCTIONS = {
    **dict.fromkeys(["add", "subtract", "multiply", "divide", "power"], 2),
    **dict.fromkeys(["less", "less_equal", "greater", "greater_equal", "equal", "not_equal"], 2),
    **dict.fromkeys(["and", "or", "minimum", "maximum"], 2),
    **dict.fromkeys(["log", "log2", "log10", "log1p", "exp", "expm1", "sqrt", "abs"], 1),
    **dict.fromkeys(["negate", "sign", "floor", "ceiling", "truncate", "sin", "cos", "tan"], 1),
    **dict.fromkeys(["not", "is_missing"], 1),
    "if": 3,
}


@dataclass(frozen=True)
class Column:
    """A column of the data, of text or of numbers."""

    name: str
    text: bool


@dataclass(frozen=True)
class Number:
    """A constant; NaN is a missing one."""

    value: float


@dataclass(frozen=True)
class Call:
    """One of ``FUNCTIONS`` of numbers."""

    function: str
    arguments: "tuple[Expression, ...]"


@dataclass(frozen=True)
class Bins:
    """The text of the range that a number lies in; missing outside all.

    ``opens`` tells of each which end, "low" or "high", is not in it, or is "".
    """

    value: "Expression"
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    labels: tuple[str, ...]
    opens: tuple[str, ...]


@dataclass(frozen=True)
class Relabel:
    """Other text for each of some texts; missing for the others."""

    value: "Expression"
    old: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True)
class Join:
    """One text for some combinations of texts; missing for the others.

    ``rows`` has for each combination its texts.
    """

    values: "tuple[Expression, ...]"
    rows: tuple[tuple[str, ...], ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Indicator:
    """1 where a text is ``label``, 0 where it is another of ``levels``, else missing."""

    value: "Expression"
    label: str
    levels: tuple[str, ...]


@dataclass(frozen=True)
class Same:
    """1 where a text is ``label``, 0 where it is another."""

    value: "Expression"
    label: str


@dataclass(frozen=True)
class IsOneOf:
    """1 where a text is one of these, 0 where it is another or missing."""

    value: "Expression"
    labels: tuple[str, ...]


Expression = Column | Number | Call | Bins | Relabel | Join | Indicator | Same | IsOneOf


def read_expression(tree: Any) -> Expression:
    """Read a tree of lists: the kind, then its parts; a number stands for itself."""
    if isinstance(tree, (int, float)):
        return Number(float(tree))
    kind, *parts = tree
    if kind == "column":
        return Column(str(parts[0]), bool(parts[1]))
    if kind == "join":
        values, rows, labels = parts
        return Join(_read_all(values), tuple(map(_texts, rows)), _texts(labels))
    if kind in _OF_ONE:
        value, *others = parts
        found: Expression = _OF_ONE[kind](read_expression(value), *others)
        return found
    if FUNCTIONS.get(kind) != len(parts):
        raise ValueError(f"no expression: {kind} of {len(parts)}")
    return Call(kind, _read_all(parts))


def _read_all(trees: Iterable[Any]) -> tuple[Expression, ...]:
    return tuple(read_expression(tree) for tree in trees)


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)


def _numbers(values: Iterable[Any]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


_OF_ONE: dict[str, Any] = {
    "bins": lambda x, low, high, to, opens: Bins(
        x, _numbers(low), _numbers(high), _texts(to), _texts(opens)
    ),
    "relabel": lambda x, old, new: Relabel(x, _texts(old), _texts(new)),
    "indicator": lambda x, label, levels: Indicator(x, str(label), _texts(levels)),
    "same": lambda x, label: Same(x, str(label)),
    "is_one_of": lambda x, labels: IsOneOf(x, _texts(labels)),
}


def parts_of(expression: Expression) -> tuple[Expression, ...]:
    """Return what an expression is computed of."""
    match expression:
        case Column() | Number():
            return ()
        case Call():
            return expression.arguments
        case Join():
            return expression.values
        case _:
            return (expression.value,)


def texts_of(expression: Expression) -> Iterator[str]:
    """Yield the texts in an expression."""
    match expression:
        case Column(name):
            yield name
        case Bins(labels=labels) | IsOneOf(labels=labels):
            yield from labels
        case Relabel(old=old, new=new):
            yield from (*old, *new)
        case Join(rows=rows, labels=labels):
            yield from (*labels, *(text for row in rows for text in row))
        case Indicator(label=label, levels=levels):
            yield from (label, *levels)
        case Same(label=label):
            yield label
    for part in parts_of(expression):
        yield from texts_of(part)


def columns_of(expressions: Sequence[Expression]) -> tuple[Column, ...]:
    """Return the columns of the data that these need, each once, in the order of their use."""
    found: dict[Column, None] = {}
    for expression in expressions:
        if isinstance(expression, Column):
            found[expression] = None
        else:
            found |= dict.fromkeys(columns_of(parts_of(expression)))
    return tuple(found)

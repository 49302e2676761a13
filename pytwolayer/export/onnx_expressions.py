"""Computed columns as nodes of ONNX: numbers as in IEEE 754, of which NaN is missing."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from pytwolayer.export.expressions import (
    Bins,
    Call,
    Column,
    Expression,
    Indicator,
    IsOneOf,
    Join,
    Number,
    Relabel,
    Same,
)
from pytwolayer.export.onnx_graph import Graph

_MISSING = ""  # the text that stands for a missing one


class OnnxColumns:
    """Computes columns in a graph, each once."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._values: dict[Expression, str] = {}
        self._codes: dict[tuple[Expression, tuple[str, ...]], str] = {}

    def number(self, expression: Expression) -> str:
        """Return an expression's numbers, doubles of shape ``(rows, 1)``."""
        if expression not in self._values:
            self._values[expression] = self._compute(expression)
        return self._values[expression]

    def codes(self, expression: Expression, labels: tuple[str, ...]) -> str:
        """Return which of ``labels`` an expression's texts are, -1 for others: whole numbers."""
        key = (expression, labels)
        if key not in self._codes:
            self._codes[key] = self._find(expression, labels)
        return self._codes[key]

    def _compute(self, expression: Expression) -> str:
        g = self._graph
        match expression:
            case Column(name):
                return name
            case Number(value):
                return g.constant(value)
            case Call(function, arguments):
                return _WRITERS[function](g, *map(self.number, arguments))
            case Indicator(value, label, levels):
                code = self.codes(value, levels)
                is_it = g.node("Equal", code, g.constant(np.int64(levels.index(label))))
                return _if_known(g, _known_code(g, code), g.cast(is_it, "double"))
            case Same(value, label):
                code = self.codes(value, (label, _MISSING) if label != _MISSING else (label,))
                is_it = g.node("Equal", code, g.constant(np.int64(0)))
                missing = g.node("Equal", code, g.constant(np.int64(1)))
                return _if_known(g, g.node("Not", missing), g.cast(is_it, "double"))
            case IsOneOf(value, labels):
                return g.cast(_known_code(g, self.codes(value, labels)), "double")
        raise TypeError(f"no numbers: {expression}")

    def _find(self, expression: Expression, labels: tuple[str, ...]) -> str:
        g = self._graph
        match expression:
            case Column(name):
                keys = {"keys_strings": list(labels), "values_int64s": list(range(len(labels)))}
                return g.node("LabelEncoder", name, ml=True, default_int64=-1, **keys)
            case Bins(value, lows, highs, own, opens):
                x, known = self.number(value), []
                for low, high, label, end in zip(lows, highs, own, opens, strict=True):
                    if label in labels:
                        over = "Greater" if end == "low" else "GreaterOrEqual"
                        under = "Less" if end == "high" else "LessOrEqual"
                        above = g.node(over, x, g.constant(low))
                        below = g.node(under, x, g.constant(high))
                        both = g.cast(g.node("And", above, below), "int64")
                        known.append((both, labels.index(label)))
                return _sum_of_places(g, known)
            case Relabel(value, old, new):
                code = self.codes(value, old)
                return _recoded(g, code, [labels.index(n) if n in labels else -1 for n in new])
            case Join(values, rows, own):
                kept = [n for n, label in enumerate(own) if label in labels]
                known = []
                codes = []
                for place, value in enumerate(values):
                    levels = tuple(dict.fromkeys(rows[n][place] for n in kept))
                    codes.append((self.codes(value, levels), levels))
                for n in kept:
                    flags = [
                        g.node("Equal", code, g.constant(np.int64(levels.index(text))))
                        for (code, levels), text in zip(codes, rows[n], strict=True)
                    ]
                    known.append((g.cast(g.combined("And", flags), "int64"), labels.index(own[n])))
                return _sum_of_places(g, known)
        raise TypeError(f"no text: {expression}")


def _sum_of_places(g: Graph, known: Sequence[tuple[str, int]]) -> str:
    """Return the place of the flag that is 1, or -1."""
    terms = [g.node("Mul", flag, g.constant(np.int64(place + 1))) for flag, place in known]
    return g.node("Sub", g.combined("Add", terms), g.constant(np.int64(1)))


def _recoded(g: Graph, code: str, places: Sequence[int]) -> str:
    """Return ``places[code]``, and -1 for -1, by the first of the table that is moved by one."""
    table = g.constant(np.array([-1, *places], np.int64))
    return g.node("Gather", table, g.node("Add", code, g.constant(np.int64(1))), axis=0)


def _known_code(g: Graph, code: str) -> str:
    return g.node("GreaterOrEqual", code, g.constant(np.int64(0)))


def _if_known(g: Graph, known: str, value: str) -> str:
    return g.node("Where", known, value, g.constant(np.nan))


def _is_number(g: Graph, *values: str) -> str:
    return g.combined("And", [g.node("Equal", value, value) for value in values])


def _is_true(g: Graph, x: str) -> str:
    return g.node("Greater", g.node("Abs", x), g.constant(0.0))


def _is_false(g: Graph, x: str) -> str:
    return g.node("Equal", x, g.constant(0.0))


def _compare(*operator: str) -> Callable[[Graph, str, str], str]:
    def write(g: Graph, a: str, b: str) -> str:
        found = g.node(operator[0], a, b)
        for more in operator[1:]:
            found = g.node(more, found)
        return _if_known(g, _is_number(g, a, b), g.cast(found, "double"))

    return write


def _both(g: Graph, a: str, b: str) -> str:
    false = g.node("Or", _is_false(g, a), _is_false(g, b))
    return g.node("Where", false, g.constant(0.0), _if_known(g, _is_number(g, a, b), _one(g)))


def _either(g: Graph, a: str, b: str) -> str:
    true = g.node("Or", _is_true(g, a), _is_true(g, b))
    zero = g.constant(0.0)
    return g.node("Where", true, _one(g), _if_known(g, _is_number(g, a, b), zero))


def _one(g: Graph) -> str:
    return g.constant(1.0)


def _if(g: Graph, condition: str, yes: str, no: str) -> str:
    chosen = g.node("Where", _is_false(g, condition), no, yes)
    return _if_known(g, _is_number(g, condition), chosen)


def _extreme(operator: str) -> Callable[[Graph, str, str], str]:
    def write(g: Graph, a: str, b: str) -> str:
        chosen = g.node("Where", g.node(operator, a, b), a, b)
        return _if_known(g, _is_number(g, a, b), chosen)

    return write


def _log_to_base(base: float) -> Callable[[Graph, str], str]:
    def write(g: Graph, x: str) -> str:
        found = g.node("Div", g.node("Log", x), g.constant(math.log(base)))
        whole = g.node("Round", found)  # exact where x is a power of the base
        power = g.node("Pow", g.constant(base), whole)
        return g.node("Where", g.node("Equal", power, x), whole, found)

    return write


def _log1p(g: Graph, x: str) -> str:
    one = _one(g)
    more = g.node("Add", x, one)
    rest = g.node("Sub", more, one)
    found = g.node("Mul", g.node("Log", more), g.node("Div", x, rest))
    return g.node("Where", g.node("Equal", more, one), x, found)


def _expm1(g: Graph, x: str) -> str:
    one = _one(g)
    power = g.node("Exp", x)
    rest = g.node("Sub", power, one)
    near = g.node("Mul", rest, g.node("Div", x, g.node("Log", power)))
    near = g.node("Where", g.node("Equal", power, one), x, near)
    return g.node("Where", g.node("Greater", g.node("Abs", x), one), rest, near)


def _sign(g: Graph, x: str) -> str:
    signs = g.node("Sign", x)
    return _if_known(g, _is_number(g, x), signs)


def _truncate(g: Graph, x: str) -> str:
    return g.node("Mul", g.node("Sign", x), g.node("Floor", g.node("Abs", x)))


def _plain(operator: str) -> Callable[..., str]:
    return lambda g, *values: g.node(operator, *values)


_WRITERS: dict[str, Callable[..., str]] = {
    "add": _plain("Add"),
    "subtract": _plain("Sub"),
    "multiply": _plain("Mul"),
    "divide": _plain("Div"),
    "power": _plain("Pow"),
    "negate": _plain("Neg"),
    "log": _plain("Log"),
    "log2": _log_to_base(2.0),
    "log10": _log_to_base(10.0),
    "log1p": _log1p,
    "exp": _plain("Exp"),
    "expm1": _expm1,
    "sqrt": _plain("Sqrt"),
    "abs": _plain("Abs"),
    "sign": _sign,
    "floor": _plain("Floor"),
    "ceiling": _plain("Ceil"),
    "truncate": _truncate,
    "sin": _plain("Sin"),
    "cos": _plain("Cos"),
    "tan": lambda g, x: g.node("Div", g.node("Sin", x), g.node("Cos", x)),
    "less": _compare("Less"),
    "less_equal": _compare("LessOrEqual"),
    "greater": _compare("Greater"),
    "greater_equal": _compare("GreaterOrEqual"),
    "equal": _compare("Equal"),
    "not_equal": _compare("Equal", "Not"),
    "and": _both,
    "or": _either,
    "not": lambda g, x: _if_known(g, _is_number(g, x), g.cast(_is_false(g, x), "double")),
    "minimum": _extreme("LessOrEqual"),
    "maximum": _extreme("GreaterOrEqual"),
    "if": _if,
    "is_missing": lambda g, x: g.cast(g.node("Not", _is_number(g, x)), "double"),
}

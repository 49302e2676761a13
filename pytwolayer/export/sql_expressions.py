"""Computed columns as SQL: each expression one column of a SELECT, NULL where it has no value.

Databases differ in what they make of what is too large, of a division by 0 and of the logarithm of
0: an infinite number, NULL, or an error. Nothing of it is left to them: numbers are multiplied,
divided and raised if they are 0, or between ``_SMALL`` and ``_LARGE`` in size; else there is NULL.
"""

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence

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
    parts_of,
)
from pytwolayer.export.sql_dialects import Dialect, number

_SMALL, _LARGE = 1e-150, 1e150
_EXPONENT = math.log(_LARGE)
_NUMBERS = (Call, Indicator, Same, IsOneOf)


class SqlColumns:
    """Writes expressions, each once, as columns of consecutive SELECTs.

    Parameters
    ----------
    dialect : Dialect
    new_name : function
        Makes a name of a kind.
    read, lacks : function
        Write how a column is read from the table, and 1 where it has nothing.
    """

    def __init__(
        self,
        dialect: Dialect,
        new_name: Callable[[str], str],
        read: Callable[[Column], str],
        lacks: Callable[[Column], str],
    ) -> None:
        self._dialect, self._new_name, self._read, self._lacks = dialect, new_name, read, lacks
        self._names: dict[Expression, str] = {}
        self._steps: list[dict[str, str]] = [{}]
        self._step_of: dict[str, int] = {}
        self._last_use: dict[str, int] = {}
        self._asked: set[str] = set()

    def write(self, expression: Expression) -> str:
        """Return what an expression is called in the last SELECT."""
        name = self._name(expression)
        self._asked.add(name)
        return name

    def steps(self) -> Iterator[tuple[list[str], dict[str, str]]]:
        """Yield for each SELECT which of the columns before it keeps, and its new ones."""
        before: list[str] = []
        for place, new in enumerate(self._steps):
            kept = [n for n in before if n in self._asked or self._last_use.get(n, -1) > place]
            yield kept, new
            before = [*kept, *new]

    def _name(self, expression: Expression) -> str:
        if isinstance(expression, Number):
            return self._dialect.constant(expression.value)
        if expression not in self._names:
            parts: list[str] = []
            match expression:
                case Column():
                    text = self._read(expression)
                case Call("is_missing", (Column() as column,)):  # infinite numbers are not
                    text = f"CAST({self._lacks(column)} AS {self._dialect.double})"
                case _:
                    parts = [self._name(part) for part in parts_of(expression)]
                    text = self._write(expression, parts)
                    if isinstance(expression, _NUMBERS):  # PostgreSQL's 1e0 is no double
                        text = f"CAST({text} AS {self._dialect.double})"
            places = [self._step_of[part] for part in parts if part in self._step_of]
            place = max(places, default=-1) + 1
            while len(self._steps) <= place:
                self._steps.append({})
            name = self._names[expression] = self._new_name("e")
            self._steps[place][name] = text
            self._step_of[name] = place
            for part in parts:
                self._last_use[part] = max(place, self._last_use.get(part, 0))
        return self._names[expression]

    def _write(self, expression: Expression, parts: Sequence[str]) -> str:
        literal, x = self._dialect.literal, parts[0]
        match expression:
            case Call(function, arguments):
                if function == "log2" and self._dialect.name == "PostgreSQL":
                    return _log2(x)
                if function == "power" and isinstance(arguments[1], Number):
                    exponent = arguments[1].value
                    finite = math.isfinite(exponent)
                    return _power(x, exponent) if finite else self._dialect.constant(math.nan)
                return _WRITERS[function](*parts)
            case Bins(_, lows, highs, labels, opens):
                ranges = zip(lows, highs, opens, strict=True)
                conditions = [_between(x, *ends) for ends in ranges]
                return _cases(zip(conditions, map(literal, labels), strict=True))
            case Relabel(_, old, new):
                pairs = zip(old, new, strict=True)
                return _cases((f"{x} = {literal(own)}", literal(to)) for own, to in pairs)
            case Join(_, rows, labels):
                return _cases(
                    (" AND ".join(map("{} = {}".format, parts, map(literal, row))), literal(to))
                    for row, to in zip(rows, labels, strict=True)
                )
            case Indicator(_, label, levels):
                others = ", ".join(map(literal, levels))
                return _cases([(f"{x} = {literal(label)}", "1e0"), (f"{x} IN ({others})", "0e0")])
            case Same(_, label):
                return _truth(f"{x} = {literal(label)}", f"{x} <> {literal(label)}")
            case IsOneOf(_, labels):
                return f"CASE WHEN {x} IN ({', '.join(map(literal, labels))}) THEN 1e0 ELSE 0e0 END"
        raise TypeError(f"no expression: {expression}")


def _cases(pairs: Iterable[tuple[str, str]]) -> str:
    return f"CASE {' '.join(f'WHEN {condition} THEN {value}' for condition, value in pairs)} END"


def _when(condition: str, value: str) -> str:
    return f"CASE WHEN {condition} THEN {value} END"


def _truth(true: str, false: str) -> str:
    return _cases([(true, "1e0"), (false, "0e0")])


def _between(x: str, low: float, high: float, opened: str) -> str:
    if low == high:
        is_finite, sign = math.isfinite(low), ">" if low > 0 else "<"
        largest = math.copysign(sys.float_info.max, low)
        return f"{x} = {number(low)}" if is_finite else f"{x} {sign} {number(largest)}"
    over, under = ">" if opened == "low" else ">=", "<" if opened == "high" else "<="
    ends = [f"{x} {over} {number(low)}"] if math.isfinite(low) else []
    ends += [f"{x} {under} {number(high)}"] if math.isfinite(high) else []
    return " AND ".join(ends) or f"{x} IS NOT NULL"


def _sized(x: str, small: float = _SMALL, large: float = _LARGE) -> str:
    return f"abs({x}) BETWEEN {number(small)} AND {number(large)}"


def _usual(x: str) -> str:
    return f"({x} = 0e0 OR {_sized(x)})"


def _not_large(x: str) -> str:
    return f"abs({x}) <= {number(_LARGE)}"


def _power(x: str, exponent: float) -> str:
    if exponent == 0:
        return "1e0"
    bound = math.exp(min(_EXPONENT, _EXPONENT / abs(exponent)))
    sized = (
        _sized(x, 1 / bound, bound)
        if exponent.is_integer()
        else (f"{x} BETWEEN {number(1 / bound)} AND {number(bound)}")
    )
    power = f"{x} * {x}" if exponent == 2 else f"power({x}, {number(exponent)})"
    zero = [(f"{x} = 0e0", "0e0")] if exponent > 0 else []
    return _cases([(sized, power), *zero])


def _any_power(x: str, y: str) -> str:
    logarithm = f"{y} * ln(abs({x}))"
    inside = _cases(
        [
            (f"{logarithm} < {number(-_EXPONENT)}", "0e0"),
            (f"{logarithm} <= {number(_EXPONENT)}", f"power({x}, {y})"),
        ]
    )
    usual = f"({x} > 0e0 OR {y} = floor({y})) AND {_sized(x)} AND {_usual(y)}"
    return _cases(
        [
            (f"{x} = 1e0 OR {y} = 0e0", "1e0"),  # also where the other one is missing
            (f"{x} = 0e0 AND {y} > 0e0", "0e0"),
            (usual, inside),
        ]
    )


def _exp(x: str) -> str:
    least = number(-_EXPONENT)
    return _cases([(f"{x} < {least}", "0e0"), (f"{x} <= {number(_EXPONENT)}", f"exp({x})")])


def _log1p(x: str) -> str:
    more = f"(1e0 + {x})"
    found = f"ln({more}) * ({x} / ({more} - 1e0))"
    return _cases([(f"{more} = 1e0", x), (f"{more} > 0e0 AND {_not_large(x)}", found)])


def _expm1(x: str) -> str:
    power = f"exp({x})"
    near = f"({power} - 1e0) * ({x} / ln({power}))"
    return _cases(
        [
            (f"{x} < {number(-_EXPONENT)}", "-1e0"),
            (f"{x} BETWEEN -1e-15 AND 1e-15", x),
            (f"abs({x}) <= 1e0", near),
            (f"{x} <= {number(_EXPONENT)}", f"{power} - 1e0"),
        ]
    )


def _log2(x: str) -> str:
    found = f"ln({x}) / {number(math.log(2))}"
    whole = f"round({found})"  # exact where x is a power of 2
    return _when(
        f"{x} > 0e0",
        f"CASE WHEN {_sized(x)} AND power(2e0, {whole}) = {x} THEN {whole} ELSE {found} END",
    )


def _of_positive(function: str) -> Callable[[str], str]:
    return lambda x: _when(f"{x} > 0e0", f"{function}({x})")


def _of_all(function: str) -> Callable[[str], str]:
    return lambda x: _when(_not_large(x), f"{function}({x})")


def _compare(operator: str, opposite: str) -> Callable[[str, str], str]:
    return lambda x, y: _truth(f"{x} {operator} {y}", f"{x} {opposite} {y}")


def _sum(operator: str) -> Callable[[str, str], str]:
    return lambda x, y: _when(f"{_not_large(x)} AND {_not_large(y)}", f"{x} {operator} {y}")


def _known(*values: str) -> str:
    return " AND ".join(f"{x} IS NOT NULL" for x in values)


_WRITERS: dict[str, Callable[..., str]] = {
    "add": _sum("+"),
    "subtract": _sum("-"),
    "multiply": lambda x, y: _when(f"{_usual(x)} AND {_usual(y)}", f"{x} * {y}"),
    "divide": lambda x, y: _when(f"{_usual(x)} AND {_sized(y)}", f"{x} / {y}"),
    "power": _any_power,
    "negate": lambda x: f"- {x}",
    "log": _of_positive("ln"),
    "log2": _of_positive("log2"),
    "log10": _of_positive("log10"),
    "log1p": _log1p,
    "exp": _exp,
    "expm1": _expm1,
    "sqrt": lambda x: _when(f"{x} >= 0e0", f"sqrt({x})"),
    "abs": lambda x: f"abs({x})",
    "sign": lambda x: _cases(
        [(f"{x} > 0e0", "1e0"), (f"{x} < 0e0", "-1e0"), (f"{x} = 0e0", "0e0")]
    ),
    "floor": _of_all("floor"),
    "ceiling": _of_all("ceil"),
    "truncate": lambda x: _cases([(f"{x} >= 0e0", f"floor({x})"), (f"{x} < 0e0", f"ceil({x})")]),
    "sin": _of_all("sin"),
    "cos": _of_all("cos"),
    "tan": _of_all("tan"),
    "less": _compare("<", ">="),
    "less_equal": _compare("<=", ">"),
    "greater": _compare(">", "<="),
    "greater_equal": _compare(">=", "<"),
    "equal": _compare("=", "<>"),
    "not_equal": _compare("<>", "="),
    "and": lambda x, y: _cases([(f"{x} = 0e0 OR {y} = 0e0", "0e0"), (_known(x, y), "1e0")]),
    "or": lambda x, y: _cases([(f"{x} <> 0e0 OR {y} <> 0e0", "1e0"), (_known(x, y), "0e0")]),
    "not": lambda x: _truth(f"{x} = 0e0", f"{x} <> 0e0"),
    "minimum": lambda x, y: _cases([(f"{x} <= {y}", x), (f"{y} < {x}", y)]),
    "maximum": lambda x, y: _cases([(f"{x} >= {y}", x), (f"{y} > {x}", y)]),
    "if": lambda x, yes, no: _cases([(f"{x} <> 0e0", yes), (f"{x} = 0e0", no)]),
}

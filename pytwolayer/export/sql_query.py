"""A fit as a SELECT, which a database computes from its own columns."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pytwolayer.checks import describe, one_of, quote_some
from pytwolayer.errors import ArgumentError, PytwolayerError
from pytwolayer.export.expressions import Column, Expression
from pytwolayer.export.plain_model import (
    EXP,
    LOGIT,
    SOFTMAX,
    PlainModel,
    PlainNetwork,
    read_plain_model,
)
from pytwolayer.export.sql_activations import SHIFTED, activation_sql
from pytwolayer.export.sql_dialects import DIALECTS, POSTGRESQL, Dialect, number, total
from pytwolayer.export.sql_expressions import SqlColumns
from pytwolayer.export.sql_inputs import (
    are_logicals,
    common_range,
    last_where,
    number_inputs,
)
from pytwolayer.export.sql_spread import first_of, square, square_root, standard_deviation
from pytwolayer.preprocessing.block_writer import Coding, LevelCoding
from pytwolayer.training.trained_model import Model

_LARGEST = float(np.finfo(np.float64).max)
# exp() of more is infinite; of less PostgreSQL raises an error, and it counts as 0.
_LARGEST_EXPONENT, _SMALLEST_EXPONENT = 709.78, -700.0
_SMALLEST_PRODUCT = -740.0  # the logarithm of a number that is not yet 0
_UNITS_AT_ONCE = 1000  # hidden units and classes of a SELECT
_ARGUMENTS = 100  # of the function max(): SQLite allows 127


@dataclass(frozen=True)
class Columns:
    """What the query reads and copies: the arguments of ``to_sql()``."""

    table: str | Sequence[str]
    copied: Sequence[str] | str | None
    offset: str | None


def sql_query(
    models: Sequence[Model],
    dialect: str,
    columns: Columns,
    computed: Sequence[Expression] | None = None,
) -> str:
    """Return a SELECT that predicts as these models do, or as their mean.

    ``computed`` are the fit's columns where a formula computes them.

    Raises
    ------
    ArgumentError
        If the arguments are not what ``to_sql()`` expects.
    PytwolayerError
        If the fit is of a kind that cannot be exported, or the database cannot hold it.
    """
    chosen = DIALECTS[one_of("dialect", dialect, [*DIALECTS])]
    table = _table(chosen, columns.table)
    copied = _names("columns", columns.copied)
    model = read_plain_model(models, computed)
    _check_offset(model, columns.offset)
    _refuse_twins(
        chosen, [*(c.name for c in model.columns), *([columns.offset] if columns.offset else [])]
    )
    return _Builder(model, chosen, table, copied, columns.offset).build()


def _table(dialect: Dialect, table: Any) -> str:
    expected = "the name of a table, or names of schema and table"
    parts = [table] if isinstance(table, str) else table
    is_list = isinstance(parts, Sequence) and not isinstance(parts, bytes)
    if not is_list or not parts or not all(isinstance(part, str) and part for part in parts):
        raise ArgumentError("table", expected, describe(table))
    return ".".join(dialect.identifier(part) for part in parts)


def _names(argument: str, names: Any) -> list[str]:
    given = [] if names is None else [names] if isinstance(names, str) else names
    is_list = isinstance(given, Sequence) and not isinstance(given, bytes)
    if not is_list or not all(isinstance(name, str) and name for name in given):
        raise ArgumentError(argument, "names of columns", describe(names))
    return list(given)


def _check_offset(model: PlainModel, offset: Any) -> None:
    if not model.offset:
        if offset is not None:
            received = "given"
            raise ArgumentError("offset", "left out: the fit was fitted without one", received)
        return
    if not isinstance(offset, str) or not offset:
        expected = "the name of the column that has the offset, since the fit has one"
        received = "missing" if offset is None else describe(offset)
        raise ArgumentError("offset", expected, received)


def _refuse_twins(dialect: Dialect, names: Iterable[str]) -> None:
    if not dialect.ignores_case:
        return
    by_name: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        lower = "".join(c.lower() if c.isascii() else c for c in name)
        by_name.setdefault(lower, []).append(name)
    twins = next((group for group in by_name.values() if len(group) > 1), None)
    if twins:
        raise PytwolayerError(
            f"{dialect.name} does not distinguish the columns {quote_some(twins)}."
        )


@dataclass(frozen=True)
class _Group:
    """Networks, each with some of its hidden units, that are computed side by side."""

    units: dict[int, slice]


def _groups(model: PlainModel) -> Iterator[_Group]:
    """Put networks into groups that databases with a limit on columns can compute."""
    units: dict[int, slice] = {}
    width = 0
    for place, network in enumerate(model.networks):
        hidden, outputs = network.first.shape[0], network.second.shape[0]
        for start in range(0, hidden, _UNITS_AT_ONCE):
            some = slice(start, min(start + _UNITS_AT_ONCE, hidden))
            more = max(some.stop - start, outputs)
            if units and (width + more > _UNITS_AT_ONCE or place in units):
                yield _Group(units)
                units, width = {}, 0
            units[place] = some
            width += more
    yield _Group(units)


class _Query:
    """Common table expressions, each a SELECT from the one before.

    Parameters
    ----------
    dialect : Dialect
    table : str
        Of the first one, with its name in the query.
    prefix : str
        Begins their names.
    """

    def __init__(self, dialect: Dialect, table: str, prefix: str) -> None:
        self._dialect, self._source, self._prefix = dialect, table, prefix
        self._steps: list[str] = []
        self._numbers: dict[str, int] = {}

    def name(self, kind: str) -> str:
        """Return a new name of a column."""
        self._numbers[kind] = self._numbers.get(kind, 0) + 1
        return f"{kind}{self._numbers[kind]}"

    def step(self, kept: Iterable[str], new: Mapping[str, str]) -> None:
        """Add a SELECT of columns of the one before, and of new ones."""
        items = [*kept, *(f"{value} AS {name}" for name, value in new.items())]
        name = f"{self._prefix}{len(self._steps) + 1}"
        body = self._select(items)
        self._steps.append(
            f"{name} AS {self._dialect.common_table}(\n{body}{self._dialect.fence}\n)"
        )
        self._source = name

    def finish(self, items: Sequence[str]) -> str:
        """Return the query, whose columns are these."""
        return f"WITH {', '.join(self._steps)}\n{self._select(items)}\n"

    def _select(self, items: Sequence[str]) -> str:
        most = self._dialect.most_columns
        if most is not None and len(items) > most:
            raise PytwolayerError(
                f"{self._dialect.name} has at most {most:,} columns in a SELECT, and the fit "
                f"needs {len(items):,}."
            )
        columns = ",\n  ".join(items)
        return f"SELECT\n  {columns}\nFROM {self._source}"


class _Builder:
    def __init__(
        self,
        model: PlainModel,
        dialect: Dialect,
        table: str,
        copied: Sequence[str],
        offset: str | None,
    ) -> None:
        self._model, self._dialect, self._offset = model, dialect, offset
        prefix = "pytwolayer_"
        while prefix in table.lower():
            prefix += "_"
        self._query = _Query(dialect, f"{table} AS d", prefix)
        self._copied = {self._query.name("k"): name for name in copied}
        self._raw = [self._query.name("x") for _ in model.sources]
        self._f = ["f1"] if offset is not None else []
        self._several = len(model.networks) > 1

    def build(self) -> str:
        self._read_columns()
        outputs: dict[int, list[str]] = {}  # of networks that are not complete
        sums: list[str] = []  # of the networks that are, see _add_up()
        groups = list(_groups(self._model))
        for group in groups:
            also = self._raw if group is not groups[-1] else []
            others = [name for names in outputs.values() for name in names]
            kept = [*self._copied, *self._f, *also, *sums, *others]
            found = self._compute(group, outputs, kept)
            done = [n for n in found if group.units[n].stop == len(self._model.networks[n].first)]
            outputs = {n: names for n, names in found.items() if n not in done}
            complete = {n: found[n] for n in done}
            if self._model.quantiles and complete:
                partial = [name for names in outputs.values() for name in names]
                complete = self._sort(complete, [*self._copied, *self._f, *also, *sums, *partial])
            if not self._several and complete:
                return self._single(complete[0])
            kept = [*self._copied, *self._f, *also, *(n for one in outputs.values() for n in one)]
            sums = self._add_up(complete, sums, kept) if complete else sums
        return self._mean(sums)

    def _read_columns(self) -> None:
        """Read the columns that are the network's own; compute the others of theirs."""
        new = {k: f"d.{self._dialect.identifier(name)}" for k, name in self._copied.items()}
        late: dict[str, str] = {}
        computed = SqlColumns(self._dialect, self._query.name, self._read, self._lacks)
        for place, (raw, source) in enumerate(zip(self._raw, self._model.sources, strict=True)):
            codings = [network.codings[place] for network in self._model.networks]
            if isinstance(source, Column):
                new[raw] = self._read(source, codings)
            else:
                value = computed.write(source)
                late[raw] = self._within(value, codings)
        if self._offset is not None:
            column = f"d.{self._dialect.identifier(self._offset)}"
            high = _LARGEST_EXPONENT if self._model.link == EXP else _LARGEST / 4
            new["f1"] = self._number(column, -_LARGEST / 4, high)
        kept: list[str] = []
        for before, more in computed.steps() if late else ():
            self._query.step([*kept, *before], {**({} if kept else new), **more})
            kept = [*new]
        self._query.step(kept, late or new)

    def _read(self, column: Column, codings: Sequence[Coding] = ()) -> str:
        """Write how a column is read; without codings of it, to compute with it."""
        dialect, name = self._dialect, f"d.{self._dialect.identifier(column.name)}"
        if column.text:
            return f"CAST({name} AS {dialect.text}){dialect.collation}"
        inputs = [one for coding in codings for one in number_inputs(coding)]
        logical = not codings or any(are_logicals(coding) for coding in codings)
        return self._number(name, *common_range(inputs), logical=logical)

    def _within(self, value: str, codings: Sequence[Coding]) -> str:
        if isinstance(codings[0], LevelCoding):
            return value
        inputs = [one for coding in codings for one in number_inputs(coding)]
        low, high = map(number, common_range(inputs))
        return f"CASE WHEN {value} BETWEEN {low} AND {high} THEN {value} END"

    def _lacks(self, column: Column) -> str:
        """Write 1 where a column of numbers has none, 0 where it has a finite one."""
        name = f"d.{self._dialect.identifier(column.name)}"
        value, is_number = self._as_double(name, logical=True)
        nan = "" if self._dialect.name == "SQLite" else f" OR {value} = 'NaN'"
        finite = f"{is_number}{value} BETWEEN {number(-_LARGEST)} AND {number(_LARGEST)}"
        return f"CASE WHEN {name} IS NULL{nan} THEN 1e0 WHEN {finite} THEN 0e0 END"

    def _number(self, column: str, low: float, high: float, *, logical: bool = False) -> str:
        """Write a column's numbers as doubles, NULL outside a range and where it has none."""
        value, condition = self._as_double(column, logical=logical)
        within = f"{value} BETWEEN {number(low)} AND {number(high)}"
        return f"CASE WHEN {condition}{within} THEN {value} END"

    def _as_double(self, column: str, *, logical: bool) -> tuple[str, str]:
        """Write a column as doubles, and the beginning of a condition that it holds numbers."""
        double = self._dialect.double
        value, condition = f"CAST({column} AS {double})", ""
        if self._dialect is POSTGRESQL and logical:  # which casts no logicals to numbers
            text = f"CAST({column} AS text)"
            value = (  # text has fewer digits of single precision than a double made of it
                f"CASE WHEN pg_typeof({column}) = CAST('real' AS regtype) "
                f"THEN CAST(CAST({text} AS real) AS {double}) WHEN {text} = 'true' THEN 1e0 "
                f"WHEN {text} = 'false' THEN 0e0 ELSE CAST({text} AS {double}) END"
            )
        if double == "REAL":  # SQLite has values of any type in any column
            condition = f"typeof({column}) IN ('integer', 'real') AND "
        return value, condition

    def _compute(
        self, group: _Group, before: Mapping[int, list[str]], kept: Sequence[str]
    ) -> dict[int, list[str]]:
        """Compute the outputs of a group's networks, as far as their units are in it."""
        model, query = self._model, self._query
        terms = self._encode(group, kept)
        hidden: dict[int, list[str]] = {}
        new = {}
        for place, units in group.units.items():
            network = model.networks[place]
            hidden[place] = [query.name("h") for _ in range(units.stop - units.start)]
            for name, unit in zip(hidden[place], range(units.start, units.stop), strict=True):
                new[name] = self._unit(network, unit, terms[network.codings])
        query.step(kept, new)
        active = self._activate(hidden, kept)
        new, outputs = {}, {}
        partial = {name for names in before.values() for name in names}
        for place, units in group.units.items():
            network = model.networks[place]
            outputs[place] = [query.name("o") for _ in network.second]
            for row, name in enumerate(outputs[place]):
                weights = network.second[row, units]
                pairs = zip(weights.tolist(), active[place], strict=True)
                start = before[place][row] if place in before else number(network.second_bias[row])
                new[name] = total([*(f"{number(w)} * {a}" for w, a in pairs), start])
        query.step([name for name in kept if name not in partial], new)
        return outputs

    def _encode(
        self, group: _Group, kept: Sequence[str]
    ) -> dict[tuple[Coding, ...], list[tuple[str, LevelCoding | None]]]:
        """Encode the columns; return for each encoding the new columns, in the inputs' order."""
        query = self._query
        new: dict[str, str] = {}
        found: dict[tuple[Coding, ...], list[tuple[str, LevelCoding | None]]] = {}
        for place in group.units:
            codings = self._model.networks[place].codings
            if codings in found:
                continue
            found[codings] = []
            for raw, coding in zip(self._raw, codings, strict=True):
                if isinstance(coding, LevelCoding):
                    levels = enumerate(coding.levels)
                    cases = (f"WHEN {self._dialect.literal(lv)} THEN {n}" for n, lv in levels)
                    name = query.name("c")
                    new[name] = f"CASE {raw} {' '.join(cases)} END"
                    found[codings].append((name, coding))
                    continue
                for one in number_inputs(coding):
                    name = query.name("z")
                    new[name] = one.sql(raw)
                    found[codings].append((name, None))
        query.step(kept, new)
        return found

    def _unit(
        self, network: PlainNetwork, unit: int, inputs: Sequence[tuple[str, LevelCoding | None]]
    ) -> str:
        """Write a hidden unit before its activation."""
        weights, at, terms = network.first[unit].tolist(), 0, []
        for name, coding in inputs:
            width = 1 if coding is None else coding.width
            own = weights[at : at + width]
            at += width
            if coding is None:
                terms.append(f"{number(own[0])} * {name}")
            else:
                cases = " ".join(f"WHEN {n} THEN {number(w)}" for n, w in enumerate(own))
                terms.append(f"CAST(CASE {name} {cases} END AS {self._dialect.double})")
        return total([*terms, number(network.first_bias[unit])])

    def _activate(
        self, hidden: Mapping[int, Sequence[str]], kept: Sequence[str]
    ) -> dict[int, list[str]]:
        query, name = self._query, self._model.activation
        if name == "identity":
            return {place: list(units) for place, units in hidden.items()}
        units = [unit for own in hidden.values() for unit in own]
        shifted = {unit: query.name("t") for unit in units} if name == "gelu" else {}
        if shifted:
            new = {t: SHIFTED.replace("{h}", h) for h, t in shifted.items()}
            query.step([*kept, *units], new)
        template, active, new = activation_sql(name), {}, {}
        for place, own in hidden.items():
            active[place] = [query.name("a") for _ in own]
            for a, h in zip(active[place], own, strict=True):
                new[a] = template.replace("{h}", h).replace("{t}", shifted.get(h, ""))
        query.step(kept, new)
        return active

    def _sort(
        self, outputs: Mapping[int, Sequence[str]], kept: Sequence[str]
    ) -> dict[int, list[str]]:
        """Sort the outputs of each network, by exchanges of neighbours."""
        found = {place: list(names) for place, names in outputs.items()}
        for turn in range(len(self._model.outputs)):
            same = [*kept]
            new: dict[str, str] = {}
            for names in found.values():
                at = turn % 2
                same += names[:at]
                while at + 1 < len(names):
                    one, other = names[at : at + 2]
                    names[at : at + 2] = low, high = self._query.name("q"), self._query.name("q")
                    new[low] = f"CASE WHEN {one} <= {other} THEN {one} ELSE {other} END"
                    new[high] = f"CASE WHEN {one} <= {other} THEN {other} ELSE {one} END"
                    at += 2
                same += names[at:]
            if new:
                self._query.step(same, new)
        return found

    def _single(self, outputs: list[str]) -> str:
        query, model = self._query, self._model
        kept = [*self._copied, *self._f]
        if model.link == SOFTMAX:
            largest, shares, share = self._softmax({0: outputs}, [*kept, *outputs])[0]
            labels = zip(outputs, model.outputs, strict=True)
            cases = (f"WHEN {o} = {largest} THEN {self._dialect.literal(lb)}" for o, lb in labels)
            return self._finish(
                [f"{one} / {share}" for one in shares], f"CASE {' '.join(cases)} END"
            )
        means, log_sds = outputs[: len(model.outputs)], outputs[len(model.outputs) :]
        values = {query.name("v"): value for value in self._values(0, means)}
        query.step([*kept, *log_sds], values)
        sds: list[str] = []
        if model.has_spread:
            sds = [query.name("w") for _ in values]
            pairs = zip(values, log_sds or values, strict=True)
            new = {
                sd: standard_deviation(model, 0, column, *pair)
                for column, (sd, pair) in enumerate(zip(sds, pairs, strict=True))
            }
            query.step([*kept, *values], new)
        known = " AND ".join(f"{name} IS NOT NULL" for name in values)
        if len(values) > 1:  # one that is too large leaves none of the row
            missing = " OR ".join(f"{name} IS NULL" for name in values)
            kept = [*kept, *values, *sds]
            query.step(kept, {"g1": f"CASE WHEN {missing} THEN 0 ELSE 1 END"})
            found = [f"CASE WHEN g1 = 1 THEN {v} END" for v in values]
        else:
            found = list(values)
        return self._finish(found, sds=[f"CASE WHEN {known} THEN {w} END" for w in sds])

    def _values(self, place: int, outputs: Sequence[str]) -> list[str]:
        """Write the outcomes of a network, NULL where they are infinite."""
        found = []
        for column, name in enumerate(outputs):
            condition, value = self._value(place, column, name)
            found.append(f"CASE WHEN {condition} THEN {value} END")
        return found

    def _value(self, place: int, column: int, output: str) -> tuple[str, str]:
        """Return the condition that an outcome is finite, and its value without the offset."""
        if self._model.link == LOGIT:
            return f"{output} IS NOT NULL", activation_sql("sigmoid").replace("{h}", output)
        scale = float(self._model.scale[place, column])
        center = float(self._model.center[place, column])
        largest = _LARGEST / 4 if self._f else _LARGEST  # so that the sum is finite

        def is_finite(output: float) -> bool:
            with np.errstate(over="ignore"):
                return bool(abs(np.float64(output) * scale + center) <= largest)

        restored = f"{{}} * {number(scale)} + {number(center)}"
        if self._model.link == EXP:
            offset = f" + {self._f[0]}" if self._f else ""
            output = f"({output}{offset})"
            most = min(_LARGEST_EXPONENT, float(np.log(_LARGEST) - np.log(scale)) - 1e-9)
            least = max(_SMALLEST_EXPONENT, _SMALLEST_PRODUCT - float(np.log(scale)))
            small = f"{output} < {number(least)}"
            power = f"CASE WHEN {small} THEN 0e0 ELSE exp({output}) END"
            return f"{output} <= {number(most)}", restored.format(power)
        low = -last_where(lambda x: is_finite(-x), 0.0)
        high = last_where(is_finite, 0.0)
        return f"{output} BETWEEN {number(low)} AND {number(high)}", restored.format(output)

    def _softmax(
        self, outputs: Mapping[int, list[str]], kept: Sequence[str]
    ) -> dict[int, tuple[str, list[str], str]]:
        """Return for each network the largest output, its exponentials, and their sum."""
        query = self._query
        largest = {place: query.name("m") for place in outputs}
        every = [name for names in outputs.values() for name in names]
        maxima = {largest[place]: self._greatest(names) for place, names in outputs.items()}
        query.step(dict.fromkeys([*kept, *every]), maxima)
        powers = {place: [query.name("e") for _ in names] for place, names in outputs.items()}
        new = {}
        for place, names in outputs.items():
            for power, name in zip(powers[place], names, strict=True):
                below = f"{name} - {largest[place]}"
                less = number(_SMALLEST_EXPONENT)
                new[power] = f"CASE WHEN {below} < {less} THEN 0e0 ELSE exp({below}) END"
        query.step([*kept, *largest.values()], new)
        sums = {place: query.name("s") for place in outputs}
        every = [name for names in powers.values() for name in names]
        query.step(
            [*kept, *largest.values(), *every],
            {sums[place]: total(names) for place, names in powers.items()},
        )
        return {place: (largest[place], powers[place], sums[place]) for place in outputs}

    def _greatest(self, names: Sequence[str]) -> str:
        function = "max" if self._dialect.name == "SQLite" else "greatest"
        while len(names) > 1:
            starts = range(0, len(names), _ARGUMENTS)
            parts = [names[start : start + _ARGUMENTS] for start in starts]
            names = [p[0] if len(p) == 1 else f"{function}({', '.join(p)})" for p in parts]
        return names[0]

    def _add_up(
        self, complete: Mapping[int, list[str]], sums: Sequence[str], kept: Sequence[str]
    ) -> list[str]:
        """Add the networks that know a row: of each output, their number, and of infinite ones.

        Where there are standard deviations, the sums of ``_add_spread()`` come first.
        """
        if self._model.has_spread:
            return self._add_spread(complete, sums, kept)
        query, outputs = self._query, self._model.outputs
        terms: list[list[str]] = [[name] if sums else [] for name in sums or [""] * len(outputs)]
        terms += [] if sums else [[], []]
        if self._model.link == SOFTMAX:
            parts = self._softmax(complete, [*kept, *sums])
            for _, powers, share in parts.values():
                for term, power in zip(terms, powers, strict=False):
                    term.append(f"COALESCE({power} / {share}, 0e0)")
                terms[-2].append(f"CASE WHEN {share} IS NULL THEN 0e0 ELSE 1e0 END")
            terms[-1].append("0e0")
        else:
            for place, names in complete.items():
                far = []
                for column, name in enumerate(names):
                    condition, value = self._value(place, column, name)
                    terms[column].append(f"CASE WHEN {condition} THEN {value} ELSE 0e0 END")
                    far.append(f"NOT ({condition})")
                known = f"{names[0]} + {self._f[0]}" if self._f else names[0]
                terms[-2].append(f"CASE WHEN {known} IS NULL THEN 0e0 ELSE 1e0 END")
                terms[-1].append(f"CASE WHEN {' OR '.join(far)} THEN 1e0 ELSE 0e0 END")
        found = [query.name("s") for _ in terms]
        query.step(kept, dict(zip(found, map(total, terms), strict=True)))
        return found

    def _add_spread(
        self, complete: Mapping[int, list[str]], sums: Sequence[str], kept: Sequence[str]
    ) -> list[str]:
        """Add the networks that know a row, with what their joint standard deviation needs.

        These are of each outcome a number near to the mean, the first network's that knows the row,
        and the sum of the variances and the squared differences from it.
        """
        query, model, width = self._query, self._model, len(self._model.outputs)
        before = [*sums] or [""] * (3 * width + 2)
        parts = [before[at : at + width] for at in (0, width, 2 * width)]
        values = {place: [query.name("v") for _ in parts[0]] for place in complete}
        new = {
            v: written
            for place, own in values.items()
            for v, written in zip(own, self._values(place, complete[place][:width]), strict=True)
        }
        first = [name for own in complete.values() for name in own]
        query.step(dict.fromkeys([*kept, *sums, *first]), new)
        near = [query.name("n") for _ in parts[0]]
        also = parts[0] if sums else []
        older = [name for name in sums if name not in also]
        firsts = {
            name: first_of([*also[n : n + 1], *(own[n] for own in values.values())], _ARGUMENTS)
            for n, name in enumerate(near)
        }
        sds = {place: [query.name("w") for _ in near] for place in complete}
        for place, own in values.items():
            log_sds = complete[place][width:] or own
            for n, (sd, *pair) in enumerate(zip(sds[place], own, log_sds, strict=True)):
                firsts[sd] = standard_deviation(model, place, n, *pair)
        query.step(dict.fromkeys([*kept, *older, *first, *new]), firsts)
        terms: list[list[str]] = [[name] if sums else [] for name in before[width:]]
        for place, own in values.items():
            for n, (v, w) in enumerate(zip(own, sds[place], strict=True)):
                both = f"{square(w)} + {square(f'({v} - {near[n]})')}"
                terms[n].append(f"CASE WHEN {v} IS NULL THEN 0e0 ELSE {both} END")
                terms[width + n].append(f"COALESCE({v}, 0e0)")
            names = complete[place]
            known = f"{names[0]} + {self._f[0]}" if self._f else names[0]
            terms[-2].append(f"CASE WHEN {known} IS NULL THEN 0e0 ELSE 1e0 END")
            pairs = zip(names[:width], own, strict=True)
            far = " OR ".join(f"{o} IS NOT NULL AND {v} IS NULL" for o, v in pairs)
            terms[-1].append(f"CASE WHEN {far} THEN 1e0 ELSE 0e0 END")
        found = [query.name("s") for _ in terms]
        query.step([*kept, *near], dict(zip(found, map(total, terms), strict=True)))
        return [*near, *found]

    def _mean_and_sd(self, sums: Sequence[str]) -> str:
        query, width = self._query, len(self._model.outputs)
        *others, known, far = sums
        near, squares, totals = (others[at : at + width] for at in (0, width, 2 * width))
        kept = [*self._copied, *self._f]
        means = [query.name("m") for _ in totals]
        new = {
            m: f"CASE WHEN {known} > 0e0 AND {far} = 0e0 THEN {t} / {known} END"
            for m, t in zip(means, totals, strict=True)
        }
        query.step([*kept, *near, *squares, known], new)
        variances = {
            query.name("q"): f"CASE WHEN {m} IS NOT NULL THEN {s} / {known} - "
            f"{square(f'({m} - {n})')} END"
            for m, n, s in zip(means, near, squares, strict=True)
        }
        query.step([*kept, *means], variances)
        return self._finish(means, sds=[square_root(q) for q in variances])

    def _mean(self, sums: Sequence[str]) -> str:
        if self._model.has_spread:
            return self._mean_and_sd(sums)
        *totals, known, far = sums
        means = [f"CASE WHEN {known} > 0e0 AND {far} = 0e0 THEN {t} / {known} END" for t in totals]
        if self._model.link != SOFTMAX:
            return self._finish(means)
        kept = [*self._copied, *self._f]
        shares = [self._query.name("p") for _ in means]
        self._query.step(kept, dict(zip(shares, means, strict=True)))
        self._query.step([*kept, *shares], {"m0": self._greatest(shares)})
        labels = zip(shares, self._model.outputs, strict=True)
        cases = (f"WHEN {p} = m0 THEN {self._dialect.literal(lb)}" for p, lb in labels)
        return self._finish(shares, f"CASE {' '.join(cases)} END")

    def _finish(
        self, values: Sequence[str], label: str | None = None, sds: Sequence[str] = ()
    ) -> str:
        dialect, model = self._dialect, self._model
        ends = [""] if label is None and model.single else [f"_{name}" for name in model.outputs]
        columns = [(name, own) for name, own in self._copied.items()]
        columns += [(label, ".pred_class")] if label is not None else []
        for value, end, pair in zip(values, ends, model.labels, strict=False):
            columns.append((self._label(value, pair), f".pred_class{end}"))
        if self._f and model.link != EXP:
            values = [f"{value} + {self._f[0]}" for value in values]
        columns += [(value, f".pred{end}") for value, end in zip(values, ends, strict=True)]
        for value, end in zip(sds, ends, strict=False):
            known = f"CASE WHEN {self._f[0]} IS NOT NULL THEN {value} END" if self._f else value
            columns.append((known, f".sd{end}"))
        names = _unique([name for _, name in columns])
        pairs = zip(columns, names, strict=True)
        return self._query.finish([f"{v} AS {dialect.identifier(name)}" for (v, _), name in pairs])

    def _label(self, share: str, pair: tuple[str, str]) -> str:
        absent, present = map(self._dialect.literal, pair)
        return f"CASE WHEN {share} > 0.5e0 THEN {present} WHEN {share} <= 0.5e0 THEN {absent} END"


def _unique(names: Iterable[str]) -> list[str]:
    found: list[str] = []
    for name in names:
        own = name
        while own in found:
            own = f".{own}"
        found.append(own)
    return found

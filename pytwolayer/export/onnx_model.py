"""A fit as an ONNX model, whose inputs are the columns of the data as they are."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pytwolayer._version import __version__
from pytwolayer.checks import quote
from pytwolayer.errors import PytwolayerError
from pytwolayer.export.expressions import Expression, texts_of
from pytwolayer.export.onnx_activations import ONNX_ACTIVATIONS
from pytwolayer.export.onnx_expressions import OnnxColumns
from pytwolayer.export.onnx_graph import Graph
from pytwolayer.export.plain_model import (
    EXP,
    LEAST_SD,
    LOGIT,
    SOFTMAX,
    PlainModel,
    PlainNetwork,
    read_plain_model,
)
from pytwolayer.files.atomic_write import output_path, write_bytes
from pytwolayer.preprocessing.block_writer import Coding, LevelCoding
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.preprocessing.standardize import NumberCoding
from pytwolayer.training.trained_model import Model

_LARGEST = float(np.finfo(np.float64).max)
_LARGEST_SINGLE = float(np.finfo(np.float32).max)


def write_onnx(models: Sequence[Model], file: Any) -> None:
    """Write an ONNX file; see ``onnx_bytes()``.

    Raises
    ------
    ArgumentError
        If it is no path in a folder that exists.
    PytwolayerError
        As ``onnx_bytes()``, and if it cannot be written.
    """
    output_path("file", file)
    write_bytes("file", file, onnx_bytes(models))


def onnx_bytes(models: Sequence[Model], computed: Sequence[Expression] | None = None) -> bytes:
    """Return the bytes of an ONNX file that predicts as these models do, or as their mean.

    ``computed`` are the fit's columns where a formula computes them.

    Inputs are one for each column, of shape ``(rows, 1)``: doubles, or text where training had
    levels; and ``offset`` where the fit has one. Outputs are ``.pred``, ``(rows, outcomes)``, or
    ``.pred_class``, ``(rows, 1)``, and ``.prob``, ``(rows, classes)``; of labels ``.pred_class``,
    ``(rows, labels)``, beside ``.pred``; standard deviations are ``.sd``, ``(rows, outcomes)``; and
    ``.valid``, ``(rows, 1)``, which is false where ``predict()`` gives a missing prediction or an
    error. There the others are NaN and empty text.

    Raises
    ------
    PytwolayerError
        If onnx is not installed, or the fit is of a kind that cannot be exported.
    """
    model = read_plain_model(models, computed)
    if any(not column.name for column in model.columns):
        raise PytwolayerError(
            "In ONNX every column needs a name, but a column of the fit has none."
        )
    for text in _texts(model):
        try:
            text.encode()
        except UnicodeEncodeError as problem:
            raise PytwolayerError(f"ONNX cannot hold the text {quote(ascii(text))}.") from problem
    return _Builder(model).build()


def _texts(model: PlainModel) -> Iterator[str]:
    yield from model.outputs
    yield from (text for pair in model.labels for text in pair)
    for source in model.sources:
        yield from texts_of(source)
    for network in model.networks:
        for coding in network.codings:
            yield from coding.levels if isinstance(coding, LevelCoding) else ()


@dataclass
class _Part:
    """What one network gives: its values on the outcome's scale, and two flags for each row.

    ``known``: nothing is missing, and all levels are known. ``finite``: what is computed from the
    numbers is finite. Flags are 1 or 0. ``output`` is the network's own; ``sd`` are the standard
    deviations, "" of a model that has none.
    """

    values: str
    output: str
    known: str
    finite: str
    sd: str = ""


@dataclass
class _Encoded:
    """The encoded columns: ``numbers`` of shape ``(rows, inputs)`` or None, and ``codes``.

    ``kept`` are the numbers of the inputs that ``numbers`` has. ``codes`` has for each column of
    levels its number and the row's codes, shape ``(rows,)``.
    """

    numbers: str | None
    kept: list[int]
    codes: list[tuple[int, str]]
    known: str
    finite: list[str]


class _Builder:
    def __init__(self, model: PlainModel) -> None:
        self._model = model
        taken = [column.name for column in model.columns]
        self._offset_name = _new_name("offset", taken)
        taken += [self._offset_name] if model.offset else []
        self._outputs: dict[str, str] = {}
        for kind in _kinds(model):
            self._outputs[kind] = _new_name(kind, taken)
            taken.append(self._outputs[kind])
        self._graph = Graph(taken)
        self._columns = OnnxColumns(self._graph)
        self._encoded: dict[tuple[Coding, ...], _Encoded] = {}

    def build(self) -> bytes:
        g, model = self._graph, self._model
        for column in model.columns:
            g.input(column.name, "string" if column.text else "double")
        offset = g.input(self._offset_name, "double") if model.offset else None
        parts = [self._part(number, offset) for number in range(len(model.networks))]
        values, valid, sd = self._joined(parts)
        is_valid = g.cast(valid, "bool")
        found = {".valid": is_valid}
        if model.link == SOFTMAX:
            ranked = parts[0].output if len(parts) == 1 else values
            found[".pred_class"] = self._if_valid(is_valid, self._classes(ranked), "")
        elif model.labels:
            found[".pred_class"] = self._if_valid(is_valid, self._labels(values), "")
        found[".prob" if model.link == SOFTMAX else ".pred"] = self._if_valid(
            is_valid, values, np.nan
        )
        if sd:
            found[".sd"] = self._if_valid(is_valid, sd, np.nan)
        for kind, name in self._outputs.items():
            one = kind == ".valid" or (kind == ".pred_class" and not model.labels)
            element = {".pred_class": "string", ".valid": "bool"}.get(kind, "double")
            g.output(name, element, found[kind], 1 if one else len(model.outputs))
        of = "classes" if model.link == SOFTMAX else "outcomes"
        return g.model(("pytwolayer", __version__), {of: json.dumps(model.outputs)})

    def _classes(self, ranked: str) -> str:
        g = self._graph
        place = g.node("ArgMax", ranked, axis=1, keepdims=1)
        return g.node("Gather", g.constant(np.array(self._model.outputs, dtype=object)), place)

    def _labels(self, shares: str) -> str:
        g = self._graph
        absent, present = (
            g.constant(np.array([names], dtype=object))
            for names in zip(*self._model.labels, strict=True)
        )
        return g.node("Where", g.node("Greater", shares, g.constant(0.5)), present, absent)

    def _if_valid(self, is_valid: str, value: str, other: float | str) -> str:
        g = self._graph
        array = np.array([other], dtype=object) if isinstance(other, str) else other
        return g.node("Where", is_valid, value, g.constant(array))

    def _part(self, number: int, offset: str | None) -> _Part:
        g, model, network = self._graph, self._model, self._model.networks[number]
        if network.codings not in self._encoded:
            self._encoded[network.codings] = self._encode(network.codings)
        encoded = self._encoded[network.codings]
        hidden = ONNX_ACTIVATIONS[model.activation](g, _hidden(g, network, encoded))
        output = g.node("MatMul", hidden, g.weights(network.second.T))
        output = g.node("Add", output, g.weights(network.second_bias))
        if model.quantiles:
            output = g.ascending(output, len(model.outputs))
        if model.link == SOFTMAX:
            values = g.node("Softmax", output, axis=1)
            return _Part(values, output, encoded.known, _all(g, encoded.finite))
        if model.link == LOGIT:
            values = g.node("Sigmoid", output)
            return _Part(values, output, encoded.known, _all(g, encoded.finite))
        log_sd = ""
        if model.sd:
            output, log_sd = g.halves(output, len(model.outputs))
        values = g.node("Exp", output) if model.link == EXP else output
        values = g.node("Mul", values, g.constant(model.scale[number]))
        if np.any(model.center[number]):
            values = g.node("Add", values, g.constant(model.center[number]))
        finite, known = [*encoded.finite, _are_finite(g, values)], encoded.known
        if offset is not None:
            known = _all(g, [known, _are_numbers(g, offset)])
            by = ("Mul", g.node("Exp", offset)) if model.link == EXP else ("Add", offset)
            values = g.node(by[0], values, by[1])
            finite.append(_are_finite(g, values))
        return _Part(values, output, known, _all(g, finite), self._sd(number, values, log_sd))

    def _sd(self, number: int, means: str, log_sd: str) -> str:
        g, model = self._graph, self._model
        if log_sd:
            sd = g.node("Max", g.node("Exp", log_sd), g.constant(LEAST_SD))
            return g.node("Mul", sd, g.constant(model.scale[number]))
        if model.theta is None:
            return ""
        square = g.node("Mul", means, means)
        excess = g.node("Div", square, g.constant(model.theta[number]))
        return g.node("Sqrt", g.node("Add", means, excess))

    def _encode(self, codings: tuple[Coding, ...]) -> _Encoded:
        g, sources = self._graph, self._model.sources
        known, finite, codes = [], [], []
        numeric = [n for n, coding in enumerate(codings) if not isinstance(coding, LevelCoding)]
        for number, coding in enumerate(codings):
            if isinstance(coding, LevelCoding):
                code = self._columns.codes(sources[number], tuple(coding.levels))
                known.append(
                    g.cast(g.node("GreaterOrEqual", code, g.constant(np.int64(0))), "double")
                )
                codes.append(
                    (number, g.node("Reshape", code, g.constant(np.array([-1], np.int64))))
                )
        numbers: str | None = None
        kept: list[int] = []
        if numeric:
            values = _side_by_side(g, [self._columns.number(sources[number]) for number in numeric])
            known.append(_are_numbers(g, values))
            finite.append(_are_finite(g, values))
            inputs = _inputs([codings[number] for number in numeric])
            numbers, far = _standardized(g, values, len(numeric), inputs)
            finite += far
            at = 0
            for coding in codings:
                kept += [] if isinstance(coding, LevelCoding) else range(at, at + coding.width)
                at += coding.width
        return _Encoded(numbers, kept, codes, _all(g, known), finite)

    def _joined(self, parts: Sequence[_Part]) -> tuple[str, str, str]:
        """Return the mean over the networks that know a row, whether it is valid, and the sd."""
        g = self._graph
        if len(parts) == 1:
            return parts[0].values, _all(g, [parts[0].known, parts[0].finite]), parts[0].sd
        zero, one = g.constant(0.0), g.constant(1.0)
        shares, bad = [], []
        for part in parts:
            known = g.cast(part.known, "bool")
            shares.append(g.node("Where", known, part.values, zero))
            bad.append(g.node("Mul", part.known, g.node("Sub", one, part.finite)))
        number = g.node("Sum", *(part.known for part in parts))
        mean = g.node("Div", g.node("Sum", *shares), g.node("Max", number, one))
        some = g.node("Min", number, one)
        none_bad = g.node("Sub", one, g.node("Max", *bad))
        return mean, g.node("Mul", some, none_bad), self._sd_of_mixture(parts, mean)

    def _sd_of_mixture(self, parts: Sequence[_Part], mean: str) -> str:
        """Return the standard deviation of what is as likely one network's as another's."""
        g, squares = self._graph, []
        if not self._model.has_spread:
            return ""
        for part in parts:
            far = g.node("Sub", part.values, mean)
            both = g.node("Add", g.node("Mul", part.sd, part.sd), g.node("Mul", far, far))
            squares.append(g.node("Where", g.cast(part.known, "bool"), both, g.constant(0.0)))
        number = g.node("Sum", *(part.known for part in parts))
        number = g.node("Max", number, g.constant(1.0))
        return g.node("Sqrt", g.node("Div", g.node("Sum", *squares), number))


def _kinds(model: PlainModel) -> list[str]:
    if model.link == SOFTMAX:
        return [".pred_class", ".prob", ".valid"]
    before, after = [".pred_class"] if model.labels else [], [".sd"] if model.has_spread else []
    return [*before, ".pred", *after, ".valid"]


@dataclass
class _Input:
    """One input: ``clip((min(max((x - start) / width, low), high) - center) / scale)``."""

    column: int
    start: float
    width: float
    low: float = -np.inf
    high: float = np.inf
    center: float = 0.0
    scale: float = 1.0
    limit: float = np.inf


def _inputs(codings: Sequence[Coding]) -> list[_Input]:
    inputs = []
    for column, coding in enumerate(codings):
        if isinstance(coding, LevelCoding):
            continue
        limit = np.inf if coding.limit is None else coding.limit
        if isinstance(coding, NumberCoding):
            # A constant column gives zeros, whatever it holds.
            pair = (coding.scale, limit) if coding.scale else (1.0, 0.0)
            inputs.append(_Input(column, coding.center, pair[0], limit=pair[1]))
        else:
            for piece, (center, scale) in enumerate(zip(coding.center, coding.scale, strict=True)):
                start, end = coding.knots[piece : piece + 2]
                low = -np.inf if piece == 0 else 0.0
                high = np.inf if piece == coding.width - 1 else 1.0
                pair = (scale, limit) if scale else (1.0, 0.0)
                inputs.append(_Input(column, start, end - start, low, high, center, *pair))
    return inputs


def _standardized(
    g: Graph, values: str, columns: int, inputs: Sequence[_Input]
) -> tuple[str, list[str]]:
    """Return standardised, clipped and rounded numbers, and whether all of a row are finite."""

    def of(name: str) -> Doubles:
        return np.array([getattr(one, name) for one in inputs])

    places = of("column").astype(np.int64)
    if not np.array_equal(places, np.arange(columns)):
        values = g.node("Gather", values, g.constant(places), axis=1)
    z = g.node("Sub", values, g.constant(of("start")))
    z = g.node("Div", z, g.constant(of("width")))
    if np.isfinite([*of("low"), *of("high")]).any():
        z = g.node("Max", z, g.constant(of("low")))
        z = g.node("Min", z, g.constant(of("high")))
        z = g.node("Sub", z, g.constant(of("center")))
        z = g.node("Div", z, g.constant(of("scale")))
    z = g.cast(z, "float")
    with np.errstate(over="ignore"):
        limits = of("limit").astype(np.float32)
    if np.isfinite(limits).any():
        z = g.node("Max", z, g.constant(-limits))
        z = g.node("Min", z, g.constant(limits))
    z = g.cast(z, "double")
    far = [] if np.isfinite(limits).all() else [_flag(g, z, _LARGEST_SINGLE)]
    return z, far


def _hidden(g: Graph, network: PlainNetwork, encoded: _Encoded) -> str:
    terms, places = [], network.places()
    if encoded.numbers is not None:
        weights = g.weights(network.first[:, encoded.kept].T)
        terms.append(g.node("MatMul", encoded.numbers, weights))
    for number, code in encoded.codes:
        weights = g.weights(network.first[:, places[number]].T)
        terms.append(g.node("Gather", weights, code))
    return g.combined("Add", [*terms, g.weights(network.first_bias)])


def _side_by_side(g: Graph, values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else g.node("Concat", *values, axis=1)


def _are_finite(g: Graph, values: str) -> str:
    return _flag(g, values, _LARGEST)


def _flag(g: Graph, values: str, largest: float) -> str:
    """Return 1 in rows whose values are all numbers up to ``largest``, else 0."""
    good = g.node("LessOrEqual", g.node("Abs", values), g.constant(largest))
    return g.node("ReduceMin", g.cast(good, "double"), axes=[1], keepdims=1)


def _are_numbers(g: Graph, values: str) -> str:
    """Return 1 in rows without NaN, else 0."""
    return _flag(g, values, np.inf)


def _all(g: Graph, flags: Sequence[str]) -> str:
    return g.constant(1.0) if not flags else g.combined("Mul", flags)


def _new_name(name: str, taken: Sequence[str]) -> str:
    while name in taken:
        name = f".{name}"
    return name

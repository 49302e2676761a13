"""Putting an ONNX graph together; ``onnx`` is imported where it is needed, since it is optional."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwolayer.errors import PytwolayerError

# What most runtimes of today read: ONNX 1.8, and onnxruntime from 1.6.
_OPSET, _ML_OPSET, _IR_VERSION = 13, 2, 7
_ML = "ai.onnx.ml"


def require_onnx() -> Any:
    """Return the package.

    Raises
    ------
    PytwolayerError
        If it is not installed.
    """
    try:
        import onnx
    except ImportError as problem:
        remedy = 'pip install "pytwolayer[onnx]"'
        raise PytwolayerError(
            f"ONNX files need the package onnx, which is not installed: {remedy}"
        ) from problem
    return onnx


class Graph:
    """An ONNX graph that grows node by node.

    Values are known by their names. Those of the graph's own are numbers after a prefix with which
    no name of the user's begins.

    Parameters
    ----------
    names : sequence of str
        Names that the graph must not use: those of its inputs and outputs.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._onnx = require_onnx()
        self._prefix, self._number = "t", 0
        while any(name.startswith(self._prefix) for name in names):
            self._prefix += "_"
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._known: dict[tuple[Any, ...], str] = {}
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []

    def input(self, name: str, kind: str) -> str:
        """Add an input of one column, of "double" or "string"."""
        self._inputs.append(self._column(name, kind, 1))
        return name

    def output(self, name: str, kind: str, value: str, width: int) -> None:
        """Add an output, which is ``value``."""
        self._nodes.append(self._onnx.helper.make_node("Identity", [value], [name]))
        self._outputs.append(self._column(name, kind, width))

    def _column(self, name: str, kind: str, width: int) -> Any:
        types = self._onnx.TensorProto
        element = {"double": types.DOUBLE, "string": types.STRING, "bool": types.BOOL}[kind]
        return self._onnx.helper.make_tensor_value_info(name, element, [None, width])

    def node(self, operator: str, *inputs: str, ml: bool = False, **attributes: Any) -> str:
        """Add a node and return its value."""
        name = self._new_name()
        domain = {"domain": _ML} if ml else {}
        made = self._onnx.helper.make_node(operator, [*inputs], [name], **domain, **attributes)
        self._nodes.append(made)
        return name

    def constant(self, values: Any) -> str:
        """Add a constant: a number, or an array of numbers or text."""
        array: NDArray[Any] = np.asarray(values)
        key = (array.dtype.str, array.shape, array.tobytes()) if array.dtype != object else ()
        if key and key in self._known:
            return self._known[key]
        name = self._new_name()
        self._constants.append(self._onnx.numpy_helper.from_array(array, name))
        if key:
            self._known[key] = name
        return name

    def weights(self, values: Any) -> str:
        """Add a constant of single precision, as weights are; its value is in double precision."""
        return self.cast(self.constant(np.ascontiguousarray(values, dtype=np.float32)), "double")

    def cast(self, value: str, kind: str) -> str:
        """Convert to "double", "float", "int64" or "bool"."""
        types = self._onnx.TensorProto
        to = {"double": types.DOUBLE, "float": types.FLOAT, "int64": types.INT64}
        return self.node("Cast", value, to=to.get(kind, types.BOOL))

    def ascending(self, values: str, width: int) -> str:
        """Sort each row of so many values."""
        names = [self._new_name(), self._new_name()]  # the values, and where they were
        given = [values, self.constant(np.array([width], np.int64))]
        made = self._onnx.helper.make_node("TopK", given, names, axis=1, largest=0, sorted=1)
        self._nodes.append(made)
        return names[0]

    def halves(self, values: str, width: int) -> tuple[str, str]:
        """Split each row into two of so many values."""
        names = self._new_name(), self._new_name()
        sizes = self.constant(np.array([width, width], np.int64))
        self._nodes.append(self._onnx.helper.make_node("Split", [values, sizes], names, axis=1))
        return names

    def combined(self, operator: str, values: Iterable[str]) -> str:
        """Combine values by an operator of two, one after the other."""
        first, *others = values
        for other in others:
            first = self.node(operator, first, other)
        return first

    def model(self, producer: tuple[str, str], metadata: dict[str, str]) -> bytes:
        """Return the bytes of the model's file."""
        helper = self._onnx.helper
        graph = helper.make_graph(
            self._nodes, "two_layer", self._inputs, self._outputs, self._constants
        )
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_ML, _ML_OPSET)]
        name, version = producer
        model = helper.make_model(
            graph,
            opset_imports=opsets,
            ir_version=_IR_VERSION,
            producer_name=name,
            producer_version=version,
        )
        helper.set_model_props(model, metadata)
        self._onnx.checker.check_model(model)
        data: bytes = model.SerializeToString()
        return data

    def _new_name(self) -> str:
        self._number += 1
        return f"{self._prefix}{self._number}"

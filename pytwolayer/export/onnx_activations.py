"""The activations as nodes of ONNX, of operators that runtimes have for doubles."""

from collections.abc import Callable

from pytwolayer.export.normal_tail import SHIFT, tail_coefficients
from pytwolayer.export.onnx_graph import Graph


def _leaky_relu(g: Graph, z: str) -> str:
    return g.node("Max", z, g.node("Mul", z, g.constant(0.01)))


def _elu(g: Graph, z: str) -> str:
    below = g.node("Exp", g.node("Min", z, g.constant(0.0)))
    return g.node("Add", g.node("Relu", z), g.node("Sub", below, g.constant(1.0)))


def _softplus(g: Graph, z: str) -> str:
    # As PyTorch's: the identity above 20.
    limit, one = g.constant(20.0), g.constant(1.0)
    grown = g.node("Add", g.node("Exp", g.node("Min", z, limit)), one)
    return g.node("Where", g.node("Greater", z, limit), z, g.node("Log", grown))


def _gelu(g: Graph, z: str) -> str:
    a, shift = g.node("Abs", z), g.constant(SHIFT)
    sum_ = g.node("Add", a, shift)
    t = g.node("Div", g.node("Sub", a, shift), sum_)
    first, *others = tail_coefficients()
    value = g.constant(first)
    for coefficient in others:
        value = g.node("Add", g.node("Mul", value, t), g.constant(coefficient))
    falling = g.node("Exp", g.node("Mul", g.node("Mul", a, a), g.constant(-0.5)))
    # The share above |z|, times |z|, is what is missing from z above 0, and what there is below.
    tail = g.node("Mul", a, g.node("Div", g.node("Mul", falling, value), sum_))
    return g.node("Sub", g.node("Relu", z), tail)


ONNX_ACTIVATIONS: dict[str, Callable[[Graph, str], str]] = {
    "relu": lambda g, z: g.node("Relu", z),
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "silu": lambda g, z: g.node("Mul", z, g.node("Sigmoid", z)),
    "gelu": _gelu,
    "softplus": _softplus,
    "tanh": lambda g, z: g.node("Tanh", z),
    "sigmoid": lambda g, z: g.node("Sigmoid", z),
    "identity": lambda g, z: z,
}

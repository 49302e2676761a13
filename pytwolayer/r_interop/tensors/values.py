"""R's vectors and arrays to tensors and back.

They travel as raw bytes, because reticulate before 1.37 cannot convert the arrays of NumPy 2.
R's order is column-major: the first dimension runs fastest.
"""

import traceback
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from pytwolayer.runtime.torch_loading import torch

Sent = dict[str, Any]
"""An R vector or array on its way: ``bytes`` (a list of pieces), ``kind`` and ``dim``."""

PIECE = 2**28
"""Bytes of a piece: a raw vector that R reads ends at 2^31."""

F = TypeVar("F", bound=Callable[..., Any])


class TensorError(Exception):
    """The caller in R asked for what cannot be done; the text is for them."""


class Failure:
    """An error as a value, so that R can raise it as its own condition."""

    def __init__(self, problem: Exception) -> None:
        self.message = first_line(problem)
        self.traceback = "".join(traceback.format_exception(problem))


def first_line(problem: Exception) -> str:
    """Give PyTorch's message without the C++ frames and lists of backends that may follow it."""
    line = (str(problem) or type(problem).__name__).splitlines()[0]
    return line.split(" This could be because ")[0]


R_FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""What R calls, by name: functions that return their errors as ``Failure``."""


def called_from_r(function: F) -> F:
    """Register a function that R calls. In Python it stays as it is, and raises its errors."""

    @wraps(function)
    def guarded(*args: Any, **named: Any) -> Any:
        try:
            return function(*args, **named)
        except Exception as problem:  # noqa: BLE001 - each one becomes an R condition
            return Failure(problem)

    R_FUNCTIONS[function.__name__] = guarded
    return function


def from_r(sent: Sent) -> torch.Tensor:
    """Make a CPU tensor of what R sent: float64, int32 or bool; flat if it has no dim."""
    dtype = torch.float64 if sent["kind"] == "double" else torch.int32
    pieces = [torch.frombuffer(piece, dtype=dtype) for piece in sent["bytes"] if len(piece)]
    flat = pieces[0] if len(pieces) == 1 else torch.cat([torch.empty(0, dtype=dtype), *pieces])
    if sent["kind"] == "logical":
        flat = flat.bool()
    return flat if sent["dim"] is None else column_major(flat, sent["dim"])


def column_major(flat: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
    """Fold a flat tensor as R folds a vector into an array."""
    return flat.reshape(list(shape)[::-1]).permute(tuple(reversed(range(len(shape)))))


def flatten(x: torch.Tensor) -> torch.Tensor:
    """Lay out a tensor as R does, the first dimension running fastest."""
    return x.permute(tuple(reversed(range(x.dim())))).reshape(-1)


@called_from_r
def to_r(x: torch.Tensor) -> Sent:
    """Give a tensor's values and shape to R."""
    return send(x)


def send(x: torch.Tensor) -> Sent:
    """Give the values as doubles, logicals, or integers if all of them fit R's integer."""
    if x.is_complex():
        raise TensorError(
            f"R gets no complex numbers: `x` is {describe(x)}. "
            "Convert `x$real` and `x$imag` one by one."
        )
    host = x.detach()
    host = (host if host.layout == torch.strided else host.to_dense()).cpu()
    flat = flatten(host.double() if host.is_floating_point() else host)
    array = flat.resolve_neg().numpy()
    kind, array = r_kind(array)
    view = np.ascontiguousarray(array).data.cast("B")
    pieces = [bytearray(view[start : start + PIECE]) for start in range(0, len(view), PIECE)]
    return {"bytes": pieces, "kind": kind, "dim": [float(size) for size in x.shape]}


def r_kind(array: np.ndarray[Any, Any]) -> tuple[str, np.ndarray[Any, Any]]:
    """Choose R's type for an array; -2^31 is R's missing integer, so it goes as a double."""
    if array.dtype.kind == "f":
        return "double", array
    if array.dtype.kind == "b":
        return "logical", array.astype(np.int32)
    low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
    if low > -(2**31) and high < 2**31:
        return "integer", array.astype(np.int32)
    if low >= -(2**53) and high <= 2**53:
        return "double", array.astype(np.float64)
    raise TensorError(
        "The tensor holds whole numbers beyond 2^53, which R cannot hold exactly: "
        "`x$to(torch$float64)` rounds them."
    )


@called_from_r
def shape(x: torch.Tensor) -> list[float]:
    """Sizes of the dimensions, as doubles because R's integers end at 2^31."""
    return [float(size) for size in x.shape]


@called_from_r
def count(x: torch.Tensor) -> float:
    """Give the number of elements."""
    return float(x.numel())


@called_from_r
def text(x: torch.Tensor) -> str:
    """Write a tensor as Python shows it."""
    return repr(x)


def first_tensor(values: Sequence[Any]) -> torch.Tensor:
    """Give the tensor whose type and device count."""
    return next(value for value in values if isinstance(value, torch.Tensor))


def describe(value: Any) -> str:
    """Name a value in an error message."""
    if isinstance(value, torch.Tensor):
        sizes = "x".join(map(str, value.shape))
        kind = {0: "0-dimensional", 1: f"length-{sizes}"}.get(value.dim(), sizes)
        return f"a {kind} {str(value.dtype).removeprefix('torch.')} tensor"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, dict) and value.keys() >= {"bytes", "kind", "dim"}:
        return "R numbers"
    return f"a Python object of class {type(value).__name__}"


def widest(x: torch.Tensor) -> torch.dtype:
    """Give float64, which Apple's devices lack."""
    return torch.float32 if x.device.type == "mps" else torch.float64


def countable(x: torch.Tensor) -> torch.Tensor:
    """Let a bool tensor count as 0 and 1, as R's logicals do."""
    return x.long() if x.dtype == torch.bool else x


def as_double(x: torch.Tensor) -> torch.Tensor:
    """Give whole numbers the type that R computes products and means in."""
    return x if x.is_floating_point() or x.is_complex() else x.to(widest(x))


def as_tensor(value: Any, like: torch.Tensor) -> torch.Tensor:
    """Make a tensor of what came from R, of the type that R's numbers take beside ``like``."""
    if isinstance(value, torch.Tensor):
        return value
    if isinstance(value, np.ndarray | np.generic):
        return torch.as_tensor(value, device=like.device)
    if isinstance(value, dict):
        found = from_r(value)
    elif isinstance(value, bool | int | float):
        found = torch.tensor(value, dtype=torch.float64 if isinstance(value, float) else None)
    else:
        raise TensorError(f"Tensors and numbers are taken, not {describe(value)}.")
    if like.is_floating_point() or like.is_complex():
        found = found.to(like.dtype)
    elif found.is_floating_point():
        found = found.to(widest(like))
    return found.to(like.device)


@called_from_r
def needs_gradient(x: torch.Tensor) -> bool:
    """Whether a gradient would be lost with the tensor's numbers."""
    return bool(x.requires_grad)


@called_from_r
def sizes(x: Sequence[int]) -> list[float]:
    """Give a torch.Size to R, as doubles because R's integers end at 2^31."""
    return [float(size) for size in x]

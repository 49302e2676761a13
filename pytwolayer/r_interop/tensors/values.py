"""R's vectors and arrays to tensors and back.

They travel as raw bytes, because reticulate before 1.37 cannot convert the arrays of NumPy 2.
R's order is column-major: the first dimension runs fastest.
"""

import math
import traceback
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeAlias, TypedDict, TypeVar

import numpy as np

from pytwolayer import errors
from pytwolayer.runtime.torch_loading import torch


class RValues(TypedDict):
    """An R vector or array on its way.

    ``bytes`` are pieces of its memory, ``kind`` is R's type ("double", "integer", "logical"; from
    R also "complex"), and ``dim`` the dimensions, None for a vector without.
    """

    bytes: list[bytearray]
    kind: str
    dim: list[float] | None


Operand: TypeAlias = torch.Tensor | np.ndarray[Any, Any] | np.generic | bool | int | float | RValues
"""What R's functions may be given beside a tensor."""

PIECE = 2**28
"""Bytes of a piece. A raw vector that R reads ends at 2^31."""

F = TypeVar("F", bound=Callable[..., Any])

# ---- Functions that R calls, and their errors -------------------------------------------------

R_FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""What R calls, by name: functions that return their errors as ``Failure``."""


class TensorError(Exception):
    """What the caller in R asked for cannot be done; the message is written for them.

    ``number`` is the one that is in the way, as text, where it is about a single number.
    """

    def __init__(self, message: str, number: str | None = None) -> None:
        super().__init__(message)
        self.number = number


class Failure:
    """An error as a value, so that R can raise it as its own condition."""

    def __init__(self, problem: Exception) -> None:
        self.message = first_line(problem)
        self.traceback = "".join(traceback.format_exception(problem))
        self.number = getattr(problem, "number", None)


def first_line(problem: Exception) -> str:
    """Return PyTorch's message without the C++ frames and lists of backends that may follow it."""
    return errors.first_line(problem).split(" This could be because ")[0]


def called_from_r(function: F) -> F:
    """Register a function that R calls. Called from Python it raises its errors as usual."""

    @wraps(function)
    def guarded(*args: Any) -> Any:
        try:
            return function(*args)
        except Exception as problem:  # noqa: BLE001 - each one becomes an R condition
            return Failure(problem)

    R_FUNCTIONS[function.__name__] = guarded
    return function


def describe(value: Any) -> str:
    """Describe a value in an error message."""
    if isinstance(value, torch.Tensor):
        sizes = "x".join(map(str, value.shape))
        kind = {0: "0-dimensional", 1: f"length-{sizes}"}.get(value.dim(), sizes)
        return f"a {kind} {str(value.dtype).removeprefix('torch.')} tensor"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, dict) and value.keys() >= RValues.__required_keys__:
        return "R numbers"
    return f"a Python object of class {type(value).__name__}"


# ---- R's order of elements --------------------------------------------------------------------


def column_major(flat: torch.Tensor, shape: Sequence[float]) -> torch.Tensor:
    """Fold a flat tensor as R folds a vector into an array; a view, with reversed strides."""
    sizes = [int(size) for size in shape]
    return flat.reshape(sizes[::-1]).permute(tuple(reversed(range(len(sizes)))))


def flatten(x: torch.Tensor) -> torch.Tensor:
    """Lay out a tensor as R does, the first dimension running fastest.

    A view where PyTorch's memory allows it (one dimension, or what ``column_major()`` made), else
    a copy.
    """
    return x.permute(tuple(reversed(range(x.dim())))).reshape(-1)


def recycle(flat: torch.Tensor, shape: Sequence[float]) -> torch.Tensor:
    """Repeat a vector's elements over a shape, down its columns; the last repetition may be cut."""
    count = int(math.prod(shape))
    return column_major(flat.repeat(-(-count // max(flat.numel(), 1)))[:count], shape)


# ---- From R -----------------------------------------------------------------------------------


def from_r(sent: RValues, flat: bool = False) -> torch.Tensor:
    """Make a CPU tensor of what R sent.

    Parameters
    ----------
    sent : RValues
        Numbers or logicals. The tensor is float64, int32 or bool; of the first two it shares
        the bytes' memory where they are one piece.
    flat : bool
        Whether to leave it one long vector, as it is where R's vector has no dimensions.
    """
    dtype = torch.float64 if sent["kind"] == "double" else torch.int32
    pieces = [torch.frombuffer(piece, dtype=dtype) for piece in sent["bytes"] if len(piece)]
    values = pieces[0] if len(pieces) == 1 else torch.cat([torch.empty(0, dtype=dtype), *pieces])
    if sent["kind"] == "logical":
        values = values.bool()
    return values if flat or sent["dim"] is None else column_major(values, sent["dim"])


def to_tensor(value: Operand, what: str = "Each argument") -> torch.Tensor:
    """Make a tensor of what R gave, of R's type: float64, int32, int64 (one number) or bool."""
    if isinstance(value, torch.Tensor):
        return value
    if isinstance(value, np.ndarray | np.generic):
        return torch.as_tensor(value)
    if isinstance(value, dict):
        return from_r(value)
    if isinstance(value, int | float):
        return torch.tensor(value, dtype=torch.float64 if isinstance(value, float) else None)
    raise TensorError(f"{what} must be numbers or a tensor, not {describe(value)}.")


def convert_like(
    found: torch.Tensor, like: torch.Tensor, real: torch.dtype | None = None
) -> torch.Tensor:
    """Convert R's numbers to the type and device that they take beside a tensor.

    A tensor of real or complex numbers gives them its type. Beside whole numbers and bools,
    doubles become ``real``, by default float64, and whole numbers stay what they are.
    """
    if like.is_floating_point() or like.is_complex():
        found = found.to(like.dtype)
    elif found.is_floating_point():
        found = found.to(real or widest(like))
    return found.to(like.device)


def as_tensor(value: Operand, like: torch.Tensor) -> torch.Tensor:
    """Make a tensor of what R gave, of the type that it takes beside ``like``.

    Tensors stay as they are, and arrays of NumPy keep their type.
    """
    if isinstance(value, torch.Tensor):
        return value
    found = to_tensor(value)
    return (
        found.to(like.device)
        if isinstance(value, np.ndarray | np.generic)
        else convert_like(found, like)
    )


def as_tensors(*values: Operand) -> list[torch.Tensor]:
    """Make tensors of what R gave, one of which is a tensor; see ``as_tensor()``."""
    like = first_tensor(values)
    return [as_tensor(value, like) for value in values]


def first_tensor(values: Sequence[Operand]) -> torch.Tensor:
    """Return the tensor whose type and device the others take."""
    return next(value for value in values if isinstance(value, torch.Tensor))


# ---- To R -------------------------------------------------------------------------------------


@called_from_r
def to_r(x: torch.Tensor) -> RValues:
    """Copy a tensor for R: as doubles, logicals, or integers if all of them fit R's integer."""
    if x.is_complex():
        raise TensorError(
            f"Complex numbers cannot be passed to R: `x` is {describe(x)}. "
            "Convert `x$real` and `x$imag` one by one."
        )
    host = x.detach()
    host = (host if host.layout == torch.strided else host.to_dense()).cpu()
    flat = flatten(host.double() if host.is_floating_point() else host)
    kind, array = as_r_type(flat.resolve_neg().numpy())
    view = np.ascontiguousarray(array).data.cast("B")
    pieces = [bytearray(view[start : start + PIECE]) for start in range(0, len(view), PIECE)]
    return {"bytes": pieces, "kind": kind, "dim": [float(size) for size in x.shape]}


def as_r_type(array: np.ndarray[Any, Any]) -> tuple[str, np.ndarray[Any, Any]]:
    """Choose R's type for an array, and convert it; -2^31 is R's missing integer, so no integer."""
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
def sizes(x: torch.Tensor | torch.Size) -> list[float]:
    """Return the sizes of the dimensions, as doubles because R's integers end at 2^31."""
    return [float(size) for size in (x.shape if isinstance(x, torch.Tensor) else x)]


@called_from_r
def needs_gradient(x: torch.Tensor) -> bool:
    """Return whether a gradient would be lost with the tensor's numbers."""
    return bool(x.requires_grad)


# ---- Types that R computes in -----------------------------------------------------------------


def widest(x: torch.Tensor) -> torch.dtype:
    """Return float64, or float32 on Apple's devices, which lack it."""
    return torch.float32 if x.device.type == "mps" else torch.float64


def countable(x: torch.Tensor) -> torch.Tensor:
    """Convert bools to 0 and 1 (int64), as R's logicals count in arithmetic."""
    return x.long() if x.dtype == torch.bool else x


def as_double(x: torch.Tensor) -> torch.Tensor:
    """Convert whole numbers to float64, in which R computes products and means."""
    return x if x.is_floating_point() or x.is_complex() else x.to(widest(x))


def promoted(x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Convert two tensors to their common type, as matrix products need it."""
    dtype = torch.promote_types(x.dtype, y.dtype)
    return x.to(dtype), y.to(dtype)

"""What R's operators and functions do to tensors.

The R package's methods for the class ``torch.Tensor`` call the functions that are marked
``@for_r``, here and in the modules imported below. Tables map R's names to PyTorch's functions.
"""

import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from pytwolayer.torch_loading import torch
from pytwolayer_tensor_columns import make_of_columns
from pytwolayer_tensor_index import put, take
from pytwolayer_tensor_math import ELEMENTWISE
from pytwolayer_tensor_values import (
    Sent,
    TensorError,
    as_double,
    column_major,
    count,
    countable,
    describe,
    first_line,
    flatten,
    for_r,
    from_r,
    send,
    shape,
    text,
    to_r,
    usual_type,
    widest,
)

__all__ = [
    "binary",
    "constant",
    "count",
    "decide",
    "elementwise",
    "make",
    "make_of_columns",
    "mean",
    "predicate",
    "put",
    "shape",
    "summary",
    "take",
    "text",
    "to_r",
    "transpose",
    "unary",
]


@for_r
def make(sent: Sent, dtype: torch.dtype | None, device: str | torch.device) -> torch.Tensor:
    """Make a tensor of an R vector or array, of the type that PyTorch gives such numbers."""
    value = from_r(sent)
    dtype = usual_type({sent["kind"]}) if dtype is None else dtype
    return value.to(device=device, dtype=dtype).contiguous()


# ---- Operators -----------------------------------------------------------------------------

ARITHMETIC: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
    "%%": operator.mod,
    "%/%": operator.floordiv,
    "%@%": operator.matmul,
}
COMPARISON: dict[str, Callable[..., Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
LOGIC: dict[str, Callable[..., Any]] = {"&": torch.logical_and, "|": torch.logical_or}
UNARY: dict[str, Callable[..., Any]] = {
    "+": operator.pos,
    "-": operator.neg,
    "!": torch.logical_not,
}
BINARY = ARITHMETIC | COMPARISON | LOGIC


@for_r
def unary(symbol: str, x: torch.Tensor) -> Any:
    """Apply one of R's operators to one operand."""
    return UNARY[symbol](truth(x, x) if symbol == "!" else countable(x))


@for_r
def binary(symbol: str, left: Any, right: Any) -> Any:
    """Apply one of R's operators to two operands, at least one of them a tensor."""
    like = left if isinstance(left, torch.Tensor) else right
    mixed = isinstance(left, dict) or isinstance(right, dict)
    left, right = (operand(value, like, symbol) for value in (left, right))
    if mixed and symbol == "%@%":
        # An element by element operator promotes by itself, a matrix product does not.
        common = torch.promote_types(left.dtype, right.dtype)
        left, right = left.to(common), right.to(common)
    try:
        return BINARY[symbol](left, right)
    except (RuntimeError, TypeError, ArithmeticError) as problem:
        raise TensorError(
            f"`{symbol}` fails between {describe(left)} and {describe(right)}: "
            f"{first_line(problem)}"
        ) from problem


def operand(value: Any, like: torch.Tensor, symbol: str) -> Any:
    """Make what PyTorch takes of one operand; ``like`` is the tensor it meets."""
    if isinstance(value, dict):
        value = converted(value, like, symbol)
    elif isinstance(value, np.ndarray | np.generic):
        value = torch.as_tensor(value, device=like.device)
    elif not isinstance(value, torch.Tensor | bool | int | float):
        raise TensorError(f"`{symbol}` takes tensors and numbers, not {describe(value)}.")
    if symbol in LOGIC:
        return truth(value, like)
    if symbol in ARITHMETIC and like.dtype == torch.bool:
        return countable(value) if isinstance(value, torch.Tensor) else +value
    if symbol in COMPARISON and isinstance(value, float) and not like.is_floating_point():
        # As float32, PyTorch's choice, 2^24 + 1 would equal 2^24.
        return torch.tensor(value, dtype=widest(like), device=like.device)
    return value


def converted(sent: Sent, like: torch.Tensor, symbol: str) -> torch.Tensor:
    """Turn an R vector or array into a tensor of a fitting type, on the other's device."""
    value = from_r(sent)
    dtype = value.dtype
    if like.is_floating_point() or like.is_complex():
        dtype = like.dtype
    elif dtype == torch.float64:
        dtype = torch.get_default_dtype() if symbol in ARITHMETIC else widest(like)
    value = value.to(dtype).to(like.device)
    recycle = sent["dim"] is None and symbol in BINARY and symbol != "%@%"
    return recycled(value, like) if recycle else value


def recycled(flat: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Repeat a plain R vector over a tensor's shape, down its columns."""
    length, size = flat.numel(), like.numel()
    if flat.shape == like.shape or (size == 1 and like.dim() < 2 and length):
        return flat
    if length == 0 or size % length:
        raise TensorError(f"A vector of length {length} cannot be recycled over {describe(like)}.")
    return column_major(flat.repeat(size // length), like.shape)


def truth(value: Any, like: torch.Tensor) -> torch.Tensor:
    """Make a bool tensor; a missing value is neither true nor false."""
    found: torch.Tensor = torch.as_tensor(value, device=like.device)
    if found.is_floating_point() and bool(found.isnan().any()):
        raise TensorError("Missing values (NA, NaN) cannot be used as TRUE or FALSE in a tensor.")
    return found.bool()


@for_r
def transpose(x: torch.Tensor) -> torch.Tensor:
    """Transpose as R's t(): a vector becomes a row."""
    if x.dim() > 2:
        raise TensorError(
            f"`t()` takes a tensor of at most 2 dimensions, not {describe(x)}: use `x$permute()`."
        )
    return x.t() if x.dim() == 2 else x.reshape(1, -1)


# ---- Functions of the elements -------------------------------------------------------------

CUMULATIVE: dict[str, Callable[..., torch.Tensor]] = {
    "cumsum": lambda x: torch.cumsum(x, 0),
    "cumprod": lambda x: torch.cumprod(as_double(x), 0),
    "cummax": lambda x: torch.cummax(x, 0).values,
    "cummin": lambda x: torch.cummin(x, 0).values,
}
PREDICATE: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "is.na": torch.isnan,
    "is.nan": torch.isnan,
    "is.finite": torch.isfinite,
    "is.infinite": torch.isinf,
}


@for_r
def elementwise(name: str, x: torch.Tensor, *extra: Any) -> torch.Tensor:
    """Apply a function of R's group Math."""
    x = countable(x)
    if name in CUMULATIVE:
        return CUMULATIVE[name](flatten(x))
    try:
        return ELEMENTWISE[name](x, *extra)
    except (RuntimeError, TypeError, ArithmeticError) as problem:
        message = f"`{name}()` fails for {describe(x)}: {first_line(problem)}"
        raise TensorError(message) from problem


@for_r
def predicate(x: torch.Tensor, name: str) -> Sent:
    """Ask each element; R gets logicals."""
    return send(PREDICATE[name](x))


# ---- Summaries -----------------------------------------------------------------------------


COMBINE: dict[str, Callable[..., torch.Tensor]] = {
    "sum": operator.add,
    "prod": operator.mul,
    "max": torch.maximum,
    "min": torch.minimum,
}
REDUCE: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "sum": torch.sum,
    "prod": lambda x: torch.prod(as_double(x)),
    "max": torch.max,
    "min": torch.min,
}


def parts(values: list[Any], na_rm: bool) -> list[torch.Tensor]:
    """Make tensors of a summary's arguments, without missing values if so asked."""
    like = values[0]
    found = []
    for value in values:
        part = operand(value, like, "c")
        if not isinstance(part, torch.Tensor):
            kind = like.dtype if like.is_floating_point() else widest(like)
            kind = kind if isinstance(part, float) else None
            part = torch.tensor(part, dtype=kind, device=like.device)
        found.append(part[~part.isnan()] if na_rm and part.is_floating_point() else part)
    return found


@for_r
def summary(name: str, na_rm: bool, values: list[Any]) -> torch.Tensor | None:
    """Apply sum, prod, max, min or range; None where R has an infinity and a warning."""
    found = [countable(part) for part in parts(values, na_rm)]
    if name in ("max", "min", "range"):
        found = [part for part in found if part.numel()]
        if not found:
            return None
    if name == "range":
        return torch.stack([combined("min", found), combined("max", found)])
    return combined(name, found)


@for_r
def constant(x: torch.Tensor, values: list[float], as_vector: bool) -> torch.Tensor:
    """Make a tensor of a few numbers, beside ``x``."""
    dtype = x.dtype if x.is_floating_point() else widest(x)
    found = torch.tensor(values, dtype=dtype, device=x.device)
    return found if as_vector else found.reshape(())


def combined(name: str, found: list[torch.Tensor]) -> torch.Tensor:
    """Reduce each part, then the results."""
    return reduce(COMBINE[name], map(REDUCE[name], found))


@for_r
def decide(name: str, na_rm: bool, values: list[Any]) -> bool | None:
    """Apply any or all; None where a missing value decides."""
    missing = False
    for part in parts(values, na_rm):
        unknown = part.isnan()
        decisive = (part != 0) & ~unknown if name == "any" else part == 0
        if bool(decisive.any()):
            return name == "any"
        missing = missing or bool(unknown.any())
    return None if missing else name == "all"


@for_r
def mean(x: torch.Tensor, na_rm: bool) -> torch.Tensor:
    """Average; of whole numbers and bools as doubles."""
    return torch.mean(as_double(parts([x], na_rm)[0]))

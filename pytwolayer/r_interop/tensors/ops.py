"""R's operators on tensors. Tables map R's names to PyTorch's functions."""

import operator
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from pytwolayer.r_interop.tensors.compare import COMPARISON, compare, fits, is_whole
from pytwolayer.r_interop.tensors.values import (
    Sent,
    TensorError,
    called_from_r,
    column_major,
    countable,
    describe,
    first_line,
    from_r,
    widest,
)
from pytwolayer.runtime.torch_loading import torch

Flag = tuple[torch.Tensor, bool | None]
"""A tensor without dimensions and the truth value that R has for it; None is R's NA."""

ARITHMETIC: dict[str, Callable[..., torch.Tensor]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
    "%%": operator.mod,
    "%/%": operator.floordiv,
    "%@%": operator.matmul,
}
LOGIC: dict[str, Callable[..., torch.Tensor]] = {"&": torch.logical_and, "|": torch.logical_or}
UNARY: dict[str, Callable[..., torch.Tensor]] = {
    "+": operator.pos,
    "-": operator.neg,
    "!": torch.logical_not,
}
ELEMENTS = (ARITHMETIC.keys() | COMPARISON.keys() | LOGIC.keys()) - {"%@%"}
"""Operators that work element by element, over which R's vectors are recycled."""

PROBLEMS = (RuntimeError, TypeError, ValueError, ArithmeticError, IndexError)
"""What PyTorch raises when it cannot do what it is asked for."""
Result = TypeVar("Result")


def named(what: str, x: torch.Tensor, work: Callable[[], Result]) -> Result:
    """Have PyTorch's error say which of R's functions or operators fails, and for what."""
    try:
        return work()
    except PROBLEMS as problem:
        raise TensorError(f"`{what}` fails for {describe(x)}: {first_line(problem)}") from problem


@called_from_r
def unary(symbol: str, x: torch.Tensor) -> torch.Tensor | Flag:
    """Apply one of R's operators to one operand."""
    if symbol == "!":
        return flagged(torch.logical_not(truth(x, x)))
    return named(symbol, x, lambda: UNARY[symbol](countable(x)))


@called_from_r
def binary(symbol: str, left: Any, right: Any) -> torch.Tensor | Flag:
    """Apply one of R's operators to two operands, at least one of them a tensor."""
    try:
        return applied(symbol, left, right)
    except PROBLEMS as problem:
        reason = first_line(problem)
        if "ZeroDivisionError" in reason or isinstance(problem, ZeroDivisionError):
            reason = "whole numbers have no value for it, convert first, `x$to(torch$float64)`."
            reason = f"division by zero, and {reason}"
        raise TensorError(
            f"`{symbol}` fails between {describe(left)} and {describe(right)}: {reason}"
        ) from problem


def applied(symbol: str, left: Any, right: Any) -> torch.Tensor | Flag:
    """Bring two operands together, and apply an operator."""
    like = left if isinstance(left, torch.Tensor) else right
    mixed = isinstance(left, dict) or isinstance(right, dict)
    left, right = (operand(value, like, symbol) for value in (left, right))
    if symbol in COMPARISON:
        return flagged(compare(symbol, left, right))
    if symbol in LOGIC:
        return flagged(LOGIC[symbol](left, right))
    if mixed and symbol == "%@%":
        # An element by element operator promotes by itself, a matrix product does not.
        common = torch.promote_types(left.dtype, right.dtype)
        left, right = left.to(common), right.to(common)
    return ARITHMETIC[symbol](widened(left, right), widened(right, left))


def widened(x: Any, number: Any) -> Any:
    """Give whole numbers a type that holds the number they meet, which would else wrap round."""
    if not isinstance(number, int) or isinstance(number, bool) or not is_whole(x):
        return x
    return x if fits(number, x) else x.long()


def flagged(found: torch.Tensor) -> torch.Tensor | Flag:
    """Read the truth value of a tensor without dimensions, once, for R."""
    return found if found.dim() or found.is_meta else (found, bool(found))


@called_from_r
def truth_value(like: torch.Tensor, value: bool | None) -> Flag:
    """Make a tensor of a truth value that R found, beside ``like``."""
    return truth_tensor(like, value), value


def truth_tensor(like: torch.Tensor, value: bool | None) -> torch.Tensor:
    """Make a bool tensor without dimensions, or for a missing value one that holds NaN."""
    return torch.tensor(float("nan") if value is None else value, device=like.device)


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
    return value


def converted(sent: Sent, like: torch.Tensor, symbol: str) -> torch.Tensor:
    """Turn an R vector or array into a tensor of a fitting type, on the other's device."""
    value = from_r(sent)
    dtype = value.dtype
    if like.is_floating_point() or like.is_complex():
        dtype = like.dtype
    elif dtype == torch.float64:
        dtype = torch.get_default_dtype() if symbol in ARITHMETIC else widest(like)
    if symbol in COMPARISON and like.is_floating_point() and overflows(value, dtype):
        dtype = widest(like)
    value = value.to(dtype).to(like.device)
    recycle = sent["dim"] is None and symbol in ELEMENTS
    return recycled(value, like) if recycle else value


def overflows(value: torch.Tensor, dtype: torch.dtype) -> bool:
    """Tell whether a finite number would become infinite."""
    return bool((value.to(dtype).isinf() & value.isfinite()).any())


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

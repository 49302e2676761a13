"""R's operators on tensors. Tables map R's names to PyTorch's functions."""

import operator
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import numpy as np

from pytwolayer.r_interop.tensors.compare import COMPARISON, compare, fits
from pytwolayer.r_interop.tensors.dtypes import is_whole
from pytwolayer.r_interop.tensors.values import (
    Operand,
    RValues,
    TensorError,
    called_from_r,
    convert_like,
    countable,
    describe,
    first_line,
    from_r,
    promoted,
    recycle,
    widest,
)
from pytwolayer.runtime.torch_loading import torch

Flag: TypeAlias = tuple[torch.Tensor, bool | None]
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
UNARY: dict[str, Callable[..., torch.Tensor]] = {"+": operator.pos, "-": operator.neg}

PROBLEMS = (RuntimeError, TypeError, ValueError, ArithmeticError, IndexError)
"""What PyTorch raises when it cannot do what it is asked for."""
Result = TypeVar("Result")


def named(what: str, x: torch.Tensor, work: Callable[[], Result]) -> Result:
    """Do work; PyTorch's error then names R's function or operator, and what it was given."""
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
def binary(symbol: str, left: Operand, right: Operand) -> torch.Tensor | Flag:
    """Apply one of R's operators to two operands, at least one of them a tensor."""
    try:
        return _apply(symbol, left, right)
    except PROBLEMS as problem:
        reason = first_line(problem)
        if "ZeroDivisionError" in reason or isinstance(problem, ZeroDivisionError):
            reason = "whole numbers have no value for it, convert first, `x$to(torch$float64)`."
            reason = f"division by zero, and {reason}"
        raise TensorError(
            f"`{symbol}` fails between {describe(left)} and {describe(right)}: {reason}"
        ) from problem


def _apply(symbol: str, left: Operand, right: Operand) -> torch.Tensor | Flag:
    like = left if isinstance(left, torch.Tensor) else right
    assert isinstance(like, torch.Tensor)
    one, other = (_operand(value, like, symbol) for value in (left, right))
    if symbol in COMPARISON:
        return flagged(compare(symbol, one, other))
    if symbol in LOGIC:
        return flagged(LOGIC[symbol](one, other))
    if symbol == "%@%" and (isinstance(left, dict) or isinstance(right, dict)):
        # Operators by element promote R's numbers by themselves, a matrix product does not.
        one, other = promoted(one, other)
    return ARITHMETIC[symbol](_widened(one, other), _widened(other, one))


def _widened(x: Any, number: Any) -> Any:
    """Convert whole numbers to int64 if their type wraps round the number that they meet."""
    if not isinstance(number, int) or isinstance(number, bool) or not is_whole(x):
        return x
    return x if fits(number, x) else x.long()


def _operand(value: Operand, like: torch.Tensor, symbol: str) -> Any:
    """Make a tensor or a number of one operand; ``like`` is the tensor that it meets."""
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


def converted(sent: RValues, like: torch.Tensor, symbol: str) -> torch.Tensor:
    """Make a tensor of an R vector or array, of the type and shape that it takes beside ``like``.

    Doubles take PyTorch's default type in arithmetic with whole numbers, but float64 in a
    comparison, as they do where ``like``'s type would make finite numbers infinite. Vectors
    are recycled, except for matrix products.
    """
    exact = from_r(sent)
    found = convert_like(exact, like, torch.get_default_dtype() if symbol in ARITHMETIC else None)
    if symbol in COMPARISON and like.is_floating_point() and _overflows(exact, found):
        found = exact.to(widest(like)).to(like.device)
    return found if sent["dim"] is not None or symbol == "%@%" else _recycled(found, like)


def _overflows(exact: torch.Tensor, found: torch.Tensor) -> bool:
    return bool((found.isinf().to(exact.device) & exact.isfinite()).any())


def _recycled(flat: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Repeat a plain R vector over a tensor's shape, down its columns."""
    length, size = flat.numel(), like.numel()
    if flat.shape == like.shape or (size == 1 and like.dim() < 2 and length):
        return flat
    if length == 0 or size % length:
        raise TensorError(f"A vector of length {length} cannot be recycled over {describe(like)}.")
    return recycle(flat, like.shape)


def truth(value: Any, like: torch.Tensor) -> torch.Tensor:
    """Make a bool tensor; a missing value is neither true nor false."""
    found: torch.Tensor = torch.as_tensor(value, device=like.device)
    if found.is_floating_point() and bool(found.isnan().any()):
        raise TensorError("Missing values (NA, NaN) cannot be used as TRUE or FALSE in a tensor.")
    return found.bool()


def flagged(found: torch.Tensor) -> torch.Tensor | Flag:
    """Read the truth value of a tensor without dimensions for R: on a GPU this waits for it."""
    return found if found.dim() or found.is_meta else (found, bool(found))


@called_from_r
def truth_value(like: torch.Tensor, value: bool | None) -> Flag:
    """Make a bool tensor of R's truth value, on ``like``'s device; NaN for a missing one."""
    return torch.tensor(float("nan") if value is None else value, device=like.device), value

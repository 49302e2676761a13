"""Comparison of tensors, exact where whole numbers meet numbers of any kind.

PyTorch compares in a common type: a whole number beyond 2^24 as a float32 or beyond 2^53 as a
float64 would equal its neighbour, and 300 wraps round to 44 beside a uint8. Here none does.
"""

import math
import operator
from collections.abc import Callable
from typing import Any

from pytwolayer.r_interop.tensors.dtypes import is_whole, limits
from pytwolayer.r_interop.tensors.values import TensorError, called_from_r, describe, widest
from pytwolayer.runtime.torch_loading import torch

COMPARISON: dict[str, Callable[..., Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

_UNSIGNED = {
    getattr(torch, name) for name in ("uint16", "uint32", "uint64") if hasattr(torch, name)
}
"""Types that PyTorch neither promotes nor orders."""


def compare(symbol: str, left: Any, right: Any) -> torch.Tensor:
    """Compare two tensors, or a tensor and a number."""
    left, right = _as_signed(left), _as_signed(right)
    if not isinstance(left, torch.Tensor):
        return _with_number(_MIRRORED[symbol], right, left)
    if not isinstance(right, torch.Tensor):
        return _with_number(symbol, left, right)
    if is_whole(left) and is_whole(right):
        # A tensor without dimensions would take the other's type, and wrap round.
        common = torch.promote_types(left.dtype, right.dtype)
        left, right = left.to(common), right.to(common)
    elif is_whole(left) and right.is_floating_point():
        return _whole_with_real(symbol, left, right)
    elif is_whole(right) and left.is_floating_point():
        return _whole_with_real(_MIRRORED[symbol], right, left)
    return _as_pytorch(symbol, left, right)


def _as_pytorch(symbol: str, left: Any, right: Any) -> torch.Tensor:
    found: torch.Tensor = COMPARISON[symbol](left, right)
    return found


def _as_signed(value: Any) -> Any:
    """Convert unsigned numbers of more than 8 bits to int64, which PyTorch compares."""
    if not isinstance(value, torch.Tensor) or value.dtype not in _UNSIGNED:
        return value
    found = value.long()
    if value.dtype == getattr(torch, "uint64", None) and bool((found < 0).any()):
        raise TensorError(f"Numbers of 2^63 and more are not compared: {describe(value)}.")
    return found


def _with_number(symbol: str, x: torch.Tensor, number: float) -> torch.Tensor:
    """Compare a tensor with a number, which does not change the type of real numbers."""
    if is_whole(x):
        return _whole_with_number(symbol, x, number)
    if x.is_floating_point() and math.isfinite(number) and abs(number) > torch.finfo(x.dtype).max:
        x = x.to(widest(x))  # or it would become infinite
    return _as_pytorch(symbol, x, number)


def _whole_with_number(symbol: str, x: torch.Tensor, number: float) -> torch.Tensor:
    """Compare whole numbers with a whole number that leads to the same answers."""
    if math.isnan(number):
        return _all_alike(symbol == "!=", x)
    if math.isfinite(number) and number != math.floor(number):
        if symbol in ("==", "!="):
            return _all_alike(symbol == "!=", x)
        number = math.ceil(number) if symbol in ("<", ">=") else math.floor(number)
    if not -(2**63) <= number < 2**63:
        return _all_alike(COMPARISON[symbol](0, number), x)
    return _as_pytorch(symbol, x if fits(int(number), x) else x.long(), int(number))


def fits(number: int, x: torch.Tensor) -> bool:
    """Return whether a tensor's type holds a number, which a bool does not."""
    low, high = limits(x.dtype)
    return x.dtype != torch.bool and low <= number <= high


def _all_alike(value: bool, x: torch.Tensor) -> torch.Tensor:
    return torch.full_like(x, value, dtype=torch.bool)


def _whole_with_real(symbol: str, whole: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """Compare elements exactly. Rounding keeps the order: only ties need a closer look."""
    wide = widest(real)
    near, real = whole.to(wide), real.to(wide)
    found = _as_pytorch(symbol, near, real)
    if whole.dtype not in (torch.int64, torch.int32):
        return found
    tied = near == real
    reached = real < 2**63  # a float64 that an int64 holds
    closer = _as_pytorch(symbol, whole.long(), torch.where(tied & reached, real, 0).long())
    beyond = COMPARISON[symbol](0, 1)
    return torch.where(tied, torch.where(reached, closer, beyond), found)


@called_from_r
def same(x: torch.Tensor, y: torch.Tensor) -> bool:
    """Return whether type, shape and all values are the same; any two missing values are."""
    if x.dtype != y.dtype or x.shape != y.shape:
        return False
    one, other = x.detach(), y.detach().to(x.device)
    return bool(((one == other) | ((one != one) & (other != other))).all())

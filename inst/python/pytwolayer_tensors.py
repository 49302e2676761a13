"""What R's operators and functions do to tensors.

The R package's methods for the class ``torch.Tensor`` call the functions that are marked
``@for_r``, here and in the two modules imported below. Tables map R's names to PyTorch's.
"""

import math
import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
from pytwolayer.torch_loading import torch
from pytwolayer_tensor_index import put, take
from pytwolayer_tensor_values import (
    Sent,
    TensorError,
    column_major,
    count,
    describe,
    first_line,
    flatten,
    for_r,
    from_r,
    send,
    shape,
    text,
    to_r,
)

__all__ = [
    "binary",
    "constant",
    "count",
    "decide",
    "elementwise",
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


def widest(x: torch.Tensor) -> torch.dtype:
    """Give float64, which Apple's devices lack."""
    return torch.float32 if x.device.type == "mps" else torch.float64


def countable(x: torch.Tensor) -> torch.Tensor:
    """Let a bool tensor count as 0 and 1, as R's logicals do."""
    return x.long() if x.dtype == torch.bool else x


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
    value = torch.as_tensor(value, device=like.device)
    if value.is_floating_point() and bool(value.isnan().any()):
        raise TensorError("Missing values (NA, NaN) cannot be used as TRUE or FALSE in a tensor.")
    return value.bool()


@for_r
def transpose(x: torch.Tensor) -> torch.Tensor:
    """Transpose as R's t(): a vector becomes a row."""
    if x.dim() > 2:
        raise TensorError(
            f"`t()` takes a tensor of at most 2 dimensions, not {describe(x)}: use `x$permute()`."
        )
    return x.t() if x.dim() == 2 else x.reshape(1, -1)


# ---- Functions of the elements -------------------------------------------------------------


def log(x: torch.Tensor, base: Any = None) -> torch.Tensor:
    """Logarithm to any base."""
    exact = {2: torch.log2, 10: torch.log10}
    if base is None or isinstance(base, torch.Tensor):
        return torch.log(x) if base is None else torch.log(x) / torch.log(base)
    if base in exact:
        return exact[base](x)
    return torch.log(x) / torch.log(torch.tensor(base, dtype=torch.float64)).item()


def round_to(x: torch.Tensor, digits: float = 0) -> torch.Tensor:
    """Round as R 4 does: to the nearer of the two decimal neighbours, ties to the even digit."""
    digits = math.floor(digits + 0.5)
    if digits == 0 or (not x.is_floating_point() and digits > 0):
        return torch.round(x)
    if abs(digits) > 308:
        return x.clone() if digits > 0 else x * 0
    wide, power = x.to(widest(x)), 10.0 ** abs(digits)
    scaled = wide * power if digits > 0 else wide / power
    below, above = (
        whole / power if digits > 0 else whole * power for whole in (scaled.floor(), scaled.ceil())
    )
    to_below, to_above = wide - below, above - wide
    even = scaled.floor() % 2 == 0
    nearest = torch.where((to_below < to_above) | ((to_below == to_above) & even), below, above)
    too_fine = (digits > 15 - wide.abs().log10().ceil()) | ~scaled.isfinite()
    return torch.where(too_fine, wide, nearest).to(x.dtype)


def significant(x: torch.Tensor, digits: float = 6) -> torch.Tensor:
    """Round to a number of significant digits."""
    digits = max(math.floor(digits + 0.5), 1)
    if digits > 22:
        return x.clone()
    wide = x.to(widest(x)).detach()
    exponent = digits - 1 - wide.abs().log10().floor()
    exponent = exponent.nan_to_num(0, 0, 0).long()
    # Python's own powers, since torch's are off by a bit; 10^308 is the largest there is,
    # so that smaller numbers are scaled in two steps.
    powers = torch.tensor([10.0**k for k in range(309)], dtype=wide.dtype, device=x.device)
    power = powers[exponent.abs().clamp(max=308)]
    second = powers[(exponent - 308).clamp(min=0)]
    up = torch.round(wide * power * second) / power / second
    down = torch.round(wide / power) * power
    rounded = torch.where(exponent > 0, up, down)
    return torch.where((wide == 0) | ~wide.isfinite(), wide, rounded).to(x.dtype)


def within_one_turn(x: torch.Tensor) -> torch.Tensor:
    """Bring half turns into [-1, 1], where sines and cosines of pi are exact."""
    x = x if x.is_floating_point() else x.to(torch.get_default_dtype())
    return x - 2 * torch.round(x / 2)


def cospi(x: torch.Tensor) -> torch.Tensor:
    """Cosine of pi times ``x``, exactly zero at halves."""
    return torch.sin(math.pi * (0.5 - within_one_turn(x).abs()))


def sinpi(x: torch.Tensor) -> torch.Tensor:
    """Sine of pi times ``x``, exactly zero at whole numbers."""
    part = within_one_turn(x)
    return torch.sin(math.pi * torch.where(part.abs() <= 0.5, part, part.sign() - part))


def tanpi(x: torch.Tensor) -> torch.Tensor:
    """Tangent of pi times ``x``; not a number at halves."""
    cosine = cospi(x)
    return sinpi(x) / torch.where(cosine == 0, math.nan, cosine)


def gamma(x: torch.Tensor) -> torch.Tensor:
    """Gamma function; not a number at zero and the negative whole numbers."""
    wide = x.to(widest(x))
    sign = torch.where((wide < 0) & (wide.floor() % 2 != 0), -1.0, 1.0)
    pole = (wide <= 0) & (wide == wide.floor())
    value = torch.where(pole, math.nan, sign * torch.exp(torch.lgamma(wide)))
    return value.to(x.dtype if x.is_floating_point() else torch.get_default_dtype())


def digamma(x: torch.Tensor) -> torch.Tensor:
    """Differentiate the logarithm of gamma; R has no value at zero."""
    return torch.where(x == 0, math.nan, torch.digamma(x))


def trigamma(x: torch.Tensor) -> torch.Tensor:
    """Second derivative of the logarithm of gamma."""
    return torch.polygamma(1, x)


def cumprod(x: torch.Tensor) -> torch.Tensor:
    """Cumulative products; of whole numbers as doubles, which do not wrap around."""
    return torch.cumprod(x if x.is_floating_point() else x.to(widest(x)), 0)


ELEMENTWISE: dict[str, Callable[..., torch.Tensor]] = {
    "abs": torch.abs,
    "sign": torch.sgn,
    "sqrt": torch.sqrt,
    "floor": torch.floor,
    "ceiling": torch.ceil,
    "trunc": torch.trunc,
    "round": round_to,
    "signif": significant,
    "exp": torch.exp,
    "log": log,
    "log2": torch.log2,
    "log10": torch.log10,
    "log1p": torch.log1p,
    "expm1": torch.expm1,
    "cos": torch.cos,
    "sin": torch.sin,
    "tan": torch.tan,
    "cospi": cospi,
    "sinpi": sinpi,
    "tanpi": tanpi,
    "acos": torch.acos,
    "asin": torch.asin,
    "atan": torch.atan,
    "cosh": torch.cosh,
    "sinh": torch.sinh,
    "tanh": torch.tanh,
    "acosh": torch.acosh,
    "asinh": torch.asinh,
    "atanh": torch.atanh,
    "gamma": gamma,
    "lgamma": torch.lgamma,
    "digamma": digamma,
    "trigamma": trigamma,
}
CUMULATIVE: dict[str, Callable[..., torch.Tensor]] = {
    "cumsum": lambda x: torch.cumsum(x, 0),
    "cumprod": cumprod,
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
        message = f"`{name}()` fails for a {describe(x)}: {first_line(problem)}"
        raise TensorError(message) from problem


@for_r
def predicate(x: torch.Tensor, name: str) -> Sent:
    """Ask each element; R gets logicals."""
    return send(PREDICATE[name](x))


# ---- Summaries -----------------------------------------------------------------------------


def as_double(x: torch.Tensor) -> torch.Tensor:
    """Give whole numbers the type that R computes products and means in."""
    return x if x.is_floating_point() or x.is_complex() else x.to(widest(x))


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

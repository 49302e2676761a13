"""R's functions by element: its group Math, ``is.na()`` and the like, ``pmax()``, ``ifelse()``."""

import math
from collections.abc import Callable
from functools import reduce
from typing import Any

from pytwolayer.r_interop.tensors.dtypes import limits
from pytwolayer.r_interop.tensors.ops import converted, named
from pytwolayer.r_interop.tensors.values import (
    Operand,
    RValues,
    TensorError,
    as_double,
    as_tensors,
    called_from_r,
    countable,
    describe,
    first_tensor,
    flatten,
    from_r,
    promoted,
    recycle,
    to_r,
    widest,
)
from pytwolayer.runtime.torch_loading import torch


def sign(x: torch.Tensor) -> torch.Tensor:
    """Return -1, 0 or 1, and NaN for NaN, for which PyTorch's own is 0."""
    return torch.where(x.isnan(), x, torch.sgn(x))


def log(x: torch.Tensor, base: Any = None) -> torch.Tensor:
    """Compute the logarithm to any base; PyTorch's own are exact at powers of 2 and 10."""
    exact = {2: torch.log2, 10: torch.log10}
    if base is None or isinstance(base, torch.Tensor):
        return torch.log(x) if base is None else torch.log(x) / torch.log(base)
    if base in exact:
        return exact[base](x)
    return torch.log(x) / torch.log(torch.tensor(base, dtype=torch.float64)).item()


def _whole_digits(digits: float) -> int:
    """Round a number of digits; more than 1000 decide no more than 1000."""
    return math.floor(min(max(digits, -1000), 1000) + 0.5)


def round_to(x: torch.Tensor, digits: float = 0) -> torch.Tensor:
    """Round as R 4 does: to the nearer of the two decimal neighbours, ties to the even digit."""
    digits = _whole_digits(digits)
    if digits == 0 or (not x.is_floating_point() and digits > 0):
        return torch.round(x)
    if not x.is_floating_point():
        return torch.zeros_like(x) if digits < -_LARGEST else _round_whole(x, 10**-digits)
    if abs(digits) > 308:
        return x.clone() if digits > 0 else torch.where(x.isfinite(), 0, x)
    wide = x.to(widest(x)).detach()
    power = 10.0**digits if digits > 0 else 1 / 10.0**-digits
    scaled = wide * power
    below, above = scaled.floor() / power, scaled.ceil() / power
    to_below, to_above = wide - below, above - wide
    even = scaled.floor() % 2 == 0
    nearest = torch.where((to_below < to_above) | ((to_below == to_above) & even), below, above)
    # R's own estimate of where the 15 digits of a double end: there the number stays.
    ends = 15 - ((torch.frexp(wide).exponent - 0.5) * math.log10(2)).ceil()
    return _with_zero_gradient(
        torch.where((digits > ends) | ~scaled.isfinite(), wide, nearest).to(x.dtype), x
    )


def _with_zero_gradient(rounded: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Connect what was rounded with ``x`` by a gradient of zero, which PyTorch's own has."""
    if not (x.requires_grad and torch.is_grad_enabled()):
        return rounded
    return torch.where(torch.ones_like(rounded, dtype=torch.bool), rounded, x)


_LARGEST = 18
"""10 to this power is the largest power of ten that an int64 holds."""


def _round_whole(x: torch.Tensor, power: Any) -> torch.Tensor:
    """Round whole numbers to multiples of a power of ten, ties to the even one, as no float can."""
    wide = x.long()
    count = torch.div(wide, power, rounding_mode="floor")
    rest = wide - count * power
    count = count + ((2 * rest > power) | ((2 * rest == power) & (count % 2 != 0)))
    found: torch.Tensor = count * power
    lowest, highest = limits(x.dtype)
    wrapped = (found < wide - rest) | (found < lowest) | (found > highest)
    if bool(wrapped.any()):
        raise TensorError(
            f"Rounded numbers do not fit into {describe(x)}: convert it first, "
            "`x$to(torch$float64)`."
        )
    return found.to(x.dtype)


def significant(x: torch.Tensor, digits: float = 6) -> torch.Tensor:
    """Round to a number of significant digits."""
    digits = max(_whole_digits(digits), 1)
    if digits > 22:
        return x.clone()
    if not x.is_floating_point():
        powers = torch.tensor([10**k for k in range(_LARGEST + 1)], device=x.device)
        size = torch.bucketize(x.long().abs(), powers, right=True)
        return _round_whole(x, powers[(size - int(digits)).clamp(min=0)])
    wide = x.to(widest(x)).detach()
    exponent = digits - 1 - wide.abs().log10().floor()
    exponent = exponent.nan_to_num(0, 0, 0).long()
    # Python's own powers, as torch's differ in the last bit; 10^308 is the largest double,
    # so that smaller numbers are scaled in two steps.
    powers = torch.tensor([10.0**k for k in range(309)], dtype=wide.dtype, device=x.device)
    power = powers[exponent.abs().clamp(max=308)]
    second = powers[(exponent - 308).clamp(min=0)]
    up = torch.round(wide * power * second) / power / second
    down = torch.round(wide / power) * power
    rounded = torch.where(exponent > 0, up, down)
    return _with_zero_gradient(
        torch.where((wide == 0) | ~wide.isfinite(), wide, rounded).to(x.dtype), x
    )


def _half_turns(x: torch.Tensor) -> torch.Tensor:
    """Reduce half turns to [-1, 1], where sines and cosines of pi are exact."""
    x = x if x.is_floating_point() else x.to(torch.get_default_dtype())
    return x - 2 * torch.round(x / 2)


def cospi(x: torch.Tensor) -> torch.Tensor:
    """Compute the cosine of pi times ``x``, exactly zero at halves."""
    return torch.sin(math.pi * (0.5 - _half_turns(x).abs()))


def sinpi(x: torch.Tensor) -> torch.Tensor:
    """Compute the sine of pi times ``x``, exactly zero at whole numbers."""
    part = _half_turns(x)
    return torch.sin(math.pi * torch.where(part.abs() <= 0.5, part, part.sign() - part))


def tanpi(x: torch.Tensor) -> torch.Tensor:
    """Compute the tangent of pi times ``x``; NaN at halves."""
    cosine = cospi(x)
    return sinpi(x) / torch.where(cosine == 0, math.nan, cosine)


def gamma(x: torch.Tensor) -> torch.Tensor:
    """Compute the gamma function; NaN at zero and the negative whole numbers."""
    wide = x.to(widest(x))
    sign = torch.where((wide < 0) & (wide.floor() % 2 != 0), -1.0, 1.0)
    pole = (wide <= 0) & (wide == wide.floor())
    value = torch.where(pole, math.nan, sign * torch.exp(torch.lgamma(wide)))
    return value.to(x.dtype if x.is_floating_point() else torch.get_default_dtype())


def digamma(x: torch.Tensor) -> torch.Tensor:
    """Differentiate the logarithm of gamma; NaN at zero, as in R."""
    return torch.where(x == 0, math.nan, torch.digamma(x))


def trigamma(x: torch.Tensor) -> torch.Tensor:
    """Differentiate twice; by the zeta function, as torch.polygamma differs in the tenth digit."""
    wide = x.to(widest(x))
    # Reflected below zero; a harmless number elsewhere, as a pole would spoil the gradient.
    negative = torch.where(wide > 0, 0.5, wide)
    reflected = (math.pi / sinpi(negative)) ** 2 - torch.special.zeta(2, 1 - negative)
    value = torch.where(wide > 0, torch.special.zeta(2, wide), reflected)
    value = torch.where(wide == math.inf, 0.0, torch.where(wide == -math.inf, math.inf, value))
    return value.to(x.dtype if x.is_floating_point() else torch.get_default_dtype())


# ---- By element --------------------------------------------------------------------------------

# R's functions whose names are PyTorch's too.
_SAME_NAME = (
    "abs", "sqrt", "floor", "trunc", "exp", "log2", "log10", "log1p", "expm1", "cos", "sin", "tan",
    "acos", "asin", "atan", "cosh", "sinh", "tanh", "acosh", "asinh", "atanh", "lgamma",
)  # fmt: skip
_ELEMENTWISE: dict[str, Callable[..., torch.Tensor]] = {
    **{name: getattr(torch, name) for name in _SAME_NAME},
    "ceiling": torch.ceil,
    "sign": sign,
    "round": round_to,
    "signif": significant,
    "log": log,
    "cospi": cospi,
    "sinpi": sinpi,
    "tanpi": tanpi,
    "gamma": gamma,
    "digamma": digamma,
    "trigamma": trigamma,
}
_CUMULATIVE: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "cumsum": lambda x: torch.cumsum(x, 0),
    "cumprod": lambda x: torch.cumprod(as_double(x), 0),
    "cummax": lambda x: torch.cummax(x, 0).values,
    "cummin": lambda x: torch.cummin(x, 0).values,
}
# Functions that PyTorch, or what is made of it here, has for real numbers only.
_REAL = {
    "floor", "ceiling", "trunc", "round", "signif", "cospi", "sinpi", "tanpi", "gamma", "lgamma",
    "digamma", "trigamma", "cummax", "cummin",
}  # fmt: skip
_PREDICATE: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "is.na": torch.isnan,
    "is.nan": torch.isnan,
    "is.finite": torch.isfinite,
    "is.infinite": torch.isinf,
}


@called_from_r
def elementwise(name: str, x: torch.Tensor, *extra: Operand) -> torch.Tensor:
    """Apply a function of R's group Math; ``extra`` is ``digits`` or the logarithm's ``base``."""
    x = countable(x)
    if name in _REAL and x.is_complex():
        raise TensorError(f"`{name}()` takes real numbers only, not {describe(x)}.")
    return named(f"{name}()", x, lambda: _apply(name, x, extra))


def _apply(name: str, x: torch.Tensor, extra: tuple[Operand, ...]) -> torch.Tensor:
    if name in _CUMULATIVE:
        return _CUMULATIVE[name](flatten(x))
    vectors = (converted(each, x, "^") if isinstance(each, dict) else each for each in extra)
    return _ELEMENTWISE[name](x, *vectors)


@called_from_r
def predicate(x: torch.Tensor, name: str) -> RValues:
    """Apply is.na() and the like; R gets logicals."""
    return to_r(_PREDICATE[name](x))


# ---- Of several arguments ----------------------------------------------------------------------


def _log_beta(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.lgamma(x) + torch.lgamma(y) - torch.lgamma(x + y)


_TWO_WAY: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "atan2": torch.atan2,
    "beta": lambda x, y: _log_beta(x, y).exp(),
    "lbeta": _log_beta,
}
# By R's name and whether missing values are left out.
_PARALLEL = {
    ("pmax", False): torch.maximum,
    ("pmin", False): torch.minimum,
    ("pmax", True): torch.fmax,
    ("pmin", True): torch.fmin,
}


def _filled(value: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """Recycle over a shape, down its columns, as R does, or broadcast where shapes allow."""
    if value.shape == shape:
        return value
    if value.numel() == 1:
        return value.reshape([1] * len(shape)).expand(shape)
    if value.dim() > 1 and value.dim() == len(shape):
        return value.expand(shape)
    if not value.numel():
        raise TensorError("There are no elements to recycle.")
    return recycle(flatten(value), shape)


@called_from_r
def two_way(x: Operand, y: Operand, name: str) -> torch.Tensor:
    """Apply a function of two arguments element by element, recycled as R does."""
    first, second = (as_double(each) for each in as_tensors(x, y))
    shape = first.shape if first.numel() >= second.numel() else second.shape
    return _TWO_WAY[name](_filled(first, shape), _filled(second, shape))


@called_from_r
def extreme(name: str, na_rm: bool, values: list[Operand]) -> torch.Tensor:
    """Apply pmax or pmin, in the shape of the largest argument, of several the first matrix's."""
    parts = [countable(each) for each in as_tensors(*values)]
    if not all(part.numel() for part in parts):
        return parts[0].new_empty(0)
    shape = max(parts, key=lambda part: (part.numel(), part.dim())).shape
    shape = next((p.shape for p in parts if p.numel() == math.prod(shape) and p.dim() > 1), shape)
    return reduce(_PARALLEL[name, na_rm], (_filled(part, shape) for part in parts))


@called_from_r
def choose(yes: Operand, no: Operand, test: torch.Tensor | RValues) -> torch.Tensor:
    """Take ``yes`` where ``test`` holds, NaN where it is missing, and else ``no``."""
    given = as_tensors(yes, no)
    like = first_tensor([yes, no])
    where = (test if isinstance(test, torch.Tensor) else from_r(test)).to(like.device)
    one, other = promoted(*(_filled(each, where.shape) for each in given))
    found = torch.where(where.nan_to_num(0) != 0, one, other)
    if where.is_floating_point() and bool(where.isnan().any()):
        found = torch.where(where.isnan(), math.nan, as_double(found))
    return found

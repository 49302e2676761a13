"""The functions of R's group Math, where PyTorch has another name, other digits or none."""

import math
from collections.abc import Callable
from typing import Any

from pytwolayer.r_interop.tensors.ops import converted, named
from pytwolayer.r_interop.tensors.values import (
    Sent,
    TensorError,
    as_double,
    as_tensor,
    called_from_r,
    column_major,
    countable,
    describe,
    first_tensor,
    flatten,
    from_r,
    send,
    widest,
)
from pytwolayer.runtime.torch_loading import torch


def sign(x: torch.Tensor) -> torch.Tensor:
    """Give -1, 0 or 1; PyTorch's own takes a missing value for 0."""
    return torch.where(x.isnan(), x, torch.sgn(x))


def log(x: torch.Tensor, base: Any = None) -> torch.Tensor:
    """Logarithm to any base."""
    exact = {2: torch.log2, 10: torch.log10}
    if base is None or isinstance(base, torch.Tensor):
        return torch.log(x) if base is None else torch.log(x) / torch.log(base)
    if base in exact:
        return exact[base](x)
    return torch.log(x) / torch.log(torch.tensor(base, dtype=torch.float64)).item()


def whole_digits(digits: float) -> int:
    """Round a number of digits; so many say as much as infinitely many."""
    return math.floor(min(max(digits, -1000), 1000) + 0.5)


def round_to(x: torch.Tensor, digits: float = 0) -> torch.Tensor:
    """Round as R 4 does: to the nearer of the two decimal neighbours, ties to the even digit."""
    digits = whole_digits(digits)
    if digits == 0 or (not x.is_floating_point() and digits > 0):
        return torch.round(x)
    if not x.is_floating_point():
        return torch.zeros_like(x) if digits < -LARGEST else rounded_whole(x, 10**-digits)
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
    return flat(torch.where((digits > ends) | ~scaled.isfinite(), wide, nearest).to(x.dtype), x)


def flat(rounded: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Let a gradient of zero flow through what was rounded, as through PyTorch's own."""
    if not (x.requires_grad and torch.is_grad_enabled()):
        return rounded
    return torch.where(torch.ones_like(rounded, dtype=torch.bool), rounded, x)


LARGEST = 18
"""10 to this power is the largest that an int64 holds."""


def rounded_whole(x: torch.Tensor, power: Any) -> torch.Tensor:
    """Round whole numbers to multiples of a power of ten, ties to the even one, as no float can."""
    wide = x.long()
    count = torch.div(wide, power, rounding_mode="floor")
    rest = wide - count * power
    count = count + ((2 * rest > power) | ((2 * rest == power) & (count % 2 != 0)))
    found: torch.Tensor = count * power
    lowest, highest = torch.iinfo(x.dtype).min, torch.iinfo(x.dtype).max
    wrapped = (found < wide - rest) | (found < lowest) | (found > highest)
    if bool(wrapped.any()):
        raise TensorError(
            f"Rounded numbers do not fit into {describe(x)}: convert it first, "
            "`x$to(torch$float64)`."
        )
    return found.to(x.dtype)


def significant(x: torch.Tensor, digits: float = 6) -> torch.Tensor:
    """Round to a number of significant digits."""
    digits = max(whole_digits(digits), 1)
    if digits > 22:
        return x.clone()
    if not x.is_floating_point():
        powers = torch.tensor([10**k for k in range(LARGEST + 1)], device=x.device)
        size = torch.bucketize(x.long().abs(), powers, right=True)
        return rounded_whole(x, powers[(size - int(digits)).clamp(min=0)])
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
    return flat(torch.where((wide == 0) | ~wide.isfinite(), wide, rounded).to(x.dtype), x)


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
    """Differentiate twice; by the zeta function, as torch.polygamma is off in the tenth digit."""
    wide = x.to(widest(x))
    # Reflected below zero; a harmless number elsewhere, as a pole would spoil the gradient.
    negative = torch.where(wide > 0, 0.5, wide)
    reflected = (math.pi / sinpi(negative)) ** 2 - torch.special.zeta(2, 1 - negative)
    value = torch.where(wide > 0, torch.special.zeta(2, wide), reflected)
    value = torch.where(wide == math.inf, 0.0, torch.where(wide == -math.inf, math.inf, value))
    return value.to(x.dtype if x.is_floating_point() else torch.get_default_dtype())


ELEMENTWISE: dict[str, Callable[..., torch.Tensor]] = {
    "abs": torch.abs,
    "sign": sign,
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

REAL = {
    "floor",
    "ceiling",
    "trunc",
    "round",
    "signif",
    "cospi",
    "sinpi",
    "tanpi",
    "gamma",
    "lgamma",
    "digamma",
    "trigamma",
    "cummax",
    "cummin",
}
"""Functions that PyTorch, or what is made of it here, has for real numbers only."""


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


@called_from_r
def elementwise(name: str, x: torch.Tensor, *extra: Any) -> torch.Tensor:
    """Apply a function of R's group Math."""
    x = countable(x)
    if name in REAL and x.is_complex():
        raise TensorError(f"`{name}()` takes real numbers only, not {describe(x)}.")
    return named(f"{name}()", x, lambda: applied_to_each(name, x, extra))


def applied_to_each(name: str, x: torch.Tensor, extra: tuple[Any, ...]) -> torch.Tensor:
    """Look a function of R's group Math up, and call it."""
    if name in CUMULATIVE:
        return CUMULATIVE[name](flatten(x))
    vectors = (converted(each, x, "^") if isinstance(each, dict) else each for each in extra)
    return ELEMENTWISE[name](x, *vectors)


@called_from_r
def predicate(x: torch.Tensor, name: str) -> Sent:
    """Ask each element; R gets logicals."""
    return send(PREDICATE[name](x))


def refill(value: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """Recycle over a shape, down its columns, as R does, or broadcast where shapes allow."""
    if value.shape == shape or value.numel() == 1:
        return value.reshape([1] * len(shape)).expand(shape) if value.shape != shape else value
    size = math.prod(shape)
    if value.dim() > 1 and value.dim() == len(shape):
        return value.expand(shape)
    if not value.numel():
        raise TensorError("Of no elements nothing can be recycled.")
    flat = flatten(value)
    return column_major(flat.repeat(-(-size // flat.numel()))[:size], shape)


@called_from_r
def choose(test: Any, yes: Any, no: Any) -> torch.Tensor:
    """Take ``yes`` where ``test`` holds, NaN where it is missing, and else ``no``."""
    like = first_tensor([yes, no])
    where = test if isinstance(test, torch.Tensor) else from_r(test)
    where = where.to(like.device)
    shape = where.shape
    yes, no = (refill(as_tensor(value, like), shape) for value in (yes, no))
    kind = torch.promote_types(yes.dtype, no.dtype)
    found = torch.where(where.nan_to_num(0) != 0, yes.to(kind), no.to(kind))
    if where.is_floating_point() and bool(where.isnan().any()):
        found = torch.where(where.isnan(), math.nan, as_double(found))
    return found


@called_from_r
def extreme(name: str, na_rm: bool, values: list[Any]) -> torch.Tensor:
    """Element by element maximum or minimum, in the shape of the largest argument."""
    like = first_tensor(values)
    parts = [countable(as_tensor(value, like)) for value in values]
    if not all(part.numel() for part in parts):
        return parts[0].new_empty(0)
    shape = max(parts, key=lambda part: (part.numel(), part.dim())).shape
    shape = next((p.shape for p in parts if p.numel() == math.prod(shape) and p.dim() > 1), shape)
    plain = {"pmax": torch.maximum, "pmin": torch.minimum}
    without = {"pmax": torch.fmax, "pmin": torch.fmin}
    function = (without if na_rm else plain)[name]
    found = refill(parts[0], shape)
    for part in parts[1:]:
        found = function(found, refill(part, shape))
    return found


@called_from_r
def two_way(name: str, x: Any, y: Any) -> torch.Tensor:
    """Apply a function of two arguments element by element, recycled as R does."""
    like = first_tensor([x, y])
    first, second = (as_double(as_tensor(value, like)) for value in (x, y))
    shape = first.shape if first.numel() >= second.numel() else second.shape
    return TWO_WAY[name](refill(first, shape), refill(second, shape))


def beta_log(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Logarithm of the beta function."""
    return torch.lgamma(x) + torch.lgamma(y) - torch.lgamma(x + y)


TWO_WAY: dict[str, Callable[..., torch.Tensor]] = {
    "atan2": torch.atan2,
    "beta": lambda x, y: beta_log(x, y).exp(),
    "lbeta": beta_log,
}

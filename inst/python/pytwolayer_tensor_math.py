"""The functions of R's group Math, where PyTorch has another name, other digits or none."""

import math
from collections.abc import Callable
from typing import Any

from pytwolayer.runtime.torch_loading import torch
from pytwolayer_tensor_values import TensorError, describe, widest


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
    found = count * power
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

"""The normal distribution function by arithmetic and ``exp()``, where a program has no ``erf()``.

For ``a`` of at least 0 and ``t = (a - SHIFT) / (a + SHIFT)``, the share of the distribution above
``a`` is ``exp(-a * a / 2) / (a + SHIFT) * p(t)`` with a polynomial ``p``, up to 1e-15.
"""

import math

import numpy as np
from numpy.polynomial import chebyshev

SHIFT = 3.0
_DEGREE = 20
_LARGE = 30.0  # from here on the asymptotic series has all digits
_TERMS = 8


def tail_coefficients() -> list[float]:
    """Return the coefficients of the polynomial, that of the highest power first."""
    t = np.cos(np.pi * (np.arange(_DEGREE + 1) + 0.5) / (_DEGREE + 1))
    values = [(a + SHIFT) * _scaled_tail(a) for a in (SHIFT * (1 + t) / (1 - t)).tolist()]
    coefficients = chebyshev.cheb2poly(chebyshev.chebfit(t, values, _DEGREE))
    return [float(number) for number in coefficients[::-1]]


def _scaled_tail(a: float) -> float:
    """Return ``exp(a * a / 2)`` times the share above ``a``."""
    if a < _LARGE:
        return 0.5 * math.erfc(a / math.sqrt(2)) * math.exp(a * a / 2)
    terms = np.cumprod([1.0, *(-(2 * n + 1) / a**2 for n in range(_TERMS))])
    return float(terms.sum()) / (a * math.sqrt(2 * math.pi))

"""The polynomial for the normal distribution."""

import math

import numpy as np

from pytwolayer.export.normal_tail import SHIFT, tail_coefficients


def test_the_share_above_is_that_of_erfc_to_all_digits():
    a = np.concatenate([np.linspace(0, 40, 4001), np.geomspace(1e-12, 1, 100)])
    value = np.polyval(tail_coefficients(), (a - SHIFT) / (a + SHIFT))
    found = np.exp(-a * a / 2) / (a + SHIFT) * value
    expected = [0.5 * math.erfc(x / math.sqrt(2)) for x in a]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15)

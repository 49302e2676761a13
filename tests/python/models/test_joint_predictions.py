"""What several networks predict together."""

import warnings

import numpy as np
import pytest

from pytwolayer.models.joint_predictions import quantiles_of_models


@pytest.mark.parametrize("models", [1, 2, 3, 25])
@pytest.mark.parametrize("missing", [0, 0.02, 0.5, 1])
def test_quantiles_are_those_of_the_models_that_predict_a_row(models, missing):
    draws = np.random.default_rng(4)
    values = draws.normal(size=(models, 60, 2)).round(1)  # some are equal
    values[draws.random(values.shape) < missing] = np.nan
    values[:, :3] = np.nan
    shares = 0.05, 0.95
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of rows that no model predicts
        expected = np.nanquantile(values, shares, axis=0)
    np.testing.assert_array_equal(quantiles_of_models(values, shares), expected)

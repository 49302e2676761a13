"""A fit of R's formula with an offset, loaded by Python."""

import numpy as np
import pandas as pd
import pytest

from conftest import HERE
from pytwolayer import ArgumentError, load, two_layer
from pytwolayer.preprocessing.offset import remove_offset

CARS = pd.read_csv(HERE.parent / "fixtures" / "mtcars.csv")
NAMES = ["wt", "hp"]
OFFSET = np.log(CARS["cyl"].to_numpy(dtype=float))


@pytest.fixture(scope="module")
def by_r(ask, tmp_path_factory):
    """The folder of R's models, and R's predictions."""
    folder = tmp_path_factory.mktemp("offset")
    return folder, ask("offset.R", str(folder))


@pytest.mark.parametrize("name", ["mse1", "mse3", "poisson1", "poisson3"])
def test_python_predicts_as_r_with_the_offset_and_not_without(by_r, name):
    folder, answers = by_r
    fit = load(folder / f"{name}.safetensors")
    of_r = [float.fromhex(value) for value in answers[name]]
    assert fit.predict(CARS, offset=OFFSET).tolist() == of_r
    with pytest.raises(ArgumentError, match="`offset` must be given"):
        fit.predict(CARS)


@pytest.mark.parametrize("loss", ["mse", "poisson"])
def test_the_fit_is_the_same_in_both(by_r, loss):
    y, weights = remove_offset(
        CARS["carb"].astype(float), None, OFFSET, loss, weight_type="importance"
    )
    quick = {"hidden_units": 4, "epochs": 5, "seed": 1}
    fit = two_layer(CARS[NAMES], y, sample_weight=weights, loss=loss, **quick)
    of_r = load(by_r[0] / f"{loss}1.safetensors")
    for own, other in zip(fit.network.parameters(), of_r.network.parameters(), strict=True):
        assert own.equal(other)

"""Effects, importance and profiles are the same from Python, from R, and from R without Python.

Those of the core are the same bits in both languages; R's own agree to ten digits.
"""

import warnings

import numpy as np
import pandas as pd
import pytest

from conftest import numbers
from pytwolayer import two_layer

CLOSE = 1e-10
FITS = ["numbers", "classes", "counts", "several", "labels", "normal", "negative", "quantiles"]
FITS += ["bands"]


@pytest.fixture(scope="module")
def found(ask):
    return ask("explain.R")


@pytest.fixture(scope="module")
def data():
    n = np.arange(1, 61)
    x = pd.DataFrame(
        {
            "a": n * 7 % 60 / 10,
            "größe": n * 11 % 17,
            "l": n % 3 == 0,
            "f": np.array(["u", "v", "w", "v"])[n % 4],
        }
    )
    y = pd.DataFrame({"y": x["a"] ** 2 + x["l"], "z": 100.0 * (x["f"] == "v") - x["a"]})
    return x, y, n % 4 + 1


@pytest.fixture(scope="module")
def fits(data):
    x, y, _ = data
    outcomes = {
        "numbers": y,
        "labels": pd.DataFrame({"y": (x["a"] > 3) * 1, "z": (x["f"] == "v") * 1}),
        "normal": y["y"].to_numpy(),
        "negative": np.round(y["y"].to_numpy()),
        "quantiles": y["y"].to_numpy(),
        "bands": y["y"].to_numpy(),
        "classes": np.where(x["a"] > 3, "no", "yes"),
        "counts": np.round(y["y"].to_numpy()),
        "several": y["y"].to_numpy(),
    }
    own = {"numbers": {"encoding": "piecewise"}, "counts": {"loss": "poisson"}}
    own["several"] = {"n_models": 3, "bootstrap": True}
    own |= {"labels": {"loss": "binary_cross_entropy"}, "normal": {"loss": "normal"}}
    own |= {"negative": {"loss": "negative_binomial"}, "quantiles": {"loss": "quantile"}}
    own["quantiles"]["quantile_levels"] = [0.1, 0.5, 0.9]
    own["bands"] = own["quantiles"] | own["several"]

    def fit(name):
        settings = {"hidden_units": 4, "epochs": 30, "seed": 1, "activation": "tanh"}
        return two_layer(x, outcomes[name], **settings, **own.get(name, {}))

    return {name: (fit(name), outcomes[name]) for name in outcomes}


def same(found, name, table):
    tolerance = CLOSE if name.split()[1] == "r" else 0
    scale = np.abs(table.select_dtypes("number").to_numpy()).max()
    for column in table:
        theirs = found[f"{name} {column}"]
        if pd.api.types.is_integer_dtype(table[column]):
            assert [int(value) - 1 for value in theirs] == table[column].tolist()  # rows, from 0
        elif pd.api.types.is_numeric_dtype(table[column]):
            expected = table[column].to_numpy()
            assert numbers(theirs) == pytest.approx(expected, rel=tolerance, abs=tolerance * scale)
        else:
            assert theirs == table[column].tolist()


@pytest.mark.parametrize("engine", ["python", "r"])
@pytest.mark.parametrize("name", FITS)
def test_effects_and_profiles_are_the_same(found, data, fits, name, engine):
    x, _, weights = data
    fit, _ = fits[name]
    same(found, f"{name} {engine} effects", fit.effects(x, sample_weight=weights))
    same(found, f"{name} {engine} steps", fit.effects(x, step=0.2, variables="a"))
    at = {"f": ["u", "v"], "größe": 2.5}
    same(found, f"{name} {engine} at", fit.effects(x, variables="a", at=at))
    for kind in ("ale", "pdp", "ice"):
        for variable in x:
            table = fit.feature_effects(x, variable, kind=kind, points=6, sample_weight=weights)
            same(found, f"{name} {engine} {kind} {variable}", table)


@pytest.mark.parametrize("name", FITS)
def test_importance_of_the_same_seed_is_the_same(found, data, fits, name):
    x, _, weights = data
    fit, outcome = fits[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = fit.importance(x, outcome, seed=7, repeats=3, sample_weight=weights)
    for column in ("estimate", "spread", "lowest", "highest"):
        assert numbers(found[f"{name} importance {column}"]) == table[column].tolist()


def test_variables_that_a_formula_makes_anew_get_the_same_orders(found):
    for column in ("estimate", "spread", "lowest", "highest"):
        plain, made = (numbers(found[f"{name} importance {column}"]) for name in ("plain", "made"))
        assert made == pytest.approx(plain, rel=1e-5)

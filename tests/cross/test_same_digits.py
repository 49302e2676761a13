"""The same call gives the same bits by every route."""

from pathlib import Path

import pandas as pd
import pytest

import pytwolayer
from conftest import ROOT, numbers
from pytwolayer import chapter_losses, two_layer
from pytwolayer.runtime.torch_loading import torch

PRINTED = pd.read_csv(ROOT / "tests/fixtures/chapter_losses.csv", converters={"loss": float})

CHAPTER = {
    "default": {},
    "mean": {"steps": 50, "learning_rate": 0.1, "reduction": "mean"},
    "elementwise_mean": {"steps": 50, "learning_rate": 0.1, "reduction": "mean"},
    "mae": {"steps": 50, "loss": "mae"},
    "small": {"steps": 50, "n": 7, "d_in": 3, "hidden_units": 5, "d_out": 2, "seed": 9},
    "loop": {},
}
FITS = {
    "plain": {"seed": 1},
    "sgd": {"seed": 2, "optimizer": "sgd", "learning_rate": 0.05, "epochs": 60},
    "huber": {
        "seed": 2**40,
        "loss": "huber",
        "activation": "tanh",
        "hidden_units": 5,
        "epochs": 60,
    },
    "sum": {
        "seed": 3,
        "reduction": "sum",
        "activation": "gelu",
        "learning_rate": 1e-3,
        "epochs": 60,
    },
}


@pytest.fixture(scope="module")
def mtcars() -> pd.DataFrame:
    return pd.read_csv(ROOT / "tests/fixtures/mtcars.csv", dtype=str).astype(float)


def test_the_chapter_table_comes_out(route):
    losses = numbers(route["chapter/default"])
    assert len(losses) == len(PRINTED) == 500
    assert [float(f"{loss:.3g}") for loss in losses] == PRINTED["loss"].tolist()


@pytest.mark.parametrize("name", CHAPTER)
def test_chapter_losses_have_pythons_bits(route, name):
    assert numbers(route[f"chapter/{name}"]) == chapter_losses(**CHAPTER[name])["loss"].tolist()


@pytest.mark.parametrize("name", FITS)
def test_fits_have_pythons_bits(route, name, mtcars):
    x, y = mtcars.drop(columns="mpg"), mtcars["mpg"]
    fit = two_layer(x, y, **FITS[name])
    assert numbers(route[f"history/{name}"]) == fit.history["loss"].tolist()
    assert numbers(route[f"predictions/{name}"]) == fit.predict(x).tolist()


def test_several_outcomes_have_pythons_bits(route, mtcars):
    x, y = mtcars.iloc[:, 2:], mtcars.iloc[:, :2]
    fit = two_layer(x, y, seed=1, epochs=60)
    assert numbers(route["history/both"]) == fit.history["loss"].tolist()
    assert numbers(route["predictions/both"]) == fit.predict(x).T.ravel().tolist()


def test_integer_and_logical_columns_have_pythons_bits(route):
    x = pd.DataFrame({"a": range(1, 7), "b": [True, False] * 3})
    fit = two_layer(x, [1, 2, 3, 4, 5, 6], seed=1, epochs=60)
    assert numbers(route["history/mixed"]) == fit.history["loss"].tolist()


def test_all_routes_compute_with_torchs_own_blas_and_as_many_threads(route):
    assert route["torch_blas"] == ["own"]
    assert route["threads"] == [str(torch.get_num_threads())]


def test_r_inside_python_uses_the_very_core_of_that_python(route, request):
    inside = "rpy2" in request.node.name
    same = Path(route["core"][0]).resolve() == Path(pytwolayer.__file__).resolve()
    assert same == inside  # beside Python, R uses the core that travels with it

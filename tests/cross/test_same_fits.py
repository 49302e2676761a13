"""The same call on the same data frame gives the same bits, whatever the data and settings."""

import json
import math
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from conftest import HERE, numbers
from pytwolayer import two_layer
from pytwolayer.errors import MissingRowsWarning

QUICK = {"epochs": 15, "hidden_units": 8, "seed": 1}
BATCHES = {"batch_size": 32, "dropout": 0.25, "validation": 0.2, "patience": 4}
CASES = [
    {"name": "defaults numbers", "data": "air", "outcome": "Ozone", "settings": {"seed": 4}},
    {"name": "defaults classes", "data": "iris", "outcome": "Species", "settings": {"seed": 4}},
    {"name": "regression", "data": "air", "outcome": "Ozone", "settings": QUICK | BATCHES},
    {"name": "binary", "data": "birth", "outcome": "low", "settings": QUICK | BATCHES},
    {"name": "many", "data": "flowers", "outcome": "Species", "settings": QUICK | BATCHES},
    {"name": "text", "data": "birth", "outcome": "note", "settings": QUICK | BATCHES},
    {"name": "factors", "data": "chicks", "outcome": "weight", "settings": QUICK | BATCHES},
    {
        "name": "several",
        "data": "cars",
        "outcome": ["mpg", "qsec"],
        "settings": QUICK | {"loss": "huber", "optimizer": "rmsprop", "momentum": 0.5},
    },
    {
        "name": "quantiles",
        "data": "air",
        "outcome": "Ozone",
        "settings": QUICK | BATCHES | {"loss": "quantile", "quantile_levels": [0.1, 0.5, 0.9]},
    },
    {
        "name": "tuned classes",
        "data": "birth",
        "outcome": "low",
        "weights": [1 + row % 3 for row in range(189)],
        "settings": {"hidden_units": 4, "epochs": 100, "seed": 3, "validation": 0.2},
    },
    {
        "name": "tuned in one batch",
        "data": "cars",
        "outcome": "mpg",
        "settings": {"hidden_units": 4, "epochs": 500, "seed": 3},
    },
    {
        "name": "tuned in pieces",
        "data": "iris",
        "outcome": "Species",
        "settings": QUICK | {"encoding": "piecewise", "pieces": 5, "epochs": 150},
    },
    {
        "name": "weights",
        "data": "birth",
        "outcome": "bwt",
        "weights": [row % 3 for row in range(189)],
        "settings": QUICK | {"batch_size": 50},
    },
    {
        "name": "class weights",
        "data": "birth",
        "outcome": "race",
        "weights": [1 + row % 2 / 4 for row in range(189)],
        "settings": QUICK
        | {"class_weights": {"white": 1, "black": 2.5, "other": 2}, "optimizer": "adamw"},
    },
    {
        "name": "balanced",
        "data": "birth",
        "outcome": "low",
        "settings": QUICK | {"class_weights": "balanced", "optimizer": "lbfgs"},
    },
    {
        "name": "held out",
        "data": "iris",
        "outcome": "Petal.Width",
        "held_out": [*range(0, 150, 7)],
        "settings": QUICK | {"batch_size": 20, "schedule": "plateau"},
    },
    {
        "name": "counts",
        "data": "birth",
        "outcome": "visits",
        "settings": QUICK | {"loss": "poisson", "gradient_clip": 0.5, "schedule": "step"},
    },
    {
        "name": "gamma",
        "data": "birth",
        "outcome": "bwt",
        "weights": [1 + row % 2 for row in range(189)],
        "settings": QUICK | {"loss": "gamma", "validation": 0.2},
    },
    {
        "name": "trials",
        "data": "cars",
        "outcome": ["gear", "carb"],
        "weights": [1 + row % 2 for row in range(32)],
        "settings": QUICK | {"loss": "binomial", "validation": 0.2},
    },
    {
        "name": "mean and standard deviation",
        "data": "birth",
        "outcome": "bwt",
        "settings": QUICK | {"loss": "normal", "batch_size": 50, "validation": 0.2},
    },
    {
        "name": "spread counts",
        "data": "birth",
        "outcome": "visits",
        "weights": [1 + row % 2 for row in range(189)],
        "settings": QUICK | {"loss": "negative_binomial"},
    },
    {
        "name": "labels",
        "data": "birth",
        "outcome": ["low", "smoker"],
        "settings": QUICK | {"loss": "binary_cross_entropy", "validation": 0.2},
    },
    {
        "name": "plain descent",
        "data": "cars",
        "outcome": "am2",
        "settings": QUICK
        | {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "activation": "tanh"},
    },
    {
        "name": "pieces",
        "data": "air",
        "outcome": "Ozone",
        "settings": QUICK | BATCHES | {"encoding": "piecewise"},
    },
    {
        "name": "pieces of classes",
        "data": "birth",
        "outcome": "race",
        "settings": QUICK | {"encoding": "piecewise", "pieces": 3, "input_clip": 1.5},
    },
    {
        "name": "pieces with weights",
        "data": "birth",
        "outcome": "bwt",
        "weights": [row % 3 + 0.1 for row in range(189)],
        "settings": QUICK | {"encoding": "piecewise", "pieces": 7},
    },
    {
        "name": "summed",
        "data": "cars",
        "outcome": "mpg",
        "settings": QUICK | {"reduction": "sum", "batch_size": 10, "learning_rate": 1e-3},
    },
]
NAMES = [case["name"] for case in CASES]
assert len(set(NAMES)) == len(NAMES), "files are named by them"


@pytest.fixture(scope="session")
def frames(r_session, tmp_path_factory) -> Path:
    """A folder with R's data frames, and the cases."""
    folder = tmp_path_factory.mktemp("frames")
    r_session.run(HERE / "frames.R", str(folder))
    (folder / "cases.json").write_text(json.dumps(CASES), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def in_r(ask, frames):
    """What R made of all cases, by one route."""
    return ask("fits.R", str(frames), str(frames / "cases.json"))


def read_frame(file: Path) -> pd.DataFrame:
    """Read the very values of a data frame of R."""
    saved = json.loads(file.read_text(encoding="utf-8"))
    return pd.DataFrame(
        {
            name: read_column(values, **saved["types"][name])
            for name, values in saved["columns"].items()
        }
    )


def read_column(values: list, type: str, levels: list) -> pd.Series:  # noqa: A002
    if type == "double":
        return pd.Series([math.nan if v is None else float.fromhex(v) for v in values])
    if type == "integer":
        return pd.array([None if v is None else int(v) for v in values], dtype="Int64")
    if type == "logical":
        return pd.array([None if v is None else v == "TRUE" for v in values], dtype="boolean")
    if type == "factor":
        return pd.Categorical(values, categories=levels)
    return pd.Series(values, dtype=object)


@pytest.fixture(scope="module")
def in_python(frames):
    """What Python makes of all cases, each once."""
    return {case["name"]: answer(case, frames) for case in CASES}


def answer(case, folder):
    data = read_frame(folder / f"{case['data']}.json")
    options = dict(case["settings"])
    if "weights" in case:
        options["sample_weight"] = case["weights"]
    if "held_out" in case:
        options["validation"] = case["held_out"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingRowsWarning)
        fit = two_layer(data, outcome=case["outcome"], **options)
    numeric = fit.classes is None and not fit.outcome.labels
    found = fit.predict(data) if numeric else fit.predict_proba(data)
    answers = {"loss": fit.history["loss"], "predictions": np.ravel(found, order="F")}
    if fit.settings.quantile_levels is not None:
        answers["quantiles"] = np.ravel(fit.predict_quantiles(data), order="F")
    if "valid_loss" in fit.history:
        answers["valid_loss"] = fit.history["valid_loss"]
    if fit.tuning is not None:
        answers |= {f"tuning {name}": fit.tuning[name] for name in list(fit.tuning)[1:]}
        answers["tuning encoding"] = fit.tuning["encoding"].tolist()
    if fit.classes is not None:
        answers["classes"] = [as_r_writes(label) for label in fit.predict(data)]
    return answers


def as_r_writes(label) -> str:
    if label is None:
        return "NA"
    return str(label).upper() if isinstance(label, (bool, np.bool_)) else str(label)


@pytest.mark.parametrize("way", ["outcome", "xy", "formula"])
@pytest.mark.parametrize("name", NAMES)
def test_histories_and_predictions_have_pythons_bits(in_r, in_python, name, way):
    ours = in_python[name]
    theirs = {
        key.rpartition("/")[2]: values
        for key, values in in_r.items()
        if key.startswith(f"{name}/{way}/")
    }
    assert theirs.keys() == ours.keys()
    for what, values in theirs.items():
        if what in ("classes", "tuning encoding"):
            assert values == ours[what]
        else:
            found = np.array([math.nan if v == "NA" else float.fromhex(v) for v in values])
            np.testing.assert_array_equal(found, np.asarray(ours[what]), err_msg=what)


def test_the_cases_hold_what_they_are_for(in_python):
    assert all(len(in_python[name]["loss"]) for name in NAMES)
    assert np.isnan(in_python["regression"]["predictions"]).any()
    assert len(in_python["regression"]["valid_loss"]) <= 15
    assert "NA" in in_python["many"]["classes"]
    searched = {name for name in NAMES if "tuning fold" in in_python[name]}
    tuned = {"tuned classes", "tuned in one batch", "tuned in pieces"}
    assert searched == tuned | {"defaults numbers", "defaults classes"}
    assert numbers([]) == []

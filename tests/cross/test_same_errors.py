"""Bad input is refused in both languages, in the same words."""

import math
import re
import warnings
from functools import lru_cache

import pandas as pd
import pytest
from sklearn.datasets import load_iris

from conftest import ROOT
from pytwolayer import PytwolayerError, chapter_losses, select_device, two_layer
from pytwolayer.errors import PytwolayerWarning

CARS = pd.read_csv(ROOT / "tests/fixtures/mtcars.csv", dtype=str).astype(float)
X, Y = CARS.drop(columns="mpg"), CARS["mpg"]

IRIS = (
    load_iris(as_frame=True)
    .frame.drop(columns="target")
    .set_axis(["Sepal.Length", "Sepal.Width", "Petal.Length", "Petal.Width"], axis=1)
)
SPECIES = ["setosa", "versicolor", "virginica"]
IRIS["Species"] = pd.Categorical.from_codes([k // 50 for k in range(150)], SPECIES)
DAYS = pd.DataFrame({"a": pd.date_range("2024-01-01", periods=2)})


def cars(**settings):
    return two_layer(X, Y, **settings)


def flowers(**settings):
    return two_layer(IRIS, outcome="Species", **settings)


@lru_cache
def fit():
    return two_layer(CARS, outcome="mpg", epochs=2, seed=1)


def airquality():
    """Has as many rows, and rows with missing values, as R's."""
    ozone, sun = [math.nan] * 37 + [1.0] * 116, [1.0] * 35 + [math.nan] * 7 + [1.0] * 111
    return pd.DataFrame({"Ozone": ozone, "Solar.R": sun, "Wind": range(153)})


HUGE = "h" * 10_000
WIDE = pd.DataFrame({"g": ["a", "b"] * 2, **{f"c{k}": [1.0, 2, 3, 4] for k in range(20)}})
MANY = pd.concat([WIDE] * 1000).assign(g=[f"new{k:04}" for k in range(4000)])
EMPTY = WIDE.assign(**{f"c{k}": math.nan for k in range(19)})
NUMBERED = [f"n{k}" for k in range(99)]
MARKED = pd.DataFrame(
    {
        "a": ["?", *(f"{k:.1f}" for k in range(1, 30))],
        "day": pd.date_range("2024-01-03", periods=30).strftime("%Y-%m-%d"),
        "id": [f"x{k:02}" for k in range(1, 31)],
        "f": pd.Categorical(["-", *map(str, range(1, 30))]),
        "fine": ["4", "6", "8"] * 10,
        "size": [float(k) for k in range(1, 31)],
    }
)


def quick(*data, **settings):
    return two_layer(*data, epochs=1, hidden_units=2, seed=1, **settings)


@lru_cache
def of_wide():
    return two_layer(WIDE, ["p", "q"] * 2, epochs=2, seed=1)


def of_huge():
    return two_layer(WIDE[["g", "c0"]].set_axis(["g", HUGE], axis=1), Y[:4], epochs=2, seed=1)


# The same calls as in answers.R.
CALLS = {
    "steps": lambda: chapter_losses(500.5),
    "steps zero": lambda: chapter_losses(0),
    "steps negative": lambda: chapter_losses(-3),
    "learning rate": lambda: chapter_losses(learning_rate=math.nan),
    "learning rate infinite": lambda: chapter_losses(learning_rate=math.inf),
    "loss": lambda: chapter_losses(loss="mes"),
    "reduction": lambda: chapter_losses(reduction="median"),
    "seed": lambda: chapter_losses(seed=-1),
    "device unknown": lambda: select_device("gpu"),
    "device absent": lambda: cars(device="cuda:7"),
    "optimizer": lambda: cars(optimizer="Adam"),
    "activation": lambda: cars(activation="softmax"),
    "epochs": lambda: cars(epochs=2.5),
    "batch size": lambda: cars(batch_size=0),
    "dropout": lambda: cars(dropout=1),
    "momentum": lambda: cars(momentum=0.9),
    "nesterov": lambda: cars(nesterov=True),
    "lbfgs in batches": lambda: cars(optimizer="lbfgs", batch_size=8),
    "schedule": lambda: cars(schedule="cosinus"),
    "weight decay": lambda: cars(weight_decay=-1),
    "gradient clip": lambda: cars(gradient_clip=0),
    "input clip": lambda: cars(input_clip=-5),
    "patience": lambda: cars(patience=0),
    "validation share": lambda: cars(validation=1),
    "validation too small": lambda: cars(validation=0.01),
    "na action": lambda: cars(na_action="drop"),
    "loss of numbers": lambda: cars(loss="cross_entropy"),
    "loss of classes": lambda: flowers(loss="mse"),
    "class weights of numbers": lambda: cars(class_weights="balanced"),
    "class weights": lambda: flowers(class_weights={"setosa": 1, "versicolor": 2, "virginia": 1}),
    "weights too few": lambda: cars(sample_weight=[1, 2, 3]),
    "weights negative": lambda: cars(sample_weight=[-1] * 32),
    "weights zero": lambda: cars(sample_weight=[0] * 32),
    "lengths": lambda: two_layer(X, [1, 2, 3]),
    "no rows": lambda: two_layer(X.iloc[:0], Y.iloc[:0]),
    "no columns": lambda: two_layer(X.iloc[:, :0], Y),
    "missing": lambda: two_layer(X.assign(cyl=math.nan), Y),
    "missing refused": lambda: two_layer(airquality(), outcome="Ozone", na_action="fail"),
    "infinite": lambda: two_layer(X, (Y / 0).to_numpy()),
    "infinite in a column": lambda: two_layer(CARS.assign(disp=math.inf), outcome="mpg"),
    "one class": lambda: two_layer(IRIS.iloc[:50], outcome="Species"),
    "classes and numbers": lambda: two_layer(IRIS, outcome=["Species", "Sepal.Length"]),
    "outcome absent": lambda: two_layer(CARS, outcome=["mpg", "mgp", "pmg"]),
    "dates": lambda: two_layer(DAYS, [1, 2]),
    "counts": lambda: two_layer(X, -Y.to_numpy(), loss="poisson"),
    "new columns missing": lambda: fit().predict(CARS[["cyl", "disp", "drat"]]),
    "new text": lambda: fit().predict(CARS.assign(cyl="four")),
    "new infinite": lambda: fit().predict(CARS.assign(cyl=math.inf)),
    "new columns many": lambda: of_wide().predict(WIDE[["g"]]),
    "new column huge": lambda: of_huge().predict(WIDE[["g"]]),
    "outcomes absent": lambda: two_layer(WIDE, outcome=NUMBERED),
    "columns twice": lambda: two_layer(pd.concat([WIDE, WIDE], axis=1), Y[:4]),
    "empty columns": lambda: two_layer(EMPTY, outcome="c19"),
    "empty outcome": lambda: two_layer(WIDE, [math.nan] * 4),
    "no empty column": lambda: two_layer(
        pd.DataFrame({"a": [1, math.nan], "b": [math.nan, 1]}), [1, 2]
    ),
    "class weights many": lambda: two_layer(
        WIDE, ["p", "q"] * 2, class_weights=dict.fromkeys(NUMBERED, 1)
    ),
}
# As there: calls that warn, and the class of the warning in R.
WARNINGS = {
    "many levels": ("unseen_level", lambda: of_wide().predict(MANY)),
    "huge level": ("unseen_level", lambda: of_wide().predict(WIDE.assign(g=HUGE))),
    "suspect": ("suspect_column", lambda: quick(MARKED, [*range(30)])),
    "suspect outcome": ("suspect_column", lambda: quick(MARKED[["size"]], MARKED["a"].tolist())),
    "suspect named outcome": (
        "suspect_column",
        lambda: quick(MARKED[["size", "a"]], outcome="a"),
    ),
    "outcome left there": (
        "suspect_column",
        lambda: quick(MARKED[["size"]], MARKED["size"].tolist()),
    ),
    "nothing suspect": (None, lambda: quick(MARKED[["fine", "size"]], [*range(30)])),
}
# What R has other words for.
IN_R = {
    "not nan": "not NaN",
    "not inf": "not Inf",
    "not True": "not TRUE",
    "True or False": "TRUE or FALSE",
    "False but": "FALSE but",
    "sample_weight": "case_weights",
}


@pytest.mark.parametrize("name", CALLS)
def test_errors_say_the_same(route, name):
    with pytest.raises(PytwolayerError) as caught:
        CALLS[name]()
    message = str(caught.value)
    for python, r in IN_R.items():
        message = re.sub(rf"\b{python}\b", r, message)
    if name.startswith("new "):
        message = message.replace("`x`", "`new_data`")
    answer = route[f"error/{name}"]
    if name == "dates":  # what to do about them is each language's own
        message, answer = (re.sub(r" \(.*\)\.$", ".", text) for text in (message, *answer))
        answer = [answer]
    assert answer == [message]


@pytest.mark.parametrize("name", WARNINGS)
def test_warnings_say_the_same(route, name):
    kind, call = WARNINGS[name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", PytwolayerWarning)
        call()
    messages = list(dict.fromkeys(str(warning.message) for warning in caught))
    expected = [part for text in messages for part in (f"pytwolayer_warning_{kind}", text)]
    routes = [each for each in route if each.split(",")[0] == f"warning/{name}"]
    assert routes
    assert all(route[each] == expected for each in routes)


def test_every_call_of_r_is_compared(route):
    compared = {*(f"error/{name}" for name in CALLS), *(f"warning/{name}" for name in WARNINGS)}
    kinds = ("error/", "warning/")
    assert {name.split(",")[0] for name in route if name.startswith(kinds)} == compared

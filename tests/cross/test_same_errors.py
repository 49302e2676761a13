"""Bad input is refused in both languages, in the same words."""

import math

import pandas as pd
import pytest

from conftest import ROOT
from pytwolayer import PytwolayerError, chapter_losses, select_device, two_layer

CARS = pd.read_csv(ROOT / "tests/fixtures/mtcars.csv", dtype=str).astype(float)
X, Y = CARS.drop(columns="mpg"), CARS["mpg"]

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
    "device absent": lambda: two_layer(X, Y, device="cuda:7"),
    "optimizer": lambda: two_layer(X, Y, optimizer="Adam"),
    "activation": lambda: two_layer(X, Y, activation="softmax"),
    "lengths": lambda: two_layer(X, [1, 2, 3]),
    "no rows": lambda: two_layer(X.iloc[:0], Y.iloc[:0]),
    "no columns": lambda: two_layer(X.iloc[:, :0], Y),
    "missing": lambda: two_layer(X.assign(cyl=math.nan), Y),
    "infinite": lambda: two_layer(X, Y / 0),
    "factor": lambda: two_layer(pd.DataFrame({"Species": pd.Categorical(["a", "b"])}), [1.0, 2.0]),
    "text": lambda: two_layer(pd.DataFrame({"a": ["x", "y"]}), [1.0, 2.0]),
}
IN_R = {"not nan": "not NaN", "not inf": "not Inf"}


@pytest.mark.parametrize("name", CALLS)
def test_errors_say_the_same(route, name):
    with pytest.raises(PytwolayerError) as caught:
        CALLS[name]()
    message = str(caught.value)
    for python, r in IN_R.items():
        message = message.replace(python, r)
    assert route[f"error/{name}"] == [message]


def test_every_call_of_r_is_compared(route):
    assert {name.removeprefix("error/") for name in route if name.startswith("error/")} == set(
        CALLS
    )

"""Fits hold copies: what becomes of the caller's data does not change them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from pytwolayer import TwoLayerClassifier, TwoLayerRegressor, continue_training, two_layer
from pytwolayer.errors import ArgumentError

ROWS = 20
SETTINGS: dict[str, Any] = {"epochs": 3, "hidden_units": 3, "seed": 1, "verbose": False}


def inputs(dtype: str = "float64") -> Any:
    return np.random.default_rng(1).normal(size=(ROWS, 3)).astype(dtype)


def numbers(dtype: str = "float64") -> Any:
    return np.random.default_rng(2).normal(size=ROWS).astype(dtype)


def frame() -> pd.DataFrame:
    table = pd.DataFrame(inputs(), columns=["a", "b", "c"])
    return table.assign(kind=pd.Categorical(["x", "y"] * (ROWS // 2)), y=numbers())


def spoil(data: Any) -> None:
    """Change data where they are."""
    if isinstance(data, pd.DataFrame):
        data.iloc[: ROWS // 2] = data.iloc[: -ROWS // 2 - 1 : -1].to_numpy()
        data.loc[:5, "a"] = 1000.0
        data["kind"] = data["kind"].cat.rename_categories(["y", "x"])
        data.columns = [name.upper() for name in data.columns]
    elif isinstance(data, dict):
        data.clear()
    elif isinstance(data, list):
        data.reverse()
    elif isinstance(data, torch.Tensor):
        data.mul_(0).add_(7)
    else:
        data[: ROWS // 2] = data[ROWS - 1]


GIVEN: dict[str, Callable[[], dict[str, Any]]] = {
    "doubles": lambda: {"x": inputs(), "y": numbers(), "sample_weight": np.abs(numbers()) + 1},
    "floats": lambda: {"x": inputs("float32"), "y": numbers("float32")},
    "tensors": lambda: {"x": torch.tensor(inputs("float32")), "y": torch.tensor(numbers())},
    "columns of Fortran's": lambda: {"x": np.asfortranarray(inputs()), "y": numbers()[:, None]},
    "a frame": lambda: {"x": frame(), "outcome": "y"},
    "a frame's classes": lambda: {"x": frame(), "outcome": "kind"},
    "text": lambda: {
        "x": inputs(),
        "y": np.array(["no", "yes"] * (ROWS // 2), dtype=object),
        "class_weights": {"no": 2.0, "yes": 1.0},
    },
    "logicals": lambda: {"x": inputs(), "y": numbers() > 0},
    "lists": lambda: {"x": inputs().tolist(), "y": ["no", "yes"] * (ROWS // 2)},
    "rows to hold out": lambda: {"x": inputs(), "y": numbers(), "validation": np.arange(ROWS) < 5},
}


def answers(fit: Any, x: Any) -> list[Any]:
    found = [fit.history.copy(), fit.predict(x)]
    if fit.classes is not None:
        found += [fit.classes.copy(), fit.predict_proba(x)]
    return found


def same(before: list[Any], after: list[Any]) -> bool:
    pairs = zip(before, after, strict=True)
    return all(np.array_equal(np.asarray(one), np.asarray(other)) for one, other in pairs)


@pytest.mark.parametrize("n_models", [1, 2])
@pytest.mark.parametrize("kind", GIVEN)
def test_data_that_change_afterwards_change_no_fit(kind: str, n_models: int) -> None:
    given = GIVEN[kind]()
    fit = two_layer(**given, n_models=n_models, **SETTINGS)
    new = GIVEN[kind]()["x"]
    before = answers(fit, new)
    for data in given.values():
        if not isinstance(data, str):
            spoil(data)
    assert same(before, answers(fit, new))


@pytest.mark.parametrize("kind", GIVEN)
def test_data_that_change_while_a_fit_is_trained_do_not_change_it(kind: str) -> None:
    given = GIVEN[kind]()

    def change(epoch: int, _: float) -> None:
        if epoch == 1:
            for data in given.values():
                if not isinstance(data, str):
                    spoil(data)

    new = GIVEN[kind]()["x"]
    alone = two_layer(**GIVEN[kind](), **SETTINGS)
    fit = two_layer(**given, on_epoch=change, **SETTINGS)
    assert same(answers(alone, new), answers(fit, new))
    assert fit.data == alone.data


@pytest.mark.parametrize("kind", ["doubles", "a frame", "text"])
def test_a_fit_whose_data_have_changed_says_so_and_goes_on_with_those_it_had(kind: str) -> None:
    given = GIVEN[kind]()
    fit = two_layer(**given, **SETTINGS)
    expected = continue_training(fit, epochs=2, verbose=False)
    spoil(given["x"])
    with pytest.raises(ArgumentError, match=r"`x` must be|`outcome` must be"):
        continue_training(fit, epochs=2, verbose=False)
    again = continue_training(fit, **GIVEN[kind](), epochs=2, verbose=False)
    assert same(answers(expected, GIVEN[kind]()["x"]), answers(again, GIVEN[kind]()["x"]))


@pytest.mark.parametrize("estimator", [TwoLayerRegressor, TwoLayerClassifier])
def test_estimators_hold_copies_too(estimator: Any) -> None:
    x, y = frame().drop(columns="y"), numbers() > 0
    model = estimator(hidden_units=3, epochs=3, random_state=1).fit(x, y + 0)
    before = model.predict(frame().drop(columns="y"))
    spoil(x)
    spoil(y)
    assert np.array_equal(before, model.predict(frame().drop(columns="y")))

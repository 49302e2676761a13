"""The settings of a fit."""

from dataclasses import FrozenInstanceError, asdict, fields

import numpy as np
import pytest

from pytwolayer import ArgumentError
from pytwolayer.settings import _CHECKS, Settings

GOOD = {
    "hidden_units": 8,
    "activation": "relu",
    "epochs": 10,
    "optimizer": "adam",
    "learning_rate": 0.1,
    "loss": "mse",
    "reduction": "mean",
    "seed": 1,
}


def test_good_settings_are_kept():
    assert asdict(Settings(**GOOD)) == GOOD


def test_numbers_arrive_in_their_own_type_whatever_came():
    given = GOOD | {"hidden_units": 8.0, "epochs": np.int64(10), "learning_rate": 1, "seed": 1.0}
    settings = Settings(**given)
    assert [type(value) for value in asdict(settings).values()] == [
        int, str, int, str, float, str, str, int,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("hidden_units", 0, "a whole number of at least 1, not 0"),
        ("hidden_units", 2.5, "a whole number of at least 1, not 2.5"),
        ("activation", "rlu", r'one of "relu", .*, not "rlu" \(did you mean "relu"\?\)'),
        ("epochs", float("nan"), "a whole number of at least 1, not nan"),
        ("epochs", True, "a whole number of at least 1, not True"),
        ("optimizer", "adamm", r'one of "sgd", "adam", not "adamm"'),
        ("learning_rate", float("nan"), "a finite number above 0, not nan"),
        ("loss", "l2", 'one of "mse", "mae", "huber", not "l2"'),
        ("reduction", "none", 'one of "mean", "sum", "elementwise_mean", not "none"'),
        ("seed", -1, r"a whole number from 0 to \d+, not -1"),
    ],
)
def test_a_bad_setting_names_itself(name, value, message):
    with pytest.raises(ArgumentError, match=f"^`{name}` must be {message}"):
        Settings(**GOOD | {name: value})


def test_every_setting_has_a_check():
    assert [field.name for field in fields(Settings)] == list(_CHECKS)


def test_settings_do_not_change_afterwards():
    with pytest.raises(FrozenInstanceError):
        Settings(**GOOD).epochs = 5

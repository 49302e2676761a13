"""The settings of a fit."""

import inspect
from dataclasses import FrozenInstanceError, asdict, fields, replace

import numpy as np
import pytest

from pytwolayer import ArgumentError, TwoLayerClassifier, TwoLayerRegressor, two_layer
from pytwolayer.training.settings import KEPT, SETTINGS, Settings

DEFAULTS = {name: setting.default for name, setting in SETTINGS.items()}

GOOD = {name: DEFAULTS[name] for name in KEPT} | {
    "hidden_units": 8,
    "activation": "relu",
    "epochs": 10,
    "batch_size": 5,
    "optimizer": "sgd",
    "learning_rate": 0.1,
    "momentum": 0.9,
    "nesterov": True,
    "schedule": "cosine",
    "weight_decay": 0.01,
    "dropout": 0.5,
    "gradient_clip": 1.0,
    "input_clip": 5.0,
    "encoding": "piecewise",
    "pieces": 4,
    "loss": "mse",
    "reduction": "mean",
    "patience": 3,
    "seed": 1,
}
LBFGS = {
    "optimizer": "lbfgs",
    "momentum": 0.0,
    "nesterov": False,
    "dropout": 0.0,
    "batch_size": None,
    "gradient_clip": None,
}


NUMBERS = {
    "hidden_units": int,
    "epochs": int,
    "batch_size": int,
    "learning_rate": float,
    "momentum": float,
    "nesterov": bool,
    "weight_decay": float,
    "dropout": float,
    "gradient_clip": float,
    "input_clip": float,
    "pieces": int,
    "patience": int,
    "seed": int,
}


def test_good_settings_are_kept():
    assert asdict(Settings(**GOOD)) == GOOD


def test_numbers_arrive_in_their_own_type_whatever_came():
    given = GOOD | {
        "hidden_units": 8.0,
        "epochs": np.int64(10),
        "batch_size": 5.0,
        "learning_rate": 1,
        "momentum": np.float32(0.5),
        "nesterov": np.bool_(True),
        "weight_decay": 0,
        "dropout": 0,
        "gradient_clip": 1,
        "input_clip": 5,
        "pieces": 4.0,
        "patience": 3.0,
        "seed": 1.0,
    }
    settings = Settings(**given)
    assert {name: type(getattr(settings, name)) for name in NUMBERS} == NUMBERS


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("hidden_units", 0, "a whole number of at least 1, not 0"),
        ("hidden_units", 2.5, "a whole number of at least 1, not 2.5"),
        ("activation", "rlu", r'one of "relu", .*, not "rlu" \(did you mean "relu"\?\)'),
        ("epochs", float("nan"), "a whole number of at least 1, not nan"),
        ("epochs", True, "a whole number of at least 1, not True"),
        ("batch_size", 0, "a whole number of at least 1, not 0"),
        ("batch_size", "all", '"auto" or a whole number of at least 1, not "all"'),
        ("optimizer", "adamm", r'one of "sgd", .*, not "adamm" \(did you mean "adam"\?\)'),
        ("learning_rate", float("nan"), "a finite number above 0, not nan"),
        ("learning_rate", 0, "a finite number above 0, not 0"),
        ("learning_rate", 1e39, "at most 3.40282e.38, not 1e.39"),
        ("momentum", 1, "a number from 0 below 1, not 1"),
        ("momentum", -0.1, "a number from 0 below 1, not -0.1"),
        ("nesterov", 1, "True or False, not 1"),
        ("nesterov", None, "True or False, not None"),
        ("schedule", "cosin", r'one of .*, not "cosin" \(did you mean "cosine"\?\)'),
        ("weight_decay", -1, "a number from 0 up to .*, not -1"),
        ("weight_decay", float("inf"), "a number from 0 up to .*, not inf"),
        ("dropout", 1.0, "a number from 0 below 1, not 1"),
        ("dropout", "half", 'a number from 0 below 1, not "half"'),
        ("gradient_clip", 0, "a finite number above 0, not 0"),
        ("input_clip", 0, "a finite number above 0, not 0"),
        ("input_clip", float("inf"), "a finite number above 0, not inf"),
        ("weight_decay", "Auto", r'"auto" or a number from 0 .*, not "Auto"'),
        ("learning_rate", "fast", r'"auto" or a finite number above 0, not "fast"'),
        ("encoding", "linea", r'one of "auto", .*, not "linea" \(did you mean "linear"\?\)'),
        ("encoding", None, 'one of "auto", "linear", "piecewise", not None'),
        ("pieces", 1, "a whole number from 2 to 64, not 1"),
        ("pieces", 65, "a whole number from 2 to 64, not 65"),
        ("pieces", 2.5, "a whole number from 2 to 64, not 2.5"),
        ("pieces", True, "a whole number from 2 to 64, not True"),
        ("loss", "l2", r'one of "auto", "mse", .*, not "l2"'),
        ("loss", None, 'one of "auto", "mse", .*, not None'),
        ("reduction", "none", 'one of "mean", "sum", "elementwise_mean", not "none"'),
        ("patience", 0, "a whole number of at least 1, not 0"),
        ("seed", -1, r"a whole number from 0 to \d+, not -1"),
    ],
)
def test_a_bad_setting_names_itself(name, value, message):
    with pytest.raises(ArgumentError, match=f"^`{name}` must be {message}"):
        Settings(**GOOD | {name: value})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"optimizer": "adam", "nesterov": False}, '`momentum` must be 0 with optimizer "adam"'),
        ({"optimizer": "adamw", "nesterov": False}, '`momentum` must be 0 with optimizer "adamw"'),
        ({"momentum": 0.0}, '`nesterov` must be False but with optimizer "sgd" and momentum'),
        ({"optimizer": "rmsprop"}, "`nesterov` must be False but with"),
        (LBFGS | {"momentum": 0.9}, '`momentum` must be 0 with optimizer "lbfgs"'),
        (LBFGS | {"dropout": 0.1}, '`dropout` must be 0 with optimizer "lbfgs"'),
        (LBFGS | {"batch_size": 32}, '`batch_size` must be "auto" or all rows with'),
        (
            LBFGS | {"gradient_clip": 1.0},
            '`gradient_clip` must be not given with optimizer "lbfgs"',
        ),
    ],
)
def test_settings_that_do_not_go_together_are_an_error_that_names_one(given, message):
    with pytest.raises(ArgumentError, match=f"^{message}"):
        Settings(**GOOD | given)


@pytest.mark.parametrize(
    "given",
    [
        LBFGS,
        LBFGS | {"batch_size": "auto"},
        {"optimizer": "rmsprop", "nesterov": False},
        {"nesterov": False},
        {"batch_size": None, "patience": None, "gradient_clip": None, "input_clip": None},
    ],
)
def test_settings_that_go_together_do(given):
    assert asdict(Settings(**GOOD | given)) == GOOD | given


@pytest.mark.parametrize(
    "name",
    ["epochs", "batch_size", "learning_rate", "schedule", "weight_decay", "encoding", "loss"],
)
def test_auto_stays_auto_until_the_data_are_known(name):
    assert getattr(Settings(**GOOD | {name: "auto"}), name) == "auto"


def test_a_function_of_the_users_is_a_loss_and_has_a_name():
    def my_loss(output, y):
        return output

    settings = Settings(**GOOD | {"loss": my_loss})
    assert settings.loss is my_loss
    assert settings.loss_name == "my_loss"
    assert settings.plain()["loss"] == "my_loss"

    class Callable:
        def __call__(self, output, y):
            return output

    assert Settings(**GOOD | {"loss": Callable()}).loss_name == "Callable"


def test_of_two_clashes_the_error_names_the_same_one_always():
    given = LBFGS | {"momentum": 0.9, "batch_size": 32, "gradient_clip": 1.0}
    with pytest.raises(ArgumentError, match=r"^`momentum` must be 0"):
        Settings(**GOOD | given)


def test_every_setting_that_a_fit_keeps_is_in_the_table_in_its_order_with_a_check():
    assert [name for name in SETTINGS if name in KEPT] == list(KEPT)
    assert all(SETTINGS[name].check is not None for name in KEPT)
    usual = {name: DEFAULTS[name] for name in KEPT} | {"seed": 1}
    assert asdict(Settings(**usual)) == usual


def test_two_layer_has_the_settings_of_the_table_in_its_order_with_its_defaults():
    parameters = inspect.signature(two_layer).parameters
    written = {name: each.default for name, each in parameters.items()}
    assert list(written)[:3] == ["x", "y", "outcome"]
    assert list(written.items())[3:] == list(DEFAULTS.items())


def test_the_estimators_have_settings_of_the_table_in_its_order_with_its_defaults():
    own = {"verbose": False, "random_state": None, "warm_start": False}
    for kind in (TwoLayerRegressor, TwoLayerClassifier):
        written = {field.name: field.default for field in fields(kind)}
        assert set(KEPT) - {"seed"} <= set(written)
        for name, default in written.items():
            assert default == (own[name] if name in own else DEFAULTS[name]), name


def test_settings_with_other_values_are_those_that_were_made_with_them():
    before = Settings(**GOOD | {"batch_size": "auto", "weight_decay": "auto"})
    values = {"batch_size": 8.0, "weight_decay": 1}
    after = before.with_values(**values)
    assert after == replace(before, **values)
    assert list(vars(after)) == list(vars(before))
    assert isinstance(after.batch_size, int)
    assert before.batch_size == "auto"
    assert before.with_values(loss="quantile").quantile_levels == (0.05, 0.5, 0.95)


def test_settings_refuse_other_values_as_they_refuse_given_ones():
    before = Settings(**GOOD)
    with pytest.raises(ArgumentError, match="`batch_size` must be"):
        before.with_values(batch_size=-1)
    with pytest.raises(ArgumentError, match="`momentum` must be 0 with optimizer"):
        before.with_values(optimizer="adam")


def test_settings_do_not_change_afterwards():
    with pytest.raises(FrozenInstanceError):
        Settings(**GOOD).epochs = 5

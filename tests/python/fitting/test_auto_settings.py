"""What "auto" stands for, whatever the numbers."""

from dataclasses import asdict

import numpy as np
import pytest

from pytwolayer import two_layer
from pytwolayer.fitting.auto_settings import ONE_BATCH, resolve
from pytwolayer.optim.optimizer import OPTIMIZERS
from pytwolayer.preprocessing.reading import read_training_data
from pytwolayer.training.settings import KEPT, SETTINGS, Settings

AUTO = {name: SETTINGS[name].default for name in KEPT} | {
    "hidden_units": 3,
    "input_clip": None,
    "loss": "mse",
    "seed": 1,
}
GIVEN = {
    "epochs": 17,
    "batch_size": 13,
    "learning_rate": 0.123,
    "schedule": "step",
    "weight_decay": 0.456,
}
FEW, MANY = ONE_BATCH, 50 * ONE_BATCH


def resolved(rows=FEW, weights=None, weight_type="importance", **options):
    data = read_training_data(
        np.arange(rows)[:, None], range(rows), weights=weights, weight_type=weight_type
    )
    return resolve(Settings(**AUTO | options), data)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("rows", [1, FEW, FEW + 1, MANY])
def test_nothing_stays_auto(rows, optimizer):
    assert "auto" not in asdict(resolved(rows, optimizer=optimizer)).values()


@pytest.mark.parametrize("rows", [1, FEW, MANY])
def test_what_is_given_stays(rows):
    settings = asdict(resolved(rows, **GIVEN))
    assert {name: settings[name] for name in GIVEN} == GIVEN
    assert resolved(rows, batch_size=None).batch_size is None


def test_few_rows_are_one_batch_and_many_are_not():
    assert resolved(1).batch_size is None
    assert resolved(FEW).batch_size is None
    assert resolved(FEW + 1).batch_size <= FEW
    assert resolved(MANY).batch_size < MANY / 10


def test_one_batch_gets_more_epochs_than_mini_batches_whoever_asked_for_it():
    assert resolved(FEW).epochs > resolved(MANY).epochs
    assert resolved(MANY, batch_size=None).epochs == resolved(FEW).epochs
    assert resolved(FEW, batch_size=FEW).epochs == resolved(FEW).epochs
    assert resolved(FEW, batch_size=FEW // 2).epochs == resolved(MANY).epochs


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_learning_rate_is_the_optimisers(optimizer):
    expected = OPTIMIZERS[optimizer].learning_rate
    assert resolved(optimizer=optimizer).learning_rate == expected


def test_lbfgs_takes_all_rows_at_a_constant_rate():
    settings = resolved(MANY, optimizer="lbfgs")
    assert settings.batch_size is None
    assert settings.schedule == "constant"


def test_the_penalty_of_a_summed_loss_is_that_of_the_mean_times_the_rows():
    for rows in (FEW, MANY):
        mean, total = (resolved(rows, reduction=r).weight_decay for r in ("mean", "sum"))
        assert total == pytest.approx(mean * rows)


def test_a_row_that_is_there_twice_counts_as_two_rows():
    twice = resolved(FEW, weights=[2] * FEW, weight_type="frequency")
    assert twice.weight_decay == resolved(2 * FEW).weight_decay


@pytest.mark.parametrize("scale", [1e-6, 0.01, 1, 100, 1e4])
def test_the_scale_of_weights_says_nothing_of_how_many_rows_there_are(scale):
    for weights in (np.ones(FEW), np.arange(1.0, FEW + 1)):
        assert resolved(FEW, weights=weights * scale).weight_decay == resolved(FEW).weight_decay


def test_equal_rows_are_counted_once_for_the_batch():
    x = np.repeat([[1.0], [2.0]], MANY, axis=0)
    assert two_layer(x, x[:, 0], epochs=1, hidden_units=1).settings.batch_size is None


def decay(x, y, **options):
    return two_layer(x, y, epochs=1, seed=1, **options).settings.weight_decay


def test_weight_decay_counts_rows_whether_equal_ones_are_merged_or_not():
    x, y = np.repeat(np.arange(10.0), 10)[:, None], np.repeat(np.arange(10.0), 10)
    usual = decay(x, y)
    assert decay(x, y, batch_size=20) == usual
    assert decay(x, y, sample_weight=[0.01] * 100) == usual
    assert decay(x, y, sample_weight=[2] * 100) == usual
    frequencies = {"weight_type": "frequency"}
    assert decay(x, y, sample_weight=[2] * 100, **frequencies) == usual / 2
    assert decay(x[::10], y[::10], sample_weight=[10] * 10, **frequencies) == usual


def test_weights_of_classes_are_not_counted_as_rows():
    x = np.arange(40.0)[:, None]
    y = ["a", "b"] * 20
    usual = decay(x, y)
    assert decay(x, y, class_weights={"a": 1000, "b": 1000}) == usual
    assert decay(x, y, class_weights="balanced") == usual


def test_a_look_at_some_rows_never_hides_that_there_are_few_different_ones():
    x = np.arange(5000)[:, None] % 100
    assert two_layer(x, x[:, 0] * 1.0, epochs=1).settings.batch_size is None
    late = np.r_[np.zeros(2000), np.arange(3000)][:, None]
    assert two_layer(late, late[:, 0], epochs=1).settings.batch_size is not None

"""Runs whose losses are looked at now and then, as on a GPU: they end as if looked at always.

There is no GPU here, so the CPU is made to look as rarely.
"""

import itertools
import math

import numpy as np
import pytest

from pytwolayer import two_layer
from pytwolayer.errors import DivergenceError, InterruptWarning
from pytwolayer.network.batches import Batches
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.loss_log import DeviceLossLog
from pytwolayer.training.supervisor import reading_interval

DRAWS = np.random.default_rng(2)
X = DRAWS.normal(size=(60, 3))
Y = np.tanh(X.sum(axis=1)) + 0.3 * DRAWS.normal(size=60)
CLASS = np.where(Y > 0, "a", "b")
OPTIONS = {"hidden_units": 5, "epochs": 50, "seed": 1, "verbose": False, "learning_rate": 0.05}

CASES = [
    {"validation": 0.3},
    {"validation": 0.3, "patience": 3},
    {"validation": 0.3, "patience": 1},
    {"validation": 0.3, "patience": 4, "batch_size": 10, "dropout": 0.2},
    {"patience": 2},
    {"patience": 2, "batch_size": 10},
    {"patience": 5, "schedule": "constant"},
    {},
]


def both(monkeypatch, ahead, y=Y, **options):
    """Fit once looking after every epoch, and once after so many."""
    usual = two_layer(X, y, **OPTIONS | options)
    monkeypatch.setattr("pytwolayer.training.supervisor.reading_interval", lambda *sizes: ahead)
    monkeypatch.setattr("pytwolayer.training.loop.make_loss_log", DeviceLossLog)
    return usual, two_layer(X, y, **OPTIONS | options)


def assert_same(usual, later):
    np.testing.assert_allclose(later.history, usual.history, rtol=1e-6)
    assert later.best_epoch == usual.best_epoch
    assert later.stopped == usual.stopped
    assert np.array_equal(later.predict_raw(X), usual.predict_raw(X))


@pytest.mark.parametrize("ahead", [2, 7, 64])
@pytest.mark.parametrize("options", CASES, ids=str)
def test_a_run_ends_as_if_every_epoch_were_looked_at(monkeypatch, ahead, options):
    assert_same(*both(monkeypatch, ahead, **options))


@pytest.mark.parametrize("ahead", [3, 64])
def test_classes_too(monkeypatch, ahead):
    assert_same(*both(monkeypatch, ahead, CLASS, validation=0.3, patience=3))


@pytest.mark.parametrize("options", [{}, {"validation": 0.3}, {"patience": 3}], ids=str)
def test_divergence_leaves_the_last_good_weights(monkeypatch, options):
    diverging = {"optimizer": "sgd", "learning_rate": 1e3, "schedule": "constant", **options}
    with pytest.raises(DivergenceError) as usual:
        two_layer(X, Y, **OPTIONS | diverging)
    monkeypatch.setattr("pytwolayer.training.supervisor.reading_interval", lambda *sizes: 16)
    monkeypatch.setattr("pytwolayer.training.loop.make_loss_log", DeviceLossLog)
    with pytest.raises(DivergenceError) as later:
        two_layer(X, Y, **OPTIONS | diverging)
    assert later.value.epoch == usual.value.epoch
    assert np.array_equal(later.value.fit.predict_raw(X), usual.value.fit.predict_raw(X))


@pytest.mark.parametrize("options", [{"validation": 0.3}, {"patience": 40}], ids=str)
def test_an_interrupt_between_two_looks_loses_no_epoch(monkeypatch, options):
    deal = Batches.__call__

    def interrupting(self, epoch):
        if epoch == 20:
            import signal

            signal.raise_signal(signal.SIGINT)
        return deal(self, epoch)

    monkeypatch.setattr(Batches, "__call__", interrupting)
    with pytest.warns(InterruptWarning):
        usual, later = both(monkeypatch, 16, **options)
    assert len(usual.history) == 20
    assert_same(usual, later)


def test_how_far_ahead_depends_on_device_and_size():
    assert reading_interval(torch.zeros(10), 1) == 1
    elsewhere = torch.zeros(10, device="meta")
    assert reading_interval(elsewhere, 1) == 64
    assert reading_interval(torch.zeros(2**30, device="meta"), 1) == 1
    assert reading_interval(torch.zeros(2**22, device="meta"), 1) == 4


def test_long_epochs_are_looked_at_sooner_so_that_patience_and_progress_do_not_wait():
    elsewhere = torch.zeros(10, device="meta")
    assert [reading_interval(elsewhere, updates) for updates in (2, 5, 64, 1000)] == [32, 12, 1, 1]
    assert reading_interval(torch.zeros(10), 1000) == 1


class MineError(Exception):
    """Raised by a function of the user's."""


def raising(call):
    """Make a loss function that raises from this call on."""
    calls = itertools.count(1)

    def loss(output, y):
        if next(calls) >= call:
            raise MineError
        return (output - y) ** 2

    return loss


@pytest.mark.parametrize("ahead", [1, 7, 64])
@pytest.mark.parametrize(
    ("call", "options", "epochs"),
    [
        (21, {}, 20),
        (21, {"patience": 3, "learning_rate": 0.001}, 20),
        (21, {"validation": 0.3}, 10),  # in an update: every other call is for held-out rows
        (22, {"validation": 0.3}, 10),  # for the held-out rows
        (22, {"batch_size": 20}, 7),
    ],
    ids=str,
)
def test_an_error_loses_no_epoch_that_was_done(monkeypatch, ahead, call, options, epochs):
    monkeypatch.setattr("pytwolayer.training.supervisor.reading_interval", lambda *sizes: ahead)
    monkeypatch.setattr("pytwolayer.training.loop.make_loss_log", DeviceLossLog)
    options = {"schedule": "constant", "batch_size": None} | options
    with pytest.raises(MineError) as caught:
        two_layer(X, Y, loss=raising(call), **OPTIONS | options)
    fit = caught.value.fit
    assert (len(fit.history), fit.stopped) == (epochs, "interrupt")
    monkeypatch.undo()
    usual = two_layer(X, Y, loss=raising(math.inf), **OPTIONS | options | {"epochs": epochs})
    np.testing.assert_allclose(fit.history, usual.history, rtol=1e-6)
    assert fit.best_epoch == usual.best_epoch
    if options["batch_size"] is None:  # else the weights are those in the middle of an epoch
        assert np.array_equal(fit.predict_raw(X), usual.predict_raw(X))


@pytest.mark.parametrize("models", [1, 3])
def test_an_error_of_several_networks_loses_no_epoch_either(monkeypatch, models):
    deal = Batches.__call__

    def failing(self, epoch):
        if epoch == 20:
            raise MineError
        return deal(self, epoch)

    monkeypatch.setattr(Batches, "__call__", failing)

    def so_far():
        with pytest.raises(MineError) as caught:
            two_layer(X, Y, n_models=models, validation=0.3, **OPTIONS)
        return caught.value.fit

    usual = so_far()
    monkeypatch.setattr("pytwolayer.training.supervisor.reading_interval", lambda *sizes: 64)
    monkeypatch.setattr("pytwolayer.training.loop.make_loss_log", DeviceLossLog)
    later = so_far()
    assert len(usual.history) == 20 * models
    np.testing.assert_allclose(later.history, usual.history, rtol=1e-6)
    assert np.array_equal(later.predict(X), usual.predict(X))


def test_of_a_gpu_that_failed_altogether_the_first_error_is_told(monkeypatch):
    def read(self):
        raise RuntimeError("no further call is answered")

    monkeypatch.setattr("pytwolayer.training.supervisor.reading_interval", lambda *sizes: 64)
    monkeypatch.setattr("pytwolayer.training.loop.make_loss_log", DeviceLossLog)
    monkeypatch.setattr(DeviceLossLog, "read", read)
    with pytest.raises(MineError) as caught:
        two_layer(X, Y, loss=raising(21), **OPTIONS)
    assert caught.value.fit is None

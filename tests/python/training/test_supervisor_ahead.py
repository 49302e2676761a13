"""Runs whose losses are looked at now and then, as on a GPU: they end as if looked at always.

There is no GPU here, so the CPU is made to look as rarely.
"""

import numpy as np
import pytest

from pytwolayer import two_layer
from pytwolayer.errors import DivergenceError, InterruptWarning
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
    monkeypatch.setattr("pytwolayer.training.supervisor.reading_interval", lambda values: ahead)
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
    monkeypatch.setattr("pytwolayer.training.supervisor.reading_interval", lambda values: 16)
    monkeypatch.setattr("pytwolayer.training.loop.make_loss_log", DeviceLossLog)
    with pytest.raises(DivergenceError) as later:
        two_layer(X, Y, **OPTIONS | diverging)
    assert later.value.epoch == usual.value.epoch
    assert np.array_equal(later.value.fit.predict_raw(X), usual.value.fit.predict_raw(X))


@pytest.mark.parametrize("options", [{"validation": 0.3}, {"patience": 40}], ids=str)
def test_an_interrupt_between_two_looks_loses_no_epoch(monkeypatch, options):
    from pytwolayer.network.batches import Batches

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
    assert reading_interval(torch.zeros(10)) == 1
    elsewhere = torch.zeros(10, device="meta")
    assert reading_interval(elsewhere) == 64
    assert reading_interval(torch.zeros(2**30, device="meta")) == 1
    assert reading_interval(torch.zeros(2**22, device="meta")) == 4

"""Ensembles at their edges: what ends a run early, what no model saw, sizes that cannot be."""

import gc
import signal
import warnings
import weakref

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError, TwoLayerEnsemble, continue_training, load, two_layer
from pytwolayer.errors import DeviceMemoryError, DivergenceError, UnseenLevelWarning
from pytwolayer.fitting.prepare import PreparedFit
from pytwolayer.models.new_rows import encodings
from pytwolayer.network.batches import Batches
from pytwolayer.training.kept_weights import KeptWeights
from pytwolayer.training.loss_log import DeviceLossLog

DRAWS = np.random.default_rng(5)
X = DRAWS.normal(size=(60, 3))
Y = np.tanh(X.sum(axis=1)) + 0.3 * DRAWS.normal(size=60)
OPTIONS = {"hidden_units": 5, "epochs": 20, "seed": 1, "verbose": False, "n_models": 6}


class MineError(Exception):
    """Raised by a function of the user's."""


def raising(after):
    calls = []

    def on_epoch(epoch, loss):
        calls.append(epoch)
        if len(calls) == after:
            raise MineError

    return on_epoch


@pytest.mark.parametrize(
    ("options", "epochs"), [({}, [7] * 6), ({"schedule": "plateau", "n_models": 3}, [20, 7])]
)
def test_what_the_users_function_raises_goes_its_way_with_the_models_so_far(options, epochs):
    after = sum(set(epochs))
    with pytest.raises(MineError) as caught:
        two_layer(X, Y, on_epoch=raising(after), **OPTIONS | options)
    ensemble = caught.value.fit
    assert isinstance(ensemble, TwoLayerEnsemble)
    assert [len(fit.history) for fit in ensemble.models] == epochs
    assert ensemble.models[-1].stopped == "interrupt"
    assert np.isfinite(ensemble.predict(X)).all()


def test_what_is_raised_before_an_epoch_has_ended_has_no_models():
    with pytest.raises(ArgumentError) as caught:
        two_layer(X, Y, loss=lambda output, y: None, **OPTIONS)
    assert getattr(caught.value, "fit", None) is None


@pytest.mark.parametrize("n_models", [1, 6])
def test_what_fails_before_the_first_batch_goes_its_way_without_a_fit(monkeypatch, n_models):
    def fail(*args):
        raise MineError

    monkeypatch.setattr("pytwolayer.training.trainer.choose_batches", fail)
    with pytest.raises(MineError) as caught:
        two_layer(X, Y, **OPTIONS | {"n_models": n_models})
    assert getattr(caught.value, "fit", None) is None


def test_levels_that_no_model_saw_are_told_of_though_some_models_lack_others():
    frame = pd.DataFrame({"a": X[:, 0], "b": ["rare"] + ["x", "y"] * 29 + ["x"]})
    ensemble = two_layer(frame, Y, bootstrap=True, **OPTIONS)
    assert {fit.inputs.width for fit in ensemble.models} == {3, 4}
    new = pd.DataFrame({"a": [0.1, 0.1, 0.1], "b": ["none", "rare", "x"]})
    with pytest.warns(UnseenLevelWarning) as caught:
        found = ensemble.predict(new)
    assert np.isnan(found).tolist() == [True, False, False]
    (told,) = caught
    assert 'column "b": "none". The predictions' in str(told.message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ensemble.predict(new[1:])


def test_what_is_to_be_said_of_each_models_data_is_said_once():
    frame = pd.DataFrame({"a": X[:, 0], "b": ["x", "y"] * 29 + ["rare", "rare"]})
    held_out = [0, 3, 58, 59]
    with pytest.warns(UnseenLevelWarning) as caught:
        ensemble = two_layer(frame, Y, validation=held_out, bootstrap=True, **OPTIONS)
    assert len(ensemble.models) == 6
    (told,) = caught
    assert '"rare". Their rows are left out' in str(told.message)
    assert told.filename == __file__


def test_models_with_the_same_encoding_share_it_also_after_a_file(tmp_path):
    ensemble = two_layer(X, Y, **OPTIONS)
    assert len(encodings(ensemble.models)) == 1
    ensemble.save(tmp_path / "ensemble.safetensors")
    assert len(encodings(load(tmp_path / "ensemble.safetensors").models)) == 1
    assert len(encodings(two_layer(X, Y, bootstrap=True, **OPTIONS).models)) == 6


def test_models_for_which_there_is_no_memory_are_an_error_at_once():
    with pytest.raises(DeviceMemoryError, match=r"2000000000 models.*smaller `n_models`"):
        two_layer(X, Y, **OPTIONS | {"n_models": 2_000_000_000, "hidden_units": 5000})


def test_training_goes_on_with_one_network():
    ensemble = two_layer(X, Y, **OPTIONS)
    with pytest.raises(ArgumentError, match=r"`fit` must be one network, .* of its `models`"):
        continue_training(ensemble, X, Y, epochs=2)
    assert len(continue_training(ensemble.models[1], X, Y, epochs=2).history) == 22


def interrupting_at(epoch, monkeypatch):
    deal = Batches.__call__

    def dealing(self, number):
        if number == epoch:
            signal.raise_signal(signal.SIGINT)
        return deal(self, number)

    monkeypatch.setattr(Batches, "__call__", dealing)


@pytest.mark.parametrize("ahead", [3, 64])
@pytest.mark.parametrize("interrupted", [False, True])
def test_models_diverge_as_usual_where_losses_are_looked_at_now_and_then(
    monkeypatch, ahead, interrupted
):
    """As on a GPU, of which there is none here; also if Ctrl-C comes between two looks."""
    options = {"optimizer": "sgd", "schedule": "constant", "learning_rate": 1e3, "epochs": 100}
    with pytest.raises(DivergenceError) as usual:
        two_layer(X, Y, **OPTIONS | options)
    assert usual.value.epoch < 40
    monkeypatch.setattr("pytwolayer.training.supervisor.reading_interval", lambda *sizes: ahead)
    monkeypatch.setattr("pytwolayer.training.loop.make_loss_log", DeviceLossLog)
    if interrupted:
        interrupting_at(40, monkeypatch)
    with pytest.raises(DivergenceError) as later:
        two_layer(X, Y, **OPTIONS | options)
    assert later.value.epoch == usual.value.epoch
    alone = OPTIONS | options | {"n_models": 1}
    with pytest.raises(DivergenceError) as one:
        two_layer(X, Y, **alone)
    assert np.array_equal(later.value.fit.predict_raw(X), usual.value.fit.predict_raw(X))
    np.testing.assert_allclose(
        later.value.fit.predict_raw(X), one.value.fit.predict_raw(X), rtol=1e-4
    )


@pytest.mark.parametrize("ahead", [2, 7, 64])
@pytest.mark.parametrize(
    "options", [{"validation": 0.3}, {"validation": 0.3, "patience": 2}, {"patience": 3}], ids=str
)
def test_models_end_as_usual_where_losses_are_looked_at_now_and_then(monkeypatch, ahead, options):
    options = {"learning_rate": 0.05, "epochs": 50, **options}
    usual = two_layer(X, Y, **OPTIONS | options)
    monkeypatch.setattr("pytwolayer.training.supervisor.reading_interval", lambda *sizes: ahead)
    monkeypatch.setattr("pytwolayer.training.loop.make_loss_log", DeviceLossLog)
    later = two_layer(X, Y, **OPTIONS | options)
    assert np.array_equal(later.predict_all(X), usual.predict_all(X))
    np.testing.assert_allclose(later.history, usual.history, rtol=1e-6)
    assert [(m.best_epoch, m.stopped) for m in later.models] == [
        (m.best_epoch, m.stopped) for m in usual.models
    ]


@pytest.mark.parametrize("n_models", [1, 3])
def test_what_training_needed_is_freed_before_the_fit_takes_memory_of_its_own(
    monkeypatch, n_models
):
    alive, at_the_end = weakref.WeakSet(), []
    make, finish = KeptWeights.__init__, PreparedFit.finish

    def made(self, *args):
        make(self, *args)
        alive.add(self)

    def finishing(self, run):
        at_the_end.append(len(alive))
        finish(self, run)

    monkeypatch.setattr(KeptWeights, "__init__", made)
    monkeypatch.setattr(PreparedFit, "finish", finishing)
    gc.disable()  # what goes round in a circle stays until the collector comes
    try:
        two_layer([[1.0], [2.0]], [1.0, 2.0], epochs=3, seed=1, n_models=n_models)
    finally:
        gc.enable()
    assert at_the_end == [0] * n_models

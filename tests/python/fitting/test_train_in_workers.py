"""A fit that several processes train: what comes back, and what is left."""

import os
import signal
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from worker_losses import Dies, FillsDisk, Raises

from pytwolayer import TwoLayerRegressor, two_layer
from pytwolayer.errors import (
    ArgumentError,
    CheckpointWarning,
    InterruptWarning,
    ResumedWarning,
    WorkerError,
)
from pytwolayer.launching.job_file import Job

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs signals")
X = np.random.default_rng(5).normal(size=(203, 3))
Y = X[:, 0] - X[:, 1] ** 2
SETTINGS = {
    "epochs": 6, "batch_size": 32, "hidden_units": 8, "weight_decay": 0.1, "seed": 1, "shards": 4,
    "validation": 0.2,
}  # fmt: skip


def fit(**more):
    return two_layer(X, Y, **SETTINGS | more)


def same_bits(one, other):
    assert one.history.equals(other.history)
    assert one.best_epoch == other.best_epoch
    assert one.stopped == other.stopped
    assert one.predict(X).tolist() == other.predict(X).tolist()
    return True


@pytest.fixture(scope="module")
def alone():
    return fit()


@pytest.fixture
def runs(monkeypatch, tmp_path):
    """The scratch folders of the runs."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    yield tmp_path
    assert not [*tmp_path.glob("pytwolayer-run-*")]


def test_two_workers_give_the_bits_of_one_with_progress_and_on_epoch(alone, runs):
    class Display:
        seen, closed = [], False

        def update(self, epoch, loss):
            self.seen.append((epoch, loss))

        def close(self):
            Display.closed = True

    epochs = []
    two = fit(workers=2, verbose=lambda epochs: Display(), on_epoch=lambda *e: epochs.append(e))
    assert same_bits(two, alone)
    assert [loss for _, loss in epochs] == alone.history["loss"].tolist()
    assert Display.seen[-1] == epochs[-1]
    assert Display.closed


def test_an_estimator_has_the_bits_of_two_layer(runs):
    # The second fit starts from the first, as with one worker.
    usual = {name: SETTINGS[name] for name in SETTINGS if name != "seed"}
    one = TwoLayerRegressor(**usual, random_state=1, warm_start=True)
    two = TwoLayerRegressor(**usual, random_state=1, warm_start=True, workers=2)
    one.fit(X, Y).fit(X, Y)
    two.set_params(workers=1).fit(X, Y).set_params(workers=2).fit(X, Y)
    assert same_bits(two.two_layer_, one.two_layer_)


def test_partial_fit_starts_no_worker_and_has_the_same_bits(runs, monkeypatch):
    monkeypatch.setattr("pytwolayer.fitting.train_in_workers.run_workers", None)
    usual = {"hidden_units": 8, "shards": 4, "random_state": 1}
    one, two = (TwoLayerRegressor(**usual, workers=workers) for workers in (1, 2))
    for _ in range(2):
        assert same_bits(two.partial_fit(X, Y).two_layer_, one.partial_fit(X, Y).two_layer_)


def test_a_worker_that_is_killed_costs_no_bit(alone, runs, tmp_path):
    mark = tmp_path / "mark"
    undisturbed = fit(loss=Dies(9, 0, mark))
    how = {"checkpoint": tmp_path / "folder", "checkpoint_every": 1}
    with pytest.warns(ResumedWarning, match="Worker 1 has died"):
        killed = fit(loss=Dies(1, 12, mark), workers=2, **how)
    assert mark.exists()
    assert same_bits(killed, undisturbed)


def test_a_disk_that_fills_up_meanwhile_costs_a_warning_and_no_bit(runs):
    with pytest.warns(CheckpointWarning, match="training continues"):
        assert same_bits(fit(loss=FillsDisk(), workers=2), fit(loss=FillsDisk()))


@pytest.mark.parametrize("folder", [None, "folder"])
def test_where_the_launcher_is_killed_the_error_has_the_fit_so_far(folder, runs, tmp_path):
    others = set(children())  # of other tests

    def kill_agent(epoch, loss):
        if epoch == 4:
            (agent,) = set(children()) - others
            os.kill(agent, signal.SIGKILL)
            time.sleep(0.5)

    place = {} if folder is None else {"checkpoint": tmp_path / folder, "checkpoint_every": 1}
    with pytest.raises(WorkerError, match="lost the process that had started them") as caught:
        fit(workers=2, on_epoch=kill_agent, **place)
    if folder is None:  # nothing was saved in this short time
        assert caught.value.fit is None
        return
    assert "The error's `fit` has the fit so far." in str(caught.value)
    so_far = caught.value.fit
    assert so_far.stopped == "interrupt"
    with pytest.warns(InterruptWarning):
        assert same_bits(so_far, fit(on_epoch=press_after(len(so_far.history))))


def test_a_worker_that_is_killed_too_often_leaves_the_fit_so_far(runs, tmp_path, monkeypatch):
    monkeypatch.setattr(Job.__init__, "__defaults__", (0, 300.0, 600.0))
    how = {"checkpoint": tmp_path / "folder", "checkpoint_every": 1}
    loss = Dies(1, 22, tmp_path / "mark")
    with pytest.raises(WorkerError, match=r"SIGKILL.* The error's `fit` has") as caught:
        fit(loss=loss, workers=2, **how)
    assert 0 < len(caught.value.fit.history) < SETTINGS["epochs"]


def children():
    """The processes that this one has started."""
    found = Path("/proc/self/task").glob("*/children")
    return [int(pid) for each in found for pid in each.read_text().split()]


def press_after(epochs):
    def press(epoch, loss):
        if epoch == epochs:
            os.kill(os.getpid(), signal.SIGINT)

    return press


def test_ctrl_c_brings_the_fit_so_far_and_another_number_of_workers_goes_on(alone, runs, tmp_path):
    folder = tmp_path / "folder"

    def press(epoch, loss):
        if epoch == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.warns(InterruptWarning, match="2 of 6 epochs"):
        part = fit(workers=2, checkpoint=folder, on_epoch=press)
    assert part.stopped == "interrupt"
    with pytest.warns(ResumedWarning):
        assert same_bits(fit(checkpoint=folder), alone)


def test_what_a_loss_function_raises_comes_out_as_itself(runs):
    with pytest.raises(ZeroDivisionError, match="of the loss function"):
        fit(loss=Raises(1), workers=2)


def test_what_on_epoch_raises_comes_out_as_itself_with_the_fit_so_far(runs):
    error = ZeroDivisionError("of on_epoch")

    def on_epoch(epoch, loss):
        if epoch == 3:
            raise error

    with pytest.raises(ZeroDivisionError) as caught:
        fit(workers=2, on_epoch=on_epoch)
    assert caught.value is error
    assert len(error.fit.history) == 3


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"workers": 3}, "`workers` must be a divisor of `shards`, which is 4, not 3"),
        ({"workers": 0}, "`workers` must be"),
        ({"workers": 2, "n_models": 2}, "`shards` must be 1 where `n_models` is above 1"),
        (
            {"workers": 2, "n_models": 2, "shards": 1},
            "`workers` must be 1 where `n_models` is above 1, not 2",
        ),
        ({"workers": 2, "shards": 1}, "`workers` must be 1, or `shards` a multiple of it, not 2"),
    ],
)
def test_workers_that_cannot_be_are_refused(more, message):
    with pytest.raises(ArgumentError, match=message):
        fit(**more)


def test_a_loss_function_that_cannot_be_sent_is_refused():
    lock = threading.Lock()

    def loss(output, y):
        with lock:
            return (output - y) ** 2

    with pytest.raises(ArgumentError, match=r"`loss` must be .* that other processes can"):
        fit(workers=2, loss=loss)

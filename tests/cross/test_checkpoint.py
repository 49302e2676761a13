"""A run that one process begins and another ends, in R or in Python, has the same bits."""

import fcntl
import os
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from test_same_fits import read_frame

from conftest import HANGS, HERE, numbers, run_forked
from pytwolayer import continue_training, two_layer
from pytwolayer.errors import ResumedWarning
from pytwolayer.r_interop.r_process import RError

SETTINGS = {
    "epochs": 12,
    "hidden_units": 8,
    "batch_size": 32,
    "dropout": 0.25,
    "validation": 0.2,
    "patience": 9,
    "optimizer": "adamw",
    "seed": 1,
}


@pytest.fixture(scope="module")
def frames(r_session, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("frames")
    r_session.run(HERE / "frames.R", str(folder))
    return folder


@pytest.fixture(scope="module")
def data(frames):
    frame = read_frame(frames / "birth.json")
    return {"x": frame[["age", "lwt", "smoker", "note"]], "y": frame["race"]}


@pytest.fixture(scope="module")
def whole(data):
    """What a run gives that was never stopped."""
    return answers(two_layer(**data, **SETTINGS), data)


def answers(fit, data) -> dict[str, list[float]]:
    longer = continue_training(fit, **data, validation=0.2, epochs=4)
    return {
        "loss": fit.history["loss"].tolist(),
        "valid_loss": fit.history["valid_loss"].tolist(),
        "weights": weights_of(fit),
        "longer": longer.history["loss"].tolist(),
        "longer_weights": weights_of(longer),
    }


def weights_of(fit) -> list[float]:
    """In R's order: columns one after another."""
    state = fit.network.state_dict()
    names = ("0.weight", "0.bias", "2.weight", "2.bias")
    return np.concatenate([state[name].numpy().ravel(order="F") for name in names]).tolist()


def in_r(found: dict[str, list[str]]) -> dict[str, list[float]]:
    return {name: numbers(values) for name, values in found.items() if name != "best_epoch"}


def begun_in_python(data, folder):
    class StopError(Exception):
        pass

    def stop(epoch, loss):
        if epoch == 5:
            raise StopError

    with pytest.raises(StopError):
        two_layer(**data, **SETTINGS, checkpoint=folder, checkpoint_every=1, on_epoch=stop)
    assert sorted(path.name for path in folder.iterdir())[-1] == "epoch-00000004.safetensors"


def wait_until_unlocked(folder):
    """Wait for the last of a killed process: of a fork it is heard when its pipe is closed."""
    end = time.monotonic() + HANGS
    handle = os.open(folder, os.O_RDONLY)
    try:
        while True:
            try:
                return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                assert time.monotonic() < end
                time.sleep(0.01)
    finally:
        os.close(handle)


def test_r_ends_what_python_began(ask, frames, data, whole, tmp_path):
    begun_in_python(data, tmp_path / "run")
    found = ask("checkpoint.R", str(frames), str(tmp_path / "run"), "0")
    assert in_r(found) == whole


def test_r_that_was_killed_goes_on(ask, request, frames, whole, tmp_path):
    run = tmp_path / "run"
    # Of a fork it is only known that it ended without an answer.
    is_fork = request.node.callspec.params["ask"] != "rpy2"
    with pytest.raises(RError, match="without a word" if is_fork else r"-9|137|Killed"):
        ask("checkpoint.R", str(frames), str(run), "7", alone=True)
    wait_until_unlocked(run)
    assert sorted(path.name for path in run.iterdir())[-1] == "epoch-00000006.safetensors"
    assert in_r(ask("checkpoint.R", str(frames), str(run), "0")) == whole


def test_python_ends_what_r_began(frames, data, whole, tmp_path):
    run = tmp_path / "run"
    with pytest.raises(RError):
        run_forked(HERE / "checkpoint.R", str(tmp_path / "no"), str(frames), str(run), "6")
    wait_until_unlocked(run)
    with pytest.warns(ResumedWarning, match="after epoch 5 of 12"):
        fit = two_layer(**data, **SETTINGS, checkpoint=run)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert answers(fit, data) == whole

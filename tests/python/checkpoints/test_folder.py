"""A run that is broken off and goes on from its checkpoint, and what is in the folder."""

import gc
import os
import shutil
import signal
import threading
import time

import numpy as np
import pandas as pd
import pytest
from checkpoint_samples import (
    FRAME,
    SIDE,
    Y,
    assert_same_bits,
    break_off,
    checkpoint_names,
    fit,
    names_in,
)
from damaged_files import with_metadata

from conftest import ROOT
from pytwolayer import ArgumentError, FileFormatError, load, two_layer
from pytwolayer.checkpoints.checkpoint_file import checkpoint_bytes
from pytwolayer.errors import (
    CheckpointWarning,
    DivergenceError,
    InterruptWarning,
    ResumedWarning,
)
from pytwolayer.fitting.prepare import PreparedFit
from pytwolayer.optim.lr_schedule import Schedule
from pytwolayer.runtime.interrupt import Interrupt
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.kept_weights import KeptWeights
from pytwolayer.training.supervisor import Supervisor

OLD = ROOT / "tests" / "fixtures" / "format-3"  # what an earlier version wrote
pytestmark = pytest.mark.filterwarnings("ignore::pytwolayer.errors.ResumedWarning")


def cubic(output, y):
    return (output - y).abs() ** 3


RUNS = {
    "adam": {},
    "adamw": {"optimizer": "adamw"},
    "rmsprop": {"optimizer": "rmsprop", "momentum": 0.5},
    "sgd": {"optimizer": "sgd"},
    "sgd alone": {"optimizer": "sgd", "weight_decay": 0.0, "schedule": "constant"},
    "nesterov": {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "gradient_clip": 0.1},
    "lbfgs": {"optimizer": "lbfgs"},
    "constant": {"schedule": "constant"},
    "step": {"schedule": "step"},
    "batches and dropout": {"batch_size": 5, "dropout": 0.4},
    "batches of one": {"batch_size": 1, "reduction": "sum"},
    "held out": {"validation": 0.3, "learning_rate": 0.3, "batch_size": 5},
    "held-out rows": {"validation": np.arange(0, 24, 4), "learning_rate": 0.3},
    "patience": {"patience": 4, "learning_rate": 0.3, "epochs": 60},
    "patience, held out": {"validation": 0.3, "patience": 4, "learning_rate": 0.3, "epochs": 60},
    "sample weights": {"sample_weight": np.arange(24) % 4, "batch_size": 7},
    "class weights": {"y": SIDE, "class_weights": "balanced", "validation": 0.25},
    "a function": {"loss": cubic, "batch_size": 8},
    "arrays": {"x": FRAME[["a", "b"]].to_numpy(), "y": np.column_stack([Y, 2 * Y])},
}


@pytest.mark.parametrize("options", RUNS.values(), ids=RUNS)
def test_a_run_broken_off_again_and_again_ends_with_the_same_bits(tmp_path, options):
    unbroken = fit(**options)
    for epoch in (1, 4, 5, 9):
        break_off(lambda epoch=epoch, **more: fit(tmp_path, **options, **more), epoch)
    with pytest.warns(ResumedWarning, match=r"^Continuing after epoch 8 of \d+, from the checkp"):
        again = fit(tmp_path, **options)
    assert_same_bits(again, unbroken, options.get("x", FRAME))
    assert ("patience" in options) == (unbroken.stopped == "patience")


@pytest.mark.parametrize("validation", [0.0, 0.3])
def test_plateau_goes_on_where_it_was(tmp_path, validation):
    options = {"schedule": "plateau", "learning_rate": 1.0, "epochs": 40, "validation": validation}
    unbroken = fit(**options)
    assert not unbroken.history.equals(fit(**options | {"schedule": "constant"}).history)
    for epoch in (8, 15, 33):
        break_off(lambda **more: fit(tmp_path, **options, **more), epoch)
    assert_same_bits(fit(tmp_path, **options), unbroken)


def test_a_checkpoint_changes_no_bit(tmp_path):
    assert_same_bits(fit(tmp_path, batch_size=5), fit(batch_size=5))


def test_on_epoch_is_told_of_the_epochs_that_are_left(tmp_path):
    break_off(lambda **more: fit(tmp_path, **more), 8)
    seen = []
    again = fit(tmp_path, on_epoch=lambda *told: seen.append(told))
    assert seen == list(zip(range(8, 13), again.history["loss"][7:], strict=True))


def test_checkpoint_every_counts_epochs_of_the_whole_run(tmp_path):
    break_off(lambda **more: fit(tmp_path, checkpoint_every=3, **more), 8)
    assert names_in(tmp_path) == checkpoint_names(3, 6)
    seen = []
    fit(tmp_path, checkpoint_every=3, on_epoch=lambda epoch, loss: seen.append(epoch))
    assert seen == list(range(7, 13))
    assert names_in(tmp_path) == checkpoint_names(6, 9, 12)


def test_auto_writes_at_the_end(tmp_path):
    whole = fit(tmp_path / "made" / "here", checkpoint_every="auto")
    assert names_in(tmp_path / "made" / "here") == checkpoint_names(12)
    assert_same_bits(fit(tmp_path / "made" / "here", checkpoint_every=5), whole)


def test_auto_writes_once_its_time_has_come(tmp_path, monkeypatch):
    monkeypatch.setattr("pytwolayer.checkpoints.folder._SECONDS", 0.0)
    monkeypatch.setattr("pytwolayer.checkpoints.folder._COST", 0)
    break_off(lambda **more: fit(tmp_path, checkpoint_every="auto", **more), 9)
    assert names_in(tmp_path) == checkpoint_names(6, 7, 8)


def test_the_newest_three_are_kept_and_the_files_of_others(tmp_path):
    others = ["epoch-1.safetensors", "epoch-00000001.txt", "notes.txt", ".hidden", "e.safetensors"]
    for name in others:
        (tmp_path / name).write_text("mine")
    fit(tmp_path)
    assert names_in(tmp_path) == sorted([*others, *checkpoint_names(10, 11, 12)])
    assert {(tmp_path / name).read_text() for name in others} == {"mine"}


def test_what_a_killed_run_left_half_written_goes(tmp_path):
    (tmp_path / ".epoch-folder-1").mkdir()
    theirs = [".epoch-mine", ".pytwolayer-ab123456"]  # the latter one that another writes now
    for name in (".epoch-ab123456", *theirs):
        (tmp_path / name).write_text("half")
    break_off(lambda **more: fit(tmp_path, **more), 5)
    assert names_in(tmp_path) == [".epoch-folder-1", *theirs, *checkpoint_names(2, 3, 4)]


@pytest.mark.parametrize("batch_size", [5, None])
def test_ctrl_c_within_an_epoch_ends_it_and_keeps_it(tmp_path, batch_size):
    calls = [*range(50)]

    def loss(output, y):
        calls.append(1)
        if len(calls) == 33:
            signal.raise_signal(signal.SIGINT)
        return (output - y) ** 2

    options = {"batch_size": batch_size, "epochs": 40, "loss": loss}
    whole = fit(**options)
    calls.clear()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.warns(InterruptWarning):
            part = fit(tmp_path, **options, checkpoint_every="auto")
    finally:
        signal.signal(signal.SIGINT, before)
    assert names_in(tmp_path) == checkpoint_names(len(part.history))
    again = fit(tmp_path, **options)
    assert_same_bits(again, whole)


def test_a_loss_that_wants_all_rows_or_draws_numbers_is_the_same_with_checkpoints(tmp_path):
    def loss(output, y):
        return torch.rand(len(FRAME), 1) * (output - y) ** 2

    def run(folder=None):
        torch.manual_seed(3)
        return fit(folder, batch_size=None, loss=loss)

    assert_same_bits(run(tmp_path), run())


def test_a_loss_that_cannot_be_copied_is_kept_by_its_name(tmp_path):
    class Locked:
        def __init__(self):
            self.lock = threading.Lock()

        def __call__(self, output, y):
            return (output - y) ** 2

    kept = fit(tmp_path / "run", loss=Locked())
    kept.save(tmp_path / "m.safetensors")
    assert load(tmp_path / "m.safetensors").settings.loss_name == "Locked"


def test_nothing_of_a_run_waits_for_the_garbage_collector(tmp_path):
    gc.collect()
    gc.disable()
    try:
        fit(tmp_path)
        fit(tmp_path)
        assert not [one for one in gc.get_objects() if type(one) is PreparedFit]
    finally:
        gc.enable()


def test_a_child_that_outlives_the_run_does_not_keep_the_folder(tmp_path):
    children = []

    def fork(epoch, loss):
        if epoch == 1:
            children.append(os.fork())
            if children[-1] == 0:
                time.sleep(60)
                os._exit(0)

    try:
        fit(tmp_path, on_epoch=fork)
        with pytest.warns(ResumedWarning):
            fit(tmp_path)
    finally:
        os.kill(children[0], signal.SIGKILL)
        os.waitpid(children[0], 0)


def test_a_link_in_the_folder_is_not_written_through(tmp_path):
    (tmp_path / "precious.txt").write_text("mine")

    def link(epoch, loss):
        if epoch == 2:
            (tmp_path / checkpoint_names(3)[0]).symlink_to(tmp_path / "precious.txt")

    fit(tmp_path, epochs=3, on_epoch=link)
    assert (tmp_path / "precious.txt").read_text() == "mine"


def test_a_checkpoint_of_a_newer_version_is_an_error(tmp_path):
    fit(tmp_path)
    newest = tmp_path / checkpoint_names(12)[0]
    newest.write_bytes(with_metadata(newest.read_bytes(), lambda text: text | {"format": 3}))
    with pytest.raises(FileFormatError, match="install a newer pytwolayer"):
        fit(tmp_path)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"patience": 2, "learning_rate": 1.0},
        {"validation": 0.3, "learning_rate": 0.3},
        {"on_epoch": lambda epoch, loss: epoch < 7},
    ],
    ids=str,
)
def test_the_fit_of_a_run_that_has_ended_comes_back_at_once(tmp_path, options):
    whole = fit(tmp_path, **options)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    tells = rf"^This is the fit of a run that ended after epoch {len(whole.history)} of 12"
    with pytest.warns(ResumedWarning, match=tells):
        again = fit(tmp_path, **options | {"on_epoch": lambda *told: pytest.fail("trained")})
    assert_same_bits(again, whole)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_ctrl_c_and_the_same_call_goes_on(tmp_path):
    def press(epoch, loss):
        if epoch == 5:
            signal.raise_signal(signal.SIGINT)

    options = {"batch_size": 5, "dropout": 0.2}
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background
    try:
        with pytest.warns(InterruptWarning, match="Interrupted after 5 of 12"):
            part = fit(tmp_path, **options, checkpoint_every="auto", on_epoch=press)
    finally:
        signal.signal(signal.SIGINT, before)
    assert part.stopped == "interrupt"
    assert names_in(tmp_path) == checkpoint_names(5)
    seen = []
    again = fit(tmp_path, **options, on_epoch=lambda epoch, loss: seen.append(epoch))
    assert seen == list(range(6, 13))
    assert_same_bits(again, fit(**options))


def test_a_run_that_diverges_does_so_again(tmp_path):
    options = {"optimizer": "sgd", "learning_rate": 30.0, "epochs": 90, "weight_decay": 0.0}
    with pytest.raises(DivergenceError) as unbroken:
        fit(**options)
    assert unbroken.value.epoch > 3
    break_off(lambda **more: fit(tmp_path, **options, **more), unbroken.value.epoch - 1)
    for _ in range(2):
        with pytest.raises(DivergenceError) as again:
            fit(tmp_path, **options)
        assert_same_bits(again.value.fit, unbroken.value.fit)
    newest = names_in(tmp_path)[-1:]
    assert newest == checkpoint_names(unbroken.value.epoch - 1)


def test_without_a_seed_it_is_that_of_the_run(tmp_path):
    def run(**options):
        return two_layer(FRAME, Y, hidden_units=3, epochs=9, checkpoint=tmp_path, **options)

    break_off(lambda **more: run(checkpoint_every=1, **more), 5)
    again = run()
    seed = again.settings.seed
    assert_same_bits(again, two_layer(FRAME, Y, hidden_units=3, epochs=9, seed=seed))
    assert_same_bits(run(seed=seed), again)
    with pytest.raises(ArgumentError, match=rf"differs in `seed` \({seed}, now {seed + 1}\)"):
        run(seed=seed + 1)


# Damage


def test_a_damaged_newest_one_is_passed_over(tmp_path):
    break_off(lambda **more: fit(tmp_path, **more), 8)
    newest = tmp_path / checkpoint_names(7)[0]
    newest.write_bytes(newest.read_bytes()[:-1])
    seen = []
    with pytest.warns(CheckpointWarning, match="7.safetensors.* cannot be read: .* is skipped"):
        again = fit(tmp_path, on_epoch=lambda epoch, loss: seen.append(epoch))
    assert seen == list(range(7, 13))
    assert_same_bits(again, fit())


@pytest.mark.filterwarnings("ignore::pytwolayer.errors.CheckpointWarning")
def test_damaged_ones_alone_are_an_error_and_stay(tmp_path):
    (tmp_path / checkpoint_names(3)[0]).write_text("junk")
    (tmp_path / checkpoint_names(4)[0]).mkdir()
    with pytest.raises(ArgumentError, match="whose checkpoints are all damaged"):
        fit(tmp_path)
    assert names_in(tmp_path) == checkpoint_names(3, 4)


# Where looking at the losses makes a device wait


def test_on_a_gpu_the_losses_are_looked_at_when_a_checkpoint_is_due(monkeypatch):
    monkeypatch.setattr("pytwolayer.training.supervisor.reading_interval", lambda *sizes: 64)

    class Keeper:
        kept = ()

        def is_due(self, epoch):
            return epoch % 10 == 0

        def save(self, epoch, state):
            self.kept += ((epoch, len(state["losses"])),)

    def run(keeper=None):
        values, done = torch.zeros(1), []
        schedule = Schedule("constant", 1.0, 70)
        weights = KeptWeights(values)
        supervisor = Supervisor(weights, 70, None, schedule, Interrupt(), checkpoints=keeper)
        for epoch in range(70):
            done.append(1.0)
            values.fill_(epoch + 1)
            supervisor.end_epoch(epoch, lambda: list(done))
        (run,) = supervisor.finish(done)
        return run

    keeper = Keeper()
    assert run(keeper).losses == run().losses
    looks = [10, 20, 30, 40, 50, 60, 70]
    assert keeper.kept == tuple((epoch, epoch) for epoch in looks)


# Of an earlier version


def test_a_run_of_an_earlier_version_goes_on_and_ends_as_it_did_there(tmp_path):
    shutil.copytree(OLD / "checkpoint", tmp_path / "run")
    data = pd.read_csv(OLD / "data.csv", dtype={"level": "category"})
    x = data[["a", "flag", "level"]]
    options = {"hidden_units": 3, "epochs": 4, "batch_size": 8, "seed": 7, "verbose": False}
    options |= {"checkpoint": tmp_path / "run", "checkpoint_every": 2}
    with pytest.raises(ArgumentError, match='differs in `encoding` \\("linear", now "piecewise"'):
        two_layer(x, data["y"].to_numpy(), encoding="piecewise", **options)
    with pytest.warns(ResumedWarning, match="after epoch 2 of 4"):
        run = two_layer(x, data["y"].to_numpy(), **options)
    expected = pd.read_csv(OLD / "predictions.csv")["run"]
    np.testing.assert_allclose(run.predict(x), expected, rtol=1e-5)
    assert run.settings.encoding == "linear"
    assert names_in(tmp_path / "run") == checkpoint_names(2, 4)


def padded(vector, parameters):
    """Give a vector of parameters as format 1 has it: each begins at a multiple of 64 bytes."""
    parts = []
    for place, view in enumerate(parameters.split(vector)):
        part = (view.t() if place == 0 else view).reshape(-1)
        parts.append(torch.cat([part, part.new_zeros(-len(part) % 16)]))
    return torch.cat(parts)


def with_padded_vectors(tree, parameters):
    size = len(parameters.values)
    if isinstance(tree, dict):
        return {key: with_padded_vectors(part, parameters) for key, part in tree.items()}
    if isinstance(tree, list):
        return [with_padded_vectors(part, parameters) for part in tree]
    if not isinstance(tree, torch.Tensor) or tree.shape[-1:] != (size,):
        return tree
    rows = [padded(row, parameters) for row in tree.reshape(-1, size)]
    return torch.stack(rows).view(*tree.shape[:-1], -1) if rows else tree


@pytest.mark.parametrize("options", RUNS.values(), ids=RUNS)
def test_a_run_whose_checkpoint_has_padded_vectors_goes_on_with_the_same_bits(
    tmp_path, monkeypatch, options
):
    unbroken, known = fit(**options), []

    def put_on(self, *where):
        own(self, *where)
        known.append(self.parameters)

    def old_bytes(epoch, facts, state):
        data = checkpoint_bytes(epoch, facts, with_padded_vectors(state, known[-1]))
        return with_metadata(data, lambda metadata: metadata | {"format": 1})

    own = PreparedFit._put_on
    with monkeypatch.context() as patched:
        patched.setattr(PreparedFit, "_put_on", put_on)
        patched.setattr("pytwolayer.checkpoints.folder.checkpoint_bytes", old_bytes)
        break_off(lambda **more: fit(tmp_path, **options, **more), 6)
    with pytest.warns(ResumedWarning, match=r"^Continuing after epoch 5 of \d+, from the checkp"):
        again = fit(tmp_path, **options)
    assert_same_bits(again, unbroken, options.get("x", FRAME))


def as_of_an_earlier_version(metadata):
    settings = metadata["facts"]["settings"]
    del metadata["facts"]["tuning"], settings["encoding"], settings["pieces"]
    return metadata


def test_a_run_of_an_earlier_version_that_would_now_be_tuned_goes_on_with_its_weight_decay(
    tmp_path,
):
    x = np.random.default_rng(1).normal(size=(40, 2))
    y = x[:, 0] ** 2  # what was taken without a search is not the best
    options = {"hidden_units": 2, "epochs": 500, "batch_size": None, "seed": 1, "verbose": False}
    options |= {"checkpoint": tmp_path, "checkpoint_every": 250}
    whole = two_layer(x, y, weight_decay=3 / 40, **options)
    (tmp_path / checkpoint_names(500)[0]).unlink()
    (file,) = tmp_path.iterdir()
    file.write_bytes(with_metadata(file.read_bytes(), as_of_an_earlier_version))
    with pytest.raises(
        ArgumentError, match=r"differs in `(learning_rate|weight_decay|encoding)` \("
    ):
        two_layer(x, y, **options)
    with pytest.warns(ResumedWarning, match="after epoch 250 of 500"):
        assert_same_bits(two_layer(x, y, weight_decay=3 / 40, **options), whole, x)

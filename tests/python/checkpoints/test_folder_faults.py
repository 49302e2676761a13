"""Runs that are killed, and disks that fill up or go: for real."""

import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from checkpoint_samples import assert_same_bits, checkpoint_names, fit, names_in

from pytwolayer.errors import CheckpointWarning, ResumedWarning

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="as Linux does it")

# Attempts are forked from one process that has loaded all, so that each costs little;
# `attempt()` tells whether the run came to its end.
KILLED = """
import os, random, shutil, signal, sys, time, warnings
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from checkpoint_samples import assert_same_bits, fit
from pytwolayer import continue_training, load
from pytwolayer.errors import CheckpointWarning
from pytwolayer.runtime.torch_loading import torch

torch.set_num_threads(1)
warnings.simplefilter("ignore")
warnings.simplefilter("error", CheckpointWarning)
folder, result = Path(sys.argv[1]) / "run", Path(sys.argv[1]) / "fit"

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

def attempt(run, delay=None, prepare=lambda: None):
    ready, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            prepare()
            told_once = []
            def on_epoch(epoch, loss):
                if not told_once:
                    told_once.append(os.write(told, b"."))
            run(on_epoch=on_epoch, checkpoint=folder, checkpoint_every=1).save(result)
            os._exit(0)
        except BaseException as problem:
            print(repr(problem), flush=True)
            os._exit(1)
    os.close(told)
    if delay is not None:
        os.read(ready, 1)  # training has begun, or all is over
        time.sleep(delay)
        os.kill(pid, signal.SIGKILL)
    os.close(ready)
    status = os.waitpid(pid, 0)[1]
    assert status in (0, signal.SIGKILL), status
    return status == 0
"""


@on_linux
def test_runs_killed_at_random_moments_end_with_the_same_bits(loaded_python, tmp_path):
    done = loaded_python(
        KILLED
        + """
def killed(run):
    unbroken, kills = run(), 0
    while not attempt(run, draw.uniform(0, 0.01) * (1 + kills / 4)):  # so that it ends
        kills += 1
    assert_same_bits(load(result), unbroken)
    assert kills > 1, kills
    shutil.rmtree(folder)

draw = random.Random(sys.argv[1])
options = {"batch_size": 5, "dropout": 0.3, "validation": 0.25, "epochs": 90}
killed(lambda **more: fit(**options, **more))
lbfgs = {"optimizer": "lbfgs", "patience": 90, "weight_decay": 1.0, "epochs": 90}
killed(lambda **more: fit(**lbfgs, **more))
begun = fit(**options)
killed(lambda **more: continue_training(begun, epochs=90, **more))
print("fine")
""",
        str(tmp_path),
        str(Path(__file__).parents[1]),
    )
    assert done.stdout == "fine\n", done.stdout + done.stderr


@on_linux
def test_a_run_killed_in_the_midst_of_writing_ends_with_the_same_bits(loaded_python, tmp_path):
    done = loaded_python(
        KILLED
        + """
import pytwolayer.files.atomic_write as output

def nth(number, function):
    calls = []
    def call(*args, **kwargs):
        calls.append(1)
        return (die if len(calls) == number else function)(*args, **kwargs)
    return call

def half(self, data):
    with self.open("wb") as file:
        file.write(data[:len(data) // 2])
    die()

def put(owner, name, new):
    return lambda: setattr(owner, name, new)

def run(**more):
    return fit(batch_size=5, **more)

left, unbroken = 0, run()
moments = [
    put(Path, "write_bytes", half),
    put(os, "fsync", nth(1, os.fsync)),
    put(os, "fsync", nth(3, os.fsync)),
    put(Path, "replace", nth(2, Path.replace)),
    put(Path, "unlink", nth(3, Path.unlink)),
    put(os, "fsync", nth(4, os.fsync)),
]
for moment in moments:
    assert not attempt(run, prepare=moment)
    left += len(list(folder.glob(".epoch-*")))
assert left >= 5, left
assert attempt(run)
assert_same_bits(load(result), unbroken)
assert len(list(folder.iterdir())) == 3, list(folder.iterdir())
print("fine")
""",
        str(tmp_path),
        str(Path(__file__).parents[1]),
    )
    assert done.stdout == "fine\n", done.stdout + done.stderr


@pytest.fixture
def small_disk(tmp_path):
    """A disk with room for three checkpoints and a bit."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=28k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@on_linux
@pytest.mark.filterwarnings("ignore::pytwolayer.errors.ResumedWarning")
def test_a_full_disk_gives_one_warning_and_the_right_fit(small_disk):
    with pytest.warns(
        CheckpointWarning, match="could not be written; training continues: .*No space"
    ) as told:
        again = fit(small_disk)
    assert len(told) == 1
    assert_same_bits(again, fit())
    kept = names_in(small_disk)
    assert 1 <= len(kept) < 4
    assert set(kept) < set(checkpoint_names(*range(1, 13)))
    with pytest.warns(ResumedWarning, match="Continuing after"), pytest.warns(CheckpointWarning):
        later = fit(small_disk)
    assert_same_bits(later, fit())


def test_a_folder_that_goes_gives_one_warning_and_the_right_fit(tmp_path):
    def on_epoch(epoch, loss):
        if epoch == 5:
            shutil.rmtree(tmp_path / "run")

    with pytest.warns(CheckpointWarning, match="could not be written; training continues") as told:
        again = fit(tmp_path / "run", on_epoch=on_epoch)
    assert len(told) == 1
    assert_same_bits(again, fit())
    assert names_in(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="there are no such permissions")
def test_a_folder_that_cannot_be_written_to_is_an_error_before_training(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir(mode=0o500)
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    with pytest.raises(ValueError, match="`checkpoint` must be a folder to write to, not"):
        fit(folder, on_epoch=lambda *told: pytest.fail("trained"))


@on_linux
@pytest.mark.parametrize("folder", ["/proc/self", "/proc/self/new", "/dev/null/new"])
def test_a_place_that_holds_no_files_is_an_error_before_training(folder):
    with pytest.raises(ValueError, match=r"`checkpoint` must be (the path of )?a folder"):
        fit(folder, on_epoch=lambda *told: pytest.fail("trained"))


@on_linux
def test_memory_that_lacks_for_a_checkpoint_ends_no_run(loaded_python, tmp_path):
    done = loaded_python(
        """
import resource, sys, warnings
from pathlib import Path
import numpy as np
from pytwolayer import two_layer

x = np.random.default_rng(1).normal(size=(4, 3))

def fill(epoch, loss):
    if epoch == 4:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + 2_000_000
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    fit = two_layer(
        x, 2 * x[:, 0], hidden_units=400_000, epochs=7, seed=1, on_epoch=fill,
        checkpoint=sys.argv[1], checkpoint_every=1,
    )
print(len(fit.history), *(warning.category.__name__ for warning in caught))
""",
        str(tmp_path),
    )
    assert done.stdout == "7 CheckpointWarning\n", done.stderr
    assert names_in(tmp_path) == checkpoint_names(1, 2, 3)


def test_a_warning_that_is_an_error_ends_the_run(tmp_path):
    def on_epoch(epoch, loss):
        if epoch == 5:
            shutil.rmtree(tmp_path / "run")

    with warnings.catch_warnings():
        warnings.simplefilter("error", CheckpointWarning)
        with pytest.raises(CheckpointWarning):
            fit(tmp_path / "run", on_epoch=on_epoch)

"""Several processes with a GPU each: the bits of one, and its errors.

The way there is tried with stand-ins, see ``gpus_stand_in``; what only GPUs can show waits for a
machine that has two.
"""

import json
import os
import signal

import numpy as np
import pandas as pd
import pytest
import torch
from launched import START, launch, launch_loaded, run_torchrun
from launched_samples import CASES, config, digest, rows
from worker_losses import Dies, Raises

from pytwolayer import DeviceError, WorkerError, load, two_layer
from pytwolayer.errors import InterruptWarning, PytwolayerWarning, ResumedWarning
from pytwolayer.launching.job_file import Job

DRAW = np.random.default_rng(11)
X = pd.DataFrame(DRAW.normal(size=(157, 3)), columns=list("abc"))
MIXED = X.assign(text=DRAW.choice(list("uvw"), 157))
LEVELS = X.assign(text=[f"level {number}" for number in DRAW.integers(0, 300, 157)])
Y = X["a"].to_numpy() - np.abs(X["b"].to_numpy())
USUAL = {
    "epochs": 4, "batch_size": 32, "hidden_units": 6, "seed": 1, "weight_decay": 0.1, "shards": 2,
    "verbose": False,
}  # fmt: skip


def fit(x=X, y=Y, **more):
    return two_layer(x, y, **USUAL | more)


def same_bits(one, other, x=X):
    assert one.history.equals(other.history)
    assert one.best_epoch == other.best_epoch
    assert one.stopped == other.stopped
    assert one.predict(x).tolist() == other.predict(x).tolist()
    return True


# With stand-ins

STAND_INS = """
import signal, threading, time
from gpus_stand_in import Done, use_gpus

use_gpus(2)

def failure(**more):
    try:
        train_worker(config(**{"device": "cuda", **more}))
    except Exception as problem:
        return type(problem).__name__, str(problem)

for name in ("plain", "held out", "loss of the user's", "all at once"):
    fit = train_worker(config(device="cuda", **CASES[name]))
    tell(name, fit and digest(fit))
tell("loss of one", failure(loss=failing if rank == 1 else absolute))
tell("third", failure(device="cuda:1"))
def press():  # once this fit exchanges
    before = Done.recorded
    while Done.recorded <= before + 100:
        time.sleep(0.05)
    signal.raise_signal(signal.SIGINT)

Done.recorded = 0
if rank == 1:
    threading.Thread(target=press, daemon=True).start()
fit = train_worker(config(device="cuda", epochs=10**6, schedule="constant"))
tell("interrupted", fit and (fit.stopped, len(fit.history) > 0))
tell("queued", Done.recorded > 100)
use_gpus(2, seen_alone=True)
fit = train_worker(config(device="auto"))
tell("seen alone", fit and digest(fit))
use_gpus(1)
tell("too few", failure())
"""


@pytest.mark.filterwarnings("ignore::pytwolayer.errors.PytwolayerWarning")
def test_rows_vectors_and_state_go_their_way_without_changing_a_bit(tmp_path):
    told = launch_loaded(tmp_path, STAND_INS, 2)
    for name in ("plain", "held out", "loss of the user's", "all at once"):
        assert told[name] == digest(two_layer(**config(**CASES[name])))
    assert told["loss of one"] == ["ZeroDivisionError", "a function of the user's"]
    assert told["interrupted"] == ["interrupt", True]
    assert told["queued"]
    assert told["seen alone"] == told["plain"]
    kind, text = told["too few"]
    assert (kind, text.split(" on ")[0]) == ("WorkerError", "Worker 1")
    assert "has no GPU of its own: worker 0 has the only one that it sees" in text
    assert told["third"][0] == "DeviceError"
    assert '`device` must be "cpu", "cuda" (a GPU for each) or "auto"' in told["third"][1]


@pytest.mark.parametrize("more", [{"validation": 0.2}, {"x": LEVELS, "batch_size": None}])
def test_workers_on_this_machine_do_so_too(more, monkeypatch):
    alone = fit(**more)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr("pytwolayer.fitting.train_in_workers._MODULE", "gpu_worker")
    with pytest.warns(PytwolayerWarning, match="^[1-9][0-9]* exchanges"):
        both = fit(device="cuda", workers=2, **more)
    assert both.device == "cuda"
    assert same_bits(both, alone, more.get("x", X))


# On GPUs

with_two_gpus = pytest.mark.skipif(
    torch.cuda.device_count() < 2, reason="there are fewer than two CUDA GPUs here"
)
KINDS = {
    "usual": {},
    "validation": {"validation": 0.2, "patience": 2},
    "dropout": {"dropout": 0.3},
    "classes": {"x": MIXED, "y": np.where(Y > 0.3, "high", "low"), "validation": 0.2},
    "many classes": {"y": np.digitize(Y, [-1, 0, 1]).astype(str), "batch_size": None},
    "weights": {"sample_weight": np.arange(157) % 5 + 0.5},
    "lbfgs": {"optimizer": "lbfgs", "batch_size": None},
    "all rows at once": {"batch_size": None},
    "clipped": {"optimizer": "sgd", "momentum": 0.9, "gradient_clip": 0.1},
    "plateau": {"optimizer": "adamw", "schedule": "plateau"},
    "normal": {"loss": "normal", "validation": 0.2},
    "many levels": {"x": LEVELS},
    "own loss": {"loss": Dies(9, 10**9, None)},
    "two outcomes": {"y": np.column_stack([Y, Y**2])},
    "small batches": {"batch_size": 5},
    "searched": {"weight_decay": "auto", "epochs": 150},
    "long": {"epochs": 300},
}


@with_two_gpus
@pytest.mark.filterwarnings("ignore::pytwolayer.errors.PytwolayerWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_two_gpus_give_the_bits_of_one(kind):
    one, two = (fit(device="cuda", workers=workers, **KINDS[kind]) for workers in (1, 2))
    assert one.device == two.device == "cuda"
    assert same_bits(two, one, KINDS[kind].get("x", X))


@with_two_gpus
def test_they_come_to_what_the_cpu_comes_to():
    there, here = fit(device="cuda", workers=2, validation=0.2), fit(validation=0.2)
    np.testing.assert_allclose(there.history, here.history, rtol=2e-3, atol=2e-3)


@with_two_gpus
def test_large_vectors_are_exchanged_whole():
    x = DRAW.normal(size=(2_000, 200)).astype(np.float32)
    how = {"hidden_units": 2_048, "batch_size": 512, "epochs": 2, "device": "cuda"}
    one, two = (fit(x, x[:, 0], workers=workers, **how) for workers in (1, 2))
    assert same_bits(two, one, x)


LAUNCHED = """
for name in CASES:
    fit = train_worker(config(device="cuda", **CASES[name]))
    tell(name, fit and digest(fit))
fit = train_worker(config(device="auto", x="rows.parquet"))
tell("file", fit and digest(fit))
"""


@with_two_gpus
def test_launched_processes_give_the_bits_of_one_gpu(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows().to_parquet("rows.parquet")
    alone = {name: digest(two_layer(**config(device="cuda", **CASES[name]))) for name in CASES}
    alone["file"] = digest(two_layer(**config(device="cuda", x="rows.parquet")))
    assert launch(tmp_path, LAUNCHED, 2) == alone


@with_two_gpus
def test_the_command_does_too(tmp_path):
    rows().to_csv(data := tmp_path / "rows.csv", index=False)
    words = "--outcome y --shards 2 --seed 1 --epochs 3 --weight-decay 0.1 --device cuda --quiet"
    saved = []
    for size in (1, 2):
        saved.append(tmp_path / f"fit-{size}")
        options = [*words.split(), "--save", str(saved[-1])]
        done = run_torchrun(size, "-m", "pytwolayer", "fit", str(data), *options)
        assert done.returncode == 0, done.stderr
    one, two = map(load, saved)
    assert same_bits(two, one, rows())


@with_two_gpus
def test_a_worker_that_is_killed_costs_no_bit(tmp_path):
    mark = tmp_path / "mark"
    undisturbed = fit(loss=Dies(9, 0, mark), device="cuda")
    how = {"checkpoint": tmp_path / "folder", "checkpoint_every": 1}
    with pytest.warns(ResumedWarning, match="Worker 1 has died"):
        killed = fit(loss=Dies(1, 12, mark), workers=2, device="cuda", **how)
    assert mark.exists()
    assert same_bits(killed, undisturbed)


@with_two_gpus
def test_a_worker_that_is_killed_too_often_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(Job.__init__, "__defaults__", (0, 300.0, 600.0))
    with pytest.raises(WorkerError, match=r"Worker 1 on .* was killed by SIGKILL"):
        fit(loss=Dies(1, 12, tmp_path / "mark"), workers=2, device="cuda")


@with_two_gpus
def test_what_a_loss_function_raises_comes_out_as_itself():
    with pytest.raises(ZeroDivisionError, match="of the loss function"):
        fit(loss=Raises(1), workers=2, device="cuda")


@with_two_gpus
def test_ctrl_c_brings_the_fit_so_far_and_the_cpu_goes_on(tmp_path):
    def press(epoch, loss):
        if epoch == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.warns(InterruptWarning, match="2 of 4 epochs"):
        part = fit(workers=2, device="cuda", checkpoint=tmp_path, on_epoch=press)
    assert part.stopped == "interrupt"
    with pytest.warns(ResumedWarning):
        whole = fit(checkpoint=tmp_path)
    np.testing.assert_allclose(whole.history, fit().history, rtol=2e-3, atol=2e-3)


FAULTS = """
import threading, time, torch

class Hangs:
    __name__ = "hangs"
    calls = 0
    def __call__(self, output, y):
        Hangs.calls += 1
        if rank == 1 and Hangs.calls > 20:
            time.sleep(10**6)
        return (output - y) ** 2

def broken(output, y):
    row = output.new_tensor(10**6 if rank == 1 else 0).long()
    return (output - y).square()[row.expand(len(y))]

def failure(**more):
    try:
        train_worker(config(device="cuda", **more))
    except Exception as problem:
        return type(problem).__name__, str(problem)

fault = os.environ["FAULT"]
if fault == "raises":
    tell("loss of one", failure(loss=failing if rank == 1 else absolute))
    fit = train_worker(config(device="cuda"))
    tell("next", fit and digest(fit))
if fault == "hangs":
    tell("hangs", failure(loss=Hangs(), epochs=1000))
    os._exit(1)  # so that torchrun ends the other one
if fault == "breaks":
    tell("breaks", failure(loss=broken, epochs=1000))
    os._exit(1)
"""


def launch_fault(folder, fault, **more):
    script, told = folder / "script.py", folder / "told-2"
    script.write_text(START + FAULTS, encoding="utf-8")
    done = run_torchrun(2, str(script), str(told), FAULT=fault, **more)
    assert told.exists(), done.stderr
    return dict(map(json.loads, told.read_text(encoding="utf-8").splitlines()))


@with_two_gpus
def test_what_fails_on_one_of_them_is_told_and_the_next_fit_goes_well(tmp_path):
    told = launch_fault(tmp_path, "raises")
    assert told["loss of one"] == ["ZeroDivisionError", "a function of the user's"]
    assert told["next"] == digest(two_layer(**config(device="cuda")))


@with_two_gpus
def test_one_that_hangs_is_named(tmp_path):
    kind, text = launch_fault(tmp_path, "hangs", PYTWOLAYER_WORKER_SILENCE="20")["hangs"]
    assert (kind, text.split(" on ")[0]) == ("WorkerError", "Worker 1")
    assert "for 20 seconds" in text


@with_two_gpus
def test_a_gpu_that_fails_is_told(tmp_path):
    kind, text = launch_fault(tmp_path, "breaks")["breaks"]
    assert "assert" in text or (kind, text.split(" on ")[0]) == ("WorkerError", "Worker 1")


COUNTED = """
import numpy as np
from pytwolayer import two_layer
from pytwolayer.runtime.torch_loading import torch

x = np.random.default_rng(0).normal(size=(40, 3))
how = dict(shards=2, workers=2, epochs=3, weight_decay=0.1, batch_size=8, seed=1, verbose=False)
print(two_layer(x, 2 * x[:, 0], device="auto", **how).device, torch.cuda.is_initialized())
"""


@with_two_gpus
def test_the_caller_counts_gpus_and_uses_none(fresh_python):
    done = fresh_python(COUNTED)
    assert done.stdout.split() == ["cuda", "False"], done.stderr


@with_two_gpus
def test_more_workers_than_gpus_are_refused_or_on_the_cpu():
    workers = torch.cuda.device_count() + 1
    how = {"workers": workers, "shards": workers, "epochs": 1}
    with pytest.raises(DeviceError, match=f"`workers` at most {workers - 1}"):
        fit(device="cuda", **how)
    assert fit(device="auto", **how).device == "cpu"

"""Forked children of a process in which PyTorch has computed with several threads."""

import os

import pytest

from pytwolayer import DeviceError, available_devices, select_device
from pytwolayer.runtime.torch_loading import torch

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")

# `in_a_child()` prints what a task gives in a forked child, or that it hung.
FORKING = """
import ctypes, os, pickle, signal, sys, time
import numpy as np
from pytwolayer import TwoLayerRegressor, chapter_losses, two_layer
from pytwolayer.runtime import threads
from pytwolayer.runtime.torch_loading import torch

def wait(child, seconds=300):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hung"

def in_a_child(name, task, fork=os.fork):
    child = fork()
    if not child:
        status = 1
        try:
            value = task()
            print(name, np.allclose(value, EXPECTED[name], rtol=1e-5), flush=True)
            status = 0
        finally:
            os._exit(status)
    print(name, wait(child), flush=True)

threads._SMALL = 1_000_000  # so that fits of these rows have several threads
X = np.random.default_rng(0).normal(size=(20_000, 20))
large = dict(hidden_units=64, epochs=2, batch_size=None, seed=1)
small = two_layer(X[:50], X[:50, 0], hidden_units=8, epochs=2, seed=1)
TASKS = {
    "large fit": lambda: two_layer(X, X[:, 0], **large).history["loss"],
    "loss of one's own": lambda: two_layer(
        X, X[:, 0], loss=lambda output, y: (output - y) ** 2, **large).history["loss"],
    "lbfgs": lambda: two_layer(X, X[:, 0], optimizer="lbfgs", **large).history["loss"],
    "small fit": lambda: two_layer(X[:50], X[:50, 0], epochs=2, seed=1).history["loss"],
    "prediction": lambda: small.predict(X),
    "chapter": lambda: chapter_losses(steps=3)["loss"],
    "estimator": lambda: TwoLayerRegressor(hidden_units=8, epochs=2, random_state=1)
        .fit(X, X[:, 0]).predict(X),
    "wide network": lambda: two_layer(
        X[:50], X[:50, 0], hidden_units=20_000, epochs=1, seed=1).history["loss"],
}
torch.set_num_threads(2)
EXPECTED = {name: task() for name, task in TASKS.items()}
EXPECTED["fork of C"] = EXPECTED["in a grandchild"] = EXPECTED["large fit"]
"""


def answers(done):
    assert done.returncode == 0, done.stderr
    return sorted(done.stdout.splitlines())


def test_pytorch_itself_hangs_there(fresh_python):
    """Were it not so, all the others would test nothing."""
    code = FORKING + (
        "EXPECTED['sum'] = 0\n"
        "wait_for, wait = wait, lambda child: wait_for(child, 5)\n"
        "in_a_child('sum', lambda: (torch.zeros(2000, 2000) @ torch.zeros(2000, 2000)).sum())"
    )
    (answer,) = answers(fresh_python(code))
    if answer != "sum hung":
        pytest.skip("with this OpenMP a forked child can compute with several threads")


def test_all_that_computes_works_in_a_forked_child_with_the_right_numbers(fresh_python):
    done = fresh_python(FORKING + "for name, task in TASKS.items(): in_a_child(name, task)\n")
    names = ["large fit", "loss of one's own", "lbfgs", "small fit", "prediction", "chapter"]
    names += ["estimator", "wide network"]
    assert answers(done) == sorted([f"{name} {how}" for name in names for how in ("True", 0)])


def test_a_fork_that_python_does_not_see_and_a_child_of_a_child_work_too(fresh_python):
    done = fresh_python(
        FORKING
        + """
fit = TASKS["large fit"]
in_a_child("fork of C", fit, fork=ctypes.PyDLL(None).fork)
def grandchild():
    fit()
    in_a_child("in a grandchild", fit)
    return EXPECTED["fork of C"]
in_a_child("fork of C", grandchild)
print(torch.get_num_threads())
"""
    )
    expected = ["fork of C True", "fork of C 0"] * 2 + [
        "2",
        "in a grandchild 0",
        "in a grandchild True",
    ]
    assert answers(done) == sorted(expected)


def test_a_child_can_be_given_threads_where_the_parent_had_only_one(fresh_python):
    code = """
import os
from pytwolayer.runtime.threads import reset_after_fork
from pytwolayer.runtime.torch_loading import torch
if not os.fork():
    reset_after_fork()
    torch.set_num_threads(2)
    reset_after_fork()
    print(torch.get_num_threads(), flush=True)
    os._exit(0)
os.wait()
"""
    assert answers(fresh_python(code)) == ["2"]


def test_a_fork_while_another_thread_fits_works_whatever_lock_the_thread_holds(fresh_python):
    """In the child nobody would release it."""
    code = (
        FORKING
        + """
import threading
import pytwolayer

def is_ours(code):
    return code.co_filename.startswith(os.path.dirname(pytwolayer.__file__))

def may_be_locked(function, caller):
    by_others = is_ours(function) and not is_ours(caller)
    return by_others or is_ours(caller) and any("lock" in name for name in caller.co_names)

called, forked, seen, fits = threading.Event(), threading.Event(), set(), True

def wait_for_a_fork(frame, event, argument):
    if event == "call" and frame.f_code not in seen and frame.f_back:
        seen.add(frame.f_code)
        if may_be_locked(frame.f_code, frame.f_back.f_code):
            called.set()
            forked.wait()
            forked.clear()

def fit():
    global fits
    sys.setprofile(wait_for_a_fork)
    for name in ("small fit", "estimator", "prediction", "lbfgs", "chapter"): TASKS[name]()
    sys.setprofile(None)
    fits = False
    called.set()

threading.Thread(target=fit).start()
while called.wait() and fits:
    called.clear()
    in_a_child("small fit", TASKS["small fit"])
    forked.set()
"""
    )
    found = answers(fresh_python(code))
    forks = len(found) // 2
    assert forks > 15
    assert found == ["small fit 0"] * forks + ["small fit True"] * forks


# GPUs, simulated: a process forked from one that had used a GPU can use none.


@pytest.mark.parametrize(("kind", "name"), [("cuda", "cuda:1"), ("mps", "mps")])
def test_a_gpu_that_the_parent_had_used_is_an_error_that_says_so(monkeypatch, kind, name):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert str(select_device(name)) == name
    monkeypatch.setattr(getattr(torch, kind), "_is_in_bad_fork", lambda: True)
    assert not any(device.startswith(kind) for device in available_devices())
    with pytest.raises(DeviceError, match="forked from one that had used it; a newly started"):
        select_device(name)
    assert select_device("cpu").type == "cpu"

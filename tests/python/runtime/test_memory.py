"""Memory that runs out: for real, in processes that may not have more; CUDA's is simulated."""

import gc
import sys
import weakref

import numpy as np
import pytest

from pytwolayer import DeviceMemoryError, two_layer
from pytwolayer.fitting.prepare import PreparedFit
from pytwolayer.runtime.memory import guard_memory, needed_bytes
from pytwolayer.runtime.torch_loading import torch

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="no limit of a process's memory")

# `limit()` leaves so many MiB; `attempt()` prints what a DeviceMemoryError has to say.
LIMITED = """
import pathlib, resource
import numpy as np
from pytwolayer import DeviceMemoryError, TwoLayerRegressor, chapter_losses, two_layer

def size():
    return int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()

def limit(mib):
    resource.setrlimit(resource.RLIMIT_AS, (size() + mib * 2**20, resource.RLIM_INFINITY))

def fit(rows=50, **options):
    usual = dict(hidden_units=4, epochs=2, seed=1, batch_size=None)
    return two_layer(X[:rows], X[:rows, 0], **usual | options)

def attempt(task):
    try:
        task()
    except DeviceMemoryError as problem:
        print(problem.device, problem.needed, problem, sep="|")
        return problem

X = np.random.default_rng(0).normal(size=(20_000, 20))
before = fit()
"""


def told(done):
    """What each attempt printed: device, bytes needed and message."""
    assert done.returncode == 0, done.stderr
    return [line.split("|") for line in done.stdout.splitlines()]


CASES = {
    "the network": (
        "fit(hidden_units=10_000_000)",
        10_000_000 * 20 * 4,
        "for 50 rows of 20 columns, 10000000 hidden units and batches of up to 50 rows. "
        "Use a smaller `batch_size` or fewer `hidden_units`.",
    ),
    "a step": (
        "fit(2000, hidden_units=60_000)",
        2000 * 60_000 * 4,
        "Use a smaller `batch_size` or fewer `hidden_units`.",
    ),
    "a wide table": (
        "two_layer(X.reshape(4, -1)[:, :50_000], X[:4, 0], epochs=1, hidden_units=2000)",
        50_000 * 2000 * 4,
        "Use fewer `hidden_units`.",
    ),
    "an estimator": (
        "TwoLayerRegressor(hidden_units=60_000, batch_size=2000).fit(X[:2000], X[:2000, 0])",
        2000 * 60_000 * 4,
        "2000 rows of 20 columns",
    ),
    "reading": (
        "two_layer(np.broadcast_to(X[0, :2], (60_000_000, 2)), np.broadcast_to(1.0, 60_000_000))",
        60_000_000 * 8,  # the outcome, as doubles one after the other
        "for reading the data. Use fewer rows or columns.",
    ),
    "prediction": (
        "before.predict(np.broadcast_to(X[0], (60_000_000, 20)))",
        60_000_000 * 8,
        "for predictions with 4 hidden units. Predict fewer rows at a time.",
    ),
    "the chapter": (
        "chapter_losses(n=1_000_000)",
        1_000_000 * 1000 * 4,
        "for n = 1000000, d_in = 1000, hidden_units = 100. Make these smaller.",
    ),
}


@on_linux
def test_what_needs_too_much_says_how_much_and_what_to_change_and_the_process_goes_on(
    loaded_python,
):
    tasks = "".join(f"attempt(lambda: {task})\n" for task, _, _ in CASES.values())
    done = loaded_python(
        LIMITED + "limit(400)\n" + tasks + "assert fit().history.equals(before.history)\n"
    )
    answers = told(done)
    assert len(answers) == len(CASES)
    for (_, expected, message), (device, needed, text) in zip(CASES.values(), answers, strict=True):
        assert device == "cpu"
        assert int(needed) == pytest.approx(expected, rel=0.01), text
        assert text.startswith("Out of memory on cpu: ")
        assert message in text


@on_linux
def test_a_run_that_memory_ends_leaves_its_fit_so_far(loaded_python):
    done = loaded_python(
        LIMITED
        + """
seen = []
def on_epoch(epoch, loss):
    seen.append(loss)
    if epoch == 3:
        limit(0)
        try:  # what is free already is used up but for pieces in which 1.6 MB have no room
            while True:
                ballast.append(np.ones(2**16))
        except MemoryError:
            del ballast[-2:]  # room for a step's small pieces

ballast = []
loss = lambda output, y: (output - y) ** 2 + output.new_zeros(400_000)[0]  # 1.6 MB
options = dict(epochs=9, on_epoch=on_epoch, schedule="constant", loss=loss)
problem = attempt(lambda: fit(20_000, **options))
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
fit_so_far = problem.fit
assert fit_so_far.history["loss"].tolist() == seen, fit_so_far.history
assert fit_so_far.predict(X).shape == (20_000,)
"""
    )
    ((_, needed, _),) = told(done)
    assert int(needed) == 20_000 * 20 * 4


@on_linux
def test_an_error_about_memory_holds_none(loaded_python):
    done = loaded_python(
        LIMITED
        + """
at_first = size()
limit(700)
problem = attempt(lambda: fit(2000, hidden_units=60_000))
assert size() - at_first < 100 * 2**20, size() - at_first
"""
    )
    assert len(told(done)) == 1


# Messages of allocators that are not here, as they write them.
MESSAGES = {
    "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 79.25 GiB "
    "of which 8.5 GiB is free.": 20 * 2**30,
    "MPS backend out of memory (MPS allocated: 8.00 GB, other allocations: 1.00 MB, max "
    "allowed: 9.07 GB). Tried to allocate 512.00 MB on private pool.": 512 * 2**20,
    "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: "
    "you tried to allocate 800000000 bytes. Error code 12": 800_000_000,
    "DefaultCPUAllocator: not enough memory: you tried to allocate 64 bytes.": 64,
    "HIP out of memory. Tried to allocate 1.50 KiB.": 1536,
    "CUDA error: out of memory": None,
    "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`": None,
}


@pytest.mark.parametrize("message", MESSAGES)
def test_each_allocators_error_is_known_by_its_words(message):
    cause = RuntimeError(message)
    with (
        pytest.raises(DeviceMemoryError) as caught,
        guard_memory("cuda:0", "this", "Do that"),
    ):
        raise cause
    assert caught.value.needed == MESSAGES[message] == needed_bytes(message)
    assert caught.value.device == "cuda:0"
    assert caught.value.__cause__ is cause


def test_numpys_error_tells_how_much_it_wanted():
    with (
        pytest.raises(DeviceMemoryError) as caught,
        guard_memory("cpu", "this", "Do that"),
    ):
        np.empty((2**40, 2**10))
    assert caught.value.needed == 2**53


@pytest.mark.parametrize("message", ["mat1 and mat2 shapes cannot be multiplied", ""])
@pytest.mark.parametrize("kind", [RuntimeError, ValueError])
def test_other_errors_go_their_way(kind, message):
    cause = kind(message)
    with pytest.raises(kind) as caught, guard_memory("cpu", "this", "Do that"):
        raise cause
    assert caught.value is cause


def test_what_is_known_already_is_not_told_twice():
    first = DeviceMemoryError("mps", 1, "inside", "Do this")
    with (
        pytest.raises(DeviceMemoryError) as caught,
        guard_memory("cpu", "outside", "Do that"),
    ):
        raise first
    assert caught.value is first


def test_a_gpus_error_in_training_brings_the_fit_so_far():
    calls = []

    def loss(output, y):  # stands for a step on a GPU whose memory is full
        calls.append(1)
        if len(calls) > 3:
            message = "CUDA out of memory. Tried to allocate 2.00 GiB."
            raise torch.cuda.OutOfMemoryError(message)
        return (output - y) ** 2

    x = np.arange(20.0)
    with pytest.raises(DeviceMemoryError, match=r"2 GiB more needed for 20 rows of 1") as caught:
        two_layer(x[:, None], x, loss=loss, epochs=9, batch_size=None)
    assert len(caught.value.fit.history) == 3


class GpuFailedError(RuntimeError):
    """Stands for the error that every call of a GPU gives once a kernel of it has failed."""


def test_a_gpu_that_has_failed_is_in_the_way_of_no_fit_on_the_cpu(monkeypatch):
    def fail():
        raise GpuFailedError

    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "empty_cache", fail)
    x = np.arange(20.0)
    assert len(two_layer(x[:, None], x, epochs=2).history) == 2
    with pytest.raises(ZeroDivisionError):  # the fit's own error
        two_layer(x[:, None], x, epochs=2, loss=lambda output, y: 1 / 0)
    with pytest.raises(DeviceMemoryError), guard_memory("cuda", "this", "Do that"):
        raise RuntimeError("CUDA error: out of memory")


def test_a_gpu_that_is_full_can_be_left_for_the_cpu():
    from pytwolayer.runtime.memory import suggest_smaller_fit

    gpu, cpu = torch.device("cuda:0"), torch.device("cpu")
    assert suggest_smaller_fit(9, 9, 9, 9, gpu).endswith(', or `device = "cpu"`')
    assert "device" not in suggest_smaller_fit(9, 9, 9, 9, cpu)


def test_nothing_of_a_fit_is_left_when_it_is_done_so_that_a_gpus_memory_is_free(monkeypatch):
    alive = []

    class Watched(PreparedFit):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            alive.append(weakref.ref(self))

    monkeypatch.setattr("pytwolayer.fitting.two_layer.PreparedFit", Watched)
    at_the_end = []
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: at_the_end.append(alive[0]()))
    x = np.random.default_rng(0).normal(size=(40, 3))
    gc.disable()  # what holds itself would wait for it
    try:
        two_layer(x, x[:, 0], epochs=3, batch_size=10, dropout=0.1, validation=0.2, verbose=False)
    finally:
        gc.enable()
    assert at_the_end == [None]

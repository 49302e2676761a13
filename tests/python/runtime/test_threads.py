"""How many threads compute."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pytwolayer import two_layer
from pytwolayer.errors import DivergenceError, InterruptWarning
from pytwolayer.runtime.threads import limit_threads
from pytwolayer.runtime.torch_loading import torch


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_small_work_has_one_thread_and_large_work_as_many_as_before(two_threads):
    with limit_threads(2048 * 100 * 256):  # two took 2.9 times as long
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2
    with limit_threads(8192 * 500 * 512):
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == 2


def test_the_number_is_put_back_whatever_happens(two_threads):
    def fail():
        with limit_threads(1000):
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        fail()
    assert torch.get_num_threads() == 2


def test_the_digits_of_a_small_fit_do_not_depend_on_the_number_of_threads(two_threads):
    x = np.random.default_rng(0).normal(size=(400, 10))

    def losses():
        settings = {"hidden_units": 64, "epochs": 5, "batch_size": 200, "seed": 1}
        return two_layer(x, x[:, 0], **settings).history["loss"].tolist()

    with_two = losses()
    torch.set_num_threads(1)
    assert losses() == with_two
    torch.set_num_threads(2)
    seen = []
    two_layer(x, x[:, 0], epochs=1, on_epoch=lambda e, loss: seen.append(torch.get_num_threads()))
    assert seen == [1]
    assert torch.get_num_threads() == 2


def test_fits_that_overlap_put_back_what_was_there_before_all_of_them(two_threads):
    first, second = limit_threads(1000), limit_threads(1000)
    first.__enter__()
    seen = []

    def other():
        with second:
            pass
        seen.append(torch.get_num_threads())

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    first.__exit__(None, None, None)
    assert seen == [2]
    assert torch.get_num_threads() == 2


X = np.random.default_rng(0).normal(size=(300, 3))
KINDS = [
    {"batch_size": 32, "dropout": 0.2, "validation": 0.2},
    {"optimizer": "lbfgs"},
    {"optimizer": "sgd", "momentum": 0.9, "batch_size": 50},
    {"loss": lambda output, y: (output - y).abs(), "patience": 3},
]


def of_kind(number):
    x = X * (number + 1)
    fit = two_layer(x, x[:, number % 3], epochs=10, seed=number, **KINDS[number])
    return fit.history["loss"].tolist(), fit.predict(x).tolist()


@pytest.mark.parametrize("workers", [2, 4])
def test_fits_in_several_threads_of_python_do_not_disturb_each_others_digits(workers, two_threads):
    alone = [of_kind(number) for number in range(4)]
    with ThreadPoolExecutor(workers) as pool:
        for _ in range(3):
            assert list(pool.map(of_kind, range(4))) == alone
    assert torch.get_num_threads() == 2


def test_small_fits_leave_the_digits_of_large_ones_in_new_threads_alone(two_threads, monkeypatch):
    monkeypatch.setattr("pytwolayer.runtime.threads._SMALL", 100_000)  # the large one has 2 threads
    x = np.random.default_rng(0).normal(size=(20_000, 10))
    stop, under_way = threading.Event(), threading.Event()

    def small():
        while not stop.is_set():
            two_layer(X, X[:, 0], epochs=20, seed=1, on_epoch=lambda *told: under_way.set())

    def large():
        losses = two_layer(x, x[:, 0], epochs=3, batch_size=None, seed=1).history["loss"]
        return losses.tolist(), torch.get_num_threads()

    def in_a_new_thread():
        under_way.clear()
        assert under_way.wait(600)
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(large).result(600)

    alone = large()
    other = threading.Thread(target=small)
    other.start()
    try:
        assert [in_a_new_thread() for _ in range(8)] == [alone] * 8
    finally:
        stop.set()
        other.join()


def test_the_number_is_that_of_before_after_each_kind_of_end(two_threads):
    def interrupted(epoch, loss):
        raise KeyboardInterrupt

    def failing(epoch, loss):
        raise OSError("gone")

    for number in (2, 1):
        torch.set_num_threads(number)
        two_layer(X, X[:, 0], epochs=1)
        with pytest.warns(InterruptWarning):
            two_layer(X, X[:, 0], epochs=3, on_epoch=interrupted)
        with pytest.raises(OSError, match="gone"):
            two_layer(X, X[:, 0], epochs=3, on_epoch=failing)
        with pytest.raises(DivergenceError):
            two_layer(X, X[:, 0], epochs=50, optimizer="sgd", learning_rate=1e20)
        assert torch.get_num_threads() == number


@pytest.mark.parametrize("number", ["1", "2"])
def test_the_environments_number_is_taken_and_kept(fresh_python, number):
    code = (
        "import numpy as np, torch\n"
        "from pytwolayer import two_layer\n"
        "x = np.arange(30.0).reshape(10, 3)\n"
        "print(torch.get_num_threads())\n"
        "two_layer(x, x[:, 0], epochs=1).predict(x)\n"
        "print(torch.get_num_threads())\n"
    )
    assert fresh_python(code, OMP_NUM_THREADS=number).stdout.split() == [number, number]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_four_hundred_fits_in_a_row_take_no_more_memory_than_fifty(loaded_python):
    """Were only their encoded rows to stay, 350 fits would take 56 MB. Measured: below 2."""
    code = """
import numpy as np
from pytwolayer import two_layer
def size():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
x = np.random.default_rng(0).normal(size=(2000, 20))
for number in range(400):
    fit = two_layer(x, x[:, 0], hidden_units=32, epochs=2, batch_size=500, seed=number)
    fit.predict(x)
    if number == 49:
        before = size()
print((size() - before) / 2**20)
"""
    assert float(loaded_python(code).stdout) < 10

"""How many threads compute."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pytwolayer import two_layer
from pytwolayer.threads import threads_for
from pytwolayer.torch_loading import torch


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_small_work_has_one_thread_and_large_work_as_many_as_before(two_threads):
    with threads_for(1000):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2
    with threads_for(10**9):
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == 2


def test_the_number_is_put_back_whatever_happens(two_threads):
    def fail():
        with threads_for(1000):
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
    first, second = threads_for(1000), threads_for(1000)
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


def test_fits_in_several_threads_of_python_do_not_disturb_each_others_digits():
    x = np.random.default_rng(0).normal(size=(200, 3))

    def losses(seed):
        return two_layer(x, x[:, 0], epochs=10, seed=seed, dropout=0.2).history["loss"].tolist()

    alone = [losses(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(losses, range(4))) == alone

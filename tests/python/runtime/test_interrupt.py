"""Ctrl-C: for real, on a process of its own, and what answers it before and afterwards."""

import os
import signal
import threading

import pytest

from pytwolayer import two_layer
from pytwolayer.errors import InterruptWarning
from pytwolayer.models.load import from_bytes
from pytwolayer.models.model_file import to_bytes
from pytwolayer.runtime.interrupt import Interrupt, watch_for_interrupt


@pytest.fixture(autouse=True)
def usual_answer():
    """A job in the background ignores SIGINT, and what it starts does too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


on_posix = pytest.mark.skipif(os.name != "posix", reason="there are no signals of this kind")

# A fit that would go on for minutes; `press()` sends SIGINT once it is well under way.
LONG = """
import os, signal, threading, time, warnings
import numpy as np
from pytwolayer import two_layer
from pytwolayer.errors import InterruptWarning
from pytwolayer.runtime.interrupt import Interrupt

signal.signal(signal.SIGINT, signal.default_int_handler)
X = np.random.default_rng(0).normal(size=(300, 3))
under_way = threading.Event()

def on_epoch(epoch, loss):
    if epoch == 20:
        under_way.set()

def press(times=1):
    def later():
        under_way.wait()
        for _ in range(times):
            time.sleep(0.05)
            os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=later, daemon=True).start()

def long(**options):
    settings = dict(hidden_units=8, epochs=10**8, batch_size=50, learning_rate=0.01, seed=1)
    return two_layer(X, 2 * X[:, 0], on_epoch=on_epoch, **settings | options)
"""


@on_posix
def test_ctrl_c_gives_back_the_fit_so_far_with_a_warning(loaded_python):
    done = loaded_python(
        LONG
        + """
press()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    fit = long()
(warning,) = caught
assert warning.category is InterruptWarning, warning
assert str(warning.message).startswith(f"Interrupted after {len(fit.history)} of 100000000 epochs")
assert fit.stopped == "interrupt"
assert 20 <= len(fit.history) < 10**8
assert np.isfinite(fit.history["loss"]).all()
assert fit.history["loss"].iloc[-1] < fit.history["loss"].iloc[0]
assert np.isfinite(fit.predict(X)).all()
print("fine")
"""
    )
    assert done.stdout == "fine\n", done.stderr


@on_posix
def test_ctrl_c_gives_back_the_best_weights(loaded_python):
    done = loaded_python(
        LONG
        + """
press()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    fit = long(validation=0.3)
assert f"with the weights of epoch {fit.best_epoch}." in str(caught[0].message)
assert fit.best_epoch == fit.history["valid_loss"].idxmin() + 1
assert len(fit.history) == fit.history["valid_loss"].notna().sum()
print("fine")
"""
    )
    assert done.stdout == "fine\n", done.stderr


@on_posix
def test_ctrl_c_after_the_fit_works_as_before(loaded_python):
    done = loaded_python(
        LONG
        + """
before = signal.getsignal(signal.SIGINT)
press()
warnings.simplefilter("ignore")
long()
assert signal.getsignal(signal.SIGINT) is before
try:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(10)
except KeyboardInterrupt:
    print("fine")
"""
    )
    assert done.stdout == "fine\n", done.stderr


@on_posix
def test_a_second_ctrl_c_before_the_first_is_heard_ends_it_in_the_usual_way(loaded_python):
    done = loaded_python(
        LONG
        + """
def slow(output, y):
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
    return (output - y) ** 2
try:
    long(loss=slow)
except KeyboardInterrupt:
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    print("fine")
"""
    )
    assert done.stdout == "fine\n", done.stderr


@on_posix
def test_a_fit_in_a_thread_of_its_own_installs_nothing(loaded_python):
    done = loaded_python(
        LONG
        + """
handlers = []
def note(epoch, loss):
    handlers.append(signal.getsignal(signal.SIGINT))
    return epoch < 3
def in_thread():
    long(epochs=3)
on_epoch = note
thread = threading.Thread(target=in_thread)
thread.start()
thread.join()
assert handlers == [signal.default_int_handler] * 3, handlers
print("fine")
"""
    )
    assert done.stdout == "fine\n", done.stderr


@on_posix
def test_a_handler_of_c_answers_again_afterwards(loaded_python):
    done = loaded_python(
        LONG
        + """
import ctypes
libc = ctypes.CDLL(None)
noted = []
handler = ctypes.CFUNCTYPE(None, ctypes.c_int)(noted.append)
libc.signal(int(signal.SIGINT), handler)

# As where R has started Python: it does not know what answers SIGINT.
put = signal.signal
signal.getsignal = lambda number: None
signal.signal = lambda number, new: put(number, new) and None

press()
warnings.simplefilter("ignore")
assert long().stopped == "interrupt"
assert noted == []
os.kill(os.getpid(), signal.SIGINT)
assert noted == [2]
print("fine")
"""
    )
    assert done.stdout == "fine\n", done.stderr


@on_posix
def test_the_handler_is_put_back_whatever_happens():
    before, inside = signal.getsignal(signal.SIGINT), []

    def fail():
        with watch_for_interrupt() as interrupt:
            inside.append(signal.getsignal(signal.SIGINT) is interrupt)
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        fail()
    assert inside == [True]
    assert signal.getsignal(signal.SIGINT) is before


@on_posix
def test_a_handler_of_the_users_is_put_back():
    before = signal.getsignal(signal.SIGINT)

    def handler(number, frame):
        pass

    signal.signal(signal.SIGINT, handler)
    try:
        two_layer([[1.0], [2.0]], [1.0, 2.0], hidden_units=1, epochs=2)
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_first_press_is_noted_and_the_second_raises():
    interrupt = Interrupt()
    interrupt(signal.SIGINT, None)
    assert interrupt.pressed
    with pytest.raises(KeyboardInterrupt):
        interrupt(signal.SIGINT, None)


def test_only_the_main_thread_watches():
    seen = []

    def elsewhere():
        with watch_for_interrupt() as interrupt:
            seen.append(signal.getsignal(signal.SIGINT) is interrupt)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [False]


@on_posix
def test_ctrl_c_in_the_first_epoch_gives_the_initial_weights():
    def loss(output, y):
        os.kill(os.getpid(), signal.SIGINT)
        return (output - y) ** 2

    x, y = [[1.0], [2.0], [3.0], [4.0]], [1.0, 2.0, 3.0, 5.0]
    options = {"hidden_units": 2, "epochs": 9, "batch_size": 1, "seed": 1, "learning_rate": 1e-30}
    with pytest.warns(InterruptWarning, match="Interrupted after 0 of 9 epochs"):
        fit = two_layer(x, y, loss=loss, **options)
    assert len(fit.history) == 0
    assert "no epoch finished" in repr(fit)
    assert fit.predict(x).tolist() == two_layer(x, y, **options).predict(x).tolist()
    again = from_bytes(to_bytes(fit))
    assert again.predict(x).tolist() == fit.predict(x).tolist()
    assert len(again.history) == 0


def test_ctrl_c_in_a_function_of_the_users_is_heard():
    def on_epoch(epoch, loss):
        if epoch == 3:
            raise KeyboardInterrupt

    with pytest.warns(InterruptWarning, match="Interrupted after 3 of 50 epochs"):
        fit = two_layer([[1.0], [2.0]], [1.0, 2.0], epochs=50, hidden_units=2, on_epoch=on_epoch)
    assert (fit.stopped, len(fit.history)) == ("interrupt", 3)


def test_where_it_is_ignored_it_stays_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with watch_for_interrupt() as interrupt:
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        os.kill(os.getpid(), signal.SIGINT)
    assert not interrupt.pressed

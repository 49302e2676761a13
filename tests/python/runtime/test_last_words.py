"""SIGTERM ends a process as without, after a line, and handlers of the user's stay."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from pytwolayer.runtime.last_words import last_words

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs signals")
ENDED = """
import os, signal, sys
from pytwolayer.runtime.last_words import last_words

def words():
    if sys.argv[1] == "fails":
        raise OSError
    return None if sys.argv[1] == "silent" else "My last words."

with last_words(words):
    os.kill(os.getpid(), signal.SIGTERM)
    print("it went on")
"""


@pytest.mark.parametrize(
    ("how", "said"), [("said", "pytwolayer: My last words.\n"), ("silent", ""), ("fails", "")]
)
def test_the_signal_ends_the_process_after_its_words(how, said):
    ran = subprocess.run(
        [sys.executable, "-c", ENDED, how], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (-signal.SIGTERM, "", said)


@pytest.fixture
def handler():
    """Give a function that sets SIGTERM's handler, which is what it was at the end."""
    before = signal.getsignal(signal.SIGTERM)
    yield lambda its: signal.signal(signal.SIGTERM, its)
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("own", [signal.SIG_IGN, lambda number, frame: None])
def test_a_handler_of_the_programs_own_stays(own, handler):
    handler(own)
    with last_words(lambda: None):
        assert signal.getsignal(signal.SIGTERM) is own
    assert signal.getsignal(signal.SIGTERM) is own


def test_afterwards_the_signal_does_what_it_did_before(handler):
    handler(signal.SIG_DFL)
    with last_words(lambda: None):
        assert callable(signal.getsignal(signal.SIGTERM))
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_in_another_thread_nothing_is_done(handler):
    handler(signal.SIG_DFL)
    found = []

    def look():
        with last_words(lambda: None):
            found.append(signal.getsignal(signal.SIGTERM))

    (thread := threading.Thread(target=look)).start()
    thread.join()
    assert found == [signal.SIG_DFL]

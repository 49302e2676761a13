"""Writing to nobody, in a program that handles SIGPIPE in a way of its own."""

import os
import signal

import pytest

from pytwolayer.runtime.broken_pipes import without_pipe_signals

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGPIPE"), reason="the system has no SIGPIPE")


def test_a_handler_of_another_program_is_not_called_and_is_there_afterwards():
    called = []
    before = signal.signal(signal.SIGPIPE, lambda *_: called.append(True))
    try:
        reading, writing = os.pipe()
        os.close(reading)
        with without_pipe_signals(), pytest.raises(BrokenPipeError):
            os.write(writing, b"x")
        assert not called
        with pytest.raises(BrokenPipeError):
            os.write(writing, b"x")
        os.close(writing)
        assert called
    finally:
        signal.signal(signal.SIGPIPE, before)

"""SIGPIPE: R's handler of it would jump out of Python; without it, writing raises an error."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_pipe_signals() -> Iterator[None]:
    """Have what is written to nobody raise ``BrokenPipeError``, within the context.

    It holds for this thread and for those that it starts. Python ignores the signal, but a
    program that has Python inside may not.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    its = {signal.SIGPIPE}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, its)
    try:
        yield
    finally:
        if not its & before:
            while its & signal.sigpending():
                signal.sigwait(its)  # else it would come now
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

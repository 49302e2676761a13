"""A process that was started has the signals that a program usually starts with."""

import os
import signal

_NEEDED = ("SIGTERM", "SIGCHLD")


def restore_signals() -> None:
    """Have signals do what they do by default, whatever the caller ignores or blocks.

    Where the end of children is ignored, as some servers do, Python takes each as a success. Where
    a process ignores to be ended, it outlives those who need it.
    """
    if os.name == "nt":
        return
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for name in _NEEDED:
        signal.signal(getattr(signal, name), signal.SIG_DFL)

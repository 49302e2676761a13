"""A worker that does what it is told to, without PyTorch."""

import atexit
import os
import signal
import sys
import time
import warnings
from pathlib import Path

import pytwolayer
from pytwolayer.errors import CheckpointWarning
from pytwolayer.launching.worker import run_worker

RANK, ATTEMPT = int(os.environ["RANK"]), int(os.environ["TORCHELASTIC_RESTART_COUNT"])


def talk(content, channel):
    for epoch in range(1, 6):
        channel.update(epoch, 1 / epoch)
    answer = channel.ask("how many", 3) if RANK == 0 else None
    if content["kill"] > ATTEMPT:
        die({"times": 1}, channel)
    warnings.warn("a full disk", CheckpointWarning, stacklevel=1)
    print("not for the user's eyes")
    return {"answer": answer, "given": content} | surroundings()


def surroundings():
    """What a process has from the one that started it."""
    return {
        "environment": dict(os.environ),
        "folder": str(Path.cwd()),
        "path": list(sys.path),
        "package": pytwolayer.__file__,
        "blocked": signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        "ignored": {n for n in signal.valid_signals() if signal.getsignal(n) == signal.SIG_IGN},
    }


def die(content, channel):
    """Rank 1 is killed in each of the first runs."""
    if RANK == 1 and content["times"] > ATTEMPT:
        print("my last words")
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(30)


def raise_own(content, channel):
    if RANK == 1:
        raise content["error"]
    time.sleep(60)


def stand_still(content, channel):
    """Rank 1 does one step less than the other."""
    channel.steps = lambda: 3 - RANK
    time.sleep(60)


def hang(content, channel):
    if RANK == 1:
        os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(60)


def wait_for_stop(content, channel):
    channel.update(1, 1.0)
    while not (channel.interrupt.pressed or RANK):
        time.sleep(0.01)
    return "stopped in good order"


def wait(content, channel):
    channel.ask("ready") if RANK == 0 else None
    time.sleep(60)


def crash_at_exit(content, channel):
    atexit.register(os.kill, os.getpid(), signal.SIGSEGV)
    return "the result"


def work(content, channel):
    return globals()[content["do"]](content, channel)


if __name__ == "__main__":
    sys.exit(run_worker(sys.argv[1], work))

"""A worker's side: what each process of a run does, and what it says to the caller."""

import os
import pickle
import platform
import queue
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from multiprocessing.connection import Client
from pathlib import Path
from typing import Any, NoReturn

from pytwolayer.errors import PytwolayerError, PytwolayerWarning, WorkerError
from pytwolayer.launching.agent import LOST
from pytwolayer.launching.job_file import JobFile, read_job
from pytwolayer.launching.lifeline import end_with_parent
from pytwolayer.launching.usual_signals import restore_signals
from pytwolayer.runtime.interrupt import Interrupt

_INTERVAL = 0.05  # seconds between two losses that are told
_BEAT = 5.0  # most seconds between two signs of life
_WAIT = 30.0  # seconds for the caller to end a run that has failed


class Channel:
    """The connection with the caller.

    Attributes
    ----------
    rank : int
    restarts : int
        How often the workers have been started anew.
    interrupt : Interrupt
        Set where the caller asks for the end of the run.
    steps : callable or None
        Returns how far this worker is, a number that grows. The caller gives the run up where no
        worker's has grown for the job's ``silence``.
    """

    def __init__(self, file: JobFile) -> None:
        self.rank, self.interrupt = int(os.environ["RANK"]), Interrupt()
        self.restarts = int(os.environ["TORCHELASTIC_RESTART_COUNT"])
        self.steps: Callable[[], int] | None = None
        self._connection = Client(file.address, authkey=file.key)
        self._lock = threading.Lock()
        self._answers: queue.Queue[Any] = queue.Queue()
        self._kept: tuple[int, float] | None = None
        self._next = 0.0
        self.send("hello", self.rank, os.getpid(), platform.node(), self.restarts)
        threading.Thread(target=self._listen, daemon=True).start()
        beat = min(_BEAT, file.job.silence / 5)
        threading.Thread(target=self._live, args=(beat,), daemon=True).start()

    def send(self, kind: str, *values: Any) -> None:
        """Send a message; where the caller has died, this process ends."""
        data = pickle.dumps((kind, *values))
        with self._lock:
            try:
                self._connection.send_bytes(data)
            except OSError:
                os._exit(1)

    def _listen(self) -> None:
        try:
            while True:
                kind, *values = self._connection.recv()
                if kind == "stop":
                    self.interrupt.pressed = True
                else:
                    self._answers.put(values[0])
        except (EOFError, OSError):
            os._exit(1)

    def _live(self, beat: float) -> None:
        while True:
            time.sleep(beat)
            self.send("beat", None if self.steps is None else self.steps())

    def update(self, epoch: int, loss: float) -> None:
        """Tell of an epoch, if this is rank 0; of many in a short time, of the last."""
        if self.rank != 0:
            return
        self._kept = epoch, loss
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _INTERVAL
            self.flush()

    def flush(self) -> None:
        """Tell of the last epoch, if that was not done yet."""
        if self._kept is not None:
            self.send("epoch", *self._kept)
            self._kept = None

    def keep(self, value: Any) -> None:
        """Have the caller keep what there is so far, whatever becomes of this process."""
        self.flush()
        self.send("keep", value)

    def ask(self, *question: Any) -> Any:
        """Ask the caller, and wait for the answer."""
        self.flush()
        self.send("ask", *question)
        return self._answers.get()

    def _warn(
        self, message: Warning | str, category: type[Warning], filename: str, *_: Any, **__: Any
    ) -> None:
        # The package's own may name a line of torch, through which the user's code was called.
        if issubclass(category, PytwolayerWarning) or "torch" not in Path(filename).parts:
            self.send("warning", category, str(message))

    def relay_warnings(self) -> None:
        """Have the caller warn of what this process warns of."""
        warnings.showwarning = self._warn


def run_worker(path: str, work: Callable[[Any, Channel], object]) -> int:
    """Do a worker's part of the run of a job file, and leave; return the status of a failure.

    Parameters
    ----------
    path : str
    work : callable
        ``work(content, channel)``; what it returns on rank 0 is the run's result.
    """
    restore_signals()
    end_with_parent()
    file = read_job(path)
    channel = Channel(file)
    if channel.rank == 0:
        channel.relay_warnings()
    try:
        result = work(_content(file, channel.rank), channel)
        channel.flush()
        channel.send("done", result if channel.rank == 0 else None)
        _leave(0)
    except Exception as problem:  # noqa: BLE001 - the caller raises it
        traceback.print_exc()
        if isinstance(problem, WorkerError) and problem.may_go_on:
            _leave(LOST)  # without waiting for the others: the agent starts all anew
        channel.flush()
        channel.send("error", *_described(problem, channel.rank))
        time.sleep(_WAIT)  # the caller ends the run; leaving now would be taken as a death
    return 1


def _content(file: JobFile, rank: int) -> Any:
    """Return what the caller gave, which may be of modules that only the caller can import."""
    try:
        return pickle.loads(file.content)
    except Exception as problem:
        what = f"cannot read what it was given: {type(problem).__name__}: {problem}"
        raise WorkerError(rank, platform.node(), what.rstrip(".")) from problem


def _leave(status: int) -> NoReturn:
    """Leave without Python's own end: a crash in it would be taken as a death."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _described(problem: Exception, rank: int) -> tuple[bytes | None, WorkerError, str]:
    """Return an error as itself, if it can be sent; what stands for it; and its traceback."""
    text = f"{type(problem).__name__}: {problem}"
    stand_in = WorkerError(rank, platform.node(), f"failed: {text}")
    # A full disk, say, is a matter of that rank's machine.
    of_machine = isinstance(problem, (OSError, MemoryError))
    data = None
    if not of_machine or isinstance(problem, PytwolayerError):
        try:
            data = pickle.dumps(problem)
            pickle.loads(data)
        except Exception:  # noqa: BLE001 - whatever a class of the user's does
            data = None
    return data, stand_in, "".join(traceback.format_exception(problem))

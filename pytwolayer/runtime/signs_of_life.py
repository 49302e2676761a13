"""What the processes of one run tell of themselves in the launcher's store, besides the training.

Each has a thread that writes, every second, how far its process is; the first one reads what all
write. So where an exchange takes too long, it can say whose process is behind.
"""

import pickle
import platform
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from pytwolayer.errors import PytwolayerError, WorkerError
from pytwolayer.runtime.meeting import Store

_BEAT = 1.0  # seconds from one sign of life to the next
_QUIET = 5.0  # and so many without one mean that there is none
_LOOK = 0.05  # and from one look into the store to the next, at most
_FIRST_LOOK, _LONGER = 0.001, 1.5  # and after the first, and how much longer each time
_FAILURE, _UNKNOWN = "failure", "an unknown host"
_PATIENCE = 3.0  # seconds in which another process may still say why it failed


@dataclass
class _Sign:
    """What was last read of a process."""

    text: bytes = b""
    since: float = 0.0
    host: str = _UNKNOWN
    step: int = 0


class SignsOfLife:
    """Writes this process's signs of life, and on the first one reads the others'.

    Parameters
    ----------
    store : Store
        Of this attempt alone.
    rank, size : int
    steps : callable
        Returns how far this process is, a number that grows.
    """

    def __init__(self, store: Store, rank: int, size: int, steps: Callable[[], int]) -> None:
        self._store, self._rank, self._steps = store, rank, steps
        now = time.monotonic()
        self._signs = {other: _Sign(since=now) for other in range(size) if rank == 0 and other}
        self._beats, self._ended = 0, threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """End the thread."""
        self._ended.set()
        self._thread.join(_PATIENCE)

    def _live(self) -> None:
        while True:
            try:
                self._write()
                self._read()
            except Exception:  # noqa: BLE001 - the store is gone, with the process that has it
                return
            if self._ended.wait(_BEAT):
                return

    def _write(self) -> None:
        self._beats += 1
        self._store.set(_life(self._rank), f"{self._beats} {self._steps()} {platform.node()}")

    def _read(self) -> None:
        for rank, sign in self._signs.items():
            if not self._store.check([_life(rank)]):
                continue
            text = self._store.get(_life(rank))
            if text != sign.text:
                _, step, host = text.decode().split(" ", 2)
                sign.text, sign.since, sign.host, sign.step = (
                    text,
                    time.monotonic(),
                    host,
                    int(step),
                )

    def who_is_behind(self, seconds: float) -> WorkerError | None:
        """Say for whom the first process has waited in vain for so long, if that can be seen."""
        now = time.monotonic()
        for rank, sign in self._signs.items():
            if now - sign.since > _QUIET:
                what = f"gave no sign of life, and was waited for {seconds:g} seconds"
                return WorkerError(rank, sign.host, what)
        for rank, sign in self._signs.items():
            if sign.step < self._steps():
                return WorkerError(rank, sign.host, f"did not go on for {seconds:g} seconds")
        return None

    def tell_failure(self, problem: Exception, also: Callable[[], object]) -> None:
        """Tell the others why this process ends, once for the whole run, and do ``also``."""
        text = f"{type(problem).__name__}: {problem}"
        stand_in = WorkerError(self._rank, platform.node(), f"failed: {text}".rstrip("."))
        try:
            pickle.loads(own := pickle.dumps((stand_in, problem)))
        except Exception:  # noqa: BLE001 - whatever a class of the user's does
            own = pickle.dumps((stand_in, None))

        def tell() -> None:
            with suppress(Exception):  # where the store is gone, nobody can be told
                if not self._store.check([_FAILURE]):
                    self._store.set(_FAILURE, own.hex())
                also()

        # Where the network is cut, the store's answer would be waited for.
        teller = threading.Thread(target=tell, daemon=True)
        teller.start()
        teller.join(_PATIENCE)

    @property
    def has_failed(self) -> bool:
        """Whether a process has told that it failed, or the store is gone."""
        try:
            return bool(self._store.check([_FAILURE]))
        except Exception:  # noqa: BLE001 - with the process that has it
            return True

    def who_failed(self) -> WorkerError | None:
        """Return which process has told that it failed, if one has by now."""
        return _loads(self._store.get(_FAILURE))[0] if self._store.check([_FAILURE]) else None

    def failure(self) -> Exception | None:
        """Return why another process has ended, if it says so soon.

        For the first process what a function of the user's raised is that error itself; what
        may be a matter of one machine, and for the others everything, names the process.
        """
        until = time.monotonic() + _PATIENCE
        try:
            while not self._store.check([_FAILURE]):
                if time.monotonic() > until:
                    return None
                time.sleep(_LOOK)
            stand_in, problem = _loads(self._store.get(_FAILURE))
        except Exception:  # noqa: BLE001 - the store is gone
            return None
        of_machine = problem is None or isinstance(problem, (PytwolayerError, OSError, MemoryError))
        if of_machine or self._rank != 0:
            return stand_in
        return problem

    def wait_for_all(self, point: int, seconds: float) -> None:
        """Wait until all processes have come to this point, however long they work until then.

        Parameters
        ----------
        point : int
            Its number; each is waited for once.
        seconds : float
            How long a process may give no sign of life.

        Raises
        ------
        WorkerError
            If one of them gives none.
        Exception
            What made one of them fail.
        """
        here, go = f"point/{point}/", f"point/{point}/go"
        self._store.set(f"{here}{self._rank}", "")
        last, look = [(b"", time.monotonic())], _FIRST_LOOK
        while not self._store.check([go]):
            if self._store.check([_FAILURE]):
                raise self.failure() or WorkerError(None, platform.node(), "failed")
            if self._rank == 0 and self._store.check([f"{here}{other}" for other in self._signs]):
                self._store.set(go, "")
                continue
            self._refuse_quiet(seconds, last)
            time.sleep(look)
            look = min(_LOOK, _LONGER * look)

    def _refuse_quiet(self, seconds: float, last: list[tuple[bytes, float]]) -> None:
        """Raise if the first process, or to the first any other, has been quiet for too long."""
        now = time.monotonic()
        if self._rank != 0:
            text = self._store.get(_life(0)) if self._store.check([_life(0)]) else b""
            if text != last[0][0]:
                last[0] = text, now
            elif now - last[0][1] > seconds:
                raise WorkerError(0, _host(text), _no_sign(seconds))
        for rank, sign in self._signs.items():
            if now - sign.since > seconds:
                raise WorkerError(rank, sign.host, _no_sign(seconds))


def _host(text: bytes) -> str:
    return text.decode().split(" ", 2)[2] if text else _UNKNOWN


def _no_sign(seconds: float) -> str:
    return f"gave no sign of life for {seconds:g} seconds"


def _loads(data: bytes) -> tuple[WorkerError, Exception | None]:
    found: tuple[WorkerError, Exception | None] = pickle.loads(bytes.fromhex(data.decode()))
    return found


def _life(rank: int) -> str:
    return f"life/{rank}"

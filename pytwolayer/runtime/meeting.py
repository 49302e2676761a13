"""How the processes of one run find each other in the launcher's store, also after a restart.

``torchrun`` starts all processes anew where one of them has died, but its store still has what
the dead ones wrote, such as the addresses at which they could be reached, under the same keys.
The number of the attempt differs from machine to machine. So the first process draws a name for
each attempt, and all keep what they say under it.
"""

import secrets
import socket
import time
from collections.abc import Callable
from typing import Protocol

from pytwolayer.errors import WorkerError

_ALL = "pytwolayer"
_PAUSE = 0.01  # seconds from one look into the store to the next
# Seconds that the others wait longer, so that it is the first that says who is missing.
_LONGER = 10.0
_EVERYBODY = b"everybody"


class Store(Protocol):
    """What is used of a store of ``torch.distributed``."""

    def set(self, key: str, value: str) -> None:
        """Write a value."""

    def get(self, key: str) -> bytes:
        """Read a value that is there."""

    def check(self, keys: list[str]) -> bool:
        """Say whether the keys are there."""


def meet(store: Store, rank: int, size: int, seconds: float) -> str:
    """Wait for all processes of this attempt, and return the name under which they meet.

    Parameters
    ----------
    store : Store
        The launcher's.
    rank : int
        Number of this process.
    size : int
        Number of processes.
    seconds : float
        How long the first process waits for the others; these wait a little longer for it.

    Returns
    -------
    str
        A prefix of keys that no earlier attempt has used.

    Raises
    ------
    WorkerError
        If one of them does not come in time.
    """
    until = time.monotonic() + seconds
    if rank == 0:
        return _receive(store, size, until, seconds)
    return _arrive(store, rank, until + _LONGER, seconds + _LONGER)


def _receive(store: Store, size: int, until: float, seconds: float) -> str:
    name = _key(secrets.token_hex(8))
    answered: dict[int, bytes] = {}
    missing = set(range(1, size))

    def is_complete() -> bool:
        for rank in sorted(missing):
            _answer(store, name, rank, answered)
            if store.check([f"{name}/here/{rank}"]):
                missing.discard(rank)
        return not missing

    complete = _wait(is_complete, until)
    absent = ", ".join(str(rank) for rank in sorted(missing))
    store.set(f"{name}/came", _EVERYBODY.decode() if complete else absent)
    if not complete:
        raise _missing(missing, seconds)
    return name


def _answer(store: Store, name: str, rank: int, answered: dict[int, bytes]) -> None:
    """Tell a process the name; one that died before has left another word here."""
    hello = _key(f"hello/{rank}")
    if store.check([hello]) and (word := store.get(hello)) != answered.get(rank):
        store.set(_key(f"welcome/{word.decode()}"), name)
        answered[rank] = word


def _arrive(store: Store, rank: int, until: float, seconds: float) -> str:
    word = secrets.token_hex(8)
    store.set(_key(f"hello/{rank}"), word)
    name = _read(store, _key(f"welcome/{word}"), until, seconds).decode()
    store.set(f"{name}/here/{rank}", "")
    came = _read(store, f"{name}/came", until, seconds)
    if came != _EVERYBODY:
        raise _missing({int(each) for each in came.decode().split(", ")}, seconds - _LONGER)
    return name


def _read(store: Store, key: str, until: float, seconds: float) -> bytes:
    if not _wait(lambda: store.check([key]), until):
        raise _missing({0}, seconds)
    return store.get(key)


def _wait(is_done: Callable[[], bool], until: float) -> bool:
    while not is_done():
        if time.monotonic() > until:
            return False
        time.sleep(_PAUSE)
    return True


def _missing(ranks: set[int], seconds: float) -> WorkerError:
    noun = "worker" if len(ranks) == 1 else "workers"
    numbers = ", ".join(str(rank) for rank in sorted(ranks))
    return WorkerError(
        None, socket.gethostname(), f"waited {seconds:g} seconds in vain for {noun} {numbers}"
    )


def _key(key: str) -> str:
    return f"{_ALL}/{key}"

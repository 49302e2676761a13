"""Vectors that the processes of one machine exchange through memory that they share.

Each process writes its vector, and then the number of the exchange into a place of its own; when
all have done so, all read. There is memory for two exchanges: who writes in one has seen that all
have come to the exchange before, and so that nobody reads any more in the one before that.

A step of several processes waits for the slowest, and then for the vectors. Through sockets the
latter takes half a millisecond of system calls and of threads that are woken up; here a process
looks again and again for a moment, and takes a nap only after that.
"""

import mmap
import os
import platform
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytwolayer.runtime.looking import look_until
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor
_FOLDER = Path("/dev/shm")  # memory, which other processes find by a name
_LINE = 64  # bytes that a processor reads together
_CHECK = 0.02  # seconds from one look at whether another process is there to the next
# Others see what is written in the order in which it was; on other processors they need not.
_IN_ORDER = ("x86_64", "AMD64")


class SharedVectors:
    """Vectors of one length, one of each process. To be made by all of them at the same time.

    Parameters
    ----------
    path : Path
        A file in memory, of ``size_of()`` bytes.
    rank, size : int
    length : int
        Numbers of a vector.
    """

    def __init__(self, path: Path, rank: int, size: int, length: int) -> None:
        self._rank, self._size, self._number = rank, size, 0
        # The only time that it is opened: whatever closes a file gives up the process's locks.
        self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self._lock(rank)  # which the system gives up where this process ends, however it does
        self._map = mmap.mmap(self._file, size_of(size, length))
        start = size * _LINE
        self._numbers = memoryview(self._map)[:start].cast("q")
        data = torch.frombuffer(self._map, dtype=torch.float32, offset=start)
        self._turns = data[: 2 * size * length].view(2, size, length).unbind()

    def exchange(self, own: Tensor, all_of_them: Tensor, seconds: float) -> None:
        """Write each process's vector into ``all_of_them``, rank by rank.

        Raises
        ------
        RuntimeError
            If another process has ended, or does not come in so many seconds.
        """
        self._number += 1
        vectors = self._turns[self._number % 2]
        vectors[self._rank].copy_(own)
        self._numbers[self._rank * _LINE // 8] = self._number
        for rank in range(self._size):
            if not self._has_come(rank):
                self._wait_for(rank, seconds)
        all_of_them.copy_(vectors)

    def close(self) -> None:
        """Let the others know that this process does not go on."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    def _has_come(self, rank: int) -> bool:
        return self._numbers[rank * _LINE // 8] >= self._number

    def _wait_for(self, rank: int, seconds: float) -> None:
        def check(waited: float) -> None:
            if self._is_gone(rank) and not self._has_come(rank):
                raise RuntimeError(f"process {rank} has ended")
            if waited > seconds:
                raise RuntimeError(f"timed out waiting for process {rank}")

        look_until(lambda: self._has_come(rank), check, _CHECK)

    def _is_gone(self, rank: int) -> bool:
        try:
            self._lock(rank)
        except OSError:
            return False
        self._lock(rank, release=True)
        return True

    def _lock(self, rank: int, *, release: bool = False) -> None:
        import fcntl  # which not all systems have

        how = fcntl.LOCK_UN if release else fcntl.LOCK_EX | fcntl.LOCK_NB
        fcntl.lockf(self._file, how, 1, rank)


def size_of(size: int, length: int) -> int:
    """Return the bytes for so many processes and vectors of so many numbers."""
    return size * _LINE + 4 * 2 * size * length


def share_vectors(
    rank: int,
    size: int,
    length: int,
    gather: Callable[[Any], list[Any]],
    from_first: Callable[[Any], Any],
) -> SharedVectors | None:
    """Make the shared memory, where all processes are on one machine that can do that.

    ``gather()`` and ``from_first()`` are those of the group.
    """
    places = gather(_place())
    if None in places or len(set(places)) > 1:
        return None
    made = _new_file(size_of(size, length)) if rank == 0 else None
    try:
        path = from_first(made)
        if path is None:
            return None
        try:
            vectors = SharedVectors(path, rank, size, length)
        except (OSError, ValueError):  # it is another /dev/shm, or has no room
            vectors = None
        are_there = all(gather(vectors is not None))
    finally:  # also where another process has ended meanwhile: it would take memory for ever
        if made is not None:
            made.unlink(missing_ok=True)
    return vectors if are_there else None


def _place() -> tuple[str, str] | None:
    """Return what tells this machine from others, as a network sees it."""
    if sys.platform != "linux" or platform.machine() not in _IN_ORDER or not _FOLDER.is_dir():
        return None
    try:
        return platform.node(), str(Path("/proc/self/ns/net").readlink())
    except OSError:
        return None


def _new_file(size: int) -> Path | None:
    """Make a file in memory that has room for so many bytes."""
    path = _FOLDER / f"pytwolayer-{secrets.token_hex(8)}"
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError:
        return None
    try:
        os.posix_fallocate(file, 0, size)  # without it a full one would end the process later
    except OSError:
        path.unlink(missing_ok=True)
        return None
    finally:
        os.close(file)
    return path

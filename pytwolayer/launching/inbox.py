"""The caller's end of the connections with its workers."""

import errno
import os
import platform
import queue
import secrets
import sys
import threading
from contextlib import suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

from pytwolayer.errors import WorkerError
from pytwolayer.launching.loopback import ADDRESS

_NO_MORE = errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM
_LONGEST = 100  # bytes of the path of a socket


class Inbox:
    """What workers say, in one queue; threads read it.

    Parameters
    ----------
    folder : Path
        For the socket.

    Attributes
    ----------
    address : object
    key : bytes
        Workers need both.
    """

    def __init__(self, folder: Path) -> None:
        self.key = secrets.token_bytes(32)
        self._listener = _listener(str(folder / "socket"), self.key)
        self.address = self._listener.address
        self._queue: queue.Queue[tuple[Connection, Any]] = queue.Queue()
        self._threads: list[threading.Thread] = []
        self._ends = False
        self._problem: Exception | None = None
        try:
            self._start(self._accept)
        except RuntimeError:
            self._listener.close()
            raise

    def _start(self, function: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _accept(self) -> None:
        while not self._ends:
            try:
                connection = self._listener.accept()
                self._start(self._read, connection)
            except (AuthenticationError, EOFError):  # a worker that died just then
                continue
            except (OSError, RuntimeError) as problem:
                # A worker that died, or this process may not have more files or threads.
                if isinstance(problem, RuntimeError) or problem.errno in _NO_MORE:
                    self._problem = problem
                    self._listener.close()  # nobody answers any more who calls
                    return

    def _read(self, connection: Connection) -> None:
        with connection:
            try:
                while True:
                    self._queue.put((connection, connection.recv()))
            except Exception:  # noqa: BLE001 - what cannot be read ends the connection as well
                self._queue.put((connection, None))

    def get(self, seconds: float) -> tuple[Connection, Any] | None:
        """Return the next message and whose it is; None within this time: there is none.

        A message of None is the connection's end.

        Raises
        ------
        WorkerError
            If this process cannot hear of all workers.
        """
        if self._problem is not None:
            what = f"could not be listened to: {self._problem}"
            raise WorkerError(None, platform.node(), what) from self._problem
        try:
            return self._queue.get(timeout=seconds)
        except queue.Empty:
            return None

    def close(self) -> None:
        """Stop listening; the workers have ended by now."""
        self._ends = True
        with suppress(AuthenticationError, EOFError, OSError):
            Client(self.address, authkey=self.key).close()  # wakes the thread that accepts
        for thread in self._threads:
            thread.join(1.0)
        self._listener.close()


def _listener(path: str, key: bytes) -> Listener:
    """Listen at a file where there can be one, else at a port of this machine."""
    if sys.platform != "win32" and len(os.fsencode(path)) <= _LONGEST:
        with suppress(OSError):  # not all file systems have sockets
            return Listener(path, authkey=key)
    return Listener((ADDRESS, 0), authkey=key)

"""The caller's end of the connections with its workers."""

import queue
import secrets
import sys
import threading
from contextlib import suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

_LONGEST = 100  # characters of the path of a socket


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
        path = str(folder / "socket")
        in_file = sys.platform != "win32" and len(path) <= _LONGEST
        self._listener = Listener(path if in_file else ("127.0.0.1", 0), authkey=self.key)
        self.address = self._listener.address
        self._queue: queue.Queue[tuple[Connection, Any]] = queue.Queue()
        self._threads: list[threading.Thread] = []
        self._ends = False
        self._start(self._accept)

    def _start(self, function: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._ends:
            try:
                connection = self._listener.accept()
            except (AuthenticationError, EOFError, OSError):  # a worker that died just then
                continue
            self._start(self._read, connection)

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
        """
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

"""The network on which workers of one machine find each other: the machine's own."""

import socket
import sys

ADDRESS = "127.0.0.1"
INTERFACE = "lo0" if sys.platform == "darwin" else "lo"
_SECONDS = 20.0


def reach_loopback() -> None:
    """Raise where this machine does not reach itself: PyTorch would try again for minutes.

    Raises
    ------
    OSError
    """
    try:
        with socket.create_server((ADDRESS, 0)) as server:
            socket.create_connection(server.getsockname(), _SECONDS).close()
    except OSError as problem:
        raise OSError(f"this machine does not reach {ADDRESS}: {problem}") from problem

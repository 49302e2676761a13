"""Loss functions that other processes can import."""

import os
import resource
import signal
from pathlib import Path

import torch


class Raises:
    """Raises on one rank, in its third call."""

    __name__ = "raises"

    def __init__(self, rank: int) -> None:
        self.rank, self.calls = rank, 0

    def __call__(self, output, y):
        self.calls += 1
        if self.calls > 3 and os.environ.get("RANK") == str(self.rank):
            raise ZeroDivisionError("of the loss function")
        return (output - y) ** 2


class Dies:
    """Kills a rank once, which a file that is left remembers."""

    __name__ = "dies"

    def __init__(self, rank: int, calls: int, mark: Path) -> None:
        self.rank, self.calls, self.mark = rank, calls, mark

    def __call__(self, output, y):
        self.calls -= 1
        if self.calls < 0 and os.environ.get("RANK") == str(self.rank) and not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return torch.square(output - y)


class FillsDisk:
    """From its second call on, workers cannot write to any file, as if the disk were full."""

    __name__ = "fills_disk"

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, output, y):
        self.calls += 1
        if self.calls > 2 and "RANK" in os.environ:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        return torch.square(output - y)

"""Vectors that processes exchange from GPU to GPU, by NCCL.

An exchange is queued on the GPU, as other work is, and the process goes on. Before anything is
read of the GPU, ``settle()`` has to be called: NCCL waits without end for a process that does not
come, and a read would wait with it, where no error could be told. ``settle()`` looks again and
again instead, and gives up in time.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

from pytwolayer.runtime.looking import look_until
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor
BACKEND = "nccl"
_CHECK = 0.05  # seconds from one look at whether another process has failed to the next
_PATIENCE = 10.0  # seconds for what may hang with the GPU
# By default PyTorch ends the whole process where an exchange fails or takes too long.
_HANDLING = "TORCH_NCCL_ASYNC_ERROR_HANDLING"


class GpuVectors:
    """Exchanges vectors; to be made by all processes of the default group at the same time.

    Parameters
    ----------
    device : torch.device
        This process's GPU.
    seconds : float
        How long ``settle()`` waits for other processes.
    has_failed : callable
        Says whether another process has told that it failed.
    """

    def __init__(
        self, device: torch.device, seconds: float, has_failed: Callable[[], bool]
    ) -> None:
        import torch.distributed as distributed

        self._distributed, self._device = distributed, device
        with _errors_left_to_us():
            self._group: Any = distributed.new_group(
                backend=BACKEND, timeout=timedelta(seconds=seconds)
            )
        older = distributed.all_gather_into_tensor  # its name before PyTorch 2.13
        self._gather = getattr(distributed, "all_gather_single", older)
        self._seconds, self._has_failed = seconds, has_failed
        self._work: Any = None
        self._event, self._lost = new_event(device), ""

    def exchange(self, own: Tensor, all_of_them: Tensor) -> None:
        """Queue the exchange of the processes' vectors, rank by rank.

        Raises
        ------
        RuntimeError
            If another process was lost before.
        """
        self._refuse_lost()
        self._work = self._gather(all_of_them, own, group=self._group, async_op=True)
        self._work.wait()  # the GPU's later work waits, and not this process
        self._event.record()

    def settle(self) -> None:
        """Wait until all exchanges are done.

        Raises
        ------
        RuntimeError
            If another process was lost, failed, or does not come in time. What is on the GPU is
            of no use then.
        """
        self._refuse_lost()
        if self._work is not None:
            self._wait()
            self._work = None

    def _refuse_lost(self) -> None:
        if self._lost:
            raise RuntimeError(self._lost)

    def _wait(self) -> None:
        noticed = 0

        def check(waited: float) -> None:
            # Of an exchange that is not done this is so where NCCL has found an error. One that
            # has just been done may look like that, but not twice.
            nonlocal noticed
            noticed += self._work.is_completed()
            if noticed > 1:
                self._give_up("NCCL has lost another process")
            if self._has_failed():
                self._give_up("another process has failed")
            if waited > self._seconds:
                self._give_up("timed out waiting for another process")

        look_until(self._event.query, check, _CHECK)

    def _give_up(self, why: str) -> None:
        self._lost = why
        self.abort()
        raise RuntimeError(why)

    def abort(self) -> None:
        """End what the GPU waits for; the exchanges of this process are over."""
        self._lost = self._lost or "this process has failed"
        group, self._group = self._group, None
        if group is not None:
            core = self._distributed.distributed_c10d
            end = getattr(core, "_abort_process_group", core.destroy_process_group)
            briefly(lambda: end(group))

    def end(self) -> None:
        """Leave the others, who do the same."""
        if not self._lost:
            self._distributed.destroy_process_group(self._group)


def new_event(device: torch.device) -> Any:
    """Make what tells whether the device has come to a place in its work."""
    with torch.cuda.device(device):
        return torch.cuda.Event()  # type: ignore[no-untyped-call]


def briefly(work: Callable[[], object]) -> None:
    """Do what may hang, or fail, for a few seconds at most."""

    def attempt() -> None:
        with suppress(Exception):
            work()

    worker = threading.Thread(target=attempt, daemon=True)
    worker.start()
    worker.join(_PATIENCE)


@contextmanager
def _errors_left_to_us() -> Iterator[None]:
    """Have an exchange that fails not end the process, unless the user has chosen otherwise."""
    chosen = os.environ.get(_HANDLING)
    os.environ.setdefault(_HANDLING, "0")
    try:
        yield
    finally:
        if chosen is None:
            del os.environ[_HANDLING]

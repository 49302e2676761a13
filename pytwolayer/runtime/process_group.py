"""The processes that train one network together, and what they tell each other.

The engine is ``torch.distributed``, which is imported only where there are several processes.
"""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Protocol

from pytwolayer.errors import WorkerError
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor


class ProcessGroup(Protocol):
    """The processes of one run.

    Each process calls the same methods in the same order; each call waits for the others.

    Attributes
    ----------
    rank : int
        Number of this process, from 0.
    size : int
        Number of processes.
    exchanges : int
        How many there were, the present one included.
    """

    rank: int
    size: int
    exchanges: int

    def gather_vectors(self, own: Tensor, all_of_them: Tensor) -> None:
        """Write each process's vector, of the same shape, into ``all_of_them``, rank by rank."""

    def gather(self, value: Any) -> list[Any]:
        """Return each process's value, rank by rank; values are pickled."""

    def from_first(self, value: Any) -> Any:
        """Return the value of the process of rank 0; it is pickled."""


class Alone:
    """A single process."""

    rank, size, exchanges = 0, 1, 0

    def gather_vectors(self, own: Tensor, all_of_them: Tensor) -> None:
        """Copy the vector."""
        all_of_them[0].copy_(own)

    def gather(self, value: Any) -> list[Any]:
        """Return the value as the only one."""
        return [value]

    def from_first(self, value: Any) -> Any:
        """Return the value."""
        return value


class TorchGroup:
    """The processes of PyTorch's default process group, which has to be there already."""

    def __init__(self) -> None:
        import torch.distributed as distributed

        self._distributed, self.exchanges = distributed, 0
        self.rank, self.size = distributed.get_rank(), distributed.get_world_size()

    def gather_vectors(self, own: Tensor, all_of_them: Tensor) -> None:
        """Write each process's vector into ``all_of_them``, rank by rank."""
        with self._exchange():
            self._distributed.all_gather_into_tensor(all_of_them.view(-1), own.view(-1))

    def gather(self, value: Any) -> list[Any]:
        """Return each process's value, rank by rank; values are pickled."""
        values: list[Any] = [None] * self.size
        with self._exchange():
            self._distributed.all_gather_object(values, value)
        return values

    def from_first(self, value: Any) -> Any:
        """Return the value of the process of rank 0; it is pickled."""
        values = [value if self.rank == 0 else None]
        with self._exchange():
            self._distributed.broadcast_object_list(values, src=0)
        return values[0]

    @contextmanager
    def _exchange(self) -> Iterator[None]:
        self.exchanges += 1
        with _told_by(self.rank):
            yield


@contextmanager
def _told_by(rank: int) -> Iterator[None]:
    """Have PyTorch's errors about other processes be of a class of their own."""
    try:
        yield
    except RuntimeError as problem:
        has_waited = "timed out waiting" in str(problem).lower()
        what = "has waited for another one in vain" if has_waited else "has lost another one"
        may_go_on = not has_waited
        raise WorkerError(rank, platform.node(), what, may_go_on=may_go_on) from problem


@contextmanager
def join_group(device: torch.device, seconds: float) -> Iterator[ProcessGroup]:
    """Join the processes that the launcher's environment describes; leave them at the end.

    A process group that is there already, such as one that Ray made, is used and left as it is.

    Parameters
    ----------
    device : torch.device
        Where this process computes.
    seconds : float
        How long a process waits for the others, to come and in each exchange.
    """
    import torch.distributed as distributed

    if distributed.is_initialized():
        yield TorchGroup()
        return
    from torch.distributed.distributed_c10d import PrefixStore
    from torch.distributed.rendezvous import rendezvous

    backend = "nccl" if device.type == "cuda" else "gloo"
    timeout = timedelta(seconds=seconds)
    store, rank, size = next(rendezvous("env://", timeout=timeout))
    # Processes that torchrun has started anew find the addresses of those before in its store.
    store = PrefixStore(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0"), store)
    own = {"store": store, "rank": rank, "world_size": size, "timeout": timeout}
    with _told_by(rank):
        distributed.init_process_group(backend, **own)
    try:
        yield TorchGroup()
    finally:
        distributed.destroy_process_group()

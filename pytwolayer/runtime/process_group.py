"""The processes that train one network together, and what they tell each other.

The engine is ``torch.distributed``, which is imported only where there are several processes.
"""

import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import Any, Protocol

from pytwolayer.errors import WorkerError
from pytwolayer.runtime.meeting import Store, meet
from pytwolayer.runtime.shared_vectors import SharedVectors, share_vectors
from pytwolayer.runtime.signs_of_life import SignsOfLife
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor


class GivenUpError(WorkerError):
    """A launcher has started anew what failed for a reason that will not go away."""

    __module__ = "pytwolayer"


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

    def wait_for_all(self) -> None:
        """Wait for the others where they may work for long; else an exchange has to be quick."""

    def tell_failure(self, problem: Exception) -> None:
        """Tell the others why this process fails, unless it is that another one did."""


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

    def wait_for_all(self) -> None:
        """Wait for nobody."""

    def tell_failure(self, problem: Exception) -> None:
        """Tell nobody."""


class TorchGroup:
    """The processes of PyTorch's default process group, which has to be there already.

    Parameters
    ----------
    store : Store, optional
        That of the launcher, for this attempt; without it, nobody can tell whose process is
        behind.
    seconds : float
        How long an exchange may take.
    launchers : Store, optional
        That of the launcher, for all attempts.
    """

    def __init__(
        self, store: Store | None = None, seconds: float = 1_800.0, launchers: Any = None
    ) -> None:
        import torch.distributed as distributed

        self._distributed, self.exchanges = distributed, 0
        self.rank, self.size = distributed.get_rank(), distributed.get_world_size()
        older = distributed.all_gather_into_tensor  # its name before PyTorch 2.13
        self._gather = getattr(distributed, "all_gather_single", older)
        self._seconds, self._points, self._launchers = seconds, 0, launchers
        self._shared: dict[int, SharedVectors | None] = {}
        self.life: SignsOfLife | None = None
        if store is not None:
            self.life = SignsOfLife(store, self.rank, self.size, lambda: self.exchanges)

    def gather_vectors(self, own: Tensor, all_of_them: Tensor) -> None:
        """Write each process's vector into ``all_of_them``, rank by rank."""
        shared = self._shared_vectors(own)
        with self._exchange():
            if shared is None:
                self._gather(all_of_them.view(-1), own.view(-1))
            else:
                shared.exchange(own.view(-1), all_of_them.view(self.size, -1), self._seconds)

    def _shared_vectors(self, own: Tensor) -> SharedVectors | None:
        """Return the memory that is shared for vectors of this length, where it can be."""
        if own.device.type != "cpu" or own.dtype != torch.float32:
            return None
        if own.numel() not in self._shared:
            how = self.gather, self.from_first
            self._shared[own.numel()] = share_vectors(self.rank, self.size, own.numel(), *how)
        return self._shared[own.numel()]

    def end(self) -> None:
        """Leave the others."""
        for shared in self._shared.values():
            if shared is not None:
                shared.close()
        if self.life is not None:
            self.life.end()

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

    def wait_for_all(self) -> None:
        """Wait for the others where they may work for long; else an exchange has to be quick."""
        self._points += 1
        if self.life is not None:
            self.life.wait_for_all(self._points, self._seconds)

    def tell_failure(self, problem: Exception) -> None:
        """Tell the others why this process fails, unless it is that another one did."""
        may_go_on = isinstance(problem, WorkerError) and problem.may_go_on
        if self.life is not None and not may_go_on:
            text = f"{type(problem).__name__}: {problem}".rstrip(".")
            self.life.tell_failure(problem, lambda: self._launchers.set(_GIVEN_UP, text))

    @contextmanager
    def _exchange(self) -> Iterator[None]:
        """Exchange something; that another process is not there is an error of its own class."""
        self.exchanges += 1
        with _told_by(self._explained):
            yield

    def _explained(self, has_waited: bool) -> Exception:
        told: Exception | None = None
        if self.life is not None:
            told = self.life.who_is_behind(self._seconds) if has_waited else self.life.failure()
        return told or _lost(self.rank, has_waited)


@contextmanager
def _told_by(explain: Callable[[bool], Exception]) -> Iterator[None]:
    """Have PyTorch's errors about other processes be of a class of their own."""
    try:
        yield
    except RuntimeError as problem:
        raise explain("timed out waiting" in str(problem).lower()) from problem


def _lost(rank: int, has_waited: bool) -> WorkerError:
    what = "has waited for another one in vain" if has_waited else "has lost another one"
    return WorkerError(rank, platform.node(), what, may_go_on=not has_waited)


@contextmanager
def join_group(
    device: torch.device, seconds: float, start: float = 300.0, *, signs: bool = True
) -> Iterator[ProcessGroup]:
    """Join the processes that the launcher's environment describes; leave them at the end.

    A process group that is there already, such as one that Ray made, is used and left as it is.

    Parameters
    ----------
    device : torch.device
        Where this process computes.
    seconds : float
        How long a process waits for the others in each exchange.
    start : float
        How long it waits for them to come.
    signs : bool
        Whether they give signs of life and tell each other of failures; else another program
        watches over them.

    Raises
    ------
    WorkerError
        If one of them does not come.
    """
    from torch import distributed
    from torch.distributed import PrefixStore  # type: ignore[attr-defined]

    if distributed.is_initialized():
        there = TorchGroup()
        try:
            yield there
        finally:
            there.end()
        return
    rank, size = (int(os.environ.get(name, alone)) for name, alone in _ALONE.items())
    if size == 1:
        yield Alone()
        return
    store = _launchers_store(rank, size, start)
    _refuse_repetition(store)
    own: Any = PrefixStore(meet(store, rank, size, start), store)
    backend = "nccl" if device.type == "cuda" else "gloo"
    limit = timedelta(seconds=seconds)
    with _told_by(lambda has_waited: _lost(rank, has_waited)):
        distributed.init_process_group(
            backend, store=own, rank=rank, world_size=size, timeout=limit
        )
    group = TorchGroup(own if signs else None, seconds, store)
    try:
        yield group
    finally:
        group.end()
        distributed.destroy_process_group()


def _refuse_repetition(store: Any) -> None:
    """Raise where the run has failed before, and not because a process was lost."""
    global _has_joined
    if not _has_joined and store.check([_GIVEN_UP]):
        text = store.get(_GIVEN_UP).decode()
        raise GivenUpError(None, platform.node(), f"do not try again what has failed: {text}")
    _has_joined = True


_has_joined = False
_GIVEN_UP = "pytwolayer/given-up"
_ALONE = {"RANK": "0", "WORLD_SIZE": "1"}


@cache  # the first process listens at its port once
def _launchers_store(rank: int, size: int, start: float) -> Any:
    """Connect with the store at ``MASTER_ADDR``; of torchrun's it is the agent that has it."""
    from torch.distributed import TCPStore  # type: ignore[attr-defined]

    host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    own = rank == 0 and os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True"
    try:
        return TCPStore(host, port, size, own, timedelta(seconds=start), wait_for_workers=False)
    except RuntimeError as problem:
        verb = "could not listen at" if own else f"could not reach in {start:g} seconds"
        reason = str(problem).splitlines()[0]
        what = f"{verb} {host}:{port}: {reason}"
        raise WorkerError(rank, platform.node(), what) from problem

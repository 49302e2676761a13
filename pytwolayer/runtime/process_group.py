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
from pytwolayer.runtime.device import is_gpu
from pytwolayer.runtime.gpu_vectors import GpuVectors, briefly
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

    def use_device(self, device: torch.device) -> None:
        """Take note where this process's vectors are, all on the same kind of device."""

    def gather_vectors(self, own: Tensor, all_of_them: Tensor) -> None:
        """Write each process's vector, of the same shape, into ``all_of_them``, rank by rank.

        On a GPU that is only queued: what comes of it is read after ``settle()``.
        """

    def settle(self) -> None:
        """Wait until the vectors are there; nothing to wait for on the CPU."""

    def gather(self, value: Any) -> list[Any]:
        """Return each process's value, rank by rank; values are pickled."""

    def from_first(self, value: Any) -> Any:
        """Return the value of the process of rank 0; it is pickled."""

    def wait_for_all(self) -> None:
        """Wait for the others where they may work for long; else an exchange has to be quick."""

    def tell_failure(self, problem: Exception) -> None:
        """Tell the others why this process fails, unless it is that another one did."""

    def who_failed(self) -> WorkerError | None:
        """Return which process has told that it fails, if one has."""


def part_of(number: int, rank: int, size: int) -> range:
    """Return which of so many things in a row are those of one of ``size`` processes."""
    return range(number * rank // size, number * (rank + 1) // size)


class Alone:
    """A single process."""

    rank, size, exchanges = 0, 1, 0

    def use_device(self, device: torch.device) -> None:
        """Tell nobody."""

    def gather_vectors(self, own: Tensor, all_of_them: Tensor) -> None:
        """Copy the vector."""
        all_of_them[0].copy_(own)

    def settle(self) -> None:
        """Wait for nobody."""

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

    def who_failed(self) -> WorkerError | None:
        """Return that none has."""
        return None


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
    group : ProcessGroup of PyTorch, optional
        One of the same processes, by gloo, if the default one is not.
    """

    def __init__(
        self,
        store: Store | None = None,
        seconds: float = 1_800.0,
        launchers: Any = None,
        group: Any = None,
    ) -> None:
        import torch.distributed as distributed

        self._distributed, self._group, self.exchanges = distributed, group, 0
        self.rank, self.size = distributed.get_rank(), distributed.get_world_size()
        older = distributed.all_gather_into_tensor  # its name before PyTorch 2.13
        self._gather = getattr(distributed, "all_gather_single", older)
        self._seconds, self._points, self._launchers = seconds, 0, launchers
        self._shared: dict[int, SharedVectors | None] = {}
        self._gpus: GpuVectors | None = None
        self.life: SignsOfLife | None = None
        if store is not None:
            self.life = SignsOfLife(store, self.rank, self.size, lambda: self.exchanges)

    @property
    def uses_gpus(self) -> bool:
        """Whether the processes exchange vectors from GPU to GPU."""
        return self._gpus is not None

    def use_device(self, device: torch.device) -> None:
        """Take note where this process's vectors are, all on the same kind of device."""
        if is_gpu(device) and self._gpus is None:
            with self._exchange():
                self._gpus = GpuVectors(device, self._seconds, self._has_failed)

    def _has_failed(self) -> bool:
        return self.life is not None and self.life.has_failed

    def settle(self) -> None:
        """Wait until the vectors are there; nothing to wait for on the CPU."""
        if self._gpus is not None:
            with _told_by(self._explained):
                self._gpus.settle()

    def gather_vectors(self, own: Tensor, all_of_them: Tensor) -> None:
        """Write each process's vector into ``all_of_them``, rank by rank."""
        shared = self._shared_vectors(own)
        with self._exchange():
            if self._gpus is not None:
                self._gpus.exchange(own.view(-1), all_of_them.view(-1))
            elif shared is None:
                self._gather(all_of_them.view(-1), own.view(-1), group=self._group)
            else:
                shared.exchange(own.view(-1), all_of_them.view(self.size, -1), self._seconds)

    def _shared_vectors(self, own: Tensor) -> SharedVectors | None:
        """Return the memory that is shared for vectors of this length, where it can be."""
        if self._gpus is not None or own.dtype != torch.float32:
            return None
        if own.numel() not in self._shared:
            how = self.gather, self.from_first
            self._shared[own.numel()] = share_vectors(self.rank, self.size, own.numel(), *how)
        return self._shared[own.numel()]

    def abort(self) -> None:
        """End what the GPU waits for, where this process leaves the others by an error."""
        if self._gpus is not None:
            self._gpus.abort()

    def end(self) -> None:
        """Leave the others."""
        for shared in self._shared.values():
            if shared is not None:
                shared.close()
        if self._gpus is not None:
            self._gpus.end()
        self._group = None
        if self.life is not None:
            self.life.end()

    def gather(self, value: Any) -> list[Any]:
        """Return each process's value, rank by rank; values are pickled."""
        values: list[Any] = [None] * self.size
        with self._exchange():
            self._distributed.all_gather_object(values, value, group=self._group)
        return values

    def from_first(self, value: Any) -> Any:
        """Return the value of the process of rank 0; it is pickled."""
        values = [value if self.rank == 0 else None]
        with self._exchange():
            self._distributed.broadcast_object_list(values, src=0, group=self._group)
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
            self.life.tell_failure(problem, lambda: self._give_up(text))

    def who_failed(self) -> WorkerError | None:
        """Return which process has told that it fails, if one has."""
        return None if self.life is None else self.life.who_failed()

    def _give_up(self, text: str) -> None:
        """Have the launcher's next attempt, if there is one, not try again."""
        if self._launchers is not None:
            self._launchers.set(_GIVEN_UP, text)

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
        if _is_of_device(problem):
            raise
        text = str(problem).lower()
        raise explain("timed out" in text or "timeout" in text) from problem


def _is_of_device(problem: RuntimeError) -> bool:
    """Whether an error is that of this process's GPU alone: it has failed, or is full."""
    of_others = getattr(torch.distributed, "DistError", None)
    if of_others is not None and isinstance(problem, of_others):
        return False
    return isinstance(problem, torch.cuda.OutOfMemoryError) or "CUDA error" in str(problem)


def _lost(rank: int, has_waited: bool) -> WorkerError:
    what = "has waited for another one in vain" if has_waited else "has lost another one"
    return WorkerError(rank, platform.node(), what, may_go_on=not has_waited)


@contextmanager
def join_group(
    seconds: float, start: float = 300.0, *, signs: bool = True
) -> Iterator[ProcessGroup]:
    """Join the processes that the launcher's environment describes; leave them at the end.

    Where there is a process group already, such as one that Ray made, they are those of it, which
    is left as it is.

    Parameters
    ----------
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

    if distributed.is_initialized():
        joined = _join_those_there(seconds, start)
    else:
        rank, size = (int(os.environ.get(name, alone)) for name, alone in _ALONE.items())
        if size == 1:
            yield Alone()
            return
        joined = _join_launched(rank, size, seconds, start, signs=signs)
    with joined as group:
        try:
            yield group
        except BaseException:
            group.abort()
            raise
        finally:
            group.end()


@contextmanager
def _join_those_there(seconds: float, start: float) -> Iterator[TorchGroup]:
    """Join the processes of PyTorch's default group, in a group of our own."""
    from torch import distributed
    from torch.distributed import PrefixStore  # type: ignore[attr-defined]

    rank, size = distributed.get_rank(), distributed.get_world_size()
    find_store = getattr(distributed.group.WORLD, "get_group_store", None)
    store: Any = None if find_store is None else find_store()
    if store is not None:  # earlier versions do not give it
        store = PrefixStore(meet(store, rank, size, start), store)
    limit = timedelta(seconds=seconds)
    with _told_by(lambda has_waited: _lost(rank, has_waited)):
        made = [distributed.new_group(backend="gloo", timeout=limit)]
    try:
        yield TorchGroup(store, seconds, group=made[0])
    finally:
        # An error may hold this function's variables, and the others wait until the group is gone.
        distributed.destroy_process_group(made.pop())


@contextmanager
def _join_launched(
    rank: int, size: int, seconds: float, start: float, *, signs: bool
) -> Iterator[TorchGroup]:
    """Make the default group of the processes that a launcher has started."""
    from torch import distributed
    from torch.distributed import PrefixStore  # type: ignore[attr-defined]

    store = _launchers_store(rank, size, start)
    _refuse_repetition(store)
    own: Any = PrefixStore(meet(store, rank, size, start), store)
    limit = timedelta(seconds=seconds)
    with _told_by(lambda has_waited: _lost(rank, has_waited)):
        distributed.init_process_group("gloo", store=own, rank=rank, world_size=size, timeout=limit)
    group = TorchGroup(own if signs else None, seconds, store)
    try:
        yield group
    finally:
        if group.uses_gpus:  # where the GPUs have failed, it may hang
            briefly(distributed.destroy_process_group)
        else:
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

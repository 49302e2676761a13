"""The GPUs of several processes that train together: each has one of its own.

Every process sees the GPUs of its machine, and takes that of its number there; or the launcher
shows each process a GPU of its own alone, by ``CUDA_VISIBLE_DEVICES``.
"""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass

from pytwolayer.checks import describe
from pytwolayer.errors import DeviceError, WorkerError
from pytwolayer.runtime.device import (
    available_devices,
    is_forked_from_gpu,
    reason_missing,
    select_device,
)
from pytwolayer.runtime.torch_loading import torch

_NAMES = ("auto", "cpu", "cuda")


def kind_asked_for(device: "str | torch.device") -> str:
    """Return which kind of device several processes are to have: "cpu", "cuda" or "auto".

    Raises
    ------
    DeviceError
        If another one is asked for.
    """
    name = str(device) if isinstance(device, (str, torch.device)) else None
    if name == "cpu:0":  # as in the ``device`` of a tensor
        return "cpu"
    if name is None or name not in _NAMES:
        expected = '"cpu", "cuda" (a GPU for each) or "auto" where there are several processes'
        raise DeviceError("device", expected, describe(device if name is None else name))
    return name


def select_for_workers(device: "str | torch.device", workers: int) -> torch.device:
    """Select the kind of device for so many processes that this one starts on its machine.

    The GPUs are counted without starting CUDA here, where the system tells their number.

    Parameters
    ----------
    device : str or torch.device
        ``"cpu"``, ``"cuda"``, or ``"auto"``: GPUs if there are enough for all, else the CPU.
    workers : int
        With 1 that is this process, and the device is ``select_device()``'s.

    Raises
    ------
    DeviceError
        If there are fewer GPUs than processes, or another device is asked for.
    """
    if workers == 1:
        return select_device(device)
    kind = kind_asked_for(device)
    if kind == "cpu":
        return torch.device("cpu")
    gpus = 0 if is_forked_from_gpu() else torch.cuda.device_count()
    if gpus >= workers:
        return torch.device("cuda")
    if kind == "auto":
        return torch.device("cpu")
    if gpus == 0:
        raise DeviceError("device", '"cpu" on this machine', f'"cuda": {reason_missing("cuda")}')
    expected = f'"cpu", or `workers` at most {gpus}, since each needs a GPU of its own'
    there = f"{gpus} CUDA GPU{'s are' if gpus > 1 else ' is'} visible"
    raise DeviceError("device", expected, f'"cuda" with {workers} workers: {there}')


@dataclass(frozen=True)
class VisibleGpus:
    """What one of several processes sees.

    Attributes
    ----------
    host : str
        The machine.
    place : int or None
        The process's number on its machine, from 0, if the launcher has told it.
    gpus : tuple of str
        What tells these GPUs from all others.
    reason : str
        Why there are none.
    """

    host: str
    place: int | None
    gpus: tuple[str, ...] = ()
    reason: str = ""

    @classmethod
    def here(cls, device: "str | torch.device") -> "VisibleGpus":
        """Look for them, unless the process is to compute on the CPU."""
        host, place = platform.node(), os.environ.get("LOCAL_RANK")
        number = None if place is None else int(place)
        if str(device) not in ("auto", "cuda"):
            return cls(host, number)
        names = [name for name in available_devices() if name.startswith("cuda")]
        gpus = tuple(_identity(host, index) for index in range(len(names)))
        return cls(host, number, gpus, "" if gpus else reason_missing("cuda"))


def _identity(host: str, index: int) -> str:
    found = getattr(torch.cuda.get_device_properties(index), "uuid", None)
    if found is not None:
        return str(found)
    return f"{host} {os.environ.get('CUDA_VISIBLE_DEVICES', '')} {index}"


def select_among(
    device: "str | torch.device", rank: int, members: Sequence[VisibleGpus]
) -> torch.device:
    """Select the device of one of several processes, all of which come to the same kind.

    Parameters
    ----------
    device : str or torch.device
        As of ``select_for_workers()``, the same in all processes.
    rank : int
        This process's.
    members : sequence of VisibleGpus
        Of all, rank by rank.

    Raises
    ------
    DeviceError
        If none of them has a GPU, or another device is asked for.
    WorkerError
        If some have, and one has none of its own; it names this one.
    """
    kind = kind_asked_for(device)
    if kind == "cpu":
        return torch.device("cpu")
    own = [_own_gpu(member, _place(each, members)) for each, member in enumerate(members)]
    problem = _who_has_none(own, members)
    if problem is None:
        return torch.device("cuda", own[rank] or 0)
    if kind == "auto":
        return torch.device("cpu")
    if not any(member.gpus for member in members):
        expected = '"cpu" on these machines'
        raise DeviceError("device", expected, f'"cuda": {members[0].reason}')
    other, what = problem
    mend = 'Start as many processes as there are GPUs, or give `device = "cpu"`'
    raise WorkerError(other, members[other].host, f"has no GPU of its own: {what}. {mend}")


def _place(rank: int, members: Sequence[VisibleGpus]) -> int:
    """Return a process's number on its machine."""
    own = members[rank]
    if own.place is not None:
        return own.place
    return sum(member.host == own.host for member in members[:rank])


def _own_gpu(member: VisibleGpus, place: int) -> int | None:
    if place < len(member.gpus):
        return place
    return 0 if len(member.gpus) == 1 else None


def _who_has_none(
    own: Sequence[int | None], members: Sequence[VisibleGpus]
) -> tuple[int, str] | None:
    """Return the first process without a GPU of its own, and why it has none."""
    taken: dict[str, int] = {}
    for rank, (number, member) in enumerate(zip(own, members, strict=True)):
        if number is None:
            seen = f"the {len(member.gpus)} that it sees are for others"
            return rank, seen if member.gpus else member.reason
        identity = member.gpus[number]
        if identity in taken:
            return rank, f"worker {taken[identity]} has the only one that it sees"
        taken[identity] = rank
    return None


def own_gpu_of_worker() -> torch.device:
    """Return the GPU of one of the processes that ``select_for_workers()`` found enough for.

    Raises
    ------
    DeviceError
        If it cannot be used.
    """
    place = int(os.environ.get("LOCAL_RANK", "0"))
    if f"cuda:{place}" not in available_devices():
        expected = '"cpu", since a GPU that is visible cannot be used'
        raise DeviceError("device", expected, f'"cuda": {reason_missing("cuda")}')
    return torch.device("cuda", place)

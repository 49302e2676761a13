"""The devices of this machine, and selecting one."""

import re
from contextlib import AbstractContextManager, nullcontext

from pytwolayer.checks import describe
from pytwolayer.errors import DeviceError
from pytwolayer.runtime.torch_loading import torch


def available_devices() -> list[str]:
    """List the devices that a fit can use here, the best one first.

    Returns
    -------
    list of str
        Such as ``["cuda:0", "cuda:1", "cpu"]``; the CPU is always there. A process that was
        forked from one that had used a GPU can use none.
    """
    devices = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    if _unusable_after_fork("cuda") or not torch.cuda.is_available():
        devices = []
    if torch.backends.mps.is_available() and not _unusable_after_fork("mps"):
        devices.append("mps")
    return [*devices, "cpu"]


def _unusable_after_fork(kind: str) -> bool:
    """Tell whether this process was forked from one that had used such a GPU."""
    forked = getattr(getattr(torch, kind), "_is_in_bad_fork", None)
    return forked is not None and bool(forked())


def select_device(device: "str | torch.device" = "auto") -> torch.device:
    """Select a device by its name.

    Parameters
    ----------
    device : str or torch.device
        ``"auto"`` (the best there is), ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"``.

    Returns
    -------
    torch.device

    Raises
    ------
    DeviceError
        If the name is unknown or the device is not in this machine; it says why. The CPU is
        never used in its place.
    """
    name = str(device) if isinstance(device, (str, torch.device)) else None
    if name in ("cpu", "cpu:0"):
        # GPUs are not looked for: that starts CUDA's driver, which takes long, and after which
        # a forked process can use no GPU.
        return torch.device("cpu")
    available = available_devices()
    if name == "auto":
        return torch.device(available[0])
    kind = re.fullmatch(r"(cpu|cuda|mps)(:0|:[1-9][0-9]*)?", name or "")
    if kind is not None and kind[1] != "cuda" and kind[2] == ":0":
        name = kind[1]  # as in the ``device`` of a tensor
    elif name is None or kind is None or (kind[2] and kind[1] != "cuda"):
        raise DeviceError(
            "device", 'one of "auto", "cpu", "cuda", "cuda:<n>", "mps"', describe(device)
        )
    if name not in available and f"{name}:0" not in available:
        raise DeviceError("device", _expected(available), f'"{name}": {reason_missing(kind[1])}')
    return torch.device(name)


def _expected(available: list[str]) -> str:
    return "a device of this machine (" + ", ".join(f'"{name}"' for name in available) + ")"


def is_gpu(device: torch.device) -> bool:
    """Whether it is a GPU on which work is queued by CUDA."""
    return device.type == "cuda"


def current_device(device: torch.device) -> AbstractContextManager[object]:
    """Have what is put on a GPU without further words be on this one, within the context."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


def is_forked_from_gpu() -> bool:
    """Tell whether this process was forked from one that had used a GPU by CUDA."""
    return _unusable_after_fork("cuda")


def reason_missing(kind: str) -> str:
    """Say why no device of a kind can be used here, or how many there are."""
    if _unusable_after_fork(kind):
        return (
            "this process was forked from one that had used it; a newly started process "
            "(multiprocessing's \"spawn\", R's makeCluster()) can use it"
        )
    if kind == "mps":
        built = torch.backends.mps.is_built()
        return "this machine has no Apple GPU" if built else "this PyTorch is built without MPS"
    if torch.version.cuda is None and torch.version.hip is None:
        return f"this PyTorch ({torch.__version__}) is built without CUDA"
    if torch.cuda.device_count() == 0:
        return "no CUDA GPU is visible"
    return f"{torch.cuda.device_count()} CUDA GPU(s) are visible"

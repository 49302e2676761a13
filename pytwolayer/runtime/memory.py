"""Running out of memory: one error that says how much was needed and what to change."""

import re
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any, TypeVar, cast

from pytwolayer.errors import DeviceMemoryError
from pytwolayer.runtime.torch_loading import torch

# Except on CUDA, PyTorch raises a plain RuntimeError with one of these texts.
_SHORTAGE = re.compile(
    r"out of memory|can't allocate memory|not enough memory|STATUS_ALLOC_FAILED", re.IGNORECASE
)
_ASKED = re.compile(r"(?:tried|unable) to allocate ([\d.]+) ?(bytes|[kmgtp]i?b)", re.IGNORECASE)
_UNITS = "bkmgtp"
_F = TypeVar("_F", bound=Callable[..., Any])

FEWER_DATA = "Use fewer rows or columns"
# While a thread captures a CUDA graph, no other may free memory, or use the stream of captures.
capture_lock = threading.RLock()


@contextmanager
def guard_memory(device: "str | torch.device", work: str, change: str) -> Iterator[None]:
    """Convert errors about a lack of memory to ``DeviceMemoryError``.

    Parameters
    ----------
    device : str or torch.device
        The device that is computed on.
    work : str
        What the memory is for, with the sizes that determine it.
    change : str
        What the user can do to need less.

    Raises
    ------
    DeviceMemoryError
        In the place of PyTorch's and NumPy's errors; with their ``fit``, if they have one.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as problem:
        if not _is_shortage(problem):
            raise
        short = DeviceMemoryError(str(device), needed_bytes(str(problem)), work, change)
        short.fit = getattr(problem, "fit", None)
        _free(problem, torch.device(device))
        raise short from problem


def _is_shortage(problem: Exception) -> bool:
    if isinstance(problem, DeviceMemoryError):
        return False
    return isinstance(problem, MemoryError) or _SHORTAGE.search(str(problem)) is not None


def needed_bytes(message: str) -> int | None:
    """Parse how many bytes could not be allocated from a message of PyTorch or NumPy."""
    asked = _ASKED.search(message)
    if asked is None:
        return None
    number = float(asked[1].rstrip("."))
    unit: int = 1024 ** _UNITS.index(asked[2][0].lower())
    return round(number * unit)


def _free(problem: Exception, device: torch.device) -> None:
    """Free the memory of the failed work, so that the next try has room.

    The error's traceback holds the local variables of every function that it passed through.
    """
    traceback.clear_frames(problem.__traceback__)
    if device.type == "cuda":
        _release_cached_memory()


def _release_cached_memory() -> None:
    # A GPU that has failed altogether raises its error at every call, also in fits on the CPU.
    with capture_lock, suppress(RuntimeError):
        torch.cuda.empty_cache()


def releases_gpu_memory(function: _F) -> _F:
    """Decorate a function to release the GPU memory that PyTorch has cached when it ends.

    PyTorch would keep it for its own later use, out of reach of other programs.
    """

    @wraps(function)
    def releasing(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        finally:
            release_gpu_memory()

    return cast("_F", releasing)


def release_gpu_memory() -> None:
    """Release the GPU memory that PyTorch has cached for later use in this process."""
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        _release_cached_memory()


def fit_size(rows: int, columns: int, hidden_units: int, batch: int) -> str:
    """Describe the sizes that determine how much memory a fit needs."""
    return (
        f"{rows} rows of {columns} columns, {hidden_units} hidden units "
        f"and batches of up to {batch} rows"
    )


def suggest_smaller_fit(
    rows: int, columns: int, hidden_units: int, batch: int, device: torch.device
) -> str:
    """Suggest what makes a fit need less memory: less of the data, or a smaller network."""
    if rows * columns > hidden_units * max(batch, columns):
        change = FEWER_DATA
    elif columns > batch:
        change = "Use fewer `hidden_units`"
    else:
        change = "Use a smaller `batch_size` or fewer `hidden_units`"
    return change if device.type == "cpu" else f'{change}, or `device = "cpu"`'

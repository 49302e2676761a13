"""What passes between R and PyTorch's own functions, where reticulate would change it."""

import math
import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pytwolayer.runtime.torch_loading import torch
from pytwolayer_tensor_values import Sent, TensorError, describe, first_line, for_r, from_r, send

# The least of R's integers stands for a missing one.
SMALL = 2**31
EXACT = 2**53


# ---- Numbers out -----------------------------------------------------------------------------


@for_r
def numbers_for_r(value: Any) -> Any:
    """Make doubles of the whole numbers in lists that R's integers do not reach."""
    return _reachable(value)


def _reachable(value: Any) -> Any:
    kind = type(value)
    if kind is int:
        return value if abs(value) < SMALL else _double(value)
    if kind in (dict, OrderedDict):
        return _like(value, {key: _reachable(each) for key, each in value.items()})
    if kind is list or kind is tuple:
        large = any(type(each) is int and abs(each) >= SMALL for each in value)
        return _like(value, [_among(each, large) for each in value])
    return value


def _among(value: Any, large: bool) -> Any:
    """Numbers that come in one list become one R vector, so they are of one type."""
    return _double(value) if large and type(value) is int else _reachable(value)


def _double(value: int) -> float:
    if abs(value) > EXACT:
        raise TensorError(
            f"Python's whole number {value} is beyond 2^53: R, whose numbers are doubles, cannot "
            "hold it exactly."
        )
    return float(value)


def _like(old: Any, new: Any) -> Any:
    """Give the old object itself where nothing has changed."""
    if isinstance(old, dict):
        same = all(old[key] is new[key] for key in old)
        return old if same else type(old)(new)
    return old if all(a is b for a, b in zip(old, new, strict=True)) else type(old)(new)


@for_r
def array_for_r(value: np.ndarray[Any, Any]) -> Sent | None:
    """Give a NumPy array of numbers to R as a tensor is given; None where it is no such array."""
    if value.dtype.kind not in "fiub":
        return None
    with warnings.catch_warnings():  # of arrays that cannot be written to; here they are not
        warnings.simplefilter("ignore", UserWarning)
        native = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("="))
        return send(torch.from_numpy(native.reshape(value.shape)))


# ---- Numbers in ------------------------------------------------------------------------------


@for_r
def array_from_r(sent: Sent) -> np.ndarray[Any, Any]:
    """Make a NumPy array of R's, a copy."""
    if sent["kind"] == "complex":
        flat = np.concatenate([np.frombuffer(piece, "complex128") for piece in sent["bytes"]])
        return flat.reshape([int(size) for size in sent["dim"]], order="F")
    return from_r(sent).contiguous().numpy().copy()


# What makes a tensor of values that are given, in contrast to what asks something of them.
MAKERS = {
    "as_tensor", "asarray", "fill", "full", "full_like", "index_fill", "masked_fill", "new_full",
    "new_tensor", "scalar_tensor", "tensor", "where", "BoolTensor",
}  # fmt: skip
# Whole numbers are what they give, and missing values no matter.
PLACES = {"searchsorted", "bucketize"}
NO_PLACE = (
    "Missing values (NA, NaN) do not fit into a tensor of {}: give it a type of floating-point "
    "numbers, such as `torch$float32`."
)


@for_r
def call_with_care(
    function: Callable[..., Any],
    args: Sequence[Any],
    named: dict[str, Any] | list[Any],
    missing: bool,
) -> Any:
    """Call what is given R's arrays, or missing numbers, which only some types of tensors hold.

    PyTorch makes the least number there is of them, or True, without a word; and of what NumPy's
    arrays hold beyond a type's reach another number.
    """
    named = dict(named)  # R's empty list has no names
    for dtype in (each for each in (*args, *named.values()) if isinstance(each, torch.dtype)):
        for array in (each for each in (*args, *named.values()) if isinstance(each, np.ndarray)):
            check_reach(array, dtype)
    if not missing:
        return function(*args, **named)
    _refuse_in_place(function, args, named)
    try:
        result = function(*args, **named)
    except (RuntimeError, TypeError, ValueError) as problem:
        said = first_line(problem)
        if "without overflow" in said:
            said = NO_PLACE.format("whole numbers")
        raise TensorError(
            f"{said} (There are missing values, NA, which PyTorch is given as NaN.)"
        ) from problem
    name = getattr(function, "__name__", "")
    if isinstance(result, torch.Tensor) and (
        name in MAKERS or (result.dtype != torch.bool and name not in PLACES)
    ):
        _refuse_missing(result.dtype)
    return result


def _refuse_in_place(
    function: Callable[..., Any], args: Sequence[Any], named: dict[str, Any]
) -> None:
    name = getattr(function, "__name__", "")
    changed = [named.get("out")]
    if name.endswith("_") and not name.startswith("_") and name != "requires_grad_":
        own = getattr(function, "__self__", None)
        changed += [own] if isinstance(own, torch.Tensor) else [*args, named.get("tensor")][:1]
    for each in changed:
        if isinstance(each, torch.Tensor):
            _refuse_missing(each.dtype)


def holds_fractions(dtype: torch.dtype) -> bool:
    """Whether a type is one of those that hold missing values too."""
    return dtype.is_floating_point or dtype.is_complex


def _refuse_missing(dtype: torch.dtype) -> None:
    if not holds_fractions(dtype):
        raise TensorError(NO_PLACE.format(f"type {type_name(dtype)}"))


def check_reach(values: np.ndarray[Any, Any] | torch.Tensor, dtype: torch.dtype) -> None:
    """Refuse what a type of whole numbers, or bools, would turn into another number."""
    values = values.numpy() if isinstance(values, torch.Tensor) else values
    if holds_fractions(dtype) or values.size == 0 or values.dtype.kind not in "fiu":
        return
    ends = [end.item() for end in (values.min(), values.max())]
    if any(map(math.isnan, ends)):
        _refuse_missing(dtype)
    if dtype == torch.bool:
        return
    limits = torch.iinfo(dtype)
    for value in (math.trunc(end) if math.isfinite(end) else end for end in ends):
        if not limits.min <= value <= limits.max:
            raise TensorError(f"{value} does not fit into a tensor of type {type_name(dtype)}.")


def type_name(dtype: torch.dtype) -> str:
    """Name a type without the module."""
    return str(dtype).removeprefix("torch.")


# ---- Types and sizes -------------------------------------------------------------------------


@for_r
def sizes(x: Sequence[int]) -> list[float]:
    """Give a torch.Size to R, as doubles because R's integers end at 2^31."""
    return [float(size) for size in x]


@for_r
def dtype_named(name: str) -> torch.dtype:
    """Find a type by its name, with or without torch's before it."""
    found = getattr(torch, name.removeprefix("torch."), None)
    if isinstance(found, torch.dtype):
        return found
    raise TensorError(
        f'`dtype` must be a type of PyTorch\'s, such as `torch$float32` or "float32", not "{name}".'
    )


@for_r
def moved(x: Any, dtype: torch.dtype | None, device: Any) -> torch.Tensor:
    """Give a tensor itself, or what another type or device makes of it; of an array a copy."""
    if not isinstance(x, torch.Tensor | np.ndarray | np.generic):
        raise TensorError(f"`x` must be a tensor or R numbers or logicals, not {describe(x)}.")
    found = x if isinstance(x, torch.Tensor) else torch.tensor(x)
    return found.to(device=found.device if device is None else device, dtype=dtype or found.dtype)


# ---- Memory ----------------------------------------------------------------------------------


def memory_in_use() -> list[float]:
    """Bytes that this process has in memory, and that PyTorch has on the devices."""
    return [_resident(), float(_on_devices())]


def _resident() -> float:
    try:
        told = Path("/proc/self/statm").read_bytes()
        return float(int(told.split()[1]) * _page())
    except OSError:
        return _peak()


def _page() -> int:
    import resource  # not everywhere

    return resource.getpagesize()


def _peak() -> float:
    """Where the present use is not told: its peak, which grows only with new garbage."""
    try:
        import resource  # not on Windows
    except ImportError:
        return _working_set()
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)  # bytes on a Mac


def _working_set() -> float:
    import ctypes  # for Windows

    try:
        library = ctypes.windll.psapi  # type: ignore[attr-defined]
        process = ctypes.c_void_p(-1)
        # PROCESS_MEMORY_COUNTERS: two 32-bit numbers, then sizes; the second size is meant.
        counters = (ctypes.c_size_t * 16)()
        fine = library.GetProcessMemoryInfo(process, counters, ctypes.sizeof(counters))
    except (AttributeError, OSError):
        return math.nan
    start = 8 // ctypes.sizeof(ctypes.c_size_t)
    return float(counters[start + 1]) if fine else math.nan


def _on_devices() -> int:
    used = 0
    if torch.cuda.is_initialized():
        used += sum(map(torch.cuda.memory_allocated, range(torch.cuda.device_count())))
    if torch.backends.mps.is_available():
        used += torch.mps.current_allocated_memory()
    return used

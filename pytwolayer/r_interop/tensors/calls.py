"""What passes between R and PyTorch's own functions, where reticulate would change it."""

import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pytwolayer.r_interop.tensors.dtypes import NO_PLACE, _refuse_missing, check_reach
from pytwolayer.r_interop.tensors.values import (
    Sent,
    TensorError,
    called_from_r,
    first_line,
    from_r,
    send,
)
from pytwolayer.runtime.torch_loading import torch

# The least of R's integers stands for a missing one.
SMALL = 2**31
EXACT = 2**53


# ---- Numbers out -----------------------------------------------------------------------------


@called_from_r
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


@called_from_r
def array_for_r(value: np.ndarray[Any, Any]) -> Sent | None:
    """Give a NumPy array of numbers to R as a tensor is given; None where it is no such array."""
    if value.dtype.kind not in "fiub":
        return None
    with warnings.catch_warnings():  # of arrays that cannot be written to; here they are not
        warnings.simplefilter("ignore", UserWarning)
        native = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("="))
        return send(torch.from_numpy(native.reshape(value.shape)))


# ---- Numbers in ------------------------------------------------------------------------------


@called_from_r
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


@called_from_r
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


# ---- Types and sizes -------------------------------------------------------------------------


# ---- Memory ----------------------------------------------------------------------------------

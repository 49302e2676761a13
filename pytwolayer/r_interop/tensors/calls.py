"""What passes between R and PyTorch's own functions, where reticulate would change it."""

import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from pytwolayer.r_interop.tensors.dtypes import NO_MISSING, check_range, refuse_missing
from pytwolayer.r_interop.tensors.values import (
    RValues,
    TensorError,
    called_from_r,
    first_line,
    from_r,
    to_r,
)
from pytwolayer.runtime.torch_loading import torch

# R's integers are smaller than 2^31, and its doubles hold whole numbers up to 2^53 exactly.
_INTEGER, _EXACT = 2**31, 2**53

# ---- Results -----------------------------------------------------------------------------------


@called_from_r
def numbers_for_r(value: Any) -> Any:
    """Convert whole numbers in lists, tuples and dicts that R's integers do not hold to doubles.

    Otherwise reticulate gives NA for them. Numbers in one list become one R vector, so they are of
    one type. Containers without such numbers are given back themselves, not as copies.
    """
    kind = type(value)
    if _is_large(value):
        if abs(value) > _EXACT:
            raise TensorError(
                f"Python's whole number {value} is beyond 2^53: R, whose numbers are doubles, "
                "cannot hold it exactly.",
                number=str(value),
            )
        return float(value)
    if kind in (dict, OrderedDict):
        items = {key: numbers_for_r(each) for key, each in value.items()}
        return value if all(items[key] is value[key] for key in value) else kind(items)
    if kind in (list, tuple):
        large = any(map(_is_large, value))
        found = [
            float(each) if large and type(each) is int and not _is_large(each)
            else numbers_for_r(each)
            for each in value
        ]  # fmt: skip
        return value if all(a is b for a, b in zip(value, found, strict=True)) else kind(found)
    return value


def _is_large(value: Any) -> bool:
    return type(value) is int and abs(value) >= _INTEGER


@called_from_r
def array_for_r(value: np.ndarray[Any, Any]) -> RValues | None:
    """Copy a NumPy array of numbers for R as a tensor is; None where it is no such array."""
    if value.dtype.kind not in "fiub":
        return None
    with warnings.catch_warnings():  # of arrays that cannot be written to; here they are not
        warnings.simplefilter("ignore", UserWarning)
        native = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("="))
        return to_r(torch.from_numpy(native.reshape(value.shape)))


# ---- Arguments ---------------------------------------------------------------------------------


@called_from_r
def array_from_r(sent: RValues) -> np.ndarray[Any, Any]:
    """Make a NumPy array of R's: a copy, as Python would write into R's own memory."""
    if sent["kind"] == "complex":
        flat = np.concatenate([np.frombuffer(piece, "complex128") for piece in sent["bytes"]])
        return flat.reshape([int(size) for size in sent["dim"] or ()], order="F")
    return from_r(sent).contiguous().numpy().copy()


# Functions that make a tensor of the values given, in contrast to those that ask something of them.
_MAKERS = {
    "as_tensor", "asarray", "fill", "full", "full_like", "index_fill", "masked_fill", "new_full",
    "new_tensor", "scalar_tensor", "tensor", "where", "BoolTensor",
}  # fmt: skip
# Functions that give whole numbers whatever they are given, NaN included.
_GIVE_POSITIONS = {"searchsorted", "bucketize"}


@called_from_r
def call_with_care(
    function: Callable[..., Any],
    args: Sequence[Any],
    named: Mapping[str, Any] | list[Any],
    missing: bool,
) -> Any:
    """Call a function with R's arrays or missing values, which only some types of tensors hold.

    PyTorch converts missing values to the least number of a type, or True, without an error; and
    what is beyond a type's limits in NumPy's arrays to another number.

    Parameters
    ----------
    function : callable
        A function or bound method.
    args, named
        Its arguments. R's empty list has no names, and so arrives as a list.
    missing : bool
        Whether there are missing values among them.
    """
    named = dict(named)
    given = [*args, *named.values()]
    for dtype in (each for each in given if isinstance(each, torch.dtype)):
        for array in (each for each in given if isinstance(each, np.ndarray)):
            check_range(array, dtype)
    if not missing:
        return function(*args, **named)
    name = getattr(function, "__name__", "")
    for changed in _changed_in_place(function, name, args, named):
        if isinstance(changed, torch.Tensor):
            refuse_missing(changed.dtype)
    try:
        result = function(*args, **named)
    except (RuntimeError, TypeError, ValueError) as problem:
        message = first_line(problem)
        if "without overflow" in message:
            message = NO_MISSING.format("whole numbers")
        raise TensorError(
            f"{message} (There are missing values, NA, which PyTorch is given as NaN.)"
        ) from problem
    if isinstance(result, torch.Tensor) and (
        name in _MAKERS or (result.dtype != torch.bool and name not in _GIVE_POSITIONS)
    ):
        refuse_missing(result.dtype)
    return result


def _changed_in_place(
    function: Callable[..., Any], name: str, args: Sequence[Any], named: Mapping[str, Any]
) -> list[Any]:
    """List what a function writes into: ``out``, and the tensor of a name with an underscore."""
    changed = [named.get("out")]
    if name.endswith("_") and not name.startswith("_") and name != "requires_grad_":
        own = getattr(function, "__self__", None)
        changed += [own] if isinstance(own, torch.Tensor) else [*args, named.get("tensor")][:1]
    return changed

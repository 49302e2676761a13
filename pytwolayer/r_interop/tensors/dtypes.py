"""Types of tensors, and what fits into them."""

import math
from collections.abc import Collection
from typing import Any

import numpy as np

from pytwolayer.r_interop.tensors.values import TensorError, called_from_r, describe
from pytwolayer.runtime.torch_loading import torch


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


@called_from_r
def dtype_named(name: str) -> torch.dtype:
    """Find a type by its name, with or without torch's before it."""
    found = getattr(torch, name.removeprefix("torch."), None)
    if isinstance(found, torch.dtype):
        return found
    raise TensorError(
        f'`dtype` must be a type of PyTorch\'s, such as `torch$float32` or "float32", not "{name}".'
    )


NO_PLACE = (
    "Missing values (NA, NaN) do not fit into a tensor of {}: give it a type of floating-point "
    "numbers, such as `torch$float32`."
)


def usual_type(kinds: Collection[str]) -> torch.dtype:
    """Choose the type that PyTorch gives such numbers of R's: of several kinds the widest."""
    if "double" in kinds:
        return torch.get_default_dtype()
    return torch.int64 if "integer" in kinds else torch.bool


def check_fits(value: torch.Tensor, x: torch.Tensor) -> None:
    """Refuse what a tensor of whole numbers or bools would hold otherwise than it came."""
    if value.is_complex() and not x.is_complex():
        raise TensorError(f"Complex numbers do not fit into {describe(x)}.")
    if x.is_floating_point() or x.is_complex() or value.dtype == x.dtype:
        return
    wide = value.double() if value.is_floating_point() else value.long()
    limits = (
        (0, 1) if x.dtype == torch.bool else (torch.iinfo(x.dtype).min, torch.iinfo(x.dtype).max)
    )
    fits = (wide == wide.trunc()) & (wide >= limits[0]) & (wide <= limits[1])
    if not bool(fits.all()):
        worst = wide[~fits].flatten()[0].item()
        raise TensorError(f"{worst} does not fit into {describe(x)}: convert it first, `x$to()`.")


@called_from_r
def kind_of_numbers(x: torch.Tensor) -> str:
    """Give R's word for the type."""
    if x.dtype == torch.bool:
        return "logical"
    return "complex" if x.is_complex() else "numeric"

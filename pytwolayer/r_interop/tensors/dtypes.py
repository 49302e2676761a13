"""Types of tensors, and what fits into them."""

import math
from collections.abc import Collection
from typing import Any

import numpy as np

from pytwolayer.r_interop.tensors.values import TensorError, called_from_r, describe
from pytwolayer.runtime.torch_loading import torch

NO_MISSING = (
    "Missing values (NA, NaN) do not fit into a tensor of {}: give it a type of floating-point "
    "numbers, such as `torch$float32`."
)


@called_from_r
def dtype_named(name: str) -> torch.dtype | None:
    """Find a type by its name, with or without torch's before it; None if there is no such type."""
    found = getattr(torch, name.removeprefix("torch."), None)
    return found if isinstance(found, torch.dtype) else None


@called_from_r
def kind_of_numbers(x: torch.Tensor) -> str:
    """Return R's word for a tensor's type."""
    if x.dtype == torch.bool:
        return "logical"
    return "complex" if x.is_complex() else "numeric"


def default_dtype(kinds: Collection[str]) -> torch.dtype:
    """Choose the type that PyTorch gives numbers of R's types: of several the widest."""
    if "double" in kinds:
        return torch.get_default_dtype()
    return torch.int64 if "integer" in kinds else torch.bool


def type_name(dtype: torch.dtype) -> str:
    """Name a type without the module."""
    return str(dtype).removeprefix("torch.")


def is_whole(x: torch.Tensor) -> bool:
    """Return whether a tensor has whole numbers or bools."""
    return not holds_fractions(x.dtype)


def holds_fractions(dtype: torch.dtype) -> bool:
    """Return whether a type holds fractions, and so missing values (NaN) too."""
    return dtype.is_floating_point or dtype.is_complex


def limits(dtype: torch.dtype) -> tuple[int, int]:
    """Return the least and the largest number of a type of whole numbers, or of bools."""
    return (0, 1) if dtype == torch.bool else (torch.iinfo(dtype).min, torch.iinfo(dtype).max)


# PyTorch converts what is beyond a type's limits, NaN included, to some other number without an
# error. What makes a new tensor may cut fractions off, as in R's as.integer(); what is assigned to
# elements must be held exactly.


def refuse_missing(dtype: torch.dtype) -> None:
    """Raise the error for missing values, unless the type holds them."""
    if not holds_fractions(dtype):
        raise TensorError(NO_MISSING.format(f"type {type_name(dtype)}"))


def check_range(values: np.ndarray[Any, Any] | torch.Tensor, dtype: torch.dtype) -> None:
    """Refuse numbers beyond the limits of a type of whole numbers, and missing ones."""
    values = values.numpy() if isinstance(values, torch.Tensor) else values
    if holds_fractions(dtype) or values.size == 0 or values.dtype.kind not in "fiu":
        return
    ends = [end.item() for end in (values.min(), values.max())]
    if any(map(math.isnan, ends)):
        refuse_missing(dtype)
    if dtype == torch.bool:
        return
    low, high = limits(dtype)
    for value in (math.trunc(end) if math.isfinite(end) else end for end in ends):
        if not low <= value <= high:
            raise TensorError(f"{value} does not fit into a tensor of type {type_name(dtype)}.")


def check_exact(value: torch.Tensor, x: torch.Tensor) -> None:
    """Refuse to assign what ``x``, of whole numbers or bools, would not hold exactly."""
    if value.is_complex() and not x.is_complex():
        raise TensorError(f"Complex numbers do not fit into {describe(x)}.")
    if holds_fractions(x.dtype) or value.dtype == x.dtype:
        return
    wide = value.double() if value.is_floating_point() else value.long()
    low, high = limits(x.dtype)
    fits = (wide == wide.trunc()) & (wide >= low) & (wide <= high)
    if not bool(fits.all()):
        worst = wide[~fits].flatten()[0].item()
        raise TensorError(f"{worst} does not fit into {describe(x)}: convert it first, `x$to()`.")

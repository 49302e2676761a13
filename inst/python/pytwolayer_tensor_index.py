"""Indexing of tensors as R does it.

R has checked the indices and made them zero-based. They come in one of three forms:

- ``{"along": [...]}``: one entry per dimension, None for all of it, ``{"start", "count"}`` for a
  run, or a sent vector of positions;
- ``{"cells": sent, "vector": flag}``: positions in the tensor seen as one long column-major
  vector, and whether a single element stays a vector;
- ``{"mask": tensor}``: a bool tensor of the same shape.
"""

import math
from typing import Any

import numpy as np

from pytwolayer.torch_loading import torch
from pytwolayer_tensor_values import (
    Sent,
    TensorError,
    column_major,
    describe,
    flatten,
    for_r,
    from_r,
)

Index = dict[str, Any]


@for_r
def take(x: torch.Tensor, index: Index, drop: bool) -> torch.Tensor:
    """Give a copy of the elements at ``index``."""
    if "along" not in index:
        view = at_least_1d(x)
        found = view[cells(view, index)]
        return found.squeeze() if drop and not index.get("vector", True) else found
    found, copied = x, False
    for dim, entry in enumerate(index["along"]):
        if entry is not None and "start" in entry:
            found = found.narrow(dim, int(entry["start"]), int(entry["count"]))
        elif entry is not None:
            found, copied = found.index_select(dim, positions(entry, x)), True
    found = found if copied else found.clone()
    return found.squeeze() if drop else found


@for_r
def put(x: torch.Tensor, index: Index, value: Any) -> torch.Tensor:
    """Assign ``value`` to the elements at ``index``, in place."""
    if x.requires_grad and x.is_leaf and torch.is_grad_enabled():
        raise TensorError(
            "A tensor that requires a gradient cannot be changed in place while PyTorch records "
            "operations: use `with(torch$no_grad(), x[i] <- value)`."
        )
    view = at_least_1d(x)
    key, size, kept = selection(view, index)
    if not all(size):
        return x
    assigned = replacement(value, x, size)
    if assigned.dim():
        for dim, positions_kept in kept.items():
            assigned = assigned.index_select(dim, positions_kept)
    view[key] = assigned
    return x


def at_least_1d(x: torch.Tensor) -> torch.Tensor:
    """Let a 0-dimensional tensor be indexed as a vector of one element; shares its memory."""
    return x.reshape(1) if x.dim() == 0 else x


def positions(sent: Sent, x: torch.Tensor) -> torch.Tensor:
    """Make an index tensor of positions, which R sends as doubles."""
    return from_r(sent).long().to(x.device)


def cells(x: torch.Tensor, index: Index) -> tuple[torch.Tensor, ...]:
    """Turn positions in column-major order, or a mask, into one index per dimension."""
    if "cells" in index:
        return coordinates(positions(index["cells"], x), x)
    mask = index["mask"]
    if mask.dtype != torch.bool:
        raise TensorError(
            f"As an index a tensor must be bool, not {describe(mask)}: whether its numbers count "
            "from 0 or from 1 cannot be known. Use `as.integer(i) + 1L` for PyTorch's positions."
        )
    if mask.shape != x.shape:
        raise TensorError(f"A mask must have the tensor's shape: {describe(x)}, {describe(mask)}.")
    return coordinates(flatten(mask).nonzero().reshape(-1).to(x.device), x)


def coordinates(position: torch.Tensor, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Split positions in column-major order into one index per dimension."""
    found = []
    for size in x.shape:
        found.append(position % max(size, 1))
        position = position // max(size, 1)
    return tuple(found)


def selection(
    x: torch.Tensor, index: Index
) -> tuple[tuple[Any, ...], list[int], dict[int, torch.Tensor]]:
    """Give PyTorch's key, the selected shape, and by dimension what is left of duplicates.

    Of an element assigned twice R keeps the last value; PyTorch leaves it open.
    """
    if "along" not in index:
        key = cells(x, index)
        kept = last_of_each(linear(key, x))
        cut = {} if kept is None else {0: kept}
        unique = key if kept is None else tuple(part[kept] for part in key)
        return unique, [key[0].numel()], cut
    entries = index["along"]
    if all(entry is None or "start" in entry for entry in entries):
        runs = tuple(run(entry, size) for entry, size in zip(entries, x.shape, strict=True))
        return runs, list(x[runs].shape), {}
    chosen = [
        torch.arange(size, device=x.device)[run(entry, size)]
        if entry is None or "start" in entry
        else positions(entry, x)
        for entry, size in zip(entries, x.shape, strict=True)
    ]
    cut = {}
    for dim, each in enumerate(chosen):
        kept = last_of_each(each)
        if kept is not None:
            cut[dim] = kept
    crossed = torch.meshgrid(
        *(each[cut[dim]] if dim in cut else each for dim, each in enumerate(chosen)), indexing="ij"
    )
    return tuple(crossed), [each.numel() for each in chosen], cut


def run(entry: dict[str, float] | None, size: int) -> slice:
    """Make a slice of a run of positions, or of all of them."""
    if entry is None:
        return slice(0, size)
    return slice(int(entry["start"]), int(entry["start"] + entry["count"]))


def linear(key: tuple[torch.Tensor, ...], x: torch.Tensor) -> torch.Tensor:
    """Give each cell a number of its own."""
    number = torch.zeros_like(key[0])
    for part, size in zip(key, x.shape, strict=True):
        number = number * size + part
    return number


def last_of_each(values: torch.Tensor) -> torch.Tensor | None:
    """Where each value stands for the last time; None if none comes twice."""
    unique, group = torch.unique(values, return_inverse=True)
    if unique.numel() == values.numel():
        return None
    order = torch.arange(values.numel(), device=values.device)
    return torch.zeros_like(unique).scatter_reduce(0, group, order, "amax")


def replacement(value: Any, x: torch.Tensor, size: list[int]) -> torch.Tensor:
    """Bring what is assigned to the selected shape (or to 0 dimensions) and ``x``'s type."""
    if isinstance(value, dict):
        found = refilled(from_r(value | {"dim": None}), size)
    elif isinstance(value, torch.Tensor | np.ndarray | np.generic):
        found = reshaped(torch.as_tensor(value), size)
    elif isinstance(value, bool | int | float):
        found = torch.tensor(value, dtype=torch.float64 if isinstance(value, float) else None)
    else:
        raise TensorError(f"`value` must be numbers or a tensor, not {describe(value)}.")
    check_fits(found, x)
    found = found.to(x.dtype).to(x.device)
    shared = found.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
    return found.clone() if shared else found


def refilled(flat: torch.Tensor, size: list[int]) -> torch.Tensor:
    """Recycle an R vector over the selection, down its columns."""
    length, wanted = flat.numel(), math.prod(size)
    if length == 0 or wanted % length:
        raise TensorError(
            f"The number of elements to replace ({wanted}) is not a multiple of the length of "
            f"`value` ({length})."
        )
    return column_major(flat.repeat(wanted // length), size)


def reshaped(value: torch.Tensor, size: list[int]) -> torch.Tensor:
    """Fit a tensor to the selection; dimensions of length one do not count."""
    if value.numel() == 1:
        return value.reshape(())
    dropped = [length for length in size if length != 1]
    if [length for length in value.shape if length != 1] == dropped:
        return value.reshape(size)
    try:
        return value.expand(dropped).reshape(size)
    except RuntimeError as problem:
        selected = "x".join(map(str, size))
        raise TensorError(
            f"`value` must fit the selected elements ({selected}), but is {describe(value)}."
        ) from problem


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

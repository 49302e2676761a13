"""Taking parts of tensors by R's indices.

R has checked the indices and made them zero-based. They come in one of four forms:

- ``{"along": [...]}``: one entry per dimension, None for all of it, ``{"start", "count", "step"}``
  for a run, ``{"places": tensor}`` for a tensor of PyTorch's positions, or ``RValues`` of
  positions;
- ``{"cell": position}``: one position in the tensor seen as one long column-major vector;
- ``{"cells": RValues, "vector": flag}``: such positions, and whether one element stays a vector;
- ``{"mask": tensor}``: a bool tensor of the same shape.

Runs and single positions give views, by slices; all else gives copies, by index tensors.
"""

from typing import Any, TypeAlias

from pytwolayer.r_interop.tensors.values import (
    RValues,
    TensorError,
    called_from_r,
    describe,
    flatten,
    from_r,
)
from pytwolayer.runtime.torch_loading import torch

Index: TypeAlias = dict[str, Any]
Entry: TypeAlias = dict[str, Any] | None
"""One entry of ``along``."""


@called_from_r
def take(x: torch.Tensor, index: Index, drop: bool) -> torch.Tensor:
    """Return the elements at ``index``: a view for one position or runs, else a copy."""
    if "cell" in index:
        found = x[cell(x, index)]
        return found if drop else found.reshape(1)
    if "along" not in index:
        whole = x if x.dim() else x.reshape(1)
        found = whole[cells(whole, index)]
        return found.squeeze() if drop and not index.get("vector", True) else found
    found = _take_along(x, index["along"])
    return found.squeeze() if drop else found


def _take_along(x: torch.Tensor, entries: list[Entry]) -> torch.Tensor:
    """Take one dimension after the other; of all of ``x`` a view, not ``x`` itself."""
    found = x
    for dim, entry in enumerate(entries):
        if entry is None:
            continue
        if "start" in entry:
            found = _narrow(found, dim, entry)
        else:
            found = found.index_select(dim, positions_along(entry, x, dim))
    first = entries[0] if entries else None
    if first and is_block(first):
        found = found.reshape([*first["places"].shape, *found.shape[1:]])
    if found is not x:
        return found
    return x[...] if x.layout == torch.strided else x.clone()


def _narrow(x: torch.Tensor, dim: int, entry: dict[str, float]) -> torch.Tensor:
    """Take a run of positions, as a view; ``narrow()`` is quicker than a slice."""
    if entry["step"] == 1:
        return x.narrow(dim, int(entry["start"]), int(entry["count"]))
    key = [slice(None)] * dim
    return x[(*key, run(entry, x.shape[dim]))]


def is_block(entry: Entry) -> bool:
    """Return whether an index is a tensor of several dimensions, whose shape the result takes."""
    return entry is not None and "places" in entry and entry["places"].dim() > 1


@called_from_r
def index_kind(index: torch.Tensor) -> str:
    """Return "mask" or "positions"."""
    if index.dtype == torch.bool:
        return "mask"
    if index.dtype == torch.uint8:
        raise TensorError(
            "An index of type uint8 is a mask in older versions of PyTorch, and positions in "
            "newer ones: use `i$bool()` or `i$long()`."
        )
    if index.is_floating_point() or index.is_complex():
        raise TensorError(
            f"As an index a tensor must be bool or of whole numbers, not {describe(index)}."
        )
    return "positions"


def positions(sent: RValues, x: torch.Tensor) -> torch.Tensor:
    """Make an index tensor of positions, which R sends as doubles to reach beyond 2^31."""
    return from_r(sent).long().to(x.device)


def positions_along(entry: Any, x: torch.Tensor, dim: int) -> torch.Tensor:
    """Make an index tensor for one dimension."""
    if "places" not in entry:
        return positions(entry, x)
    size, places = x.shape[dim], entry["places"].detach().to(x.device).long().reshape(-1)
    outside = places[(places < -size) | (places >= size)]
    if outside.numel():
        raise TensorError(
            f"Subscript out of bounds: dimension {dim + 1} has {size} elements, the index, a "
            f"tensor that counts from 0, is {outside[0].item()}."
        )
    return torch.where(places < 0, places + size, places)


def cell(x: torch.Tensor, index: Index) -> tuple[int, ...]:
    """Split one position in column-major order into one number per dimension."""
    position, found = int(index["cell"]), []
    for size in x.shape:
        position, rest = divmod(position, size)
        found.append(rest)
    return tuple(found)


def cells(x: torch.Tensor, index: Index) -> tuple[torch.Tensor, ...]:
    """Turn positions in column-major order, or a mask, into one index per dimension."""
    if "cell" in index:
        return tuple(torch.tensor([each], device=x.device) for each in cell(x, index))
    if "cells" in index:
        return coordinates(positions(index["cells"], x), x)
    mask = index["mask"]
    if mask.shape != x.shape:
        by_rows = x.dim() > 1 and mask.shape == x.shape[:1]
        hint = f" For rows write `x[mask{', ' * (x.dim() - 1)}]`." if by_rows else ""
        raise TensorError(
            f"A mask must have the tensor's shape: {describe(x)}, {describe(mask)}.{hint}"
        )
    return coordinates(flatten(mask).nonzero().reshape(-1).to(x.device), x)


def coordinates(position: torch.Tensor, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Split positions in column-major order into one index per dimension."""
    found = []
    for size in x.shape:
        found.append(position % max(size, 1))
        position = position // max(size, 1)
    return tuple(found)


def run(entry: dict[str, float] | None, size: int) -> slice:
    """Make a slice of a run of positions, or of all of them."""
    if entry is None:
        return slice(0, size)
    start, count, step = (int(entry[part]) for part in ("start", "count", "step"))
    return slice(start, start + (count - 1) * step + 1 if count else start, step)

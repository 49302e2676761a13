"""R's replacement functions, such as ``x[i] <- value``.

R's semantics are those of a copy: they give a new tensor, and other references to the old one
keep it unchanged. Only ``put_in_place()`` writes into the tensor itself.
"""

import math
from typing import Any

from pytwolayer.r_interop.tensors.dtypes import check_exact
from pytwolayer.r_interop.tensors.index import Index, cells, is_block, positions_along, run
from pytwolayer.r_interop.tensors.values import (
    Operand,
    TensorError,
    called_from_r,
    column_major,
    describe,
    flatten,
    from_r,
    recycle,
    to_tensor,
)
from pytwolayer.runtime.torch_loading import torch


@called_from_r
def put(x: torch.Tensor, index: Index, value: Operand) -> torch.Tensor:
    """Return a copy of ``x`` with ``value`` at ``index``; gradients flow to both."""
    changed = x.clone()
    _write(changed, index, value)
    return _as_trainable(changed, x)


@called_from_r
def put_in_place(x: torch.Tensor, index: Index, value: Operand) -> torch.Tensor:
    """Write ``value`` into the elements of ``x`` itself."""
    _check_writable(x)
    _write(x, index, value)
    return x


def _as_trainable(changed: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Under no_grad(), make the replacement of a leaf that requires a gradient such a leaf too."""
    if x.requires_grad and x.is_leaf and not torch.is_grad_enabled():
        changed.requires_grad_(True)
        if x.grad is not None and x.grad.shape == changed.shape:
            changed.grad = x.grad.clone()
    return changed


def _check_writable(x: torch.Tensor) -> None:
    """Refuse what PyTorch refuses to change in place, with a message for R."""
    source = x._base if x._is_view() and x._base is not None else x
    if torch.is_grad_enabled() and source.requires_grad and source.is_leaf:
        raise TensorError(
            "A tensor that requires a gradient cannot be changed in place while PyTorch records "
            "operations: use `with(torch$no_grad(), set_at(x, ..., value = value))`."
        )
    if any(step == 0 and size > 1 for step, size in zip(_strides(x), x.shape, strict=False)):
        raise TensorError(
            "Several elements of this tensor are the same place in memory, since it was expanded: "
            "change `x$clone()`."
        )


def _strides(x: torch.Tensor) -> tuple[int, ...]:
    """Return the steps in memory, where there are some."""
    return tuple(x.stride()) if x.layout == torch.strided else ()


def _write(x: torch.Tensor, index: Index, value: Operand) -> None:
    """Assign ``value`` to the elements at ``index``, in place."""
    view = x if x.dim() else x.reshape(1)
    key, size, kept = _selection(view, index)
    if not all(size):
        return
    assigned = _replacement(value, x, size)
    if assigned.dim():
        for dim, positions_kept in kept.items():
            assigned = assigned.index_select(dim, positions_kept)
    view[key] = assigned


@called_from_r
def with_dim(x: torch.Tensor, size: list[float]) -> torch.Tensor:
    """Fold the elements, in R's order, into another shape."""
    shape = [int(each) for each in size]
    if math.prod(shape) != x.numel():
        raise TensorError(
            f"The dimensions {'x'.join(map(str, shape))} do not fit {describe(x)} with "
            f"{x.numel()} elements."
        )
    changed = column_major(flatten(x).clone(), shape).contiguous()
    _as_trainable(changed, x)
    if changed.is_leaf and changed.requires_grad and x.grad is not None:
        changed.grad = column_major(flatten(x.grad).clone(), shape).contiguous()
    return changed


@called_from_r
def with_length(x: torch.Tensor, length: float) -> torch.Tensor:
    """Cut, or fill up with missing values, the elements in R's order."""
    flat, more = flatten(x), int(length) - x.numel()
    if more <= 0:
        return _as_trainable(flat[: int(length)].clone(), x)
    if not (x.is_floating_point() or x.is_complex()):
        raise TensorError(
            f"{describe(x).capitalize()} cannot hold the missing values that a greater length "
            "needs: convert it first, `x$to()`."
        )
    return _as_trainable(torch.cat([flat, flat.new_full((more,), math.nan)]), x)


def _selection(
    x: torch.Tensor, index: Index
) -> tuple[tuple[Any, ...], list[int], dict[int, torch.Tensor]]:
    """Return PyTorch's key, the selected shape, and by dimension what is left of duplicates.

    Of an element assigned twice R keeps the last value; with PyTorch it is undefined.
    """
    if "along" not in index:
        key = cells(x, index)
        kept = _last_of_each(_linear(key, x))
        cut = {} if kept is None else {0: kept}
        unique = key if kept is None else tuple(part[kept] for part in key)
        return unique, [key[0].numel()], cut
    entries = index["along"] or [None]  # of a tensor without dimensions, seen as a vector
    if is_block(entries[0]):
        raise TensorError(
            "With an index that is a tensor of several dimensions, elements can be read, not "
            "changed."
        )
    if all(entry is None or "start" in entry for entry in entries):
        runs = tuple(run(entry, size) for entry, size in zip(entries, x.shape, strict=True))
        return runs, list(x[runs].shape), {}
    chosen = [
        torch.arange(size, device=x.device)[run(entry, size)]
        if entry is None or "start" in entry
        else positions_along(entry, x, dim)
        for dim, (entry, size) in enumerate(zip(entries, x.shape, strict=True))
    ]
    cut = {}
    for dim, each in enumerate(chosen):
        kept = _last_of_each(each)
        if kept is not None:
            cut[dim] = kept
    crossed = torch.meshgrid(
        *(each[cut[dim]] if dim in cut else each for dim, each in enumerate(chosen)), indexing="ij"
    )
    return tuple(crossed), [each.numel() for each in chosen], cut


def _linear(key: tuple[torch.Tensor, ...], x: torch.Tensor) -> torch.Tensor:
    """Return a number for each cell."""
    number = torch.zeros_like(key[0])
    for part, size in zip(key, x.shape, strict=True):
        number = number * size + part
    return number


def _last_of_each(values: torch.Tensor) -> torch.Tensor | None:
    """Return where each value stands for the last time; None if none comes twice."""
    unique, group = torch.unique(values, return_inverse=True)
    if unique.numel() == values.numel():
        return None
    order = torch.arange(values.numel(), device=values.device)
    return torch.zeros_like(unique).scatter_reduce(0, group, order, "amax")


def _replacement(value: Operand, x: torch.Tensor, size: list[int]) -> torch.Tensor:
    """Bring what is assigned to the selected shape (or to 0 dimensions) and ``x``'s type."""
    if isinstance(value, dict):
        found = _recycled(from_r(value, flat=True), size)
    else:
        found = _reshaped(to_tensor(value, "`value`"), size)
    check_exact(found, x)
    found = found.to(x.dtype).to(x.device)
    # Of memory that is shared with x, parts would be overwritten before they are read.
    shared = found.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
    return found.clone() if shared else found


def _recycled(flat: torch.Tensor, size: list[int]) -> torch.Tensor:
    """Recycle an R vector over the selection, down its columns."""
    length, wanted = flat.numel(), math.prod(size)
    if length == 0 or wanted % length:
        raise TensorError(
            f"The number of elements to replace ({wanted}) is not a multiple of the length of "
            f"`value` ({length})."
        )
    return recycle(flat, size)


def _reshaped(value: torch.Tensor, size: list[int]) -> torch.Tensor:
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

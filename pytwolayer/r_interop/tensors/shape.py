"""Elements put together and moved; R's order is column-major."""

from typing import Any

from pytwolayer.r_interop.tensors.values import (
    Sent,
    TensorError,
    as_tensor,
    called_from_r,
    column_major,
    describe,
    first_tensor,
    flatten,
    from_r,
)
from pytwolayer.runtime.torch_loading import torch


@called_from_r
def combine(values: list[Any]) -> torch.Tensor:
    """Join all elements, each argument in R's order, into one vector."""
    like = first_tensor(values)
    return torch.cat([flatten(as_tensor(value, like)) for value in values])


@called_from_r
def gather(x: torch.Tensor, positions: Sent, size: list[float]) -> torch.Tensor:
    """Take elements by R's positions, from 1, in the tensor seen as one long vector."""
    index = (from_r(positions | {"dim": None}).long() - 1).to(x.device)
    found = flatten(x)[index]
    return column_major(found, [int(length) for length in size])


@called_from_r
def permute(x: torch.Tensor, order: list[float]) -> torch.Tensor:
    """Order the dimensions anew; a view."""
    return x.permute([int(dim) for dim in order])


@called_from_r
def reshape(x: torch.Tensor, size: list[float]) -> torch.Tensor:
    """Fold the elements, in R's order, to another shape."""
    return column_major(flatten(x), [int(length) for length in size])


@called_from_r
def transpose(x: torch.Tensor) -> torch.Tensor:
    """Transpose as R's t(): a vector becomes a row."""
    if x.dim() > 2:
        raise TensorError(
            f"`t()` takes a tensor of at most 2 dimensions, not {describe(x)}: use `x$permute()`."
        )
    return x.t() if x.dim() == 2 else x.reshape(1, -1)

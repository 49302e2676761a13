"""Elements joined and moved, in R's order, which is column-major."""

from pytwolayer.r_interop.tensors.values import (
    Operand,
    RValues,
    TensorError,
    as_tensors,
    called_from_r,
    column_major,
    describe,
    flatten,
    from_r,
)
from pytwolayer.runtime.torch_loading import torch


@called_from_r
def combine(values: list[Operand]) -> torch.Tensor:
    """Join all elements, each argument in R's order, into one vector."""
    return torch.cat([flatten(value) for value in as_tensors(*values)])


@called_from_r
def gather(x: torch.Tensor, positions: RValues, size: list[float]) -> torch.Tensor:
    """Take elements by R's positions, from 1, in the tensor seen as one long vector."""
    index = (from_r(positions, flat=True).long() - 1).to(x.device)
    return column_major(flatten(x)[index], size)


@called_from_r
def permute(x: torch.Tensor, order: list[float]) -> torch.Tensor:
    """Reorder the dimensions, named from 0; a view."""
    return x.permute([int(dim) for dim in order])


@called_from_r
def reshape(x: torch.Tensor, size: list[float]) -> torch.Tensor:
    """Fold the elements, in R's order, to another shape."""
    return column_major(flatten(x), size)


@called_from_r
def transpose(x: torch.Tensor) -> torch.Tensor:
    """Transpose as R's t(): a vector becomes a row. A view."""
    if x.dim() > 2:
        raise TensorError(
            f"`t()` takes a tensor of at most 2 dimensions, not {describe(x)}: use `x$permute()`."
        )
    return x.t() if x.dim() == 2 else x.reshape(1, -1)

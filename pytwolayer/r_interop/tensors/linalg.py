"""R's functions of matrices, differentiable.

A tensor without dimensions counts as a vector of one element, and a vector as one column.
"""

from typing import Any

from pytwolayer.r_interop.tensors.values import (
    TensorError,
    as_double,
    as_tensor,
    called_from_r,
    column_major,
    countable,
    describe,
    first_tensor,
    flatten,
)
from pytwolayer.runtime.torch_loading import torch


def columns(x: torch.Tensor) -> torch.Tensor:
    """Make a matrix, of a vector one column."""
    if x.dim() > 2:
        raise TensorError(f"A vector or a matrix is needed, not {describe(x)}.")
    return x if x.dim() == 2 else x.reshape(-1, 1)


@called_from_r
def cross_product(name: str, x: Any, y: Any) -> torch.Tensor:
    """Compute t(x) y, or x t(y) for ``tcrossprod``."""
    like = first_tensor([x, y])
    first = columns(countable(as_tensor(x, like)))
    second = first if y is None else columns(countable(as_tensor(y, like)))
    kind = torch.promote_types(first.dtype, second.dtype)
    first, second = first.to(kind), second.to(kind)
    left, right = (first.t(), second) if name == "crossprod" else (first, second.t())
    if left.shape[1] != right.shape[0]:
        raise TensorError(
            f"`{name}()` has non-conformable arguments: {describe(first)}, {describe(second)}."
        )
    return left @ right


@called_from_r
def outer(x: Any, y: Any, size: list[float]) -> torch.Tensor:
    """Multiply each element by each."""
    like = first_tensor([x, y])
    first, second = (countable(flatten(as_tensor(value, like))) for value in (x, y))
    return column_major(flatten(first[:, None] * second[None, :]), [int(each) for each in size])


@called_from_r
def diagonal(x: torch.Tensor, rows: float | None, width: float | None) -> torch.Tensor:
    """Give a matrix's diagonal, or a matrix with a vector as its diagonal."""
    if x.dim() == 2:
        return x.diagonal()
    if x.dim() > 2:
        raise TensorError(f"`diag()` takes a vector or a matrix, not {describe(x)}.")
    flat = x.reshape(-1)
    if rows is None and width is None and x.numel() == 1:
        size = int(x.item())
        return torch.eye(size, dtype=as_double(x).dtype, device=x.device)
    height = int(rows) if rows is not None else (1 if width is not None and x.numel() == 1 else -1)
    height = max(height, 0) if height >= 0 else x.numel()
    breadth = int(width) if width is not None else height
    height = breadth if rows is None and x.numel() == 1 else height
    length = min(height, breadth)
    filled = flat.repeat(-(-length // max(flat.numel(), 1)))[:length]
    square = torch.diag_embed(filled)
    return torch.nn.functional.pad(square, (0, breadth - length, 0, height - length))


@called_from_r
def decompose(name: str, x: torch.Tensor) -> Any:
    """Differentiable linear algebra of square matrices."""
    wide = as_double(columns(x))
    if name == "inverse":
        return torch.linalg.inv(wide)
    if name == "chol":
        return torch.linalg.cholesky(wide, upper=True)
    sign, logarithm = torch.linalg.slogdet(wide)
    return [sign, logarithm]


@called_from_r
def solve(a: Any, b: Any) -> torch.Tensor:
    """Solve a system of linear equations."""
    like = first_tensor([a, b])
    left, right = (as_double(as_tensor(value, like)) for value in (a, b))
    kind = torch.promote_types(left.dtype, right.dtype)
    flat = right.reshape(-1) if right.dim() < 2 else right
    found: torch.Tensor = torch.linalg.solve(columns(left).to(kind), flat.to(kind))
    return found

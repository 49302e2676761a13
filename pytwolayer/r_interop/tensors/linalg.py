"""R's functions of matrices, differentiable.

A tensor without dimensions counts as a vector of one element, and a vector as one column.
"""

from pytwolayer.r_interop.tensors.values import (
    Operand,
    TensorError,
    as_double,
    as_tensors,
    called_from_r,
    column_major,
    countable,
    describe,
    flatten,
    promoted,
    recycle,
)
from pytwolayer.runtime.torch_loading import torch


def as_matrix(x: torch.Tensor) -> torch.Tensor:
    """Return a matrix; of a vector one column, a view."""
    if x.dim() > 2:
        raise TensorError(f"A vector or a matrix is needed, not {describe(x)}.")
    return x if x.dim() == 2 else x.reshape(-1, 1)


@called_from_r
def cross_product(x: Operand, y: Operand | None, name: str) -> torch.Tensor:
    """Compute t(x) y for ``crossprod``, or x t(y) for ``tcrossprod``; ``y`` is by default ``x``."""
    given = as_tensors(x, x if y is None else y)
    first, second = promoted(*(as_matrix(countable(each)) for each in given))
    left, right = (first.t(), second) if name == "crossprod" else (first, second.t())
    if left.shape[1] != right.shape[0]:
        raise TensorError(
            f"`{name}()` has non-conformable arguments: {describe(first)}, {describe(second)}."
        )
    return left @ right


@called_from_r
def outer(x: Operand, y: Operand, size: list[float]) -> torch.Tensor:
    """Multiply each element by each."""
    first, second = (countable(flatten(each)) for each in as_tensors(x, y))
    return column_major(flatten(first[:, None] * second[None, :]), size)


@called_from_r
def diagonal(x: torch.Tensor, rows: float | None, width: float | None) -> torch.Tensor:
    """Return a matrix's diagonal, or a matrix with a vector as its diagonal, as R's diag()."""
    if x.dim() == 2:
        return x.diagonal()
    if x.dim() > 2:
        raise TensorError(f"`diag()` takes a vector or a matrix, not {describe(x)}.")
    single = x.numel() == 1
    if rows is None and width is None and single:  # R's identity matrix of that size
        return torch.eye(int(x.item()), dtype=as_double(x).dtype, device=x.device)
    # R gives a single number, unlike a vector, as many rows as it has columns.
    square = width if single and width is not None else x.numel()
    height = max(int(square if rows is None else rows), 0)
    breadth = height if width is None else int(width)
    length = min(height, breadth)
    padding = (0, breadth - length, 0, height - length)
    return torch.nn.functional.pad(torch.diag_embed(recycle(x.reshape(-1), [length])), padding)


@called_from_r
def decompose(name: str, x: torch.Tensor) -> torch.Tensor | list[torch.Tensor]:
    """Compute an inverse, R's (upper) Cholesky factor, or a determinant's sign and logarithm."""
    wide = as_double(as_matrix(x))
    if name == "determinant":
        return list(torch.linalg.slogdet(wide))
    chol = name == "chol"
    found: torch.Tensor = (
        torch.linalg.cholesky(wide, upper=True) if chol else torch.linalg.inv(wide)
    )
    return found


@called_from_r
def solve(a: Operand, b: Operand) -> torch.Tensor:
    """Solve a system of linear equations."""
    left, right = (as_double(each) for each in as_tensors(a, b))
    matrix, wanted = promoted(as_matrix(left), right.reshape(-1) if right.dim() < 2 else right)
    found: torch.Tensor = torch.linalg.solve(matrix, wanted)
    return found

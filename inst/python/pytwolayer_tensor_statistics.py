"""R's functions of statistics and matrices, differentiable, by PyTorch.

R's argument checks are done in R. Vectors and matrices are R's: a tensor without dimensions counts
as a vector of one element, rows are observations and columns are variables.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from pytwolayer.runtime.torch_loading import torch
from pytwolayer_tensor_values import (
    Sent,
    TensorError,
    as_double,
    column_major,
    countable,
    describe,
    first_tensor,
    flatten,
    for_r,
    from_r,
    widest,
)


def as_tensor(value: Any, like: torch.Tensor) -> torch.Tensor:
    """Make a tensor of what came from R, of the type that R's numbers take beside ``like``."""
    if isinstance(value, torch.Tensor):
        return value
    if isinstance(value, np.ndarray | np.generic):
        return torch.as_tensor(value, device=like.device)
    if isinstance(value, dict):
        found = from_r(value)
    elif isinstance(value, bool | int | float):
        found = torch.tensor(value, dtype=torch.float64 if isinstance(value, float) else None)
    else:
        raise TensorError(f"Tensors and numbers are taken, not {describe(value)}.")
    if like.is_floating_point() or like.is_complex():
        found = found.to(like.dtype)
    elif found.is_floating_point():
        found = found.to(widest(like))
    return found.to(like.device)


# ---- Elements by position ------------------------------------------------------------------


@for_r
def combine(values: list[Any]) -> torch.Tensor:
    """Join all elements, each argument in R's order, into one vector."""
    like = first_tensor(values)
    return torch.cat([flatten(as_tensor(value, like)) for value in values])


@for_r
def gather(x: torch.Tensor, positions: Sent, size: list[float]) -> torch.Tensor:
    """Take elements by R's positions, from 1, in the tensor seen as one long vector."""
    index = (from_r(positions | {"dim": None}).long() - 1).to(x.device)
    found = flatten(x)[index]
    return column_major(found, [int(length) for length in size])


@for_r
def permute(x: torch.Tensor, order: list[float]) -> torch.Tensor:
    """Order the dimensions anew; a view."""
    return x.permute([int(dim) for dim in order])


@for_r
def reshape(x: torch.Tensor, size: list[float]) -> torch.Tensor:
    """Fold the elements, in R's order, to another shape."""
    return column_major(flatten(x), [int(length) for length in size])


def refill(value: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """Recycle over a shape, down its columns, as R does, or broadcast where shapes allow."""
    if value.shape == shape or value.numel() == 1:
        return value.reshape([1] * len(shape)).expand(shape) if value.shape != shape else value
    size = math.prod(shape)
    if value.dim() > 1 and value.dim() == len(shape):
        return value.expand(shape)
    if not value.numel():
        raise TensorError("Of no elements nothing can be recycled.")
    flat = flatten(value)
    return column_major(flat.repeat(-(-size // flat.numel()))[:size], shape)


@for_r
def choose(test: Any, yes: Any, no: Any) -> torch.Tensor:
    """Take ``yes`` where ``test`` holds, NaN where it is missing, and else ``no``."""
    like = first_tensor([yes, no])
    where = test if isinstance(test, torch.Tensor) else from_r(test)
    where = where.to(like.device)
    shape = where.shape
    yes, no = (refill(as_tensor(value, like), shape) for value in (yes, no))
    kind = torch.promote_types(yes.dtype, no.dtype)
    found = torch.where(where.nan_to_num(0) != 0, yes.to(kind), no.to(kind))
    if where.is_floating_point() and bool(where.isnan().any()):
        found = torch.where(where.isnan(), math.nan, as_double(found))
    return found


@for_r
def extreme(name: str, na_rm: bool, values: list[Any]) -> torch.Tensor:
    """Element by element maximum or minimum, in the shape of the largest argument."""
    like = first_tensor(values)
    parts = [countable(as_tensor(value, like)) for value in values]
    if not all(part.numel() for part in parts):
        return parts[0].new_empty(0)
    shape = max(parts, key=lambda part: (part.numel(), part.dim())).shape
    shape = next((p.shape for p in parts if p.numel() == math.prod(shape) and p.dim() > 1), shape)
    plain = {"pmax": torch.maximum, "pmin": torch.minimum}
    without = {"pmax": torch.fmax, "pmin": torch.fmin}
    function = (without if na_rm else plain)[name]
    found = refill(parts[0], shape)
    for part in parts[1:]:
        found = function(found, refill(part, shape))
    return found


@for_r
def two_way(name: str, x: Any, y: Any) -> torch.Tensor:
    """Apply a function of two arguments element by element, recycled as R does."""
    like = first_tensor([x, y])
    first, second = (as_double(as_tensor(value, like)) for value in (x, y))
    shape = first.shape if first.numel() >= second.numel() else second.shape
    return TWO_WAY[name](refill(first, shape), refill(second, shape))


def beta_log(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Logarithm of the beta function."""
    return torch.lgamma(x) + torch.lgamma(y) - torch.lgamma(x + y)


TWO_WAY: dict[str, Callable[..., torch.Tensor]] = {
    "atan2": torch.atan2,
    "beta": lambda x, y: beta_log(x, y).exp(),
    "lbeta": beta_log,
}


@for_r
def outer(x: Any, y: Any, size: list[float]) -> torch.Tensor:
    """Multiply each element by each."""
    like = first_tensor([x, y])
    first, second = (countable(flatten(as_tensor(value, like))) for value in (x, y))
    return column_major(flatten(first[:, None] * second[None, :]), [int(each) for each in size])


# ---- Matrices ------------------------------------------------------------------------------


def columns(x: torch.Tensor) -> torch.Tensor:
    """Make a matrix, of a vector one column."""
    if x.dim() > 2:
        raise TensorError(f"A vector or a matrix is needed, not {describe(x)}.")
    return x if x.dim() == 2 else x.reshape(-1, 1)


@for_r
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


@for_r
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


@for_r
def margins(name: str, x: torch.Tensor, na_rm: bool, dims: float) -> torch.Tensor:
    """Sum or average over all dimensions after the first ``dims`` (rows), or before (columns)."""
    kept = int(dims)
    rows = name.startswith("row")
    if x.dim() < 2 or not 1 <= kept < x.dim():
        what = "at least two dimensions" if x.dim() < 2 else f"`dims` from 1 to {x.dim() - 1}"
        raise TensorError(f"`{name}()` needs {what}; `x` is {describe(x)}.")
    over = list(range(kept, x.dim()) if rows else range(kept))
    x = countable(x)
    means = name.endswith("Means")
    x = as_double(x) if means else x
    if na_rm and x.is_floating_point():
        return x.nanmean(over) if means else x.nansum(over)
    return x.mean(over) if means else x.sum(over)


@for_r
def decompose(name: str, x: torch.Tensor) -> Any:
    """Differentiable linear algebra of square matrices."""
    wide = as_double(columns(x))
    if name == "inverse":
        return torch.linalg.inv(wide)
    if name == "chol":
        return torch.linalg.cholesky(wide, upper=True)
    sign, logarithm = torch.linalg.slogdet(wide)
    return [sign, logarithm]


@for_r
def solve(a: Any, b: Any) -> torch.Tensor:
    """Solve a system of linear equations."""
    like = first_tensor([a, b])
    left, right = (as_double(as_tensor(value, like)) for value in (a, b))
    kind = torch.promote_types(left.dtype, right.dtype)
    flat = right.reshape(-1) if right.dim() < 2 else right
    return torch.linalg.solve(columns(left).to(kind), flat.to(kind))


@for_r
def differences(x: torch.Tensor, lag: float, times: float) -> torch.Tensor:
    """Lagged differences, of a matrix down its columns."""
    found = countable(x if x.dim() == 2 else flatten(x))
    step = int(lag)
    for _ in range(int(times)):
        if found.shape[0] <= step:
            return found[:0]
        found = found[step:] - found[: found.shape[0] - step]
    return found


# ---- Statistics ----------------------------------------------------------------------------


def paired(x: torch.Tensor, y: torch.Tensor, complete: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Leave out observations with missing values, if so asked."""
    missing = x.isnan().any(1) | y.isnan().any(1)
    if not bool(missing.any()) or complete == "everything":
        return x, y
    if complete == "all.obs":
        raise TensorError('There are missing values (NaN): `use = "complete.obs"` leaves them out.')
    if complete == "complete.obs" and bool(missing.all()):
        raise TensorError("No observation is complete: all have missing values (NaN).")
    return x[~missing], y[~missing]


@for_r
def covariance(name: str, x: Any, y: Any, use: str) -> torch.Tensor:
    """Give R's var, cov or cor: a matrix for matrices, for vectors one number."""
    like = first_tensor([x, y])
    first = as_double(as_tensor(x, like))
    second = first if y is None else as_double(as_tensor(y, like))
    if first.is_complex() or second.is_complex():
        raise TensorError(f"`{name}()` takes no complex numbers.")
    vectors = first.dim() < 2 and second.dim() < 2
    one, other = columns(first), columns(second)
    kind = torch.promote_types(one.dtype, other.dtype)
    one, other = one.to(kind), other.to(kind)
    if one.shape[0] != other.shape[0]:
        raise TensorError(
            f"`{name}()` needs as many elements on both sides: {describe(first)}, "
            f"{describe(second)}."
        )
    if name == "cor" and y is None and vectors:
        raise TensorError("`cor()` needs `x` and `y`, or a matrix.")
    one, other = paired(one, other, use)
    count = one.shape[0]
    if not count:
        found = one.new_full((one.shape[1], other.shape[1]), math.nan)
        return found.reshape(()) if vectors else found
    left, right = one - one.mean(0), other - other.mean(0)
    found = left.t() @ right
    if name == "cor":
        scale = left.square().sum(0).sqrt()[:, None] * right.square().sum(0).sqrt()[None, :]
        found = (found / scale).clamp(-1, 1)
    else:
        found = found / (count - 1) if count > 1 else found * math.nan
    return found.reshape(()) if vectors else found


@for_r
def quantiles(x: torch.Tensor, sent: Sent, na_rm: bool, kind: float) -> torch.Tensor:
    """Sample quantiles by any of R's nine definitions."""
    values = as_double(sorted_values(x, na_rm, "quantile"))
    probabilities = from_r(sent | {"dim": None}).double()
    count = values.numel()
    if not count:
        return values.new_full((probabilities.numel(),), math.nan)
    missing = probabilities.isnan()
    lower, weight = positions_of(probabilities.nan_to_num(0.5), values, int(kind))
    lower = lower.long().to(values.device)
    below = values[lower.clamp(1, count) - 1]
    above = values[(lower + 1).clamp(1, count) - 1]
    weight = weight.to(values)
    mixed = (1 - weight) * below + weight * above
    same = (weight == 0) | (below == above)
    found = torch.where(same, below, torch.where(weight == 1, above, mixed))
    return torch.where(missing.to(values.device), math.nan, found)


def sorted_values(x: torch.Tensor, na_rm: bool, name: str) -> torch.Tensor:
    """All values in order; missing ones are left out or an error."""
    flat = countable(flatten(x))
    missing = flat.isnan()
    if bool(missing.any()):
        if not na_rm:
            raise TensorError(f"`{name}()` takes no missing values (NaN) unless `na.rm` is TRUE.")
        flat = flat[~missing]
    return flat.sort().values


def positions_of(
    probabilities: torch.Tensor, values: torch.Tensor, kind: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Where each quantile lies: after which value, and how far on the way to the next."""
    count, fuzz = values.numel(), 4 * np.finfo(float).eps
    if kind == 7:
        index = (count - 1) * probabilities
        lower = (index + fuzz).floor()
        weight = index - lower
        return lower + 1, torch.where(weight.abs() < fuzz, 0.0, weight)
    if kind <= 3:
        index = count * probabilities - (0.5 if kind == 3 else 0)
        lower = (index + fuzz).floor()
        beyond = (index > lower).double()
        odd = ((index != lower) | (lower % 2 == 1)).double()
        return lower, {1: beyond, 2: (beyond + 1) / 2, 3: odd}[kind]
    low, high = {
        4: (0.0, 1.0),
        5: (0.5, 0.5),
        6: (0.0, 0.0),
        8: (1 / 3, 1 / 3),
        9: (3 / 8, 3 / 8),
    }[kind]
    index = low + probabilities * (count + 1 - low - high)
    lower = (index + fuzz).floor()
    weight = index - lower
    return lower, torch.where(weight.abs() < fuzz, 0.0, weight)


@for_r
def median(x: torch.Tensor, na_rm: bool) -> torch.Tensor:
    """Middle value, or the mean of the two; NaN beside a missing value."""
    flat = countable(flatten(x))
    missing = flat.isnan()
    if bool(missing.any()) and not na_rm:
        return flat[missing][0]
    values = flat[~missing].sort().values
    count = values.numel()
    if not count:
        return as_double(values).new_full((), math.nan)
    if count % 2:
        return values[count // 2]
    return as_double(values)[count // 2 - 1 : count // 2 + 1].mean()


@for_r
def weighted_mean(x: torch.Tensor, weights: Any, na_rm: bool) -> torch.Tensor:
    """Mean with weights that sum to anything; a weight of zero leaves its value out."""
    like = first_tensor([x, weights])
    values = as_double(flatten(as_tensor(x, like)))
    weight = as_double(flatten(as_tensor(weights, like)))
    if values.numel() != weight.numel():
        raise TensorError(
            f"`x` and `w` must have the same length: {values.numel()}, {weight.numel()}."
        )
    if na_rm:
        values, weight = values[~values.isnan()], weight[~values.isnan()]
    share = weight / weight.sum()
    return torch.where(share == 0, share, values * share).sum()


@for_r
def scaled(x: torch.Tensor, center: Any, scale: Any) -> torch.Tensor:
    """Centre and scale the columns of a matrix."""
    found = as_double(columns(x))
    wide = found.shape[1]
    if center is not False:
        middle = found.nanmean(0) if center is True else per_column(center, found, wide, "center")
        found = found - middle
    if scale is True:
        known = (~found.isnan()).sum(0)
        found = found / (found.square().nansum(0) / (known - 1).clamp(min=1)).sqrt()
    elif scale is not False:
        found = found / per_column(scale, found, wide, "scale")
    return found


def per_column(value: Any, like: torch.Tensor, wide: int, name: str) -> torch.Tensor:
    """Give one number per column."""
    found = flatten(as_tensor(value, like))
    if found.numel() != wide:
        raise TensorError(f"The length of `{name}` must be the number of columns, {wide}.")
    return found


# ---- Comparison ----------------------------------------------------------------------------


@for_r
def same(x: torch.Tensor, y: torch.Tensor) -> bool:
    """Whether type, shape and all values are the same; any two missing values are."""
    if x.dtype != y.dtype or x.shape != y.shape:
        return False
    one, other = x.detach(), y.detach().to(x.device)
    return bool(((one == other) | ((one != one) & (other != other))).all())


@for_r
def needs_gradient(x: torch.Tensor) -> bool:
    """Whether a gradient would be lost with the tensor's numbers."""
    return bool(x.requires_grad)


@for_r
def kind_of_numbers(x: torch.Tensor) -> str:
    """Give R's word for the type."""
    if x.dtype == torch.bool:
        return "logical"
    return "complex" if x.is_complex() else "numeric"

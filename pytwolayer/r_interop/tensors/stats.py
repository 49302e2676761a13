"""R's functions of statistics and matrices, differentiable, by PyTorch.

R's argument checks are done in R. Vectors and matrices are R's: a tensor without dimensions counts
as a vector of one element, rows are observations and columns are variables.
"""

import math
from typing import Any

import numpy as np

from pytwolayer.r_interop.tensors.linalg import columns
from pytwolayer.r_interop.tensors.values import (
    Sent,
    TensorError,
    as_double,
    as_tensor,
    called_from_r,
    countable,
    describe,
    first_tensor,
    flatten,
    from_r,
)
from pytwolayer.runtime.torch_loading import torch

# ---- Elements by position ------------------------------------------------------------------


# ---- Matrices ------------------------------------------------------------------------------


@called_from_r
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


@called_from_r
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


@called_from_r
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


@called_from_r
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


@called_from_r
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


@called_from_r
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


@called_from_r
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

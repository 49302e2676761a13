"""R's functions of statistics, differentiable.

R's argument checks are done in R. Vectors and matrices are R's: a tensor without dimensions counts
as a vector of one element, rows are observations and columns are variables.
"""

import math

import numpy as np

from pytwolayer.r_interop.tensors.linalg import as_matrix
from pytwolayer.r_interop.tensors.values import (
    Operand,
    RValues,
    TensorError,
    as_double,
    as_tensor,
    as_tensors,
    called_from_r,
    countable,
    describe,
    flatten,
    from_r,
    promoted,
)
from pytwolayer.runtime.torch_loading import torch


@called_from_r
def differences(x: torch.Tensor, lag: float, times: float) -> torch.Tensor:
    """Compute lagged differences, of a matrix down its columns."""
    found = countable(x if x.dim() == 2 else flatten(x))
    step = int(lag)
    for _ in range(int(times)):
        if found.shape[0] <= step:
            return found[:0]
        found = found[step:] - found[: found.shape[0] - step]
    return found


@called_from_r
def covariance(x: Operand, y: Operand | None, name: str, use: str) -> torch.Tensor:
    """Compute R's var, cov or cor: a matrix for matrices, for vectors one number."""
    first, second = (as_double(each) for each in as_tensors(x, x if y is None else y))
    if first.is_complex() or second.is_complex():
        raise TensorError(f"`{name}()` does not accept complex numbers.")
    vectors = first.dim() < 2 and second.dim() < 2
    one, other = promoted(as_matrix(first), as_matrix(second))
    if one.shape[0] != other.shape[0]:
        raise TensorError(
            f"`{name}()` needs as many elements on both sides: {describe(first)}, "
            f"{describe(second)}."
        )
    if name == "cor" and y is None and vectors:
        raise TensorError("`cor()` needs `x` and `y`, or a matrix.")
    one, other = _complete(one, other, use)
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


def _complete(x: torch.Tensor, y: torch.Tensor, use: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Leave out observations with missing values, as R's argument ``use`` asks."""
    missing = x.isnan().any(1) | y.isnan().any(1)
    if not bool(missing.any()) or use == "everything":
        return x, y
    if use == "all.obs":
        raise TensorError('There are missing values (NaN): `use = "complete.obs"` leaves them out.')
    if use == "complete.obs" and bool(missing.all()):
        raise TensorError("No observation is complete: all have missing values (NaN).")
    return x[~missing], y[~missing]


@called_from_r
def quantiles(
    x: torch.Tensor, probabilities: RValues, na_rm: bool, definition: float
) -> torch.Tensor:
    """Compute sample quantiles by any of R's nine definitions."""
    flat = countable(flatten(x))
    missing = flat.isnan()
    if bool(missing.any()) and not na_rm:
        raise TensorError("`quantile()` takes no missing values (NaN) unless `na.rm` is TRUE.")
    values = as_double(flat[~missing].sort().values)
    wanted = from_r(probabilities, flat=True).double()
    count = values.numel()
    if not count:
        return values.new_full((wanted.numel(),), math.nan)
    lower, weight = _neighbours(wanted.nan_to_num(0.5), count, int(definition))
    lower, weight = lower.long().to(values.device), weight.to(values)
    below = values[lower.clamp(1, count) - 1]
    above = values[(lower + 1).clamp(1, count) - 1]
    mixed = (1 - weight) * below + weight * above
    # Exact where there is nothing to mix: (1 - w) * a + w * a is not always a, nor is 0 * Inf 0.
    exact = (weight == 0) | (below == above)
    found = torch.where(exact, below, torch.where(weight == 1, above, mixed))
    return torch.where(wanted.isnan().to(values.device), math.nan, found)


_CONTINUOUS = {4: (0.0, 1.0), 5: (0.5, 0.5), 6: (0.0, 0.0), 8: (1 / 3, 1 / 3), 9: (3 / 8, 3 / 8)}
"""By R's definition of a quantile, the a and b of its position a + p (n + 1 - a - b)."""


def _neighbours(
    probabilities: torch.Tensor, count: int, definition: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Locate quantiles: after which of the ordered values, and how far towards the next one."""
    fuzz = 4 * np.finfo(float).eps  # R's own, so that 0.3 * 10 is 3
    if definition <= 3:
        index = count * probabilities - (0.5 if definition == 3 else 0)
        lower = (index + fuzz).floor()
        beyond = (index > lower).double()
        odd = ((index != lower) | (lower % 2 == 1)).double()
        return lower, {1: beyond, 2: (beyond + 1) / 2, 3: odd}[definition]
    if definition == 7:  # its own rounding: (n - 1) p, from 0
        index = (count - 1) * probabilities
    else:
        low, high = _CONTINUOUS[definition]
        index = low + probabilities * (count + 1 - low - high)
    lower = (index + fuzz).floor()
    weight = index - lower
    return lower + (definition == 7), torch.where(weight.abs() < fuzz, 0.0, weight)


@called_from_r
def median(x: torch.Tensor, na_rm: bool) -> torch.Tensor:
    """Return the middle value, or the mean of the two; NaN beside a missing value."""
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
def weighted_mean(x: Operand, weights: Operand, na_rm: bool) -> torch.Tensor:
    """Average with weights of any sum; a weight of zero leaves its value out, NaN included."""
    values, weight = (as_double(flatten(each)) for each in as_tensors(x, weights))
    if values.numel() != weight.numel():
        raise TensorError(
            f"`x` and `w` must have the same length: {values.numel()}, {weight.numel()}."
        )
    if na_rm:
        values, weight = values[~values.isnan()], weight[~values.isnan()]
    share = weight / weight.sum()
    return torch.where(share == 0, share, values * share).sum()


@called_from_r
def scaled(x: torch.Tensor, center: Operand, scale: Operand) -> torch.Tensor:
    """Centre and scale the columns of a matrix: by their own (True), not (False), or as given."""
    found = as_double(as_matrix(x))
    if center is not False:
        found = found - (
            found.nanmean(0) if center is True else _by_column(center, found, "center")
        )
    if scale is True:
        known = (~found.isnan()).sum(0)
        found = found / (found.square().nansum(0) / (known - 1).clamp(min=1)).sqrt()
    elif scale is not False:
        found = found / _by_column(scale, found, "scale")
    return found


def _by_column(value: Operand, x: torch.Tensor, name: str) -> torch.Tensor:
    """Return one number per column of ``x``."""
    found = flatten(as_tensor(value, x))
    if found.numel() != x.shape[1]:
        raise TensorError(f"The length of `{name}` must be the number of columns, {x.shape[1]}.")
    return found

"""What several networks predict together; of shape ``(models, rows, outputs)`` over the models."""

import numpy as np

from pytwolayer.preprocessing.row_source import Doubles


def mean_of_models(values: Doubles) -> Doubles:
    """Average over the models that predict a row; NaN where none does."""
    there = ~np.isnan(values)
    if there.all():
        mean: Doubles = values.mean(axis=0)
        return mean
    number = there.sum(axis=0)
    total = np.where(there, values, 0).sum(axis=0)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def standard_deviation_of_models(values: Doubles) -> Doubles:
    """Return the standard deviation over the models that predict a row; NaN of fewer than two."""
    there = ~np.isnan(values)
    number = there.sum(axis=0)
    squares = np.where(there, (values - mean_of_models(values)) ** 2, 0).sum(axis=0)
    return np.where(number > 1, np.sqrt(squares / np.maximum(number - 1, 1)), np.nan)


def sd_of_mixture(means: Doubles, sds: Doubles) -> Doubles:
    """Return the standard deviation of an observation that is as likely any model's as another's.

    Over the models that predict a row; NaN where none does.
    """
    if len(means) == 1:
        only: Doubles = sds[0]
        return only
    within = mean_of_models(sds**2)
    between = mean_of_models((means - mean_of_models(means)) ** 2)
    return np.sqrt(within + between)


def bases_of_models(each: Doubles) -> Doubles:
    """Return the base intervals that several models have together, from ``bases()`` of each.

    The first two are the models' means, the third one is the standard deviation of a new outcome.
    """
    means = [mean_of_models(each[:, side]) for side in (0, 1)]
    sd = [sd_of_mixture(each[:, 0], each[:, 2])] if each.shape[1] > 2 else []
    return np.stack([*means, *sd])


def quantiles_of_models(values: Doubles, shares: tuple[float, float]) -> Doubles:
    """Return quantiles over the models that predict a row; NaN where none does."""
    there = ~np.isnan(values)
    if there.all():
        return np.asarray(np.quantile(values, shares, axis=0))
    # Rows of as many models together; np.nanquantile() would take one row after the other.
    number, ordered = there.sum(axis=0), np.sort(values, axis=0)  # NaN last
    found = np.full((len(shares), *number.shape), np.nan)
    for models in np.unique(number[number > 0]):
        rows = number == models
        found[:, rows] = np.quantile(ordered[:models, rows], shares, axis=0)
    return found

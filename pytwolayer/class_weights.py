"""Weights of the classes: each row's weight multiplied with its class's."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from pytwolayer import arguments
from pytwolayer.column import Doubles, level_name
from pytwolayer.errors import ArgumentError
from pytwolayer.training_data import LARGEST_WEIGHT, TrainingData
from pytwolayer.wording import listed


def class_weighted(data: TrainingData, class_weights: Any) -> TrainingData:
    """Multiply each row's weight with its class's.

    Parameters
    ----------
    class_weights : dict, "balanced" or None
        A number above 0 for each class; "balanced" gives all classes the same sum.
    """
    if class_weights is None:
        return data
    column = data.outcomes.columns[0]
    if len(data.outcomes.columns) > 1 or not column.is_classes:
        raise ArgumentError("class_weights", "left out for a numeric outcome", "given")
    names = [level_name(label) for label in column.labels or (False, True)]
    codes = column.values.astype(np.intp)
    weights = np.ones(data.rows) if data.weights is None else data.weights
    if isinstance(class_weights, str) and class_weights == "balanced":
        counted = weights if data.counts is None else weights * data.counts
        sums = np.bincount(codes, counted, minlength=len(names))
        factors = counted.sum() / (np.count_nonzero(sums) * np.where(sums > 0, sums, 1))
    else:
        factors = _factors(class_weights, names)
    with np.errstate(over="ignore"):
        products = weights * factors[codes]
    if products.max() > LARGEST_WEIGHT:
        expected = f"at most {LARGEST_WEIGHT:g} when multiplied with a row's weight"
        raise ArgumentError("class_weights", expected, arguments.shown(float(products.max())))
    return replace(data, weights=products)


def _factors(class_weights: Any, names: list[str]) -> Doubles:
    expected = f"a positive number for each of the classes {listed(names)}"
    if not isinstance(class_weights, Mapping):
        raise ArgumentError(
            "class_weights", f'"balanced" or {expected}', arguments.shown(class_weights)
        )
    given = {level_name(name): value for name, value in class_weights.items()}
    wrong = sorted(set(names) ^ set(given))
    if wrong:
        received = f"wrong at {listed(wrong)}"
        raise ArgumentError("class_weights", expected, received)
    return np.array([arguments.positive("class_weights", given[name]) for name in names])

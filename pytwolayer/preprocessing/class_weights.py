"""Class weights: the weight of each row is multiplied with that of its class."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwolayer import checks
from pytwolayer.checks import quote_some
from pytwolayer.errors import ArgumentError
from pytwolayer.preprocessing.column_reading import level_name
from pytwolayer.preprocessing.labels import LABELS
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.preprocessing.training_data import LARGEST_WEIGHT, TrainingData


def apply_class_weights(data: TrainingData, class_weights: Any, loss: Any = None) -> TrainingData:
    """Multiply the weight of each row with that of its class.

    Parameters
    ----------
    data : TrainingData
    class_weights : dict, "balanced" or None
        A number above 0 for each class; "balanced": all classes have the same sum of weights.
    loss : str or callable, optional
        That of the fit.
    """
    if class_weights is None:
        return data
    column = data.outcomes.columns[0]
    if isinstance(loss, str) and loss == LABELS:
        expected = f'left out with the loss "{LABELS}", whose labels have no classes in common'
        raise ArgumentError("class_weights", expected, "given")
    if len(data.outcomes.columns) > 1 or not column.is_classes:
        raise ArgumentError("class_weights", "left out for a numeric outcome", "given")
    names = [level_name(label) for label in column.labels or (False, True)]
    parts = [data] if data.validation is None else [data, data.validation]
    if isinstance(class_weights, str) and class_weights == "balanced":
        codes = np.concatenate([_codes(part, names) for part in parts])
        counted = np.concatenate([_total_weights(part) for part in parts])
        sums = np.bincount(codes, counted, minlength=len(names) + 1)[:-1]
        total = counted[codes < len(names)].sum()
        factors = total / (np.count_nonzero(sums) * np.where(sums > 0, sums, 1))
    else:
        factors = _factors(class_weights, names, column.labels or (False, True))
    factors = np.append(factors, 1.0)  # of unknown classes, see _codes()
    first, *rest = [_multiply_weights(part, factors[_codes(part, names)]) for part in parts]
    return replace(first, validation=rest[0] if rest else None)


def _codes(data: TrainingData, names: list[str]) -> NDArray[np.intp]:
    """Return the position of each row's class in ``names``; ``len(names)`` for unknown classes."""
    column = data.outcomes.columns[0]
    known = {name: number for number, name in enumerate(names)}
    labels = [level_name(label) for label in column.labels or (False, True)]
    numbers = np.array([known.get(label, len(names)) for label in labels], dtype=np.intp)
    codes: NDArray[np.intp] = numbers[column.values.astype(np.intp)]
    return codes


def _total_weights(data: TrainingData) -> Doubles:
    weights = np.ones(data.rows) if data.weights is None else data.weights
    return weights if data.counts is None else weights * data.counts


def _multiply_weights(data: TrainingData, factors: Doubles) -> TrainingData:
    weights = np.ones(data.rows) if data.weights is None else data.weights
    with np.errstate(over="ignore"):
        products = weights * factors
    if products.max() > LARGEST_WEIGHT:
        expected = f"at most {LARGEST_WEIGHT:g} when multiplied with a row's weight"
        raise ArgumentError("class_weights", expected, checks.describe(float(products.max())))
    return replace(data, weights=products)


def _factors(class_weights: Any, names: list[str], labels: Sequence[Any]) -> Doubles:
    expected = f"a positive number for each of the classes {quote_some(names)}"
    if not isinstance(class_weights, Mapping):
        raise ArgumentError(
            "class_weights", f'"balanced" or {expected}', checks.describe(class_weights)
        )
    given: dict[str, Any] = {}
    for key, value in class_weights.items():
        name = _class_of(key, names, labels)
        if name in given:
            raise ArgumentError("class_weights", expected, f'given twice for "{name}"')
        given[name] = value
    wrong = sorted(set(names) ^ set(given))
    if wrong:
        received = f"wrong at {quote_some(wrong)}"
        raise ArgumentError("class_weights", expected, received)
    return np.array([checks.positive("class_weights", given[name]) for name in names])


def _class_of(key: Any, names: list[str], labels: Sequence[Any]) -> str:
    """Find the class that a key stands for: the one of the same text, else the one that is equal.

    As in scikit-learn 1, 1.0 and True are equal.
    """
    written = level_name(key)
    if written in names:
        return written
    number = _number(key)
    if number is None:
        return written
    for name, label in zip(names, labels, strict=True):
        if _number(label) == number:
            return name
    return written


def _number(value: Any) -> float | None:
    """Convert a number or a logical; of text also the logicals as R or Python write them."""
    if isinstance(value, str):
        value = {"TRUE": 1, "FALSE": 0, "True": 1, "False": 0}.get(value, value)
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None

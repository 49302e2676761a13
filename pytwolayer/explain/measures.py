"""How far predictions are from the truth: the loss of the fit, or another measure."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from pytwolayer import checks
from pytwolayer.errors import ArgumentError
from pytwolayer.explain.networks import Explained
from pytwolayer.network.losses import LOSSES, users_loss
from pytwolayer.preprocessing.outcome import Classes, Numbers, Outcome
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.preprocessing.table import Table
from pytwolayer.runtime.torch_loading import torch

LOSS, TOGETHER = "loss", "(together)"
# Truth and prediction of each row and outcome, and weights; a number for each outcome.
_Measure = Callable[[Doubles, Doubles, Doubles], Doubles]


def _mean(values: Doubles, weights: Doubles) -> Doubles:
    mean: Doubles = (values * weights[:, None]).sum(axis=0) / weights.sum()
    return mean


def _r_squared(truth: Doubles, found: Doubles, weights: Doubles) -> Doubles:
    around = _mean((truth - _mean(truth, weights)) ** 2, weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - _mean((truth - found) ** 2, weights) / around


def _accuracy(truth: Doubles, found: Doubles, weights: Doubles) -> Doubles:
    right = truth.argmax(axis=1) == found.argmax(axis=1)
    return _mean(right[:, None].astype(np.float64), weights)


def _brier(truth: Doubles, found: Doubles, weights: Doubles) -> Doubles:
    return _mean(((truth - found) ** 2).sum(axis=1, keepdims=True), weights)


_OF_NUMBERS: dict[str, _Measure] = {
    "rmse": lambda truth, found, weights: np.sqrt(_mean((truth - found) ** 2, weights)),
    "mae": lambda truth, found, weights: _mean(np.abs(truth - found), weights),
    "r_squared": _r_squared,
}
_OF_CLASSES: dict[str, _Measure] = {"accuracy": _accuracy, "brier": _brier}
# From the mean, divided by its scale, to the network's output, by links.
_TO_OUTPUT: dict[str, Callable[[Doubles], Doubles]] = {
    "identity": lambda scaled: scaled,
    "quantile": lambda scaled: scaled,
    "log": np.log,
    "logit": lambda scaled: np.log(scaled) - np.log1p(-scaled),
}
_RISING = ("r_squared", "accuracy")  # of which more is better


def worse_by(measure: str, before: Doubles, after: Doubles) -> Doubles:
    """Return how much worse the second of two values of a measure is."""
    return before - after if measure in _RISING else after - before


class Judged(NamedTuple):
    """The rows that predictions are measured on.

    Attributes
    ----------
    outcomes : Table
    weights : array, optional
    """

    outcomes: Table
    weights: Doubles | None


class Judge:
    """Measures predictions of rows whose truth is known.

    Parameters
    ----------
    models : sequence of Explained
        One network, or several whose mean is the prediction.
    judged : Judged
    measure : str
        "loss", that of the fit, or "rmse", "mae", "r_squared"; of classes "accuracy", "brier".

    Attributes
    ----------
    outcomes : list of str
        What there is a number for: the outcomes, or all together.
    """

    def __init__(self, models: Sequence[Explained], judged: Judged, measure: str) -> None:
        self._outcome, self._loss = models[0].outcome, models[0].loss
        own = _OF_CLASSES if isinstance(self._outcome, Classes) else _OF_NUMBERS
        self.measure = checks.one_of("measure", measure, [LOSS, *own])
        self._function = own.get(measure)
        if self._function is None and len(models) > 1 and _has_spread(self._outcome):
            expected = (
                f'a measure other than "loss" for several networks with the loss "{self._loss}"'
            )
            raise ArgumentError("measure", expected, f'"{measure}"')
        weights = judged.weights
        if not isinstance(self._outcome, Classes):
            weights = self._outcome.weights_of_score(judged.outcomes, weights)
        self._weights = np.ones(judged.outcomes.rows) if weights is None else weights
        self._is_weighted = weights is not None
        target = self._outcome.target(judged.outcomes)
        are_classes = isinstance(self._outcome, Classes)
        self._truth = self._outcome.observed(judged.outcomes)
        self._target = target.double()
        if are_classes:
            self._truth = self._target.numpy()
        self.outcomes = _measured(self._outcome, together=self._function is None)

    def worse(self, before: Doubles, after: Doubles) -> Doubles:
        """Return how much worse the second of two measures is."""
        return worse_by(self.measure, before, after)

    def judge(self, values: Doubles, output: Doubles | None) -> Doubles:
        """Measure predictions; rows in which they are missing are left out.

        ``output`` is that of the network, if there is one alone.
        """
        there = ~np.isnan(values).any(axis=1)
        weights = self._weights[there]
        if not weights.any():
            return np.full(len(self.outcomes), np.nan)
        if self._function is not None:
            return self._function(self._truth[there], self._predictions(values[there]), weights)
        found = output_of(self._outcome, values) if output is None else output
        given = torch.from_numpy(found[there]), self._target[torch.from_numpy(there)]
        return np.array([self._mean_loss(*given, torch.from_numpy(weights)[:, None])])

    def _predictions(self, values: Doubles) -> Doubles:
        """Return one prediction for each outcome; of quantiles that nearest to the median."""
        if isinstance(self._outcome, Numbers) and self._outcome.quantile_levels:
            return values[:, [self._outcome.middle]]
        return values

    def _mean_loss(
        self, output: torch.Tensor, target: torch.Tensor, weights: torch.Tensor
    ) -> float:
        if not isinstance(self._loss, str):
            own = weights if self._is_weighted else None
            total, _, terms = users_loss(self._loss, output, target, own)
            mean = float(total) / terms
            return mean * len(weights) / float(weights.sum()) if self._is_weighted else mean
        levels = None if isinstance(self._outcome, Classes) else self._outcome.quantile_levels
        loss = LOSSES[self._loss].at(levels or None)
        losses, slopes = torch.empty_like(output), torch.empty_like(output)
        for operation in loss.operations(output, target, losses, slopes):
            operation()
        terms = loss.terms(float(weights.sum()), output.shape[1])
        return loss.sign * float((losses * weights).sum()) / float(terms)


def _has_spread(outcome: Outcome) -> bool:
    """Tell whether a network has outputs beside the means, which no mean of networks has."""
    return not isinstance(outcome, Classes) and outcome.has_spread


def _measured(outcome: Outcome, *, together: bool) -> list[str]:
    if isinstance(outcome, Classes):
        return [outcome.name or "y1"]
    return [TOGETHER] if together and len(outcome.predicted) > 1 else outcome.predicted


def output_of(outcome: Outcome, values: Doubles) -> Doubles:
    """Return a network's output for which these would be the predictions."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if isinstance(outcome, Classes):
            return np.log(values)
        scaled: Doubles = (values - outcome.center) / outcome.scale
        return _TO_OUTPUT[outcome.link](scaled)

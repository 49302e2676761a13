"""Predictions as a table, whose columns have the names of R's predictions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pytwolayer import checks
from pytwolayer.checks import quote_some
from pytwolayer.errors import ArgumentError
from pytwolayer.models.block_outputs import Output, block_outputs
from pytwolayer.models.joint_predictions import (
    bases_of_models,
    mean_of_models,
    quantiles_of_models,
    sd_of_mixture,
    standard_deviation_of_models,
)
from pytwolayer.models.new_rows import fill_incomplete
from pytwolayer.preprocessing.calibration import (
    Calibration,
    bases,
    has_intervals,
    interval,
    refuse_without_intervals,
)
from pytwolayer.preprocessing.labels import Pair
from pytwolayer.preprocessing.outcome import Classes, Outcome
from pytwolayer.preprocessing.row_source import Doubles, Mask
from pytwolayer.preprocessing.table import Table
from pytwolayer.training.trained_model import Model


@dataclass(frozen=True)
class Fitted:
    """A fit, or an ensemble.

    Attributes
    ----------
    models : sequence of Model
    several : bool
        Whether it is an ensemble.
    calibration : Calibration or None
        What prediction intervals are calibrated by.
    """

    models: Sequence[Model]
    several: bool
    calibration: Calibration | None = None

    @property
    def outcome(self) -> Outcome:
        """Turns the networks' outputs into predictions."""
        return self.models[0].outcome


def read_kind(fitted: Fitted, kind: Any) -> str | None:
    """Check what is to be predicted; None: all that the fit can say on the user's scale."""
    if kind is None:
        return None
    if not fitted.several and kind in ("conf_int", "std_error"):
        expected = "one that a single network has: intervals come from several, `n_models = 50`"
        raise ArgumentError("kind", expected, checks.describe(kind))
    outcome = fitted.outcome
    are_classes = isinstance(outcome, Classes) or bool(outcome.labels)
    kinds = ["class", "prob"] if are_classes else ["numeric"]
    if kind == "pred_int":
        has_offset = fitted.models[0].offset
        refuse_without_intervals(fitted.outcome, fitted.calibration, has_offset=has_offset)
    if has_intervals(fitted.outcome):
        kinds.append("pred_int")
    if _has_quantiles(fitted.outcome):
        kinds.append("quantile")
    if _has_spread(fitted.outcome):
        kinds.append("sd")
    kinds += ["conf_int", "std_error"] if fitted.several else ["raw"]
    return checks.one_of("kind", kind, kinds)


def prediction_tables(
    fitted: Fitted, table: Table, kind: str | None = None, level: float = 0.95
) -> Iterator[pd.DataFrame]:
    """Yield the predictions of consecutive rows, some ten thousand at a time.

    Parameters
    ----------
    fitted : Fitted
    table : Table
        What ``read_new_data()`` returned.
    kind : str, optional
        "numeric", "quantile", "pred_int", "class", "prob", "raw", "conf_int" or "std_error"; None:
        the numbers, or the classes and their probabilities, and of an ensemble the "conf_int" of
        these.
    level : float
        Share of the models' predictions in an interval.

    Raises
    ------
    ArgumentError
        If a class is called as another column is.
    """
    columns = _Columns(fitted, level)
    for outputs in block_outputs(fitted.models, table):
        named = list(columns.of(outputs, kind))
        names = [name for name, _ in named]
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        if twice:
            received = f"None, which has several columns {quote_some(twice)}"
            raise ArgumentError("kind", '"class" or "prob" for these classes', received)
        yield pd.DataFrame(dict(named))


class _Columns:
    """Makes the columns of the networks' outputs for some rows."""

    def __init__(self, fitted: Fitted, level: float) -> None:
        self._models, self._several, self._level = fitted.models, fitted.several, level
        self._calibration = fitted.calibration
        self._outcome = fitted.outcome
        predicted = self._outcome.predicted
        one = not isinstance(self._outcome, Classes) and len(predicted) == 1
        self._ends = [""] if one else [f"_{name}" for name in predicted]

    def of(self, outputs: Sequence[Output], kind: str | None) -> Iterator[tuple[str, Any]]:
        """Yield the columns with their names."""
        if kind == "raw":
            raw = outputs[0].values.numpy().astype(np.float64)
            ends = _ends_of_outputs(self._outcome) if raw.shape[1] > 1 else self._ends
            yield from _named(".raw", ends, fill_incomplete(raw, outputs[0].complete))
            return
        if kind == "pred_int":
            yield from self._predicted_intervals(outputs)
            return
        if kind == "quantile":
            pairs = zip(self._models, outputs, strict=True)
            quantiles = mean_of_models(np.stack([_quantiles(*pair) for pair in pairs]))
            yield from _named(".pred", _ends_of_outputs(self._outcome), quantiles)
            return
        if kind == "sd":
            yield from self._named(".sd", _standard_deviations(self._models, outputs))
            return
        each = np.stack([_restored(*pair) for pair in zip(self._models, outputs, strict=True)])
        values = mean_of_models(each) if self._several else each[0]
        if isinstance(self._outcome, Classes):
            if kind in (None, "class"):
                yield ".pred_class", self._labels(outputs, values)
        elif self._outcome.labels and kind in (None, "class"):
            yield from self._each_label(values, self._outcome.labels)
        if kind in (None, "numeric", "prob"):
            yield from self._named(".pred", values)
        if kind == "std_error":
            yield from self._named(".std_error", standard_deviation_of_models(each))
        if kind == "conf_int" or (kind is None and self._several):
            yield from self._intervals(each, in_pairs=kind == "conf_int")

    def _predicted_intervals(self, outputs: Sequence[Output]) -> Iterator[tuple[str, Doubles]]:
        assert self._calibration is not None
        each = [_bases(*pair) for pair in zip(self._models, outputs, strict=True)]
        base = bases_of_models(np.array(each))
        loss = self._models[0].settings.loss
        ends = interval(self._calibration, self._outcome, base, loss, self._level)
        yield from self._pairs(*ends, in_pairs=True)

    def _named(self, prefix: str, values: Doubles) -> Iterator[tuple[str, Doubles]]:
        return _named(prefix, self._ends, values)

    def _each_label(self, shares: Doubles, labels: Sequence[Pair]) -> Iterator[tuple[str, Any]]:
        for end, pair, own in zip(self._ends, labels, shares.T, strict=True):
            codes = np.where(np.isnan(own), -1, own > 0.5).astype(np.intp)
            categories: Any = list(pair)
            yield f".pred_class{end}", pd.Categorical.from_codes(codes, categories=categories)

    def _intervals(self, each: Doubles, *, in_pairs: bool) -> Iterator[tuple[str, Doubles]]:
        shares = (1 - self._level) / 2, (1 + self._level) / 2
        yield from self._pairs(*quantiles_of_models(each, shares), in_pairs=in_pairs)

    def _pairs(
        self, lower: Doubles, upper: Doubles, *, in_pairs: bool
    ) -> Iterator[tuple[str, Doubles]]:
        below, above = self._named(".pred_lower", lower), self._named(".pred_upper", upper)
        if in_pairs:
            for pair in zip(below, above, strict=True):
                yield from pair
        else:
            yield from below
            yield from above

    def _labels(self, outputs: Sequence[Output], values: Doubles) -> "pd.Categorical[Any]":
        """Return the classes, as ``predict()`` finds them."""
        missing: Mask = np.asarray(np.isnan(values).any(axis=1))
        if self._several:
            codes = np.where(missing[:, None], 0, values).argmax(axis=1)
        else:
            codes = np.zeros(len(values), dtype=np.intp)
            codes[outputs[0].complete] = outputs[0].values.numpy().argmax(axis=1)
            missing = ~outputs[0].complete
        labels: Any = list(self._outcome.labels)
        return pd.Categorical.from_codes(np.where(missing, -1, codes), categories=labels)


def _has_quantiles(outcome: Outcome) -> bool:
    return not isinstance(outcome, Classes) and bool(outcome.quantile_levels)


def _ends_of_outputs(outcome: Outcome) -> list[str]:
    return [f"_{name}" for name in outcome.outputs]


def _named(prefix: str, ends: Sequence[str], values: Doubles) -> Iterator[tuple[str, Doubles]]:
    for end, column in zip(ends, values.T, strict=True):
        yield f"{prefix}{end}", column


def _quantiles(model: Model, output: Output) -> Doubles:
    quantiles = model.outcome.quantiles(output.values)  # type: ignore[union-attr]
    return fill_incomplete(quantiles, output.complete)


def _bases(model: Model, output: Output) -> list[Doubles]:
    return [fill_incomplete(side, output.complete) for side in bases(model.outcome, output.values)]


def _restored(model: Model, output: Output) -> Doubles:
    return fill_incomplete(model.outcome.inverse_transform(output.values), output.complete)


def _has_spread(outcome: Outcome) -> bool:
    return not isinstance(outcome, Classes) and outcome.has_spread


def _standard_deviations(models: Sequence[Model], outputs: Sequence[Output]) -> Doubles:
    pairs = list(zip(models, outputs, strict=True))
    means = np.stack([_restored(*pair) for pair in pairs])
    each = [
        fill_incomplete(model.sd_of(output.values, mean[output.complete]), output.complete)
        for (model, output), mean in zip(pairs, means, strict=True)
    ]
    return sd_of_mixture(means, np.stack(each))

"""Prediction intervals: how far from their predictions outcomes were that a network had not seen.

A row's score says how far its outcome is outside of a base interval, in units of the row: for
quantiles the base is a pair of them, else the prediction itself; where a network predicts the
standard deviation of its outcome, that is the unit. An interval for a new row is the base, wider on
both sides by the score that the wanted share of the scores does not exceed (split conformal
prediction). R's own engine does the same in ``R/predict-interval.R``.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pytwolayer.errors import ArgumentError, PytwolayerWarning, warn_user
from pytwolayer.preprocessing.outcome import Classes, Numbers, Outcome
from pytwolayer.preprocessing.row_source import Doubles, RowNumbers
from pytwolayer.preprocessing.spread import NEGATIVE_BINOMIAL, NORMAL
from pytwolayer.runtime.torch_loading import torch

MOST_ROWS = 20_000  # so many rows say what more would
MOST_SCORES = 999  # of which a fit keeps so many order statistics
HELD_OUT, FOLDS, UNSEEN = "held-out", "folds", "unseen"
KINDS = (HELD_OUT, FOLDS, UNSEEN)
_ROUNDING = 1e-9
# A row's unit, of its prediction, for losses whose outcomes spread more where they are larger.
_UNITS = {"poisson": np.sqrt, "gamma": np.abs}
SD = "sd"  # the unit of losses that predict it; files of before have none, and absolute scores
# Of the search's scores, until the last network is there: a row's predicted standard deviation
# divided by that which is typical of its network.
RELATIVE_SD = "relative sd"
_LINKS = ("identity", "log", "quantile")
# A whole number this share outside of an end is in the interval: the row that a score is of lies at
# the end but for the last digits, which differ between engines.
_BEYOND = 1e-5


@dataclass(frozen=True)
class Calibration:
    """The scores that a fit keeps.

    Attributes
    ----------
    kind : str
        Whose they are: "held-out" rows, all rows by the "folds" of the search, or of several
        networks the rows "unseen" by some.
    rows : int
        Number of rows.
    scores : tuple of tuple of float
        For each outcome, or each pair of quantiles, ascending and of one length.
    unit : str or None
        "sd": the scores are in predicted standard deviations of the rows; None: as of the loss.
        "relative sd" of scores of the search, which ``in_sds()`` makes into "sd".
    """

    kind: str
    rows: int
    scores: tuple[tuple[float, ...], ...]
    unit: str | None = None

    @classmethod
    def of(
        cls, kind: str, scores: Doubles, weights: Doubles | None = None, *, loss: Any = None
    ) -> "Calibration | None":
        """Keep ``scores_of()`` rows, shape ``(rows, sets)``; None: no row has one."""
        there = ~np.isnan(scores).any(axis=1)
        if weights is not None:
            there &= weights > 0
        scores, weights = scores[there], None if weights is None else weights[there]
        if not len(scores):
            return None
        kept = [_order_statistics(column, weights) for column in scores.T]
        unit = SD if predicts_sd(loss) else None
        return cls(kind, len(scores), tuple(tuple(each.tolist()) for each in kept), unit)

    @classmethod
    def of_search(
        cls, scores: Doubles, sds: Doubles | None, weights: Doubles | None
    ) -> "Calibration | None":
        """Keep scores of rows of the folds, whose standard deviations are those of their networks.

        A network that was trained for longer, on more rows, has others: larger or smaller as a
        whole, while those of rows compare much the same.
        """
        if sds is None:
            return cls.of(FOLDS, scores, weights)
        found = cls.of(FOLDS, scores * typical_sd(sds, weights), weights)
        return None if found is None else replace(found, unit=RELATIVE_SD)

    def in_sds(self, typical: Doubles) -> "Calibration":
        """Return scores of a search in standard deviations of a network of these typical ones."""
        pairs = zip(self.scores, typical.tolist(), strict=True)
        scores = tuple(tuple(score / sd for score in each) for each, sd in pairs)
        return replace(self, scores=scores, unit=SD)

    def score(self, number: int, level: float) -> float:
        """Return the score of a set that a share ``level`` of new ones does not exceed."""
        scores = self.scores[number]
        rank = math.ceil((len(scores) + 1) * level - _ROUNDING)
        if rank <= len(scores):
            return scores[rank - 1]
        least = math.ceil(level / (1 - level) - _ROUNDING)
        warn_user(
            f"The prediction intervals are infinite: a level of {level:g} takes {least:,} rows or "
            f"more to calibrate them by, and there were {len(scores):,}.",
            PytwolayerWarning,
        )
        return math.inf

    def plain(self) -> dict[str, Any]:
        """Return it as text and numbers; JSON has no infinite score, which becomes None."""
        lists = [[s if math.isfinite(s) else None for s in each] for each in self.scores]
        unit = {} if self.unit is None else {"unit": self.unit}
        return {"kind": self.kind, "rows": self.rows, "scores": lists} | unit


def plain_calibration(calibration: Calibration | None) -> dict[str, Any] | None:
    """Return it as text and numbers."""
    return None if calibration is None else calibration.plain()


def read_calibration(saved: Mapping[str, Any] | None) -> Calibration | None:
    """Read what ``plain_calibration()`` wrote.

    Raises
    ------
    ValueError, LookupError, TypeError, AttributeError
        If it is something else.
    """
    if saved is None:
        return None
    entries = saved.keys() - {"unit"}
    if entries != {"kind", "rows", "scores"} or saved["kind"] not in KINDS:
        raise ValueError("its calibration has missing or unknown entries, or an unknown kind")
    unit = saved.get("unit")
    if unit not in (None, SD, RELATIVE_SD):
        raise ValueError("its calibration has an unknown unit")
    scores = [[math.inf if s is None else _number(s) for s in each] for each in saved["scores"]]
    rows, lengths = saved["rows"], {len(each) for each in scores}
    if not isinstance(rows, int) or len(lengths) != 1 or not 0 < max(lengths) <= rows:
        raise ValueError("its calibration has the wrong number of scores")
    if any(sorted(each) != each for each in scores):
        raise ValueError("the scores of its calibration do not ascend")
    return Calibration(saved["kind"], rows, tuple(map(tuple, scores)), unit)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("its calibration has a score that is not a number")
    return float(value)


def _order_statistics(scores: Doubles, weights: Doubles | None) -> Doubles:
    """Return scores that stand for all: none more often exceeded than as many rows would be.

    Of weighted rows there are as many as the weights are worth; a new row is taken to have the
    mean weight that a row has by its weight.
    """
    order = np.argsort(scores, kind="stable")
    ascending = scores[order]
    number = len(scores)
    if weights is None:
        kept = min(number, MOST_SCORES)
        ranks = np.ceil(np.arange(1, kept + 1) * (number + 1) / (kept + 1) - _ROUNDING)
        even: Doubles = ascending[ranks.astype(np.intp) - 1]
        return even
    sums = np.cumsum(weights[order])
    new = float((weights**2).sum() / weights.sum())
    kept = max(1, min(math.floor(sums[-1] / new + _ROUNDING), MOST_SCORES))
    wanted = np.arange(1, kept + 1) * (sums[-1] + new) / (kept + 1)
    places = np.searchsorted(sums, wanted * (1 - _ROUNDING))
    chosen: Doubles = ascending[np.minimum(places, number - 1)]
    return chosen


def spaced_rows(rows: int) -> RowNumbers:
    """Return the numbers of the rows that are scored: all, or of many so many evenly spaced."""
    if rows <= MOST_ROWS:
        return np.arange(rows)
    return np.linspace(0, rows - 1, MOST_ROWS).astype(np.intp)


def has_intervals(outcome: Outcome) -> bool:
    """Tell whether there are prediction intervals of an outcome: of numbers."""
    return not isinstance(outcome, Classes) and outcome.link in _LINKS


def sets_of(outcome: Outcome) -> int:
    """Return the number of sets of scores: one for each outcome, or pair of quantiles."""
    if isinstance(outcome, Numbers) and outcome.quantile_levels:
        return (len(outcome.quantile_levels) + 1) // 2
    return len(outcome.predicted) if has_intervals(outcome) else 0


def bases(outcome: Outcome, output: torch.Tensor) -> Doubles:
    """Return the base intervals of a network's output, shape ``(2, rows, sets)``.

    There is a set for each outcome, or for each pair of quantiles, from the outermost one. Where
    the network predicts standard deviations, they follow: the shape is ``(3, rows, sets)``.
    """
    assert isinstance(outcome, Numbers)
    if not outcome.quantile_levels:
        mean = outcome.inverse_transform(output)
        sd = [outcome.standard_deviations(output, mean)] if outcome.has_spread else []
        return np.stack([mean, mean, *sd])
    quantiles = outcome.quantiles(output)
    pairs = sets_of(outcome)
    return np.stack([quantiles[:, :pairs], quantiles[:, ::-1][:, :pairs]])


def scored_bases(outcome: Outcome, output: torch.Tensor) -> Doubles:
    """Return base intervals to score; infinite where a network is too far off for a number.

    A run that diverges, or rows that are far away, are no error of the training.
    """
    assert isinstance(outcome, Numbers)
    values = output.numpy().astype(np.float64)
    own = values if outcome.quantile_levels else values[:, : len(outcome.center)]
    far = ~np.isfinite(outcome.restored(own)).all(axis=1)
    base = bases(outcome, torch.where(torch.from_numpy(far)[:, None], 0.0, output))
    base[:, far] = np.inf
    return base


def scores_of(truth: Doubles, base: Doubles, loss: Any) -> Doubles:
    """Return the scores of outcomes, shape ``(rows, outcomes)``, beyond what ``bases()`` gave."""
    outside: Doubles = np.maximum(base[0] - truth, truth - base[1])
    with np.errstate(invalid="ignore"):
        scores: Doubles = outside / _units(base, loss, SD if predicts_sd(loss) else None)
    scores[np.isinf(base).any(axis=0)] = np.inf
    return scores


def typical_sd(sds: Doubles, weights: Doubles | None) -> Doubles:
    """Return the geometric mean of standard deviations, shape ``(rows, sets)``, for each set."""
    there = (np.isfinite(sds) & (sds > 0)).all(axis=1)
    if weights is not None:
        there &= weights > 0
    if not there.any():
        return np.ones(sds.shape[1])
    own = None if weights is None else weights[there]
    typical: Doubles = np.exp(np.average(np.log(sds[there]), axis=0, weights=own))
    return typical


def predicts_sd(loss: Any) -> bool:
    """Tell whether fits with this loss predict a standard deviation of each row."""
    return isinstance(loss, str) and loss in (NORMAL, NEGATIVE_BINOMIAL)


def _units(base: Doubles, loss: Any, unit: str | None) -> Any:
    tiny = np.finfo(np.float64).tiny
    if unit == SD:
        return np.maximum(base[2], tiny)
    of_prediction = _UNITS.get(loss) if isinstance(loss, str) else None
    return 1.0 if of_prediction is None else np.maximum(of_prediction(base[0]), tiny)


def _whole_numbers(ends: Doubles, mean: Doubles) -> Doubles:
    """Return the least and the largest whole number within; without any the one nearest to a mean.

    Of whole outcomes these intervals hold as many as those that were given.
    """
    beyond = _BEYOND * np.maximum(np.abs(ends), 1.0)
    whole = np.stack([np.ceil(ends[0] - beyond[0]), np.floor(ends[1] + beyond[1])])
    found: Doubles = np.where(whole[0] > whole[1], np.rint(mean), whole) + 0.0  # not -0
    return found


def interval(
    calibration: Calibration, outcome: Outcome, base: Doubles, loss: Any, level: float
) -> Doubles:
    """Return the intervals of base intervals, shape ``(2, rows, outcomes)``.

    Of counts whose standard deviation is predicted the ends are whole numbers.
    """
    assert isinstance(outcome, Numbers)
    sets = list(range(base.shape[2]))
    if outcome.quantile_levels:
        levels = outcome.quantile_levels
        nominal = [levels[-1 - pair] - levels[pair] for pair in sets]
        sets = [min(sets, key=lambda pair: abs(nominal[pair] - level))]
        base = base[:, :, sets]
    scores = np.array([calibration.score(number, level) for number in sets])
    wider = scores * _units(base, loss, calibration.unit)
    lower, upper = base[0] - wider, base[1] + wider
    crossed = lower > upper  # of quantiles that are too far apart
    middle = (base[0] + base[1]) / 2
    lower, upper = np.where(crossed, middle, lower), np.where(crossed, middle, upper)
    ends: Doubles = np.stack([lower, upper])
    if outcome.theta and calibration.unit == SD:
        ends = _whole_numbers(ends, base[0])
    if outcome.log:
        ends[0] = np.maximum(ends[0], 0.0)
    return ends


def refuse_without_intervals(
    outcome: Outcome, calibration: Calibration | None, *, has_offset: bool
) -> None:
    """Raise if a fit has no prediction intervals; it says what to do.

    Raises
    ------
    ArgumentError
    """
    received = '"prediction"'
    if not has_intervals(outcome):
        expected = (
            "another kind of prediction for this outcome, since prediction intervals are of numbers"
        )
        raise ArgumentError("kind", expected, received)
    if has_offset and isinstance(outcome, Numbers) and outcome.log:
        expected = "another kind of prediction where a loss with a logarithmic link has an offset"
        raise ArgumentError("kind", expected, received)
    if calibration is None:
        expected = (
            "another kind of prediction for this fit, which set no rows aside to calibrate "
            'intervals by: fit with `validation` = 0.2, or with `weight_decay` = "auto", which '
            "searches unless there are few rows or epochs (of several networks also with "
            "`bootstrap`)"
        )
        raise ArgumentError("kind", expected, received)

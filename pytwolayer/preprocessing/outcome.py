"""The outcome: what the network is trained to give, and its output on the user's scale."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from pytwolayer.checks import quote, quote_some
from pytwolayer.errors import ArgumentError, UnseenLevelWarning, warn_user
from pytwolayer.preprocessing.column import Column, in_column
from pytwolayer.preprocessing.column_blocks import lines_in
from pytwolayer.preprocessing.column_reading import level_name
from pytwolayer.preprocessing.labels import LABELS, Pair, pairs_of, presence
from pytwolayer.preprocessing.moments import moments_of
from pytwolayer.preprocessing.outcome_range import LOG_LINK, refuse_outside_range
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.preprocessing.spread import (
    NEGATIVE_BINOMIAL,
    NORMAL,
    exposure,
    first_log_theta,
    has_offset,
    outcome_columns,
    standard_deviations,
    theta_of,
)
from pytwolayer.preprocessing.standardize import NumberCoding
from pytwolayer.preprocessing.table import Table
from pytwolayer.preprocessing.trials import (
    BINOMIAL,
    SUCCESSES_AND_FAILURES,
    has_trials,
    number_of_trials,
    share_of_successes,
)
from pytwolayer.runtime.torch_loading import torch

_DATA = "y"
_FAR = 700.0  # exp() of it is finite


@dataclass(frozen=True)
class Numbers:
    """One numeric outcome or several.

    Attributes
    ----------
    names : tuple of str or None
        Names of the outcomes, if the training data had any.
    center, scale : tuple of float
        The network learns ``(y - center) / scale``.
    log : bool
        Whether the network's output is the logarithm of the scaled outcome, of which the losses of
        ``LOG_LINK`` are.
    vector : bool
        Whether ``y`` was a vector; predictions then are vectors too.
    logit : bool
        Whether the network's output is the logarithm of the odds, of the loss "binomial".
    trials : bool
        Whether ``y`` is columns of successes and failures, of which the share is predicted.
    sd, theta : bool
        Whether the second half of the network's outputs are logarithms: of the standard deviations
        of the scaled outcomes ("normal"), or of a ``theta`` for all rows ("negative_binomial").
    labels : tuple of pairs
        Of the loss "binary_cross_entropy", what each label is called where it is absent, and where
        it is present; the network's output is the logarithm of its odds.
    quantile_levels : tuple of float
        Of the loss "quantile": the network has an output for each; else empty.
    """

    names: tuple[str, ...] | None
    center: tuple[float, ...]
    scale: tuple[float, ...]
    log: bool
    vector: bool
    logit: bool = False
    trials: bool = False
    sd: bool = False
    theta: bool = False
    quantile_levels: tuple[float, ...] = ()
    labels: tuple[Pair, ...] = ()
    default_loss = "mse"

    @classmethod
    def fit(
        cls,
        table: Table,
        weights: Doubles | None,
        loss: Any,
        quantile_levels: Sequence[float] | None = None,
    ) -> "Numbers":
        """Learn the scaling of the outcomes; where the output is a logarithm they keep their 0."""
        refuse_outside_range(table, loss)
        if loss == LABELS:
            number = len(table.columns)
            center, scale = (0.0,) * number, (1.0,) * number
            how: Any = {"logit": True, "labels": pairs_of(table)}
            return cls(table.names, center, scale, False, table.vector, **how)
        if loss == BINOMIAL:
            trials = has_trials(table, loss)
            vector = table.vector or trials
            return cls(table.names, (0.0,), (1.0,), False, vector, logit=True, trials=trials)
        log = loss in LOG_LINK
        if log:
            pairs = [(0.0, scale) for scale in _means(table, weights)]
        else:
            codings = [_number_coding(column, weights) for column in table.columns]
            pairs = [(coding.center, coding.scale or 1.0) for coding in codings]
        center, scale = tuple(c for c, _ in pairs), tuple(s for _, s in pairs)
        levels = tuple(quantile_levels or ())
        names = table.names[: len(pairs)] if table.names else None
        more = {"sd": loss == NORMAL, "theta": loss == NEGATIVE_BINOMIAL}
        return cls(names, center, scale, log, table.vector, **more, quantile_levels=levels)

    @property
    def link(self) -> str:
        """What the network's output is of the mean: its logarithm, the log of its odds, itself.

        Or "quantile", where the outputs are those of one outcome.
        """
        if self.quantile_levels:
            return "quantile"
        return "log" if self.log else "logit" if self.logit else "identity"

    @property
    def width(self) -> int:
        """Number of the network's outputs."""
        return len(self.quantile_levels or self.center) * (2 if self.has_spread else 1)

    @property
    def has_spread(self) -> bool:
        """Whether the second half of the outputs is of the outcomes' spread."""
        return self.sd or self.theta

    @property
    def columns(self) -> int:
        """Number of columns of ``y``."""
        return SUCCESSES_AND_FAILURES if self.trials else len(self.center)

    @property
    def outputs(self) -> list[str]:
        """Names of the network's outputs: the outcomes, or the quantiles of the one."""
        if self.quantile_levels:
            return [f"q{level:.15g}" for level in self.quantile_levels]
        if self.has_spread:
            what = "log_sd" if self.sd else "log_theta"
            return [*self.predicted, *(f"{what}_{name}" for name in self.predicted)]
        return self.predicted

    @property
    def predicted(self) -> list[str]:
        """Names of the predictions, one for each outcome."""
        if self.trials:
            return list((self.names or ("y1",))[:1])
        return list(self.names or (f"y{number + 1}" for number in range(len(self.center))))

    @property
    def middle(self) -> int:
        """The number of the quantile that is nearest to the median, from 0."""
        distances = [abs(level - 0.5) for level in self.quantile_levels]
        return distances.index(min(distances))

    def observed(self, table: Table) -> Doubles:
        """Return the outcomes on the user's scale, shape ``(rows, width)``."""
        if self.labels:
            return presence(table, self.labels)
        if self.trials:
            return share_of_successes(table)[:, None]
        return np.column_stack([column.values for column in outcome_columns(table)])

    def weights_of_score(self, table: Table, weights: Doubles | None) -> Doubles | None:
        """Return the weights of rows that are scored: of trials a row's is their number."""
        if not self.trials:
            return weights
        trials = number_of_trials(table)
        return trials if weights is None else weights * trials

    def first_log_theta(self, table: Table, weights: Doubles | None) -> list[float]:
        """Return where training starts the logarithms of ``theta``; none of other outcomes."""
        return first_log_theta(table, self.scale, weights) if self.theta else []

    def warn_unseen_classes(self, table: Table, consequence: str) -> None:
        """Warn of values of labels that training did not see; numbers have none."""
        if not self.labels:
            return
        for column, pair in zip(table.columns, self.labels, strict=True):
            known = [level_name(label) for label in pair]
            seen = np.unique(column.values[~np.isnan(column.values)]).astype(np.intp)
            names = [column.levels[code] for code in seen] if column.has_levels else []
            unseen = [name for name in names if name not in known]
            if unseen:
                where = in_column(column.label)
                warn_user(
                    f"Classes that training did not see{where}: {quote_some(unseen)}. "
                    f"{consequence}",
                    UnseenLevelWarning,
                )

    def target(self, table: Table) -> torch.Tensor:
        """Return the scaled outcomes as float32, shape ``(rows, width)``.

        Of quantiles each is compared with the same outcome.

        Raises
        ------
        ArgumentError
            If a scaled outcome of held-out rows is too large for float32.
        """
        matrix = self.observed(table)
        scale = np.asarray(self.scale)
        if has_offset(table):
            scale = scale * np.asarray(exposure(table))[:, None]
        with np.errstate(over="ignore"):
            target = ((matrix - self.center) / scale).astype(np.float32)
        if not np.isfinite(target).all():
            far = int(np.isinf(target).any(axis=0).argmax())
            largest = np.max(np.abs(matrix[:, far]))
            received = f"{largest:.3g}{in_column(table.columns[far].label)}"
            raise ArgumentError(_DATA, "numbers of the size seen in training", received)
        if self.quantile_levels:
            target = np.repeat(target, self.width, axis=1)
        if self.has_spread:  # counts are known from their ratios to the scale; sds need nothing
            beside = np.broadcast_to(scale if self.theta else 0.0, target.shape)
            target = np.hstack([target, beside.astype(np.float32)])
        return torch.from_numpy(target)

    def inverse_transform(self, output: torch.Tensor) -> Doubles:
        """Convert the network's output to the user's scale, shape ``(rows, outcomes)``.

        Of quantiles that is the one nearest to the median.
        """
        values = output.numpy().astype(np.float64)
        if self.quantile_levels:
            return self.quantiles(output)[:, [self.middle]]
        if self.has_spread:
            values = values[:, : len(self.center)]
        if self.logit:
            shares: Doubles = 1 / (1 + np.exp(-np.clip(values, -_FAR, _FAR)))
            return shares
        return self._restored(values)

    def standard_deviations(self, output: torch.Tensor, mean: Doubles) -> Doubles:
        """Give the standard deviation of a new observation, shape ``(rows, outcomes)``.

        ``mean`` are the predictions, with an offset where the fit has one.
        """
        values = output.numpy().astype(np.float64)[:, len(self.center) :]
        if self.sd:
            return standard_deviations(values, self.scale)
        variance: Doubles = mean + mean**2 / theta_of(values)
        return np.sqrt(variance)

    def quantiles(self, output: torch.Tensor) -> Doubles:
        """Convert the network's output to quantiles on the user's scale, ``(rows, width)``.

        They are sorted: quantiles do not cross, and the sorted ones are never further from
        the true ones.
        """
        return self._restored(np.sort(output.numpy().astype(np.float64), axis=1))

    def restored(self, values: Doubles) -> Doubles:
        """Convert values of the network's scale to the user's, infinite where that is too far."""
        with np.errstate(over="ignore", invalid="ignore"):
            restored: Doubles = (np.exp(values) if self.log else values) * self.scale + self.center
        return restored

    def _restored(self, values: Doubles) -> Doubles:
        restored = self.restored(values)
        if not np.isfinite(restored).all():
            expected = "close enough to the training data that its predictions are finite"
            raise ArgumentError("x", expected, "further away from it")
        return restored


@dataclass(frozen=True)
class Classes:
    """An outcome of two classes or more.

    Attributes
    ----------
    name : str or None
        Name of the outcome, if the training data had one.
    labels : tuple
        The classes as the user has them: text, logicals, numbers.
    """

    name: str | None
    labels: tuple[Any, ...]
    default_loss = "cross_entropy"

    @classmethod
    def fit(cls, table: Table, *, partial: bool = False) -> "Classes":
        """Take the classes from a column of levels or logicals.

        Of a factor all levels are classes, also those without rows. With ``partial`` more rows are
        to come, so that one class is enough.
        """
        (column,) = table.columns
        seen = np.unique(column.values).astype(np.intp).tolist()
        labels = (False, True) if column.kind == "logical" else column.labels
        if len(seen) < 2 and not partial:
            received = (
                f"one class only, {quote(level_name(labels[seen[0]]))}{in_column(column.label)}"
            )
            raise ArgumentError(_DATA, "an outcome of at least two classes", received)
        if column.kind == "text":
            labels = tuple(labels[code] for code in seen)
        return cls(table.names[0] if table.names else None, labels)

    @property
    def names(self) -> tuple[str, ...] | None:
        """The outcome's name in a tuple, as in ``Numbers``."""
        return None if self.name is None else (self.name,)

    def observed(self, table: Table) -> Doubles:
        """Return the number of each row's class, shape ``(rows, 1)``; NaN for unknown classes."""
        (column,) = table.columns
        names = column.levels if column.has_levels else ("FALSE", "TRUE")
        code = {name: float(number) for number, name in enumerate(self.outputs)}
        codes = np.array([code.get(name, np.nan) for name in names])
        return codes[column.values.astype(np.intp)][:, None]

    @property
    def width(self) -> int:
        """Number of the network's outputs, one for each class."""
        return len(self.labels)

    @property
    def columns(self) -> int:
        """Number of columns of ``y``."""
        return 1

    @property
    def outputs(self) -> list[str]:
        """Names of the network's outputs: the classes as text."""
        return [level_name(label) for label in self.labels]

    def weights_of_score(self, table: Table, weights: Doubles | None) -> Doubles | None:
        """Return the weights of rows that are scored."""
        return weights

    @property
    def predicted(self) -> list[str]:
        """Names of the predictions, which are of each class."""
        return self.outputs

    def first_log_theta(self, table: Table, weights: Doubles | None) -> list[float]:
        """Return none: it is of numbers."""
        return []

    def warn_unseen_classes(self, table: Table, consequence: str) -> None:
        """Warn of classes that training did not see; ``consequence`` ends the warning."""
        (column,) = table.columns
        codes = {
            int(code)
            for part in table.parts()
            for code in np.unique(part.columns[0].values[np.isnan(self.observed(part)[:, 0])])
        }
        if codes:
            names = quote_some([column.levels[code] for code in sorted(codes)])
            where = in_column(column.label)
            warn_user(
                f"Classes that training did not see{where}: {names}. {consequence}",
                UnseenLevelWarning,
            )

    def target(self, table: Table) -> torch.Tensor:
        """One-hot encode each row's class as float32, shape ``(rows, width)``."""
        codes = self.observed(table)[:, 0].astype(np.intp)
        rows = np.zeros((table.rows, self.width), dtype=np.float32)
        rows[np.arange(table.rows), codes] = 1
        return torch.from_numpy(rows)

    def inverse_transform(self, output: torch.Tensor) -> Doubles:
        """Convert the network's output to probabilities, shape ``(rows, width)``."""
        probabilities: Doubles = torch.softmax(output.double(), 1).numpy()
        return probabilities


Outcome = Numbers | Classes


def has_log_link(outcome: Outcome) -> bool:
    """Tell whether the network gives the prediction's logarithm, to which an offset is added."""
    return not isinstance(outcome, Classes) and outcome.log


def fit_outcome(
    table: Table,
    weights: Doubles | None,
    loss: Any,
    *,
    partial: bool = False,
    quantile_levels: Sequence[float] | None = None,
) -> Outcome:
    """Learn the outcome of the training data: numbers, or classes.

    Raises
    ------
    ArgumentError
        If classes are mixed with other outcomes, if there is only one class, or if the loss is
        for the other kind, or for one outcome.
    """
    are_classes = [column.is_classes for column in table.columns]
    if not any(are_classes):
        if loss == "cross_entropy":
            raise ArgumentError("loss", "one for a numeric outcome", '"cross_entropy"')
        if loss == "quantile" and len(are_classes) > 1:
            expected = 'a single outcome with the loss "quantile"'
            raise ArgumentError(_DATA, expected, f"{len(are_classes)} outcomes")
        return Numbers.fit(table, weights, loss, quantile_levels)
    if isinstance(loss, str) and loss == LABELS:
        return Numbers.fit(table, weights, loss)
    if len(are_classes) > 1:
        expected = (
            "numbers where it has several columns, or labels of two values each with "
            f'`loss` = "{LABELS}"'
        )
        label = table.columns[are_classes.index(True)].label
        raise ArgumentError(_DATA, expected, f"classes{in_column(label)}")
    if isinstance(loss, str) and loss not in ("auto", "cross_entropy"):
        raise ArgumentError("loss", '"cross_entropy" or a function for classes', f'"{loss}"')
    return Classes.fit(table, partial=partial)


def _number_coding(column: Column, weights: Doubles | None) -> NumberCoding:
    lines = partial(lines_in, column)
    known = _DATA, moments_of(lines(), weights), lines, weights
    return NumberCoding.from_moments(*known, label=column.label)


def _means(table: Table, weights: Doubles | None) -> list[float]:
    """Return the outcomes' means; with an offset they are per unit of exposure."""
    columns = outcome_columns(table)
    means = [float(np.average(column.values, weights=weights)) or 1.0 for column in columns]
    if not has_offset(table):
        return means
    unit = float(np.average(np.asarray(exposure(table)), weights=weights))
    return [mean / unit for mean in means]

"""What the two scikit-learn estimators share."""

from collections.abc import Callable
from dataclasses import replace
from numbers import Integral
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils.validation import check_is_fitted

from pytwolayer.checks import shown
from pytwolayer.errors import ArgumentError
from pytwolayer.estimators.validation import (
    as_pandas,
    has_non_numeric,
    read_predictors,
    read_weights,
)
from pytwolayer.fitting.prepare import Fitting, Hooks, OnEpoch
from pytwolayer.fitting.starting_point import Start
from pytwolayer.fitting.two_layer import read_validation, read_verbose
from pytwolayer.models.two_layer import TwoLayer
from pytwolayer.network.losses import ForgottenLoss
from pytwolayer.preprocessing.class_weights import apply_class_weights
from pytwolayer.preprocessing.encoder import LevelCoding
from pytwolayer.preprocessing.reading import read_training_data
from pytwolayer.preprocessing.suspect_columns import warn_suspect_columns
from pytwolayer.preprocessing.validation_data import is_validation_data
from pytwolayer.runtime.device import select_device
from pytwolayer.runtime.memory import releases_gpu_memory
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.runtime.torch_settings import with_default_torch_settings
from pytwolayer.training.progress import Progress
from pytwolayer.training.settings import AUTO, KEPT, Settings, function_name

_SETTINGS = [name for name in KEPT if name != "seed"]
# What looks at a whole run; partial_fit(), which sees one epoch, would pass over it in silence.
_OF_A_WHOLE_RUN: dict[str, tuple[Any, ...]] = {
    "validation": (0, None),
    "patience": (None,),
    "schedule": ("constant", AUTO),
}
# What cannot change from one fit to one that goes on from there.
_LASTING = ("input_clip", "hidden_units", "activation", "loss")


class FittingEstimator(BaseEstimator):
    """What both do; their parameters stand in ``estimators.py``. Named here are those used here."""

    validation: Any
    weight_type: str
    loss: Any
    batch_size: int | str | None
    device: str | torch.device
    on_epoch: OnEpoch | None
    verbose: bool | Callable[[int], Progress]
    random_state: Any
    warm_start: bool

    @with_default_torch_settings
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Fit the network.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Predictors. Arrays hold numbers; a frame's columns may hold text, categories or
            logicals too, without being encoded.
        y : array-like of shape (n_samples,); numbers also (n_samples, n_outputs)
            The outcome.
        sample_weight : array-like of shape (n_samples,), optional
            Weights of the rows, at least 0.
        X_val, y_val, sample_weight_val : array-like, optional
            Validation data of your own, in the place of ``validation``.

        Returns
        -------
        estimator
            Itself.
        """
        start = Start(self.two_layer_) if self.warm_start and self._is_fitted() else None
        X = self._read_predictors(X, start)
        y = self._read_outcome(X, as_pandas(y), start, partial=False)
        own = self._read_validation(X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, start, self._settings(start), own=own)

    def _read_validation(self, X: Any, y: Any, sample_weight: Any) -> Any:
        """Check validation data as scikit-learn does; give what ``validation`` is to be."""
        if is_validation_data(self.validation):
            expected = "a share or rows; data of your own go to fit(), as `X_val` and `y_val`"
            raise ArgumentError("validation", expected, shown(self.validation))
        if X is None and y is None and sample_weight is None:
            return None
        if X is None or y is None:
            expected = "given together with `y_val`" if X is None else "given together with `X_val`"
            raise ArgumentError("X_val" if X is None else "y_val", expected, "missing")
        if not np.isscalar(self.validation) or self.validation:
            received = "given too"
            raise ArgumentError("validation", "0 where there are `X_val` and `y_val`", received)
        X = as_pandas(X)
        X = read_predictors(self, X, raw=has_non_numeric(X), reset=False)
        try:
            y = self._read_outcome(X, as_pandas(y), None, partial=True)
        except ArgumentError as problem:
            raise ArgumentError("y_val", problem.expected, problem.received) from problem
        return X, y, read_weights(sample_weight, X)

    @with_default_torch_settings
    def _partial_fit(self, X: Any, y: Any, sample_weight: Any) -> Self:
        """Go over some rows once."""
        start = Start(self.two_layer_, self._memory) if self._is_fitted() else None
        X = self._read_predictors(X, start)
        y = self._read_outcome(X, as_pandas(y), start, partial=True)
        settings = self._settings_in_part(start)
        return self._fit(X, y, sample_weight, start, settings, partial=True)

    @releases_gpu_memory
    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        start: Start | None,
        settings: Settings,
        *,
        partial: bool = False,
        own: Any = None,
    ) -> Self:
        share, held_out = read_validation(self.validation if own is None else own)
        device = select_device(self.device)
        weights = read_weights(sample_weight, X)
        data = read_training_data(
            X,
            y,
            weights=weights,
            weight_type=self.weight_type,
            held_out=held_out,
            na_action="fail",
        )
        if start is None and not partial:
            warn_suspect_columns(data, outcome=False)  # whether it is classes is the class's to say
        data = apply_class_weights(data, getattr(self, "class_weights", None))
        fitting = Fitting(data, settings, share, device, start, partial=partial)
        fit = fitting.train(Hooks(self.on_epoch, read_verbose(self.verbose)))
        self._memory = fitting.memory()
        return self._store_fit(
            _append_history(start.fit, fit) if start is not None and partial else fit
        )

    def _store_fit(self, fit: TwoLayer) -> Self:
        history = fit.history
        watched = history["valid_loss" if "valid_loss" in history else "loss"]
        self.two_layer_, self.history_ = fit, history
        self.n_iter_ = len(history)
        self.loss_curve_ = history["loss"].tolist()
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else float("nan")
        self.best_loss_ = float(watched.min())
        return self

    def _settings(self, start: Start | None) -> Settings:
        given = {name: getattr(self, name) for name in _SETTINGS}
        settings = Settings(**given, seed=self._seed())
        return (
            settings if start is None else _keep_settings(settings, self._before(start), _LASTING)
        )

    def _before(self, start: Start) -> Settings:
        """Give the settings of the fit that goes on; a pickle may hold its loss's name alone."""
        before = start.fit.settings
        if callable(self.loss) and before.loss == ForgottenLoss(function_name(self.loss)):
            return replace(before, loss=self.loss)
        return before

    def _settings_in_part(self, start: Start | None) -> Settings:
        for name, only in _OF_A_WHOLE_RUN.items():
            value = getattr(self, name)
            if not (value is None or np.isscalar(value)) or value not in only:
                raise ArgumentError(name, f"{shown(only[0])} for partial_fit()", shown(value))
        settings = self._settings(start)
        if start is not None:
            before = replace(self._before(start), batch_size=self.batch_size)
            settings = _keep_settings(settings, before, ("optimizer",))
            auto = [name for name in _SETTINGS if getattr(settings, name) == AUTO]
            settings = replace(settings, **{name: getattr(before, name) for name in auto})
            settings = replace(settings, seed=before.seed)
        if settings.weight_decay == AUTO:  # depends on the number of all rows
            settings = replace(settings, weight_decay=0.0)
        return replace(settings, epochs=1, schedule="constant")

    def _seed(self) -> int:
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _is_fitted(self) -> bool:
        return hasattr(self, "two_layer_")

    def _takes_levels(self) -> bool:
        return any(isinstance(coding, LevelCoding) for coding in self.two_layer_.inputs.codings)

    def _read_predictors(self, X: Any, start: Start | None) -> Any:
        X = as_pandas(X)
        raw = has_non_numeric(X) if start is None else self._takes_levels()
        return read_predictors(self, X, raw=raw, reset=start is None)

    def _read_outcome(self, X: Any, y: Any, start: Start | None, *, partial: bool) -> Any:
        raise NotImplementedError

    def _check_new_data(self, X: Any) -> Any:
        """Check new data."""
        check_is_fitted(self)
        return read_predictors(self, as_pandas(X), raw=self._takes_levels(), reset=False)

    def _rows_with_predictions(self, X: Any, *others: Any) -> list[Any]:
        """Leave out rows without a prediction: those with levels that training did not see."""
        new = self._check_new_data(X)
        there = self.two_layer_.inputs.read("X", new).complete()
        if there.all():
            return [X, *others]
        rows = np.flatnonzero(there)
        return [None if one is None else _safe_indexing(one, rows) for one in (X, *others)]


def _keep_settings(settings: Settings, before: Settings, names: tuple[str, ...]) -> Settings:
    """Take from a fit that goes on what cannot change on the way."""
    for name in names:
        old, new = getattr(before, name), getattr(settings, name)
        if new not in (AUTO, old):
            raise ArgumentError(name, f"{shown(old)}, as in the fit that goes on", shown(new))
    return replace(settings, **{name: getattr(before, name) for name in names})


def _append_history(before: TwoLayer, fit: TwoLayer) -> TwoLayer:
    """Give a fit the history of the one that it goes on from."""
    later = fit.history.assign(epoch=fit.history["epoch"] + len(before.history))
    history = pd.concat([before.history, later], ignore_index=True)[list(later)]
    return replace(fit, history=history, settings=replace(fit.settings, epochs=len(history)))

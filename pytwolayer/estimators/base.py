"""What the two scikit-learn estimators share."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from numbers import Integral
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils.validation import check_is_fitted

from pytwolayer.checks import describe
from pytwolayer.errors import ArgumentError, named_as
from pytwolayer.estimators.explaining import ExplainingMixin
from pytwolayer.estimators.frames import as_frame, as_vector
from pytwolayer.estimators.given_data import take_named
from pytwolayer.estimators.several import mean_history
from pytwolayer.estimators.validation import (
    check_weights,
    has_non_numeric,
    read_predictors,
    read_sourced,
)
from pytwolayer.fitting.argument_hints import hints_at_parameters
from pytwolayer.fitting.ensemble import fit_ensemble, read_n_models
from pytwolayer.fitting.prepare import Hooks, OnEpoch, PreparedFit
from pytwolayer.fitting.shown_reading import show_reading
from pytwolayer.fitting.starting_point import Start
from pytwolayer.fitting.train_in_workers import WorkerTraining, read_workers, scratch_for
from pytwolayer.fitting.tuning import Tuned, tune
from pytwolayer.fitting.two_layer import read_cache, read_validation, read_verbose
from pytwolayer.models.ensemble import TwoLayerEnsemble, models_of, predicted_rows
from pytwolayer.models.new_rows import encodings
from pytwolayer.models.two_layer import TwoLayer
from pytwolayer.network.losses import ForgottenLoss
from pytwolayer.preprocessing.block_writer import LevelCoding
from pytwolayer.preprocessing.class_weights import apply_class_weights
from pytwolayer.preprocessing.outcome_range import suit_to_loss
from pytwolayer.preprocessing.reading import COMPLETE, read_training_data
from pytwolayer.preprocessing.row_source import SourcedTable
from pytwolayer.preprocessing.suspect_columns import warn_suspect_columns
from pytwolayer.preprocessing.validation_data import is_validation_data
from pytwolayer.runtime.memory import releases_gpu_memory
from pytwolayer.runtime.own_gpus import select_for_workers
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.runtime.torch_settings import with_default_torch_settings
from pytwolayer.training.progress import Progress
from pytwolayer.training.settings import AUTO, KEPT, SETTINGS, Settings, function_name

# The defaults are those of two_layer().
_USUAL = {name: setting.default for name, setting in SETTINGS.items()}
_SETTINGS = [name for name in KEPT if name != "seed"]
# Settings that need several epochs, and the values that partial_fit(), one epoch, accepts.
_OF_A_WHOLE_RUN: dict[str, tuple[Any, ...]] = {
    "validation": (0, None),
    "patience": (None,),
    "schedule": ("constant", AUTO),
}
# Settings that are searched for; a fit which continues another one has what that found.
_TUNED = ("weight_decay", "learning_rate")
# Settings that a fit which continues another one cannot change.
_LASTING = (
    "input_clip",
    "encoding",
    "pieces",
    "hidden_units",
    "activation",
    "loss",
    "quantile_levels",
)


@hints_at_parameters
@dataclass(kw_only=True, eq=False, repr=False)
class TwoLayerEstimator(ExplainingMixin, BaseEstimator):
    """The parameters and attributes of both; a dataclass, whose ``__init__`` only stores arguments.

    Parameters
    ----------
    validation : float or vector
        Rows held out to measure ``valid_loss``: a share (of each class alike), the rows'
        numbers from 0, or true and false for each row. The weights of the best epoch come
        back. Data of your own go to ``fit()`` instead.
    random_state : int, RandomState or None
        What the seed is drawn from; an int is the seed itself, as ``two_layer()`` takes it.
    warm_start : bool
        Whether ``fit()`` starts from the weights and the encoding of the fit before, if there is
        one. History and optimiser start anew. Not with several networks.

    Attributes
    ----------
    two_layer_ : TwoLayer or TwoLayerEnsemble
        The fit itself, as ``two_layer()`` gives it: it plots and can be saved. Of several networks
        it also tells their spread.
    n_iter_ : int
        Number of epochs; of several networks that of the longest training.
    history_ : DataFrame
        ``epoch``, ``loss`` and, with ``validation``, ``valid_loss``; of several networks also
        ``model``.
    loss_curve_ : list of float
        The loss of each epoch; of several networks the mean.
    loss_ : float
        That of the last.
    best_loss_ : float
        The lowest: of the held-out rows where there are any.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they have names that are text.

    Notes
    -----
    Missing values are refused; ``two_layer()`` can leave such rows out. Where new data have a level
    that training did not see, the prediction is missing and a warning names the level; ``score()``
    leaves these rows out.
    """

    hidden_units: int = _USUAL["hidden_units"]
    activation: str = _USUAL["activation"]
    epochs: int | str = _USUAL["epochs"]
    batch_size: int | str | None = _USUAL["batch_size"]
    optimizer: str = _USUAL["optimizer"]
    learning_rate: float | str = _USUAL["learning_rate"]
    momentum: float = _USUAL["momentum"]
    nesterov: bool = _USUAL["nesterov"]
    schedule: str = _USUAL["schedule"]
    weight_decay: float | str = _USUAL["weight_decay"]
    dropout: float = _USUAL["dropout"]
    gradient_clip: float | None = _USUAL["gradient_clip"]
    input_clip: float | None = _USUAL["input_clip"]
    encoding: str = _USUAL["encoding"]
    pieces: int = _USUAL["pieces"]
    loss: str | Callable[[torch.Tensor, torch.Tensor], Any] = _USUAL["loss"]
    quantile_levels: Sequence[float] | None = _USUAL["quantile_levels"]
    reduction: str = _USUAL["reduction"]
    weight_type: str = _USUAL["weight_type"]
    validation: Any = _USUAL["validation"]
    patience: int | None = _USUAL["patience"]
    n_models: int = _USUAL["n_models"]
    bootstrap: bool = _USUAL["bootstrap"]
    device: str | torch.device = _USUAL["device"]
    shards: int = _USUAL["shards"]
    workers: int = _USUAL["workers"]
    cache: str | Path | None = _USUAL["cache"]
    on_epoch: OnEpoch | None = _USUAL["on_epoch"]
    verbose: bool | Callable[[int], Progress] = False
    random_state: Any = None
    warm_start: bool = False

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

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
        X : array-like, sparse matrix, DataFrame, Arrow object or path, (n_samples, n_features)
            Predictors. Arrays hold numbers; the columns of a frame, of pandas or polars, or of a
            table of pyarrow may hold text, categories or logicals too, without being encoded. A
            path is of a CSV or Parquet file, or of a folder of Parquet files: it is read in
            blocks, and never held.
        y : array-like of shape (n_samples,), numbers also (n_samples, n_outputs); or str
            The outcome, or the name of the column of ``X`` that has it.
        sample_weight : array-like of shape (n_samples,) or str, optional
            Weights of the rows, at least 0, or the name of the column of ``X`` that has them.
        X_val, y_val, sample_weight_val : array-like, optional
            Validation data of your own, in the place of ``validation``.

        Returns
        -------
        estimator
            Itself.
        """
        start = Start(self._network_before()) if self.warm_start and self._is_fitted() else None
        return self._fit(X, y, sample_weight, start, (X_val, y_val, sample_weight_val))

    def _read_validation(self, X: Any, y: Any, sample_weight: Any) -> Any:
        """Check validation data as scikit-learn does; return the argument ``validation``."""
        if is_validation_data(self.validation):
            expected = "a share or rows; data of your own go to fit(), as `X_val` and `y_val`"
            raise ArgumentError("validation", expected, describe(self.validation))
        if X is None and y is None and sample_weight is None:
            return None
        if X is None or y is None:
            expected = "given together with `y_val`" if X is None else "given together with `X_val`"
            raise ArgumentError("X_val" if X is None else "y_val", expected, "missing")
        if not np.isscalar(self.validation) or self.validation:
            received = "given too"
            raise ArgumentError("validation", "0 where there are `X_val` and `y_val`", received)
        names = ("X_val", "y_val", "sample_weight_val")
        X, y, sample_weight = take_named(X, y, sample_weight, arguments=names)
        X = as_frame("X_val", X)
        X = read_predictors(self, X, raw=has_non_numeric(X), reset=False)
        with named_as({"y": "y_val"}):
            y = self._read_outcome(X, as_vector("y", y), None, partial=True)
        return X, y, check_weights(sample_weight, X)

    @with_default_torch_settings
    def _partial_fit(self, X: Any, y: Any, sample_weight: Any) -> Self:
        """Train one epoch; see ``partial_fit()`` of the estimators."""
        start = Start(self._network_before(), self._memory) if self._is_fitted() else None
        return self._fit(X, y, sample_weight, start, None)

    @releases_gpu_memory
    def _fit(
        self, X: Any, y: Any, sample_weight: Any, start: Start | None, given: tuple[Any, ...] | None
    ) -> Self:
        """Fit from a start; ``given`` are the arguments for validation data, or None in part."""
        partial = given is None
        take = take_named if start is None else self._take_new
        X, y, sample_weight = take(X, y, sample_weight)
        X = self._read_predictors(X, start)
        y = self._read_outcome(X, as_vector("y", y), start, partial=partial)
        validation = None if given is None else self._read_validation(*given)
        settings = self._settings_in_part(start) if partial else self._settings(start)
        share, held_out = read_validation(self.validation if validation is None else validation)
        n_models = self._read_n_models()
        workers = 1 if partial else read_workers(self.workers, settings, n_models)
        device = select_for_workers(self.device, workers)
        weights = check_weights(sample_weight, X)
        hooks = Hooks(self.on_epoch, read_verbose(self.verbose))
        how = {"weight_type": self.weight_type, "held_out": held_out, "na_action": "fail"}
        with _named_as_given():
            data = read_training_data(show_reading(X, hooks.progress), y, weights=weights, **how)
        if start is None and not partial:
            # The choice of estimator says whether the outcome is classes.
            warn_suspect_columns(data, outcome=False)
        data = suit_to_loss(data, settings.loss)
        data = apply_class_weights(data, getattr(self, "class_weights", None), settings.loss)
        if start is None and not partial:
            tuned = tune(data, settings, share, device, hooks)
        else:
            tuned = Tuned(settings, None if start is None else start.fit.tuning)
        cache = None if partial else read_cache(self.cache)
        if n_models > 1:
            how_many = n_models, self.bootstrap, cache
            return self._store_fit(fit_ensemble(data, tuned, share, device, hooks, *how_many))
        place = tuned.settings, share, device, start
        with scratch_for(workers) as scratch:
            prepared = PreparedFit(data, *place, partial=partial, cache=cache, scratch=scratch)
            prepared.set_attributes(**tuned.attributes)
            train = None if scratch is None else WorkerTraining(workers, scratch, device)
            fit = prepared.train(hooks, interrupted=tuned.interrupted, how=train)
        self._memory = prepared.memory()
        if start is not None and partial:
            fit = _append_history(start.fit, fit)
        return self._store_fit(fit)

    def to_onnx(self, file: str | Path) -> None:
        """Write the fit as an ONNX file; see ``TwoLayer.to_onnx()``.

        Parameters
        ----------
        file : str or Path
            Usually with the ending ``.onnx``. A file of this name is replaced.
        """
        check_is_fitted(self)
        self.two_layer_.to_onnx(file)

    def to_sql(
        self,
        table: str | Sequence[str],
        dialect: str,
        *,
        columns: Sequence[str] | str | None = None,
    ) -> str:
        """Write the fit as a query; see ``TwoLayer.to_sql()``.

        Parameters
        ----------
        table : str or list of str
            The table's name, or the names of schema and table.
        dialect : str
            "duckdb", "postgresql" or "sqlite".
        columns : list of str, optional
            Names of columns of the table that are copied, before the predictions.

        Returns
        -------
        str
        """
        check_is_fitted(self)
        return self.two_layer_.to_sql(table, dialect, columns=columns)

    def _read_n_models(self) -> int:
        number = read_n_models(self.n_models, self.bootstrap, None)
        if number > 1 and self.warm_start:
            raise ArgumentError("warm_start", "False where `n_models` is above 1", describe(True))
        return number

    def _network_before(self) -> TwoLayer:
        """Return the network of the fit to continue."""
        if isinstance(self.two_layer_, TwoLayer):
            return self.two_layer_
        raise ArgumentError("n_models", "1 in the fit that goes on", str(self.two_layer_.n_models))

    def _store_fit(self, fit: TwoLayer | TwoLayerEnsemble) -> Self:
        history = mean_history(fit)
        watched = history["valid_loss" if "valid_loss" in history else "loss"]
        self.two_layer_, self.history_ = fit, fit.history
        self.n_iter_ = len(history)
        self.loss_curve_ = history["loss"].tolist()
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else float("nan")
        self.best_loss_ = float(watched.min())
        return self

    def _settings(self, start: Start | None) -> Settings:
        given = {name: getattr(self, name) for name in _SETTINGS}
        settings = Settings(**given, seed=self._seed())
        if start is None:
            return settings
        before = self._before(start)
        if start.fit.tuning is not None:
            auto = [name for name in _TUNED if getattr(settings, name) == AUTO]
            settings = replace(settings, **{name: getattr(before, name) for name in auto})
        return _keep_settings(settings, before, _LASTING)

    def _before(self, start: Start) -> Settings:
        """Return the settings of the fit to continue; a pickle may lack its loss function."""
        before = start.fit.settings
        if callable(self.loss) and before.loss == ForgottenLoss(function_name(self.loss)):
            return replace(before, loss=self.loss)
        return before

    def _settings_in_part(self, start: Start | None) -> Settings:
        for name, only in _OF_A_WHOLE_RUN.items():
            value = getattr(self, name)
            if not (value is None or np.isscalar(value)) or value not in only:
                raise ArgumentError(name, f"{describe(only[0])} for partial_fit()", describe(value))
        settings = self._settings(start)
        if start is not None:
            before = replace(self._before(start), batch_size=self.batch_size)
            settings = _keep_settings(settings, before, ("optimizer",))
            auto = [name for name in _SETTINGS if getattr(settings, name) == AUTO]
            settings = replace(settings, **{name: getattr(before, name) for name in auto})
            settings = replace(settings, seed=before.seed)
        if settings.weight_decay == AUTO:  # "auto" depends on the number of all rows
            settings = replace(settings, weight_decay=0.0)
        return replace(settings, epochs=1, schedule="constant")

    def _seed(self) -> int:
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _is_fitted(self) -> bool:
        return hasattr(self, "two_layer_")

    def _takes_levels(self) -> bool:
        codings = models_of(self.two_layer_)[0].inputs.codings
        return any(isinstance(coding, LevelCoding) for coding in codings)

    def _take_new(self, X: Any, y: Any = None, weights: Any = None) -> tuple[Any, Any, Any]:
        """Open new data, and take outcome and weights out of them where they are named."""
        check_is_fitted(self)
        encoders = [*encodings(models_of(self.two_layer_))]
        return take_named(X, y, weights, encoders, getattr(self, "classes_", None))

    def _read_predictors(self, X: Any, start: Start | None) -> Any:
        if isinstance(X, SourcedTable):
            return read_sourced(self, X, reset=start is None)
        X = as_frame("X", X)
        raw = has_non_numeric(X) if start is None else self._takes_levels()
        return read_predictors(self, X, raw=raw, reset=start is None)

    def _read_outcome(self, X: Any, y: Any, start: Start | None, *, partial: bool) -> Any:
        raise NotImplementedError

    def _read_truth(self, X: Any, y: Any) -> Any:
        """Check the outcome of new rows, which has as many columns as training's."""
        width, wanted = np.shape(y)[1:] or (1,), self.two_layer_.outcome.columns
        if y is not None and width != (wanted,):
            expected = f"as many columns as in the fit, {wanted}"
            raise ArgumentError("y", expected, describe(width[0]))
        return self._read_outcome(X, y, None, partial=True)

    def predict_to_file(
        self,
        X: Any,
        output: str | Path,
        *,
        kind: str | None = None,
        columns: Sequence[str] | str | None = None,
    ) -> Path:
        """Write the predictions of new rows to a file, without holding rows or predictions.

        Parameters
        ----------
        X : str, Path, Arrow object, DataFrame or array of shape (n_samples, n_features)
            A path is of a Parquet file, of a folder of these, or of a text file. Columns are found
            by name; others, or another order, are fine.
        output : str or Path
            File to write, replaced if it exists: .parquet, .csv or .tsv, text also with .gz.
        kind : str, optional
            "numeric", "class", "prob" or "raw". By default numbers, or the classes and their
            probabilities.
        columns : list of str, optional
            Columns of ``X`` to copy before the predictions, such as an identifier.

        Returns
        -------
        Path
            That of the file. Where a row has a missing value, or a level that training did not
            see, the prediction is missing.
        """
        check_is_fitted(self)
        how: dict[str, Any] = {"kind": kind, "columns": columns}
        with named_as({"x": "X"}):
            return self.two_layer_.predict_to_file(X, output, **how, verbose=bool(self.verbose))

    def _check_new_data(self, X: Any) -> Any:
        X, _, _ = self._take_new(X)
        return read_predictors(self, as_frame("X", X), raw=self._takes_levels(), reset=False)

    def _rows_with_predictions(self, X: Any, y: Any, sample_weight: Any) -> list[Any]:
        """Select the rows that have a prediction: without levels that training did not see."""
        X, *others = self._take_new(X, y, sample_weight)
        X, others = as_frame("X", X), [as_vector("y", one) for one in others]
        new = self._check_new_data(X)
        fit = self.two_layer_
        if isinstance(fit, TwoLayerEnsemble):
            known = predicted_rows(fit, new)
        else:
            known = fit.inputs.read("X", new).complete()
        if known.all():
            return [X, *others]
        rows = np.flatnonzero(known)
        return [None if one is None else _safe_indexing(one, rows) for one in (X, *others)]


@contextmanager
def _named_as_given() -> Iterator[None]:
    """Have errors about the predictors name the estimator's argument."""
    try:
        with named_as({"x": "X"}):
            yield
    except ArgumentError as problem:
        if problem.expected != COMPLETE:
            raise
        raise ArgumentError("X", "without missing values", problem.received) from problem


def _keep_settings(settings: Settings, before: Settings, names: tuple[str, ...]) -> Settings:
    """Replace settings by those of the fit to continue; raise if they were given and differ."""
    for name in names:
        old, new = getattr(before, name), getattr(settings, name)
        if new not in (AUTO, old):
            raise ArgumentError(name, f"{describe(old)}, as in the fit that goes on", describe(new))
    return replace(settings, **{name: getattr(before, name) for name in names})


def _append_history(before: TwoLayer, fit: TwoLayer) -> TwoLayer:
    """Put the history of the continued fit before that of the new one."""
    later = fit.history.assign(epoch=fit.history["epoch"] + len(before.history))
    history = pd.concat([before.history, later], ignore_index=True)[list(later)]
    return replace(fit, history=history, settings=replace(fit.settings, epochs=len(history)))

"""``TwoLayerEnsemble``: several fitted networks, and their joint predictions."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pytwolayer.errors import UnseenLevelWarning
from pytwolayer.models.fit_figures import FitFigures
from pytwolayer.models.forward import encode_in_parts, forward
from pytwolayer.models.interval_kinds import CONFIDENCE, PREDICTION, read_interval_kind, read_level
from pytwolayer.models.joint_predictions import (
    bases_of_models,
    mean_of_models,
    quantiles_of_models,
    sd_of_mixture,
    standard_deviation_of_models,
)
from pytwolayer.models.new_rows import (
    encodings,
    fill_incomplete,
    is_not_in_memory,
    read_new_data,
    refuse_offset,
    refuse_without_classes,
    refuse_without_output,
)
from pytwolayer.models.two_layer import TwoLayer, format_ends, labelled, report_tuning
from pytwolayer.preprocessing.calibration import (
    Calibration,
    bases,
    has_intervals,
    refuse_without_intervals,
    sets_of,
)
from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.preprocessing.labels import labelled as labels_of
from pytwolayer.preprocessing.outcome import Classes, Outcome
from pytwolayer.preprocessing.row_source import Doubles, Mask
from pytwolayer.preprocessing.table import Table
from pytwolayer.reports.tuning import TuningReport
from pytwolayer.runtime.memory import guard_memory
from pytwolayer.runtime.threads import reset_after_fork
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.runtime.torch_settings import with_default_torch_settings
from pytwolayer.training.settings import Settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class TwoLayerEnsemble(FitFigures):
    """Several fitted networks of one form, which predict together.

    They differ in their seeds, and with ``bootstrap`` in the resample of the rows that each was
    trained on. Their prediction is the mean; their spread shows how uncertain it is. With seeds
    alone the spread is that of the training's random numbers; with bootstrap resamples it also
    includes that of other data of the same kind. It never includes the noise of single
    outcomes.

    Attributes
    ----------
    models : tuple of TwoLayer
        The networks; each is what it would be alone, except for rounding: sums are in another
        order, as on another machine, and long training can amplify that.
    settings : Settings
        Those of the call, with its seed; each model's own settings have the model's seed.
    bootstrap : bool
        Whether each was trained on a resample of the rows.
    calibration : Calibration or None
        What prediction intervals are calibrated by.
    """

    __module__ = "pytwolayer"

    models: tuple[TwoLayer, ...]
    settings: Settings
    bootstrap: bool
    calibration: Calibration | None = None

    @classmethod
    def of(
        cls,
        models: Sequence[TwoLayer],
        seed: int,
        bootstrap: bool,
        calibration: Calibration | None = None,
    ) -> "TwoLayerEnsemble":
        """Make an ensemble of models.

        Raises
        ------
        ValueError
            If they are not of one form.
        """
        first = models[0]
        forms = {
            (m.inputs.names, len(m.inputs.codings), *m.outcome.outputs, m.offset) for m in models
        }
        if len(forms) > 1:
            raise ValueError("its models differ in their inputs or outputs")
        return cls(tuple(models), replace(first.settings, seed=seed), bootstrap, calibration)

    @property
    def outcome(self) -> Outcome:
        """Turns the networks' outputs into predictions; the same for all."""
        return self.models[0].outcome

    @property
    def stopped(self) -> str:
        """Why training ended: "interrupt" if one model's did so, else that of the first."""
        reasons = [fit.stopped for fit in self.models]
        return "interrupt" if "interrupt" in reasons else reasons[0]

    @property
    def n_models(self) -> int:
        """Number of networks."""
        return len(self.models)

    @property
    def classes(self) -> NDArray[Any] | None:
        """The classes, in the order of ``predict_proba()``; None for a numeric outcome."""
        return self.models[0].classes

    @property
    def history(self) -> pd.DataFrame:
        """``model`` (1, 2, ...), ``epoch``, ``loss`` and, with held-out rows, ``valid_loss``."""
        parts = [fit.history.assign(model=n + 1) for n, fit in enumerate(self.models)]
        history = pd.concat(parts, ignore_index=True)
        return history[["model", *history.columns.drop("model")]]

    @overload
    def predict(self, x: Any, *, offset: Any = None) -> NDArray[Any]: ...

    @overload
    def predict(
        self,
        x: Any,
        *,
        output: str | Path,
        kind: str | None = None,
        columns: Sequence[str] | str | None = None,
        level: float = 0.95,
        verbose: bool = True,
    ) -> Path: ...

    def predict(
        self,
        x: Any,
        *,
        offset: Any = None,
        output: str | Path | None = None,
        kind: str | None = None,
        columns: Sequence[str] | str | None = None,
        level: float = 0.95,
        verbose: bool = True,
    ) -> NDArray[Any] | Path:
        """Predict the outcome of new rows: the mean of the models' numbers, or the class.

        The class is that whose mean probability is the highest.

        Parameters
        ----------
        x : DataFrame, array, tensor, Arrow object, str or Path
        offset : vector, optional
            As in ``TwoLayer.predict()``.
        output : str or Path, optional
            File to write the predictions to: this is ``predict_to_file()`` then.
        kind, columns, level, verbose
            With ``output``, as in ``predict_to_file()``.

        Returns
        -------
        numpy.ndarray, or with ``output`` its Path
            As that of ``TwoLayer.predict()``. A level that some models did not see in their
            resample is left to the others; a row is missing where none can predict it.
        """
        if output is not None:
            refuse_offset(offset)
            how: dict[str, Any] = {"kind": kind, "columns": columns, "verbose": verbose}
            return self.predict_to_file(x, output, level=level, **how)
        refuse_without_output(kind=kind, columns=columns)
        return self._predict(x, offset)

    @with_default_torch_settings
    def _predict(self, x: Any, offset: Any) -> NDArray[Any]:
        if not isinstance(self.outcome, Classes):
            means = mean_of_models(self.predict_all(x, offset=offset))
            labels = self.outcome.labels
            return self._as_outcome(labels_of(means, labels) if labels else means)
        self.models[0].with_offset(np.empty((0, 1)), offset)
        assert self.classes is not None
        return labelled(self.predict_code(x), self.classes)

    def predict_to_file(
        self,
        x: Any,
        output: str | Path,
        *,
        kind: str | None = None,
        columns: Sequence[str] | str | None = None,
        level: float = 0.95,
        verbose: bool = True,
    ) -> Path:
        """Write the predictions of new rows to a file; see ``TwoLayer.predict_to_file()``.

        Parameters
        ----------
        x : path, Arrow object, DataFrame, array or tensor
        output : str or Path
        kind : str, optional
            "numeric", "quantile", "class", "prob" as there; "conf_int", ``.pred_lower`` and
            ``.pred_upper`` (with classes or several outcomes for each), "pred_int" likewise of
            new outcomes, "std_error", ``.std_error``. By default numbers or classes and
            probabilities, and the "conf_int" of these.
        columns : list of str, optional
        level : float
            Share of the models' predictions, or of new outcomes, in an interval, see
            ``predict_interval()``.
        verbose : bool

        Returns
        -------
        Path
        """
        from pytwolayer.files.table_writer import table_path
        from pytwolayer.models.predict_file import Asked, write_predictions
        from pytwolayer.models.prediction_table import Fitted

        asked = Asked(kind, columns, level, verbose)
        path = table_path("output", output)
        fitted = Fitted(self.models, several=True, calibration=self.calibration)
        return write_predictions(fitted, x, path, asked)

    @with_default_torch_settings
    def predict_code(self, x: Any) -> Doubles:
        """Predict the number of each row's class, from 0; NaN where it is missing."""
        means = self.predict_proba(x)
        missing = np.asarray(np.isnan(means).any(axis=1))
        return np.where(missing, np.nan, np.where(missing[:, None], 0, means).argmax(axis=1))

    @with_default_torch_settings
    def predict_proba(self, x: Any) -> Doubles:
        """Predict the probability of each class: the mean of the models', ``(rows, classes)``.

        Raises
        ------
        ArgumentError
            As ``predict()``, and if the outcome is numeric.
        """
        refuse_without_classes(self.outcome)
        return mean_of_models(self.predict_all(x))

    @with_default_torch_settings
    def predict_spread(self, x: Any, *, offset: Any = None) -> Doubles:
        """Return the standard deviation of the models' predictions.

        Parameters
        ----------
        x : DataFrame, array or tensor
        offset : vector, optional
            As in ``TwoLayer.predict()``.

        Returns
        -------
        numpy.ndarray
            Of the shape of ``predict()`` for numbers, of ``predict_proba()`` for classes, on
            the same scale.
        """
        return self._as_outcome(standard_deviation_of_models(self.predict_all(x, offset=offset)))

    @with_default_torch_settings
    def predict_interval(
        self, x: Any, level: float = 0.95, *, kind: str = CONFIDENCE, offset: Any = None
    ) -> tuple[Doubles, Doubles]:
        """Return intervals of the mean, or of new outcomes.

        "confidence" is the interval that holds the middle share of the models' predictions: with
        ``bootstrap`` the percentile bootstrap interval of the prediction's mean. It does not cover
        single outcomes, whose noise is not in it. "prediction" is to hold the outcomes of new rows:
        it is calibrated by rows that some models were not trained on, held out or not in their
        resample, or by the folds of the search; see ``TwoLayer.predict_interval()``.

        Parameters
        ----------
        x : DataFrame, array or tensor
        level : float
            The share, above 0 and below 1. The ends of "confidence" lie between the models'
            predictions, so that for 0.95 some 40 models or more are wanted.
        kind : str
            "confidence" or "prediction".
        offset : vector, optional
            As in ``TwoLayer.predict()``.

        Returns
        -------
        lower, upper : numpy.ndarray
            As that of ``predict_spread()``.
        """
        kind, level = read_interval_kind(kind), read_level(level)
        if kind == PREDICTION:
            lower, upper = self._prediction_intervals(x, level, offset)
        else:
            shares = (1 - level) / 2, (1 + level) / 2
            lower, upper = quantiles_of_models(self.predict_all(x, offset=offset), shares)
        return self._as_outcome(lower), self._as_outcome(upper)

    def _prediction_intervals(self, x: Any, level: float, offset: Any) -> Doubles:
        first = self.models[0]
        refuse_without_intervals(self.outcome, self.calibration, has_offset=first.offset)
        each = self._of_each(x, lambda fit, output: np.hstack([*bases(fit.outcome, output)]))
        sides = each.shape[2] // sets_of(self.outcome)
        base = bases_of_models(np.stack(np.split(each, sides, axis=2), axis=1))
        ends = first.intervals_of(self.calibration, base, level)
        return np.stack([first.with_offset(side, offset) for side in ends])

    @with_default_torch_settings
    def predict_all(self, x: Any, *, offset: Any = None) -> Doubles:
        """Return every model's prediction: numbers, or probabilities of the classes.

        Parameters
        ----------
        x : DataFrame, array or tensor
        offset : vector, optional
            As in ``TwoLayer.predict()``.

        Returns
        -------
        numpy.ndarray
            Shape ``(models, rows, outputs)``; NaN where a model cannot predict.
        """
        each = self._of_each(x, lambda fit, output: fit.outcome.inverse_transform(output))
        for number, fit in enumerate(self.models):
            each[number] = fit.with_offset(each[number], offset)
        return each

    @with_default_torch_settings
    def predict_quantiles(self, x: Any, *, offset: Any = None) -> pd.DataFrame:
        """Predict the quantiles of the loss "quantile": the means of the models'.

        Parameters
        ----------
        x : DataFrame, array or tensor
        offset : vector, optional
            As in ``TwoLayer.predict()``.

        Returns
        -------
        pandas.DataFrame
            As that of ``TwoLayer.predict_quantiles()``.
        """
        levels = self.models[0].quantile_levels()
        each = self._of_each(x, lambda fit, output: fit.quantiles_of(output))
        means = mean_of_models(each)
        return pd.DataFrame(self.models[0].with_offset(means, offset), columns=levels)

    @with_default_torch_settings
    def predict_sd(self, x: Any, *, offset: Any = None) -> Doubles:
        """Predict the standard deviation of a new observation about its prediction.

        Of an observation that is as likely any model's as another's: with that of the models'
        predictions.

        Parameters
        ----------
        x : DataFrame, array or tensor
        offset : vector, optional
            As in ``TwoLayer.predict()``.

        Returns
        -------
        numpy.ndarray
            Of the shape of ``predict()``.

        Raises
        ------
        ArgumentError
            As ``TwoLayer.predict_sd()``.
        """
        means, raw = self.predict_all(x, offset=offset), self.predict_raw(x)
        parts = zip(self.models, raw, means, strict=True)
        each = [fit.sd_of(torch.from_numpy(output), mean) for fit, output, mean in parts]
        return self._as_outcome(sd_of_mixture(means, np.stack(each)))

    @with_default_torch_settings
    def predict_raw(self, x: Any) -> Doubles:
        """Return every network's own output, shape ``(models, rows, outputs)``."""
        return self._of_each(x, lambda fit, output: output.numpy())

    def _of_each(self, x: Any, made: Callable[[TwoLayer, torch.Tensor], Doubles]) -> Doubles:
        reset_after_fork()
        work = f"predictions of {self.n_models} models"
        with guard_memory("cpu", work, "Predict fewer rows at a time"):
            shared = encodings(self.models)
            table = read_new_data(self.models, x)
            values: list[Doubles] = [np.empty((0, 0))] * self.n_models
            for encoder, numbers in shared.items():
                fits = [self.models[number] for number in numbers]
                recoded = _recoded(encoder, table)
                parts, complete = encode_in_parts(encoder, recoded, fits[0].settings)
                networks = [fit.network for fit in fits]
                outputs = forward(networks, encoder, parts, int(complete.sum()))
                for number, fit, output in zip(numbers, fits, outputs, strict=True):
                    values[number] = fill_incomplete(made(fit, output), complete)
            return np.stack(values)

    @property
    def tuning(self) -> pd.DataFrame | None:
        """What "auto" was chosen by, once for all models; see ``TwoLayer``."""
        return self.models[0].tuning

    @property
    def estimated_error(self) -> float | None:
        """The error that is to be expected of a new row, by the search; see ``TwoLayer``.

        It is of a single network; together they mostly do a little better.
        """
        return self.tuning_report.error()

    def tuning_summary(self) -> pd.DataFrame:
        """Return a table of the candidates; see ``TwoLayer.tuning_summary()``."""
        return self.tuning_report.table()

    @property
    def tuning_report(self) -> TuningReport:
        """What the search found, for those who print and plot it."""
        return report_tuning(self.models, self.tuning)

    @property
    def _are_classes(self) -> bool:
        return isinstance(self.outcome, Classes)

    def _as_outcome(self, values: Doubles) -> Doubles:
        """Return a vector if the outcome was one."""
        is_vector = not isinstance(self.outcome, Classes) and self.outcome.vector
        return values[:, 0] if is_vector else values

    @with_default_torch_settings
    def score(self, x: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Score predictions, as ``TwoLayer.score()`` does: R squared, or share of right ones."""
        x = self.models[0].open_scored([*encodings(self.models)], x, y, sample_weight)
        found = (
            self.predict_code(x)[:, None]
            if self._are_classes
            else mean_of_models(self.predict_all(x))
        )
        return self.models[0].score_of(found, x, y, sample_weight)

    @with_default_torch_settings
    def effects(
        self,
        x: Any = None,
        *,
        variables: Sequence[str] | str | None = None,
        at: Any = None,
        step: float | Mapping[str, float] | None = None,
        sample_weight: Any = None,
        offset: Any = None,
        level: float = 0.95,
    ) -> pd.DataFrame:
        """Average the effects of the inputs on the outcome; see ``TwoLayer.effects()``.

        Parameters
        ----------
        x : DataFrame, array, tensor, Arrow object, str or Path
        variables : list of str, optional
        at : mapping or DataFrame, optional
        step : float or mapping, optional
        sample_weight : vector, optional
        offset : vector, optional
            All as there.
        level : float
            Share of the models in the interval.

        Returns
        -------
        pandas.DataFrame
            As there, of the models' mean, and ``lower`` and ``upper``: the interval that holds the
            middle share of the models' average effects. With ``bootstrap`` it is a percentile
            bootstrap interval.
        """
        from pytwolayer.models.explained import fit_effects

        return fit_effects(
            self.models,
            x,
            variables=variables,
            at=at,
            step=step,
            sample_weight=sample_weight,
            offset=offset,
            level=level,
        )

    @with_default_torch_settings
    def importance(
        self,
        x: Any,
        y: Any = None,
        *,
        variables: Sequence[str] | str | None = None,
        repeats: int = 10,
        measure: str = "loss",
        seed: int | None = None,
        sample_weight: Any = None,
        offset: Any = None,
    ) -> pd.DataFrame:
        """Measure how much worse predictions become; see ``TwoLayer.importance()``.

        Measured are the mean predictions. Returns as there. Resamples of ``bootstrap`` cannot be
        told from other rows, so that there is no warning of rows of training.
        """
        from pytwolayer.models.explained_importance import fit_importance

        in_blocks = is_not_in_memory(x)
        x = self.models[0].open_scored([*encodings(self.models)], x, y, sample_weight)
        return fit_importance(
            self.models,
            x,
            y,
            variables=variables,
            repeats=repeats,
            measure=measure,
            seed=seed,
            sample_weight=sample_weight,
            offset=offset,
            in_blocks=in_blocks,
        )

    @with_default_torch_settings
    def feature_effects(
        self,
        x: Any,
        variable: str,
        *,
        kind: str = "ale",
        points: int = 21,
        sample_weight: Any = None,
        offset: Any = None,
        level: float = 0.95,
    ) -> pd.DataFrame:
        """Compute predictions along one column; see ``TwoLayer.feature_effects()``.

        Parameters
        ----------
        x : DataFrame, array, tensor, Arrow object, str or Path
        variable : str
        kind : str
        points : int
        sample_weight : vector, optional
        offset : vector, optional
            All as there.
        level : float
            Share of the models in the interval.

        Returns
        -------
        pandas.DataFrame
            As there, of the models' mean, and but for "ice" ``lower`` and ``upper``: the interval
            that holds the middle share of the models' curves at each value.
        """
        from pytwolayer.models.explained_profiles import fit_feature_effects

        return fit_feature_effects(
            self.models,
            x,
            variable,
            kind=kind,
            points=points,
            sample_weight=sample_weight,
            offset=offset,
            level=level,
        )

    @with_default_torch_settings
    def save(self, file: str | Path) -> None:
        """Write the ensemble to a file that Python and R can read; see ``TwoLayer.save()``."""
        from pytwolayer.models.ensemble_file import ENSEMBLE, ensemble_to_bytes

        ENSEMBLE.write("file", file, ensemble_to_bytes(self))

    @with_default_torch_settings
    def to_onnx(self, file: str | Path) -> None:
        """Write the ensemble as an ONNX file, which gives the mean; see ``TwoLayer.to_onnx()``."""
        from pytwolayer.export.onnx_model import write_onnx

        write_onnx(self.models, file)

    def to_sql(
        self,
        table: str | Sequence[str],
        dialect: str,
        *,
        columns: Sequence[str] | str | None = None,
        offset: str | None = None,
    ) -> str:
        """Write the ensemble as a query, which gives the mean; see ``TwoLayer.to_sql()``.

        Parameters
        ----------
        table : str or list of str
        dialect : str
        columns : list of str, optional
        offset : str, optional

        Returns
        -------
        str
        """
        from pytwolayer.export.sql_query import Columns, sql_query

        return sql_query(self.models, dialect, Columns(table, columns, offset))

    def plot(self, file: str | Path | None = None) -> "Axes":
        """Plot every model's losses against the epoch; see ``plot_history()``."""
        from pytwolayer.reports.loss_names import name_loss
        from pytwolayer.reports.plot import plot_history

        label = name_loss(self.settings.loss_name, self.settings.reduction)
        best = [fit.best_epoch for fit in self.models]
        return plot_history(self.history, file, best_epoch=best, label=label)

    def plot_tuning(self, file: str | Path | None = None) -> "Axes":
        """Plot the candidates' losses; see ``TwoLayer.plot_tuning()``."""
        return self.tuning_report.plot(file)

    def __repr__(self) -> str:
        words = self.tuning_report.words()
        tuned = f", {words}" if words else ""
        how = "on bootstrap resamples" if self.bootstrap else "with different seeds"
        ends = format_ends([fit.stopped for fit in self.models])
        return (
            f"<TwoLayerEnsemble of {self.n_models} models {how}{ends}{tuned}, "
            f"the first: {self.models[0].describe('')}{self._about_intervals()}>"
        )

    def _about_intervals(self) -> str:
        """Return what intervals are of, which is said where one looks before one predicts."""
        if isinstance(self.outcome, Classes) or self.outcome.labels:
            return ""
        only = ', only with kind="prediction" it is to hold new outcomes'
        there = only if has_intervals(self.outcome) else ""
        return f"; predict_interval() is of the mean{there}"


def _recoded(encoder: Encoder, table: Table) -> Table:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnseenLevelWarning)  # `read_new_data()` has warned
        return encoder.recode("x", table)


def predicted_rows(ensemble: TwoLayerEnsemble, x: Any) -> Mask:
    """Tell which rows have a prediction: those whose levels one of the networks saw in training."""
    table = read_new_data(ensemble.models, x)
    known = [_recoded(encoder, table).complete() for encoder in encodings(ensemble.models)]
    rows: Mask = np.logical_or.reduce(known)
    return rows


def models_of(fit: TwoLayer | TwoLayerEnsemble) -> Sequence[TwoLayer]:
    """Return the networks of an ensemble, or the one of a fit."""
    return fit.models if isinstance(fit, TwoLayerEnsemble) else (fit,)

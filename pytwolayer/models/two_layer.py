"""``TwoLayer``: the fitted network, its predictions and its score."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pytwolayer.checks import describe
from pytwolayer.errors import ArgumentError
from pytwolayer.files.column_types import Levels
from pytwolayer.files.new_data import open_new_data
from pytwolayer.models.fit_figures import FitFigures
from pytwolayer.models.forward import encode_in_parts, forward, rows_at_once
from pytwolayer.models.interval_kinds import CONFIDENCE, read_interval_kind, read_level
from pytwolayer.models.new_rows import (
    explained_by,
    fill_incomplete,
    is_not_in_memory,
    refuse_offset,
    refuse_without_classes,
    refuse_without_output,
)
from pytwolayer.network.batches import Pages
from pytwolayer.network.windowed_batches import read_in_turn
from pytwolayer.preprocessing.block_writer import EncodedInputs
from pytwolayer.preprocessing.calibration import (
    Calibration,
    bases,
    interval,
    refuse_without_intervals,
)
from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.preprocessing.labels import labelled as labels_of
from pytwolayer.preprocessing.offset import add_offset_if_fitted
from pytwolayer.preprocessing.outcome import Classes, Outcome, has_log_link
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.preprocessing.spread import theta_of
from pytwolayer.preprocessing.table import Table
from pytwolayer.reports.tuning import TuningReport
from pytwolayer.runtime.memory import guard_memory
from pytwolayer.runtime.threads import reset_after_fork
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.runtime.torch_settings import with_default_torch_settings
from pytwolayer.training.settings import DECAY, Settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# How a fit whose training ended before all epochs were done is described.
_ENDS = {
    "patience": "stopped by `patience`",
    "on_epoch": "stopped by `on_epoch`",
    "interrupt": "interrupted",
    "divergence": "diverged",
}

_OF_SEVERAL = ("predict_spread", "predict_all")


@dataclass(frozen=True, eq=False)
class TwoLayer(FitFigures):
    """A fitted network.

    Attributes
    ----------
    network : torch.nn.Sequential
        The trained network, on the CPU, for encoded input.
    inputs : Encoder
        Turns predictors into the network's input.
    outcome : Numbers or Classes
        Turns the network's output into predictions.
    settings : Settings
        The settings of the fit, its seed among them, with values in the place of "auto".
    device : str
        The device that trained it.
    rows, dropped : int
        Number of rows it was trained on, including those held out of them, and of rows left out
        because values are missing.
    history : pandas.DataFrame
        ``epoch`` (1, 2, ...), ``loss`` and, where rows were held out, ``valid_loss``.
    best_epoch : int or None
        The epoch whose weights these are; None: the last one.
    stopped : str
        Why training ended: "epochs" (all done), "patience", "on_epoch", "interrupt" or
        "divergence".
    data : dict
        Checksums of the training data, to compare other data with.
    formula : str or None
        The formula of R whose terms the columns are, if they are not columns of the data.
    notes : dict
        Entries of another language, which files keep unchanged.
    offset : bool
        Whether it was fitted with an offset, as formulas of R may have; predictions then need
        that of the new rows.
    tuning : pandas.DataFrame or None
        What "auto" of ``weight_decay``, ``encoding`` and ``learning_rate`` was chosen by: the
        ``valid_loss`` of the held-out rows of each ``fold``, for each of the three that were
        tried together. None where nothing was tried.
    calibration : Calibration or None
        What prediction intervals are calibrated by, where rows were kept apart from training.
    """

    __module__ = "pytwolayer"

    network: torch.nn.Sequential
    inputs: Encoder
    outcome: Outcome
    settings: Settings
    device: str
    rows: int
    dropped: int
    history: pd.DataFrame
    best_epoch: int | None = None
    stopped: str = "epochs"
    data: Mapping[str, int] = field(default_factory=dict)
    formula: str | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)
    offset: bool = False
    tuning: pd.DataFrame | None = None
    calibration: Calibration | None = None
    _data_reference: Any = field(default=None, repr=False)  # see ``fitting.data_reference``

    @property
    def architecture(self) -> str:
        """Inputs, hidden units and outputs, as ``"10-32-1"``."""
        sizes = self.inputs.width, self.settings.hidden_units, self.outcome.width
        return "-".join(str(size) for size in sizes)

    @property
    def n_parameters(self) -> int:
        """Number of weights and biases."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    @property
    def classes(self) -> NDArray[Any] | None:
        """The classes, in the order of ``predict_proba()``; None for a numeric outcome."""
        return as_labels(self.outcome.labels) if isinstance(self.outcome, Classes) else None

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
        """Predict the outcome of new rows: numbers on the user's scale, or classes.

        Parameters
        ----------
        x : DataFrame, array, tensor, Arrow object, str or Path
            Shape ``(rows, columns)``. Columns are found by name where training data and new
            data have names; extra and reordered ones are fine.
        offset : vector, optional
            Of a fit whose formula in R has an offset, that of these rows: a number for each, which
            is added to its prediction; under the losses "poisson" and "gamma" its exponential is
            what the prediction is multiplied with. Such a fit does not predict without.
        output : str or Path, optional
            File to write the predictions to, without holding them or the rows: this is
            ``predict_to_file()`` then.
        kind, columns, level, verbose
            With ``output``, as in ``predict_to_file()``.

        Returns
        -------
        numpy.ndarray, or with ``output`` its Path
            One row per row of ``x``; with the loss "quantile" the quantile nearest to the median,
            see ``predict_quantiles()``. Numbers have shape ``(rows,)`` if ``y`` was a vector,
            else ``(rows, d_out)``; classes have shape ``(rows,)``. Where a row has a missing
            value, or a level that training did not see, a number is NaN and a class None.

        Raises
        ------
        ArgumentError
            If columns are missing, of another kind than in training, or infinite; if the
            offset is missing, or given to a fit that has none.

        Warns
        -----
        UnseenLevelWarning
            If there are levels that training did not see.
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
            numbers = self._restored(x, offset)
            if self.outcome.labels:
                numbers = labels_of(numbers, self.outcome.labels)
            return numbers[:, 0] if self.outcome.vector else numbers
        self.with_offset(np.empty((0, 1)), offset)  # classes have none: raises if one is given
        return labelled(self.predict_code(x), as_labels(self.outcome.labels))

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
        """Write the predictions of new rows to a file, without holding rows or predictions.

        Rows are read, predicted and written part by part, in their order; the numbers are, to the
        bit, those of ``predict()``. The file is there when all is written, and not before. Of
        files of text a column is numbers or levels as in training, whatever it looks like.

        Parameters
        ----------
        x : path, Arrow object, DataFrame, array or tensor
            New data, as in ``predict()``. A path is of a Parquet file, of a folder of these, or
            of a text file (.csv, .tsv; also .gz, .bz2).
        output : str or Path
            File to write, replaced if it exists: .parquet, .csv or .tsv, text also with .gz. It
            cannot be a file of ``x``, nor, if it is Parquet, in its folder.
        kind : str, optional
            "numeric", ``.pred``; "quantile", ``.pred_q<level>`` for each, see
            ``predict_quantiles()``; "pred_int", ``.pred_lower`` and ``.pred_upper``, see
            ``predict_interval()``; "class", ``.pred_class``; "prob", ``.pred_<class>`` for each;
            "raw", ``.raw``, see ``predict_raw()``. By default numbers, or the classes and their
            probabilities. Columns of several outcomes are ``.pred_<outcome>``.
        columns : list of str, optional
            Columns of ``x`` to copy before the predictions, such as an identifier; of files of
            text as the text that they are.
        level : float
            Of prediction intervals.
        verbose : bool
            Whether a progress bar may be shown, as in training.

        Returns
        -------
        Path
            That of the file. In it missing predictions are null, or empty in text.

        Raises
        ------
        ArgumentError
            As ``predict()``; if the file or its format is not as above, or the fit has an offset.
        PytwolayerError
            If it cannot be written; nothing is left then.

        Warns
        -----
        UnseenLevelWarning
            If there are levels that training did not see: once, of all rows.
        MissingMarkWarning
            If marks such as ? were read as missing numbers.
        """
        from pytwolayer.files.table_writer import table_path
        from pytwolayer.models.predict_file import Asked, write_predictions
        from pytwolayer.models.prediction_table import Fitted

        asked = Asked(kind, columns, level, verbose)
        path = table_path("output", output)
        fitted = Fitted((self,), several=False, calibration=self.calibration)
        return write_predictions(fitted, x, path, asked)

    @with_default_torch_settings
    def predict_proba(self, x: Any) -> Doubles:
        """Predict the probability of each class.

        Returns
        -------
        numpy.ndarray
            Shape ``(rows, classes)``, in the order of ``classes``; of several labels each one's
            probability, ``(rows, labels)``. NaN in the rows that ``predict()`` leaves missing.

        Raises
        ------
        ArgumentError
            As ``predict()``, and if the outcome is numeric.
        """
        refuse_without_classes(self.outcome)
        return self._restored(x)

    @with_default_torch_settings
    def predict_quantiles(self, x: Any, *, offset: Any = None) -> pd.DataFrame:
        """Predict the quantiles of a fit with the loss "quantile".

        They ascend in every row: where the network's outputs cross, they are sorted.

        Parameters
        ----------
        x : DataFrame, array, tensor, Arrow object, str or Path
            As in ``predict()``.
        offset : vector, optional
            As in ``predict()``.

        Returns
        -------
        pandas.DataFrame
            A row per row of ``x``, and a column per level, whose name the level is; NaN in the rows
            that ``predict()`` leaves missing.

        Raises
        ------
        ArgumentError
            As ``predict()``, and if the loss is another.
        """
        levels = self.quantile_levels()
        output, complete = self._output(x)
        values = fill_incomplete(self.quantiles_of(output), complete)
        return pd.DataFrame(self.with_offset(values, offset), columns=levels)

    @with_default_torch_settings
    def predict_sd(self, x: Any, *, offset: Any = None) -> Doubles:
        """Predict the standard deviation of a new observation about its prediction.

        With the loss "normal" it is what the network gives, different from row to row; with
        "negative_binomial" it is ``sqrt(mean + mean ** 2 / theta)``, with one ``theta``.

        Parameters
        ----------
        x : DataFrame, array, tensor, Arrow object, str or Path
            As in ``predict()``.
        offset : vector, optional
            As in ``predict()``.

        Returns
        -------
        numpy.ndarray
            Of the shape of ``predict()``.

        Raises
        ------
        ArgumentError
            As ``predict()``, and if the loss is another.
        """
        output, complete = self._output(x)
        mean = fill_incomplete(self.outcome.inverse_transform(output), complete)
        mean = self.with_offset(mean, offset)
        sd = fill_incomplete(self.sd_of(output, mean[complete]), complete)
        assert not isinstance(self.outcome, Classes)
        return sd[:, 0] if self.outcome.vector else sd

    def sd_of(self, output: torch.Tensor, mean: Doubles) -> Doubles:
        """Convert the network's output, with the predictions, to standard deviations.

        Raises
        ------
        ArgumentError
            If the loss estimates none.
        """
        if isinstance(self.outcome, Classes) or not self.outcome.has_spread:
            expected = '"normal" or "negative_binomial" in the fit for standard deviations'
            raise ArgumentError("loss", expected, describe(self.settings.loss_name))
        return self.outcome.standard_deviations(output, mean)

    @property
    def theta(self) -> Doubles | None:
        """Of the loss "negative_binomial" each outcome's ``theta``; None of others.

        The variance of a count is ``mean + mean ** 2 / theta``.
        """
        if isinstance(self.outcome, Classes) or not self.outcome.theta:
            return None
        bias = self.network.state_dict()["2.bias"].double().numpy()
        return theta_of(bias[len(bias) // 2 :])

    @with_default_torch_settings
    def predict_interval(
        self, x: Any, level: float = 0.95, *, kind: str = CONFIDENCE, offset: Any = None
    ) -> tuple[Doubles, Doubles]:
        """Return intervals that are to hold the outcomes of new rows.

        They are calibrated by rows that were kept apart from training (conformal prediction): the
        held-out rows of ``validation``, or without these the folds of the search of
        ``weight_decay="auto"``. A share ``level`` of new outcomes lies in them, over all rows like
        those of training together; not at each place alike. With the loss "quantile" they widen or
        narrow the predicted quantiles whose levels are that far apart, with "normal" and
        "negative_binomial" they are so many predicted standard deviations wide (of counts in whole
        numbers), and else are as wide for all rows, or with "poisson" and "gamma" as their
        predictions have it. See ``docs/intervals.md``.

        Parameters
        ----------
        x : DataFrame, array, tensor, Arrow object, str or Path
            As in ``predict()``.
        level : float
            Above 0 and below 1.
        kind : str
            "prediction". An interval of the mean, "confidence", is of several networks.
        offset : vector, optional
            As in ``predict()``.

        Returns
        -------
        lower, upper : numpy.ndarray
            Of the shape of ``predict()``; infinite where there were too few rows for the level.

        Raises
        ------
        ArgumentError
            As ``predict()``, if the outcome is classes, or if no rows were kept apart.

        Warns
        -----
        PytwolayerWarning
            If the interval is infinite.
        """
        if read_interval_kind(kind) == CONFIDENCE:
            expected = (
                '"prediction" for a single network: intervals of the mean come from several, '
                "two_layer(..., n_models=50, bootstrap=True)"
            )
            raise ArgumentError("kind", expected, describe(kind))
        level = read_level(level)
        self.refuse_without_intervals()
        output, complete = self._output(x)
        base = bases(self.outcome, output)
        ends = self.intervals_of(self.calibration, base, level)
        lower, upper = (self.with_offset(fill_incomplete(side, complete), offset) for side in ends)
        vector = not isinstance(self.outcome, Classes) and self.outcome.vector
        return (lower[:, 0], upper[:, 0]) if vector else (lower, upper)

    def refuse_without_intervals(self) -> None:
        """Raise if there are no prediction intervals."""
        refuse_without_intervals(self.outcome, self.calibration, has_offset=self.offset)

    def intervals_of(self, calibration: Calibration | None, base: Doubles, level: float) -> Doubles:
        """Return the prediction intervals of base intervals."""
        assert calibration is not None
        return interval(calibration, self.outcome, base, self.settings.loss, level)

    def quantile_levels(self) -> list[float]:
        """Return the levels of the quantiles.

        Raises
        ------
        ArgumentError
            If the loss is another.
        """
        if self.settings.quantile_levels is None:
            expected = '"quantile" in the fit for quantiles of the outcome'
            raise ArgumentError("loss", expected, describe(self.settings.loss_name))
        return [*self.settings.quantile_levels]

    def quantiles_of(self, output: torch.Tensor) -> Doubles:
        """Convert the network's output to the quantiles."""
        assert not isinstance(self.outcome, Classes)
        return self.outcome.quantiles(output)

    @with_default_torch_settings
    def predict_raw(self, x: Any) -> Doubles:
        """Return the network's own output, shape ``(rows, outputs)``.

        For a numeric outcome that is the standardised outcome (with the losses "poisson" and
        "gamma" the logarithm of its ratio to the mean, with "binomial" that of the odds, with
        "quantile" one for each level, not yet sorted; with "normal" then the logarithm of its
        standard deviation, with "negative_binomial" that of ``theta``), for classes what the
        softmax is taken of. NaN in the rows that ``predict()`` leaves missing. An offset is not in
        it.
        """
        output, complete = self._output(x)
        return fill_incomplete(output.numpy().astype(np.float64), complete)

    @with_default_torch_settings
    def predict_code(self, x: Any) -> Doubles:
        """Predict the number of each row's class, from 0; NaN where it is missing."""
        output, complete = self._output(x)
        codes = output.numpy().argmax(axis=1).astype(np.float64)[:, None]
        return fill_incomplete(codes, complete)[:, 0]

    def _restored(self, x: Any, offset: Any = None) -> Doubles:
        output, complete = self._output(x)
        return self.with_offset(
            fill_incomplete(self.outcome.inverse_transform(output), complete), offset
        )

    def with_offset(self, values: Doubles, offset: Any) -> Doubles:
        """Add the offset of these rows to their predictions, if the fit has one."""
        return add_offset_if_fitted(values, self.offset, offset, log=has_log_link(self.outcome))

    def _output(self, x: Any) -> tuple[torch.Tensor, NDArray[np.bool_]]:
        reset_after_fork()
        work = f"predictions with {self.settings.hidden_units} hidden units"
        with guard_memory("cpu", work, "Predict fewer rows at a time"):
            parts, complete = encode_in_parts(self.inputs, self._read(x), self.settings)
            (output,) = forward([self.network], self.inputs, parts, int(complete.sum()))
            return output, complete

    @with_default_torch_settings
    def forward(self, matrix: torch.Tensor, pages: Pages | None = None) -> torch.Tensor:
        """Return the network's output for encoded rows, in double precision.

        ``pages`` are those of rows on disk.
        """
        rows, number = rows_at_once(self.settings), len(matrix)
        spans = [(at, min(at + rows, number)) for at in range(0, max(1, number), rows)]
        turns = read_in_turn(spans, pages)
        parts = (EncodedInputs(matrix[first:last]) for first, last in turns)
        (output,) = forward([self.network], self.inputs, parts, number)
        return output

    def _read(self, x: Any) -> Table:
        with explained_by(self.formula):
            return self.inputs.read("x", open_new_data("x", x, [self.inputs]))

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
    ) -> pd.DataFrame:
        """Average the effects of the inputs on the outcome, on the outcome's own scale.

        Of numbers the effect is the derivative of the prediction, per unit of the column; of
        factors, text and logicals the difference between the predictions with a level and with the
        first one. Both are computed for each row and averaged. Of classes they are effects on the
        probabilities.

        Parameters
        ----------
        x : DataFrame, array, tensor, Arrow object, str or Path
            Rows to average over, as in ``predict()``. Rows that cannot be predicted are left out.
            It may be left out where ``at`` has a value for every column.
        variables : list of str, optional
            The columns of interest; by default all. Columns without names are x1, x2 and so on.
        at : mapping or DataFrame, optional
            Chosen values: columns that have these values in all rows. A mapping of lists, or a
            frame of several rows, is several settings, each with its averages.
        step : float or mapping, optional
            Takes differences in the place of derivatives, between the value plus and minus this
            step, divided by twice the step: a number of standard deviations of each column in the
            rows, or steps by the columns' names. The derivative of "relu", and that of the encoding
            "piecewise", jumps from one value to another; a difference is smooth.
        sample_weight : vector, optional
            Weights of the rows.
        offset : vector, optional
            As in ``predict()``.

        Returns
        -------
        pandas.DataFrame
            A row for each effect and outcome: with ``at`` the setting ``at``, then ``input``;
            ``contrast``, which is "derivative", "difference" or the levels, ``"b - a"``;
            ``outcome``; ``estimate``, the average; and ``spread``, the standard deviation of the
            effect over the rows: 0 where the input's effect is linear and does not depend on
            others. ``attrs`` has the number of ``rows`` and the ``widths``, the standard deviations
            of the columns of numbers in them. ``plot_effects()`` draws it.

        Raises
        ------
        ArgumentError
            As ``predict()``; if no row can be predicted; if an argument is not as above.

        Notes
        -----
        Derivatives are exact: the product of the two layers' weights and the activation's
        derivative, taken back through the encoding. Where that has a kink, at the ends of pieces
        and where numbers are clipped, they are the mean of left and right. A constant column has no
        effect.
        """
        from pytwolayer.models.explained import fit_effects

        return fit_effects(
            [self],
            x,
            variables=variables,
            at=at,
            step=step,
            sample_weight=sample_weight,
            offset=offset,
            level=None,
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
        """Measure how much worse predictions become when a column's values change places.

        The values of one column are put into another order, which leaves all as it is but what the
        column says of the rows, and the rows are predicted again. Rows that the fit was not trained
        on are advisable: of training rows it also shows what was learnt by heart.

        Parameters
        ----------
        x : DataFrame, array, tensor, Arrow object, str or Path
            As in ``predict()``. Of a path or an Arrow object with more than 100,000 rows that many
            are taken, one of each of equally long stretches, and always the same ones.
        y : vector or table, optional
            The truth; left out where ``x`` has the outcome's columns.
        variables : list of str, optional
            The columns of interest; by default all. A column of levels changes as a whole.
        repeats : int
            How often, with another order each time. All columns are put into the same orders.
        measure : str
            "loss", that of the fit; "rmse", "mae", "r_squared" of numbers, for each outcome on its
            own scale; "accuracy", "brier" of classes.
        seed : int, optional
            The same seed gives the same numbers, in R too.
        sample_weight : vector or str, optional
            Weights of the rows, or the name of the column of ``x`` that has them.
        offset : vector, optional
            As in ``predict()``; the rows are then measured without it, counts per unit.

        Returns
        -------
        pandas.DataFrame
            A row for each column, and outcome: ``input``, ``outcome``, ``estimate`` (by how much
            the measure is worse, on average of the repeats), and of the repeats ``spread`` (the
            standard deviation), ``lowest`` and ``highest``. Near 0, or below, the column does not
            matter. ``attrs`` has the ``measure``, its ``base`` without any change, ``repeats``,
            ``seed``, the number of ``rows``, whether they are of ``training``, and ``each``: the
            repeats of each row.

        Raises
        ------
        ArgumentError
            If an argument is not as above, the truth is no outcome of the fit's kind, or no row can
            be measured.

        Warns
        -----
        TrainingRowsWarning
            If the rows are those that the fit was trained on.
        UnseenLevelWarning
            If the truth has classes that training did not see; their rows are left out.

        Notes
        -----
        Columns that say much the same share their importance: each alone can be done without.
        """
        from pytwolayer.models.explained_importance import fit_importance

        in_blocks = is_not_in_memory(x)
        x = self.open_scored([self.inputs], x, y, sample_weight)
        return fit_importance(
            [self],
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
    ) -> pd.DataFrame:
        """Compute predictions along one column, on the outcome's own scale.

        Parameters
        ----------
        x : DataFrame, array, tensor, Arrow object, str or Path
            Rows, as in ``predict()``. Rows that cannot be predicted are left out. Of a path or an
            Arrow object with more than 100,000 rows that many are taken, as in ``importance()``.
        variable : str
            The column. Columns without names are x1, x2 and so on.
        kind : str
            "ale": accumulated local effects, what predictions change by from one value to the next
            in the rows nearby, added up; the mean over the rows is 0. "pdp": partial dependence,
            the mean prediction with each value in all rows, also those in which it cannot be.
            "ice": individual conditional expectations, the same for each row.
        points : int
            Number of values of a column of numbers: at equal steps of its ranks, so that each
            interval has about as many rows; equal ones count once. Of levels and logicals all that
            the rows have, in the order of training.
        sample_weight : vector, optional
            Weights of the rows.
        offset : vector, optional
            As in ``predict()``.

        Returns
        -------
        pandas.DataFrame
            A row for each value and outcome, of "ice" for each row too: ``input``, ``value``,
            ``row`` (of "ice": its number, from 0), ``outcome``, ``estimate``. ``attrs`` has
            the ``kind``, the number of ``rows``, and ``marks``: values of a column of numbers, for
            plots.

        Raises
        ------
        ArgumentError
            If an argument is not as above, or no row can be predicted.

        Notes
        -----
        Accumulated local effects of levels go from one level to the next in their order, so that
        of levels without an order they depend on the one they have.
        """
        from pytwolayer.models.explained_profiles import fit_feature_effects

        return fit_feature_effects(
            [self],
            x,
            variable,
            kind=kind,
            points=points,
            sample_weight=sample_weight,
            offset=offset,
            level=None,
        )

    @with_default_torch_settings
    def save(self, file: str | Path) -> None:
        """Write the fit to a file that Python and R can read; see ``load()``.

        The file is safetensors: the weights and the history, and as text what prediction
        needs and the settings. It is there whole or not at all: a reader never sees half of
        it, and where it cannot be written, a file that was there before still is. Training
        data are not in it, nor a loss that is a function: of that the name is left.

        Parameters
        ----------
        file : str or Path
            Usually with the ending ``.safetensors``. A file of this name is replaced.

        Raises
        ------
        ArgumentError
            If it is no path in a folder that exists.
        PytwolayerError
            If it cannot be written.
        """
        from pytwolayer.models.model_file import MODEL, to_bytes

        MODEL.write("file", file, to_bytes(self))

    @with_default_torch_settings
    def to_onnx(self, file: str | Path) -> None:
        """Write the fit as an ONNX file, which predicts where neither Python nor R is.

        Its inputs are the columns of the data as they are, each of shape ``(rows, 1)``: doubles
        (logicals are 0 and 1), or text where training had levels. What encodes them is in the file.

        The outputs, all with a row for each row: ``.pred`` (a column per outcome), or for classes
        ``.pred_class`` (text) and ``.prob`` (a column per class); of labels ``.pred_class`` (a
        column per label), too; ``.sd``, what ``predict_sd()`` gives; and ``.valid``, which is false
        where ``predict()`` gives a missing prediction or an error. In these rows the other outputs
        are NaN and empty text. See the page "Deploying a fit".

        Parameters
        ----------
        file : str or Path
            Usually with the ending ``.onnx``. A file of this name is replaced.

        Raises
        ------
        ArgumentError
            If it is no path in a folder that exists.
        PytwolayerError
            If the package onnx is not installed, if a formula of R computes the fit's columns
            (export it in R), or if the file cannot be written.
        """
        from pytwolayer.export.onnx_model import write_onnx

        write_onnx([self], file)

    def to_sql(
        self,
        table: str | Sequence[str],
        dialect: str,
        *,
        columns: Sequence[str] | str | None = None,
        offset: str | None = None,
    ) -> str:
        """Write the fit as a query, which predicts in a database from the columns of a table.

        The rows of a table have no order: ``columns`` names those that say which row is which.
        A row with NULL, NaN or an infinite number, or with a level that training did not see, has
        NULL for its predictions.

        Parameters
        ----------
        table : str or list of str
            The table's name, or the names of schema and table.
        dialect : str
            "duckdb", "postgresql" or "sqlite". SQLite must have its mathematical functions, but
            for "relu", "leaky_relu" and "identity" with a numeric outcome.
        columns : list of str, optional
            Names of columns of the table that are copied, before the predictions.
        offset : str, optional
            Of a fit whose formula in R has an offset, the column that has that of these rows.

        Returns
        -------
        str
            A SELECT with the columns ``.pred`` (of several outcomes ``.pred_<outcome>``), and with
            ``predict_sd()`` also ``.sd``; or for classes ``.pred_class``, text, and
            ``.pred_<class>``, the probabilities; for labels ``.pred_class_<label>``, too.

        Raises
        ------
        ArgumentError
            If an argument is not as above.
        PytwolayerError
            If a formula of R computes the fit's columns (export it in R), or the database cannot
            hold the query.
        """
        from pytwolayer.export.sql_query import Columns, sql_query

        return sql_query([self], dialect, Columns(table, columns, offset))

    @with_default_torch_settings
    def score(self, x: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Score predictions: R squared of numbers, share of right ones of classes.

        Parameters
        ----------
        x : DataFrame, array, tensor, Arrow object, str or Path
            As in ``predict()``. Of a path or an Arrow object with more than 100,000 rows that many
            are taken, one of each of equally long stretches, and always the same ones.
        y : vector or table, optional
            The truth; left out where ``x`` has the outcome's columns.
        sample_weight : vector or str, optional
            Weights of the rows, or the name of the column of ``x`` that has them.

        Returns
        -------
        float
            Over the rows that have both a truth and a prediction.

        Raises
        ------
        ArgumentError
            If an argument is not as above, or the truth is no outcome of the fit's kind.

        Warns
        -----
        UnseenLevelWarning
            If the truth has classes that training did not see; their rows are left out.
        """
        x = self.open_scored([self.inputs], x, y, sample_weight)
        if isinstance(self.outcome, Classes):
            found = self.predict_code(x)[:, None]
        else:
            found = self._restored(x)
        return self.score_of(found, x, y, sample_weight)

    def open_scored(self, encoders: Sequence[Encoder], x: Any, y: Any, sample_weight: Any) -> Any:
        """Open a file or an Arrow object that is scored, with the columns that this needs."""
        typed: dict[str, Levels] = {}
        if y is None:
            classes = isinstance(self.outcome, Classes)
            levels = frozenset(self.outcome.outputs) if classes else None
            typed = dict.fromkeys(self.outcome.names or (), levels)
        if isinstance(sample_weight, str):
            typed[sample_weight] = None
        return open_new_data("x", x, encoders, also=[*typed], typed=typed)

    def score_of(self, found: Doubles, x: Any, y: Any, sample_weight: Any) -> float:
        """Score given predictions of ``x``: numbers, or numbers of classes from 0."""
        from sklearn.metrics import accuracy_score, r2_score

        from pytwolayer.models.scored_rows import scored_rows

        truth, found, weights, _ = scored_rows(self, found, x, y, sample_weight)
        labels = not isinstance(self.outcome, Classes) and bool(self.outcome.labels)
        if labels:  # right where all labels of a row are
            truth, found = (truth > 0.5).astype(int), (found > 0.5).astype(int)
        metric = accuracy_score if labels or isinstance(self.outcome, Classes) else r2_score
        return float(metric(truth, found, sample_weight=weights))

    @property
    def estimated_error(self) -> float | None:
        """The error that is to be expected of new rows, by the search; None: nothing was searched.

        The mean of the chosen candidate's held-out loss over the folds. For classes that is the
        log loss; for one numeric outcome and the loss "mse" it is the root of that on the outcome's
        own scale, a root mean squared error; else the loss itself. It is of networks that saw two
        thirds of the rows for a third of the epochs, and of the best candidate of several: a guide,
        and no test error.
        """
        return self.tuning_report.error()

    def tuning_summary(self) -> pd.DataFrame:
        """Return a table of the candidates that "auto" was chosen from.

        Returns
        -------
        pandas.DataFrame
            A row for each: ``encoding``, ``learning_rate``, ``weight_decay``, the ``mean`` of its
            held-out loss over the folds, their number ``n``, the standard error ``std_err`` (NaN of
            one fold, or of a loss that is not finite), and whether it was ``chosen``. The losses of
            each fold are in ``tuning``.

        Raises
        ------
        ArgumentError
            If nothing was searched.
        """
        return self.tuning_report.table()

    @property
    def tuning_report(self) -> TuningReport:
        """What the search found, for those who print and plot it."""
        return report_tuning([self], self.tuning)

    def plot(self, file: str | Path | None = None) -> "Axes":
        """Plot the losses against the epoch, the best one marked; see ``plot_history()``.

        ``plot_predictions()`` and others show predictions.
        """
        from pytwolayer.reports.loss_names import name_loss
        from pytwolayer.reports.plot import plot_history

        label = name_loss(self.settings.loss_name, self.settings.reduction)
        return plot_history(self.history, file, best_epoch=self.best_epoch, label=label)

    def plot_tuning(self, file: str | Path | None = None) -> "Axes":
        """Plot the held-out losses of the candidates against their weight decay.

        A line for each encoding, and each learning rate, goes through the means over the folds. The
        candidate that was
        chosen is marked, and the weight decay that is taken where nothing is searched.

        Parameters
        ----------
        file : str or Path, optional
            Also write the plot to this file; its ending names the format (.png, .svg, .pdf).

        Raises
        ------
        ArgumentError
            If nothing was searched.
        PytwolayerError
            If matplotlib is not installed.
        """
        return self.tuning_report.plot(file)

    def plot_network(self, file: str | Path | None = None) -> "Figure":
        """Draw the network with its weights: solid positive, dashed negative, their size as width.

        With more than 20 units in a layer it is a map of the weights, from white, the most negative
        ones, to black, the most positive ones. Inputs are standardised, so that weights are
        comparable.

        Parameters
        ----------
        file : str or Path, optional
            Also write the plot to this file; its ending names the format (.png, .svg, .pdf).

        Raises
        ------
        PytwolayerError
            If matplotlib is not installed.
        """
        from pytwolayer.reports.plot_network import draw_network

        weights = self.network.state_dict()
        first, last = (weights[name].double().numpy() for name in ("0.weight", "2.weight"))
        return draw_network(first, last, self.inputs.inputs, self.outcome.outputs, file)

    def __repr__(self) -> str:
        return self.describe(self.tuning_report.words())

    def describe(self, tuned: str) -> str:
        """Describe the fit in a line; ``tuned`` are the words for what was searched."""
        settings = self.settings
        left_out = f" ({self.dropped:,} left out)" if self.dropped else ""
        return (
            f"<TwoLayer {self.architecture} ({settings.activation}{format_encoding(settings)}), "
            f"{self.n_parameters:,} parameters, fitted to {self.rows:,} rows{left_out}: "
            f"{settings.optimizer}, learning rate {settings.learning_rate:g}, "
            f"{len(self.history):,} epochs on {self.device}, seed {settings.seed}; "
            f"{tuned}{'; ' if tuned else ''}{self._format_loss()} "
            f"({settings.loss_name}, {settings.reduction}){format_ends([self.stopped])}>"
        )

    if not TYPE_CHECKING:  # or every name would count as an attribute

        def __getattr__(self, name: str) -> Any:
            """Raise; for methods of ensembles the error says how to get one."""
            problem = f"{type(self).__name__!r} object has no attribute {name!r}"
            if name in _OF_SEVERAL:
                problem += (
                    ": intervals and spread come from several networks, "
                    "two_layer(..., n_models=50, bootstrap=True)"
                )
            raise AttributeError(problem, name=name, obj=self)

    def _format_loss(self) -> str:
        if not len(self.history):
            return "no epoch finished"
        column = "valid_loss" if "valid_loss" in self.history else "loss"
        word = "validation loss" if column == "valid_loss" else "loss"
        if self.best_epoch is None:
            return f"last {word} {self.history[column].iloc[-1]:.4g}"
        best = self.history[column].iloc[self.best_epoch - 1]
        return f"best {word} {best:.4g} in epoch {self.best_epoch}"


def format_encoding(settings: Settings) -> str:
    """Describe the encoding of numbers where it is not the plain one."""
    return ", piecewise encoding" if settings.encoding == "piecewise" else ""


def report_tuning(models: Sequence[TwoLayer], tuning: pd.DataFrame | None) -> TuningReport:
    """Report the one search for these models."""
    settings, outcome = models[0].settings, models[0].outcome
    scale = None
    if settings.loss == "mse" and not isinstance(outcome, Classes) and outcome.width == 1:
        # Several networks may have standardised the outcome of different rows.
        squares = [float(fit.outcome.scale[0]) ** 2 for fit in models]  # type: ignore[union-attr]
        scale = math.sqrt(sum(squares) / len(squares))
    return TuningReport(
        tuning,
        (settings.encoding, settings.learning_rate, settings.weight_decay),
        settings.loss_name,
        scale,
        DECAY if settings.reduction == "sum" else DECAY / models[0].rows,
    )


def format_ends(stopped: Sequence[str]) -> str:
    """Describe how training ended, of one network or several; empty if all epochs were done."""
    parts = []
    for reason, end in _ENDS.items():
        number = stopped.count(reason)
        if number:
            share = "all " if number == len(stopped) else f"{number} of {len(stopped)} "
            parts.append(f", {share if len(stopped) > 1 else ''}{end}")
    return "".join(parts)


def as_labels(labels: tuple[Any, ...]) -> NDArray[Any]:
    """Return classes as an array; text as objects, since NumPy's text has a fixed length."""
    array = np.asarray(labels)
    return np.asarray(labels, dtype=object) if array.dtype.kind in "US" else array


def labelled(codes: Doubles, labels: NDArray[Any]) -> NDArray[Any]:
    """Return the classes with these numbers; None where a number is missing."""
    missing = np.isnan(codes)
    if not missing.any():
        found: NDArray[Any] = labels[codes.astype(np.intp)]
        return found
    found = np.full(len(codes), None, dtype=object)
    found[~missing] = labels[codes[~missing].astype(np.intp)]
    return found

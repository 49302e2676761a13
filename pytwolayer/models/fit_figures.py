"""What a fit or an ensemble is asked for figures of its predictions."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pytwolayer.errors import ArgumentError
from pytwolayer.preprocessing.column_reading import level_name
from pytwolayer.preprocessing.outcome import Classes, Outcome
from pytwolayer.reports.rows_of_figure import ComparedRows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NUMBERS, SHARES = ("predictions", "residuals"), ("confusion", "reliability")


class FitFigures:
    """The figures that compare predictions with what was observed."""

    def plot_predictions(
        self,
        x: Any = None,
        y: Any = None,
        file: str | Path | None = None,
        *,
        sample_weight: Any = None,
        offset: Any = None,
    ) -> "Figure":
        """Plot observed against predicted numbers, a panel for each outcome.

        The words above have the number of rows and R squared; on the dashed line both are equal.

        Parameters
        ----------
        x : DataFrame, array, tensor, Arrow object, str or Path
            Rows, as in ``predict()``; those of training look better than new ones will. Rows
            without a truth or a prediction are left out.
        y : vector or table, optional
            The truth; left out where ``x`` has the outcome's columns.
        file : str or Path, optional
            Also write the plot to this file; its ending names the format (.png, .svg, .pdf).
        sample_weight : vector or str, optional
            Weights of the rows, or the name of the column of ``x`` that has them.
        offset : vector, optional
            As in ``predict()``.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ArgumentError
            If the outcome is not numeric, an argument is not as above, or no row can be shown.
        PytwolayerError
            If matplotlib is not installed.
        """
        return _draw(self, "predictions", x, y, file, sample_weight, offset)

    def plot_residuals(
        self,
        x: Any = None,
        y: Any = None,
        file: str | Path | None = None,
        *,
        sample_weight: Any = None,
        offset: Any = None,
    ) -> "Figure":
        """Plot residuals, observed minus predicted, against the predictions.

        The line is through the means of rows with like predictions, where there are 20 rows or
        more: away from 0 the fit misses something. Above stands the root mean squared error, in
        the outcome's units.

        Parameters
        ----------
        x, y, file, sample_weight, offset
            As in ``plot_predictions()``.

        Returns
        -------
        matplotlib.figure.Figure
        """
        return _draw(self, "residuals", x, y, file, sample_weight, offset)

    def plot_confusion(
        self,
        x: Any = None,
        y: Any = None,
        file: str | Path | None = None,
        *,
        sample_weight: Any = None,
    ) -> "Figure":
        """Plot true classes against predicted ones: numbers of rows, and shares of the true class.

        Of several labels there is a panel for each. Weights count as they are, divided by their
        mean.

        Parameters
        ----------
        x, y, file, sample_weight
            As in ``plot_predictions()``.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ArgumentError
            If the outcome is numeric, an argument is not as above, or no row can be shown.
        """
        return _draw(self, "confusion", x, y, file, sample_weight, None)

    def plot_reliability(
        self,
        x: Any = None,
        y: Any = None,
        file: str | Path | None = None,
        *,
        sample_weight: Any = None,
    ) -> "Figure":
        """Plot how often a class was true against its predicted probability.

        Rows are put into up to 10 groups of about the same size by their probability. Points on
        the dashed line: what is predicted with 0.7 happens in 70 of 100 rows. Their bars are
        intervals of 95 % of the share (Wilson's), and marks at the lower edge are probabilities of
        single rows. Of two classes the second is shown, of up to nine each; of more the predicted
        class of each row.

        Parameters
        ----------
        x, y, file, sample_weight
            As in ``plot_predictions()``.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ArgumentError
            If the outcome is one of numbers that are no shares of trials.
        """
        return _draw(self, "reliability", x, y, file, sample_weight, None)


def _draw(
    fit: Any, what: str, x: Any, y: Any, file: Any, sample_weight: Any, offset: Any
) -> "Figure":
    from pytwolayer.reports.plot_confusion import plot_confusion
    from pytwolayer.reports.plot_predictions import plot_predictions, plot_residuals
    from pytwolayer.reports.plot_reliability import plot_reliability

    draw: dict[str, Callable[[Any, Any], Figure]] = {
        "predictions": plot_predictions,
        "residuals": plot_residuals,
        "confusion": plot_confusion,
        "reliability": plot_reliability,
    }
    return draw[what](figure_of(fit, what, x, y, sample_weight, offset), file)


def figure_of(fit: Any, what: str, x: Any, y: Any, sample_weight: Any, offset: Any) -> Any:
    """Compute what a figure of new rows shows.

    Parameters
    ----------
    fit : TwoLayer or TwoLayerEnsemble
    what : str
        "predictions", "residuals", "confusion" or "reliability".
    x, y, sample_weight, offset
        As in ``FitFigures.plot_predictions()``.
    """
    refuse_other_outcome(fit.outcome, what)
    if x is None:
        raise ArgumentError("x", "given, since a fit keeps no rows", "missing")
    return figure_of_rows(fit.outcome, what, compared_rows(fit, x, y, sample_weight, offset))


def compared_rows(fit: Any, x: Any, y: Any, sample_weight: Any, offset: Any) -> ComparedRows:
    """Predict rows and put what was observed beside the predictions."""
    from pytwolayer.models.judged_rows import are_training_rows
    from pytwolayer.models.new_rows import encodings
    from pytwolayer.models.scored_rows import scored_rows

    models = getattr(fit, "models", (fit,))
    first = models[0]
    x = first.open_scored([*encodings(models)], x, y, sample_weight)
    found = predictions_of(fit, x, offset)
    rows = scored_rows(first, found, x, y, sample_weight)
    truth, outcome = rows.truth, fit.outcome
    if isinstance(outcome, Classes):
        truth = (truth == np.arange(outcome.width)).astype(np.float64)
    training = are_training_rows(first.data, rows.data)
    return named_rows(outcome, truth, rows.found, rows.weights, training)


def predictions_of(fit: Any, x: Any, offset: Any) -> "np.typing.NDArray[np.float64]":
    """Predict numbers, a column for each outcome, or probabilities of classes and labels."""
    outcome = fit.outcome
    if isinstance(outcome, Classes) or outcome.labels:
        found = fit.predict_proba(x)
    else:
        found = fit.predict(x, offset=offset)
    return np.asarray(found, dtype=np.float64).reshape(len(found), -1)


def named_rows(
    outcome: Outcome, observed: Any, predicted: Any, weights: Any, are_of_training: bool
) -> ComparedRows:
    """Put names to rows whose outcomes and predictions are known."""
    names = outcome.names
    one = (
        names[0]
        if names and (isinstance(outcome, Classes) or len(outcome.predicted) == 1)
        else None
    )
    trials = not isinstance(outcome, Classes) and outcome.trials
    return ComparedRows(
        observed,
        predicted,
        weights,
        outcome.predicted,
        one,
        are_of_training,
        trials,
    )


def figure_of_rows(outcome: Outcome, what: str, rows: ComparedRows) -> Any:
    """Compute what a figure of compared rows shows."""
    from pytwolayer.reports import figure_confusion, figure_predictions, figure_reliability

    refuse_other_outcome(outcome, what)
    if what == "predictions":
        return figure_predictions.predictions_figure(rows)
    if what == "residuals":
        return figure_predictions.residuals_figure(rows)
    if isinstance(outcome, Classes):
        if what == "confusion":
            return figure_confusion.confusion_of_classes(rows)
        return figure_reliability.reliability_of_classes(rows)
    if what == "confusion":
        pairs = [[level_name(label) for label in pair] for pair in outcome.labels]
        return figure_confusion.confusion_of_labels(rows, pairs)
    return figure_reliability.reliability_of_labels(rows)


def figures_of(outcome: Outcome) -> tuple[str, ...]:
    """Name the figures that there are for an outcome."""
    if isinstance(outcome, Classes) or outcome.labels:
        return SHARES
    return (*NUMBERS, "reliability") if outcome.trials else NUMBERS


def refuse_other_outcome(outcome: Outcome, what: str) -> None:
    """Raise where an outcome has no such figure, naming those that it has."""
    has = figures_of(outcome)
    if what not in has:
        kinds = ("numbers", "classes or labels")
        own, other = kinds if has != SHARES else kinds[::-1]
        instead = " and ".join(f"`plot_{name}()`" for name in has)
        raise ArgumentError("fit", f"one of {other} (of {own} there are {instead})", f"of {own}")

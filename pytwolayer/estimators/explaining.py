"""What explains a fitted estimator: the methods of its fit, on data that are checked as its own."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from sklearn.utils.validation import check_is_fitted

from pytwolayer.errors import named_as
from pytwolayer.estimators.frames import as_vector
from pytwolayer.estimators.validation import check_weights
from pytwolayer.models.ensemble import TwoLayerEnsemble
from pytwolayer.models.two_layer import TwoLayer
from pytwolayer.runtime.torch_settings import with_default_torch_settings

_WORDS = {"x": "X"}


class ExplainingMixin:
    """Average effects, permutation importance and profiles of an estimator."""

    two_layer_: TwoLayer | TwoLayerEnsemble

    @with_default_torch_settings
    def effects(
        self,
        X: Any = None,
        *,
        variables: Sequence[str] | str | None = None,
        at: Any = None,
        step: float | Mapping[str, float] | None = None,
        sample_weight: Any = None,
    ) -> pd.DataFrame:
        """Average the effects of the columns on the outcome; see ``TwoLayer.effects()``.

        Parameters
        ----------
        X : array-like, DataFrame, Arrow object or path, of shape (n_samples, n_features), optional
            Rows to average over, without missing values. It may be left out where ``at`` has a
            value for every column.
        variables : list of str, optional
            The columns of interest; by default all. Columns without names are x1, x2 and so on.
        at : mapping or DataFrame, optional
            Columns that have these values in all rows; several values are several settings.
        step : float or mapping, optional
            Takes differences in the place of derivatives: a number of standard deviations, or
            steps by the columns' names.
        sample_weight : array-like of shape (n_samples,), optional
            Weights of the rows.

        Returns
        -------
        pandas.DataFrame
            A row for each effect and outcome or class; ``plot_effects()`` draws it.
        """
        check_is_fitted(self)
        new = None if X is None else self._check_new_data(X)
        weights = sample_weight if X is None else check_weights(sample_weight, new)
        with named_as(_WORDS):
            return self.two_layer_.effects(
                new, variables=variables, at=at, step=step, sample_weight=weights
            )

    @with_default_torch_settings
    def importance(
        self,
        X: Any,
        y: Any,
        *,
        variables: Sequence[str] | str | None = None,
        repeats: int = 10,
        measure: str = "loss",
        seed: int | None = None,
        sample_weight: Any = None,
    ) -> pd.DataFrame:
        """Measure how much worse predictions become when a column's values change places.

        See ``TwoLayer.importance()``.

        Parameters
        ----------
        X, y
            As in ``fit()``; rows that the estimator was not fitted to are advisable.
        variables : list of str, optional
            The columns of interest; by default all.
        repeats : int
            How often, with another order each time.
        measure : str
            "loss", that of the fit; "rmse", "mae", "r_squared" of numbers; "accuracy", "brier" of
            classes.
        seed : int, optional
            The same seed gives the same numbers.
        sample_weight : array-like of shape (n_samples,) or str, optional
            As in ``fit()``.

        Returns
        -------
        pandas.DataFrame
            A row for each column, and outcome; ``plot_importance()`` draws it.

        Warns
        -----
        TrainingRowsWarning
            If the rows are those that the estimator was fitted to.
        """
        X, y, sample_weight = self._take_new(X, y, sample_weight)
        new = self._check_new_data(X)
        truth = self._read_truth(new, as_vector("y", y))
        weights = check_weights(sample_weight, new)
        with named_as(_WORDS):
            return self.two_layer_.importance(
                new,
                truth,
                variables=variables,
                repeats=repeats,
                measure=measure,
                seed=seed,
                sample_weight=weights,
            )

    @with_default_torch_settings
    def feature_effects(
        self,
        X: Any,
        variable: str,
        *,
        kind: str = "ale",
        points: int = 21,
        sample_weight: Any = None,
    ) -> pd.DataFrame:
        """Compute predictions along one column; see ``TwoLayer.feature_effects()``.

        Parameters
        ----------
        X : array-like, DataFrame, Arrow object or path, of shape (n_samples, n_features)
            Rows, without missing values.
        variable : str
            The column. Columns without names are x1, x2 and so on.
        kind : str
            "ale": accumulated local effects. "pdp": partial dependence. "ice": the same for each
            row.
        points : int
            Number of values of a column of numbers.
        sample_weight : array-like of shape (n_samples,), optional
            Weights of the rows.

        Returns
        -------
        pandas.DataFrame
            A row for each value and outcome or class; ``plot_feature_effects()`` draws it.
        """
        new = self._check_new_data(X)
        weights = check_weights(sample_weight, new)
        with named_as(_WORDS):
            return self.two_layer_.feature_effects(
                new, variable, kind=kind, points=points, sample_weight=weights
            )

    # Of the estimator.
    def _take_new(self, X: Any, y: Any = None, weights: Any = None) -> tuple[Any, Any, Any]:
        raise NotImplementedError

    def _check_new_data(self, X: Any) -> Any:
        raise NotImplementedError

    def _read_truth(self, X: Any, y: Any) -> Any:
        raise NotImplementedError

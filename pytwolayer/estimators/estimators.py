"""``TwoLayerRegressor`` and ``TwoLayerClassifier``: the network as scikit-learn estimators."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pytwolayer.checks import describe, quote_some, shorten
from pytwolayer.errors import ArgumentError, PytwolayerError
from pytwolayer.fitting.starting_point import Start
from pytwolayer.models.ensemble import TwoLayerEnsemble
from pytwolayer.models.two_layer import labelled
from pytwolayer.preprocessing.labels import LABELS
from pytwolayer.preprocessing.row_source import Doubles

try:
    from sklearn.base import ClassifierMixin, RegressorMixin
    from sklearn.utils import column_or_1d
    from sklearn.utils.metaestimators import available_if
    from sklearn.utils.multiclass import (
        _check_partial_fit_first_call,
        check_classification_targets,
        type_of_target,
    )
    from sklearn.utils.validation import validate_data  # noqa: F401  (new in 1.6)
except ImportError as problem:
    raise PytwolayerError(
        "The estimators need scikit-learn 1.6 or newer, which is not installed: "
        "pip install scikit-learn"
    ) from problem

from pytwolayer.estimators.base import TwoLayerEstimator
from pytwolayer.estimators.docstrings import compose_docstring
from pytwolayer.estimators.several import is_one_network, log_probabilities, log_scores
from pytwolayer.estimators.validation import read_outcome, with_names_of
from pytwolayer.fitting.argument_hints import hints_at_parameters
from pytwolayer.fitting.two_layer import two_layer
from pytwolayer.runtime.torch_settings import with_default_torch_settings
from pytwolayer.training.settings import AUTO, Settings


@compose_docstring(two_layer, TwoLayerEstimator)
class TwoLayerRegressor(RegressorMixin, TwoLayerEstimator):
    """A network with one hidden layer for numeric outcomes, one or several.

    It is ``two_layer()`` as a scikit-learn estimator: predictors and outcome are standardised
    inside, and frames go in as they are, their text and categorical columns too.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.model_selection import train_test_split
    >>> from pytwolayer import TwoLayerRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> model = TwoLayerRegressor(epochs=50, random_state=1).fit(X_train, y_train)
    >>> model.predict(X_test).shape
    (111,)
    """

    __module__ = "pytwolayer"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    @available_if(is_one_network)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Go over some rows once: one more epoch. There is none with ``n_models`` above 1.

        Optimiser and random stream continue from the previous call, or from ``fit()``: ``k`` calls
        with the same rows are a fit of ``k`` epochs with a constant learning rate. This process
        alone trains it, whatever ``workers`` is, on which no bit depends. With
        ``weight_decay="auto"`` weights do not decay, unless ``fit()`` came first, since that
        depends on the number of all rows. The first call decides how columns
        and outcome are standardised and encoded.

        Parameters
        ----------
        X, y, sample_weight
            As in ``fit()``.

        Returns
        -------
        TwoLayerRegressor
            Itself.
        """
        return self._partial_fit(X, y, sample_weight)

    def _read_outcome(self, X: Any, y: Any, start: Start | None, *, partial: bool) -> Any:
        values = read_outcome(self, X, y, kind="numeric")
        width = 1 if values.ndim == 1 else values.shape[1]
        wanted = None if start is None else start.fit.outcome.columns
        if wanted not in (None, width):
            expected = f"as wide as in the fit that goes on ({wanted})"
            raise ArgumentError("y", expected, describe(width))
        return with_names_of(values, y)

    @with_default_torch_settings
    def predict(self, X: Any) -> Doubles:
        """Predict the outcome.

        Parameters
        ----------
        X : array-like, DataFrame, Arrow object or path, of shape (n_samples, n_features)
            Predictors. Those of a file are held here; ``predict_to_file()`` does not.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Of the shape that ``y`` had. NaN, with a warning, in rows that have a level that
            training did not see.
        """
        new = self._check_new_data(X)
        return self.two_layer_.predict(new)

    @with_default_torch_settings
    def predict_quantiles(self, X: Any) -> Doubles:
        """Predict the quantiles of the loss "quantile".

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Predictors.

        Returns
        -------
        ndarray of shape (n_samples, n_levels)
            Ascending in each row, in the order of ``quantile_levels``; NaN, with a warning, in
            rows that have a level that training did not see.
        """
        new = self._check_new_data(X)
        return self.two_layer_.predict_quantiles(new).to_numpy()

    @with_default_torch_settings
    def predict_interval(self, X: Any, level: float = 0.95) -> tuple[Doubles, Doubles]:
        """Predict intervals that are to hold new outcomes.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Predictors.
        level : float
            The share of new outcomes that are to lie in them.

        Returns
        -------
        lower, upper : ndarray
            Of the shape of ``predict()``; see ``TwoLayer.predict_interval()``, of the kind
            "prediction".
        """
        new = self._check_new_data(X)
        return self.two_layer_.predict_interval(new, level, kind="prediction")

    @with_default_torch_settings
    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Give R squared, over the rows that have a prediction.

        Parameters
        ----------
        X, y, sample_weight
            As in ``fit()``.

        Returns
        -------
        float
        """
        X, y, sample_weight = self._rows_with_predictions(X, y, sample_weight)
        if self.two_layer_.outcome.columns != self.two_layer_.outcome.width:  # successes, failures
            return self.two_layer_.score(self._check_new_data(X), y, sample_weight)
        return float(super().score(X, y, sample_weight))


@compose_docstring(two_layer, TwoLayerEstimator)
@hints_at_parameters
@dataclass(kw_only=True, eq=False, repr=False)
class TwoLayerClassifier(ClassifierMixin, TwoLayerEstimator):
    """A network with one hidden layer that tells two classes or more apart.

    It is ``two_layer()`` as a scikit-learn estimator: predictors are standardised inside, and
    frames go in as they are, their text and categorical columns too.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted; of several labels their numbers, from 0.
    multilabel_ : bool
        Whether ``y`` has several labels at once: columns of 0 and 1. Then ``predict()`` gives such
        columns, ``predict_proba()`` the probability of each label, and ``score()`` the share of
        rows whose labels are all right.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import cross_val_score
    >>> from pytwolayer import TwoLayerClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = TwoLayerClassifier(random_state=1)
    >>> bool(cross_val_score(model, X, y).mean() > 0.9)
    True
    """

    __module__ = "pytwolayer"

    class_weights: Mapping[Any, float] | str | None = None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    @available_if(is_one_network)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Go over some rows once: one more epoch. There is none with ``n_models`` above 1.

        Optimiser and random stream continue from the previous call, or from ``fit()``: ``k`` calls
        with the same rows are a fit of ``k`` epochs with a constant learning rate. This process
        alone trains it, whatever ``workers`` is, on which no bit depends. With
        ``weight_decay="auto"`` weights do not decay, unless ``fit()`` came first, since that
        depends on the number of all rows. The first call decides how columns
        are standardised and encoded.

        Parameters
        ----------
        X, y, sample_weight
            As in ``fit()``; ``y`` need not have all classes.
        classes : array-like of shape (n_classes,), optional
            All classes that there will be; needed in the first call.

        Returns
        -------
        TwoLayerClassifier
            Itself.
        """
        if self.class_weights == "balanced":
            expected = "numbers for partial_fit(), which does not see all rows"
            raise ArgumentError("class_weights", expected, '"balanced"')
        _check_partial_fit_first_call(self, classes)
        return self._partial_fit(X, y, sample_weight)

    def _read_outcome(self, X: Any, y: Any, start: Start | None, *, partial: bool) -> Any:
        values = read_outcome(self, X, y, kind=None)
        if _has_several_labels(values):
            return self._read_labels(values, y, start, partial=partial)
        labels = column_or_1d(values, warn=True)
        _check_classes(labels)
        if self.loss == LABELS:
            raise ArgumentError("loss", '"cross_entropy" where `y` is one column', f'"{LABELS}"')
        self.multilabel_ = False
        if start is None and not partial:
            self.classes_ = np.unique(labels)
        unknown = np.setdiff1d(labels, self.classes_)
        if len(unknown):
            expected = "classes known from the start"
            raise ArgumentError(
                "y",
                expected,
                quote_some(unknown.tolist(), as_text=lambda label: shorten(str(label))),
            )
        codes = np.searchsorted(self.classes_, labels)
        return with_names_of(pd.Categorical.from_codes(codes, pd.Index(self.classes_)), y)

    def _read_labels(
        self, values: NDArray[Any], y: Any, start: Start | None, *, partial: bool
    ) -> Any:
        """Check several labels at once, in columns of 0 and 1."""
        if type_of_target(values) != "multilabel-indicator":
            raise ArgumentError(
                "y", "one column, or a column of 0 and 1 for each label", "other values"
            )
        if start is None and not partial:
            self.classes_ = np.arange(values.shape[1])
        if values.shape[1] != len(self.classes_):
            expected = f"as many columns as labels, {len(self.classes_)}"
            raise ArgumentError("y", expected, describe(values.shape[1]))
        self.multilabel_ = True
        return with_names_of(values.astype(np.float64), y)

    def _settings(self, start: Start | None) -> Settings:
        settings = super()._settings(start)
        if self.multilabel_ and settings.loss == AUTO:
            return replace(settings, loss=LABELS)
        return settings

    @with_default_torch_settings
    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the class.

        Parameters
        ----------
        X : array-like, DataFrame, Arrow object or path, of shape (n_samples, n_features)
            Predictors.

        Returns
        -------
        ndarray of shape (n_samples,), or with several labels (n_samples, n_labels)
            None, with a warning, in rows that have a level that training did not see.
        """
        new = self._check_new_data(X)
        if self.multilabel_:
            found: NDArray[Any] = self.two_layer_.predict(new)
            return found
        return labelled(self.two_layer_.predict_code(new), self.classes_)

    @with_default_torch_settings
    def predict_proba(self, X: Any) -> Doubles:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like, DataFrame, Arrow object or path, of shape (n_samples, n_features)
            Predictors.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``; NaN, with a warning, in rows that have a level that
            training did not see. With several labels the probability of each.
        """
        new = self._check_new_data(X)
        return self.two_layer_.predict_proba(new)

    @with_default_torch_settings
    def predict_log_proba(self, X: Any) -> Doubles:
        """Predict the logarithm of each class's probability, finite however small that is.

        Parameters
        ----------
        X : array-like, DataFrame, Arrow object or path, of shape (n_samples, n_features)
            Predictors.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            As ``predict_proba()``.
        """
        new = self._check_new_data(X)
        raw = self.two_layer_.predict_raw(new)
        return log_probabilities(self.two_layer_, raw, labels=self.multilabel_)

    @with_default_torch_settings
    def decision_function(self, X: Any) -> Doubles:
        """Give what the network puts out for each class, before it becomes probabilities.

        Of several networks it is the logarithm of their mean probabilities.

        Parameters
        ----------
        X : array-like, DataFrame, Arrow object or path, of shape (n_samples, n_features)
            Predictors.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or, with two classes, (n_samples,)
            With two classes the log odds of the second, with several labels those of each.
        """
        new = self._check_new_data(X)
        output = self.two_layer_.predict_raw(new)
        if isinstance(self.two_layer_, TwoLayerEnsemble):
            output = log_scores(self.two_layer_, output, labels=self.multilabel_)
        if self.multilabel_ or len(self.classes_) != 2:
            return output
        return output[:, 1] - output[:, 0]

    @with_default_torch_settings
    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Give the share of right predictions, over the rows that have a prediction.

        Parameters
        ----------
        X, y, sample_weight
            As in ``fit()``.

        Returns
        -------
        float
        """
        return float(super().score(*self._rows_with_predictions(X, y, sample_weight)))


def _check_classes(labels: NDArray[Any]) -> None:
    try:
        check_classification_targets(labels)
    except ValueError as problem:  # in scikit-learn's words, which its own checks ask for
        raise ValueError(f"{problem} TwoLayerRegressor takes numbers.") from None


def _has_several_labels(values: NDArray[Any]) -> bool:
    return values.ndim == 2 and values.shape[1] > 1

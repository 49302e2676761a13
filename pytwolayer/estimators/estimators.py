"""``TwoLayerRegressor`` and ``TwoLayerClassifier``: the network as scikit-learn estimators."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pytwolayer.checks import listed, short, shown
from pytwolayer.errors import ArgumentError, PytwolayerError
from pytwolayer.fitting.starting_point import Start
from pytwolayer.models.two_layer import labelled
from pytwolayer.preprocessing.column import Doubles

try:
    from scipy.special import log_softmax
    from sklearn.base import ClassifierMixin, RegressorMixin
    from sklearn.utils import column_or_1d
    from sklearn.utils.multiclass import _check_partial_fit_first_call, check_classification_targets
    from sklearn.utils.validation import validate_data  # noqa: F401  (new in 1.6)
except ImportError as problem:
    raise PytwolayerError(
        "The estimators need scikit-learn 1.6 or newer, which is not installed: "
        "pip install scikit-learn"
    ) from problem

from pytwolayer.estimators.base import FittingEstimator
from pytwolayer.estimators.validation import read_outcome, with_names_of
from pytwolayer.fitting.argument_hints import hints_at_parameters
from pytwolayer.fitting.prepare import OnEpoch
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.runtime.torch_settings import with_default_torch_settings
from pytwolayer.training.progress import Progress
from pytwolayer.training.settings import SETTINGS

# The defaults are those of two_layer().
_USUAL = {name: setting.default for name, setting in SETTINGS.items()}


@hints_at_parameters
@dataclass(kw_only=True, eq=False, repr=False)
class TwoLayerEstimator(FittingEstimator):
    """The parameters of both; as a dataclass its ``__init__`` stores its arguments and no more."""

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
    loss: str | Callable[[torch.Tensor, torch.Tensor], Any] = _USUAL["loss"]
    reduction: str = _USUAL["reduction"]
    weight_type: str = _USUAL["weight_type"]
    validation: Any = _USUAL["validation"]
    patience: int | None = _USUAL["patience"]
    device: str | torch.device = _USUAL["device"]
    on_epoch: OnEpoch | None = _USUAL["on_epoch"]
    verbose: bool | Callable[[int], Progress] = False
    random_state: Any = None
    warm_start: bool = False


class TwoLayerRegressor(RegressorMixin, TwoLayerEstimator):
    """A network with one hidden layer for numeric outcomes, one or several.

    It is ``two_layer()`` as a scikit-learn estimator: predictors and outcome are standardised
    inside, and frames go in as they are, their text and categorical columns too.

    Parameters
    ----------
    hidden_units : int, default=64
        Width of the hidden layer.
    activation : str, default="relu"
        "relu", "leaky_relu", "elu", "silu", "gelu", "softplus", "tanh", "sigmoid" or
        "identity".
    epochs : int or "auto", default="auto"
        Passes over the data; "auto": 200, or 1000 where all rows are one batch.
    batch_size : int, None or "auto", default="auto"
        Most rows of an update; None: all rows; "auto": all rows if there are no more than 128
        different ones, else the power of 2 from 32 to 256 that is nearest to a fortieth of
        them. Batches are drawn anew for every epoch.
    optimizer : str, default="adam"
        "sgd", "adam", "adamw", "rmsprop" or "lbfgs" (strong Wolfe, all rows at once).
    learning_rate : float or "auto", default="auto"
        Step size; "auto": 0.003 for "adam" and "adamw", 0.05 for "sgd", 0.001 for "rmsprop",
        1 for "lbfgs".
    momentum : float, default=0.0
        Of "sgd" and "rmsprop".
    nesterov : bool, default=False
        Nesterov's momentum, of "sgd".
    schedule : str, default="auto"
        How the learning rate changes from what is given: "constant", "cosine" (down to
        nearly 0), "step" (a tenth after each third of the epochs) or "plateau" (halved after
        ten epochs without a lower loss); "auto": "cosine", or "constant" for "lbfgs".
    weight_decay : float or "auto", default="auto"
        L2 penalty ``weight_decay / 2 * sum(weights ** 2)`` of weights, not of biases; with
        "adamw" decoupled. The losses reported are without it. "auto": 3 divided by the number
        of rows (with ``weight_type="frequency"`` by the sum of their frequencies), or 3 with a
        summed loss; 0.01 for "adamw".
    dropout : float, default=0.0
        Share of hidden units left out at random in training.
    gradient_clip : float, default=None
        Largest norm of the gradient.
    input_clip : float, default=5.0
        Numbers further from the mean than so many standard deviations count as that far, in
        training and in prediction, so that a mistyped one does no harm; None: as they are.
    loss : str or callable, default="auto"
        "mse", "mae", "huber" or "poisson" for numbers, "cross_entropy" for classes; "auto" is
        "mse" or "cross_entropy". Or a function of the network's output and the (standardised
        or 0/1) outcome, both of shape ``(rows, d_out)``, that gives a tensor: a loss per
        element, per row, or for all rows together.
    reduction : str, default="mean"
        "mean", "sum", or "elementwise_mean", the mean's old name.
    weight_type : str, default="importance"
        What ``sample_weight`` means. "importance": proportions, whatever their scale.
        "frequency": whole numbers; a row of 3 is three rows, and the fit is that of the rows
        written out.
    validation : float or vector, default=0.0
        Rows held out to measure ``valid_loss``: a share (of each class alike), the rows'
        numbers from 0, or true and false for each row. The weights of the best epoch come
        back. Data of your own go to ``fit()`` instead.
    patience : int, default=None
        Stop after so many epochs without a lower loss (``valid_loss`` where there is one).
        The weights that had it come back; without held-out rows they are those with which
        the best epoch began.
    device : str or torch.device, default="cpu"
        "cpu", "cuda", "cuda:1", "mps" or "auto" (the best there is).
    on_epoch : callable, default=None
        ``on_epoch(epoch, loss)``, called after every epoch, counted from 1. Training stops
        where it gives False.
    verbose : bool or callable, default=False
        Whether a progress bar may be shown: after a second, and only in a terminal or a
        notebook. A function that, given the number of epochs, makes an object with
        ``update(epoch, loss)`` and ``close()`` shows it in another way.
    random_state : int, RandomState or None, default=None
        What the seed is drawn from; an int is the seed itself, as ``two_layer()`` takes it.
    warm_start : bool, default=False
        Whether ``fit()`` starts from the weights and the encoding of the fit before, if there is
        one. History and optimiser start anew.

    Attributes
    ----------
    two_layer_ : TwoLayer
        The fit itself, as ``two_layer()`` gives it: it plots and can be saved.
    n_iter_ : int
        Number of epochs.
    history_ : DataFrame
        ``epoch``, ``loss`` and, with ``validation``, ``valid_loss``.
    loss_curve_ : list of float
        The loss of each epoch.
    loss_ : float
        That of the last.
    best_loss_ : float
        The lowest: of the held-out rows where there are any.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where they have names that are text.

    Notes
    -----
    Missing values are refused; ``two_layer()`` can leave such rows out. Where new data have a level
    that training did not see, the prediction is missing and a warning names the level; ``score()``
    leaves these rows out.

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

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Go over some rows once: one more epoch.

        Optimiser and random stream go on from the call before, or from ``fit()``: ``k`` calls
        with the same rows are a fit of ``k`` epochs with a constant learning rate. With
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
        if start is not None and width != start.fit.outcome.width:
            expected = f"as wide as in the fit that goes on ({start.fit.outcome.width})"
            raise ArgumentError("y", expected, shown(width))
        return with_names_of(values, y)

    @with_default_torch_settings
    def predict(self, X: Any) -> Doubles:
        """Predict the outcome.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Predictors.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Of the shape that ``y`` had. NaN, with a warning, in rows that have a level that
            training did not see.
        """
        new = self._check_new_data(X)
        return self.two_layer_.predict(new)

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
        return float(super().score(*self._rows_with_predictions(X, y, sample_weight)))


@hints_at_parameters
@dataclass(kw_only=True, eq=False, repr=False)
class TwoLayerClassifier(ClassifierMixin, TwoLayerEstimator):
    """A network with one hidden layer that tells two classes or more apart.

    It is ``two_layer()`` as a scikit-learn estimator: predictors are standardised inside, and
    frames go in as they are, their text and categorical columns too.

    Parameters
    ----------
    hidden_units : int, default=64
        Width of the hidden layer.
    activation : str, default="relu"
        "relu", "leaky_relu", "elu", "silu", "gelu", "softplus", "tanh", "sigmoid" or
        "identity".
    epochs : int or "auto", default="auto"
        Passes over the data; "auto": 200, or 1000 where all rows are one batch.
    batch_size : int, None or "auto", default="auto"
        Most rows of an update; None: all rows; "auto": all rows if there are no more than 128
        different ones, else the power of 2 from 32 to 256 that is nearest to a fortieth of
        them. Batches are drawn anew for every epoch.
    optimizer : str, default="adam"
        "sgd", "adam", "adamw", "rmsprop" or "lbfgs" (strong Wolfe, all rows at once).
    learning_rate : float or "auto", default="auto"
        Step size; "auto": 0.003 for "adam" and "adamw", 0.05 for "sgd", 0.001 for "rmsprop",
        1 for "lbfgs".
    momentum : float, default=0.0
        Of "sgd" and "rmsprop".
    nesterov : bool, default=False
        Nesterov's momentum, of "sgd".
    schedule : str, default="auto"
        How the learning rate changes from what is given: "constant", "cosine" (down to
        nearly 0), "step" (a tenth after each third of the epochs) or "plateau" (halved after
        ten epochs without a lower loss); "auto": "cosine", or "constant" for "lbfgs".
    weight_decay : float or "auto", default="auto"
        L2 penalty ``weight_decay / 2 * sum(weights ** 2)`` of weights, not of biases; with
        "adamw" decoupled. The losses reported are without it. "auto": 3 divided by the number
        of rows (with ``weight_type="frequency"`` by the sum of their frequencies), or 3 with a
        summed loss; 0.01 for "adamw".
    dropout : float, default=0.0
        Share of hidden units left out at random in training.
    gradient_clip : float, default=None
        Largest norm of the gradient.
    input_clip : float, default=5.0
        Numbers further from the mean than so many standard deviations count as that far, in
        training and in prediction, so that a mistyped one does no harm; None: as they are.
    loss : str or callable, default="auto"
        "mse", "mae", "huber" or "poisson" for numbers, "cross_entropy" for classes; "auto" is
        "mse" or "cross_entropy". Or a function of the network's output and the (standardised
        or 0/1) outcome, both of shape ``(rows, d_out)``, that gives a tensor: a loss per
        element, per row, or for all rows together.
    reduction : str, default="mean"
        "mean", "sum", or "elementwise_mean", the mean's old name.
    weight_type : str, default="importance"
        What ``sample_weight`` means. "importance": proportions, whatever their scale.
        "frequency": whole numbers; a row of 3 is three rows, and the fit is that of the rows
        written out.
    validation : float or vector, default=0.0
        Rows held out to measure ``valid_loss``: a share (of each class alike), the rows'
        numbers from 0, or true and false for each row. The weights of the best epoch come
        back. Data of your own go to ``fit()`` instead.
    patience : int, default=None
        Stop after so many epochs without a lower loss (``valid_loss`` where there is one).
        The weights that had it come back; without held-out rows they are those with which
        the best epoch began.
    device : str or torch.device, default="cpu"
        "cpu", "cuda", "cuda:1", "mps" or "auto" (the best there is).
    on_epoch : callable, default=None
        ``on_epoch(epoch, loss)``, called after every epoch, counted from 1. Training stops
        where it gives False.
    verbose : bool or callable, default=False
        Whether a progress bar may be shown: after a second, and only in a terminal or a
        notebook. A function that, given the number of epochs, makes an object with
        ``update(epoch, loss)`` and ``close()`` shows it in another way.
    random_state : int, RandomState or None, default=None
        What the seed is drawn from; an int is the seed itself, as ``two_layer()`` takes it.
    warm_start : bool, default=False
        Whether ``fit()`` starts from the weights and the encoding of the fit before, if there is
        one. History and optimiser start anew.
    class_weights : dict or "balanced", default=None
        A number above 0 for each class, by which its rows' weights are multiplied. A key that
        equals a class stands for it: 0, 0.0 and False are the same.

    Attributes
    ----------
    two_layer_ : TwoLayer
        The fit itself, as ``two_layer()`` gives it: it plots and can be saved.
    n_iter_ : int
        Number of epochs.
    history_ : DataFrame
        ``epoch``, ``loss`` and, with ``validation``, ``valid_loss``.
    loss_curve_ : list of float
        The loss of each epoch.
    loss_ : float
        That of the last.
    best_loss_ : float
        The lowest: of the held-out rows where there are any.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where they have names that are text.
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted.

    Notes
    -----
    Missing values are refused; ``two_layer()`` can leave such rows out. Where new data have a level
    that training did not see, the prediction is missing and a warning names the level; ``score()``
    leaves these rows out.

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

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Go over some rows once: one more epoch.

        Optimiser and random stream go on from the call before, or from ``fit()``: ``k`` calls
        with the same rows are a fit of ``k`` epochs with a constant learning rate. With
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
        labels = column_or_1d(read_outcome(self, X, y, kind=None), warn=True)
        check_classification_targets(labels)
        if start is None and not partial:
            self.classes_ = np.unique(labels)
        unknown = np.setdiff1d(labels, self.classes_)
        if len(unknown):
            expected = "of classes known from the start"
            raise ArgumentError(
                "y", expected, listed(unknown.tolist(), as_text=lambda label: short(str(label)))
            )
        codes = np.searchsorted(self.classes_, labels)
        return with_names_of(pd.Categorical.from_codes(codes, pd.Index(self.classes_)), y)

    @with_default_torch_settings
    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the class.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Predictors.

        Returns
        -------
        ndarray of shape (n_samples,)
            None, with a warning, in rows that have a level that training did not see.
        """
        new = self._check_new_data(X)
        return labelled(self.two_layer_.predict_code(new), self.classes_)

    @with_default_torch_settings
    def predict_proba(self, X: Any) -> Doubles:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Predictors.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``; NaN, with a warning, in rows that have a level that
            training did not see.
        """
        new = self._check_new_data(X)
        return self.two_layer_.predict_proba(new)

    @with_default_torch_settings
    def predict_log_proba(self, X: Any) -> Doubles:
        """Predict the logarithm of each class's probability, finite however small that is.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Predictors.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            As ``predict_proba()``.
        """
        new = self._check_new_data(X)
        logarithms: Doubles = log_softmax(self.two_layer_.predict_raw(new), axis=1)
        return logarithms

    @with_default_torch_settings
    def decision_function(self, X: Any) -> Doubles:
        """Give what the network puts out for each class, before it becomes probabilities.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Predictors.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or, with two classes, (n_samples,)
            With two classes the log odds of the second.
        """
        new = self._check_new_data(X)
        output = self.two_layer_.predict_raw(new)
        return output[:, 1] - output[:, 0] if len(self.classes_) == 2 else output

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

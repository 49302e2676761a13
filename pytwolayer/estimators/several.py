"""What an estimator gives of several networks: a curve of losses, and logarithms of their mean."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import log_expit, log_softmax, logsumexp

from pytwolayer.checks import describe
from pytwolayer.errors import ArgumentError
from pytwolayer.models.ensemble import TwoLayerEnsemble
from pytwolayer.models.two_layer import TwoLayer
from pytwolayer.preprocessing.row_source import Doubles

Fitted = TwoLayer | TwoLayerEnsemble


def is_one_network(estimator: Any) -> bool:
    """Tell whether an estimator trains one network, which alone goes on with other rows."""
    if estimator.n_models == 1:
        return True
    raise ArgumentError("n_models", "1 for partial_fit()", describe(estimator.n_models))


def mean_history(fit: Fitted) -> pd.DataFrame:
    """Return the losses of each epoch: of several networks the means of those that trained it."""
    if isinstance(fit, TwoLayer):
        return fit.history
    return fit.history.drop(columns="model").groupby("epoch", as_index=False).mean()


def log_probabilities(fit: Fitted, raw: Doubles, *, labels: bool) -> Doubles:
    """Return the logarithms of probabilities, finite however small these are.

    Parameters
    ----------
    fit : TwoLayer or TwoLayerEnsemble
    raw : array
        What its ``predict_raw()`` gives.
    labels : bool
        Whether each output is a label of its own.
    """
    logarithms: Doubles = log_expit(raw) if labels else log_softmax(raw, axis=-1)
    return _log_of_mean(logarithms) if isinstance(fit, TwoLayerEnsemble) else logarithms


def log_scores(ensemble: TwoLayerEnsemble, raw: Doubles, *, labels: bool) -> Doubles:
    """Return the logarithms of the mean probabilities, of ``labels`` those of their odds."""
    scores = log_probabilities(ensemble, raw, labels=labels)
    return scores - log_probabilities(ensemble, -raw, labels=True) if labels else scores


def _log_of_mean(logarithms: Doubles) -> Doubles:
    """Return the logarithm of the mean over the models that predict a row; NaN where none does."""
    missing = np.isnan(logarithms)
    number = (~missing).sum(axis=0)
    with np.errstate(divide="ignore"):
        total: Doubles = logsumexp(np.where(missing, -np.inf, logarithms), axis=0)
        return np.where(number > 0, total - np.log(np.maximum(number, 1)), np.nan)

"""The routes that quality.py compares: ours from the raw frame, the peers as their manuals ask.

RealMLP and HistGradientBoosting take the raw frame too, and encode it themselves. The others
take a matrix, so they get numbers standardised on the rows of training and factors as 0/1
columns; brulee's as its manual does, with the 0/1 columns standardised as well. Settings are
each one's defaults; where nnet has none it gets 10 units, a decay of 0.01 and 1000 iterations.
Seconds are those of the processor, for one fit with one thread.
"""

import contextlib
import functools
import io
import logging
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from _quality_brulee import Brulee
from _quality_cache import Answer, Cache, sources
from _quality_data import Task
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor

import pytwolayer
from pytwolayer import two_layer
from pytwolayer.r_interop.r_process import r_environment, rscript

OURS, BRULEE, REALMLP, REALMLP_LOG = "pytwolayer", "brulee", "RealMLP", "RealMLP log"
SKLEARN, NNET, TREES = "scikit-learn", "nnet", "HistGB"
NETWORKS = [BRULEE, REALMLP, SKLEARN, NNET]
ROUTES = [OURS, *NETWORKS, TREES, REALMLP_LOG]
REALMLP_ROWS = 5000  # above, RealMLP takes minutes a fit and is left out
Fold = tuple[np.ndarray, np.ndarray]


def answers(task: Task, peer: str, folds: list[Fold], cache: Cache) -> list[Answer] | None:
    """Let a route predict every fold; None where it has no answer."""
    if not takes_part(task, peer):
        return None
    answered = []
    for seed, fold in enumerate(folds, start=1):
        file = cache.file(named(peer), task.frame, task.outcome, *fold)
        answer = cache.answer(file, functools.partial(FITTED[peer], task, fold, seed))
        if answer is None:
            return None
        answered.append(answer)
    return answered


def takes_part(task: Task, peer: str) -> bool:
    """Say whether a route is measured on a data set."""
    if peer not in (REALMLP, REALMLP_LOG):
        return True
    here = find_spec("pytabkit") is not None and len(task.frame) <= REALMLP_ROWS
    return here and (peer == REALMLP or task.classes > 0)


@functools.cache
def named(peer: str) -> str:
    """Give a route's name with what its answers depend on."""
    if peer == OURS:
        return f"{peer} {sources(Path(pytwolayer.__file__).parent)}"
    by = {SKLEARN: "scikit-learn", TREES: "scikit-learn"}
    by |= {REALMLP: "pytabkit", REALMLP_LOG: "pytabkit", BRULEE: "torch"}
    return f"{peer} {version(by[peer]) if peer in by else ''}"


def timed(fit: Callable[[], Any]) -> tuple[Any, float]:
    """Fit, and say how many seconds of the processor that took."""
    start = time.process_time()
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        fitted = fit()
    return fitted, time.process_time() - start


def ours(task: Task, fold: Fold, seed: int) -> Answer:
    """Fit the raw data frame with the defaults."""
    rows, new_data = raw(task, fold)
    fit, seconds = timed(lambda: two_layer(rows, outcome=task.outcome, verbose=False, seed=seed))
    predict = fit.predict_proba if task.classes else fit.predict
    return np.asarray(predict(new_data), dtype=float), seconds


def brulee(task: Task, fold: Fold, seed: int) -> Answer:
    """Fit the recipe of R's brulee, which is rebuilt in PyTorch."""
    train, test = fold
    X, y = encoded(task, train, indicators=True), task.codes()
    fit, seconds = timed(lambda: Brulee(task.classes, seed).fit(X[train], y[train]))
    return fit.predict(X[test]), seconds


def realmlp(task: Task, fold: Fold, seed: int, **settings: Any) -> Answer:
    """Fit pytabkit's RealMLP-TD to the raw frame."""
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    model = (RealMLP_TD_Classifier if task.classes else RealMLP_TD_Regressor)(
        device="cpu", n_threads=1, random_state=seed, verbosity=0, **settings
    )
    return of_sklearn_kind(task, fold, model)


def realmlp_log(task: Task, fold: Fold, seed: int) -> Answer:
    """Fit RealMLP-TD as its manual advises where the log loss counts."""
    return realmlp(task, fold, seed, val_metric_name="cross_entropy", use_ls=False)


def trees(task: Task, fold: Fold, seed: int) -> Answer:
    """Fit scikit-learn's boosted trees to the raw frame; categories are known by their dtype."""
    kind = HistGradientBoostingClassifier if task.classes else HistGradientBoostingRegressor
    return of_sklearn_kind(task, fold, kind(random_state=seed))


def of_sklearn_kind(task: Task, fold: Fold, model: Any) -> Answer:
    """Fit the raw frame to a model with scikit-learn's methods."""
    train, test = fold
    X, y = task.frame.drop(columns=task.outcome), task.codes()
    _, seconds = timed(lambda: model.fit(X.iloc[train], y[train]))
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        return predicted_by(task, model, X.iloc[test]), seconds


def sklearn_mlp(task: Task, fold: Fold, seed: int) -> Answer:
    """Fit scikit-learn's network with its defaults."""
    train, test = fold
    X, y = encoded(task, train), task.codes()
    mlp = (MLPClassifier if task.classes else MLPRegressor)(random_state=seed)
    _, seconds = timed(lambda: mlp.fit(X[train], y[train]))
    return predicted_by(task, mlp, X[test]), seconds


def predicted_by(task: Task, model: Any, X: Any) -> np.ndarray:
    """Predict; a class that training lacks has the probability 0."""
    if not task.classes:
        return np.asarray(model.predict(X), dtype=float)
    probabilities = np.zeros((len(X), task.classes))
    probabilities[:, np.asarray(model.classes_, dtype=int)] = model.predict_proba(X)
    return probabilities


def nnet(task: Task, fold: Fold, seed: int) -> Answer:
    """Fit R's nnet, in an R process of its own; a numeric outcome is standardised."""
    script = Path(__file__).parent / "workers" / "quality_nnet.R"
    train, test = fold
    X, y = encoded(task, train), task.codes().astype(float)
    center, spread = (0.0, 1.0) if task.classes else (y[train].mean(), y[train].std())
    parts = {"train": X[train], "outcome": (y[train] - center) / spread, "test": X[test]}
    with tempfile.TemporaryDirectory() as folder:
        for name, values in parts.items():
            np.savetxt(Path(folder) / f"{name}.csv", values, delimiter=",", fmt="%.9g")
        done = subprocess.run(
            [rscript(), str(script), folder, str(task.classes), str(seed)],
            check=True, capture_output=True, text=True, env=r_environment(),
        )  # fmt: skip
        file, columns = Path(folder) / "predicted.csv", 2 if task.classes else 1
        predicted = np.loadtxt(file, delimiter=",", ndmin=columns)
    return predicted * spread + center, float(done.stdout)


def raw(task: Task, fold: Fold) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the rows of training with their outcome, those to predict without."""
    train, test = fold
    return task.frame.iloc[train], task.frame.iloc[test].drop(columns=task.outcome)


def encoded(task: Task, train: np.ndarray, indicators: bool = False) -> np.ndarray:
    """Give every row as numbers, standardised by the rows of training, factors as 0/1.

    With ``indicators`` the 0/1 columns are standardised as well, and constant columns left out.
    """
    predictors = task.frame.drop(columns=task.outcome)
    numbers = predictors.select_dtypes(exclude="category").shape[1]
    X = pd.get_dummies(predictors).to_numpy(float, copy=True)  # the numbers come first
    last = X.shape[1] if indicators else numbers
    mean, spread = X[train, :last].mean(axis=0), X[train, :last].std(axis=0)
    X[:, :last] = (X[:, :last] - mean) / np.where(spread > 0, spread, 1.0)
    return X[:, spread > 0] if indicators else X


FITTED: dict[str, Callable[[Task, Fold, int], Answer]] = {
    OURS: ours, BRULEE: brulee, REALMLP: realmlp, SKLEARN: sklearn_mlp, NNET: nnet,
    TREES: trees, REALMLP_LOG: realmlp_log,
}  # fmt: skip

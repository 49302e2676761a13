"""The routes that quality.py compares: ours from the raw frame, the peers from a matrix.

The peers take no data frame, so they get what their manuals ask for: numbers standardised on
the rows of training, factors as 0/1 columns. Their settings are their own defaults.
"""

import subprocess
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from _quality_data import Task
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from pytwolayer import two_layer
from pytwolayer.r_interop.r_process import r_environment, rscript

OURS, SKLEARN, NNET = "pytwolayer", "scikit-learn", "nnet"
Fold = tuple[np.ndarray, np.ndarray]
Answer = tuple[list[np.ndarray], float]  # what each fold predicts, the seconds of one fit


def answers(task: Task, folds: list[Fold]) -> dict[str, Answer]:
    """Let every route predict every fold."""
    routes = {OURS: ours, SKLEARN: sklearn_mlp, NNET: nnet}
    return {name: route(task, folds) for name, route in routes.items()}


def ours(task: Task, folds: list[Fold]) -> Answer:
    """Fit the raw data frame with the defaults."""
    predicted, seconds = [], 0.0
    for seed, (train, test) in enumerate(folds, start=1):
        rows = task.frame.iloc[train]
        start = time.perf_counter()
        fit = two_layer(rows, outcome=task.outcome, verbose=False, seed=seed)
        seconds += time.perf_counter() - start
        new_data = task.frame.iloc[test].drop(columns=task.outcome)
        predict = fit.predict_proba if task.classes else fit.predict
        predicted.append(np.asarray(predict(new_data), dtype=float))
    return predicted, seconds / len(folds)


def sklearn_mlp(task: Task, folds: list[Fold]) -> Answer:
    """Fit scikit-learn's network with its defaults."""
    predicted, seconds = [], 0.0
    for seed, (train, test) in enumerate(folds, start=1):
        X, y = encoded(task, train), task.codes()
        mlp = (MLPClassifier if task.classes else MLPRegressor)(random_state=seed)
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            mlp.fit(X[train], y[train])
        seconds += time.perf_counter() - start
        predicted.append((mlp.predict_proba if task.classes else mlp.predict)(X[test]))
    return predicted, seconds / len(folds)


def nnet(task: Task, folds: list[Fold]) -> Answer:
    """Fit R's nnet with its defaults and 5 hidden units, in one R process."""
    script = Path(__file__).parent / "workers" / "quality_nnet.R"
    counts = [str(len(folds)), str(task.classes)]
    with tempfile.TemporaryDirectory() as folder:
        for number, fold in enumerate(folds, start=1):
            write_fold(task, fold, Path(folder), number)
        done = subprocess.run(
            [rscript(), str(script), folder, *counts],
            check=True, capture_output=True, text=True, env=r_environment(),
        )  # fmt: skip
        files = [Path(folder) / f"predicted{i}.csv" for i in range(1, len(folds) + 1)]
        columns = 2 if task.classes else 1
        predicted = [np.loadtxt(file, delimiter=",", ndmin=columns) for file in files]
    return predicted, float(done.stdout)


def write_fold(task: Task, fold: Fold, folder: Path, number: int) -> None:
    """Write one fold's matrices for R."""
    train, test = fold
    X = encoded(task, train)
    parts = {"train": X[train], "outcome": task.codes()[train], "test": X[test]}
    for name, values in parts.items():
        np.savetxt(folder / f"{name}{number}.csv", values, delimiter=",", fmt="%.9g")


def encoded(task: Task, train: np.ndarray) -> np.ndarray:
    """Give every row as numbers, standardised by the rows of training, factors as 0/1."""
    predictors = task.frame.drop(columns=task.outcome)
    numbers = predictors.select_dtypes(exclude="category").shape[1]
    X = pd.get_dummies(predictors).to_numpy(float, copy=True)  # the numbers come first
    mean, spread = X[train, :numbers].mean(axis=0), X[train, :numbers].std(axis=0)
    X[:, :numbers] = (X[:, :numbers] - mean) / np.where(spread > 0, spread, 1.0)
    return X

"""A run's record as a data frame, and back."""

import numpy as np
import pandas as pd

from pytwolayer.training.tracker import Run


def history_of(run: Run) -> pd.DataFrame:
    """Return a row per epoch: ``epoch``, ``loss`` and, with held-out rows, ``valid_loss``."""
    epochs = np.arange(1, len(run.losses) + 1, dtype=np.int64)
    losses = np.array(run.losses, dtype=np.float64)
    history = pd.DataFrame({"epoch": epochs, "loss": losses}, copy=False)  # of its own arrays
    if run.valid_losses:
        history["valid_loss"] = run.valid_losses[: len(run.losses)]
    return history


def run_of(history: pd.DataFrame, best_epoch: int | None) -> Run:
    """Return the run with this history, so that another can continue it."""
    valid = history["valid_loss"].tolist() if "valid_loss" in history else []
    return Run(history["loss"].tolist(), valid, best_epoch)

"""Searches made by hand: their losses are known."""

import numpy as np
import pandas as pd

ROWS = 60
USUAL = 3 / ROWS  # the weight decay where nothing is searched
RATE = 0.05
LINEAR, PIECEWISE = (0.1, 1.0, 10.0), (1.0, 3.0)
# Of each candidate, those of three folds.
LOSSES = [(0.5, 0.6, 0.7), (0.3, 0.4, 0.5), (0.9, 0.9, 1.2), (0.2, 0.3, 0.25), (0.4, 0.3, 0.5)]


def search(losses=LOSSES, *, folds=3, encodings=("linear", "piecewise")):
    """Make the table of a search: a row for each candidate and fold."""
    multiples = [("linear", m) for m in LINEAR] + [("piecewise", m) for m in PIECEWISE]
    rows = [
        (encoding, RATE, multiple * USUAL, fold + 1, own[fold])
        for (encoding, multiple), own in zip(multiples, losses, strict=True)
        for fold in range(folds)
        if encoding in encodings
    ]
    names = ["encoding", "learning_rate", "weight_decay", "fold", "valid_loss"]
    return pd.DataFrame(rows, columns=names)


def with_larger_steps():
    """Make a search that also tried a larger learning rate, of which one candidate is the best."""
    losses = [*LOSSES[:3], (0.1, 0.2, 0.1), (0.2, 0.2, 0.2)]
    more = search(losses, encodings=["piecewise"])
    more["learning_rate"], more["weight_decay"] = 3 * RATE, more["weight_decay"] * 0.1
    return pd.concat([search(), more], ignore_index=True)


def diverged():
    """Make a search of which one candidate diverged in a fold, and one in all."""
    lost = (np.inf, np.inf, np.inf)
    return search([*LOSSES[:1], (0.3, np.inf, 0.5), *LOSSES[2:4], lost])

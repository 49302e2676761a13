"""What drawing batches from windows of rows does to the loss, beside drawing from all rows.

    .venv/bin/python benchmarks/windowed_loss.py [--rows N] [--epochs N] [--seeds N]

Each line is one generated problem, in one order of its rows, with windows of so many blocks. The
figures are means over seeds: the loss on rows that no fit saw, with windows and with all rows, and
by how many per cent they differ. The network, its settings and its initial weights are the same.
Windows of all blocks show what chance alone does, since only the order of the rows differs there.
"""

import argparse
import warnings

import numpy as np
import pandas as pd

from pytwolayer import two_layer
from pytwolayer.network import windowed_batches
from pytwolayer.network.windowed_batches import Window
from pytwolayer.training import row_store

COLUMNS = 10
PARTS = (10, 40)  # a window is such a part of the rows
BLOCKS = (8, 32, 128, 512)  # in a window


def problem(rows: int, kind: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw predictors and an outcome: numbers, or two classes as True and False."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, COLUMNS))
    signal = x[:, 0] + np.sin(2 * x[:, 1]) + x[:, 2] * x[:, 3] + np.abs(x[:, 4])
    if kind == "classes":
        return x, signal + draw.logistic(size=rows) > 0.8
    return x, signal + draw.normal(size=rows)


def in_order(x: np.ndarray, y: np.ndarray, order: str) -> tuple[np.ndarray, np.ndarray]:
    """Put the rows into an order."""
    if order == "random":
        return x, y
    places = np.argsort(y if order == "by outcome" else x[:, 0], kind="stable")
    return x[places], y[places]


def held_out_loss(fit: object, x: np.ndarray, y: np.ndarray) -> float:
    """Return the mean squared error, or the mean log loss."""
    if fit.classes is None:
        return float(np.mean((fit.predict(x) - y) ** 2))
    probability = fit.predict_proba(x)[np.arange(len(y)), y.astype(int)]
    return float(-np.mean(np.log(np.maximum(probability, 1e-12))))


def fit_once(x: np.ndarray, y: np.ndarray, seed: int, epochs: int, window: Window | None) -> object:
    """Fit with batches drawn from windows, or from all rows."""
    row_store.usable_memory = lambda: None if window is None else 0
    row_store._SMALL = -1
    windowed_batches.Window.suited = classmethod(lambda cls, row_bytes, memory: window)
    return two_layer(
        x, y, hidden_units=32, epochs=epochs, batch_size=256, seed=seed, weight_decay=0.0,
        verbose=False,
    )  # fmt: skip


def compare(rows: int, epochs: int, seeds: int) -> pd.DataFrame:
    """Compare all problems, orders and windows."""
    lines = []
    for kind in ("numbers", "classes"):
        for order in ("random", "by outcome", "by a predictor"):
            losses: dict[tuple[int, int], list[float]] = {}
            for seed in range(1, seeds + 1):
                x, y = in_order(*problem(rows, kind, seed), order)
                new = problem(50_000, kind, 1000 + seed)
                plain = held_out_loss(fit_once(x, y, seed, epochs, None), *new)
                for part in (1, *PARTS):
                    for blocks in BLOCKS if part > 1 else BLOCKS[-1:]:
                        window = Window(max(1, rows // part // blocks), blocks)
                        fit = fit_once(x, y, seed, epochs, window)
                        loss = held_out_loss(fit, *new)
                        losses.setdefault((part, blocks), []).append(100 * (loss / plain - 1))
            for (part, blocks), percent in losses.items():
                mean, spread = np.mean(percent), np.std(percent)
                line = [kind, order, f"1/{part}", blocks, round(mean, 2), round(spread, 2)]
                lines.append(line)
                print(*line, sep="\t", flush=True)
    names = ["outcome", "rows sorted", "window", "blocks", "percent", "spread"]
    return pd.DataFrame(lines, columns=names)


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    print(compare(given.rows, given.epochs, given.seeds).to_string(index=False))


if __name__ == "__main__":
    main()

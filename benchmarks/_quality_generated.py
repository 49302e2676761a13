"""Data sets that are made, from a seed, so that the best possible prediction is known.

Each gives a frame with the outcome ``y`` last, and what the truth itself predicts for its rows:
the probabilities of the classes, or the mean.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn import datasets

Made = tuple[pd.DataFrame, np.ndarray]


def frame_of(X: np.ndarray, y: np.ndarray, classes: bool) -> pd.DataFrame:
    """Name the columns and write classes as categories."""
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(1, X.shape[1] + 1)])
    return frame.assign(y=pd.Categorical(y) if classes else y)


def drawn(X: np.ndarray, probabilities: np.ndarray, rng: np.random.Generator) -> Made:
    """Draw every row's class from its probabilities."""
    y = (probabilities.cumsum(axis=1) < rng.random((len(X), 1))).sum(axis=1)
    return frame_of(X, y, True), probabilities


def flipped(X: np.ndarray, second: np.ndarray, noise: float, rng: np.random.Generator) -> Made:
    """Draw two classes of which a share has the wrong label."""
    right = np.where(second, 1 - noise, noise)
    return drawn(X, np.column_stack([1 - right, right]), rng)


def mixture(rows: int, classes: int, columns: int, spread: float, seed: int) -> Made:
    """Draw normal clouds of deviation 1, a class each, their centres that far apart."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(scale=spread, size=(classes, columns))
    X = centers[rng.integers(classes, size=rows)] + rng.normal(size=(rows, columns))
    squares = ((X[:, None] - centers) ** 2).sum(axis=2)
    density = np.exp(-0.5 * (squares - squares.min(axis=1, keepdims=True)))
    return drawn(X, density / density.sum(axis=1, keepdims=True), rng)


def plane(rows: int, columns: int, noise: float, seed: int) -> Made:
    """Part two classes by a plane."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns))
    return flipped(X, X @ rng.normal(size=columns) > 0, noise, rng)


def margin(rows: int, columns: int, seed: int) -> Made:
    """Part two classes by a plane with a gap around it: no error is needed."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(4 * rows, columns))
    side = X @ rng.normal(size=columns) / np.sqrt(columns)
    X, side = X[np.abs(side) > 0.3][:rows], side[np.abs(side) > 0.3][:rows]
    return flipped(X, side > 0, 0.0, rng)


def sphere(rows: int, columns: int, noise: float, seed: int) -> Made:
    """Part two classes by a sphere that holds half of the rows."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns))
    squares = (X**2).sum(axis=1)
    return flipped(X, squares > np.median(squares), noise, rng)


def checkerboard(rows: int, noise: float, seed: int) -> Made:
    """Colour 4 x 4 squares of the first two of four columns."""
    rng = np.random.default_rng(seed)
    X = rng.random((rows, 4))
    return flipped(X, np.floor(4 * X[:, :2]).sum(axis=1) % 2 > 0, noise, rng)


def parity(rows: int, columns: int, noise: float, seed: int) -> Made:
    """Take the sign of the product of the first three columns."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns))
    return flipped(X, X[:, :3].prod(axis=1) > 0, noise, rng)


def ringnorm(rows: int, seed: int) -> Made:
    """Draw Breiman's two clouds of 20 columns: one wide, one narrow and off its centre."""
    rng = np.random.default_rng(seed)
    second, off = rng.random(rows) < 0.5, 2 / np.sqrt(20)
    X = rng.normal(size=(rows, 20)) * np.where(second, 1.0, 2.0)[:, None] + off * second[:, None]
    wide = -0.125 * (X**2).sum(axis=1) - 20 * np.log(2)
    right = 1 / (1 + np.exp(wide + 0.5 * ((X - off) ** 2).sum(axis=1)))
    return drawn(X, np.column_stack([1 - right, right]), rng)


def waveform(rows: int, seed: int) -> Made:
    """Mix two of Breiman's three waves; the truth is the best that the mixture allows."""
    rng = np.random.default_rng(seed)
    points = np.arange(1, 22)
    first = np.maximum(6 - np.abs(points - 11), 0)
    waves = np.array([first, np.roll(first, -4), np.roll(first, 4)])
    pairs = [(0, 1), (0, 2), (1, 2)]
    y, share = rng.integers(3, size=rows), rng.random((rows, 1))
    a, b = waves[[pairs[i][0] for i in y]], waves[[pairs[i][1] for i in y]]
    X = share * a + (1 - share) * b + rng.normal(size=(rows, 21))
    grid = (np.arange(200) + 0.5)[:, None] / 200
    mixed = [grid * waves[i] + (1 - grid) * waves[j] for i, j in pairs]
    density = np.array([np.exp(-0.5 * squared_gaps(X, means)).mean(axis=1) for means in mixed]).T
    return frame_of(X, y, True), density / density.sum(axis=1, keepdims=True)


def squared_gaps(X: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Give each row's squared distances from some means, less its smallest over all waves."""
    squares = (X**2).sum(axis=1)[:, None] - 2 * X @ means.T + (means**2).sum(axis=1)
    return squares - 21  # about the expected smallest: exp() keeps in range, ratios stay


def with_noise(X: np.ndarray, mean: np.ndarray, noise: float, rng: np.random.Generator) -> Made:
    """Add normal noise to a mean, its deviation that share of the mean's own."""
    y = mean + noise * mean.std() * rng.normal(size=len(X))
    return frame_of(X, y, False), mean


def steps(rows: int, columns: int, noise: float, seed: int) -> Made:
    """Add up steps, four in each of the first five columns."""
    rng = np.random.default_rng(seed)
    X = rng.random((rows, columns))
    heights = rng.normal(size=(5, 5))
    mean = sum(heights[j][np.floor(5 * X[:, j]).astype(int)] for j in range(5))
    return with_noise(X, mean, noise, rng)


def line(rows: int, columns: int, noise: float, seed: int) -> Made:
    """Add up columns, each with its slope."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns))
    return with_noise(X, X @ rng.normal(size=columns), noise, rng)


def friedman(number: int, rows: int, noise: float, seed: int) -> Made:
    """Make Friedman's first, second or third function."""
    X, mean = getattr(datasets, f"make_friedman{number}")(rows, random_state=seed)
    return with_noise(X, mean, noise, np.random.default_rng(seed))


GENERATED: dict[str, Callable[[], Made]] = {
    "mixture_clean": lambda: mixture(1000, 12, 6, 3.0, seed=1),
    "mixture_noisy": lambda: mixture(1500, 12, 6, 0.9, seed=2),
    "mixture_many": lambda: mixture(1500, 30, 10, 1.8, seed=3),
    "plane_noisy": lambda: plane(1000, 10, 0.3, seed=4),
    "margin": lambda: margin(400, 8, seed=5),
    "sphere": lambda: sphere(600, 5, 0.0, seed=6),
    "sphere_noisy": lambda: sphere(800, 5, 0.3, seed=7),
    "checkerboard": lambda: checkerboard(1500, 0.0, seed=8),
    "parity": lambda: parity(1500, 6, 0.1, seed=9),
    "ringnorm": lambda: ringnorm(800, seed=10),
    "waveform": lambda: waveform(1000, seed=11),
    "steps": lambda: steps(1000, 10, 0.3, seed=12),
    "line_noisy": lambda: line(600, 12, 2.0, seed=13),
    "friedman1": lambda: friedman(1, 300, 0.2, seed=14),
    "friedman2": lambda: friedman(2, 600, 0.33, seed=15),
    "friedman3": lambda: friedman(3, 600, 0.33, seed=16),
}

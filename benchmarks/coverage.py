"""How many new outcomes lie in prediction intervals: the tables of docs/intervals.md.

    python benchmarks/coverage.py generated [REPEATS]   # three kinds of noise
    python benchmarks/coverage.py patience [REPEATS]    # rows that also choose the epoch
    python benchmarks/coverage.py datasets [REPEATS]    # Boston, airquality, diamonds, of R

Prints rows of a Markdown table: coverage at the levels 0.8, 0.9 and 0.95, and the mean width of
the interval of 0.9. Of generated data each repeat is a new data set with 2,000 new rows; of R's
each repeat holds out another third of the rows.
"""

import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

import pytwolayer
from pytwolayer.preprocessing.calibration import HELD_OUT, Calibration

LEVELS = (0.8, 0.9, 0.95)
QUANTILES = {"loss": "quantile", "quantile_levels": (0.05, 0.1, 0.5, 0.9, 0.95)}
WAYS: dict[str, dict[str, Any]] = {
    "folds of the search (default)": {},
    "`validation = 0.2`": {"validation": 0.2},
    "`validation = 0.2, patience = 10`": {"validation": 0.2, "patience": 10},
    "`n_models = 20, bootstrap = TRUE`": {"n_models": 20, "bootstrap": True},
    '`loss = "normal"`, folds': {"loss": "normal"},
    '`loss = "normal", validation = 0.2`': {"loss": "normal", "validation": 0.2},
    '`loss = "quantile"`, folds': QUANTILES,
    '`loss = "quantile", validation = 0.2`': QUANTILES | {"validation": 0.2},
}
SETS = {
    "Boston": ("MASS::Boston", "medv", 10_000),
    "airquality": ("datasets::airquality", "Ozone", 10_000),
    "diamonds": ("ggplot2::diamonds", "price", 3_000),
}


def draw(noise: str, rows: int, generator: np.random.Generator) -> tuple[Any, Any]:
    """Draw predictors and an outcome: a smooth function and noise."""
    x = generator.uniform(-2, 2, size=(rows, 3))
    errors = {
        "normal": lambda: generator.normal(size=rows),
        "heteroscedastic": lambda: (0.2 + np.abs(x[:, 1])) * generator.normal(size=rows),
        "skewed": lambda: generator.exponential(size=rows) - 1,
    }[noise]()
    return x, np.sin(2 * x[:, 0]) + x[:, 1] + 0.5 * errors


def measure(fit: Any, x: Any, y: Any) -> list[float]:
    """Give the coverage at each level, and the mean width at 0.9."""
    found, width = [], np.nan
    for level in LEVELS:
        lower, upper = fit.predict_interval(x, level, kind="prediction")
        there = ~np.isnan(lower)
        found.append(float(np.mean((lower <= y)[there] & (y <= upper)[there])))
        if level == 0.9:
            width = float(np.mean((upper - lower)[there]))
    return [*found, width]


def row(words: list[str], values: list[list[float]]) -> str:
    """Write a row: means over the repeats."""
    return f"| {' | '.join(words)} | {' | '.join(f'{v:.3g}' for v in np.mean(values, axis=0))} |"


def generated(repeats: int) -> Iterator[str]:
    """Measure fits of 200 rows."""
    for noise in ("normal", "heteroscedastic", "skewed"):
        for way, settings in WAYS.items():
            values = []
            for repeat in range(repeats):
                generator = np.random.default_rng([repeat, len(noise)])
                x, y = draw(noise, 200, generator)
                fit = pytwolayer.two_layer(x, y, seed=repeat, verbose=False, **settings)
                values.append(measure(fit, *draw(noise, 2000, generator)))
            yield row([noise, way], values)


def patience(repeats: int) -> Iterator[str]:
    """Calibrate the same fits by the rows that chose their epoch, and by as many others."""
    for held_out in (20, 50):
        own, other = [], []
        for repeat in range(repeats):
            generator = np.random.default_rng([repeat, held_out])
            x, y = draw("normal", 100, generator)
            valid = draw("normal", held_out, generator)
            fresh = draw("normal", held_out, generator)
            settings = {"hidden_units": 16, "weight_decay": 0.01, "learning_rate": 0.01}
            fit = pytwolayer.two_layer(
                x,
                y,
                validation=valid,
                patience=20,
                epochs=500,
                seed=repeat,
                verbose=False,
                **settings,
            )
            new = draw("normal", 2000, generator)
            own.append(measure(fit, *new))
            scores = np.abs(fresh[1] - fit.predict(fresh[0]))[:, None]
            object.__setattr__(fit, "calibration", Calibration.of(HELD_OUT, scores))
            other.append(measure(fit, *new))
        yield row([str(held_out), "the rows that chose the epoch"], own)
        yield row([str(held_out), "as many others"], other)


def datasets(repeats: int) -> Iterator[str]:
    """Measure fits of data sets of R."""
    with TemporaryDirectory() as folder:
        for name, (source, outcome, most) in SETS.items():
            file = Path(folder) / f"{name}.csv"
            code = f"write.csv({source}, '{file}', row.names = FALSE)"
            if subprocess.run(["Rscript", "-e", code], check=False).returncode:
                continue
            whole = pd.read_csv(file).dropna()
            for way, settings in WAYS.items():
                values = []
                for repeat in range(repeats):
                    table = whole.sample(min(most, len(whole)), random_state=repeat)
                    rows = len(table) * 2 // 3
                    train, test = table[:rows], table[rows:]
                    fit = pytwolayer.two_layer(
                        train, outcome=outcome, seed=repeat, verbose=False, **settings
                    )
                    values.append(measure(fit, test, test[outcome].to_numpy()))
                yield row([f"{name} ({rows:,} rows)", way], values)


def main() -> None:
    """Print a table."""
    warnings.simplefilter("ignore")
    repeats = int(sys.argv[2]) if sys.argv[2:] else 20
    for line in {"generated": generated, "patience": patience, "datasets": datasets}[sys.argv[1]](
        repeats
    ):
        print(line, flush=True)


if __name__ == "__main__":
    main()

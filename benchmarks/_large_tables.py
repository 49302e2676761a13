"""Generated tables for ``large_data.py``: arrays in memory, and folders of Parquet files."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FLOATS, LEVELS = 48, ("north", "south", "east", "west")
COLUMNS = FLOATS + 4  # with three of text and the outcome
OUTCOME = "y"


def arrays(rows: int, columns: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw predictors, row by row in memory, and an outcome."""
    draws = np.random.default_rng(1)
    x = draws.standard_normal((rows, columns))
    return x, np.tanh(x[:, 0] + x[:, 1] * x[:, 2]) + 0.3 * draws.standard_normal(rows)


def part(rows: int, number: int) -> pd.DataFrame:
    """Draw the table of a file: 48 columns of numbers, 3 of text, and the outcome."""
    draws = np.random.default_rng(number)
    numbers = draws.standard_normal((FLOATS, rows))
    table: dict[str, Any] = {f"x{place}": column for place, column in enumerate(numbers)}
    for place in range(3):
        table[f"t{place}"] = np.array(LEVELS, dtype=object)[draws.integers(0, 4, rows)]
    noise = 0.3 * draws.standard_normal(rows)
    table[OUTCOME] = np.tanh(numbers[0] + numbers[1] * (table["t0"] == "north")) + noise
    return pd.DataFrame(table)


def write_folder(folder: Path, rows: int, files: int) -> int:
    """Write Parquet files with so many rows together; return their size in bytes."""
    folder.mkdir(parents=True)
    for number in range(files):
        own = rows // files + (number < rows % files)
        file = folder / f"part-{number:03}.parquet"
        part(own, number).to_parquet(file, index=False, row_group_size=100_000)
    return sum(file.stat().st_size for file in folder.iterdir())

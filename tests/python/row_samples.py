"""Fits with little memory, or with much, whatever the machine has."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytwolayer import two_layer
from pytwolayer.models.two_layer import TwoLayer
from pytwolayer.preprocessing.row_source import BLOCK_ROWS, block_slices
from pytwolayer.training import row_store


def table(rows: int = 600, columns: int = 5, seed: int = 0) -> tuple[Any, Any]:
    """Draw predictors, and an outcome that depends on them."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(rows, columns))
    return x, x[:, 0] + np.sin(2 * x[:, 1]) + 0.1 * generator.normal(size=rows)


X, Y = table()


class Drawn:
    """A source of rows that are drawn block by block: columns of predictors, and the outcome."""

    def __init__(self, rows: int, columns: int) -> None:
        self.rows, self._columns = rows, columns

    def blocks(self, columns: Any, rows: Any = None) -> Any:
        """Yield the columns of each block; see ``RowSource``."""
        numbers = np.arange(self.rows) if rows is None else rows
        block = None
        for part in block_slices(len(numbers)):
            taken = []
            for own in np.unique(numbers[part] // BLOCK_ROWS):
                if block is None or block[0] != own:
                    block = own, table(BLOCK_ROWS, self._columns, int(own))
                places = numbers[part][numbers[part] // BLOCK_ROWS == own] % BLOCK_ROWS
                taken.append(np.column_stack([block[1][0], block[1][1]])[places])
            lines = np.ascontiguousarray(np.concatenate(taken)[:, list(columns)].T)
            yield list(lines)


def fit(**options: Any) -> Any:
    """Fit quickly to the same data."""
    given = {"x": X, "y": Y, "epochs": 3, "hidden_units": 8, "batch_size": 32, "seed": 1}
    return two_layer(**(given | {"weight_decay": 0.0, "verbose": False} | options))


def set_memory(monkeypatch: pytest.MonkeyPatch, usable: int | None) -> None:
    """Have fits find so many bytes of memory, and look at it however small they are."""
    monkeypatch.setattr(row_store, "usable_memory", lambda: usable)
    monkeypatch.setattr(row_store, "_SMALL", -1)


def same_bits(one: TwoLayer, other: TwoLayer) -> bool:
    """Tell whether two fits have the same weights and history."""
    pairs = zip(one.network.parameters(), other.network.parameters(), strict=True)
    return one.history.equals(other.history) and all(bool((a == b).all()) for a, b in pairs)


def row_files(folder: Path) -> list[Path]:
    """Return the files of rows in a folder; nothing else may be there."""
    files = sorted(folder.iterdir())
    assert all(each.name.startswith("rows-") for each in files), files
    return files

"""Blocks of rows make no difference to what is written."""

from typing import Any

import numpy as np
import pytest

from pytwolayer.preprocessing import row_source, standardize
from pytwolayer.preprocessing.column import Column
from pytwolayer.preprocessing.standardize import NumberCoding, write_standardized


def _plain(codings: list[NumberCoding], columns: list[Column]) -> Any:
    """Each column as a whole: all in doubles, cast at last."""
    made = []
    for coding, column in zip(codings, columns, strict=True):
        values = (column.values - coding.center) / (coding.scale or 1.0)
        if coding.limit is not None:
            values = np.clip(values, -coding.limit, coding.limit)
        made.append(np.zeros(len(values)) if coding.scale == 0 else values)
    with np.errstate(over="ignore"):
        return np.column_stack(made).astype(np.float32)


@pytest.mark.parametrize("rows", [0, 1, 6, 7, 8, 50])
@pytest.mark.parametrize("limit", [None, 1.1, 1e300])
def test_blocks_of_rows_have_the_bits_of_whole_columns(
    rows: int, limit: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_source, "BLOCK_ROWS", 7)
    monkeypatch.setattr(standardize, "_GROUP", 2)
    generator = np.random.default_rng(rows)
    columns = [Column(str(n), "number", generator.normal(size=rows) * 10**n) for n in range(5)]
    columns.append(Column("far", "number", np.full(rows, -1e300)))
    codings = [NumberCoding(0.1 * n, 3.0 * n, limit) for n in range(5)]
    codings.append(NumberCoding(0.0, 1.0, limit))
    wide = np.full((rows, 8), 7, dtype=np.float32)
    write_standardized(codings, columns, wide[:, 1:7])  # as beside columns of levels
    assert np.array_equal(wide[:, 1:7], _plain(codings, columns))
    assert (wide[:, [0, 7]] == 7).all()

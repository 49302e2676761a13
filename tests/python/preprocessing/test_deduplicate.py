"""Rows are put in order by the first columns that tell them apart, as by all of them."""

from typing import Any

import numpy as np
import pytest

from pytwolayer.preprocessing import deduplicate

DRAWS = np.random.default_rng(5)
TABLES = {
    "all different": DRAWS.normal(size=(300, 4)),
    "few values": DRAWS.integers(0, 3, size=(300, 4)).astype(float),
    "constant first": np.column_stack([np.ones(300), DRAWS.integers(0, 9, (300, 3))]),
    "all equal": np.ones((300, 4)),
    "the last tells": np.column_stack([np.ones((300, 3)), DRAWS.permutation(300)]),
    "zeros of both signs": np.where(DRAWS.normal(size=(300, 4)) > 0, 0.0, -0.0),
    "one row": np.ones((1, 4)),
}


@pytest.mark.parametrize("name", TABLES)
def test_the_order_is_that_of_all_columns_and_equal_rows_stay_in_theirs(name: str) -> None:
    matrix: Any = TABLES[name]
    order, is_first = deduplicate._sort_rows(list(matrix.T), len(matrix))
    expected = np.lexsort(matrix.T[::-1])
    rows = matrix[expected]
    assert order.tolist() == expected.tolist()
    assert is_first.tolist() == [True, *(rows[1:] != rows[:-1]).any(axis=1).tolist()]

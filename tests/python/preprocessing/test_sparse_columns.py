"""A sparse matrix gives the blocks that it gives when it is dense."""

import numpy as np
import pytest

from pytwolayer.preprocessing.row_source import ArrayRows
from pytwolayer.preprocessing.sparse_columns import SparseColumns

ROWS = 20_000


def sparse_of(dense):
    columns, rows = np.nonzero(dense.T)
    starts = np.searchsorted(columns, np.arange(dense.shape[1] + 1))
    return SparseColumns(dense.T[columns, rows], rows.astype(np.int32), starts, len(dense))


@pytest.fixture(scope="module")
def dense():
    draw = np.random.default_rng(1)
    numbers = draw.normal(size=(ROWS, 4)) * (draw.random((ROWS, 4)) < 0.1)
    numbers[:, 2] = 0
    numbers[7, 1] = np.nan
    return numbers


@pytest.mark.parametrize("rows", [None, slice(5, 7), slice(0, ROWS, 2), slice(0, 0)])
def test_blocks_are_those_of_the_dense_matrix(dense, rows):
    numbers = None if rows is None else np.arange(ROWS)[rows]
    blocks = [
        [[*map(np.array, block)] for block in source.blocks([3, 0, 1, 2], numbers)]
        for source in (sparse_of(dense), ArrayRows(dense))
    ]
    np.testing.assert_equal(*blocks)


def test_a_row_that_is_wanted_several_times_comes_so_often(dense):
    numbers = np.repeat(np.arange(0, ROWS, 100), 3)
    ((line,),) = sparse_of(dense).blocks([1], numbers)
    np.testing.assert_array_equal(line, dense[numbers, 1])

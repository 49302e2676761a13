"""Sparse matrices of SciPy as tables, which become dense one block of a column at a time."""

import sys
from typing import Any

import numpy as np

from pytwolayer.errors import DenseMatrixWarning, warn_user
from pytwolayer.preprocessing.row_source import SourceColumn, SourcedTable
from pytwolayer.preprocessing.sparse_columns import SparseColumns

# Of a dense matrix: worth telling where it is so large, in bytes, and so many times the sparse one.
_LARGE, _TIMES = 2**28, 4


def is_sparse(data: Any) -> bool:
    """Tell whether it is a sparse matrix or array of SciPy."""
    scipy = sys.modules.get("scipy.sparse")  # none was made where it was not imported
    return scipy is not None and bool(scipy.issparse(data))


def sparse_table(data: Any) -> SourcedTable:
    """Make a table of a sparse matrix."""
    matrix = data.tocsc() if data.ndim == 2 else data.reshape(-1, 1).tocsc()
    if not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()
    kind = SourceColumn("logical" if matrix.dtype == np.bool_ else "number")
    rows, columns = matrix.shape
    source = SparseColumns(matrix.data, matrix.indices, matrix.indptr, rows)
    return SourcedTable(None, (rows, columns), [kind] * columns, source, source.size)


def warn_if_dense_is_large(table: Any) -> None:
    """Warn if a table is of a sparse matrix, and the network's dense input is much larger.

    Warns
    -----
    DenseMatrixWarning
    """
    if not isinstance(table, SourcedTable) or table.sparse_size is None:
        return
    rows, columns = table.shape
    dense, size = 4 * rows * columns, table.sparse_size
    if dense > max(_LARGE, _TIMES * size):
        warn_user(
            f"The sparse matrix, of {size / 2**20:,.0f} MiB, becomes dense as the network's "
            f"input: {dense / 2**20:,.0f} MiB.",
            DenseMatrixWarning,
        )

"""The rows of a sparse matrix of SciPy, which become dense one block of a column at a time."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from pytwolayer.errors import DenseMatrixWarning, warn_user
from pytwolayer.preprocessing.row_source import (
    Doubles,
    RowNumbers,
    SourceColumn,
    SourcedTable,
    block_slices,
)

# Of a dense matrix: worth telling where it is so large, in bytes, and so many times the sparse one.
_LARGE, _TIMES = 2**28, 4


class SparseRows:
    """The rows of a sparse matrix, shape ``(rows, columns)``, in its format of rows (CSR)."""

    def __init__(self, matrix: Any) -> None:
        self._matrix = matrix

    @property
    def rows(self) -> int:
        """Number of rows."""
        rows: int = self._matrix.shape[0]
        return rows

    @property
    def size(self) -> int:
        """Memory that it takes, in bytes."""
        parts = self._matrix.data, self._matrix.indices, self._matrix.indptr
        return sum(part.nbytes for part in parts)

    def blocks(
        self, columns: Sequence[int], rows: RowNumbers | None = None
    ) -> Iterator[Iterable[Doubles]]:
        """Yield the values block by block; see ``RowSource``."""
        for part in block_slices(self.rows if rows is None else len(rows)):
            block = self._matrix[part if rows is None else rows[part]].tocsc()
            yield _lines(block, columns)


def _lines(block: Any, columns: Sequence[int]) -> Iterator[Doubles]:
    line = np.zeros(block.shape[0])
    values = block.data.astype(np.float64)
    for column in columns:
        own = slice(*block.indptr[column : column + 2])
        places = block.indices[own]
        line[places] = values[own]
        yield line
        line[places] = 0


def is_sparse(data: Any) -> bool:
    """Tell whether it is a sparse matrix or array of SciPy."""
    scipy = sys.modules.get("scipy.sparse")  # none was made where it was not imported
    return scipy is not None and bool(scipy.issparse(data))


def sparse_table(data: Any) -> SourcedTable:
    """Make a table of a sparse matrix."""
    matrix = data.tocsr() if data.ndim == 2 else data.reshape(-1, 1).tocsr()
    if not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()
    kind = SourceColumn("logical" if matrix.dtype == np.bool_ else "number")
    return SourcedTable(None, matrix.shape, [kind] * matrix.shape[1], SparseRows(matrix))


def warn_if_dense_is_large(table: Any) -> None:
    """Warn if a table is of a sparse matrix, and the network's dense input is much larger.

    Warns
    -----
    DenseMatrixWarning
    """
    if not isinstance(table, SourcedTable) or not isinstance(table.source, SparseRows):
        return
    rows, columns = table.shape
    dense, size = 4 * rows * columns, table.source.size
    if dense > max(_LARGE, _TIMES * size):
        warn_user(
            f"The sparse matrix, of {size / 2**20:,.0f} MiB, becomes dense as the network's "
            f"input: {dense / 2**20:,.0f} MiB.",
            DenseMatrixWarning,
        )

"""What a table in a source has, to compare with others."""

import numpy as np

from pytwolayer.preprocessing.table import read_table


def blocks_of(table, columns=None, rows=None):
    """Return copies of the blocks of a source."""
    columns = range(table.shape[1]) if columns is None else columns
    return [[np.array(line) for line in block] for block in table.source.blocks(columns, rows)]


def contents(data, **how):
    """Return what was read: names, kinds, levels, and the values as bytes."""
    table = read_table("x", data, **how)
    columns = [(c.label, c.kind, c.levels, c.values.tobytes()) for c in table.columns]
    return table.names, table.rows, columns

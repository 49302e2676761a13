"""Tables of other libraries as the frames of pandas that scikit-learn's checks expect."""

from typing import Any

import numpy as np
import pandas as pd

from pytwolayer.files.arrow_objects import arrow_reader, arrow_vector, is_arrow
from pytwolayer.files.open_table import open_table
from pytwolayer.preprocessing.column import CodedColumn
from pytwolayer.preprocessing.row_source import Doubles, SourceColumn, SourcedTable
from pytwolayer.preprocessing.table import as_pandas


def as_frame(argument: str, data: Any) -> Any:
    """Return a source of rows, an Arrow object or another library's frame as a frame of pandas.

    Of the first two numbers, logicals and time spans are doubles, in one array. Other data are
    returned unchanged.
    """
    if isinstance(data, SourcedTable):
        return frame_of(data)
    if not is_arrow(data):
        return as_pandas(data)
    table = open_table(argument, data)
    if isinstance(table, SourcedTable):
        return frame_of(table)
    (column,) = table.columns
    return as_pandas(data) if isinstance(column, CodedColumn) else pd.Series(column)


def frame_of(table: SourcedTable) -> pd.DataFrame:
    """Read a source of rows as a frame of pandas."""
    values = np.empty(table.shape)
    start = 0
    for block in table.source.blocks(range(table.shape[1])):
        rows = 0
        for place, line in enumerate(block):
            rows = len(line)
            values[start : start + rows, place] = line
        start += rows
    names = table.names
    if all(not column.levels for column in table.columns):
        return pd.DataFrame(values, columns=names, copy=False)
    columns = [_labels(c, values[:, n]) for n, c in enumerate(table.columns)]
    frame = pd.concat([pd.Series(column) for column in columns], axis=1)
    return frame.set_axis(names or range(len(columns)), axis=1)


def as_vector(argument: str, data: Any) -> Any:
    """Return an outcome of Arrow as a series or frame of pandas, of its own type."""
    if not is_arrow(data) or hasattr(data, "to_pandas"):
        return as_pandas(data)
    vector = arrow_vector(data)
    return (arrow_reader(argument, data).read_all() if vector is None else vector).to_pandas()


def _labels(column: SourceColumn, codes: Doubles) -> Any:
    """Return a column of levels with its labels."""
    if column.kind not in ("factor", "text"):
        return codes
    places = np.where(np.isnan(codes), -1, codes).astype(np.intp)
    labels = column.labels or column.levels
    if column.kind == "factor":
        return pd.Categorical.from_codes(places, pd.Index(labels))
    return np.array([*labels, None], dtype=object)[places]

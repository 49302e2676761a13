"""Objects of pyarrow, and of others that give an Arrow stream, as tables or vectors of pyarrow.

pyarrow is imported where it is needed: it is optional.
"""

import sys
from typing import Any

import pandas as pd

from pytwolayer.checks import describe
from pytwolayer.errors import ArgumentError, PytwolayerError

_STREAM, _ARRAY = "__arrow_c_stream__", "__arrow_c_array__"
_NEEDED, _OLDEST = "Parquet files and Arrow objects need pyarrow", 16


def require_pyarrow() -> None:
    """Raise if pyarrow is not there, or too old."""
    remedy = 'pip install "pytwolayer[parquet]"'
    try:
        import pyarrow as pa
    except ImportError as problem:
        received = "which is not installed"
        raise PytwolayerError(f"{_NEEDED}, {received}: {remedy}") from problem
    if int(pa.__version__.split(".")[0]) < _OLDEST:
        raise PytwolayerError(f"{_NEEDED} {_OLDEST} or newer, not {pa.__version__}: {remedy}")


def is_arrow(data: Any) -> bool:
    """Tell whether data come as Arrow: objects of pyarrow and polars, and streams."""
    if isinstance(data, (pd.DataFrame, pd.Series, pd.Index)):
        return False  # they give streams too
    return hasattr(data, _STREAM) or hasattr(data, _ARRAY) or is_dataset(data) or _is_lazy(data)


def is_dataset(data: Any) -> bool:
    """Tell whether it is a dataset of pyarrow."""
    datasets = sys.modules.get("pyarrow.dataset")
    return datasets is not None and isinstance(data, datasets.Dataset)


def is_stream(data: Any) -> bool:
    """Tell whether it can be read only once: it is a stream, and no table."""
    return hasattr(data, _STREAM) and not hasattr(data, "__len__")


def _is_lazy(data: Any) -> bool:
    return type(data).__module__.startswith("polars.") and type(data).__name__ == "LazyFrame"


def arrow_vector(data: Any) -> Any | None:
    """Return a vector as a chunked array; None for what is no vector."""
    import pyarrow as pa

    if isinstance(data, (pa.Array, pa.ChunkedArray)):
        return data if isinstance(data, pa.ChunkedArray) else pa.chunked_array([data])
    if type(data).__module__.startswith("polars.") and type(data).__name__ == "Series":
        return pa.chunked_array(data)
    return None


def arrow_reader(argument: str, data: Any) -> Any:
    """Return a reader of the batches of a table.

    Raises
    ------
    ArgumentError
        If it is no table.
    """
    import pyarrow as pa

    if _is_lazy(data):
        received = "a polars LazyFrame; `.collect()` makes a table of it"
        raise ArgumentError(argument, "a table", received)
    if isinstance(data, pa.RecordBatchReader):
        return data
    if isinstance(data, pa.RecordBatch):
        return pa.Table.from_batches([data]).to_reader()
    if isinstance(data, pa.Table):
        return data.to_reader()
    try:
        if not hasattr(data, _STREAM):
            return pa.Table.from_batches([pa.record_batch(data)]).to_reader()
        return pa.RecordBatchReader.from_stream(data)
    except (TypeError, ValueError, NotImplementedError) as problem:  # pyarrow's are among these
        raise ArgumentError(argument, "a table", describe(data)) from problem

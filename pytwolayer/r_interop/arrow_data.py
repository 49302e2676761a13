"""Arrow objects of R: streams by the Arrow C stream interface, and datasets by their files."""

from collections.abc import Iterator, Sequence
from typing import Any

from pytwolayer.checks import quote_some
from pytwolayer.errors import ArgumentError
from pytwolayer.files.arrow_objects import require_pyarrow


def import_stream(argument: str, address: str, *, whole: bool) -> Any:
    """Make a reader of the stream at an address, which it takes over.

    ``whole`` says that all of its rows are in memory: it is a table of them then.

    Raises
    ------
    ArgumentError
        If it is of no table; while it is read, if that fails.
    PytwolayerError
        If pyarrow is not there.
    """
    require_pyarrow()
    import pyarrow as pa

    try:
        reader = pa.RecordBatchReader._import_from_c(int(address))
    except (pa.ArrowException, TypeError) as problem:
        raise ArgumentError(argument, "a table", "an Arrow array that is none") from problem
    if whole:  # in memory, where it stays
        return reader.read_all()
    return pa.RecordBatchReader.from_batches(reader.schema, _batches(argument, reader))


def _batches(argument: str, reader: Any) -> Iterator[Any]:
    import pyarrow as pa

    try:
        yield from reader
    except (pa.ArrowException, OSError) as problem:
        received = f"one that fails: {problem}"
        raise ArgumentError(argument, "a stream that can be read", received) from problem


def open_dataset(
    argument: str, files: Sequence[str], names: Sequence[str], text: Sequence[str]
) -> Any:
    """Make a dataset of Parquet files and of what folders' names such as ``year=2024`` say.

    Parameters
    ----------
    argument : str
        Its name in error messages.
    files : list of str
    names : list of str
        Its columns.
    text : list of str
        Those of them that are text.

    Raises
    ------
    ArgumentError
        If neither files nor folders have a column.
    """
    require_pyarrow()
    import pyarrow as pa
    import pyarrow.dataset as ds

    dataset: Any = ds.dataset(
        [*files], format="parquet", partitioning=ds.HivePartitioning.discover()
    )
    schema = dataset.schema
    absent = [name for name in names if name not in schema.names]
    if absent:
        expected = "a dataset whose columns are in its files or in folders named `key=value`"
        raise ArgumentError(argument, expected, f"one with {quote_some(absent)} elsewhere")
    fields = [pa.field(name, pa.string()) if name in text else schema.field(name) for name in names]
    return dataset.replace_schema(pa.schema(fields))

"""Arrow objects of R: streams by the Arrow C stream interface, and datasets by their files."""

from collections.abc import Iterator, Sequence
from typing import Any

from pytwolayer.checks import quote_some
from pytwolayer.errors import ArgumentError
from pytwolayer.files.arrow_columns import arrow_kind
from pytwolayer.files.arrow_objects import require_pyarrow

_TEXT = ("text", "factor", "missing")


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
        raise ArgumentError(argument, "a table", "an invalid Arrow array") from problem
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
        If neither files nor folders have a column, or it is text only in the dataset.
    """
    require_pyarrow()
    import pyarrow as pa
    import pyarrow.dataset as ds

    def opened(partitioning: Any) -> Any:
        return ds.dataset([*files], format="parquet", partitioning=partitioning)

    dataset = opened(ds.HivePartitioning.discover())
    fields = {field.name: field for field in dataset.schema}
    if absent := [name for name in names if name not in fields]:
        expected = "a dataset whose columns are in its files or in folders named `key=value`"
        raise ArgumentError(argument, expected, f"one with {quote_some(absent)} elsewhere")
    first = next(dataset.get_fragments())
    keys = ds.get_partition_keys(first.partition_expression)
    own = [name for name in text if name not in keys]
    if changed := [name for name in own if arrow_kind(fields[name].type) not in _TEXT]:
        expected = "a dataset whose columns are of the types that they have in its files"
        received = f"one with numbers as text: {quote_some(changed)}"
        raise ArgumentError(argument, expected, received)
    if keys:
        types = [(key, pa.string() if key in text else fields[key].type) for key in keys]
        dataset = opened(ds.partitioning(pa.schema(types), flavor="hive"))
    return dataset.replace_schema(pa.schema([dataset.schema.field(name) for name in names]))

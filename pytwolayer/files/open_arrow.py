"""Opening Arrow objects: tables, streams and datasets."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pytwolayer.files.arrow_batches import MemoryBatches
from pytwolayer.files.arrow_columns import ArrowKind, numbers, readable_values
from pytwolayer.files.arrow_levels import LevelCoder
from pytwolayer.files.arrow_objects import arrow_reader, is_dataset
from pytwolayer.files.open_parquet import open_parquet
from pytwolayer.files.parquet_batches import index_columns
from pytwolayer.files.parquet_folder import FoundFile
from pytwolayer.files.row_spool import LARGEST_IN_MEMORY, RowSpool
from pytwolayer.files.wanted_columns import Wanted, level_column, make_table
from pytwolayer.preprocessing.row_source import Doubles, SourceColumn, SourcedTable


def open_arrow(wanted: Wanted, data: Any) -> SourcedTable:
    """Open an Arrow object.

    A table that is in memory stays where it is. A stream, which can be read only once, is read
    into memory, or if it is large into a temporary file.
    """
    import pyarrow as pa

    if is_dataset(data):
        return _open_dataset(wanted, data)
    if isinstance(data, pa.Table):
        return _open_table(wanted, data)
    reader = arrow_reader(wanted.argument, data)
    in_memory = hasattr(data, "__len__") or isinstance(data, pa.RecordBatch)
    if in_memory:
        return _open_table(wanted, reader.read_all())
    return _read_once(wanted, reader.schema, iter(reader))


def _open_table(wanted: Wanted, table: Any) -> SourcedTable:
    names, kinds = _columns(wanted, table.schema)
    places = [table.schema.names.index(name) for name in names]
    return make_table(wanted, names, MemoryBatches(table.select(places)), kinds, {})


def _columns(wanted: Wanted, schema: Any) -> tuple[list[str], dict[str, ArrowKind]]:
    index = index_columns(schema)
    names = wanted.choose([name for name in schema.names if name not in index])
    types = [schema.field(schema.names.index(name)).type for name in names]
    return names, {n: wanted.kind(n, t) for n, t in zip(names, types, strict=True)}


def _read_once(wanted: Wanted, schema: Any, batches: Iterator[Any]) -> SourcedTable:
    """Read a stream into memory, or if it is large, as doubles, into a temporary file."""
    import pyarrow as pa

    kept, size = [], 0
    for batch in batches:
        kept.append(batch)
        size += batch.nbytes
        if size > LARGEST_IN_MEMORY:
            return _spool(wanted, schema, kept, batches)
    return _open_table(wanted, pa.Table.from_batches(kept, schema=schema))


def _spool(wanted: Wanted, schema: Any, kept: list[Any], more: Iterator[Any]) -> SourcedTable:
    names, kinds = _columns(wanted, schema)
    places = [schema.names.index(name) for name in names]
    coders = {n: LevelCoder(k) for n, k in kinds.items() if k in ("factor", "text")}
    spool = RowSpool()

    def add(batch: Any) -> None:
        arrays = {n: batch.column(place) for n, place in zip(names, places, strict=True)}
        spool.add([_doubles(wanted, n, array, coders) for n, array in arrays.items()])

    while kept:
        add(kept.pop(0))
    for batch in more:
        add(batch)
    known: dict[str, SourceColumn] = {}
    for name, coder in coders.items():
        labels, recoding = coder.sorted()
        spool.recodings[names.index(name)] = recoding
        known[name] = level_column(kinds[name], labels)
    return make_table(wanted, names, spool, kinds, known)


def _doubles(wanted: Wanted, name: str, array: Any, coders: Mapping[str, LevelCoder]) -> Doubles:
    if name in wanted.problems:
        return np.full(len(array), np.nan)
    with readable_values(wanted.argument, name):
        return coders[name].read(array) if name in coders else numbers(array)


def _open_dataset(wanted: Wanted, dataset: Any) -> SourcedTable:
    """Open a dataset: its Parquet files in sorted order, or else its rows."""
    import pyarrow.dataset as ds
    from pyarrow.fs import LocalFileSystem

    own = not getattr(dataset, "_scan_options", None)  # a filter
    if isinstance(dataset, ds.FileSystemDataset) and own:
        fragments = sorted(dataset.get_fragments(), key=lambda fragment: fragment.path)
        local = isinstance(dataset.filesystem, LocalFileSystem)
        if local and fragments and isinstance(dataset.format, ds.ParquetFileFormat):
            return _open_fragments(wanted, dataset, fragments)
        tables = (fragment.to_table(schema=dataset.schema) for fragment in fragments)
        batches = (batch for table in tables for batch in table.to_batches())
        return _read_once(wanted, dataset.schema, batches)
    return _open_table(wanted, dataset.to_table())  # in order, as Dataset.to_batches() is not


def _open_fragments(wanted: Wanted, dataset: Any, fragments: list[Any]) -> SourcedTable:
    import pyarrow.dataset as ds

    there = {*dataset.schema.names}
    files, text = [], set()
    for fragment in fragments:
        keys = ds.get_partition_keys(fragment.partition_expression)
        given = {name: keys[name] for name in dataset.schema.names if name in keys}
        text |= {name for name, value in given.items() if isinstance(value, str)}
        texts = {name: None if value is None else str(value) for name, value in given.items()}
        files.append(FoundFile(Path(fragment.path), texts))
    columns = there if wanted.columns is None else there.intersection(wanted.columns)
    chosen = Wanted(wanted.argument, columns, wanted.outcome, wanted.problems)
    return open_parquet(chosen, files, text, order=dataset.schema.names)

"""Opening Parquet files: one, those of a folder, or those of a dataset of pyarrow."""

from collections.abc import Collection, Sequence
from pathlib import Path

from pytwolayer.checks import quote_some
from pytwolayer.errors import ArgumentError
from pytwolayer.files.arrow_columns import ArrowKind
from pytwolayer.files.parquet_batches import ParquetBatches, ParquetFile
from pytwolayer.files.parquet_folder import FoundFile, partition_codes, partition_numbers
from pytwolayer.files.same_files import have_same_files
from pytwolayer.files.wanted_columns import Wanted, make_table
from pytwolayer.preprocessing.column import in_column
from pytwolayer.preprocessing.row_source import SourceColumn, SourcedTable

_WORDS = {"number": "numbers", "logical": "logicals", "factor": "a factor", "span": "time spans"}


def open_parquet(
    wanted: Wanted,
    found: Sequence[FoundFile],
    text: Collection[str] = (),
    order: Sequence[str] | None = None,
) -> SourcedTable:
    """Open Parquet files, one after the other as one table.

    Parameters
    ----------
    wanted : Wanted
    found : sequence of FoundFile
    text : collection of str
        Columns that folders' names give and that are text also if all are numbers.
    order : sequence of str, optional
        The columns in their order; by default that of the first file, those of folders' names last.

    Raises
    ------
    ArgumentError
        If one cannot be read, or they differ in their columns.
    """
    files = [ParquetFile.open(wanted.argument, one.path) for one in found]
    partition = list(found[0].partition)
    for file in files[1:]:
        _refuse_other_columns(wanted, files[0], file, partition)
    names = wanted.choose([*(n for n in files[0].names if n not in partition), *partition])
    if order is not None:
        names.sort(key=[*order].index)
    kinds = {n: _common_kind(wanted, n, files) for n in names if n not in partition}
    known: dict[str, SourceColumn] = {}
    values: list[dict[str, float]] = [{} for _ in found]
    for name in partition:
        values_of_files = [one.partition[name] for one in found]
        known[name], codes = _partition_column(values_of_files, is_text=name in text)
        for there, value in zip(values, codes, strict=True):
            there[name] = value
    texts = {name for name, kind in kinds.items() if kind == "text"}
    batches = ParquetBatches(wanted.argument, files, values, names, texts)
    division = wanted.division
    if division is not None:
        facts = names, kinds, values, known
        if not have_same_files(wanted.argument, files, facts, division):
            division = None  # what each then reads by itself is compared
    return make_table(wanted, names, batches, kinds, known, division)


def _partition_column(
    texts: Sequence[str | None], *, is_text: bool
) -> tuple[SourceColumn, list[float]]:
    """Make a column of what the folders' names say for each file."""
    numbers = None if is_text else partition_numbers(texts)
    if numbers is not None:
        return SourceColumn("number"), numbers
    levels, codes = partition_codes(texts)
    return SourceColumn("text", levels), codes


def _refuse_other_columns(
    wanted: Wanted, first: ParquetFile, file: ParquetFile, left_out: Sequence[str]
) -> None:
    """Raise if a file has other columns than the first."""
    absent = wanted.choose([n for n in first.types if n not in (*file.types, *left_out)])
    more = wanted.choose([n for n in file.types if n not in (*first.types, *left_out)])
    if not absent and not more:
        return
    if absent:
        received = f'"{file.path}" without column {quote_some(absent)}'
    else:
        received = f'"{first.path}" without column {quote_some(more)}'
    received += f', which "{first.path if absent else file.path}" has'
    raise ArgumentError(wanted.argument, "files with the same columns", received)


def _common_kind(wanted: Wanted, name: str, files: Sequence[ParquetFile]) -> ArrowKind:
    """Return the kind that a column has in all files; one without values may have any."""
    common: ArrowKind = "missing"
    known: Path | None = None
    for file in files:
        where = f' of "{file.path}"' if len(files) > 1 else ""
        kind = wanted.kind(name, file.types[name], where)
        if kind in ("missing", common) or not file.rows:
            continue
        if known is None:
            common, known = kind, file.path
        elif {kind, common} == {"factor", "text"}:
            common = "text"
        else:
            now, before = (_WORDS.get(one, one) for one in (kind, common))
            received = f'{now}{in_column(name)} of "{file.path}" but {before} in "{known}"'
            expected = "files whose columns have the same types"
            raise ArgumentError(wanted.argument, expected, received)
    return common

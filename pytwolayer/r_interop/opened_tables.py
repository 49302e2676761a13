"""Tables that Python reads for R: R has names, kinds and number of rows, and the key of each."""

from collections.abc import Sequence
from itertools import count
from typing import Any, NotRequired, TypedDict, TypeGuard

from pytwolayer.errors import ArgumentError
from pytwolayer.files.open_table import open_table
from pytwolayer.preprocessing.row_source import Doubles, SourcedTable
from pytwolayer.preprocessing.table import column_names, columns_at, read_vector, select_columns
from pytwolayer.r_interop.arrow_data import import_stream, open_dataset

_opened: dict[int, SourcedTable] = {}
_keys = count(1)
_KINDS = {"key", "path", "stream", "files"}


class OpenedTable(TypedDict):
    """What R gets of a table that was opened."""

    key: float
    names: list[str]
    kinds: list[str]
    levels: list[list[str]]
    rows: float


class SentSource(TypedDict):
    """What R sends of an opened table: which columns are predictors, outcome and weights.

    For validation there is the key alone. A table that is not opened, as for prediction, where
    columns are read as what they were in training, has a ``path``; or ``stream`` and ``whole``,
    see ``import_stream()``; or ``files``, ``names`` and ``text``, see ``open_dataset()``.
    """

    key: NotRequired[float]
    path: NotRequired[str]
    stream: NotRequired[str]
    whole: NotRequired[bool]
    files: NotRequired[Sequence[str]]
    names: NotRequired[Sequence[str]]
    text: NotRequired[Sequence[str]]
    columns: NotRequired[Sequence[str]]
    outcome: NotRequired[Sequence[str]]
    vector: NotRequired[bool]
    weights: NotRequired[str | None]


def open_source(argument: str, source: SentSource) -> OpenedTable:
    """Open a table, for ``source_table()`` until ``close_source()``."""
    table = open_table(argument, given_source(argument, source))
    if not isinstance(table, SourcedTable) or table.names is None:
        raise ArgumentError(argument, "a table", "a vector")
    key = next(_keys)
    _opened[key] = table
    return {
        "key": float(key),
        "names": table.names,
        "kinds": [column.kind for column in table.columns],
        "levels": [[*c.levels] if c.kind == "factor" else [] for c in table.columns],
        "rows": float(table.shape[0]),
    }


def given_source(argument: str, sent: SentSource) -> Any:
    """Give a table that is not opened as the core takes it."""
    if "stream" in sent:
        return import_stream(argument, sent["stream"], whole=sent["whole"])
    if "files" in sent:
        return open_dataset(argument, sent["files"], sent["names"], sent["text"])
    return sent["path"]


def close_source(key: float) -> None:
    """Let a table go."""
    _opened.pop(int(key), None)


def number_open() -> int:
    """Count the tables that are open."""
    return len(_opened)


def source_table(sent: SentSource) -> Any:
    """Give an opened table, with the columns that R named, in that order."""
    table = _opened[int(sent["key"])]
    if "columns" not in sent:
        return table
    weights = _own_weights(sent)
    place = {name: number for number, name in enumerate(column_names("x", table))}
    wanted = *sent["columns"], *sent["outcome"], *weights
    return columns_at(table, [place[name] for name in wanted])


def source_weights(sent: SentSource) -> str | Doubles | None:
    """Give the column of weights: its name, or its values if it is a predictor too; or None."""
    name, table = sent.get("weights"), _opened[int(sent["key"])]
    if name is None or _own_weights(sent):
        return name
    return read_vector("sample_weight", select_columns(table, [name]), len(table)).values


def _own_weights(sent: SentSource) -> list[str]:
    """Name the column of weights if it is no predictor."""
    name = sent.get("weights")
    return [] if name is None or name in sent["columns"] else [name]


def is_source(sent: Any) -> TypeGuard[SentSource]:
    """Whether R sent an opened table, and not one of its own."""
    return isinstance(sent, dict) and not _KINDS.isdisjoint(sent)

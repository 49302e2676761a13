"""The rows of a fit as the network takes them."""

from collections.abc import Mapping

import numpy as np

from pytwolayer.checks import quote_some
from pytwolayer.errors import ArgumentError
from pytwolayer.network.batches import EncodedRows
from pytwolayer.network.sharded_batches import rows_of_shards
from pytwolayer.preprocessing.calibration import spaced_rows
from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.preprocessing.outcome import Outcome
from pytwolayer.preprocessing.row_source import Doubles, Mask
from pytwolayer.preprocessing.table import Table
from pytwolayer.preprocessing.training_data import TrainingData
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.row_store import CODES, FLOATS, Matrices, RowStore, StoredRows, digest
from pytwolayer.training.settings import Settings

_LEFT_OUT = "Their rows are left out."


def row_bytes(data: TrainingData, inputs: Encoder, outcome: Outcome) -> int:
    """Return the size of an encoded row."""
    return 4 * (sum(inputs.widths) + outcome.width + (data.weights is not None))


def _matrices(data: TrainingData, inputs: Encoder, outcome: Outcome) -> Matrices:
    """Return what is kept of the rows: of ``y``, output after output."""
    (width, coded), rows = inputs.widths, data.rows
    numbers: Matrices = {"x": ((rows, width), FLOATS), "y": ((outcome.width, rows), FLOATS)}
    if data.weights is not None:
        numbers["weights"] = (rows, 1), FLOATS
    return numbers | ({"codes": ((rows, coded), CODES)} if coded else {})


def encode_rows(
    argument: str,
    data: TrainingData,
    inputs: Encoder,
    outcome: Outcome,
    settings: Settings,
    store: RowStore | None = None,
    sums: Mapping[str, int] | None = None,
    shards: range | None = None,
    spaced: bool = False,
) -> EncodedRows:
    """Encode rows, on the CPU; those with levels that training did not see are left out.

    Parameters
    ----------
    argument : str
        What the rows came in, for error messages.
    data, inputs, outcome, settings
    store : RowStore, optional
        Where they are to be; None: in memory.
    sums : mapping, optional
        The checksums of the fit's data, by which rows that are kept on disk are found again.
    shards : range, optional
        The only shards whose rows are encoded; None: all.
    spaced : bool
        Whether only some evenly spaced rows are encoded, see ``spaced_rows()``.
    """
    predictors = inputs.recode("x", data.predictors, _LEFT_OUT)
    outcome.warn_unseen_classes(data.outcomes, _LEFT_OUT)
    on_disk = store is not None and store.on_disk
    seen = _seen_by_block(outcome, data.outcomes) if on_disk else _seen(outcome, data.outcomes)
    known = np.logical_and(predictors.complete(), seen)
    if not known.all():
        if not known.any():
            received = f"rows with others in {_unseen(predictors, outcome, data.outcomes)}"
            raise ArgumentError(argument, "rows with levels that training sees", received)
        data, predictors = data.take(known), predictors.take(known)
    weights = _row_weights(data.weights, data.mean_weight, settings)
    place = 0, data.rows
    if shards is not None or spaced:
        own = spaced_rows(data.rows) if shards is None else _rows_of(data, settings, shards)
        place = (0, len(own)) if isinstance(own, np.ndarray) else (own.start, data.rows)
        weights = None if weights is None else weights[own]
        data, predictors = data.take(own), predictors.take(own)
    if store is None or not on_disk:
        encoded = inputs.encode("x", predictors)
        target = outcome.target(data.outcomes)
        return EncodedRows(encoded.x, target, weights, encoded.codes, *place)

    def key() -> str:
        facts = sorted((sums or {}).items()), settings.reduction, data.mean_weight
        where = () if shards is None else place
        return digest(argument, facts, inputs, outcome, data.row_numbers, data.weights, *where)

    with store.file(argument, _matrices(data, inputs, outcome), key, place) as stored:
        if stored.is_new:
            _write(stored, data, predictors, inputs, outcome, weights)
    return stored.encoded()._replace(first=place[0], total=place[1])


def _rows_of(data: TrainingData, settings: Settings, shards: range) -> slice:
    own = rows_of_shards(data.rows, settings.shards, shards)
    return slice(own.start, own.stop)


def _write(
    stored: StoredRows,
    data: TrainingData,
    predictors: Table,
    inputs: Encoder,
    outcome: Outcome,
    weights: torch.Tensor | None,
) -> None:
    inputs.encode("x", predictors, stored.inputs, stored.written)
    start, y = 0, stored.matrices["y"]
    for block in data.outcomes.parts():
        y[:, start : start + block.rows] = outcome.target(block).numpy().T
        start += block.rows
    if weights is not None:
        stored.matrices["weights"][:] = weights.numpy()


def _unseen(predictors: Table, outcome: Outcome, outcomes: Table) -> str:
    """Name the columns with levels that training does not see."""
    lost = [column.label for column in predictors.columns if np.isnan(column.values).any()]
    if not _seen(outcome, outcomes).all():
        lost += [column.label for column in outcomes.columns]
    names = [label for label in lost if label is not None]
    named = [f"column{'s' if len(names) > 1 else ''} {quote_some(names)}"] if names else []
    return " and ".join(named + ["the outcome"] * (len(lost) > len(names)))


def _seen(outcome: Outcome, table: Table) -> Mask:
    """Tell which rows are of a class that training sees."""
    return np.logical_not(np.isnan(outcome.observed(table)).any(axis=1))


def _seen_by_block(outcome: Outcome, table: Table) -> Mask:
    return np.concatenate([_seen(outcome, block) for block in table.parts()])


def _row_weights(weights: Doubles | None, scale: float, settings: Settings) -> torch.Tensor | None:
    """Give the weights' column: of mean 1 with a mean loss, and else as multiples of rows."""
    if weights is None:
        return None
    weights = weights / (scale if settings.reduction == "sum" else weights.mean())
    return torch.from_numpy(weights.astype(np.float32)[:, None])

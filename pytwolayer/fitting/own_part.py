"""What one of several processes does of preparing a fit, and what it needs of the others' rows."""

import warnings
from dataclasses import dataclass

from pytwolayer.errors import PytwolayerWarning
from pytwolayer.network.batches import EncodedRows
from pytwolayer.network.sharded_batches import rows_of_shards
from pytwolayer.preprocessing.calibration import spaced_rows
from pytwolayer.preprocessing.division import Division
from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.preprocessing.outcome import Outcome
from pytwolayer.preprocessing.training_data import TrainingData
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.dataset import encode_rows
from pytwolayer.training.row_store import Part
from pytwolayer.training.settings import Settings


@dataclass(frozen=True)
class OwnPart:
    """The part of one process.

    Attributes
    ----------
    shards : range
        Those whose rows it encodes.
    division : Division or None
        How the processes, each of which prepares the fit, divide passes over the rows; None: this
        one makes them alone, for others on its machine too.
    processes : int
        How many of its machine have encoded rows of their own.
    """

    shards: range
    division: Division | None = None
    processes: int = 1

    def size(self, rows: int, held_out: int, shards: int) -> Part:
        """Return how many of so many rows, and of so many that are held out, are encoded here."""
        own = (rows_of_shards(number, shards, self.shards) for number in (rows, held_out))
        return Part(sum(map(len, own)), self.processes)


def spaced_of_all(
    part: OwnPart,
    rows: EncodedRows,
    argument: str,
    data: TrainingData,
    inputs: Encoder,
    outcome: Outcome,
    settings: Settings,
) -> EncodedRows:
    """Return the rows that stand for all, of which this process has encoded a part."""
    if part.division is None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PytwolayerWarning)  # which was given of all rows
            return encode_rows(argument, data, inputs, outcome, settings, spaced=True)
    numbers = spaced_rows(rows.number) - rows.first
    own = torch.from_numpy(numbers[(numbers >= 0) & (numbers < len(rows.x))])
    parts = part.division.gather([None if each is None else each[own] for each in rows.parts])
    x, y, weights, codes = (
        None if one[0] is None else torch.cat(one) for one in zip(*parts, strict=True)
    )
    assert x is not None
    assert y is not None
    return EncodedRows(x, y, weights, codes)

"""Networks whose first layer is known column by column, in double precision."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from pytwolayer.explain.links import decoded, link_of, through_link
from pytwolayer.explain.slopes import slopes
from pytwolayer.network.activations import ACTIVATIONS
from pytwolayer.preprocessing.block_writer import LevelCoding, is_levels
from pytwolayer.preprocessing.column import Column
from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.preprocessing.outcome import Outcome
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.preprocessing.standardize import write_standardized
from pytwolayer.preprocessing.table import Table
from pytwolayer.runtime.torch_loading import torch


@dataclass(frozen=True)
class Explained:
    """What is explained of a fit: how it reads its inputs, its weights, what its output means."""

    inputs: Encoder
    outcome: Outcome
    network: torch.nn.Sequential
    activation: str
    loss: Any


class Rows(NamedTuple):
    """Rows of a table, without missing values, as a network has them.

    Attributes
    ----------
    table : Table
    hidden : array
        The hidden layer before its activation, shape ``(rows, hidden units)``.
    """

    table: Table
    hidden: Doubles


class Net:
    """A network whose hidden layer is a sum over the columns."""

    def __init__(self, explained: Explained) -> None:
        first = cast("torch.nn.Linear", explained.network[0])
        last = cast("torch.nn.Linear", explained.network[-1])
        self.outcome, self._encoder = explained.outcome, explained.inputs
        self._link = link_of(explained.outcome, explained.loss)
        self._activation = ACTIVATIONS[explained.activation]
        self._first, self._first_bias = _array(first.weight), _array(first.bias)
        self._last, self._last_bias = _array(last.weight), _array(last.bias)
        self.codings = explained.inputs.codings
        ends = [0, *itertools.accumulate(coding.width for coding in self.codings)]
        self._places = [slice(*pair) for pair in itertools.pairwise(ends)]
        self.numbers = [place for place, each in enumerate(self.codings) if not is_levels(each)]

    def read(self, table: Table) -> Rows:
        """Compute the hidden layer of a complete table from ``Encoder.recode()``."""
        hidden = np.tile(self._first_bias, (table.rows, 1))
        if self.numbers:
            codings = [self.codings[place] for place in self.numbers]
            columns = [table.columns[place] for place in self.numbers]
            encoded = np.empty((table.rows, sum(c.width for c in codings)), dtype=np.float32)
            write_standardized(cast("Any", codings), columns, encoded)
            if not np.isfinite(encoded).all():
                self._encoder.encode("x", table)  # raises, and names the column
            hidden += encoded.astype(np.float64) @ self._first[:, self._inputs(self.numbers)].T
        for place, coding in enumerate(self.codings):
            if isinstance(coding, LevelCoding):
                hidden += self.contribution(place, table.columns[place].values)
        return Rows(table, hidden)

    def contribution(self, place: int, values: Doubles) -> Doubles:
        """Return what a column of these values, or codes of levels, adds to the hidden layer."""
        coding, weights = self.codings[place], self._first[:, self._places[place]]
        if isinstance(coding, LevelCoding):
            return weights.T[values.astype(np.intp)]
        encoded = np.empty((len(values), coding.width), dtype=np.float32)
        write_standardized([coding], [Column(None, "number", values)], encoded)
        added: Doubles = encoded.astype(np.float64) @ weights.T
        return added

    def changed(self, rows: Rows, place: int, values: Doubles) -> Doubles:
        """Return the hidden layer with other values in a column: one for all rows, or one each."""
        own = self.contribution(place, rows.table.columns[place].values)
        return rows.hidden - own + self.contribution(place, values)

    def output(self, hidden: Doubles) -> Doubles:
        """Return the network's output, shape ``(rows, outputs)``."""
        active = np.empty_like(hidden)
        self._activation.forward(torch.from_numpy(hidden), torch.from_numpy(active))
        return active @ self._last.T + self._last_bias

    def values(self, hidden: Doubles) -> Doubles:
        """Return the predictions on the outcome's own scale, shape ``(rows, outputs)``."""
        return self.decoded(self.output(hidden))

    def decoded(self, output: Doubles) -> Doubles:
        """Turn the network's output into predictions."""
        return decoded(self.outcome, torch.from_numpy(output))

    def derivatives(self, rows: Rows, places: Sequence[int]) -> Doubles:
        """Return the outcome's derivatives with respect to columns of numbers.

        Returns
        -------
        numpy.ndarray
            Shape ``(rows, outputs, columns)``.
        """
        weights = self._first[:, self._inputs(places)]
        encoding = [
            slopes(cast("Any", self.codings[place]), rows.table.columns[place].values)
            for place in places
        ]
        starts = [0, *itertools.accumulate(part.shape[1] for part in encoding)][:-1]
        inner, active = np.concatenate(encoding, axis=1), self._slopes(rows.hidden)
        found = np.empty((len(inner), len(self._last), len(places)))
        for output, outer in enumerate(self._last):
            by_input = ((active * outer) @ weights) * inner
            found[:, output] = np.add.reduceat(by_input, starts, axis=1)
        return through_link(self._link, self.outcome, self.output(rows.hidden), found)

    def _slopes(self, hidden: Doubles) -> Doubles:
        """Return the activation's derivative."""
        z = torch.from_numpy(hidden)
        active, found = torch.empty_like(z), torch.ones_like(z)
        self._activation.forward(z, active)
        self._activation.backward(found, z, active)
        return found.numpy()

    def _inputs(self, places: Sequence[int]) -> NDArray[np.intp]:
        ranges = [np.arange(self._places[p].start, self._places[p].stop) for p in places]
        return np.concatenate(ranges) if ranges else np.empty(0, dtype=np.intp)


def _array(parameter: torch.Tensor) -> Doubles:
    return parameter.detach().double().numpy()

"""Predictions of the same rows again and again, with other values in one column."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwolayer.errors import UnseenLevelWarning
from pytwolayer.explain.links import explained_names
from pytwolayer.explain.networks import Explained, Net
from pytwolayer.preprocessing.block_writer import LevelCoding
from pytwolayer.preprocessing.row_source import Doubles, Mask
from pytwolayer.preprocessing.table import Table

_ROWS = 2**14  # at a time


class Predictor:
    """Predicts the rows of a table, which are complete but for levels that a network lacks."""

    def __init__(self, models: Sequence[Explained], table: Table) -> None:
        self._models = [_Prepared(model, table) for model in models]

    def values(self) -> tuple[Doubles, Doubles | None]:
        """Predict the rows: the mean of the networks; also the output, of a single one."""
        return _mean([model.predict() for model in self._models])

    def each(self) -> Doubles:
        """Predict the rows by each network, shape ``(models, rows, outputs)``."""
        return np.stack([model.predict()[0] for model in self._models])

    def permuted(self, place: int, order: NDArray[np.intp]) -> tuple[Doubles, Doubles | None]:
        """Predict the rows with the values of a column in another order."""
        return _mean([model.permuted(place, order) for model in self._models])

    def each_with(self, place: int, value: Any) -> Doubles:
        """Predict with other values in a column: numbers of the rows, or a number or level for all.

        Returns
        -------
        numpy.ndarray
            Shape ``(models, rows, outputs)``; NaN where a network cannot predict.
        """
        return np.stack([model.changed(place, value)[0] for model in self._models])


def _mean(each: list[tuple[Doubles, Doubles]]) -> tuple[Doubles, Doubles | None]:
    if len(each) == 1:
        return each[0]
    return mean_of_known(np.stack([values for values, _ in each])), None


def mean_of_known(values: Doubles) -> Doubles:
    """Average over the first axis without what is missing; NaN where nothing is there."""
    there = ~np.isnan(values)
    number = there.sum(axis=0)
    total = np.where(there, values, 0.0).sum(axis=0)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


class _Prepared:
    """A network with the hidden layer of the rows, and which levels of theirs it lacks."""

    def __init__(self, model: Explained, table: Table) -> None:
        self._net, self._rows = Net(model), table.rows
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnseenLevelWarning)
            recoded = model.inputs.recode("x", table)
        values = [column.values for column in recoded.columns]
        missing = [np.isnan(column) for column in values]
        self._columns = [np.where(m, 0.0, v) for m, v in zip(missing, values, strict=True)]
        self._unknown = {place: mask for place, mask in enumerate(missing) if mask.any()}
        self._number = np.sum(missing, axis=0)
        pairs = zip(recoded.columns, self._columns, strict=True)
        known = Table(recoded.names, [c.with_data(own) for c, own in pairs], table.rows)
        self._hidden = self._net.read(known).hidden
        for place, mask in self._unknown.items():
            self._hidden[mask] -= self._net.contribution(place, np.zeros(1))
        self._kept: tuple[int, Doubles] = -1, np.empty(0)

    def _own(self, place: int) -> Doubles:
        """Return what a column adds to the hidden layer; 0 where its level is unknown."""
        if self._kept[0] != place:
            added = self._net.contribution(place, self._columns[place])
            if place in self._unknown:
                added[self._unknown[place]] = 0
            self._kept = place, added
        return self._kept[1]

    def predict(self) -> tuple[Doubles, Doubles]:
        """Predict the rows; also give the output."""
        return self._forward(np.zeros((1, 1)), np.zeros((1, 1)), self._number)

    def permuted(self, place: int, order: NDArray[np.intp]) -> tuple[Doubles, Doubles]:
        """Predict the rows with a column in another order."""
        own, mask = self._own(place), self._unknown.get(place)
        number = self._number if mask is None else self._number - mask + mask[order]
        return self._forward(own, own[order], number)

    def changed(self, place: int, value: Any) -> tuple[Doubles, Doubles]:
        """Predict the rows with other values in a column."""
        coding, number = self._net.codings[place], self._number
        mask: Mask | None = self._unknown.get(place)
        if mask is not None:
            number = number - mask
        if isinstance(coding, LevelCoding):
            if value not in coding.levels:
                outcome = self._net.outcome
                widths = len(explained_names(outcome)), outcome.width
                values, output = (np.full((self._rows, width), np.nan) for width in widths)
                return values, output
            value = coding.levels.index(value)
        numbers = np.atleast_1d(np.asarray(value, dtype=np.float64))
        return self._forward(self._own(place), self._net.contribution(place, numbers), number)

    def _forward(
        self, before: Doubles, after: Doubles, number: NDArray[np.intp]
    ) -> tuple[Doubles, Doubles]:
        """Predict with an addend of the hidden layer replaced; ``number`` of unknown values."""
        outputs, values = [np.empty((0, self._net.outcome.width))], []
        for start in range(0, self._rows, _ROWS):
            rows = slice(start, start + _ROWS)
            added = [part if len(part) == 1 else part[rows] for part in (before, after)]
            outputs.append(self._net.output(self._hidden[rows] - added[0] + added[1]))
            values.append(self._net.decoded(outputs[-1]))
        found = np.concatenate(values)
        found[number > 0] = np.nan
        return found, np.concatenate(outputs)

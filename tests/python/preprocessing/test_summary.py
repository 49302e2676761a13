"""Passes over rows that several processes divide find what one finds, to the bit."""

import numpy as np
import pandas as pd
import pytest
from thread_group import together

from pytwolayer import ArgumentError
from pytwolayer.files.open_table import open_table
from pytwolayer.preprocessing import row_source
from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.preprocessing.table import read_table

pytest.importorskip("pyarrow")

ROWS = 205
SIZES = [2, 3, 5, 20]  # of 13 blocks: processes of the last have nothing


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(row_source, "BLOCK_ROWS", 16)


def frame():
    draw = np.random.default_rng(1)
    columns = pd.DataFrame(draw.normal(size=(ROWS, 3)) * [1e-3, 1, 1e9], columns=list("abc"))
    text = draw.choice(list("zxy"), ROWS)
    text[:20] = "only in the first"
    factor = pd.Categorical(draw.choice(["u", "v"], ROWS), ["v", "w", "u"])
    return columns.assign(text=text, factor=factor, yes=columns["a"] > 0)


def write(folder, data):
    folder.mkdir()
    parts = [(0, 33, 7), (33, 100, 16), (100, ROWS, 50)]
    for number, (first, last, group) in enumerate(parts):
        data[first:last].to_parquet(folder / f"{number}.parquet", row_group_size=group)
    return str(folder)


def read(path, division, **how):
    return read_table("x", open_table("x", path, division=division), summarise=True, **how)


def plain(summaries):
    """Return summaries as what compares by value, to the bit."""
    return [
        (s.checksum, s.moments, None if s.counts is None else s.counts.tolist()) for s in summaries
    ]


@pytest.mark.parametrize("size", SIZES)
def test_levels_moments_counts_and_checksums_are_those_of_one_process(size, tmp_path):
    path = write(tmp_path / "rows", frame())
    weights = np.random.default_rng(2).random(ROWS) + 0.1

    def find(division):
        table = read(path, division)
        half = table.take(np.arange(0, ROWS, 2))
        found = table.summaries(), half.summaries(), half.summaries(weights[::2])
        levels = [(column.levels, column.complete) for column in table.columns]
        counts = [None if c is None else c.tolist() for c in half.level_counts()]
        return levels, counts, [plain(each) for each in found]

    alone = find(None)
    assert all(each == alone for each in together(size, find))


@pytest.mark.parametrize("size", SIZES)
def test_missing_values_of_one_process_are_known_to_all(size, tmp_path):
    data = frame()
    data.loc[150, "a"] = data.loc[3, "b"] = np.nan
    data["c"] = np.nan
    path = write(tmp_path / "rows", data)

    def find(division):
        table = read(path, division)
        kinds = [(column.kind, column.complete) for column in table.columns]
        return kinds, table.incomplete.tolist(), table.take(~table.incomplete).rows

    alone = find(None)
    assert all(each == alone for each in together(size, find))


def test_infinite_values_of_one_process_are_the_error_of_all(tmp_path):
    data = frame()
    data.loc[[1, 160, 161], "b"] = np.inf
    path = write(tmp_path / "rows", data)

    def fail(division):
        with pytest.raises(ArgumentError) as caught:
            read(path, division)
        return str(caught.value)

    assert together(3, fail) == [fail(None)] * 3
    assert "3 of 205 values" in fail(None)


@pytest.mark.parametrize("encoding", ["linear", "piecewise"])
def test_the_encoding_is_that_of_one_process(encoding, tmp_path):
    path = write(tmp_path / "rows", frame())
    weights = np.random.default_rng(2).random(ROWS) + 0.1

    def learn(division):
        half = read(path, division).take(np.arange(100))
        inputs = Encoder.fit("x", half, weights[:100])
        other = Encoder.fit("x", half, weights[:100], 5.0, encoding)
        rest = other.recode("x", read(path, division).take(np.arange(100, ROWS)))
        return repr((inputs, other)), rest.complete().tolist()

    alone = learn(None)
    assert all(each == alone for each in together(3, learn))


@pytest.mark.filterwarnings("ignore::pytwolayer.errors.UnseenLevelWarning")
def test_levels_that_training_did_not_see_are_found_by_all(tmp_path):
    path = write(tmp_path / "rows", frame())

    def recode(division):
        table = read(path, division)
        inputs = Encoder.fit("x", table.take(np.arange(100, ROWS)))
        return inputs.recode("x", table.take(np.arange(100))).complete().tolist()

    alone = recode(None)
    assert alone[:20] == [False] * 20
    assert all(each == alone for each in together(3, recode))


def test_columns_that_are_wanted_as_a_whole_are_read_by_all_together(tmp_path):
    path = write(tmp_path / "rows", frame())

    def values(division):
        table = read(path, division, whole=True)
        assert table.division is None
        return [column.values.tolist() for column in table.columns]

    assert all(each == values(None) for each in together(3, values))

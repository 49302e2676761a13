"""The same rows give the same bits, whatever they come from and however they are cut."""

import numpy as np
import pandas as pd
import pytest

from pytwolayer import two_layer
from pytwolayer.preprocessing import row_source
from pytwolayer.preprocessing.column import Column, StoredColumn
from pytwolayer.preprocessing.column_blocks import blocks_of
from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.preprocessing.fingerprint import checksums
from pytwolayer.preprocessing.reading import read_training_data
from pytwolayer.preprocessing.row_source import (
    ArrayRows,
    SourceColumn,
    SourcedTable,
    StoredArray,
    StoredSeries,
    select_rows,
)
from pytwolayer.preprocessing.table import RawTable, read_table

ROWS = 50


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(row_source, "BLOCK_ROWS", 8)


def numbers(rows=ROWS, columns=5):
    return np.random.default_rng(rows).normal(size=(rows, columns)) * 10.0 ** np.arange(columns)


def test_doubles_that_are_one_after_the_other_are_read_where_they_are():
    array = numbers()[:, 0].copy()
    array.flags.writeable = False
    columns = [Column("x", "number", StoredColumn(StoredArray(array)))] * 2
    for rows in (None, range(16, 40)):
        blocks = [[*block] for block in blocks_of(columns, rows)]
        assert all(np.shares_memory(line, array) for block in blocks for line in block)
        read = np.concatenate([block[1] for block in blocks])
        assert (read == (array if rows is None else array[16:40])).all()
    coded = Column("x", "number", StoredColumn(StoredArray(array, missing=0)))
    assert not any(np.shares_memory(line, array) for (line,) in blocks_of([coded]))


class Files:
    """A source that is only read from top to bottom, in pieces of odd sizes."""

    def __init__(self, array):
        self._array, self.rows = array, len(array)

    def blocks(self, columns, rows=None):
        wanted = np.arange(self.rows) if rows is None else rows
        assert (wanted[1:] >= wanted[:-1]).all()
        yield from ArrayRows(self._array).blocks(columns, wanted)


def sourced(array, names=None):
    return SourcedTable(names, array.shape, [SourceColumn("number")] * array.shape[1], Files(array))


def kinds(array):
    """Return the same numbers in many kinds of tables."""
    frame = pd.DataFrame(array)
    return {
        "row-major": np.ascontiguousarray(array),
        "column-major": np.asfortranarray(array),
        "strided": np.repeat(array, 2, axis=0)[::2],
        "frame": frame,
        "frame of columns": pd.DataFrame({name: frame[name].copy() for name in frame}),
        "nullable": frame.astype("Float64"),
        "arrow-backed": frame.astype("float64[pyarrow]"),
        "columns": RawTable(None, array.shape, [StoredArray(c) for c in array.T]),
        "files": sourced(array),
    }


def read_lines(source, columns, rows=None):
    blocks = [[np.array(line) for line in block] for block in source.blocks(columns, rows)]
    return [np.concatenate(lines) for lines in zip(*blocks, strict=True)], blocks


@pytest.mark.parametrize("rows", [None, [0, 1, 1, 7, 20, 20, 49], [3] * 20, range(50)])
@pytest.mark.parametrize("columns", [[0], [4, 1], range(5)])
@pytest.mark.parametrize("group", [2, 32])
def test_blocks_of_an_array_are_its_columns_in_blocks_of_the_rows_wanted(
    rows, columns, group, monkeypatch
):
    monkeypatch.setattr(row_source, "_GROUP", group)
    array = numbers()
    wanted = None if rows is None else np.array(rows, dtype=np.intp)
    lines, blocks = read_lines(ArrayRows(array), columns, wanted)
    expected = array if wanted is None else array[wanted]
    assert [len(block[0]) for block in blocks[:-1]] == [8] * (len(blocks) - 1)
    for place, line in zip(columns, lines, strict=True):
        assert np.array_equal(line, expected[:, place])


def test_rows_selected_of_selected_rows_are_those_of_the_source():
    array = numbers()
    twice = select_rows(select_rows(ArrayRows(array), np.arange(10, 40)), np.array([0, 5, 5, 29]))
    (line,), _ = read_lines(twice, [2])
    assert line.tolist() == array[[10, 15, 15, 39], 2].tolist()
    (line,), _ = read_lines(twice, [2], np.array([1, 3]))
    assert line.tolist() == array[[15, 39], 2].tolist()


def test_a_stored_array_becomes_doubles_from_codes_and_marks():
    codes = np.array([1, 2, -(2**31), 3] * 5, dtype=np.int32)
    (line,), _ = read_lines(StoredArray(codes, missing=-(2**31), first=1), [0])
    assert np.array_equal(line, [0, 1, np.nan, 2] * 5, equal_nan=True)
    assert codes[0] == 1


def test_doubles_that_are_stored_are_not_written_to():
    given = np.arange(20.0)
    given.flags.writeable = False
    (line,), _ = read_lines(StoredArray(given, first=1), [0])
    assert line.tolist() == list(range(-1, 19))


def test_a_stored_series_has_nan_where_it_is_missing():
    series = pd.Series([1, None, 3] * 5, dtype="Int64")
    (line,), _ = read_lines(StoredSeries(series), [0], np.array([0, 1, 1, 14]))
    assert np.array_equal(line, [1, np.nan, np.nan, 3], equal_nan=True)


@pytest.mark.parametrize("kind", list(kinds(numbers())))
def test_every_kind_of_table_gives_the_same_encoding_and_checksums(kind):
    array, y = numbers(), np.arange(ROWS)
    plain = read_training_data(kinds(array)["row-major"], y)
    other = read_training_data(kinds(array)[kind], y)
    assert [*checksums(other, None).values()] == [*checksums(plain, None).values()]
    ours, theirs = (Encoder.fit("x", data.predictors, limit=5.0) for data in (other, plain))
    assert ours.codings == theirs.codings
    matrices = [ours.encode("x", data.predictors).x for data in (other, plain)]
    assert matrices[0].equal(matrices[1])


@pytest.mark.parametrize("kind", list(kinds(numbers())))
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"validation": 0.3},
        {"validation": [1, 7, 30]},
        {"sample_weight": np.arange(ROWS) % 5},
        {"n_models": 2, "bootstrap": True},
        {"n_models": 2, "bootstrap": True, "validation": 0.2},
        {"batch_size": None},
        {"encoding": "piecewise"},
    ],
)
def test_every_kind_of_table_gives_the_same_fit(kind, settings):
    array = numbers()
    array[[3, 20], 1] = np.nan
    y = array[:, 0] + np.sin(np.arange(ROWS))
    how = {"epochs": 3, "batch_size": 8, "hidden_units": 3, "seed": 1, "verbose": False} | settings
    with pytest.warns(UserWarning, match="2 of 50 rows"):
        plain = two_layer(array, y, **how)
    with pytest.warns(UserWarning, match="2 of 50 rows"):
        fit = two_layer(kinds(array)[kind], y, **how)
    assert fit.history.equals(plain.history)
    new = kinds(array)[kind]
    assert np.array_equal(fit.predict(new), plain.predict(array), equal_nan=True)


def test_moments_put_together_are_those_of_all_rows():
    array = numbers(rows=1001)
    encoder = Encoder.fit("x", read_table("x", array))
    for coding, column in zip(encoder.codings, array.T, strict=True):
        assert coding.center == pytest.approx(column.mean(), rel=1e-12, abs=1e-13)
        assert coding.scale == pytest.approx(column.std(), rel=1e-12)


def test_weighted_moments_put_together_are_those_of_all_rows():
    array, weights = numbers(rows=100), np.arange(1.0, 101)
    encoder = Encoder.fit("x", read_table("x", array), weights)
    for coding, column in zip(encoder.codings, array.T, strict=True):
        center = np.average(column, weights=weights)
        assert coding.center == pytest.approx(center, rel=1e-12, abs=1e-13)
        scale = np.sqrt(np.average((column - center) ** 2, weights=weights))
        assert coding.scale == pytest.approx(scale, rel=1e-12)


def test_tiny_and_constant_columns_of_many_blocks_are_what_they_are():
    values = np.random.default_rng(1).normal(size=(100, 1)) * 1e-200
    (tiny,) = Encoder.fit("x", read_table("x", values)).codings
    assert tiny.scale == pytest.approx(values.std() or 1e-200, rel=0.2)
    (constant,) = Encoder.fit("x", read_table("x", np.full((100, 1), 0.1))).codings
    assert constant.scale == 0


@pytest.mark.parametrize("kind", ["category", "object", "string"])
def test_levels_in_many_blocks_are_those_of_a_frame(kind):
    text = pd.Series(["b", "a", "c", None, "é"] * 10).astype(kind)
    frame = pd.DataFrame({"text": text, "number": np.arange(50.0), "flag": [True, False] * 25})
    y = np.arange(50)
    with pytest.warns(UserWarning, match="10 of 50 rows"):
        data = read_training_data(frame, y)
    encoder = Encoder.fit("x", data.predictors)
    assert encoder.codings[0].levels == ("a", "b", "c", "é")
    matrix = encoder.encode("x", data.predictors).x.numpy()
    levels = [encoder.codings[0].levels[code] for code in matrix[:, :4].argmax(axis=1)]
    assert levels == text.dropna().tolist()
    assert (matrix[:, :4].sum(axis=1) == 1).all()


def test_levels_of_new_rows_that_training_did_not_see_make_their_rows_incomplete():
    frame = pd.DataFrame({"text": ["a", "b"] * 20, "x": range(40)})
    encoder = Encoder.fit("x", read_table("x", frame))
    frame.loc[[9, 33], "text"] = "new"
    with pytest.warns(UserWarning, match='did not see in column "text": "new"'):
        table = encoder.read("x", frame)
    assert np.flatnonzero(~table.complete()).tolist() == [9, 33]


def test_an_infinite_number_in_a_late_block_is_an_error_that_counts_it():
    array = numbers()
    array[[40, 41], 3] = np.inf
    with pytest.raises(ValueError, match=r'infinite in column "4" \(2 of 50 values\)'):
        read_table("x", array)


def test_a_large_array_is_not_copied_when_it_is_read():
    array = numbers().astype(np.float32)
    table = read_table("x", array)
    array[0, 0] = 7
    assert table.columns[0].values[0] == 7


def test_few_rows_of_a_large_table_are_read_into_memory():
    array = numbers()
    table = read_table("x", array).take(np.array([1, 30, 30]))
    array[:] = 0
    assert np.array_equal(table.columns[2].values, numbers()[[1, 30, 30], 2])


def test_rows_in_any_order_are_taken():
    array, order = numbers(), np.random.default_rng(1).permutation(ROWS)
    for data in (array, sourced(array)):
        table = read_table("x", data).take(order)
        assert np.array_equal(table.columns[1].values, array[order, 1])


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64", "uint8", "longdouble"])
@pytest.mark.parametrize("limit", [None, 2.0, 1e300])
@pytest.mark.parametrize("group", [2, 32])
def test_an_array_row_by_row_has_the_bits_of_its_columns(dtype, limit, group, monkeypatch):
    monkeypatch.setattr(row_source, "_GROUP", group)
    array = (numbers(columns=4) * 3).astype(dtype)
    array[:, 2] = 7  # constant
    if dtype == "int64":
        array[:3, 3] = 2**62 + 1
    tables = [read_training_data(x, np.arange(ROWS)) for x in (array, np.asfortranarray(array))]
    columns = read_training_data(RawTable(None, array.shape, [*array.T]), np.arange(ROWS))
    encoders = [Encoder.fit("x", data.predictors, limit=limit) for data in (*tables, columns)]
    assert encoders[0].codings == encoders[1].codings == encoders[2].codings
    encoded = [encoders[0].encode("x", d.predictors).x for d in (*tables, columns)]
    assert encoded[0].equal(encoded[1])
    assert encoded[0].equal(encoded[2])
    assert checksums(tables[0], None) == checksums(columns, None)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e308])
def test_odd_values_late_in_an_array_are_found_in_their_columns(value):
    array = numbers()
    array[[30, 41], 3] = value
    columns = RawTable(None, array.shape, [*np.asfortranarray(array).T])
    told = []
    for data in (array, columns):
        try:
            table = read_table("x", data, summarise=True)
            told.append((table.complete().tolist(), [c.complete for c in table.columns]))
        except ValueError as problem:
            told.append(str(problem))
    assert told[0] == told[1]


def test_numbers_too_large_for_float32_are_an_error_row_by_row_too():
    encoder = Encoder.fit("x", read_table("x", numbers()))
    far = numbers()
    far[33, 1] = 1e300
    with pytest.raises(ValueError, match="must be numbers of the size seen in training"):
        encoder.encode("x", encoder.read("x", far))

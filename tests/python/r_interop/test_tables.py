"""R's columns become the core's table, as a pandas data frame of the same values does."""

import numpy as np
import pandas as pd
import pytest
from sent_tables import as_bytes, sent_table

from pytwolayer import ArgumentError
from pytwolayer.preprocessing.fingerprint import checksums
from pytwolayer.preprocessing.reading import read_training_data
from pytwolayer.preprocessing.table import read_table
from pytwolayer.r_interop.tables import (
    chosen_rows,
    read_rows,
    read_sent_table,
    send_doubles,
    sent_numbers,
)

NA = np.frombuffer(np.uint64(0x7FF00000000007A2).tobytes())[0]  # R's, a signalling NaN
SENT = {
    "number": [0.5, NA, -2.0, 3.0, 1.0],
    "factor": ("factor", [2, 1, NA, 2, 2], ["b", "a", "unused"]),
    "text": ("text", [1, 2, 3, NA, 1], ["z", "é", "A"]),
    "logical": ("logical", [1, 0, NA, 0, 1], None),
    "nothing": [NA] * 5,
}
FRAME = pd.DataFrame(
    {
        "number": [0.5, np.nan, -2.0, 3.0, 1.0],
        "factor": pd.Categorical.from_codes([1, 0, -1, 1, 1], ["b", "a", "unused"]),
        "text": pd.Series(["z", "é", "A", None, "z"], dtype=object),
        "logical": pd.Series([True, False, None, False, True], dtype="boolean"),
        "nothing": [np.nan] * 5,
    }
)


def same_columns(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        assert (one.label, one.kind, one.levels) == (other.label, other.kind, other.levels)
        assert (one.labels, one.complete) == (other.labels, other.complete)
        np.testing.assert_array_equal(one.values, other.values)
        assert one.values.dtype == np.float64


def test_columns_are_those_of_a_frame_of_the_same_values():
    ours, theirs = read_table("x", read_sent_table(sent_table(SENT))), read_table("x", FRAME)
    assert ours.names == theirs.names
    assert ours.rows == 5
    same_columns(ours.columns, theirs.columns)


@pytest.mark.parametrize("kept", [[1, 0, 0, 0, 1], [0, 0, 0, 1, 0]])
def test_rows_chosen_are_those_of_the_frame(kept):
    kept = np.array(kept, dtype=bool)
    ours = chosen_rows(read_rows(read_sent_table(sent_table(SENT))), kept)
    assert ours.shape == (kept.sum(), 5)
    like = ([*SENT], 5)
    same = read_table("x", ours, like=like).columns, read_table("x", FRAME[kept], like=like).columns
    for one, other in zip(*same, strict=True):
        assert one.kind == other.kind
        names = [
            [column.levels[int(code)] if column.has_levels else str(code) for code in column.values]
            for column in (one, other)
        ]
        assert names[0] == names[1]


def test_rows_chosen_of_a_large_table_are_read_where_they_are():
    rows = 20_000
    codes = [NA, 2.0, 1.0, *[1.0] * (rows - 3)]
    numbers = np.arange(float(rows))
    sent = sent_table({"number": numbers, "factor": ("factor", codes, ["b", "a"])})
    kept = np.arange(rows) % 2 == 0
    kept[0] = False
    chosen = read_table("x", chosen_rows(read_rows(read_sent_table(sent)), kept))
    assert not any(isinstance(column.data, np.ndarray) for column in chosen.columns)
    np.testing.assert_array_equal(chosen.columns[0].values, numbers[kept])
    np.testing.assert_array_equal(chosen.columns[1].values, np.zeros(kept.sum()))
    part = chosen.take(np.arange(5))
    np.testing.assert_array_equal(part.columns[0].values, numbers[kept][:5])


def sent_matrix(vectors, shape, places, *, sparse=False, logical=False):
    return {
        "names": [f"c{place}" for place in places],
        "rows": float(shape[0]),
        "matrix": {
            "columns": float(shape[1]),
            "places": as_bytes(places),
            "sparse": sparse,
            "logical": logical,
        },
        "holder": None,
        "library": None,
        "values": [as_bytes(vector) for vector in vectors],
    }


def test_a_matrix_is_one_vector_of_which_columns_are_chosen():
    values = np.arange(6.0).reshape(3, 2)
    table = read_sent_table(sent_matrix([values.T.ravel()], (3, 2), [1]))
    assert table.names == ["c1"]
    (column,) = read_table("x", table).columns
    np.testing.assert_array_equal(column.values, values[:, 1])
    logical = sent_matrix([[1, 0, NA, 1]], (2, 2), [0, 1], logical=True)
    columns = read_table("x", read_sent_table(logical)).columns
    assert [column.kind for column in columns] == ["logical", "logical"]
    np.testing.assert_array_equal(columns[1].values, [np.nan, 1])


def test_a_sparse_matrix_is_three_vectors():
    vectors = [1.5, NA, -2.0], [0, 2, 1], [0, 2, 2, 3]
    table = read_sent_table(sent_matrix(vectors, (3, 3), [2, 0], sparse=True))
    columns = read_table("x", table).columns
    np.testing.assert_array_equal(columns[0].values, [0, -2, 0])
    np.testing.assert_array_equal(columns[1].values, [1.5, 0, np.nan])


def test_checksums_are_those_of_the_frame():
    names = ["number", "factor", "text", "logical"]
    y = sent_table({".outcome": [1.0, 2.0, 3.0, 4.0, 5.0]}, vector=True)
    sent = read_sent_table(sent_table({name: SENT[name] for name in names})), read_sent_table(y)
    with pytest.warns(match="3 of 5 rows left out"):
        ours = read_training_data(*sent)
    with pytest.warns(match="3 of 5 rows left out"):
        theirs = read_training_data(FRAME[names], np.arange(1.0, 6.0))
    assert checksums(ours, None) == checksums(theirs, None)


def test_a_matrix_without_names_has_numbered_columns():
    sent = sent_table({"V1": [1.0, 2.0], "V2": [3.0, np.inf]}, nameless=True)
    with pytest.raises(ArgumentError, match='infinite in column "2"'):
        read_table("x", read_sent_table(sent))


def test_an_outcome_that_came_as_a_vector_has_a_name_only_where_it_had_one():
    for name, names in ((".outcome", None), ("mpg", ("mpg",))):
        sent = sent_table({name: ("text", [1, 2, 2], ["no", "yes"])}, vector=True)
        table = read_table("y", read_sent_table(sent), vector=True, outcome=True)
        assert table.vector
        assert table.names == names
        assert table.columns[0].levels == ("no", "yes")


def test_a_large_outcome_of_doubles_is_read_where_it_is():
    values = np.arange(20_000, dtype=np.float64)
    sent = sent_table({"y": values}, vector=True) | {"values": [values]}
    (column,) = read_table("y", read_sent_table(sent), vector=True).columns
    assert np.shares_memory(column.values, values)


def test_an_outcome_that_came_as_a_table_is_one():
    table = read_sent_table(sent_table({"a": [1.0, 2.0]}, vector=False))
    assert table.shape == (2, 1)


def test_tables_without_rows_or_columns_are_refused_as_frames_are():
    for sent, shape in (({}, "(3, 0)"), ({"a": []}, "(0, 1)")):
        table = sent_table(sent) if sent else sent_table({"a": [1.0] * 3})
        if not sent:
            table |= {"names": [], "columns": [], "values": []}
        with pytest.raises(ArgumentError) as refused:
            read_table("x", read_sent_table(table))
        assert refused.value.received == f"data of shape {shape}"


def test_levels_that_read_alike_are_refused():
    sent = sent_table({"f": ("factor", [1, 2], ["a", "a"])})
    with pytest.raises(ArgumentError, match="several levels that read alike"):
        read_table("x", read_sent_table(sent))


def test_numbers_go_to_r_column_after_column():
    matrix = np.arange(3 * 5000.0).reshape(5000, 3)
    np.testing.assert_array_equal(np.frombuffer(send_doubles(matrix)), matrix.T.ravel())
    assert np.frombuffer(send_doubles([1, 2])).tolist() == [1.0, 2.0]
    assert sent_numbers(as_bytes([1.0, NA])).view(np.uint64)[1] == 0x7FF00000000007A2
    assert sent_numbers(None) is None

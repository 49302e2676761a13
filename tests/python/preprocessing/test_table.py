"""The user's table, whatever it is: its columns, names and shape."""

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError
from pytwolayer.checks import describe
from pytwolayer.preprocessing import row_source
from pytwolayer.preprocessing.table import read_table
from pytwolayer.runtime.torch_loading import torch

NUMBERS = [[1.0, 10.0], [2.0, 30.0], [4.0, 20.0]]
NAN, INF = float("nan"), float("inf")


class HasToPandas:
    """Stands for the data frame or column of another library, such as Polars."""

    def __init__(self, data):
        self.data = data

    def to_pandas(self):
        return self.data


def columns_at(data, **options):
    return [column.values.tolist() for column in read_table("x", data, **options).columns]


def kinds_of(data, **options):
    return [column.kind for column in read_table("x", data, **options).columns]


@pytest.mark.parametrize(
    "data",
    [
        NUMBERS,
        tuple(map(tuple, NUMBERS)),
        np.array(NUMBERS),
        np.asfortranarray(NUMBERS),
        np.array(NUMBERS, dtype=np.float32),
        np.array(NUMBERS, dtype=np.float16),
        np.array(NUMBERS, dtype=np.longdouble),
        np.array(NUMBERS, dtype=np.int8),
        np.array(NUMBERS, dtype=">f8"),
        np.array(NUMBERS, dtype=object),
        np.ma.array(NUMBERS),
        torch.tensor(NUMBERS),
        torch.tensor(NUMBERS, dtype=torch.int64),
        torch.tensor(NUMBERS, requires_grad=True),
        torch.tensor(NUMBERS).t().contiguous().t(),
        pd.DataFrame(NUMBERS),
        pd.DataFrame(NUMBERS, index=["p", "q", "q"]),
        pd.DataFrame(NUMBERS).convert_dtypes(),
        HasToPandas(pd.DataFrame(NUMBERS)),
        [np.array(row) for row in NUMBERS],
        [torch.tensor(row) for row in NUMBERS],
        [pd.Series(row) for row in NUMBERS],
    ],
    ids=lambda data: f"{type(data).__name__}-{getattr(data, 'dtype', '')}",
)
def test_every_kind_of_table_gives_the_same_columns(data):
    assert columns_at(data) == [[1, 2, 4], [10, 30, 20]]


@pytest.mark.parametrize(
    "data",
    [
        torch.tensor(NUMBERS, dtype=torch.bfloat16),
        torch.tensor(NUMBERS, dtype=torch.float16),
        torch.tensor(NUMBERS).to_sparse(),
        torch._neg_view(-torch.tensor(NUMBERS)),
    ],
    ids=["bfloat16", "float16", "sparse", "lazily negated"],
)
def test_every_kind_of_tensor_gives_the_same_columns(data):
    assert columns_at(data) == [[1, 2, 4], [10, 30, 20]]


def test_an_arrow_table_keeps_names_and_kinds():
    pa = pytest.importorskip("pyarrow")
    table = read_table("x", pa.table({"a": [1, None], "b": ["u", "v"], "c": [True, None]}))
    assert table.names == ("a", "b", "c")
    assert [column.kind for column in table.columns] == ["number", "text", "logical"]
    assert kinds_of(pa.array(["u", None]), vector=True) == ["text"]


def test_a_frame_of_another_library_comes_through_to_pandas():
    frame = HasToPandas(pd.DataFrame({"a": [1.0], "b": ["u"]}))
    assert read_table("x", frame).names == ("a", "b")
    column = HasToPandas(pd.Series(["u", "v"], name="kind"))
    assert read_table("y", column, vector=True).names == ("kind",)


# Missing values and mixtures in what has no types of its own


@pytest.mark.parametrize("missing", [None, NAN, pd.NA], ids=str)
def test_a_missing_value_in_nested_lists_is_missing_there(missing):
    first, second = columns_at([[1, missing], [2, 3]])
    assert first == [1, 2]
    np.testing.assert_array_equal(second, [NAN, 3])


def test_columns_of_nested_lists_each_have_a_kind():
    rows = [[1, "u", True, None], [2.5, None, None, None]]
    assert kinds_of(rows) == ["number", "text", "logical", "missing"]
    assert kinds_of([["u", NAN], ["v", 1.0]]) == ["text", "number"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, None], "number"),
        ([1, NAN], "number"),
        (["u", None], "text"),
        (["u", NAN], "text"),
        ([True, None], "logical"),
        ([None, None], "missing"),
        (np.array(["u", "v"]), "text"),
        (np.array([True, False]), "logical"),
        (torch.tensor([True, False]), "logical"),
        (pd.Categorical(["u", "v"]), "factor"),
        (pd.CategoricalIndex(["u", "v"]), "factor"),
        (pd.Index([1, 2]), "number"),
        (pd.array([True, None], dtype="boolean"), "logical"),
        (range(2), "number"),
    ],
    ids=str,
)
def test_every_kind_of_vector_is_a_column_of_its_kind(values, kind):
    table = read_table("y", values, vector=True)
    assert table.vector
    assert table.rows == 2
    assert [column.kind for column in table.columns] == [kind]


@pytest.mark.parametrize(
    ("values", "kind"),
    [([1.0, 2.0], "number"), ([1, 2], "number"), ([True, False], "logical"), (["u", "v"], "text")],
)
def test_a_masked_value_is_missing_and_the_others_stay_what_they_are(values, kind):
    for shape in ((2,), (2, 1)):
        data = np.ma.array(values, mask=[False, True]).reshape(shape)
        (column,) = read_table("x", data, vector=True).columns
        assert column.kind == kind
        assert np.isnan(column.values).tolist() == [False, True]


def test_a_table_knows_its_complete_rows():
    data = pd.DataFrame({"a": [1, None, 3, 4], "b": ["u", "v", None, "w"], "c": [True] * 4})
    assert read_table("x", data).complete().tolist() == [True, False, False, True]


def test_rows_are_taken_by_number_and_by_mask():
    table = read_table("x", pd.DataFrame({"a": [1, 2, 3], "b": ["u", "v", "w"]}))
    for rows in (np.array([2, 0]), np.array([True, False, True])):
        part = table.take(rows)
        assert part.rows == 2
        assert part.names == ("a", "b")
        assert part.columns[0].values.tolist() == table.columns[0].values[rows].tolist()
        assert part.columns[1].levels == ("u", "v", "w")


# What is no table


@pytest.mark.parametrize("value", [INF, -INF])
def test_what_is_infinite_is_an_error_that_counts_it_in_its_column(value):
    data = np.array(NUMBERS)
    data[[0, 2], 1] = value
    message = r'`x` must be finite, not infinite in column "{}" \(2 of 3 values\)'
    with pytest.raises(ArgumentError, match=message.format("2")):
        read_table("x", data)
    with pytest.raises(ArgumentError, match=message.format("b")):
        read_table("x", pd.DataFrame(data, columns=["a", "b"]))
    with pytest.raises(ArgumentError, match=message.format("2")):
        read_table("x", torch.from_numpy(data))


@pytest.mark.parametrize(
    "data",
    [
        np.array([["2020-01-01"]], dtype="datetime64[D]"),
        np.array([[1j]]),
        np.array([[object()]]),
        np.array([[b"u"]]),
        torch.tensor([[1j]]),
        [["u"], [1]],
        [[pd.Timestamp("2020-01-01")]],
    ],
    ids=repr,
)
def test_arrays_of_something_else_are_an_error_naming_the_column(data):
    message = '^`x` must be numbers, logicals, factors or text, not .* in column "1"'
    with pytest.raises(ArgumentError, match=message):
        read_table("x", data)


@pytest.mark.parametrize(
    "data",
    [
        3,
        None,
        "abc",
        {"a": [1]},
        object(),
        [1, 2],
        [{"a": 1}],
        np.zeros(3),
        pd.Series([1, 2]),
        np.zeros((2, 2, 2)),
    ],
    ids=repr,
)
def test_what_is_no_table_is_an_error_that_says_what_came(data):
    with pytest.raises(
        ArgumentError, match=r"^`x` must be a table with rows and columns, not "
    ) as caught:
        read_table("x", data)
    shape = np.shape(data)
    assert (f"data of shape {shape}" if shape else describe(data)) in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        torch.empty(2, 2, device="meta"),
        pd.MultiIndex.from_tuples([(1, 2)]),
        {1, 2},
    ],
    ids=["structured", "meta", "MultiIndex", "set"],
)
def test_data_that_no_table_can_be_made_of_are_one_of_our_errors(data):
    with pytest.raises(ArgumentError, match=r"^`y` must be"):
        read_table("y", data, vector=True)


def test_a_vector_will_do_where_it_is_allowed():
    for data in ([1, 2], np.array([1, 2]), pd.Series([1, 2]), torch.tensor([1, 2]), range(1, 3)):
        table = read_table("y", data, vector=True)
        assert table.vector
        assert table.columns[0].values.tolist() == [1, 2]
    assert not read_table("y", [[1], [2]], vector=True).vector
    with pytest.raises(ArgumentError, match=r"rows and columns or a vector, not 3\."):
        read_table("y", 3, vector=True)


@pytest.mark.parametrize(
    "data",
    [np.zeros((0, 3)), np.zeros((3, 0)), pd.DataFrame(), pd.DataFrame({"a": []}), [[], []]],
    ids=str,
)
def test_no_rows_or_no_columns_is_an_error(data):
    with pytest.raises(
        ArgumentError, match="`x` must be a table of at least one row and one column"
    ):
        read_table("x", data)
    with pytest.raises(ArgumentError, match="`y` must be"):
        read_table("y", [], vector=True)


def test_rows_of_different_lengths_are_an_error():
    with pytest.raises(ArgumentError, match="not a list with rows of different lengths"):
        read_table("x", [[1, 2], [3]])
    with pytest.raises(ArgumentError, match="not a list with rows of different lengths"):
        read_table("x", [[1, None], [3]])


def test_columns_of_the_same_name_are_an_error_that_names_them_all():
    data = pd.DataFrame(np.zeros((2, 5)), columns=["b", "a", "b", "a", "c"])
    message = '`x` must be a table whose column names differ, not one with several columns "a", "b"'
    with pytest.raises(ArgumentError, match=message):
        read_table("x", data)
    with pytest.raises(ArgumentError, match='several columns "1"'):
        read_table("x", pd.DataFrame([[1, 2]], columns=[1, "1"]))


def test_names_are_those_of_the_frame_or_none():
    assert read_table("x", pd.DataFrame({"a": [1], 2: [3]})).names == ("a", "2")
    assert read_table("x", pd.DataFrame({"größe": [1], "値": [3]})).names == ("größe", "値")
    assert read_table("x", np.zeros((1, 2))).names is None
    assert read_table("y", pd.Series([1], name="mpg"), vector=True).names == ("mpg",)
    assert read_table("y", pd.Series([1]), vector=True).names is None


def test_one_row_is_a_table():
    table = read_table("x", [[1, 2]])
    assert table.rows == 1


def test_the_users_data_are_not_changed():
    mixed = pd.DataFrame({"a": [1, None], "b": pd.Categorical(["u", None]), "c": ["v", None]})
    masked = np.ma.array(NUMBERS, mask=[[True, False]] * 3)
    for data in (np.array(NUMBERS), torch.tensor(NUMBERS), mixed, masked):
        before = data.clone() if isinstance(data, torch.Tensor) else data.copy()
        read_table("x", data)
        if isinstance(data, pd.DataFrame):
            pd.testing.assert_frame_equal(data, before)
        else:
            np.testing.assert_array_equal(np.asarray(data), np.asarray(before))
    assert masked.mask.tolist() == [[True, False]] * 3


# Columns like those of training


def like(*names):
    return {"like": (names or None, 3)}


def table_of(names, *numbers):
    row = [[float(number) for number in numbers]]
    return row if names is None else pd.DataFrame(row, columns=list(names))


def picked(names, data):
    return [column[0] for column in columns_at(data, **like(*names))]


def test_columns_are_picked_by_name_where_both_have_names():
    new = table_of(("c", "extra", "a", "b"), 3, 0, 1, 2)
    assert picked("abc", new) == [1, 2, 3]


@pytest.mark.parametrize(
    ("names", "table"),
    [
        ("abc", table_of(None, 1, 2, 3)),
        ("", table_of(("z", "y", "x"), 1, 2, 3)),
        ("", table_of(None, 1, 2, 3)),
    ],
)
def test_columns_are_picked_by_position_where_names_are_lacking(names, table):
    assert picked(names, table) == [1, 2, 3]


def test_all_missing_columns_are_named():
    message = 'with every column seen in training, not one without "a", "c"'
    with pytest.raises(ArgumentError, match=message):
        picked("abc", table_of(("b", "A"), 1, 2))


@pytest.mark.parametrize("numbers", [(1, 2), (1, 2, 3, 4)])
def test_another_number_of_columns_without_names_is_an_error(numbers):
    message = f"`x` must be a table of 3 columns, not one of {len(numbers)}"
    with pytest.raises(ArgumentError, match=message):
        picked("abc", table_of(None, *numbers))


def test_columns_that_training_did_not_see_are_not_looked_at():
    new = table_of(("a", "b", "c"), 1, 2, 3)
    new["more"], new["dates"] = INF, pd.Timestamp("2020-01-01")
    new = pd.concat([new, new[["more"]]], axis=1)
    assert picked("abc", new) == [1, 2, 3]


def test_a_column_of_training_that_is_there_twice_is_an_error():
    new = table_of(("a", "b", "c", "b"), 1, 2, 3, 4)
    with pytest.raises(ArgumentError, match='several columns "b"'):
        picked("abc", new)


def test_no_rows_will_do_where_columns_are_known():
    assert columns_at(pd.DataFrame({"a": [], "b": [], "c": []}), **like(*"abc")) == [[], [], []]


def test_columns_without_missing_values_are_not_looked_through_again() -> None:
    table = read_table("x", pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, np.nan]}))
    assert [column.complete for column in table.columns] == [True, False]
    assert table.take([0]).columns[0].complete
    assert table.complete().tolist() == [True, False]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int32, np.uint8])
@pytest.mark.parametrize("order", ["C", "F"])
def test_columns_of_an_array_are_its_own_as_doubles_whatever_its_layout(dtype, order):
    rows = 5000  # more than are turned at a time
    array = np.random.default_rng(1).integers(0, 100, (rows, 3)).astype(dtype, order=order)
    for given in (array, array[::-1], array[:, ::-1], array[1:, 1:]):
        table = read_table("x", given)
        for column, values in zip(table.columns, given.T, strict=True):
            assert column.values.dtype == np.float64
            assert column.values.flags.c_contiguous
            assert np.array_equal(column.values, values.astype(np.float64))


@pytest.mark.parametrize("kind", ["float64", "float32", "float16", "int64", "uint8", "longdouble"])
@pytest.mark.parametrize("rows", [1, 7, 8, 30])
def test_rows_after_rows_and_columns_after_columns_are_the_same_numbers(
    kind: str, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_source, "BLOCK_ROWS", 7)
    by_row = np.random.default_rng(1).uniform(0, 200, size=(rows, 3)).astype(kind)
    if kind == "int64":
        by_row[0] = 2**62 + 1
    frame = pd.DataFrame(by_row)
    for data in (by_row, np.asfortranarray(by_row), by_row[:, ::-1][:, ::-1], frame):
        columns = read_table("x", data).columns
        for number, column in enumerate(columns):
            assert column.values.flags.c_contiguous
            assert column.values.tolist() == by_row[:, number].astype(np.float64).tolist()

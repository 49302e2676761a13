"""From the user's table to the network's matrix, and back."""

import datetime
import warnings

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError
from pytwolayer.arguments import shown
from pytwolayer.table import Standardizer, read_table
from pytwolayer.torch_loading import torch

NUMBERS = [[1.0, 10.0], [2.0, 30.0], [4.0, 20.0]]
NAN, INF = float("nan"), float("inf")


def columns_of(data, **options):
    return [column.tolist() for column in read_table("x", data, **options).columns]


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
        torch.tensor(NUMBERS),
        torch.tensor(NUMBERS, dtype=torch.int64),
        torch.tensor(NUMBERS, requires_grad=True),
        torch.tensor(NUMBERS).t().contiguous().t(),
        pd.DataFrame(NUMBERS),
        pd.DataFrame(NUMBERS, index=["p", "q", "q"]),
        pd.DataFrame(NUMBERS).convert_dtypes(),
        [np.array(row) for row in NUMBERS],
    ],
    ids=lambda data: f"{type(data).__name__}-{getattr(data, 'dtype', '')}",
)
def test_every_kind_of_table_gives_the_same_columns(data):
    assert columns_of(data) == [[1, 2, 4], [10, 30, 20]]


@pytest.mark.parametrize(
    "data",
    [
        torch.tensor(NUMBERS, dtype=torch.bfloat16),
        torch.tensor(NUMBERS).to_sparse(),
        torch._neg_view(-torch.tensor(NUMBERS)),
    ],
    ids=["bfloat16", "sparse", "lazily negated"],
)
def test_every_kind_of_tensor_gives_the_same_columns(data):
    assert columns_of(data) == [[1, 2, 4], [10, 30, 20]]


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("int8", [1, 0, 1]),
        ("uint64", [1, 0, 1]),
        ("float32", [1, 0, 1]),
        ("bool", [1, 0, 1]),
        ("Int64", [1, 0, 1]),
        ("UInt8", [1, 0, 1]),
        ("Float32", [1, 0, 1]),
        ("boolean", [1, 0, 1]),
        ("Sparse[float64]", [1, 0, 1]),
    ],
)
def test_every_numeric_column_type_is_read(dtype, expected):
    column = pd.Series([1, 0, 1]).astype(dtype)
    assert columns_of(pd.DataFrame({"a": column})) == [expected]
    assert columns_of(column, vector=True) == [expected]


@pytest.mark.parametrize("dtype", ["Int64", "UInt8", "Float32", "Float64", "boolean"])
def test_a_missing_value_in_a_nullable_column_is_missing(dtype):
    data = pd.DataFrame({"a": [1.0, 2, 3], "b": pd.array([1, None, 1], dtype=dtype)})
    message = r'`x` must be finite, not missing or infinite in column "b" \(1 of 3 values\)'
    with pytest.raises(ArgumentError, match=message):
        read_table("x", data)


@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_what_is_not_finite_is_an_error_that_counts_it_in_its_column(value):
    data = np.array(NUMBERS)
    data[[0, 2], 1] = value
    message = r'`x` must be finite, not missing or infinite in column "{}" \(2 of 3 values\)'
    with pytest.raises(ArgumentError, match=message.format("2")):
        read_table("x", data)
    with pytest.raises(ArgumentError, match=message.format("b")):
        read_table("x", pd.DataFrame(data, columns=["a", "b"]))
    with pytest.raises(ArgumentError, match=message.format("2")):
        read_table("x", torch.from_numpy(data))


def test_a_vector_that_is_not_finite_has_no_column_to_name():
    with pytest.raises(
        ArgumentError, match=r"`y` must be finite, not missing or infinite \(1 of 2"
    ):
        read_table("y", [1.0, NAN], vector=True)


def test_a_masked_value_is_missing():
    data = np.ma.array(NUMBERS, mask=[[False, False], [False, True], [False, False]])
    with pytest.raises(ArgumentError, match="`x` must be finite, not missing"):
        read_table("x", data)


def test_none_among_numbers_is_an_error():
    with pytest.raises(ArgumentError, match=r"^`x` must be "):
        read_table("x", [[1.0, None], [2.0, 3.0]])


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (["u", "v"], "text"),
        (["u", None], "text"),
        (np.array(["u", "v"]), "text"),
        (pd.Series(["u", "v"], dtype="string"), "text"),
        (pd.Categorical(["u", "v"]), "a factor"),
        (pd.Categorical([1, 2]), "a factor"),
        (pd.to_datetime(["2020-01-01", "2020-01-02"]), "dates"),
        (pd.to_datetime(["2020-01-01", None]), "dates"),
        (pd.to_datetime(["2020-01-01", "2020-01-02"]).tz_localize("UTC"), "dates"),
        ([datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)], "objects"),
        ([1 + 2j, 3j], "complex128 values"),
        (pd.to_timedelta([1, 2]), "timedelta64.* values"),
        (pd.Series([1, "u"], dtype=object), "objects"),
        ([[1, 2], [3, 4]], "objects"),
    ],
    ids=str,
)
def test_what_is_not_numeric_is_an_error_naming_kind_and_column(column, kind):
    data = pd.DataFrame({"fine": [1.0, 2.0], "odd": column})
    with pytest.raises(
        ArgumentError, match=rf'^`x` must be numeric, not {kind} in column "odd"\.$'
    ):
        read_table("x", data)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (np.array([["u", "v"]]), "text"),
        (np.array([["2020-01-01"]], dtype="datetime64[D]"), "dates"),
        (np.array([[1j]]), "complex128 values"),
        (np.array([[object()]]), "objects"),
        ([[10**30]], "objects"),
        ([["u", 1]], "text"),
        (torch.tensor([[1j]]), "complex64 values"),
    ],
    ids=str,
)
def test_arrays_that_are_not_numeric_are_an_error_too(data, kind):
    with pytest.raises(ArgumentError, match=f'^`x` must be numeric, not {kind} in column "1"'):
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
    assert (f"data of shape {shape}" if shape else shown(data)) in str(caught.value)


def test_a_vector_will_do_where_it_is_allowed():
    for data in ([1, 2], np.array([1, 2]), pd.Series([1, 2]), torch.tensor([1, 2]), range(1, 3)):
        table = read_table("y", data, vector=True)
        assert table.vector
        assert table.columns[0].tolist() == [1, 2]
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


def test_columns_of_the_same_name_are_an_error_that_names_them_all():
    data = pd.DataFrame(np.zeros((2, 5)), columns=["b", "a", "b", "a", "c"])
    message = '`x` must be a table whose column names differ, not one with several columns "a", "b"'
    with pytest.raises(ArgumentError, match=message):
        read_table("x", data)


def test_names_are_those_of_the_frame_or_none():
    assert read_table("x", pd.DataFrame({"a": [1], 2: [3]})).names == ("a", "2")
    assert read_table("x", np.zeros((1, 2))).names is None
    assert read_table("y", pd.Series([1], name="mpg"), vector=True).names == ("mpg",)
    assert read_table("y", pd.Series([1]), vector=True).names is None


def test_one_row_is_a_table():
    table = read_table("x", [[1, 2]])
    assert table.rows == 1


def test_the_users_data_is_neither_shared_nor_changed():
    for data in (np.array(NUMBERS), torch.tensor(NUMBERS), pd.DataFrame(NUMBERS)):
        before = np.asarray(data).copy()
        table = read_table("x", data)
        Standardizer.of("x", table).standardize("x", table.columns)
        assert np.array_equal(np.asarray(data), before)


def test_a_standardised_column_has_mean_0_and_deviation_1():
    draws = np.random.default_rng(0).normal(size=(1000, 2)) * [1e-3, 1e6] + [5, -1e6]
    table = read_table("x", draws)
    matrix = Standardizer.of("x", table).standardize("x", table.columns)
    assert matrix.dtype == torch.float32
    assert tuple(matrix.shape) == (1000, 2)
    np.testing.assert_allclose(matrix.double().mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(matrix.double().std(0, correction=0), 1, rtol=1e-5)


def test_center_and_scale_are_mean_and_population_deviation():
    standardizer = Standardizer.of("x", read_table("x", NUMBERS))
    np.testing.assert_allclose(standardizer.center, np.mean(NUMBERS, axis=0))
    np.testing.assert_allclose(standardizer.scale, np.std(NUMBERS, axis=0))


def test_restoring_undoes_standardising():
    table = read_table("x", NUMBERS)
    standardizer = Standardizer.of("x", table)
    back = standardizer.restore(standardizer.standardize("x", table.columns))
    assert back.dtype == np.float64
    np.testing.assert_allclose(back, NUMBERS, rtol=1e-6)


@pytest.mark.parametrize("value", [0.0, 0.1, -3.0, 1e15 + 0.3, 1e-300, 5e-324, 1e150])
@pytest.mark.parametrize("rows", [1, 3, 10, 1001])
def test_a_constant_column_has_scale_1_and_becomes_about_zero(value, rows):
    table = read_table("x", np.full((rows, 1), value))
    standardizer = Standardizer.of("x", table)
    assert standardizer.scale == (1.0,)
    matrix = standardizer.standardize("x", table.columns)
    assert float(matrix.abs().max()) <= abs(value) * 1e-12


def test_a_column_that_varies_little_about_a_large_value_is_not_constant():
    table = read_table("x", [[1e6], [1e6 + 1e-3]])
    assert Standardizer.of("x", table).scale[0] == pytest.approx(5e-4, rel=1e-3)


@pytest.mark.parametrize("size", [1e-150, 1e-200, 1e-300])
def test_a_column_of_tiny_numbers_is_standardised_too(size):
    table = read_table("x", [[-size], [size]])
    assert Standardizer.of("x", table).scale[0] == pytest.approx(size, rel=1e-6, abs=0)


@pytest.mark.parametrize("values", [[1e308, -1e308], [1e300, 1.0], [1e308] * 20, [1e200, -1e200]])
def test_numbers_too_large_to_standardise_are_an_error_without_a_warning(values):
    table = read_table("x", [[value] for value in values])
    message = "`x` must be of a size that can be standardised, not numbers as large as 1e"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ArgumentError, match=message):
            Standardizer.of("x", table)


def test_layout_does_not_change_a_bit():
    draws = np.random.default_rng(1).normal(size=(257, 5))
    kinds = [
        draws,
        np.asfortranarray(draws),
        np.repeat(np.repeat(draws, 2, 0), 3, 1)[::2, ::3],
        pd.DataFrame(draws),
        pd.DataFrame({j: draws[:, j] for j in range(5)}),
        pd.DataFrame(np.asfortranarray(draws)),
        draws.tolist(),
        torch.from_numpy(draws),
        torch.from_numpy(np.asfortranarray(draws)),
    ]
    tables = [read_table("x", kind) for kind in kinds]
    first = Standardizer.of("x", tables[0])
    for table in tables:
        standardizer = Standardizer.of("x", table)
        assert standardizer.center == first.center
        assert standardizer.scale == first.scale
        assert torch.equal(
            standardizer.standardize("x", table.columns), first.standardize("x", tables[0].columns)
        )


def trained_on(*names):
    return Standardizer(names or None, (0.0,) * 3, (1.0,) * 3)


def table_of(names, *numbers):
    row = [[float(number) for number in numbers]]
    return row if names is None else pd.DataFrame(row, columns=list(names))


def picked(standardizer, data):
    return [column[0] for column in read_table("x", data, like=standardizer).columns]


def test_columns_are_picked_by_name_where_both_have_names():
    new = table_of(("c", "extra", "a", "b"), 3, 0, 1, 2)
    assert picked(trained_on("a", "b", "c"), new) == [1, 2, 3]


@pytest.mark.parametrize(
    ("standardizer", "table"),
    [
        (trained_on("a", "b", "c"), table_of(None, 1, 2, 3)),
        (trained_on(), table_of(("z", "y", "x"), 1, 2, 3)),
        (trained_on(), table_of(None, 1, 2, 3)),
    ],
)
def test_columns_are_picked_by_position_where_names_are_lacking(standardizer, table):
    assert picked(standardizer, table) == [1, 2, 3]


def test_all_missing_columns_are_named():
    message = 'with every column seen in training, not one without "a", "c"'
    with pytest.raises(ArgumentError, match=message):
        picked(trained_on("a", "b", "c"), table_of(("b", "A"), 1, 2))


@pytest.mark.parametrize("numbers", [(1, 2), (1, 2, 3, 4)])
def test_another_number_of_columns_without_names_is_an_error(numbers):
    message = f"`x` must be a table of 3 columns, not one of {len(numbers)}"
    with pytest.raises(ArgumentError, match=message):
        picked(trained_on("a", "b", "c"), table_of(None, *numbers))

"""One column of the user's table: what kinds there are, and what each becomes."""

import datetime
import decimal
import fractions
import warnings

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError
from pytwolayer.preprocessing.column import CodedColumn
from pytwolayer.preprocessing.column_reading import level_name, read_column

NAN, INF = float("nan"), float("inf")


def read(values, dtype=None):
    return read_column("x", "odd", pd.Series(values, dtype=dtype))


def same_numbers(found, expected):
    np.testing.assert_array_equal(found, np.array(expected, dtype=np.float64))


NUMERIC = [
    "int8",
    "uint64",
    "float16",
    "float32",
    "Int64",
    "UInt8",
    "Float32",
    "Sparse[int64]",
    "Sparse[float64]",
    "object",
]
ARROW_NUMERIC = ["int64[pyarrow]", "uint8[pyarrow]", "float[pyarrow]", "double[pyarrow]"]


# Numbers


@pytest.mark.parametrize("dtype", NUMERIC + ARROW_NUMERIC)
def test_every_numeric_type_is_numbers(dtype):
    column = read([3, 0, 1], dtype)
    assert column.kind == "number"
    assert column.values.dtype == np.float64
    assert column.values.tolist() == [3, 0, 1]
    assert (column.levels, column.labels) == ((), ())


@pytest.mark.parametrize(
    "dtype",
    ["float32", "Int64", "UInt8", "Float64", "Sparse[float64]", "object", *ARROW_NUMERIC],
)
def test_a_missing_number_is_missing_and_the_others_stay(dtype):
    column = read([3, None, 1], dtype)
    assert column.kind == "number"
    same_numbers(column.values, [3, NAN, 1])


@pytest.mark.parametrize(
    "value",
    [
        7,
        7.0,
        np.int8(7),
        np.float32(7),
        decimal.Decimal(7),
        fractions.Fraction(7),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("missing", [None, NAN, pd.NA, pd.NaT], ids=str)
def test_numbers_of_any_kind_may_stand_in_an_object_column(value, missing):
    column = read([value, missing, 1.5], object)
    assert column.kind == "number"
    same_numbers(column.values, [7, NAN, 1.5])


def test_decimals_of_arrow_are_numbers():
    pa = pytest.importorskip("pyarrow")
    values = [decimal.Decimal("1.5"), None]
    column = read(values, pd.ArrowDtype(pa.decimal128(5, 2)))
    same_numbers(column.values, [1.5, NAN])


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, INF, -INF], "float64"),
        ([1, INF, -INF], "Float32"),
        ([1, INF, -INF], "object"),
        ([1, INF, -INF], "double[pyarrow]"),
        ([1, 10**400, fractions.Fraction(10**400)], "object"),
        ([1, decimal.Decimal("inf"), decimal.Decimal("-inf")], "object"),
        (np.array([1, "1e400", "-1e400"]).astype(np.longdouble), None),
    ],
)
def test_infinite_numbers_are_an_error_that_names_the_column_and_counts_them(values, dtype):
    message = r'`x` must be finite, not infinite in column "odd" \(2 of 3 values\): leave these'
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ArgumentError, match=message):
            read(values, dtype)


def test_an_infinite_vector_without_a_name_has_no_column_to_name():
    with pytest.raises(ArgumentError, match=r"`y` must be finite, not infinite \(1 of 2 values\)"):
        read_column("y", None, pd.Series([1.0, INF]))


# Logicals


@pytest.mark.parametrize("dtype", ["bool", "boolean", "object", "bool[pyarrow]", "Sparse[bool]"])
def test_logicals_are_0_and_1(dtype):
    column = read([True, False], dtype)
    assert column.kind == "logical"
    assert column.values.tolist() == [1, 0]


@pytest.mark.parametrize("dtype", ["boolean", "object", "bool[pyarrow]"])
def test_a_missing_logical_is_missing_and_the_others_stay(dtype):
    column = read([True, None, False], dtype)
    assert column.kind == "logical"
    same_numbers(column.values, [1, NAN, 0])


# Factors


def test_a_factor_keeps_the_order_of_its_levels_and_those_without_rows():
    column = read(pd.Categorical(["lo", "hi", None], categories=["lo", "mid", "hi"]))
    assert column.kind == "factor"
    assert column.levels == ("lo", "mid", "hi")
    same_numbers(column.values, [0, 2, NAN])


def test_an_ordered_factor_is_a_factor():
    values, levels = ["b", "a"], ["b", "a"]
    ordered = read(pd.Categorical(values, categories=levels, ordered=True))
    plain = read(pd.Categorical(values, categories=levels))
    assert (ordered.kind, ordered.levels) == (plain.kind, plain.levels) == ("factor", ("b", "a"))
    assert ordered.values.tolist() == plain.values.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("categories", "levels"),
    [
        ([1, 3], ("1", "3")),
        ([1.5, 2.0], ("1.5", "2.0")),
        ([False, True], ("FALSE", "TRUE")),
        (["ä", "日本"], ("ä", "日本")),
        ([datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)], ("2020-01-01", "2021-01-01")),
    ],
    ids=str,
)
def test_levels_are_text_and_labels_what_they_were(categories, levels):
    column = read(pd.Categorical(categories, categories=categories))
    assert column.levels == levels
    assert column.labels == tuple(categories)
    assert [type(label) for label in column.labels] == [type(value) for value in categories]


def test_intervals_are_levels_too():
    column = read(pd.cut(pd.Series([1.0, 5.0]), [0, 2, 6]))
    assert column.levels == ("(0, 2]", "(2, 6]")


def test_a_dictionary_of_arrow_is_a_factor():
    pa = pytest.importorskip("pyarrow")
    column = read(["v", None, "u"], pd.ArrowDtype(pa.dictionary(pa.int8(), pa.string())))
    assert (column.kind, column.levels) == ("factor", ("v", "u"))
    same_numbers(column.values, [0, NAN, 1])


def test_levels_that_read_alike_are_an_error():
    with pytest.raises(ArgumentError, match='several levels that read alike in column "odd"'):
        read(pd.Categorical([1, "1"]))


# Text

TEXT = ["object", "str", "string", "string[python]", "string[pyarrow]"]


@pytest.mark.parametrize("dtype", TEXT)
def test_text_is_levels_sorted_by_code_point(dtype):
    column = read(["b", "ä", None, "B", "b"], dtype)
    assert column.kind == "text"
    assert column.levels == column.labels == ("B", "b", "ä")
    same_numbers(column.values, [1, 2, NAN, 0, 1])


def test_text_of_arrow_is_text():
    pa = pytest.importorskip("pyarrow")
    for kind in (pa.string(), pa.large_string()):
        column = read(["v", None, "u"], pd.ArrowDtype(kind))
        assert (column.kind, column.levels) == ("text", ("u", "v"))


def test_text_stays_text_whatever_it_says():
    column = read(["1", "inf", "nan", "", "TRUE"], object)
    assert column.kind == "text"
    assert set(column.levels) == {"1", "inf", "nan", "", "TRUE"}
    assert not np.isnan(column.values).any()


# All missing


@pytest.mark.parametrize(
    "series",
    [
        pd.Series([None, None], dtype=object),
        pd.Series([NAN, NAN]),
        pd.Series([None, None], dtype="string"),
        pd.Series([None, None], dtype="Int64"),
        pd.Series(pd.Categorical([None, None], categories=["u"])),
        pd.Series(pd.Categorical([None, None])),
        pd.Series([], dtype=object),
        pd.Series([], dtype=float),
    ],
    ids=str,
)
def test_a_column_of_nothing_but_missing_values_is_of_no_kind(series):
    column = read_column("x", "odd", series)
    assert column.kind == "missing"
    assert len(column.values) == len(series)
    assert np.isnan(column.values).all()


def test_a_column_of_nothing_of_arrow_is_of_no_kind():
    pa = pytest.importorskip("pyarrow")
    assert read([None, None], pd.ArrowDtype(pa.null())).kind == "missing"


# Time spans


def test_time_spans_are_seconds_in_whatever_unit_they_come():
    for unit in ("s", "ms", "us", "ns"):
        spans = pd.Series(pd.to_timedelta([90, None, 7200], unit="s")).dt.as_unit(unit)
        column = read_column("x", "span", spans)
        assert column.kind == "number"
        assert column.values[[0, 2]].tolist() == [90, 7200]
        assert np.isnan(column.values[1])
    arrow = pd.Series(pd.array([90, 7200], dtype="int64")).astype("timedelta64[s]")
    assert read_column("x", "span", arrow).values.tolist() == [90, 7200]


def test_time_spans_as_an_outcome_are_an_error_that_says_what_to_do():
    spans = pd.Series(pd.to_timedelta([90, 7200], unit="s"))
    with pytest.raises(ArgumentError, match=r"time spans in column .* \(`.dt.total_seconds"):
        read_column("y", "span", spans, outcome=True)


def test_dates_are_an_error_that_says_what_to_do():
    with pytest.raises(
        ArgumentError, match=r"dates in column \"day\" \(convert them to numbers: `.dt.month`"
    ):
        read_column("x", "day", pd.Series(pd.to_datetime(["2020-01-01"])))


# Anything else


@pytest.mark.parametrize(
    ("values", "received"),
    [
        (pd.to_datetime(["2020-01-01", None]), "dates"),
        (pd.to_datetime(["2020-01-01"]).tz_localize("UTC"), "dates"),
        (pd.period_range("2020", periods=2), r"period\[.*\] values"),
        ([1 + 2j, 3j], "complex128 values"),
        ([datetime.date(2020, 1, 1)], "dates"),
        (pd.Series([1, "u"], dtype=object), "text and numbers"),
        (pd.Series([1, True], dtype=object), "objects of .*"),
        (pd.Series(["u", True], dtype=object), "objects of .*"),
        (pd.Series([b"u"], dtype=object), "objects of .*"),
        ([[1, 2], [3, 4]], "lists"),
        ([{"a": 1}], "dictionaries"),
        ([decimal.Decimal("sNaN"), None], "a signalling NaN"),
    ],
    ids=str,
)
def test_what_is_no_column_is_an_error_naming_kind_and_column(values, received):
    expected = "^`x` must be numbers, logicals, factors or text"
    message = rf'{expected}, not {received} in column "odd"( \(.*\))?\.$'
    with pytest.raises(ArgumentError, match=message):
        read(values)


@pytest.mark.parametrize(
    ("value", "name"),
    [(True, "TRUE"), (np.bool_(False), "FALSE"), (3, "3"), (1.5, "1.5"), ("ü", "ü")],
)
def test_a_level_is_named_as_r_names_it(value, name):
    assert level_name(value) == name


def test_logicals_that_are_all_missing_tell_no_kind():
    column = read_column("x", "a", pd.Series([None, None], dtype="boolean"))
    assert column.kind == "missing"


@pytest.mark.parametrize("kind", ["text", "factor"])
@pytest.mark.parametrize("rows", [3, 9000])
def test_codes_of_no_levels_are_a_column_of_nothing(kind, rows):
    column = read_column("x", "a", CodedColumn(kind, np.full(rows, np.nan), ()))
    assert column.kind == "missing"
    assert np.isnan(column.values).all()

"""Checks of single arguments."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from pytwolayer import checks
from pytwolayer.errors import ArgumentError, DeviceError, PytwolayerError

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    "value",
    [500, 500.0, np.int64(500), np.int32(500), np.uint8(200), np.float64(500), np.float32(500)],
)
def test_a_whole_number_of_any_type_is_a_count(value):
    counted = checks.count("steps", value)
    assert counted == value
    assert type(counted) is int


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (500.5, "500.5"),
        (0, "0"),
        (0.0, "0"),
        (-1, "-1"),
        (-2.0, "-2"),
        (NAN, "nan"),
        (INF, "inf"),
        (-INF, "-inf"),
        (True, "True"),
        (False, "False"),
        ("3", '"3"'),
        (None, "None"),
        ([3], r"\[3\] \(a list\)"),
        (b"3", r"b'3' \(a bytes\)"),
        (3 + 0j, r"\(3\+0j\) \(a complex\)"),
        (Decimal(3), r"Decimal\('3'\) \(a Decimal\)"),
        (np.bool_(True), ".*True.*"),
        (np.array([3, 4]), r"array\(\[3, 4\]\) \(a ndarray\)"),
        (list(range(100)), "a list"),
    ],
    ids=repr,
)
def test_what_is_no_count_is_an_error_naming_argument_expectation_and_what_came(value, shown):
    message = rf"^`steps` must be a whole number of at least 1, not {shown}\.$"
    with pytest.raises(ArgumentError, match=message):
        checks.count("steps", value)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(np.int64(0), "0"), (np.float64(0.5), "0.5"), (np.float32("nan"), "nan")],
    ids=repr,
)
def test_numpys_numbers_are_shown_as_numbers(value, shown):
    with pytest.raises(ArgumentError, match=rf"not {shown}\.$"):
        checks.count("steps", value)


@pytest.mark.parametrize(
    "value", [1e300, 2**1100, -(10.0**250)], ids=["1e300", "2**1100", "-1e250"]
)
def test_a_huge_number_out_of_range_is_shown_as_a_number(value):
    with pytest.raises(ArgumentError, match=r"from 0 to \d+, not .*\d") as caught:
        checks.seed("seed", value)
    assert len(str(caught.value)) < 200


def test_a_count_has_bounds_where_they_are_given():
    assert checks.count("n", 5, minimum=5, maximum=6) == 5
    assert checks.count("n", 6, minimum=5, maximum=6) == 6
    for value in (4, 7):
        with pytest.raises(
            ArgumentError, match=f"`n` must be a whole number from 5 to 6, not {value}"
        ):
            checks.count("n", value, minimum=5, maximum=6)


def test_a_seed_is_from_zero_to_the_largest_whole_number_that_r_holds():
    assert checks.seed("seed", 0) == 0
    assert checks.seed("seed", 2.0**53) == 2**53
    for value in (-1, 2**53 + 1):
        with pytest.raises(ArgumentError, match="`seed` must be"):
            checks.seed("seed", value)


@pytest.mark.parametrize(
    "value", [1, 1e-320, 0.5, np.float32(0.5), np.int64(2), Fraction(1, 2), 1e308]
)
def test_a_finite_number_above_zero_is_positive(value):
    checked = checks.positive("learning_rate", value)
    assert checked == value
    assert type(checked) is float


@pytest.mark.parametrize("value", [0, 0.0, -0.0, -1, NAN, INF, -INF, True, "0.1", None, [0.1], 1j])
def test_what_is_not_positive_is_an_error(value):
    with pytest.raises(ArgumentError, match=r"^`rate` must be a finite number above 0, not "):
        checks.positive("rate", value)


def test_a_number_too_large_for_a_double_is_not_finite():
    with pytest.raises(ArgumentError, match="`rate` must be a finite number above 0"):
        checks.positive("rate", 10**400)


def test_a_name_is_one_of_the_choices():
    assert checks.one_of("loss", "mse", ["mse", "mae"]) == "mse"


@pytest.mark.parametrize("value", ["MSE", "", "x", None, 1, ["mse"], {"mse"}, True])
def test_another_name_is_an_error_that_lists_them(value):
    with pytest.raises(ArgumentError, match=r'^`loss` must be one of "mse", "mae", not '):
        checks.one_of("loss", value, ["mse", "mae"])


def test_a_name_nearly_right_is_suggested():
    with pytest.raises(ArgumentError, match=r'not "sigmiod" \(did you mean "sigmoid"\?\)\.$'):
        checks.one_of("activation", "sigmiod", ["relu", "sigmoid"])
    with pytest.raises(ArgumentError, match=r'not "quite else"\.$'):
        checks.one_of("activation", "quite else", ["relu", "sigmoid"])


def test_an_error_carries_its_parts_and_is_a_value_error():
    with pytest.raises(ValueError, match="`steps`") as caught:
        checks.count("steps", 0)
    error = caught.value
    assert isinstance(error, PytwolayerError)
    assert (error.argument, error.received) == ("steps", "0")
    assert error.expected == "a whole number of at least 1"


def test_errors_survive_pickling():
    import pickle

    error = DeviceError("device", "this", "that")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (DeviceError, str(error))

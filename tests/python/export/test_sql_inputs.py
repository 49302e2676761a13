"""Where an input's range and its limits are, to the last bit."""

import math

import numpy as np
import pytest

from pytwolayer.export.sql_inputs import (
    are_logicals,
    common_range,
    last_where,
    number_inputs,
)
from pytwolayer.preprocessing.piecewise import PiecewiseCoding
from pytwolayer.preprocessing.standardize import NumberCoding, write_standardized
from pytwolayer.preprocessing.table import read_table

LARGEST = float(np.finfo(np.float64).max)


@pytest.mark.parametrize("edge", [-LARGEST, -1e-320, -0.0, 0.0, 5e-324, 1.5, 1e300, LARGEST])
def test_the_last_number_for_which_a_condition_holds_is_found_exactly(edge):
    assert last_where(lambda x: x <= edge, -LARGEST) == edge


CODINGS = [
    NumberCoding(3.0, 2.0, None),
    NumberCoding(3.0, 2.0, 1.5),
    NumberCoding(-1e8, 1e-3, 5.0),
    NumberCoding(7.0, 0.0, 5.0),
    PiecewiseCoding((0.0, 1.0, 4.0, 9.0), (0.4, 0.3, 0.2), (0.2, 0.3, 0.0), None),
    PiecewiseCoding((0.0, 1.0, 4.0), (0.4, 0.3), (0.2, 0.3), 1.2),
]


@pytest.mark.parametrize("coding", CODINGS)
def test_inputs_are_those_of_the_core(coding):
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(3, 5, 300), [0, 1, 4, 9, 1e30, -1e30, 1e-320, -1e8]])
    columns = read_table("x", values[:, None]).columns
    expected = np.empty((len(values), coding.width), dtype=np.float32)
    write_standardized([coding], columns, expected)
    found = [[one(x) for one in number_inputs(coding)] for x in values]
    assert np.array_equal(np.array(found, dtype=np.float32), expected)


@pytest.mark.parametrize("coding", CODINGS)
def test_beyond_the_range_an_input_is_not_finite(coding):
    inputs = number_inputs(coding)
    low, high = common_range(inputs)
    assert all(np.isfinite(one(x)) for one in inputs for x in (low, high))
    for end, more in ((low, -np.inf), (high, np.inf)):
        beyond = math.nextafter(end, more)
        assert not np.isfinite(beyond) or not all(np.isfinite(one(beyond)) for one in inputs)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_columns_that_may_have_been_logicals_are_known(share):
    assert are_logicals(NumberCoding(share, float(np.sqrt(share * (1 - share))), 5.0))
    assert not are_logicals(NumberCoding(share, 0.7, 5.0))

"""The errors and warnings: what they say, what they keep, whose they are."""

import pickle

import pytest

from pytwolayer import ArgumentError, DeviceError, PytwolayerError, errors
from pytwolayer.errors import DivergenceError, PytwolayerWarning

ERRORS = {
    "argument": ArgumentError("epochs", "a whole number", "0"),
    "device": DeviceError("device", "a device of this machine", '"cuda"'),
    "divergence": DivergenceError(7, "the fit"),
}


def test_an_argument_error_says_what_was_expected_and_what_came():
    error = ERRORS["argument"]
    assert str(error) == "`epochs` must be a whole number, not 0."
    assert (error.argument, error.expected, error.received) == ("epochs", "a whole number", "0")
    assert isinstance(error, ValueError)


def test_the_error_of_a_run_has_the_epoch_and_the_fit_and_says_so():
    assert ERRORS["divergence"].epoch == 7
    assert ERRORS["divergence"].fit == "the fit"
    assert "The error's `fit` has the" in str(ERRORS["divergence"])


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_every_error_is_one_of_ours_and_survives_a_pickle(error):
    assert isinstance(error, PytwolayerError)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def test_every_warning_is_one_of_ours():
    warnings = [cls for name, cls in vars(errors).items() if name.endswith("Warning")]
    assert len(warnings) == 4
    assert all(issubclass(cls, PytwolayerWarning) for cls in warnings)
    assert issubclass(PytwolayerWarning, UserWarning)

"""The errors and warnings: what they say, what they keep, whose they are."""

import math
import pickle

import pytest

from pytwolayer import (
    ArgumentError,
    DeviceError,
    DeviceMemoryError,
    PytwolayerError,
    errors,
)
from pytwolayer.checks import describe
from pytwolayer.errors import (
    DivergenceError,
    PytwolayerWarning,
    TemporaryFolderError,
    Text,
    Vocabulary,
    WorkerError,
    named_as,
)

ERRORS = {
    "argument": ArgumentError("epochs", "a whole number", "0"),
    "device": DeviceError("device", "a device of this machine", '"cuda"'),
    "memory": DeviceMemoryError("cuda:0", 20 * 2**30, "9 rows", "Use fewer rows"),
    "divergence": DivergenceError(7, "the fit"),
    "temporary folder": TemporaryFolderError("to write to", '"/proc": Read-only file system'),
    "worker": WorkerError(1, "here", "was killed", "its output"),
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


def test_an_error_about_memory_says_how_much_was_needed_and_what_to_change():
    error = ERRORS["memory"]
    assert str(error) == ("Out of memory on cuda:0: 20 GiB more needed for 9 rows. Use fewer rows.")
    assert (error.device, error.needed, error.fit) == ("cuda:0", 20 * 2**30, None)
    assert isinstance(error, MemoryError)
    assert str(DeviceMemoryError("mps", None, "it", "Do")) == "Out of memory on mps for it. Do."
    assert ": 512 bytes more" in str(DeviceMemoryError("cpu", 512, "it", "Do"))


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_every_error_is_one_of_ours_and_survives_a_pickle(error):
    assert isinstance(error, PytwolayerError)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def test_every_warning_is_one_of_ours():
    warnings = [cls for name, cls in vars(errors).items() if name.endswith("Warning")]
    assert len(warnings) == 11
    assert all(issubclass(cls, PytwolayerWarning) for cls in warnings)
    assert issubclass(PytwolayerWarning, UserWarning)


def test_a_text_is_in_pythons_words_and_can_be_put_in_others():
    text = Text("{} or {}, as long as `x` is", True, None)
    assert text == "True or None, as long as `x` is"
    words = Vocabulary({"x": "data"}, {"True": "TRUE", "None": "NULL"})
    assert words.translate(text) == "TRUE or NULL, as long as `data` is"
    assert words.translate('"True" of `y`') == '"True" of `y`'
    assert words.translate(pickle.loads(pickle.dumps(text))) == words.translate(text)


def test_names_are_exchanged_at_once_and_what_is_the_users_stays():
    words = Vocabulary({"x": "y", "y": "x"}, {"nan": "NaN"})
    problem = ArgumentError("x", "as long as `y`", "one with `x` and nan").translated(words)
    assert str(problem) == "`y` must be as long as `x`, not one with `x` and nan."
    other = DeviceError("x", "a device", describe(math.nan)).translated(words)
    assert isinstance(other, DeviceError)
    assert other.received == "NaN"


def test_errors_inside_have_other_names_for_some_arguments_alone():
    renamed = pytest.raises(ArgumentError, match="`outcome` must be long, not short")
    with renamed, named_as({"y": "outcome"}):
        raise ArgumentError("y", "long", "short")
    problem = ArgumentError("x", "as long as `y`", "short")
    with pytest.raises(ArgumentError) as raised, named_as({"y": "outcome"}):
        raise problem
    assert raised.value is problem

"""The truth of measures and scores is an outcome of the fit's kind, or an error."""

import numpy as np
import pandas as pd
import pytest

import pytwolayer
from pytwolayer import ArgumentError
from pytwolayer.errors import UnseenLevelWarning

ROWS = 60
COUNTS = np.arange(ROWS) % 5
X = pd.DataFrame({"a": np.sin(np.arange(ROWS)), "b": np.arange(ROWS) % 7.0})
LABELS = np.column_stack([COUNTS > 2, COUNTS < 1]).astype(int)
WORDS = np.where(COUNTS > 2, "high", "low")


def fitted(y, loss="auto", **more):
    return pytwolayer.two_layer(X, y, loss=loss, hidden_units=2, epochs=2, seed=1, **more)


def several(y):
    return fitted(y, n_models=2, bootstrap=True)


@pytest.mark.parametrize("fitting", [fitted, several])
@pytest.mark.parametrize(
    ("trained", "truth", "message"),
    [
        (COUNTS, COUNTS.astype(str), "`y` must be numbers, as in training, not text"),
        (COUNTS, pd.Categorical(COUNTS), "`y` must be numbers, as in training, not a factor"),
        (COUNTS, LABELS, "`y` must be 1 column, as in training, not 2 columns"),
        (LABELS, COUNTS, "`y` must be 2 columns, as in training, not 1 column"),
        (WORDS, COUNTS, "`y` must be classes, as in training, not numbers"),
        (WORDS, COUNTS > 2, "`y` must be classes, as in training, not logicals"),
        (COUNTS > 2, COUNTS / 4, "`y` must be classes, as in training, not numbers"),
    ],
)
def test_a_truth_of_another_kind_is_refused(trained, truth, message, fitting):
    fit = fitting(trained)
    for measure in (fit.importance, fit.score):
        with pytest.raises(ArgumentError, match=message):
            measure(X, truth)


def test_trials_are_measured_by_successes_and_failures():
    fit = fitted(np.column_stack([COUNTS, 5 - COUNTS]), "binomial")
    message = "2 columns of successes and failures, as in training, not 1 column"
    for measure in (fit.importance, fit.score):
        with pytest.raises(ArgumentError, match=message):
            measure(X, COUNTS / 5)


@pytest.mark.parametrize(
    ("loss", "trained", "truth", "message"),
    [
        ("poisson", COUNTS, COUNTS - 3, "at least 0 for the Poisson loss, not -3"),
        ("gamma", COUNTS + 1.0, COUNTS, "above 0 for the gamma loss, not 0"),
        ("negative_binomial", COUNTS, COUNTS + 0.5, "whole numbers .*, not 0.5"),
        ("binomial", COUNTS / 4, COUNTS, "shares from 0 to 1, .*, not 2 .*row 3"),
        ("binary_cross_entropy", LABELS, 2 * LABELS, "0 or 1 for the loss .*, not 2"),
    ],
)
def test_importance_refuses_what_the_loss_is_not_for(loss, trained, truth, message):
    fit = fitted(trained, loss)
    with pytest.raises(ArgumentError, match=message):
        fit.importance(X, truth)
    if fit.outcome.logit:
        with pytest.raises(ArgumentError, match=message):
            fit.score(X, truth)


@pytest.mark.parametrize("fitting", [fitted, several])
def test_rows_of_unseen_classes_are_left_out_with_a_warning(fitting):
    fit = fitting(WORDS)
    truth = np.where(np.arange(ROWS) < 40, WORDS, "other")
    expected = fit.importance(X[:40], WORDS[:40], seed=1)
    with pytest.warns(UnseenLevelWarning, match='did not see: "other". Their rows are left out'):
        found = fit.importance(X, truth, seed=1)
    pd.testing.assert_frame_equal(found, expected)
    with pytest.warns(UnseenLevelWarning, match='"other"'):
        assert fit.score(X, truth) == fit.score(X[:40], WORDS[:40])
    for measure in (fit.importance, fit.score):
        with (
            pytest.warns(UnseenLevelWarning),
            pytest.raises(
                ArgumentError, match="`y` must be data with a row of a class that training saw"
            ),
        ):
            measure(X, ["other"] * ROWS)


def test_logicals_may_be_0_and_1():
    fit = fitted(COUNTS > 2)
    assert fit.score(X, (COUNTS > 2).astype(int)) == fit.score(X, COUNTS > 2)
    numbers = fitted(COUNTS)
    assert numbers.score(X, COUNTS > 2) == numbers.score(X, (COUNTS > 2).astype(int))

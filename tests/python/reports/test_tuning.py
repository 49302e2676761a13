"""What a search found: in words, as a table, as an estimated error."""

import math

import numpy as np
import pytest
from tuning_samples import LOSSES, RATE, USUAL, diverged, search, with_larger_steps

from pytwolayer import ArgumentError
from pytwolayer.reports.tuning import TuningReport, format_error


def report(
    losses=None, encoding="piecewise", multiple=1.0, loss="cross_entropy", scale=None, rate=RATE
):
    losses = search() if losses is None else losses
    return TuningReport(losses, (encoding, rate, multiple * USUAL), loss, scale, USUAL)


def test_the_table_has_a_row_for_each_candidate():
    table = report().table()
    assert list(table) == [
        "encoding",
        "learning_rate",
        "weight_decay",
        "mean",
        "n",
        "std_err",
        "chosen",
    ]
    assert table["encoding"].tolist() == ["linear"] * 3 + ["piecewise"] * 2
    assert table["weight_decay"].tolist() == [m * USUAL for m in (0.1, 1, 10, 1, 3)]
    np.testing.assert_allclose(table["mean"], np.mean(LOSSES, axis=1))
    assert table["n"].tolist() == [3] * 5
    np.testing.assert_allclose(table["std_err"], np.std(LOSSES, axis=1, ddof=1) / math.sqrt(3))
    assert table["chosen"].tolist() == [False, False, False, True, False]


def test_one_fold_has_no_standard_error():
    table = report(search(folds=1)).table()
    assert table["n"].tolist() == [1] * 5
    assert table["mean"].tolist() == [own[0] for own in LOSSES]
    assert table["std_err"].isna().all()


def test_a_candidate_that_diverged_has_an_infinite_loss(recwarn):
    table = report(diverged()).table()
    assert np.isinf(table["mean"]).tolist() == [False, True, False, False, True]
    assert table["std_err"].isna().tolist() == [False, True, False, False, True]
    assert not recwarn.list


def test_the_estimated_error_is_the_loss_of_the_chosen_candidate():
    assert report().error() == pytest.approx(0.25)
    assert report(encoding="linear", multiple=0.1).error() == pytest.approx(0.6)


def test_of_a_squared_error_it_is_on_the_outcomes_own_scale():
    assert report(loss="mse", scale=20.0).error() == pytest.approx(0.5 * 20)


def test_without_a_search_there_is_none_and_no_table():
    none = TuningReport(None, ("linear", RATE, USUAL), "mse", 1.0, USUAL)
    assert none.error() is None
    assert none.words() == ""
    for asked in (none.table, lambda: none.plot(None)):
        with pytest.raises(ArgumentError, match="`fit` must be one that searched"):
            asked()


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (
            report(),
            "weight decay 0.05, piecewise encoding: of 5 candidates in 3 folds; "
            "estimated error 0.25 (log loss)",
        ),
        (
            report(search(folds=1, encodings=["linear"]), "linear", 10, "mse", 3000.0),
            "weight decay 0.5: of 3 candidates in 1 fold; estimated error 2846 (RMSE)",
        ),
        (
            report(encoding="linear", multiple=0.1, loss="mae"),
            "weight decay 0.005, linear encoding: of 5 candidates in 3 folds; "
            "estimated error 0.6 (mae)",
        ),
        (
            report(diverged(), multiple=3),
            "weight decay 0.15, piecewise encoding: of 5 candidates in 3 folds; "
            "estimated error infinite (log loss)",
        ),
        (
            report(with_larger_steps(), multiple=0.1, rate=3 * RATE),
            "weight decay 0.005, learning rate 0.15, piecewise encoding: of 7 candidates in 3 folds"
            "; estimated error 0.1333 (log loss)",
        ),
    ],
    ids=["classes", "numbers", "another loss", "diverged", "larger steps"],
)
def test_the_words(made, words):
    assert made.words() == words


def test_a_fit_of_other_settings_has_no_estimate():
    assert report(multiple=2).error() is None
    assert report(multiple=2).words() == ""
    assert not report(multiple=2).table()["chosen"].any()


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (0.0123456, "0.01235"),
        (12.0, "12"),
        (999.94, "999.9"),
        (54321.7, "54322"),
        (2e12, "2e+12"),
        (1.5e-7, "1.5e-07"),
        (math.inf, "infinite"),
    ],
)
def test_errors_have_four_digits_and_thousands_are_whole(error, text):
    assert format_error(error) == text

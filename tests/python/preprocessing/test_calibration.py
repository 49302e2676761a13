"""The scores that a fit keeps, and the intervals that they give."""

import math
import warnings

import numpy as np
import pytest

from pytwolayer import two_layer
from pytwolayer.errors import ArgumentError, DivergenceError, PytwolayerWarning
from pytwolayer.preprocessing.calibration import (
    HELD_OUT,
    MOST_ROWS,
    MOST_SCORES,
    Calibration,
    bases,
    interval,
    read_calibration,
    refuse_without_intervals,
    scored_bases,
    scores_of,
    spaced_rows,
    typical_sd,
)
from pytwolayer.preprocessing.outcome import Classes, Numbers
from pytwolayer.runtime.torch_loading import torch

DRAW = np.random.default_rng(1)
PLAIN = Numbers(None, (0.0,), (1.0,), False, True)
COUNTS = Numbers(None, (0.0,), (1.0,), True, True)
QUANTILES = Numbers(None, (0.0,), (1.0,), False, True, quantile_levels=(0.1, 0.25, 0.5, 0.75, 0.9))


def kept(scores, weights=None):
    return Calibration.of(HELD_OUT, np.asarray(scores, dtype=float)[:, None], weights)


@pytest.mark.parametrize(
    ("number", "level", "rank"), [(9, 0.9, 9), (19, 0.9, 18), (19, 0.95, 19), (100, 0.9, 91)]
)
def test_the_rank_has_the_correction_for_few_rows(number, level, rank):
    assert kept(DRAW.permutation(number) + 1).score(0, level) == rank


def test_a_level_for_which_there_are_too_few_rows_is_infinite_and_says_how_many_it_takes():
    with pytest.warns(PytwolayerWarning, match="0.95 takes 19 rows or more .* there were 18"):
        assert kept(range(18)).score(0, 0.95) == math.inf


def test_of_many_scores_those_kept_hold_no_less_than_all_would():
    scores = np.arange(1.0, 12_346)
    calibration = kept(scores)
    assert len(calibration.scores[0]) == MOST_SCORES
    assert calibration.rows == 12_345
    for level in (0.01, 0.5, 0.8, 0.9, 0.95, 0.99):
        exact = math.ceil((len(scores) + 1) * level - 1e-9)
        assert exact <= calibration.score(0, level) <= exact + 13


def test_equal_weights_and_frequencies_give_what_rows_give():
    scores = DRAW.permutation(50)
    assert kept(scores, np.full(50, 3.7)) == kept(scores)
    heavy = kept(scores, np.where(scores >= 25, 9.0, 1.0))
    assert heavy.score(0, 0.5) > kept(scores).score(0, 0.5)
    zero = np.where(scores >= 40, 0.0, 1.0)
    assert kept(scores, zero) == kept(scores[scores < 40])


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_new_rows_drawn_by_their_weights_are_held_as_often_as_wanted(level):
    draw, found = np.random.default_rng(5), []
    for _ in range(400):
        weights = draw.uniform(0.1, 2, size=60)
        calibration = kept(np.abs(draw.normal(size=60)) * weights, weights)
        drawn = draw.choice(weights, size=50, p=weights / weights.sum())
        new = np.abs(draw.normal(size=50)) * drawn
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PytwolayerWarning)
            found.append(np.mean(new <= calibration.score(0, level)))
    assert level - 0.02 < np.mean(found) < level + 0.04


def test_rows_without_a_prediction_have_no_score():
    assert kept([1.0, np.nan, 3.0]).rows == 2
    assert kept([np.nan]) is None


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_row_that_a_network_is_too_far_off_from_has_an_infinite_score(value):
    output = torch.tensor([[0.5], [value], [-0.5]], dtype=torch.float64)
    base = scored_bases(PLAIN, output)
    scores = scores_of(np.zeros((3, 1)), base, "mse")
    assert np.isposinf(scores[:, 0]).tolist() == [False, True, False]
    np.testing.assert_array_equal(base[:, [0, 2]], bases(PLAIN, output[[0, 2]]))


def test_a_tuned_fit_that_diverges_is_told_as_such():
    x = DRAW.normal(size=(60, 2))
    with pytest.raises(DivergenceError):
        two_layer(x, x[:, 0], epochs=50, optimizer="sgd", learning_rate=1e20, seed=1)


def test_few_rows_are_all_scored_and_of_many_some_evenly_spaced():
    np.testing.assert_array_equal(spaced_rows(5), range(5))
    spaced = spaced_rows(10 * MOST_ROWS)
    assert (len(spaced), spaced[0], spaced[-1]) == (MOST_ROWS, 0, 10 * MOST_ROWS - 1)
    assert np.diff(spaced).min() >= 10


def test_an_interval_is_as_far_from_its_base_as_the_score_says():
    output, truth = torch.randn(40, 1, dtype=torch.float64), DRAW.normal(size=(40, 1))
    base = bases(PLAIN, output)
    scores = scores_of(truth, base, "mse")
    np.testing.assert_allclose(scores, np.abs(truth - output.numpy()))
    lower, upper = interval(kept(scores[:, 0]), PLAIN, base, "mse", 0.8)
    width = np.sort(scores[:, 0])[math.ceil(41 * 0.8) - 1]
    np.testing.assert_allclose(lower, output.numpy() - width)
    np.testing.assert_allclose(upper, output.numpy() + width)


@pytest.mark.parametrize(("loss", "power"), [("poisson", 0.5), ("gamma", 1.0)])
def test_where_the_link_is_a_logarithm_intervals_widen_with_the_prediction(loss, power):
    base = bases(COUNTS, torch.tensor([[0.0], [4.0]], dtype=torch.float64))
    lower, upper = interval(kept([0.1, 0.2, 0.3]), COUNTS, base, loss, 0.5)
    np.testing.assert_allclose(upper - base[1], 0.2 * base[0] ** power)
    assert (lower >= 0).all()
    wide = interval(kept([9.0]), COUNTS, base, loss, 0.5)
    assert wide[0, 0, 0] == 0


SPREAD = Numbers(None, (1.0,), (2.0,), False, True, sd=True)
THETA = Numbers(None, (0.0,), (1.0,), True, True, theta=True)


def test_where_the_standard_deviation_is_predicted_it_is_the_unit():
    output = torch.tensor([[0.5, 0.0], [-1.0, 1.5]], dtype=torch.float64)
    base = bases(SPREAD, output)
    sd = 2 * np.exp([[0.0], [1.5]])
    np.testing.assert_allclose(base, [[[2], [-1]], [[2], [-1]], sd])
    scores = scores_of(np.array([[5.0], [5.0]]), base, "normal")
    np.testing.assert_allclose(scores, [[3], [6]] / sd)
    calibration = Calibration.of(HELD_OUT, scores, loss="normal")
    assert calibration.unit == "sd"
    assert read_calibration(calibration.plain()) == calibration
    lower, upper = interval(calibration, SPREAD, base, "normal", 0.3)
    np.testing.assert_allclose(upper - base[0], sd * scores.min())
    np.testing.assert_allclose(lower, base[0] - sd * scores.min())


def test_scores_of_a_search_are_relative_to_its_networks_until_the_last_one_is_there():
    sds, weights = np.array([[1.0], [4.0], [np.inf]]), np.array([1.0, 1.0, 5.0])
    assert typical_sd(sds, None) == typical_sd(sds, weights) == pytest.approx(2)
    assert typical_sd(sds, np.array([1.0, 3.0, 1.0])) == pytest.approx(2 * np.sqrt(2))
    assert typical_sd(sds[2:], None) == 1
    found = Calibration.of_search(np.array([[0.5], [1.5], [np.inf]]), sds, None)
    assert (found.scores[0], found.unit) == (pytest.approx((1, 3, np.inf)), "relative sd")
    assert read_calibration(found.plain()) == found
    last = found.in_sds(np.array([0.5]))
    assert (last.scores[0], last.unit, last.rows) == (pytest.approx((2, 6, np.inf)), "sd", 3)
    assert Calibration.of_search(np.array([[0.5]]), None, None).unit is None


def test_counts_with_a_predicted_spread_have_whole_ends_and_the_row_of_a_score_at_one():
    output = torch.tensor([[0.7, 0.2], [-2.0, 0.2], [3.0, 0.2]], dtype=torch.float64)
    base = bases(THETA, output)
    mean = np.exp(output.numpy()[:, :1])
    np.testing.assert_allclose(base[2], np.sqrt(mean + mean**2 / np.exp(0.2)))
    truth = np.array([[7.0], [0.0], [15.0]])
    scores = scores_of(truth, base, "negative_binomial")
    np.testing.assert_allclose(scores, np.abs(truth - mean) / base[2])
    for row in range(3):
        for digit in (1 - 1e-7, 1, 1 + 1e-7):  # the last digits of another engine
            own = Calibration.of(HELD_OUT, scores[[row]] * digit, loss="negative_binomial")
            ends = interval(own, THETA, base, "negative_binomial", 0.5)
            assert truth[row, 0] in ends[:, row, 0]
            assert (ends == np.rint(ends)).all()
            assert (ends >= 0).all()
            assert (ends[0] <= ends[1]).all()
    narrow = Calibration.of(HELD_OUT, np.array([[0.01]]), loss="negative_binomial")
    ends = interval(narrow, THETA, base, "negative_binomial", 0.5)
    np.testing.assert_array_equal(ends, [np.rint(mean)] * 2)


@pytest.mark.parametrize(
    ("outcome", "loss"), [(SPREAD, "normal"), (THETA, "negative_binomial"), (THETA, "poisson")]
)
def test_a_calibration_without_a_unit_is_of_absolute_residuals_as_in_files_of_before(outcome, loss):
    base = bases(outcome, torch.tensor([[0.5, 0.0], [1.0, 1.5]], dtype=torch.float64))
    old = read_calibration({"kind": "folds", "rows": 1, "scores": [[0.25]]})
    assert old.unit is None
    unit = np.sqrt(base[0]) if loss == "poisson" else 1
    lower, upper = interval(old, outcome, base, loss, 0.5)
    np.testing.assert_array_equal(upper, base[1] + 0.25 * unit)
    np.testing.assert_array_equal(lower, base[0] - 0.25 * unit)


def test_quantiles_are_widened_or_narrowed_by_the_pair_of_the_level():
    output = torch.tensor([[0.0, 2.0, 3.0, 4.0, 9.0], [9.0, 4.0, 3.0, 2.0, 0.0]])
    base = bases(QUANTILES, output)
    assert base[:, 0].tolist() == base[:, 1].tolist() == [[0, 2, 3], [9, 4, 3]]
    truth = np.array([[10.0], [3.0]])
    np.testing.assert_array_equal(scores_of(truth, base, "quantile"), [[1, 6, 7], [-3, -1, 0]])
    scores = np.array([[1.0, -0.5, -9.0]])
    calibration = Calibration.of(HELD_OUT, scores)
    for level, ends in ((0.45, (2.5, 3.5)), (0.4, (2.5, 3.5)), (0.1, (3.0, 3.0))):
        lower, upper = interval(calibration, QUANTILES, base, "quantile", level)
        assert (lower[0, 0], upper[0, 0]) == ends
    with pytest.warns(PytwolayerWarning, match="infinite"):
        interval(calibration, QUANTILES, base, "quantile", 0.8)


def test_what_has_no_intervals_is_refused_in_one_sentence():
    calibration = kept([1.0])
    refuse_without_intervals(PLAIN, calibration, has_offset=True)
    with pytest.raises(ArgumentError, match="prediction intervals are of numbers"):
        refuse_without_intervals(Classes(None, ("a", "b")), calibration, has_offset=False)
    with pytest.raises(ArgumentError, match="has an offset"):
        refuse_without_intervals(COUNTS, calibration, has_offset=True)
    with pytest.raises(ArgumentError, match=r"`validation` = 0\.2"):
        refuse_without_intervals(PLAIN, None, has_offset=False)


def test_text_and_numbers_keep_all_of_it():
    calibration = Calibration.of(HELD_OUT, np.array([[1.0, 2.0], [0.5, np.inf]]))
    assert read_calibration(calibration.plain()) == calibration
    assert calibration.plain()["scores"] == [[0.5, 1.0], [2.0, None]]


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "other"},
        {"rows": 1},
        {"rows": "2"},
        {"scores": []},
        {"scores": [[1.0], [1.0, 2.0]]},
        {"scores": [[2.0, 1.0]]},
        {"scores": [[True, 2.0]]},
        {"more": 1},
        {"unit": "root"},
        {"unit": 1},
    ],
    ids=str,
)
def test_what_is_no_calibration_is_refused(change):
    saved = kept([1.0, 2.0]).plain() | change
    with pytest.raises((ValueError, TypeError)):
        read_calibration(saved)

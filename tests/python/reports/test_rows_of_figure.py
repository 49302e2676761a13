"""The rows of a figure: which are shown, what is said of them, and their groups."""

import numpy as np
import pytest

from pytwolayer.reports.rows_of_figure import ComparedRows, equal_groups, spread_evenly


def rows_of(observed, predicted, weights=None, **more):
    table = [np.asarray(side, dtype=float).reshape(len(side), -1) for side in (observed, predicted)]
    weights = None if weights is None else np.asarray(weights, dtype=float)
    names = [f"y{number + 1}" for number in range(table[0].shape[1])]
    return ComparedRows(*table, weights, names, **more)


def test_rows_without_a_value_or_a_weight_are_left_out():
    rows = rows_of([1, np.nan, 3, 4], [1, 2, np.nan, 4], [1, 1, 1, 0]).known
    assert rows.observed.tolist() == [[1]]
    assert rows.weights.tolist() == [1]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (rows_of([1.0], [1.0]), "1 row"),
        (rows_of(range(1000), range(1000)), "1,000 rows"),
        (rows_of([1, 2], [1, 2], are_of_training=True), "2 training rows"),
        (rows_of([1, 2], [1, 2], [1, 2]), "2 rows, weighted"),
        (rows_of([1, 2], [1, 2], [10, 20], trials=True), "2 rows"),
    ],
)
def test_the_words_say_how_many_rows_of_which_kind(rows, words):
    assert rows.words == words


def test_weights_are_one_on_average_but_numbers_of_trials():
    assert rows_of([1, 2], [1, 2], [10, 30]).own_weights.tolist() == [0.5, 1.5]
    assert rows_of([1, 2], [1, 2], [10, 30], trials=True).own_weights.tolist() == [10, 30]


def test_groups_are_of_about_the_same_weight_and_never_divide_equal_values():
    assert equal_groups(np.arange(6.0), np.ones(6), 3).tolist() == [0, 0, 1, 1, 2, 2]
    assert equal_groups(np.array([5.0, 5, 5, 5, 9, 1]), np.ones(6), 3).tolist() == [
        1,
        1,
        1,
        1,
        2,
        0,
    ]
    assert equal_groups(np.arange(4.0), np.array([3.0, 1, 1, 1]), 2).tolist() == [0, 1, 1, 1]
    assert equal_groups(np.zeros(4), np.ones(4), 3).tolist() == [0, 0, 0, 0]


def test_rows_are_chosen_evenly():
    assert spread_evenly(3, 5).tolist() == [0, 1, 2]
    assert spread_evenly(101, 3).tolist() == [0, 50, 100]

"""Folds: as many held-out rows each, alike in their outcome, none twice."""

import numpy as np
import pytest

from pytwolayer.preprocessing.folds import draw_folds
from pytwolayer.preprocessing.reading import read_training_data
from pytwolayer.runtime.random import cpu_generator


def folds_of(y, folds=3, seed=1):
    x = np.arange(len(y), dtype=float)
    return draw_folds(read_training_data(x[:, None], y, None), folds, cpu_generator(seed))


@pytest.mark.parametrize("rows", [30, 31, 32, 100])
def test_folds_hold_out_as_many_rows_each_and_none_twice(rows):
    masks = folds_of(np.random.default_rng(1).normal(size=rows))
    assert [mask.sum() for mask in masks] == [rows // 3] * 3
    assert np.sum(masks, axis=0).max() == 1


def test_each_fold_has_its_share_of_every_class():
    y = np.array(["a"] * 60 + ["b"] * 30 + ["c"] * 9)
    for mask in folds_of(y):
        assert [(y[mask] == name).sum() for name in "abc"] == [20, 10, 3]


def test_each_fold_has_small_and_large_numbers():
    y = np.random.default_rng(1).permutation(np.arange(90.0))
    for mask in folds_of(y):
        counts, _ = np.histogram(y[mask], bins=[0, 30, 60, 90])
        assert counts.tolist() == [10, 10, 10]


def test_the_row_of_a_class_that_has_no_other_is_never_held_out():
    y = np.array(["a"] * 20 + ["b"] * 20 + ["only"])
    for seed in range(20):
        assert not any(mask[-1] for mask in folds_of(y, seed=seed))


def test_a_class_of_two_rows_is_trained_on_in_every_fold():
    y = np.array(["a"] * 20 + ["b"] * 21 + ["two"] * 2)
    for seed in range(20):
        assert not any(mask[-2:].all() for mask in folds_of(y, seed=seed))


def test_the_seed_decides():
    y = np.random.default_rng(1).normal(size=50)
    first, again, other = (folds_of(y, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_several_outcomes_are_split_too():
    y = np.random.default_rng(1).normal(size=(31, 2))
    assert [mask.sum() for mask in folds_of(y)] == [10] * 3

"""The data of a fit: outcomes found, missing rows, weights, held-out rows."""

import warnings

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError
from pytwolayer.errors import MissingRowsWarning
from pytwolayer.preprocessing.class_weights import apply_class_weights
from pytwolayer.preprocessing.deduplicate import merge_equal_rows
from pytwolayer.preprocessing.reading import read_training_data
from pytwolayer.preprocessing.validation_split import draw_held_out
from pytwolayer.runtime.torch_loading import torch

NAN = float("nan")
FRAME = pd.DataFrame(
    {
        "a": [1.0, 2.0, NAN, 4.0, 5.0],
        "b": pd.Categorical(["u", "v", "u", None, "v"]),
        "c": ["p", "q", "p", "q", "p"],
        "y": [1.0, NAN, 3.0, 4.0, 5.0],
        "z": [10.0, 20.0, 30.0, 40.0, 50.0],
    }
)
WHOLE = FRAME[["c", "z"]]


def read(x=WHOLE, y=(1, 2, 3, 4, 5), outcome=None, **options):
    return read_training_data(x, y, outcome, **options)


def values(table):
    return [column.values.tolist() for column in table.columns]


# The outcome by name


def test_an_outcome_is_taken_out_of_the_frame_by_its_name():
    data = read(WHOLE, None, "z")
    assert data.predictors.names == ("c",)
    assert data.outcomes.names == ("z",)
    assert data.outcomes.vector
    assert values(data.outcomes) == [[10, 20, 30, 40, 50]]


@pytest.mark.parametrize("kind", [list, tuple])
def test_several_outcomes_are_taken_in_the_order_asked_for(kind):
    data = read(FRAME[["c", "z", "y"]].dropna(), None, kind(["y", "z"]))
    assert data.predictors.names == ("c",)
    assert data.outcomes.names == ("y", "z")
    assert not data.outcomes.vector


def test_a_list_of_one_outcome_is_a_table():
    assert not read(WHOLE, None, ["z"]).outcomes.vector


def test_an_outcome_by_name_is_the_same_as_the_column():
    by_name, by_hand = read(WHOLE, None, "z"), read(WHOLE[["c"]], WHOLE["z"])
    assert values(by_name.predictors) == values(by_hand.predictors)
    assert values(by_name.outcomes) == values(by_hand.outcomes)
    assert by_name.outcomes.names == by_hand.outcomes.names


def test_columns_are_found_by_their_names_as_text():
    assert read(pd.DataFrame({0: [1.0, 2.0], 1: [3.0, 4.0]}), None, "1").outcomes.names == ("1",)


@pytest.mark.parametrize(
    ("x", "outcome", "message"),
    [
        (WHOLE, "Z", '`outcome` must be names of columns of `x`, not "Z"'),
        (WHOLE, ["q", "z", "r"], '`outcome` must be names of columns of `x`, not "q", "r"'),
        (WHOLE, [], "`outcome` must be the name of a column, or several, not"),
        (WHOLE, 1, '`outcome` must be names of columns of `x`, not "1"'),
        (WHOLE, 1.5, "`outcome` must be the name of a column, or several, not 1.5"),
        (WHOLE, ["z", None], "`outcome` must be the name of a column, or several, not"),
        (WHOLE, ["z", "z"], 'names differ, not one with several columns "z"'),
        (WHOLE, ["c", "z"], "`x` must be a table of at least one row and one column"),
        (WHOLE.to_numpy(), "z", "`x` must be a data frame where `outcome` names columns"),
        (WHOLE["z"], "z", "`x` must be a data frame where `outcome` names columns"),
        (pd.concat([WHOLE, WHOLE], axis=1), "z", "`x` must be a table whose column names differ"),
    ],
    ids=range(11),
)
def test_an_outcome_that_is_not_there_is_an_error(x, outcome, message):
    with pytest.raises(ArgumentError, match=message):
        read(x, None, outcome)


def test_the_outcome_is_given_once():
    with pytest.raises(ArgumentError, match=r"`y` must be left out where `outcome` is given"):
        read(WHOLE, [1, 2, 3, 4, 5], "z")
    with pytest.raises(ArgumentError, match=r"`y` must be the outcome, .*, not missing"):
        read(WHOLE, None)


# Missing rows


def test_rows_with_a_missing_value_anywhere_are_left_out_with_a_warning_that_counts_them():
    with pytest.warns(MissingRowsWarning) as caught:
        data = read(FRAME, None, "y")
    assert str(caught[0].message) == "3 of 5 rows left out of training: values are missing."
    assert len(caught) == 1
    assert data.row_numbers.tolist() == [0, 4]
    assert (data.dropped, data.rows) == (3, 2)
    assert values(data.predictors) == [[1, 5], [0, 1], [0, 0], [10, 50]]
    assert values(data.outcomes) == [[1, 5]]


@pytest.mark.parametrize(
    "column",
    [
        [1, None, 3, 4, 5],
        [True, None, False, True, True],
        pd.array([1, None, 3, 4, 5], dtype="Int64"),
        pd.array([True, None, True, False, True], dtype="boolean"),
        ["u", None, "u", "v", "v"],
        pd.Series(["u", None, "u", "v", "v"], dtype="string"),
        pd.Categorical(["u", None, "u", "v", "v"]),
        pd.array([1.5, NAN, 2, 3, 4]),
    ],
    ids=str,
)
def test_a_missing_value_is_missing_in_every_kind_of_column(column):
    for x, y in [(WHOLE.assign(odd=column), [1, 2, 3, 4, 5]), (WHOLE, column)]:
        with pytest.warns(MissingRowsWarning, match=r"^1 of 5 rows"):
            assert read(x, y).row_numbers.tolist() == [0, 2, 3, 4]


def test_complete_rows_give_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read().dropped == 0


def test_missing_rows_can_be_refused():
    message = r'`x` must be complete with `na_action = "fail"`, not missing values in 3 of 5 rows,'
    with pytest.raises(ArgumentError, match=message):
        read(FRAME, None, "y", na_action="fail")
    assert read(na_action="fail").rows == 5


def test_an_unknown_na_action_is_an_error():
    with pytest.raises(
        ArgumentError, match='`na_action` must be one of "omit", "fail", not "drop"'
    ):
        read(na_action="drop")


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (WHOLE.assign(empty=None), [1, 2, 3, 4, 5]),
        (WHOLE, [NAN] * 5),
        (WHOLE, [None] * 5),
        (WHOLE.assign(half=[1, 2, None, None, None]), [None, None, 3, 4, 5]),
    ],
    ids=range(4),
)
def test_no_complete_row_is_an_error(x, y):
    message = "`x` must be complete in at least one row, not missing values in 5 of 5 rows"
    with pytest.raises(ArgumentError, match=message):
        read(x, y)


def test_weights_and_held_out_rows_stay_with_their_rows():
    with pytest.warns(MissingRowsWarning):
        data = read(FRAME, None, "y", weights=[1, 2, 3, 4, 5], held_out=[4, 2])
    assert data.weights.tolist() == [1, 5]
    assert data.held_out.tolist() == [False, True]


# Weights


@pytest.mark.parametrize(
    "weights",
    [
        [1, 2, 3, 4, 5],
        np.array([1, 2, 3, 4, 5]),
        np.array([[1.0], [2], [3], [4], [5]]),
        pd.Series([1, 2, 3, 4, 5]),
        torch.tensor([1, 2, 3, 4, 5]),
        range(1, 6),
    ],
    ids=lambda weights: type(weights).__name__,
)
def test_weights_come_as_any_vector(weights):
    assert read(weights=weights).weights.tolist() == [1, 2, 3, 4, 5]


def test_rows_of_weight_zero_are_rows_that_are_not_there():
    data = read(weights=[0, 1, 0, 2, 1])
    assert data.row_numbers.tolist() == [1, 3, 4]
    assert data.weights.tolist() == [1, 2, 1]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 1, 1, 1], r"as long as `x` \(5 rows\), not 4 rows long"),
        ([1] * 6, r"as long as `x` \(5 rows\), not 6 rows long"),
        ([1, 1, -1, 1, 1], "numbers of at least 0, not missing or negative in some rows"),
        ([1, 1, NAN, 1, 1], "numbers of at least 0, not missing or negative in some rows"),
        ([1, 1, None, 1, 1], "numbers of at least 0, not missing or negative in some rows"),
        ([None] * 5, "numbers of at least 0, not missing or negative in some rows"),
        ([1, 1, float("inf"), 1, 1], "finite, not infinite"),
        ([1, 1, 1e39, 1, 1], "at most 3.40282e.38, not 1e.39"),
        ([0] * 5, "above 0 in at least one row, not 0 in all rows"),
        (["u"] * 5, "numbers of at least 0, not text"),
        (np.ones((5, 2)), "a vector, not a table"),
        (3, "a table with rows and columns or a vector, not 3"),
    ],
    ids=range(12),
)
def test_weights_that_are_none_are_an_error(weights, message):
    with pytest.raises(ArgumentError, match=f"^`sample_weight` must be {message}"):
        read(weights=weights)
    with pytest.raises(ArgumentError, match=r"^`case_weights` must be"):
        read(weights=weights, weights_name="case_weights")


def test_weights_of_zero_in_all_complete_rows_are_an_error():
    with (
        pytest.warns(MissingRowsWarning),
        pytest.raises(ArgumentError, match=r"`sample_weight` must be above 0 .* complete row"),
    ):
        read(FRAME, None, "y", weights=[0, 1, 1, 1, 0])


# Weights of classes

KINDS = pd.Series(["u", "v", "v", "v", "w"])


def class_weights_of(y, class_weights, **options):
    return apply_class_weights(read(y=y, **options), class_weights).weights


def test_class_weights_multiply_the_rows_weights():
    given = {"u": 10, "v": 2.5, "w": 1}
    assert class_weights_of(KINDS, given).tolist() == [10, 2.5, 2.5, 2.5, 1]
    with_weights = class_weights_of(KINDS, given, weights=[1, 2, 3, 4, 5])
    assert with_weights.tolist() == [10, 5, 7.5, 10, 5]


def test_without_class_weights_nothing_changes():
    assert class_weights_of(KINDS, None) is None


@pytest.mark.parametrize("weights", [None, [1, 2, 3, 4, 5]])
def test_balanced_gives_every_class_the_same_sum_and_keeps_the_total(weights):
    found = class_weights_of(KINDS, "balanced", weights=weights)
    sums = [found[(name == KINDS).to_numpy()].sum() for name in ("u", "v", "w")]
    total = 5 if weights is None else 15
    assert sums == pytest.approx([total / 3] * 3)


def test_balanced_is_scikit_learns():
    from sklearn.utils.class_weight import compute_sample_weight

    expected = compute_sample_weight("balanced", KINDS)
    np.testing.assert_allclose(class_weights_of(KINDS, "balanced"), expected)


def test_balanced_counts_classes_without_rows_as_none():
    y = pd.Categorical(KINDS, categories=["q", "u", "v", "w"])
    np.testing.assert_allclose(class_weights_of(y, "balanced"), class_weights_of(KINDS, "balanced"))


@pytest.mark.parametrize(
    ("y", "given"),
    [
        ([True, False, True, True, False], {True: 2, False: 3}),
        ([True, False, True, True, False], {"TRUE": 2, "FALSE": 3}),
        (pd.Categorical([7, 5, 7, 7, 5]), {7: 2, 5: 3}),
        (pd.Categorical([7, 5, 7, 7, 5]), {"7": 2, "5": 3}),
    ],
    ids=str,
)
def test_classes_are_named_by_themselves_or_as_text(y, given):
    assert class_weights_of(y, given).tolist() == [2, 3, 2, 2, 3]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"u": 1, "v": 1}, 'a positive number for each of .* "u", "v", "w", not wrong at "w"'),
        ({"u": 1, "v": 1, "w": 1, "q": 1, "r": 2}, 'a positive number .* wrong at "q", "r"'),
        ({}, 'a positive number for each of .* wrong at "u", "v", "w"'),
        ({"u": 0, "v": 1, "w": 1}, "a finite number above 0, not 0"),
        ({"u": NAN, "v": 1, "w": 1}, "a finite number above 0, not nan"),
        ({"u": "1", "v": 1, "w": 1}, 'a finite number above 0, not "1"'),
        ("balance", '"balanced" or a positive number .*, not "balance"'),
        ([1, 2, 3], '"balanced" or a positive number .*, not'),
    ],
    ids=range(8),
)
def test_class_weights_that_are_wrong_are_an_error(given, message):
    with pytest.raises(ArgumentError, match=f"^`class_weights` must be {message}"):
        class_weights_of(KINDS, given)


@pytest.mark.parametrize("y", [[1.0, 2, 3, 4, 5], np.ones((5, 2))])
def test_class_weights_of_a_numeric_outcome_are_an_error(y):
    with pytest.raises(ArgumentError, match=r"`class_weights` must be left out for a numeric"):
        class_weights_of(y, "balanced")


# Equal rows


def test_equal_rows_become_one_and_their_weights_add_up():
    x = pd.DataFrame({"a": [2.0, 1.0, 2.0, 2.0], "b": ["u", "v", "u", "v"]})
    merged = merge_equal_rows(read(x, [5, 6, 5, 5], weights=[1, 2, 3, 4]))
    assert values(merged.predictors) == [[1, 2, 2], [1, 0, 1]]
    assert values(merged.outcomes) == [[6, 5, 5]]
    assert merged.weights.tolist() == [2, 4, 4]


def test_rows_that_differ_in_the_outcome_alone_stay_apart():
    assert merge_equal_rows(read([[1.0], [1.0]], [1, 2])).rows == 2


def test_unequal_rows_of_weight_1_need_no_weights():
    assert merge_equal_rows(read()).weights is None
    assert merge_equal_rows(read(weights=[1] * 5)).weights is None


def test_merged_rows_do_not_depend_on_the_order_they_came_in():
    x = np.random.default_rng(0).integers(0, 3, size=(50, 2)).astype(float)
    y, weights = x[:, 0], np.arange(1.0, 51)
    order = np.random.default_rng(1).permutation(50)
    one = merge_equal_rows(read(x, y, weights=weights))
    other = merge_equal_rows(read(x[order], y[order], weights=weights[order]))
    assert values(one.predictors) == values(other.predictors)
    assert values(one.outcomes) == values(other.outcomes)
    assert one.weights.tolist() == other.weights.tolist()
    assert one.rows == 9


# Held-out rows


def draw(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return lambda number: torch.randperm(number, generator=generator).numpy()


@pytest.mark.parametrize("share", [0.1, 0.2, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("rows", [10, 33, 100])
def test_a_share_of_the_rows_is_held_out(rows, share):
    mask = draw_held_out(read(np.arange(rows)[:, None], range(rows)), share, draw())
    assert mask.sum() == pytest.approx(rows * share, abs=0.5001)


@pytest.mark.parametrize("share", [0.1, 0.2, 0.25, 0.5])
def test_the_same_share_of_each_class_is_held_out(share):
    y = np.repeat(["u", "v", "w"], [80, 40, 20])
    np.random.default_rng(3).shuffle(y)
    mask = draw_held_out(read(np.arange(140)[:, None], y), share, draw())
    for name in ("u", "v", "w"):
        number = (y == name).sum()
        assert mask[y == name].sum() == pytest.approx(number * share, abs=1)
    assert mask.sum() == pytest.approx(140 * share, abs=1)


def test_logical_classes_are_held_out_alike_too():
    y = np.repeat([True, False], [80, 20])
    mask = draw_held_out(read(np.arange(100)[:, None], y), 0.25, draw())
    assert (mask[y].sum(), mask[~y].sum()) == (20, 5)


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_class_is_never_held_out_altogether(share):
    y = ["u"] * 20 + ["v"]
    for seed in range(20):
        mask = draw_held_out(read(np.arange(21)[:, None], y), share, draw(seed))
        assert not mask[20]


def test_which_rows_are_held_out_follows_the_draw():
    data = read(np.arange(100)[:, None], range(100))
    first, again, other = (draw_held_out(data, 0.3, draw(seed)) for seed in (1, 1, 2))
    assert first.tolist() == again.tolist() != other.tolist()


def test_every_row_can_be_held_out():
    data = read(np.arange(10)[:, None], ["u", "v"] * 5)
    masks = [draw_held_out(data, 0.3, draw(seed)) for seed in range(60)]
    assert np.any(masks, axis=0).all()


@pytest.mark.parametrize(("rows", "share"), [(1, 0.5), (4, 0.1), (4, 0.99), (2, 0.01)])
def test_a_share_that_leaves_a_side_empty_is_an_error(rows, share):
    message = f"`validation` must be a share that leaves rows on both sides, not {share} of {rows}"
    with pytest.raises(ArgumentError, match=message):
        draw_held_out(read(np.arange(rows)[:, None], range(rows)), share, draw())


@pytest.mark.parametrize(
    "held_out",
    [
        [True, False, False, True, False],
        np.array([True, False, False, True, False]),
        pd.Series([True, False, False, True, False]),
        [0, 3],
        (3, 0, 3),
        np.array([0, 3]),
        torch.tensor([0, 3]),
        range(0, 4, 3),
    ],
    ids=str,
)
def test_rows_may_be_held_out_by_number_or_by_mask(held_out):
    assert read(held_out=held_out).held_out.tolist() == [True, False, False, True, False]


@pytest.mark.parametrize(
    ("held_out", "message"),
    [
        ([-1], "row numbers from 0 to 4, not -1 to -1"),
        ([0, 5], "row numbers from 0 to 4, not 0 to 5"),
        ([True] * 4, r"as long as `x` \(5 rows\), not 4 long"),
        ([], "a share below 1, row numbers, or true and false for each row; or data"),
        ([0.5], "a share below 1, row numbers, or"),
        (["a"], "a share below 1, row numbers, or"),
        ([[0, 1]], "a share below 1, row numbers, or"),
        ([True, None, True, True, True], "a share below 1, row numbers, or"),
        ({0, 1}, "a share below 1, row numbers, or"),
    ],
    ids=str,
)
def test_held_out_rows_that_are_none_are_an_error(held_out, message):
    with pytest.raises(ArgumentError, match=f"^`validation` must be {message}"):
        read(held_out=held_out)


@pytest.mark.parametrize("rows", [4, 6, 1])
def test_x_and_y_of_different_lengths_are_an_error(rows):
    with pytest.raises(ArgumentError, match=rf"`y` must be as long as `x` \(5 rows\), not {rows}"):
        read(y=range(rows))


def test_the_name_of_a_column_is_not_taken_for_the_outcome():
    with pytest.raises(ArgumentError, match="`y` must be the outcome itself; a column of `x` is"):
        read(WHOLE, "z")

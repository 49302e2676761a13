"""Names in messages: few, and none that is huge."""

import warnings

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError, two_layer
from pytwolayer.checks import quote, quote_some
from pytwolayer.errors import UnseenLevelWarning

QUICK = {"hidden_units": 2, "epochs": 1, "seed": 1, "verbose": False}
Y = [1.0, 2.0, 3.0, 4.0]
HUGE = "h" * 10_000


def numbered(count):
    return [f"n{number}" for number in range(count)]


def test_a_few_names_are_all_listed():
    assert quote_some(["a", "b"]) == '"a", "b"'
    assert quote_some(numbered(10)).count("n") == 10


def test_of_many_names_the_first_and_their_number_are_told():
    assert quote_some(numbered(11)) == '"n0", "n1", "n2", "n3", "n4" and 6 more'
    assert quote_some(numbered(50_000)).endswith('"n4" and 49,995 more')


def test_a_huge_name_is_cut():
    assert quote("x" * 60) == f'"{"x" * 60}"'
    assert quote("x" * 61) == f'"{"x" * 57}..."'


@pytest.fixture(scope="module")
def fit():
    frame = pd.DataFrame({"g": ["a", "b", "a", "b"], **{f"c{k}": Y for k in range(20)}})
    return two_layer(frame, ["p", "q", "p", "q"], **QUICK), frame


def test_unseen_levels_and_classes_are_few_in_a_warning(fit):
    fit, frame = fit
    many = pd.concat([frame] * 1000).assign(g=[f"new{k:04}" for k in range(4000)])
    with pytest.warns(UnseenLevelWarning) as caught:
        assert fit.predict(many).tolist() == [None] * 4000
    (warning,) = caught
    assert str(warning.message) == (
        'Levels that training did not see in column "g": "new0000", "new0001", "new0002", '
        '"new0003", "new0004" and 3,995 more. The predictions of their rows are missing: '
        "fit again with such rows, or give them a level that training saw."
    )
    with pytest.warns(UserWarning, match=r'"h{57}\.\.\."\. The') as caught:
        fit.predict(frame.assign(g=HUGE))
    assert len(str(caught[0].message)) < 250


def test_classes_of_held_out_rows_alone_are_few():
    y = ["p", "q"] * 2 + [f"z{k:02}" for k in range(30)]
    held_out = [True] + [False] * 3 + [True] * 29 + [False]
    with pytest.warns(UserWarning, match=r'"z00", "z01", "z02", "z03", "z04" and 24 more'):
        two_layer(np.arange(34.0)[:, None], y, validation=[*held_out], **QUICK)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda fit, x: fit.predict(x[["g"]]), 'one without .*c4" and 15 more'),
        (lambda fit, x: fit.predict(x.rename(columns={"g": HUGE})), r'without "g"'),
        (lambda fit, x: two_layer(x, outcome=numbered(99), **QUICK), 'not "n0".* and 94 more'),
        (lambda fit, x: two_layer(pd.concat([x, x], axis=1), Y, **QUICK), "and 16 more"),
        (lambda fit, x: two_layer(x.assign(**{HUGE: np.inf}), Y, **QUICK), r'"h{57}\.\.\."'),
        (lambda fit, x: two_layer(x.assign(**{HUGE: [[1]] * 4}), Y, **QUICK), r'"h{57}\.\.\."'),
        (lambda fit, x: two_layer(x, [HUGE] * 4, **QUICK), r'only, "h{57}\.\.\."'),
        (
            lambda fit, x: two_layer(
                x, ["p", "q"] * 2, class_weights=dict.fromkeys(numbered(99), 1), **QUICK
            ),
            r'classes "p", "q", not wrong at "n0".*and 96 more',
        ),
        (
            lambda fit, x: two_layer(
                pd.concat([x] * 5), numbered(20), class_weights={"n1": 1}, **QUICK
            ),
            "the classes .*and 15 more, not wrong at .*and 14 more",
        ),
    ],
)
def test_an_error_lists_few(fit, call, message):
    with pytest.raises(ArgumentError, match=message) as caught:
        call(*fit)
    assert len(str(caught.value)) < 400


def test_a_long_formula_is_cut(fit):
    from dataclasses import replace

    model = replace(fit[0], formula="y ~ " + " + ".join(f"log(c{k})" for k in range(1000)))
    with pytest.raises(ArgumentError, match=r"log\(c0\).*\.\.\.`, not one without") as caught:
        model.predict(fit[1][["g"]])
    assert len(str(caught.value)) < 400


NAN = np.nan


@pytest.mark.parametrize(
    ("x", "y", "told"),
    [
        ({"a": Y, "b": [NAN] * 4}, Y, 'there are no values in column "b" .leave it out'),
        (
            {"a": [None] * 4, "b": [NAN] * 4},
            Y,
            'there are no values in columns "a", "b" .leave them out',
        ),
        ({"a": Y}, [NAN] * 4, "there are no values in the outcome.$"),
        ({"a": [NAN] * 4}, [NAN] * 4, 'there are no values in column "a" and the outcome.$'),
        ({f"c{k}": [NAN] * 4 for k in range(30)}, Y, '"c4" and 25 more'),
        ({"a": [1, NAN, 1, NAN], "b": [NAN, 1, NAN, 1]}, Y, "no column is empty in all of them"),
    ],
)
def test_what_is_empty_altogether_is_named(x, y, told):
    with pytest.raises(ArgumentError, match=f"missing values in 4 of 4 rows: .*{told}"):
        two_layer(pd.DataFrame(x), y, **QUICK)


def test_columns_with_gaps_are_named_where_there_must_be_none():
    x = pd.DataFrame({"a": [1, NAN, 3, 4], "b": Y})
    with pytest.raises(ArgumentError, match='in 2 of 4 rows, in column "a" and the outcome'):
        two_layer(x, [1, 2, NAN, 4], na_action="fail", **QUICK)
    with pytest.raises(ArgumentError, match='in 1 of 4 rows, in columns "a", "y"'):
        two_layer(x.assign(y=[1, NAN, 3, 4]), outcome="y", na_action="fail", **QUICK)


def test_an_empty_column_of_new_data_has_missing_predictions(fit):
    fit, frame = fit
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fit.predict(frame.assign(c3=NAN)).tolist() == [None] * 4

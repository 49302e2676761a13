"""The mistakes of a first hour, each of which ends in a message that names what mends it.

docs/mistakes.md lists them; tests/testthat/test-promise-mistakes.R has R's.
"""

import datetime
import sys

import numpy as np
import pandas as pd
import pytest

import pytwolayer
from conftest import ROOT
from pytwolayer import TwoLayerClassifier, TwoLayerRegressor, two_layer
from pytwolayer.errors import SuspectColumnWarning, UnseenLevelWarning

QUICK = {"epochs": 2, "weight_decay": 0.0, "seed": 1}


@pytest.fixture(scope="module")
def cars() -> pd.DataFrame:
    rows = np.arange(40.0)
    return pd.DataFrame(
        {"weight": rows % 7, "Power": rows % 5, "maker": ["a", "b"] * 20, "mpg": rows % 11}
    )


@pytest.fixture(scope="module")
def fit(cars):
    return two_layer(cars, outcome="mpg", **QUICK)


def said(function, *given, **settings) -> str:
    with pytest.raises((ValueError, TypeError)) as caught:
        function(*given, **settings)
    return str(caught.value)


def with_value(cars, column, value):
    """Give the cars with a value in the first row of a column."""
    changed = cars.astype({column: object})
    changed.iloc[0, cars.columns.get_loc(column)] = value
    return changed


def test_a_misspelt_argument_is_told_with_the_right_one(cars):
    assert "did you mean `epochs`?" in said(two_layer, cars, outcome="mpg", epoch=3)
    assert "did you mean `hidden_units`?" in said(two_layer, cars, outcome="mpg", hidden=3)


@pytest.mark.parametrize("name", ["MPG", "mgp", "mpgs"])
def test_a_misspelt_outcome_is_told_with_the_column_that_is_there(cars, name):
    assert said(two_layer, cars, outcome=name) == (
        f'`outcome` must be names of columns of `x`, not "{name}" (did you mean "mpg"?).'
    )


def test_an_outcome_that_is_nowhere_is_told_with_the_columns_there_are(cars):
    few = cars[["mpg", "weight"]]
    there = 'not "price" (its columns are "mpg", "weight").'
    assert said(two_layer, few, outcome="price").endswith(there)
    assert said(two_layer, few, outcome="mpg", sample_weight="price").endswith(there)
    assert said(two_layer, few[["mpg"]], outcome="price").endswith('(its only column is "mpg").')


def test_a_missing_outcome_is_told_with_how_to_name_it(cars):
    assert '(name a column of `x`: `outcome = "..."`)' in said(two_layer, cars)


def test_a_formula_is_told_with_how_to_name_an_outcome(cars):
    assert 'formulas are for R: name the outcome\'s column, `outcome = "..."`' in said(
        two_layer, "mpg ~ weight", cars
    )


def test_a_file_that_is_not_there_is_told_with_the_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert said(two_layer, "cars.csv", outcome="mpg").endswith(
        f'"cars.csv", where there is none (the working folder is "{tmp_path}").'
    )


def test_an_outcome_that_is_left_among_the_predictors_is_told(cars):
    with pytest.warns(SuspectColumnWarning, match='too: column "mpg" equals it'):
        two_layer(cars, cars["mpg"], **QUICK)
    with pytest.warns(SuspectColumnWarning, match='column "mpg" equals it'):
        TwoLayerRegressor(epochs=2).fit(cars.drop(columns="maker"), cars["mpg"])


def test_classes_that_are_left_among_the_predictors_are_told(cars):
    with pytest.warns(SuspectColumnWarning, match='column "maker" equals it'):
        two_layer(cars, cars["maker"].rename("who"), **QUICK)


def test_constant_columns_that_are_equal_by_chance_are_no_outcome(cars, recwarn):
    two_layer(cars.assign(mpg=1.0, one=1.0), outcome="mpg", **QUICK)
    assert [str(warning.message) for warning in recwarn] == []


def test_infinite_values_are_told_with_what_to_do(cars):
    infinite = cars.assign(weight=cars["weight"].replace(0, np.inf))
    message = said(two_layer, infinite, outcome="mpg", **QUICK)
    assert 'infinite in column "weight" (6 of 40 values): leave these rows out' in message


def test_a_column_without_a_value_is_told_to_be_left_out(cars):
    message = said(two_layer, cars.assign(weight=np.nan), outcome="mpg", **QUICK)
    assert 'there are no values in column "weight" (leave it out)' in message


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (pd.Timestamp("2020-01-01"), ".dt.month"),
        (datetime.date(2020, 1, 1), ".dt.month"),
        ([1, 2], "lists in column"),
        ({"a": 1}, "dictionaries in column"),
    ],
)
def test_dates_and_lists_are_told_with_how_to_make_numbers_of_them(cars, value, told):
    odd = cars.assign(weight=[value] * len(cars))
    assert told in said(two_layer, odd, outcome="mpg", **QUICK)


def test_text_among_numbers_is_told_with_how_to_make_one_of_them(cars):
    odd = with_value(cars, "weight", "?")
    assert "`pandas.to_numeric` converts all to numbers" in said(
        two_layer, odd, outcome="mpg", **QUICK
    )


def test_numbers_as_text_are_told(cars):
    odd = cars.assign(weight=[f"{number / 7:.3f}" for number in range(40)])
    with pytest.warns(SuspectColumnWarning, match="Turn numbers into numeric values"):
        two_layer(odd, outcome="mpg", **QUICK)


def test_a_share_in_per_cent_is_told_with_the_share(cars):
    assert "(did you mean 0.2?)" in said(two_layer, cars, outcome="mpg", validation=20)
    assert "did you mean" not in said(two_layer, cars, outcome="mpg", validation=-1)
    assert "(did you mean 0.5?)" in said(two_layer, cars, outcome="mpg", dropout=50)


def test_one_class_is_told(cars):
    message = said(two_layer, cars.assign(maker="a"), outcome="maker", **QUICK)
    assert 'one class only, "a" in column "maker"' in message


def test_columns_that_new_data_lack_are_told_with_those_that_may_be_meant(fit, cars):
    lower = cars.rename(columns=str.lower)
    assert 'one without "Power" (there is "power")' in said(fit.predict, lower)
    told = 'one without "Power", "maker" (its only column is "weight").'
    assert said(fit.predict, cars[["weight"]]).endswith(told)


def test_a_level_that_training_did_not_see_is_told_with_what_to_do(fit, cars):
    with pytest.warns(UnseenLevelWarning, match="fit again with such rows, or give them a level"):
        assert np.isnan(fit.predict(cars.head(2).assign(maker="c"))).all()


@pytest.mark.parametrize(
    ("new", "told"),
    [
        (lambda cars: cars.iloc[0], ".iloc[[0]]"),
        (lambda cars: cars["weight"], '[["name"]]'),
        (lambda cars: {"weight": 1, "Power": 2, "maker": "a"}, "pandas.DataFrame([x])"),
        (lambda cars: {name: [*cars[name]] for name in cars}, "pandas.DataFrame(x)"),
        (lambda cars: np.zeros(3), ".reshape(1, -1)"),
    ],
)
def test_what_is_no_table_is_told_with_how_to_make_one(fit, cars, new, told):
    assert told in said(fit.predict, new(cars))


def test_probabilities_of_numbers_are_told_with_how_to_get_classes(fit, cars):
    assert '`.astype("category")`' in said(fit.predict_proba, cars)


def test_the_wrong_estimator_is_told_with_the_right_one(cars):
    numbers = cars[["weight", "Power"]]
    assert "TwoLayerClassifier takes labels" in said(
        TwoLayerRegressor().fit, numbers, cars["maker"]
    )
    assert "TwoLayerRegressor takes numbers" in said(
        TwoLayerClassifier().fit, numbers, cars["mpg"] / 3
    )


def test_without_torch_the_one_command_is_told(fresh_python):
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import pytwolayer\n"
        "try: pytwolayer.two_layer\n"
        "except ImportError as problem: print(problem)"
    )
    assert f"{sys.executable} -m pip install torch" in fresh_python(code).stdout


def test_a_file_that_is_no_fit_is_told(tmp_path):
    (tmp_path / "cars.csv").write_text("mpg\n1\n")
    with pytest.raises(
        pytwolayer.FileFormatError, match="it is damaged, or is not a file of pytwolayer"
    ):
        pytwolayer.load(tmp_path / "cars.csv")


def test_the_page_has_a_row_for_each_and_names_its_tests():
    page = (ROOT / "docs" / "mistakes.md").read_text(encoding="utf-8")
    tests = {name for name in globals() if name.startswith("test_")} - {
        "test_the_page_has_a_row_for_each_and_names_its_tests",
        "test_constant_columns_that_are_equal_by_chance_are_no_outcome",
        "test_an_outcome_that_is_nowhere_is_told_with_the_columns_there_are",
    }
    assert sorted(name for name in tests if f"`{name}`" not in page) == []

"""A warning of text that most likely is something else."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest

from pytwolayer import TwoLayerClassifier, TwoLayerRegressor, continue_training, two_layer
from pytwolayer.errors import SuspectColumnWarning

QUICK = {"hidden_units": 2, "epochs": 1, "seed": 1}
ROWS = 100
SIZE = np.arange(ROWS) / 7
Y = np.sqrt(SIZE)
DAYS = pd.date_range("2024-01-03", periods=ROWS)


def text(values):
    """Make a column of text of values, again and again."""
    return pd.Series([str(values[row % len(values)]) for row in range(ROWS)], dtype=object)


def with_mark(values, mark, rows=(3, 40)):
    """Put a mark into some rows."""
    return text(values).where(~pd.Series(range(ROWS)).isin(rows), mark)


def fit(columns, y=Y, **settings):
    frame = pd.DataFrame({"size": SIZE, **columns})
    return two_layer(frame, y, verbose=False, **QUICK, **settings)


NUMBERS = [f"{number / 10:.1f}" for number in range(ROWS)]
SUSPECT = {
    "one ?": (with_mark(NUMBERS, "?", [3]), 'numbers, but for "?" in 1 row'),
    "a dash": (with_mark(NUMBERS, "-"), 'numbers, but for "-" in 2 rows'),
    "a dot": (with_mark(NUMBERS, "."), 'numbers, but for "." in 2 rows'),
    "NULL": (with_mark(NUMBERS, "NULL"), 'numbers, but for "NULL" in 2 rows'),
    "n/a": (with_mark(NUMBERS, "n/a"), 'numbers, but for "n/a" in 2 rows'),
    "missing": (with_mark(NUMBERS, "Missing"), 'numbers, but for "Missing" in 2 rows'),
    "few numbers and ?": (with_mark([1, 2, 3], "?"), 'numbers, but for "?" in 2 rows'),
    "horsepower": (with_mark(range(46, 230, 2), "?", range(6)), 'but for "?" in 6 rows'),
    "another word": (with_mark(NUMBERS, "trace"), 'numbers, but for "trace" in 2 rows'),
    "numbers alone": (text(range(20)), "numbers)"),
    "spaces": (text([f" {number} " for number in range(20)]), "numbers)"),
    "powers": (text([f"{number}e-3" for number in range(20)]), "numbers)"),
    "decimal commas": (text([n.replace(".", ",") for n in NUMBERS]), "a decimal comma"),
    "thousands": (text([f"{n * 97:,}" for n in range(ROWS)]), "separated thousands"),
    "percent": (text([f"{n}%" for n in range(ROWS)]), "percentages"),
    "money": (text([f"${n * 97:,}" for n in range(ROWS)]), "amounts of money"),
    "euros": (text([f"{n},50 €" for n in range(ROWS)]), "amounts of money"),
    "units": (text([f"{n} kmpl" for n in range(20)]), "numbers with a unit"),
    "days": (text(DAYS.strftime("%Y-%m-%d")), "100 levels: dates)"),
    "German days": (text(DAYS.strftime("%d.%m.%Y")), "dates"),
    "American days": (text(DAYS.strftime("%m/%d/%y")), "dates"),
    "days with names": (text(DAYS.strftime("%d-%b-%Y")), "dates"),
    "minutes": (text(DAYS.strftime("%Y-%m-%d 12:00")), "dates"),
    "stamps": (text(DAYS.strftime("%Y-%m-%dT12:00:00Z")), "dates"),
    "days with ?": (with_mark(DAYS.strftime("%Y-%m-%d"), "?"), 'dates, but for "?" in 2 rows'),
    "months": (text([f"{2020 + n // 12}-{n % 12 + 1:02}" for n in range(24)]), "dates"),
    "quarters": (text([f"{2010 + n // 4}Q{n % 4 + 1}" for n in range(20)]), "dates"),
    "times": (text([f"{n % 24:02}:{n % 60:02}" for n in range(ROWS)]), "times"),
    "ids": (text([f"ID-{n:05}" for n in range(ROWS)]), "more than half as many as the 100 rows"),
    "zip codes": (
        text([f"0{n:04}" for n in range(ROWS)]),
        "more than half as many as the 100 rows",
    ),
    "free text": (text([f"the {n}th remark" for n in range(ROWS)]), "more than half as many"),
    "factor with ?": (with_mark(NUMBERS, "?").astype("category"), 'numbers, but for "?"'),
    "factor of money": (text([f"${n}" for n in range(ROWS)]).astype("category"), "money"),
    "factor of days": (text(DAYS.strftime("%Y-%m-%d")).astype("category"), "dates"),
    "factor of ids": (
        text([f"u{n}" for n in range(ROWS)]).astype("category"),
        "more than half as many",
    ),
}
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
FINE = {
    "few numbers": text([4, 6, 8]),
    "ten numbers": text(range(10)),
    "yes and no": text(["yes", "no"]),
    "months": text(MONTHS),
    "numbers of months": text([f"{n:02}" for n in range(1, 13)]),
    "zip codes": text([f"{n * 997:05}" for n in range(30)]),
    "codes": text([f"{letter}{n}" for letter in "AB" for n in range(20)]),
    "mixed codes": text(["12", "A1", "B7", "13", "C2", "99"]),
    "towns": text([f"town {n}" for n in range(45)]),
    "letters and a dash": text(["a", "b", "-"]),
    "None among words": text(["brick", "stone", "None"]),
    "few days": text(["2024-01-03", "2024-06-03"]),
    "factor of numbers": text(range(40)).astype("category"),
    "numbers as categories": pd.Series(range(40))
    .repeat(3)[:ROWS]
    .astype("category")
    .set_axis(range(ROWS)),
    "factor of few with ?": with_mark([1, 2, 3], "?").astype("category"),
    "age groups": text(["0-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60+"]),
    "numbers": pd.Series(range(ROWS)),
    "logicals": text(["True", "False"]),
}


@pytest.mark.parametrize("name", SUSPECT)
def test_suspect_text_is_told_of(name):
    column, words = SUSPECT[name]
    with pytest.warns(SuspectColumnWarning, match=re.escape(words)) as caught:
        fit({"odd": column})
    (warning,) = caught
    assert f'column "odd" ({column.nunique()} levels: ' in str(warning.message)


@pytest.mark.parametrize("name", FINE)
def test_text_that_is_meant_gives_no_warning(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error", SuspectColumnWarning)
        fit({"fine": FINE[name]})


@pytest.mark.parametrize("rows", [2, 3, 8, 19])
def test_few_rows_of_names_give_no_warning(rows):
    frame = pd.DataFrame({"name": [f"car {n}" for n in range(rows)], "x": range(rows)})
    with warnings.catch_warnings():
        warnings.simplefilter("error", SuspectColumnWarning)
        two_layer(frame, [*range(1, rows + 1)], verbose=False, **QUICK)


def test_one_warning_tells_of_all_columns_briefly():
    columns = {f"c{n}": with_mark(NUMBERS, "?") for n in range(9)}
    with pytest.warns(SuspectColumnWarning) as caught:
        fit({**columns, "day": SUSPECT["days"][0]}, y=with_mark(NUMBERS, "?", [5]))
    (warning,) = caught
    assert 'column "c4"' in str(warning.message)
    assert 'column "c5"' not in str(warning.message)
    assert ") and 6 more. Turn numbers into" in str(warning.message)
    assert len(str(warning.message)) < 800


def test_it_says_what_to_do():
    with pytest.warns(SuspectColumnWarning) as caught:
        fit({"a": with_mark(NUMBERS, "?", [3]), "b": SUSPECT["ids"][0]})
    assert str(caught[0].message) == (
        "Text that may be something else was taken as levels or classes: "
        'column "a" (100 levels: numbers, but for "?" in 1 row), '
        'column "b" (100 levels: more than half as many as the 100 rows). '
        "Turn numbers into numeric values, and marks of missing values into missing values; leave "
        "out what differs from row to row; where levels are meant, make it a factor (categorical)."
    )


def test_an_outcome_of_numbers_and_a_mark_is_told_of():
    y = with_mark(NUMBERS, "?", [3])
    with pytest.warns(SuspectColumnWarning, match=r"the outcome \(100 classes: numbers, but for"):
        fit({}, y=y)
    frame = pd.DataFrame({"size": SIZE, "y": y})
    with pytest.warns(SuspectColumnWarning, match=r'the outcome "y" \(100 classes: numbers'):
        two_layer(frame, outcome="y", verbose=False, **QUICK)


def test_classes_that_are_digits_are_fine():
    with warnings.catch_warnings():
        warnings.simplefilter("error", SuspectColumnWarning)
        fit({}, y=text(range(10)))
        TwoLayerClassifier(hidden_units=2, epochs=1).fit(SIZE[:, None], text(range(50)))


def test_estimators_and_ensembles_tell_of_it_too():
    frame = pd.DataFrame({"size": SIZE, "odd": with_mark(NUMBERS, "?")})
    with pytest.warns(SuspectColumnWarning, match='"odd"'):
        TwoLayerRegressor(hidden_units=2, epochs=1).fit(frame, Y)
    with pytest.warns(SuspectColumnWarning, match='"odd"') as caught:
        two_layer(frame, Y, n_models=3, verbose=False, **QUICK)
    assert len(caught) == 1


def test_what_goes_on_and_what_scores_tell_nothing_again():
    frame = pd.DataFrame({"size": SIZE, "odd": with_mark(NUMBERS, "?")})
    with pytest.warns(SuspectColumnWarning):
        fit = two_layer(frame, Y, verbose=False, **QUICK)
    with warnings.catch_warnings():
        warnings.simplefilter("error", SuspectColumnWarning)
        fit.score(frame, Y)
        fit.predict(frame)
        continue_training(fit, frame, Y, epochs=1, verbose=False)


def test_rows_left_out_do_not_count():
    y = np.where(np.arange(ROWS) < 60, np.nan, Y)
    with pytest.warns(SuspectColumnWarning, match=r"\(40 levels: numbers\)"):
        fit({"odd": text(NUMBERS)}, y=y)


def test_many_long_levels_are_looked_at_in_no_time():
    with pytest.warns(SuspectColumnWarning, match="2,000 levels: more than half as many"):
        two_layer(
            pd.DataFrame({"t": [f"{n} " * 200 for n in range(2_000)]}),
            np.arange(2_000),
            hidden_units=1,
            epochs=1,
            seed=1,
            batch_size=2_000,
            verbose=False,
        )

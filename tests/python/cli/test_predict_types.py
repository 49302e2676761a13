"""The command ``pytwolayer predict`` reads a file by the model's types, not by its looks."""

import csv
import datetime
import decimal
import io
import math

import numpy as np
import pandas as pd
import pytest

from pytwolayer import load, two_layer
from pytwolayer.cli.main import main

QUICK = ["--hidden-units", "3", "--epochs", "5", "--seed", "1", "--quiet"]
CODES = ["12", "A1", "012", "1e3", "12.0", " 12", "TRUE", "2024-01-03"]
ROWS = 80
FRAME = pd.DataFrame(
    {
        "size": np.arange(ROWS) / 7,
        "n": np.arange(ROWS) % 5,
        "yes": np.arange(ROWS) % 3 == 0,
        "code": [CODES[row % len(CODES)] for row in range(ROWS)],
        "town": ["Köln", "Oslo"] * (ROWS // 2),
        "y": np.sin(np.arange(ROWS)),
    }
)
X = FRAME.drop(columns="y")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model that the command trained on a CSV file."""
    folder = tmp_path_factory.mktemp("model")
    FRAME.to_csv(folder / "data.csv", index=False)
    file = folder / "m.safetensors"
    assert (
        main(["fit", str(folder / "data.csv"), "--outcome", "y", "--save", str(file), *QUICK]) == 0
    )
    return str(file)


def as_printed(value):
    """Read what the command printed: a number, a class, or what stands for a missing one."""
    if value in ("", "NA"):  # the latter where it is alone in its row
        return math.nan
    return value if value in ("up", "down") else float(value)


@pytest.fixture
def predicted(model, tmp_path, capsys):
    """Predict a table, or lines of text, by the command."""

    def predict(table, *options, of=model, name="new.csv"):
        file = tmp_path / name
        if isinstance(table, str):
            file.write_text(table, encoding="utf-8")
        elif name.endswith("parquet"):
            table.to_parquet(file)
        else:
            table.to_csv(file, index=False)
        assert main(["predict", of, str(file), *options]) == 0
        printed = capsys.readouterr()
        predict.err = printed.err
        # Python reads numbers to the last bit; not every pandas does.
        values = [row[0] for row in csv.reader(io.StringIO(printed.out))][1:]
        return [as_printed(value) for value in values]

    return predict


@pytest.fixture(scope="module")
def expected(model):
    assert load(model).inputs.codings[3].levels == tuple(sorted(CODES))
    return load(model).predict(X).tolist()


def test_each_row_alone_is_what_it_is_among_others(predicted, expected):
    alone = [predicted(FRAME.iloc[[row]]) for row in range(len(CODES))]
    assert alone == [[pytest.approx(value, rel=1e-12)] for value in expected[: len(CODES)]]
    assert predicted.err == ""


def test_text_that_looks_like_numbers_is_text(predicted, expected):
    assert predicted(FRAME[FRAME["code"] == "12"]) == pytest.approx(expected[::8], rel=1e-12)
    assert predicted(FRAME[FRAME["code"].isin(["12", "012"])])[1] == pytest.approx(expected[2])
    assert predicted.err == ""


def test_rows_columns_and_gaps_of_every_kind(predicted, expected):
    assert predicted(FRAME) == expected
    assert predicted(FRAME[FRAME.columns[::-1]]) == expected
    assert predicted(FRAME.iloc[:0]) == []
    odd = FRAME.assign(y="no number", more=["?", "1"] * 40, day="2024-01-03", empty=None)
    assert predicted(odd) == expected
    for name in X:
        gaps = predicted(X.astype(object).assign(**{name: None}))
        assert np.isnan(gaps).all()
        assert predicted.err == ""
    gaps = predicted(X.astype(object).where(pd.Series(X.index % 2 == 0), None, axis=0))
    assert gaps[::2] == expected[::2]
    assert np.isnan(gaps[1::2]).all()


@pytest.mark.parametrize("words", [("TRUE", "FALSE"), ("true", "false"), ("True", "False"), (1, 0)])
def test_logicals_are_read_however_they_are_written(predicted, expected, words):
    assert predicted(X.assign(yes=np.where(X["yes"], *words))) == expected
    only = X[X["yes"]].assign(yes=words[0])
    assert predicted(only) == pytest.approx(np.array(expected)[X["yes"]].tolist(), rel=1e-12)


def test_marks_for_missing_values_among_numbers_are_missing(predicted, expected):
    marked = predicted(X.assign(n=X["n"].astype(str).where(X.index > 0, "?")))
    assert np.isnan(marked[0])
    assert marked[1:] == expected[1:]
    assert predicted.err == 'pytwolayer: Read as missing: "?" in column "n" (1 row).\n'
    assert np.isnan(predicted(X.head(2).assign(n="n/a"))).all()
    assert np.isnan(predicted(X.head(1).assign(code="NA"))).all()


def test_levels_that_training_did_not_see_are_told_of(predicted):
    assert np.isnan(predicted(X.head(1).assign(code="13"))).all()
    assert predicted.err.startswith("pytwolayer: Levels that training did not see in column")


def test_text_where_the_model_has_numbers_is_an_error_that_says_where(model, tmp_path, capsys):
    for text, hint in (("abc", ""), ("1,5", "; `--dec ,` reads decimal commas"), ("12%", "")):
        X.astype({"n": object}).assign(n=lambda x: x["n"].where(x.index != 2, text)).to_csv(  # noqa: B023
            tmp_path / "new.csv", index=False
        )
        assert main(["predict", model, str(tmp_path / "new.csv")]) == 2
        assert capsys.readouterr().err == (
            "pytwolayer: `data` must be numbers where training had numbers, "
            f'not "{text}" in column "n" (row 3{hint}).\n'
        )


def test_separators_and_decimal_commas(predicted, expected):
    text = X.to_csv(sep=";", decimal=",", index=False)
    assert predicted(text, "--sep", ";", "--dec", ",") == expected
    assert predicted(X.to_csv(sep="\t", index=False), "--sep", "tab", name="new.txt") == expected


def test_what_is_missing_in_training_is_missing_in_prediction(tmp_path, predicted):
    FRAME.assign(n=FRAME["n"].where(FRAME.index > 3, -999)).to_csv(tmp_path / "t.csv", index=False)
    file, fit = tmp_path / "na.safetensors", ["fit", str(tmp_path / "t.csv"), "--outcome", "y"]
    for more in ([], ["--n-models", "2"]):
        assert main([*fit, "--na", "-999", "--save", str(file), *QUICK, *more]) == 0
        found = predicted(X.head(2).assign(n=[1, -999]), of=str(file))
        assert np.isfinite(found[0])
        assert np.isnan(found[1])
        assert load(file).models[0].rows == 76 if more else load(file).rows == 76


def test_odd_marks_may_be_named_and_text_that_looks_wrong_says_how(tmp_path, capsys):
    table = FRAME.assign(
        n=FRAME["size"].map(repr).where(FRAME.index > 0, "--"),
        code=[f"{row},5" for row in range(ROWS)],
        town=FRAME["town"].where(FRAME.index > 1, "--"),
    )
    table.to_csv(tmp_path / "t.csv", index=False)
    fit = ["fit", str(tmp_path / "t.csv"), "--outcome", "y", *QUICK]
    assert main(fit) == 0
    told = capsys.readouterr().err.splitlines()
    assert told[:2] == [
        'pytwolayer: Read as missing: "--" in column "n" (1 row).',
        'pytwolayer: Read as text: "--" in column "town" (2 rows). '
        '`--na="--"` would read it as missing.',
    ]
    assert "numbers with a decimal comma" in told[3]
    assert told[3].endswith("`--dec` the decimal mark, `--ignore` what to leave out.")
    assert main([*fit, "--na=--"]) == 0
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "pytwolayer: 2 of 80 rows left out of training: values are missing."
    assert len(told) == 2


def test_new_data_of_fit_are_read_by_the_datas_types(tmp_path, capsys):
    FRAME.to_csv(tmp_path / "t.csv", index=False)
    FRAME[FRAME["code"] == "12"].head(1).to_csv(tmp_path / "new.csv", index=False)
    out = ["--predictions", str(tmp_path / "p.csv"), "--new-data", str(tmp_path / "new.csv")]
    assert main(["fit", str(tmp_path / "t.csv"), "--outcome", "y", *out, *QUICK]) == 0
    assert pd.read_csv(tmp_path / "p.csv")[".pred"].notna().all()
    assert "Levels" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x,
        lambda x: x.astype({"size": "float32"}).assign(size=x["size"]),
        lambda x: x.assign(n=x["n"].astype(float), yes=x["yes"].astype(float)),
        lambda x: x.assign(n=x["n"].astype(str), size=x["size"].map(repr)),
        lambda x: x.assign(n=x["n"].astype("category"), code=x["code"].astype("category")),
        lambda x: x.assign(n=x["n"].map(decimal.Decimal)),
        lambda x: x.assign(yes=x["yes"].map(str), town=x["town"].astype("category")),
    ],
    ids=range(7),
)
def test_parquet_of_other_types_predicts_alike(predicted, expected, change):
    pytest.importorskip("pyarrow")
    assert predicted(change(X), name="new.parquet") == expected


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (12, "12"),
        (12.0, "12.0"),
        (True, "TRUE"),
        (datetime.date(2024, 1, 3), "2024-01-03"),
        (pd.Timestamp("2024-01-03"), "2024-01-03"),
    ],
)
def test_parquet_with_values_where_training_had_text(predicted, expected, value, code):
    pytest.importorskip("pyarrow")
    rows = X[X["code"] == code].head(3)
    found = predicted(rows.assign(code=[value] * 3), name="new.parquet")
    wanted = [expected[row] for row in rows.index]
    assert found == pytest.approx(wanted, rel=1e-12)
    if value != 12 or code == "12.0":  # a gap makes 12.0 of 12
        gaps = pd.Series([value] * 2, index=rows.index[:2])
        found = predicted(rows.assign(code=gaps), name="new.parquet")
        assert found[:2] == pytest.approx(wanted[:2], rel=1e-12)
        assert np.isnan(found[2])


@pytest.mark.parametrize("name", ["n", "code"])
def test_lists_in_parquet_are_refused_in_one_line(model, tmp_path, capsys, name):
    pytest.importorskip("pyarrow")
    X.head(2).assign(**{name: [[1], [2]]}).to_parquet(tmp_path / "new.parquet")
    assert main(["predict", model, str(tmp_path / "new.parquet")]) == 2
    printed = capsys.readouterr().err
    assert f'in column "{name}"' in printed
    assert len(printed.splitlines()) == 1


def test_a_model_of_parquet_predicts_csv_alike(tmp_path, predicted):
    pytest.importorskip("pyarrow")
    categories = pd.Categorical((X["n"] + 4).astype(str), list("87654"))
    table = FRAME.assign(n=categories, town=FRAME["town"].where(FRAME.index > 9, "NA"))
    table.to_parquet(tmp_path / "t.parquet")
    file = tmp_path / "p.safetensors"
    assert (
        main(["fit", str(tmp_path / "t.parquet"), "--outcome", "y", "--save", str(file), *QUICK])
        == 0
    )
    expected = load(file).predict(table).tolist()
    assert np.isfinite(expected).all()
    assert predicted(table, of=str(file)) == expected
    assert predicted(table, of=str(file), name="new.parquet") == expected
    assert predicted(table.iloc[[3]], of=str(file)) == [pytest.approx(expected[3])]


def test_a_model_without_names_takes_columns_by_their_places(tmp_path, predicted):
    fit = two_layer(
        np.array([["12", "A1"] * 10, ["x", "x", "y", "z"] * 5], dtype=object).T,
        np.arange(20.0),
        hidden_units=2,
        epochs=2,
        seed=1,
        verbose=False,
    )
    fit.save(tmp_path / "n.safetensors")
    found = predicted(",p,q\n1,12,x\n2,12,y\n", of=str(tmp_path / "n.safetensors"))
    assert found == pytest.approx(fit.predict([["12", "x"], ["12", "y"]]).tolist())


def test_one_class_labels_and_ensembles_predict_one_row(tmp_path, predicted):
    FRAME.assign(y=["up", "down"] * 40).to_csv(tmp_path / "t.csv", index=False)
    file = tmp_path / "e.safetensors"
    fit = ["fit", str(tmp_path / "t.csv"), "--outcome", "y", "--n-models", "2", "--bootstrap"]
    assert main([*fit, "--save", str(file), *QUICK]) == 0
    assert predicted(X.iloc[[0]], of=str(file)) == load(file).predict(X.iloc[[0]]).tolist()


def test_columns_of_any_name_are_read_by_the_models_types(tmp_path, predicted):
    table = FRAME.rename(columns={"code": "self", "n": "table"})
    table.to_csv(tmp_path / "t.csv", index=False)
    file, fit = tmp_path / "s.safetensors", ["fit", str(tmp_path / "t.csv"), "--outcome", "y"]
    assert main([*fit, "--save", str(file), *QUICK]) == 0
    assert predicted(table.head(1), of=str(file)) == pytest.approx(load(file).predict(table)[:1])

"""The command ``pytwolayer predict``, and ``pytwolayer fit --save``."""

import io

import numpy as np
import pandas as pd
import pytest

from pytwolayer import load, two_layer
from pytwolayer.cli.main import main

DRAWS = np.random.default_rng(3).normal(size=(30, 2))
FRAME = pd.DataFrame(
    {"a": DRAWS[:, 0], "town": ["Köln", "Oslo"] * 15, "y": DRAWS @ [2.0, -1.0]}
).assign(kind=lambda frame: np.where(frame["y"] > 0, "up", "down"))
QUICK = {"hidden_units": 4, "epochs": 5, "seed": 1}


@pytest.fixture
def data(tmp_path):
    FRAME.to_csv(tmp_path / "data.csv", index=False)
    return str(tmp_path / "data.csv")


@pytest.fixture
def model(tmp_path):
    file = tmp_path / "m.safetensors"
    two_layer(FRAME[["a", "town"]], FRAME["kind"], **QUICK).save(file)
    return str(file)


def test_what_fit_saves_is_the_fit(data, tmp_path, capsys):
    file = tmp_path / "m.safetensors"
    options = ["--ignore", "kind", "--hidden-units", "4", "--epochs", "5", "--seed", "1"]
    assert main(["fit", data, "--outcome", "y", "--save", str(file), *options]) == 0
    expected = two_layer(FRAME.drop(columns="kind"), outcome="y", **QUICK)
    assert load(file).predict(FRAME).tolist() == expected.predict(FRAME).tolist()


def test_predictions_are_printed_as_csv_or_written(model, data, tmp_path, capsys):
    assert main(["predict", model, data]) == 0
    printed = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert list(printed) == [".pred_class", ".pred_down", ".pred_up"]
    fit = load(model)
    assert printed[".pred_class"].tolist() == fit.predict(FRAME).tolist()
    assert printed[".pred_up"].tolist() == fit.predict_proba(FRAME)[:, 1].tolist()
    assert main(["predict", model, data, "--predictions", str(tmp_path / "p.csv")]) == 0
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "p.csv"), printed)
    assert capsys.readouterr().out == ""


def test_output_is_another_name_of_the_option_as_in_r_and_python(model, data, tmp_path):
    for option in ("--output", "--predictions"):
        assert main(["predict", model, data, option, str(tmp_path / f"{option}.csv")]) == 0
    assert (tmp_path / "--output.csv").read_text() == (tmp_path / "--predictions.csv").read_text()


def test_new_levels_are_a_line_on_standard_error(model, tmp_path, capsys):
    FRAME.head(2).assign(town=["Rom", "Oslo"]).to_csv(tmp_path / "new.csv", index=False)
    assert main(["predict", model, str(tmp_path / "new.csv")]) == 0
    printed = capsys.readouterr()
    assert printed.err.startswith("pytwolayer: Levels that training did not see")
    assert len(printed.err.splitlines()) == 1
    assert printed.out.splitlines()[1] == ",,"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda file: file.write_bytes(b"junk"), "The model in "),
        (lambda file: file.unlink(), "`model` must be the path of a file, not "),
        (lambda file: (file.unlink(), file.mkdir()), "`model` must be the path of a file, not "),
    ],
    ids=["junk", "missing", "a folder"],
)
def test_what_is_no_model_is_one_line(model, data, tmp_path, capsys, change, message):
    change(tmp_path / "m.safetensors")
    assert main(["predict", model, data]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith(f"pytwolayer: {message}")
    assert len(printed.err.splitlines()) == 1


def test_missing_columns_and_a_missing_folder_are_named(model, tmp_path, capsys, data):
    FRAME[["a"]].to_csv(tmp_path / "new.csv", index=False)
    assert main(["predict", model, str(tmp_path / "new.csv")]) == 2
    assert capsys.readouterr().err.startswith("pytwolayer: `data` must be a table with every col")
    assert main(["predict", model, data, "--predictions", str(tmp_path / "no" / "p.csv")]) == 2
    assert "`predictions` must be the path of a file in a folder" in capsys.readouterr().err


def test_predictions_are_written_in_the_format_of_their_name(model, data, tmp_path):
    for name, read in (("p.parquet", pd.read_parquet), ("p.csv.gz", pd.read_csv)):
        assert main(["predict", model, data, "--predictions", str(tmp_path / name)]) == 0
        found = read(tmp_path / name)
        assert list(found) == [".pred_class", ".pred_down", ".pred_up"]
        assert found[".pred_up"].tolist() == load(model).predict_proba(FRAME)[:, 1].tolist()


def test_a_folder_is_predicted_and_columns_are_copied(model, tmp_path):
    (tmp_path / "data").mkdir()
    table = FRAME.assign(id=range(100, 130))
    table.head(10).to_parquet(tmp_path / "data" / "a.parquet")
    table.tail(20).to_parquet(tmp_path / "data" / "b.parquet")
    words = ["predict", model, str(tmp_path / "data"), "--columns", "id", "--type", "class"]
    assert main([*words, "--predictions", str(tmp_path / "p.parquet")]) == 0
    found = pd.read_parquet(tmp_path / "p.parquet")
    assert list(found) == ["id", ".pred_class"]
    assert found["id"].tolist() == table["id"].tolist()
    assert found[".pred_class"].tolist() == load(model).predict(FRAME).tolist()


def test_the_data_are_not_overwritten_and_types_are_checked(model, data, capsys):
    assert main(["predict", model, data, "--predictions", data]) == 2
    assert capsys.readouterr().err.startswith("pytwolayer: `predictions` must be another file")
    assert main(["predict", model, data, "--type", "numeric"]) == 2
    assert capsys.readouterr().err.startswith("pytwolayer: `type` must be")
    assert len(pd.read_csv(data)) == 30

"""The command ``pytwolayer fit``."""

import argparse
import inspect
import re
import signal

import numpy as np
import pandas as pd
import pytest

from pytwolayer import load, two_layer
from pytwolayer.cli.fit_options import add_fit
from pytwolayer.cli.main import main
from pytwolayer.training.settings import QUANTILE_LEVELS

QUICK = ["--hidden-units", "4", "--epochs", "5", "--seed", "1"]
DRAWS = np.random.default_rng(3).normal(size=(40, 2))
FRAME = pd.DataFrame(
    {
        "a": DRAWS[:, 0],
        "town": ["Köln", "Oslo"] * 20,
        "w": np.arange(40) % 3,
        "y": DRAWS @ [2.0, -1.0],
        "gears": np.where(DRAWS[:, 0] > 0, 4, 5),
        "kind": np.where(DRAWS[:, 0] > 0, "up", "down"),
    }
)


@pytest.fixture
def data(tmp_path):
    FRAME.to_csv(tmp_path / "data.csv", index=False)
    return str(tmp_path / "data.csv")


def fit(*arguments):
    return main(["fit", *map(str, arguments), *QUICK])


def reference(outcome, frame=FRAME, **options):
    settings = {"hidden_units": 4, "epochs": 5, "seed": 1, "verbose": False}
    return two_layer(frame, outcome=outcome, **settings | options)


# What it does


def test_two_outputs_have_two_files(data, tmp_path, capsys):
    file = tmp_path / "one"
    assert fit(data, "--outcome", "y", "--save", file, "--history", file) == 2
    assert "must be another file than" in capsys.readouterr().err
    assert not file.exists()


def test_it_is_two_layer_on_the_table(data, tmp_path, capsys):
    history, predictions = tmp_path / "h.csv", tmp_path / "p.csv"
    assert fit(data, "--outcome", "y", "--history", history, "--predictions", predictions) == 0
    expected = reference("y")
    assert pd.read_csv(history)["loss"].tolist() == expected.history["loss"].tolist()
    read = pd.read_csv(predictions)
    assert list(read) == [".pred"]
    assert read[".pred"].tolist() == expected.predict(FRAME).tolist()
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.splitlines()[:4] == [
        "Data      data.csv: 40 rows, 5 predictors",
        "Outcome   y (numeric)",
        "Network   7-4-1 (relu), 37 parameters",
        "Training  adam, learning rate 0.003, 5 epochs on cpu, seed 1",
    ]
    score = expected.score(FRAME)
    assert printed.out.splitlines()[-1] == f"R squared {score:.4g} on these rows"


def test_text_means_classes(data, tmp_path, capsys):
    assert fit(data, "--outcome", "kind", "--predictions", tmp_path / "p.csv") == 0
    read = pd.read_csv(tmp_path / "p.csv")
    expected = reference("kind")
    assert list(read) == [".pred_class", ".pred_down", ".pred_up"]
    assert read[".pred_class"].tolist() == expected.predict(FRAME).tolist()
    assert read[".pred_up"].tolist() == expected.predict_proba(FRAME)[:, 1].tolist()
    out = capsys.readouterr().out
    assert "Outcome   kind (2 classes)" in out
    assert "Loss      cross_entropy" in out
    assert re.search(r"^Accuracy \d", out, re.M)


def test_numbers_can_be_classes(data, tmp_path):
    arguments = ["--outcome", "gears", "--classes", "--predictions", tmp_path / "p.csv"]
    assert fit(data, *arguments) == 0
    assert list(pd.read_csv(tmp_path / "p.csv")) == [".pred_class", ".pred_4", ".pred_5"]
    FRAME.assign(gears=FRAME["gears"].where(FRAME.index > 0)).to_csv(data, index=False)
    assert fit(data, *arguments) == 0
    assert list(pd.read_csv(tmp_path / "p.csv")) == [".pred_class", ".pred_4", ".pred_5"]


def test_several_outcomes_ignored_columns_and_weights(data, tmp_path, capsys):
    arguments = ["--outcome", "y", "--outcome", "a", "--ignore", "kind", "--ignore", "gears"]
    predictions = tmp_path / "p.csv"
    assert fit(data, *arguments, "--weights", "w", "--predictions", predictions) == 0
    read = pd.read_csv(predictions)
    frame = FRAME[["a", "town", "y"]]
    expected = reference(["y", "a"], frame, sample_weight=FRAME["w"])
    assert list(read) == [".pred_y", ".pred_a"]
    assert read.to_numpy().tolist() == expected.predict(frame).tolist()
    assert "Outcome   y, a (numeric)" in capsys.readouterr().out


def test_weights_can_be_frequencies(data, tmp_path, capsys):
    table = FRAME.drop(columns=["kind", "gears"]).assign(w=np.arange(len(FRAME)) % 3)
    table.to_csv(data, index=False)
    arguments = ["--outcome", "y", "--weights", "w", "--weight-type"]
    predictions = tmp_path / "p.csv"
    assert fit(data, *arguments, "frequency", "--predictions", predictions) == 0
    rows = table.loc[table.index.repeat(table["w"])].drop(columns="w")
    expected = reference("y", rows).predict(table)
    assert pd.read_csv(predictions)[".pred"].tolist() == expected.tolist()
    assert fit(data, *arguments, "count") == 2
    assert '`weight_type` must be one of "importance"' in capsys.readouterr().err


def test_settings_reach_the_core(data, tmp_path):
    options = (
        "--activation tanh --batch-size 8 --optimizer sgd --learning-rate 1e-2 --momentum 0.9 "
        "--nesterov --schedule step --weight-decay 0.1 --dropout 0.2 --gradient-clip 1 "
        "--reduction sum --validation 0.25 --patience 4 --na-action fail --device cpu "
        "--class-weights up=2 --class-weights down=1"
    )
    history = tmp_path / "h.csv"
    assert fit(data, "--outcome", "kind", "--history", history, *options.split()) == 0
    expected = reference(
        "kind",
        activation="tanh",
        batch_size=8,
        optimizer="sgd",
        learning_rate=1e-2,
        momentum=0.9,
        nesterov=True,
        schedule="step",
        weight_decay=0.1,
        dropout=0.2,
        gradient_clip=1,
        reduction="sum",
        validation=0.25,
        patience=4,
        class_weights={"up": 2, "down": 1},
    )
    read = pd.read_csv(history)
    assert list(read) == ["epoch", "loss", "valid_loss"]
    assert read["valid_loss"].tolist() == expected.history["valid_loss"].tolist()


def test_all_rows_balanced_and_none_are_words(data, tmp_path):
    words = [
        "--batch-size",
        "all",
        "--class-weights",
        "balanced",
        "--input-clip",
        "none",
        "--patience",
        "none",
    ]
    assert fit(data, "--outcome", "kind", *words, "--history", tmp_path / "h.csv") == 0
    expected = reference("kind", batch_size=None, class_weights="balanced", input_clip=None)
    read = pd.read_csv(tmp_path / "h.csv")
    assert read["loss"].tolist() == expected.history["loss"].tolist()


def test_new_data_are_predicted_row_by_row(data, tmp_path, capsys):
    new = FRAME.iloc[:3].drop(columns="y").assign(town=["Oslo", "Rom", None])
    new.to_csv(tmp_path / "new.csv", index=False)
    files = ["--new-data", tmp_path / "new.csv", "--predictions", tmp_path / "p.csv"]
    assert fit(data, "--outcome", "y", *files) == 0
    read = pd.read_csv(tmp_path / "p.csv", skip_blank_lines=False)
    assert read[".pred"].isna().tolist() == [False, True, True]
    first = FRAME.iloc[[0]].assign(town="Oslo")
    assert read[".pred"][0] == pytest.approx(reference("y").predict(first)[0], rel=1e-12)
    err = capsys.readouterr().err
    assert err.startswith("pytwolayer: Levels that training did not see")
    assert err.count("\n") == 1


def test_parquet_goes_in(tmp_path, capsys):
    pytest.importorskip("pyarrow")
    FRAME.to_parquet(tmp_path / "data.parquet")
    assert fit(tmp_path / "data.parquet", "--outcome", "y", "--history", tmp_path / "h.csv") == 0
    losses = pd.read_csv(tmp_path / "h.csv")["loss"]
    assert losses.tolist() == reference("y").history["loss"].tolist()


def test_the_plot_shows_both_losses(data, tmp_path):
    pytest.importorskip("matplotlib")
    plot = tmp_path / "loss.svg"
    assert fit(data, "--outcome", "y", "--validation", "0.3", "--plot", plot) == 0
    assert "<svg" in plot.read_text(encoding="utf-8")


def test_rows_left_out_are_told_in_one_line(data, capsys):
    FRAME.assign(a=FRAME["a"].where(FRAME.index > 1)).to_csv(data, index=False)
    assert fit(data, "--outcome", "y") == 0
    printed = capsys.readouterr()
    assert printed.err == "pytwolayer: 2 of 40 rows left out of training: values are missing.\n"
    assert "data.csv: 38 rows" in printed.out


def test_the_same_command_goes_on_from_its_checkpoint(data, tmp_path, capsys, monkeypatch):
    folder, history = tmp_path / "run", tmp_path / "h.csv"
    arguments = ["--outcome", "y", "--checkpoint", folder, "--history", history]

    def broken(*arguments, **options):
        return two_layer(*arguments, **options, on_epoch=lambda epoch, loss: 1 / (epoch - 4))

    with monkeypatch.context() as patch:
        patch.setattr("pytwolayer.cli.fit.two_layer", broken)
        with pytest.raises(ZeroDivisionError):
            fit(data, *arguments, "--checkpoint-every", "2")
    assert [path.name for path in folder.iterdir()] == ["epoch-00000002.safetensors"]
    capsys.readouterr()
    assert fit(data, *arguments, "--checkpoint-every", "auto") == 0
    where = f'from the checkpoint in "{folder}".\n'
    assert capsys.readouterr().err == f"pytwolayer: Continuing after epoch 2 of 5, {where}"
    losses = pd.read_csv(history)["loss"].tolist()
    assert losses == reference("y").history["loss"].tolist()
    assert fit(data, *arguments) == 0
    ended = f"pytwolayer: This is the fit of a run that ended after epoch 5 of 5, {where}"
    assert capsys.readouterr().err == ended
    assert pd.read_csv(history)["loss"].tolist() == losses
    assert fit(data, *arguments, "--activation", "tanh") == 2
    assert 'differs in `activation` ("relu", now "tanh").\n' in capsys.readouterr().err


def test_a_folder_that_reads_as_a_number_is_a_folder(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert fit(data, "--outcome", "y", "--checkpoint", "7") == 0
    assert [path.name for path in (tmp_path / "7").iterdir()] == ["epoch-00000005.safetensors"]


def test_encoded_rows_are_kept_and_found_again(data, tmp_path, capsys):
    folder, history = tmp_path / "rows", tmp_path / "h.csv"
    for how in ("are kept", "were found"):
        arguments = ["--outcome", "y", "--cache", folder, "--history", history]
        assert fit(data, *arguments) == 0
        told = capsys.readouterr().err
        assert re.fullmatch(rf'pytwolayer: The encoded rows, .* {how} in the folder ".*".\n', told)
        assert pd.read_csv(history)["loss"].tolist() == reference("y").history["loss"].tolist()
    assert len(list(folder.iterdir())) == 1


def test_quiet_prints_nothing(data, capsys):
    assert fit(data, "--outcome", "y", "--quiet") == 0
    assert capsys.readouterr() == ("", "")


# What goes wrong


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--outcome Y", '`outcome` must be names of columns of `data`, not "Y" .*mean "y"\\?\\)'),
        ("--outcome price", '`outcome` must be names .* not "price" \\(its columns are "a", .*'),
        ("--outcome y --ignore town2", '`ignore` must be names of columns .* not "town2" .*"town"'),
        ("--outcome y --weights price", '`weights` must be .* not "price" \\(its columns are'),
        ("--outcome y --ignore y", '`outcome` must be columns each named once.* not "y" twice'),
        ("--outcome y --weights a", "`weights` must be numbers of at least 0"),
        ("--outcome y --weights town", "`weights` must be numbers of at least 0, not text"),
        ("--outcome kind --outcome y", "`outcome` must be numbers where it has several columns"),
        ("--outcome y --loss cross_entropy", "`loss` must be one for a numeric outcome"),
        ("--outcome y --epochs 2.5", "`epochs` must be a whole number of at least 1, not 2.5"),
        ("--outcome y --epochs many", '`epochs` must be .*, not "many"'),
        ("--outcome y --validation 1", "`validation` must be a number from 0 .*below 1, not 1"),
        ("--outcome y --activation rleu", '`activation` must be .* \\(did you mean "relu"\\?\\)'),
        ("--outcome y --device tpu", '`device` must be one of "auto"'),
        ("--outcome kind --class-weights up", '`class_weights` must be .* not "up"'),
        ("--outcome kind --class-weights up=1", '`class_weights` must be .* wrong at "down"'),
        ("--outcome y --new-data new.csv", "`predictions` must be the path of a file where"),
        ("--outcome y --history /", "`history` must be the path of a file, not"),
        ("--outcome y --checkpoint /proc", "`checkpoint` must be a folder to write to, not"),
        ("--outcome y --cache /proc/a", "`cache` must be the path of a folder that can be made"),
        ("--outcome y --checkpoint /proc/a", "`checkpoint` must be the path of a folder"),
        ("--outcome y --checkpoint-every 5", "`checkpoint` must be given with"),
        ("--outcome y --checkpoint a --checkpoint-every x", "`checkpoint_every` must be a whole"),
        ("--outcome y --plot a.xyz", "`plot` must be the path of a file ending in one of"),
    ],
)
def test_a_bad_option_is_one_line_and_status_2(data, capsys, options, message):
    assert main(["fit", data, *options.split()]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert re.match(f"pytwolayer: {message}", printed.err), printed.err
    assert printed.err.count("\n") == 1


def test_files_are_checked_before_the_work(data, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("pytwolayer.cli.fit.two_layer", lambda *a, **k: pytest.fail("worked"))
    for option in ("--history", "--plot", "--predictions"):
        assert fit(data, "--outcome", "y", option, tmp_path / "missing" / "a.png") == 2
        assert f"`{option[2:]}` must be the path of a file" in capsys.readouterr().err
    FRAME[["a", "y"]].to_csv(tmp_path / "new.csv", index=False)
    files = ["--new-data", tmp_path / "new.csv", "--predictions", tmp_path / "p.csv"]
    assert fit(data, "--outcome", "y", *files) == 2
    expected = (
        '`new_data` must be a table with all columns of the data, not one without "town", "w"'
    )
    assert expected in capsys.readouterr().err
    assert fit(tmp_path / "none.csv", "--outcome", "y") == 2
    assert "`data` must be a file or a folder that exists" in capsys.readouterr().err


def test_a_loss_that_is_not_finite_leaves_its_history_and_status_2(data, capsys, tmp_path):
    too_fast = ["--optimizer", "sgd", "--learning-rate", "1e6", "--history", tmp_path / "h.csv"]
    assert fit(data, "--outcome", "y", *too_fast) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "not finite in epoch" in printed.err
    assert "--learning-rate" in printed.err
    assert printed.err.count("\n") == 1
    assert len(pd.read_csv(tmp_path / "h.csv")) >= 1


def test_ctrl_c_writes_what_there_is_and_ends_with_130(data, tmp_path, capsys, monkeypatch):
    def pressed(*arguments, **options):
        def press(epoch, loss):
            if epoch == 3:
                signal.raise_signal(signal.SIGINT)

        return two_layer(*arguments, **options, on_epoch=press)

    monkeypatch.setattr("pytwolayer.cli.fit.two_layer", pressed)
    files = ["--history", tmp_path / "h.csv", "--predictions", tmp_path / "p.csv"]
    assert fit(data, "--outcome", "y", *files) == 130
    printed = capsys.readouterr()
    assert printed.err == "pytwolayer: Interrupted after 3 of 5 epochs: this is the fit so far.\n"
    assert "R squared" in printed.out
    assert len(pd.read_csv(tmp_path / "h.csv")) == 3
    assert len(pd.read_csv(tmp_path / "p.csv")) == 40


# Help


def help_of_settings():
    """Give what the help says of each option, on one line."""
    commands = argparse.ArgumentParser().add_subparsers()
    add_fit(commands)
    return {
        option: action.help
        for action in commands.choices["fit"]._actions
        for option in action.option_strings
    }


def test_the_help_has_every_setting_of_two_layer_with_its_default():
    not_options = {"x", "y", "outcome", "sample_weight", "on_epoch", "verbose"}
    defaults = {
        name: each.default
        for name, each in inspect.signature(two_layer).parameters.items()
        if name not in not_options
    }
    told = {
        option[2:].replace("-", "_"): text.rpartition(" (default: ")[2].removesuffix(")")
        for option, text in help_of_settings().items()
        if " (default: " in text
    }
    words = {"None": "none", "False": "no", "0.0": "0", "5.0": "5"}
    told["encoding"] = told.pop("input_encoding")  # --encoding is that of the file's text
    levels = ",".join(str(level) for level in QUANTILE_LEVELS)
    assert told.pop("quantile_levels") == levels  # what None stands for
    assert defaults.pop("quantile_levels") is None
    expected = {name: words.get(str(value), str(value)) for name, value in defaults.items()}
    assert defaults.keys() <= told.keys()
    assert {name: told[name] for name in expected} == expected | {"seed": "drawn, and reported"}


def test_the_help_names_all_choices():
    from pytwolayer.network.activations import ACTIVATIONS
    from pytwolayer.network.losses import LOSSES
    from pytwolayer.optim.lr_schedule import SCHEDULES
    from pytwolayer.optim.optimizer import OPTIMIZERS
    from pytwolayer.preprocessing.encoder import ENCODINGS

    texts = help_of_settings()
    for option, choices in {
        "--activation": ACTIVATIONS,
        "--input-encoding": ENCODINGS,
        "--loss": LOSSES,
        "--optimizer": OPTIMIZERS,
        "--schedule": SCHEDULES,
    }.items():
        assert set(choices) - {"auto"} <= set(re.findall(r"\w+", texts[option]))


def test_the_help_reads_well(capsys):
    with pytest.raises(SystemExit):
        main(["fit", "--help"])
    text = capsys.readouterr().out
    assert text.startswith("usage: pytwolayer fit FILE --outcome COLUMN [options]\n")
    for word in ("examples:", "exit status:", "torchrun", "--new-data FILE", "(default: 64)"):
        assert word in text
    assert max(map(len, text.splitlines())) <= 100


def test_several_models_predict_with_an_interval(data, tmp_path, capsys):
    predictions, model = str(tmp_path / "p.csv"), str(tmp_path / "m.safetensors")
    arguments = ["--n-models", "3", "--bootstrap", "--epochs", "5", "--seed", "1"]
    files = ["--predictions", predictions, "--save", model]
    assert fit(data, "--outcome", "y", *arguments, *files) == 0
    assert "Models    3 on bootstrap resamples" in capsys.readouterr().out
    table = pd.read_csv(predictions)
    assert list(table) == [".pred", ".pred_lower", ".pred_upper"]
    assert (table[".pred_lower"] <= table[".pred_upper"]).all()
    assert main(["predict", model, data, "--predictions", str(tmp_path / "again.csv")]) == 0
    assert (tmp_path / "again.csv").read_text() == (tmp_path / "p.csv").read_text()


def test_the_report_tells_what_ended_the_training(data, capsys):
    assert fit(data, "--outcome", "y") == 0
    assert "stopped" not in capsys.readouterr().out
    options = ["--patience", 1, "--learning-rate", 1e-30, "--n-models", 2]
    assert fit(data, "--outcome", "y", *options) == 0
    assert "seed 1, all stopped by `patience`\n" in capsys.readouterr().out


def test_the_report_says_what_was_searched_in_the_words_of_the_fit(tmp_path, capsys):
    x = np.random.default_rng(0).normal(size=(40, 2))
    table = pd.DataFrame(x, columns=["a", "b"]).assign(y=x[:, 0] * 3)
    table.to_csv(tmp_path / "t.csv", index=False)
    small = ["--outcome", "y", "--hidden-units", "3", "--epochs", "500", "--seed", "1"]
    assert main(["fit", str(tmp_path / "t.csv"), *small]) == 0
    (line,) = re.findall(r"^Tuning    (.*)$", capsys.readouterr().out, re.M)
    expected = two_layer(table, outcome="y", hidden_units=3, epochs=500, seed=1)
    assert line in repr(expected)
    assert line.startswith(f"weight decay {expected.settings.weight_decay:.3g}")
    assert line.endswith(f"estimated error {expected.estimated_error:.4g} (RMSE)")
    assert main(["fit", str(tmp_path / "t.csv"), *small, "--weight-decay", "0.1"]) == 0
    assert "Tuning" not in capsys.readouterr().out


# Data that are read in blocks


def parquet_folder(folder, frame=FRAME):
    folder.mkdir()
    frame.iloc[:15].to_parquet(folder / "a.parquet")
    frame.iloc[15:].to_parquet(folder / "b.parquet")
    return folder


def test_a_folder_gives_the_same_fit_and_predictions_as_its_table(tmp_path, capsys):
    folder, file = parquet_folder(tmp_path / "data"), tmp_path / "fit.safetensors"
    names = ["--ignore", "kind", "--ignore", "gears", "--weights", "w"]
    files = ["--save", file, "--predictions", tmp_path / "p.parquet"]
    assert fit(folder, "--outcome", "y", *names, *files) == 0
    frame = FRAME[["a", "town", "y"]]
    expected = reference("y", frame, sample_weight=FRAME["w"])
    assert load(file).predict(frame).tolist() == expected.predict(frame).tolist()
    found = pd.read_parquet(tmp_path / "p.parquet")
    assert found[".pred"].tolist() == expected.predict(frame).tolist()
    score = expected.score(frame, sample_weight=FRAME["w"])
    printed = capsys.readouterr().out
    assert "Data      data: 26 rows, 2 predictors" in printed
    assert f"R squared {score:.4g}" in printed


def test_numbers_of_a_folder_can_be_classes(tmp_path):
    folder, file = parquet_folder(tmp_path / "data"), tmp_path / "fit.safetensors"
    assert fit(folder, "--outcome", "gears", "--classes", "--save", file) == 0
    expected = reference("gears", FRAME.astype({"gears": "category"}))
    assert load(file).predict(FRAME).tolist() == expected.predict(FRAME).tolist()
    assert load(file).classes.tolist() == [4, 5]


def test_marks_for_missing_values_are_found_in_a_folder(tmp_path):
    folder = parquet_folder(tmp_path / "data", FRAME.replace({"town": {"Oslo": "-99"}}))
    file = tmp_path / "fit.safetensors"
    assert fit(folder, "--outcome", "y", "--na", "-99", "--save", file) == 0
    assert load(file).dropped == 20


def test_parquet_files_with_marks_for_missing_values_are_not_held(tmp_path, monkeypatch):
    marked = FRAME.replace({"town": {"Oslo": "-"}})
    marked.to_parquet(tmp_path / "t.parquet", index=False)

    def refuse(*arguments, **named):
        raise AssertionError

    monkeypatch.setattr(pd, "read_parquet", refuse)
    file = tmp_path / "fit.safetensors"
    assert fit(tmp_path / "t.parquet", "--outcome", "y", "--na=-", "--save", file) == 0
    expected = reference("y", FRAME.assign(town=FRAME["town"].where(FRAME["town"] != "Oslo")))
    assert load(file).data == expected.data
    assert load(file).predict(FRAME)[:9].tolist() == pytest.approx(
        expected.predict(FRAME)[:9].tolist(), abs=0, nan_ok=True
    )


def test_a_result_is_never_written_over_the_data(data, tmp_path, capsys):
    folder = parquet_folder(tmp_path / "data")
    assert fit(data, "--outcome", "y", "--predictions", data) == 2
    assert "`predictions` must be another file" in capsys.readouterr().err
    assert fit(folder, "--outcome", "y", "--predictions", folder / "p.parquet") == 2
    assert "`predictions` must be outside of the folder" in capsys.readouterr().err
    files = ["--predictions", tmp_path / "p.csv", "--new-data", data, "--history", data]
    assert fit(folder, "--outcome", "y", *files) == 2
    assert "`history` must be another file" in capsys.readouterr().err
    assert len(pd.read_csv(data)) == 40


def test_the_table_of_a_file_is_not_held(tmp_path, monkeypatch):
    def refuse(*arguments, **named):
        raise AssertionError("a table of pandas was made")

    folder = parquet_folder(tmp_path / "data")
    monkeypatch.setattr(pd, "read_parquet", refuse)
    assert fit(folder, "--outcome", "y", "--predictions", tmp_path / "p.csv") == 0


def test_labels_and_trials_are_named_as_what_they_are(data, tmp_path, capsys):
    frame = FRAME.assign(up=FRAME["a"] > 0, big=FRAME["y"] > 0, lost=3)
    file, output = tmp_path / "more.csv", tmp_path / "out.csv"
    frame.to_csv(file, index=False)
    labels = ["--outcome", "up", "--outcome", "big", "--loss", "binary_cross_entropy"]
    assert fit(file, *labels, "--predictions", output) == 0
    told = capsys.readouterr().out
    assert "up, big (2 labels)" in told
    assert "Accuracy" in told
    names = [".pred_class_up", ".pred_class_big", ".pred_up", ".pred_big"]
    assert list(pd.read_csv(output)) == names
    trials = ["--outcome", "gears", "--outcome", "lost", "--loss", "binomial"]
    assert fit(file, *trials, "--predictions", output) == 0
    assert "gears, lost (successes, failures)" in capsys.readouterr().out
    assert list(pd.read_csv(output)) == [".pred"]
    assert fit(file, "--outcome", "y", "--loss", "gamma") != 0
    assert "above 0 for the gamma loss" in capsys.readouterr().err

"""A fit as bytes, as a file, and back."""

import datetime
import json
import os
import stat
import struct
import subprocess
import sys
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from damaged_files import (
    INF,
    NAN,
    header_of,
    replaced_everywhere,
    with_header,
    with_metadata,
    with_text,
)

from conftest import HANGS, ROOT
from pytwolayer import (
    ArgumentError,
    FileFormatError,
    PytwolayerError,
    TwoLayer,
    continue_training,
    load,
    two_layer,
)
from pytwolayer.errors import DivergenceError, MissingRowsWarning
from pytwolayer.models.load import from_bytes
from pytwolayer.models.model_file import to_bytes
from pytwolayer.runtime.torch_loading import torch

RNG = np.random.default_rng(3)
FRAME = pd.DataFrame(
    {
        "a": RNG.normal(size=30),
        "größe": RNG.integers(0, 5, size=30),
        "kind": pd.Categorical(["p", "q", "日本"] * 10, categories=["q", "unused", "p", "日本"]),
        "yes": [True, False, False] * 10,
        "word": ["u", "v"] * 15,
        "same": 7.0,
    }
)
Y = FRAME["a"].to_numpy()
SIDE = Y > 0
PLAIN = {
    "batch_size": None,
    "learning_rate": 0.01,
    "schedule": "constant",
    "weight_decay": 0.0,
    "seed": 1,
}
QUICK = PLAIN | {"hidden_units": 2, "epochs": 3}


@pytest.fixture(scope="module")
def small() -> TwoLayer:
    x = pd.DataFrame({"a": [0.1, 0.2, 0.4], 'a "ü"\n,{}': [1.0, 5.0, 2.0]})
    return two_layer(x, [1.0, 2.0, 4.0], **QUICK | {"seed": 2**53})


@pytest.fixture(scope="module")
def data(small) -> bytes:
    return to_bytes(small)


OUTCOMES = {
    "vector": Y,
    "named": pd.Series(Y, name="ziel"),
    "table": np.column_stack([Y, 100 * Y]),
    "named table": pd.DataFrame({"u": Y, "v": 2 * Y}),
    "constant": np.ones(30),
    "text": np.where(SIDE, "right", "left"),
    "named text": pd.Series(np.where(SIDE, "ünder", "日本"), name="side"),
    "logical": SIDE,
    "factor": pd.Categorical(np.where(SIDE, "b", "a"), categories=["c", "b", "a"]),
    "whole numbers": pd.Categorical(np.where(SIDE, 30, 7)),
    "numbers": pd.Categorical(np.where(SIDE, 2.5, -1)),
    "factor of logicals": pd.Categorical(SIDE),
    "many": [f"class {number}" for number in range(30)],
}


def assert_same_fit(again, fit, data):
    for ours, theirs in zip(again.network.parameters(), fit.network.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert again.predict(data).tolist() == fit.predict(data).tolist()
    assert again.predict(data).dtype == fit.predict(data).dtype
    pd.testing.assert_frame_equal(again.history, fit.history, check_exact=True)
    for name in ("inputs", "outcome", "device", "rows", "dropped", "best_epoch", "stopped"):
        assert getattr(again, name) == getattr(fit, name)
    assert again.settings.plain() == fit.settings.plain()
    assert repr(again) == repr(fit)
    assert to_bytes(again) == to_bytes(fit)


@pytest.mark.parametrize("y", OUTCOMES.values(), ids=OUTCOMES)
def test_the_round_trip_keeps_every_bit(y):
    fit = two_layer(FRAME, y, **QUICK)
    again = from_bytes(to_bytes(fit))
    assert_same_fit(again, fit, FRAME)
    if fit.classes is not None:
        assert again.classes.tolist() == fit.classes.tolist()
        assert again.classes.dtype == fit.classes.dtype
        assert [type(label) for label in again.classes.tolist()] == [
            type(label) for label in fit.classes.tolist()
        ]
        assert again.predict_proba(FRAME).tolist() == fit.predict_proba(FRAME).tolist()


SETTINGS = {
    "validation": {"validation": 0.3},
    "patience": {"patience": 1, "epochs": 30, "learning_rate": 0.5},
    "poisson": {"loss": "poisson"},
    "sgd": {"optimizer": "sgd", "momentum": 0.5, "nesterov": True, "gradient_clip": 1.0},
    "lbfgs": {"optimizer": "lbfgs"},
    "mini-batches": {"batch_size": 7, "dropout": 0.5, "schedule": "step", "weight_decay": 0.1},
    "no limit": {"input_clip": None},
    "another limit": {"input_clip": 0.5},
    "pieces": {"encoding": "piecewise", "pieces": 3},
    "pieces without a limit": {"encoding": "piecewise", "input_clip": None},
    "tiny": {"learning_rate": 5e-324, "weight_decay": 1e-300},
}


@pytest.mark.parametrize("options", SETTINGS.values(), ids=SETTINGS)
def test_every_setting_comes_back(options):
    fit = two_layer(FRAME, np.abs(Y), **QUICK | options)
    assert_same_fit(from_bytes(to_bytes(fit)), fit, FRAME)


def test_what_became_of_missing_rows_and_new_levels_comes_back():
    frame = FRAME.assign(a=[None, *FRAME["a"][1:]])
    with pytest.warns(MissingRowsWarning):
        fit = two_layer(frame, SIDE, **QUICK)
    again = from_bytes(to_bytes(fit))
    assert again.dropped == 1
    new = FRAME.assign(word=["new", *FRAME["word"][1:]], same=8.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert again.predict(new).tolist() == fit.predict(new).tolist()
    assert again.predict(frame)[0] is None


def test_a_function_of_the_users_leaves_its_name_alone():
    def my_loss(output, y):
        return (output - y) ** 2

    fit = two_layer(FRAME, Y, loss=my_loss, **QUICK)
    again = from_bytes(to_bytes(fit))
    assert again.settings.loss_name == "my_loss"
    assert_same_fit(again, fit, FRAME)


def test_labels_of_other_kinds_become_text():
    days = [datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)]
    fit = two_layer(FRAME, pd.Categorical([days[side] for side in SIDE.astype(int)]), **QUICK)
    assert from_bytes(to_bytes(fit)).classes.tolist() == ["2020-01-01", "2021-01-01"]


def test_odd_names_and_the_largest_seed_come_back(small, data):
    again = from_bytes(data)
    assert again.inputs.names == ("a", 'a "ü"\n,{}')
    assert again.settings.seed == 2**53


def test_text_that_looks_like_a_checksum_comes_back(small):
    odd = ["0" * 32, '", "md5": "' + "0" * 32 + '"}"', "0" * 32 + '\\"}"']
    fit = replace(small, formula=odd[1], notes={text: text for text in odd})
    again = from_bytes(to_bytes(fit))
    assert (again.formula, again.notes) == (fit.formula, fit.notes)


@pytest.mark.parametrize("y", [np.zeros((4, 2)), np.arange(4.0)], ids=["table", "vector"])
def test_fits_without_names_come_back(y):
    x = np.arange(8.0).reshape(4, 2)
    fit = two_layer(x, y, **QUICK)
    again = from_bytes(to_bytes(fit))
    assert again.inputs.names is None
    assert again.predict(x).tolist() == fit.predict(x).tolist()


def test_a_diverged_fit_comes_back():
    with pytest.raises(DivergenceError) as caught:
        two_layer(FRAME, Y, **QUICK | {"optimizer": "sgd", "learning_rate": 1e8, "epochs": 30})
    fit = caught.value.fit
    again = from_bytes(to_bytes(fit))
    np.testing.assert_array_equal(again.history["loss"], fit.history["loss"])
    assert not np.isfinite(again.history["loss"]).all()
    assert again.stopped == "divergence"
    assert again.predict(FRAME).tolist() == fit.predict(FRAME).tolist()


def test_writing_leaves_the_fit_as_it_was(fit, frame):
    expected = fit.predict(frame).tolist()
    losses = fit.history["loss"].tolist()
    first = to_bytes(fit)
    assert to_bytes(fit) == first
    assert fit.predict(frame).tolist() == expected
    assert fit.history["loss"].tolist() == losses


def test_it_is_safetensors_with_the_rest_as_text(data, small):
    header, _ = header_of(data)
    assert {"0.weight", "0.bias", "2.weight", "2.bias", "history.loss"} < set(header)
    metadata = json.loads(header["__metadata__"]["pytwolayer"])
    assert metadata["format"] == 4
    assert metadata["settings"]["hidden_units"] == 2
    assert metadata["inputs"]["names"] == list(small.inputs.names)


def test_every_truncation_is_one_of_our_errors(data):
    for length in range(0, len(data), 7):
        with pytest.raises(PytwolayerError, match="The model cannot be read: "):
            from_bytes(data[:length])


def test_any_byte_changed_is_one_of_our_errors(data):
    rng = np.random.default_rng(0)
    for place in range(len(data)):
        value = data[place] ^ (1 << rng.integers(8))
        damaged = data[:place] + bytes([value]) + data[place + 1 :]
        with pytest.raises(FileFormatError, match="The model cannot be read: "):
            from_bytes(damaged)


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"\0" * 8,
        b"\0" * 100,
        b"\xff" * 100,
        b"{}",
        struct.pack("<Q", 2) + b"{}",
        b"PK\x03\x04" * 50,
    ],
    ids=repr,
)
def test_bytes_that_are_something_else_are_one_of_our_errors(junk):
    with pytest.raises(PytwolayerError, match="The model cannot be read: "):
        from_bytes(junk)


@pytest.mark.parametrize("value", [None, "text", 3, [1]])
def test_what_is_no_bytes_is_one_of_our_errors(value):
    with pytest.raises(PytwolayerError, match="The model cannot be read: "):
        from_bytes(value)


def test_safetensors_of_another_program_are_one_of_our_errors():
    import safetensors.torch

    for metadata in (None, {"format": "pt"}, {"pytwolayer": "[]"}, {"pytwolayer": "{"}):
        other = safetensors.torch.save({"w": torch.ones(2)}, metadata)
        with pytest.raises(PytwolayerError, match="The model cannot be read: "):
            from_bytes(other)


def test_a_newer_format_says_so_and_what_to_do(data):
    newer = with_metadata(data, lambda metadata: metadata | {"format": 5})
    with pytest.raises(FileFormatError, match=r"format 5, .* reads format 4: install a newer"):
        from_bytes(newer)


def test_an_older_format_says_so_and_what_to_do(data):
    older = with_metadata(data, lambda metadata: metadata | {"format": 2})
    with pytest.raises(FileFormatError, match=r"format 2, .* create the model again"):
        from_bytes(older)


def drop(name):
    return lambda metadata: {key: value for key, value in metadata.items() if key != name}


def put(name, **values):
    return lambda metadata: metadata | {name: metadata[name] | values}


def put_coding(number, **values):
    def change(metadata):
        metadata["inputs"]["codings"][number] |= values
        return metadata

    return change


@pytest.fixture(scope="module")
def classes() -> bytes:
    x = pd.DataFrame({"kind": ["p", "q", "p"], "a": [1.0, 2.0, 5.0]})
    return to_bytes(two_layer(x, ["u", "v", "u"], **QUICK))


OLD = ROOT / "tests" / "fixtures" / "format-3"  # files that an earlier version wrote


@pytest.fixture(scope="module")
def old_data():
    return pd.read_csv(OLD / "data.csv", dtype={"level": "category"})


@pytest.fixture(scope="module")
def old_predictions():
    return pd.read_csv(OLD / "predictions.csv")


def test_files_of_format_3_predict_what_they_did(old_data, old_predictions):
    fit = load(OLD / "model.safetensors")
    np.testing.assert_allclose(fit.predict(old_data), old_predictions["model"], rtol=1e-6)
    assert (fit.settings.encoding, fit.settings.pieces, fit.tuning) == ("linear", 8, None)
    assert fit.settings.weight_decay == 3 / 24
    assert fit.history.columns.tolist() == ["epoch", "loss", "valid_loss"]
    several = load(OLD / "ensemble.safetensors")
    expected = old_predictions[list(several.classes)]
    np.testing.assert_allclose(several.predict_proba(old_data), expected, rtol=1e-6)
    assert (several.settings.encoding, several.tuning) == ("linear", None)
    assert "poly(a, 2)" in load(OLD / "formula.safetensors").formula


def test_a_fit_of_format_3_is_written_in_the_new_one_and_goes_on(old_data, old_predictions):
    fit = load(OLD / "model.safetensors")
    again = from_bytes(to_bytes(fit))
    assert again.predict(old_data).tolist() == fit.predict(old_data).tolist()
    options = {"validation": 0.25, "epochs": 2, "verbose": False}
    more = continue_training(
        fit, old_data[["a", "flag", "level"]], old_data["y"].to_numpy(), **options
    )
    assert len(more.history) == 8
    assert more.settings.encoding == "linear"


OF_LATER = {
    "tuning": lambda metadata: metadata | {"tuning": None},
    "encoding": put("settings", encoding="linear"),
    "pieces": put("settings", pieces=8),
    "knots": put_coding(0, knots=[0.0, 1.0, 2.0], center=[0.5, 0.5], scale=[1.0, 1.0]),
    "no settings": drop("settings"),
    "settings are a list": lambda metadata: metadata | {"settings": []},
}


@pytest.mark.parametrize("change", OF_LATER.values(), ids=OF_LATER)
def test_files_of_format_3_have_nothing_of_the_later_one(change):
    old = (OLD / "model.safetensors").read_bytes()
    assert from_bytes(with_metadata(old, lambda metadata: metadata)).rows == 24
    with pytest.raises(
        FileFormatError, match=r"cannot be read: it(s columns)? (has|lacks|have more pieces)"
    ):
        from_bytes(with_metadata(old, change))


def tuning_of(losses):
    """Make the table of a search with two candidates."""
    return pd.DataFrame(
        {
            "encoding": ["linear", "piecewise"],
            "learning_rate": [0.003, 0.03],
            "weight_decay": [0.3, 0.003],
            "fold": [1, 2],
            "valid_loss": losses,
        }
    )


@pytest.fixture(scope="module")
def tuned() -> bytes:
    x = {"a": np.arange(9.0), "b": np.arange(9.0) ** 2, "c": [True, False, True] * 3}
    fit = two_layer(pd.DataFrame(x), x["a"], encoding="piecewise", pieces=3, **QUICK)
    return to_bytes(replace(fit, tuning=tuning_of([0.25, np.inf])))


PARTS = [
    "format",
    "settings",
    "inputs",
    "outcome",
    "device",
    "rows",
    "dropped",
    "best_epoch",
    "stopped",
    "kind",
    "versions",
    "own_loss",
    "epochs",
    "history",
    "data",
    "formula",
    "notes",
    "tuning",
]
DAMAGES = {f"no {name}": drop(name) for name in PARTS} | {
    "a list": lambda metadata: [],
    "format is text": lambda metadata: metadata | {"format": "4"},
    "format is true": lambda metadata: metadata | {"format": True},
    "another kind": lambda metadata: metadata | {"kind": "checkpoint"},
    "one more entry": lambda metadata: metadata | {"more": 1},
    "rows beyond all numbers": lambda metadata: metadata | {"rows": 10**400},
    "epochs beyond all memory": lambda metadata: metadata | {"epochs": 2**62},
    "a history of another column": lambda metadata: metadata | {"history": ["loss", "other"]},
    "a best epoch that was not": lambda metadata: metadata | {"best_epoch": 4},
    "checksums are text": lambda metadata: metadata | {"data": {"x": "text"}},
    "a checksum beyond all numbers": lambda metadata: metadata | {"data": {"x": 10**400}},
    "an unknown coding": put_coding(0, more=1),
    "an unknown entry of the inputs": put("inputs", more=1),
    "an unknown entry of the outcome": put("outcome", more=1),
    "no settings in settings": lambda metadata: metadata | {"settings": {}},
    "an unknown setting": put("settings", more=1),
    "an unknown activation": put("settings", activation="exec"),
    "an unknown optimiser": put("settings", optimizer="exec"),
    "another hidden layer": put("settings", hidden_units=3),
    "a huge hidden layer": put("settings", hidden_units=10**12),
    "a hidden layer beyond all numbers": put("settings", hidden_units=2**70),
    "inputs are a list": lambda metadata: metadata | {"inputs": [1, 2]},
    "inputs are text": lambda metadata: metadata | {"inputs": "text"},
    "names are a number": put("inputs", names=3),
    "too few names": put("inputs", names=["a"]),
    "no codings": put("inputs", codings=[]),
    "too few codings": put("inputs", codings=[{"center": 0.0, "scale": 1.0, "limit": None}]),
    "codings are text": put("inputs", codings="text"),
    "codings are numbers": put("inputs", codings=[1, 2]),
    "a center is text": put_coding(0, center="text"),
    "a center is not a number": put_coding(0, center=NAN),
    "a center is infinite": put_coding(0, center=INF),
    "a scale is nothing": put_coding(0, scale=None),
    "a scale below zero": put_coding(0, scale=-1.0),
    "a limit of zero": put_coding(0, limit=0.0),
    "a limit is not a number": put_coding(0, limit=NAN),
    "a limit is text": put_coding(0, limit="5"),
    "levels for numbers": put_coding(0, levels=["a", "b"]),
    "outcome is a list": lambda metadata: metadata | {"outcome": [1]},
    "outcome is of another kind": put("outcome", kind="classes"),
    "too many outcomes": put("outcome", center=[0.0, 1.0], scale=[1.0, 1.0]),
    "no outcome": put("outcome", center=[], scale=[]),
    "outcome centers and scales differ": put("outcome", center=[0.0, 1.0]),
    "an outcome's scale of zero": put("outcome", scale=[0.0]),
    "an outcome's center is not a number": put("outcome", center=[NAN]),
    "outcome names are too many": put("outcome", names=["a", "b"]),
}
DAMAGES_OF_CLASSES = {
    "levels are a number": put_coding(0, levels=3),
    "too few levels": put_coding(0, levels=["p"]),
    "too many levels": put_coding(0, levels=["p", "q", "r"]),
    "labels are a number": put("outcome", labels=2),
    "too few labels": put("outcome", labels=["u"]),
    "too many labels": put("outcome", labels=["u", "v", "w"]),
    "no labels": drop("outcome"),
    "labels read alike": put("outcome", labels=["1", 1]),
    "outcome is of another kind": put("outcome", kind="numbers"),
}

DAMAGES_OF_PIECES = {
    "no knots": put_coding(0, knots=[]),
    "two knots": put_coding(0, knots=[1.0, 2.0], center=[0.5], scale=[0.5]),
    "one knot too few": put_coding(0, knots=[0.0, 1.0, 2.0]),
    "one knot too many": put_coding(0, knots=[0.0, 1.0, 2.0, 3.0, 4.0]),
    "one center too few": put_coding(0, center=[0.5, 0.5]),
    "one scale too many": put_coding(0, scale=[1.0] * 4),
    "knots descend": put_coding(0, knots=[3.0, 2.0, 1.0, 0.0]),
    "equal knots": put_coding(0, knots=[0.0, 1.0, 1.0, 2.0]),
    "zeros of both signs": put_coding(0, knots=[-1.0, -0.0, 0.0, 1.0]),
    "an infinite knot": put_coding(0, knots=[0.0, 1.0, 2.0, INF]),
    "a knot is not a number": put_coding(0, knots=[0.0, 1.0, NAN, 2.0]),
    "a knot is text": put_coding(0, knots=[0.0, "1", 2.0, 3.0]),
    "a knot is true": put_coding(0, knots=[0.0, True, 2.0, 3.0]),
    "a knot is nothing": put_coding(0, knots=[0.0, None, 2.0, 3.0]),
    "knots are a number": put_coding(0, knots=3),
    "knots are text": put_coding(0, knots="0123"),
    "knots are nothing": put_coding(0, knots=None),
    "knots too far apart": put_coding(0, knots=[-1.5e308, 1.5e308, 1.6e308, 1.7e308]),
    "a center is infinite": put_coding(0, center=[0.5, INF, 0.5]),
    "a scale below zero": put_coding(0, scale=[0.5, -1e-300, 0.5]),
    "center and scale of one input": put_coding(0, center=0.0, scale=1.0),
    "a limit of zero": put_coding(0, limit=0.0),
    "knots and levels": put_coding(0, levels=["a", "b", "c"]),
    "knots in another column": put_coding(2, knots=[0.0, 0.5, 1.0, 2.0]),
    "more pieces than the settings": put("settings", pieces=2),
    "pieces of a linear fit": put("settings", encoding="linear"),
    "no pieces": put("settings", pieces=0),
    "one piece": put("settings", pieces=1),
    "too many pieces": put("settings", pieces=65),
    "pieces are text": put("settings", pieces="8"),
    "pieces are nothing": put("settings", pieces=None),
    "half a piece": put("settings", pieces=3.5),
    "an unknown encoding": put("settings", encoding="quadratic"),
    "an encoding that is not known yet": put("settings", encoding="auto"),
    "an encoding that is nothing": put("settings", encoding=None),
    "tuning is a list": lambda metadata: metadata | {"tuning": []},
    "tuning is false": lambda metadata: metadata | {"tuning": False},
    "tuning is empty": lambda metadata: metadata | {"tuning": {}},
    "tuning without rows": lambda metadata: (
        metadata | {"tuning": {name: [] for name in metadata["tuning"]}}
    ),
    "tuning has another column": put("tuning", more=[1, 2]),
    "tuning lacks a row": put("tuning", fold=[1]),
    "tuning has one row more": put("tuning", valid_loss=[1.0, 2.0, 3.0]),
    "a column of tuning is a number": put("tuning", fold=1),
    "a column of tuning is nothing": put("tuning", valid_loss=None),
    "a column of tuning is an object": put("tuning", fold={"a": 1, "b": 2}),
    "tuning of an unknown encoding": put("tuning", encoding=["linear", "auto"]),
    "tuning of no encoding": put("tuning", encoding=["linear", None]),
    "a learning rate that is not known yet": put("tuning", learning_rate=[0.1, "auto"]),
    "a learning rate of zero": put("tuning", learning_rate=[0.1, 0.0]),
    "a learning rate too large": put("tuning", learning_rate=[0.1, 1e39]),
    "a learning rate is infinite": put("tuning", learning_rate=[0.1, INF]),
    "a learning rate is nothing": put("tuning", learning_rate=[0.1, None]),
    "a learning rate is true": put("tuning", learning_rate=[0.1, True]),
    "one learning rate": put("tuning", learning_rate=[0.1]),
    "a weight decay that is not known yet": put("tuning", weight_decay=[0.1, "auto"]),
    "a weight decay below zero": put("tuning", weight_decay=[0.1, -0.1]),
    "a weight decay too large": put("tuning", weight_decay=[0.1, 1e39]),
    "a weight decay is not a number": put("tuning", weight_decay=[0.1, NAN]),
    "a weight decay is nothing": put("tuning", weight_decay=[0.1, None]),
    "a weight decay is true": put("tuning", weight_decay=[0.1, True]),
    "fold zero": put("tuning", fold=[0, 1]),
    "half a fold": put("tuning", fold=[1, 1.5]),
    "a fold beyond all numbers": put("tuning", fold=[1, 10**400]),
    "a large fold": put("tuning", fold=[1, 2**31]),
    "a fold is nothing": put("tuning", fold=[1, None]),
    "a fold is text": put("tuning", fold=[1, "2"]),
    "a loss is infinite": put("tuning", valid_loss=[1.0, INF]),
    "a loss is not a number": put("tuning", valid_loss=[1.0, NAN]),
    "a loss is text": put("tuning", valid_loss=[1.0, "2"]),
    "a loss is true": put("tuning", valid_loss=[1.0, True]),
    "a loss beyond all numbers": put("tuning", valid_loss=[1.0, 10**400]),
}


@pytest.mark.parametrize("change", DAMAGES_OF_PIECES.values(), ids=DAMAGES_OF_PIECES)
def test_pieces_and_tuning_that_are_not_a_fits_are_one_of_our_errors(tuned, change):
    with pytest.raises(PytwolayerError, match="The model cannot be read: "):
        from_bytes(with_metadata(tuned, change))


def test_what_was_tuned_comes_back(tuned, small):
    assert from_bytes(to_bytes(small)).tuning is None
    again = from_bytes(tuned)
    pd.testing.assert_frame_equal(again.tuning, tuning_of([0.25, np.inf]), check_exact=True)
    assert to_bytes(again) == tuned
    nothing = replace(again, tuning=tuning_of([np.nan, -1.5]))
    assert from_bytes(to_bytes(nothing)).tuning["valid_loss"].tolist() == [np.inf, -1.5]


@pytest.mark.parametrize("change", DAMAGES.values(), ids=DAMAGES)
def test_metadata_that_is_not_a_fits_is_one_of_our_errors(data, change):
    with pytest.raises(PytwolayerError, match="The model cannot be read: "):
        from_bytes(with_metadata(data, change))


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "null"),
        (True, "true or false"),
        (3, "a number"),
        (0.5, "a number"),
        ("text", "text"),
        ([1], "a list"),
    ],
)
def test_what_is_found_in_place_of_an_object_is_told_in_words(data, value, told):
    changed = with_metadata(data, lambda metadata: metadata | {"outcome": value})
    with pytest.raises(FileFormatError, match=f"it has {told} where an object is needed"):
        from_bytes(changed)


@pytest.mark.parametrize("change", DAMAGES_OF_CLASSES.values(), ids=DAMAGES_OF_CLASSES)
def test_metadata_that_is_not_of_these_classes_is_one_of_our_errors(classes, change):
    with pytest.raises(PytwolayerError, match="The model cannot be read: "):
        from_bytes(with_metadata(classes, change))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("encoding", ["linear", "piecewise"])
@pytest.mark.parametrize("y", [Y, SIDE], ids=["numbers", "classes"])
def test_junk_anywhere_gives_one_of_our_errors_or_a_fit_that_works(y, encoding):
    frame = FRAME[["a", "kind"]][:6]
    fit = two_layer(frame, y[:6], encoding=encoding, pieces=2, **QUICK)
    fit = replace(fit, tuning=tuning_of([1.0, np.inf])) if encoding == "piecewise" else fit
    for damaged in replaced_everywhere(to_bytes(fit)):
        try:
            fit = from_bytes(damaged)
            assert len(fit.predict(frame)) == 6
        except PytwolayerError:
            continue
        assert isinstance(repr(fit), str)
        assert isinstance(to_bytes(fit), bytes)


def test_weights_of_another_type_are_one_of_our_errors(data):
    import safetensors.torch

    tensors = safetensors.torch.load(data)
    header, _ = header_of(data)
    metadata = header["__metadata__"]
    for change in (
        {"0.weight": tensors["0.weight"].double()},
        {"0.weight": tensors["0.weight"].int()},
        {"0.weight": tensors["0.weight"][:1]},
        {"more": torch.ones(1)},
    ):
        with pytest.raises(PytwolayerError, match="The model cannot be read: "):
            from_bytes(safetensors.torch.save(tensors | change, metadata))


def test_a_history_of_unequal_columns_is_one_of_our_errors(data):
    import safetensors.torch

    tensors = safetensors.torch.load(data)
    metadata = header_of(data)[0]["__metadata__"]
    changed = tensors | {"history.valid_loss": torch.ones(5, dtype=torch.float64)}
    with pytest.raises(PytwolayerError, match="The model cannot be read: "):
        from_bytes(safetensors.torch.save(changed, metadata))


def test_reading_runs_no_code_from_the_bytes(data, monkeypatch):
    import builtins
    import pickle

    for module, name in ((pickle, "loads"), (pickle, "load"), (torch, "load"), (builtins, "eval")):
        monkeypatch.setattr(module, name, lambda *a, **k: pytest.fail("ran code"))
    assert isinstance(from_bytes(data), TwoLayer)


def test_reading_leaves_the_global_random_state_alone(data):
    before = torch.get_rng_state()
    from_bytes(data)
    assert torch.equal(torch.get_rng_state(), before)


def text_of(data: bytes) -> str:
    """Give the text without its checksum."""
    text = header_of(data)[0]["__metadata__"]["pytwolayer"]
    return text[: text.index(', "md5": ')] + "}"


HOSTILE = {
    "an entry twice": ('"rows": 3', '"rows": 3, "rows": 4'),
    "a format twice": ('"format": 4', '"format": 4, "format": 4'),
    "a deep nest": ('"notes": {}', '"notes": {"a": ' + "[" * 100_000 + "]" * 100_000 + "}"),
    "a deep nest of objects": ('"notes": {}', '"notes": ' + '{"a": ' * 9999 + "1" + "}" * 9999),
    "201 levels": ('"notes": {}', '"notes": {"a": ' + "[" * 199 + "]" * 199 + "}"),
    "no number": ('"rows": 3', '"rows": NaN'),
    "infinity": ('"notes": {}', '"notes": {"a": -Infinity}'),
    "a number beyond all": ('"center": 1.0', '"center": 1e400'),
    "an endless number": ('"rows": 3', f'"rows": {"9" * 5000}'),
    "a comment": ('"notes"', '/* a */ "notes"'),
    "a hex number": ('"rows": 3', '"rows": 0x3'),
    "more behind it": ('"tuning": null}', '"tuning": null} {}'),
}


@pytest.mark.parametrize(("old", "new"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_json_is_one_of_our_errors(old, new):
    data = to_bytes(two_layer([[1.0], [1.0], [1.0]], [1.0, 2.0, 4.0], **QUICK))
    assert old in text_of(data)
    with pytest.raises(FileFormatError, match="The model cannot be read: "):
        from_bytes(with_text(data, text_of(data).replace(old, new)))


def test_labels_are_finite(classes):
    text = text_of(classes).replace('"labels": ["u", "v"]', '"labels": ["u", 1e400]')
    with pytest.raises(FileFormatError, match="neither text nor numbers"):
        from_bytes(with_text(classes, text))


def put_tensor(header, name, **values):
    return header | {name: header[name] | values}


@pytest.mark.parametrize(
    "values",
    [
        {"shape": [2.0]},
        {"shape": [True, 2]},
        {"shape": [2, 1]},
        {"shape": [10**30]},
        {"shape": "2"},
        {"dtype": "F64"},
        {"dtype": "I32"},
        {"data_offsets": [0, 8]},
        {"data_offsets": [0, 10**30]},
        {"data_offsets": [-8, 0]},
        {"data_offsets": None},
        {"more": 1},
    ],
    ids=str,
)
def test_a_header_that_lies_is_one_of_our_errors(data, values):
    header, rest = header_of(data)
    with pytest.raises(FileFormatError, match="The model cannot be read: "):
        from_bytes(with_header(put_tensor(header, "0.bias", **values), rest))


def test_notes_of_another_language_are_handed_on(data):
    notes = {"r": {"ordered": True, "names": ["ä", "b"]}, "other": None}
    marked = with_metadata(data, lambda metadata: metadata | {"notes": notes, "formula": "y ~ x"})
    fit = from_bytes(marked)
    assert fit.notes == notes
    assert text_of(to_bytes(fit)) == text_of(marked)


def test_an_error_of_columns_tells_of_the_formula(data):
    fit = from_bytes(with_metadata(data, lambda metadata: metadata | {"formula": "y ~ log(x)"}))
    with pytest.raises(ArgumentError, match=r"the terms of `y ~ log\(x\)`, not one without"):
        fit.predict(pd.DataFrame({"x": [1.0]}))


# As a file


def test_a_file_comes_back_to_the_bit(small, data, tmp_path):
    file = tmp_path / "m.safetensors"
    assert small.save(file) is None
    assert file.read_bytes() == data
    assert to_bytes(load(str(file))) == data
    assert [path.name for path in tmp_path.iterdir()] == ["m.safetensors"]


def test_a_damaged_file_is_told_by_its_name(data, tmp_path):
    file = tmp_path / "m.safetensors"
    for damaged in (data[:-1], data + b"0", data[:-1] + b"x", b"", b"text", data[:100]):
        file.write_bytes(damaged)
        with pytest.raises(
            FileFormatError, match=r'The model in ".*m\.safetensors" cannot be read'
        ):
            load(file)


@pytest.mark.parametrize("file", [None, 3, "", "a\0b", "x" * 5000, "no/such/file", b"bytes"])
def test_what_is_no_file_is_one_of_our_errors(small, file):
    with pytest.raises(ArgumentError, match="`file` must be the path of a file"):
        load(file)
    with pytest.raises(ArgumentError, match="`file` must be the path of a file"):
        small.save(file)


def test_folders_pipes_and_devices_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "pipe", "/dev/zero", "/dev/null"):
        with pytest.raises(ArgumentError, match="it is not a file"):
            load(place)


def test_a_huge_file_is_refused_without_reading_it(data, tmp_path):
    file = tmp_path / "m.safetensors"
    for start in (b"", data):
        with file.open("wb") as opened:
            opened.write(start)
            opened.truncate(10 * 2**30)
        with pytest.raises(FileFormatError):
            load(file)


def test_a_link_stays_a_link_and_permissions_stay(small, data, tmp_path):
    file, link = tmp_path / "m.safetensors", tmp_path / "link"
    file.write_bytes(b"old")
    file.chmod(0o640)
    link.symlink_to(file)
    small.save(link)
    assert link.is_symlink()
    assert file.read_bytes() == data
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def in_new_python(code: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", code, *map(str, arguments)]


WRITE_SMALL = """
import resource, sys
from pytwolayer import PytwolayerError, load
fit = load(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
try:
    fit.save(sys.argv[2])
except PytwolayerError as problem:
    print(problem)
"""


def test_a_full_disk_leaves_the_old_file(small, tmp_path):
    source, target = tmp_path / "a.safetensors", tmp_path / "b" / "b.safetensors"
    small.save(source)
    target.parent.mkdir()
    target.write_bytes(b"old")
    command = in_new_python(WRITE_SMALL, source, target)
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=HANGS).stdout
    assert told.startswith(f'"{target}" cannot be written: File too large.')
    assert target.read_bytes() == b"old"
    assert [path.name for path in target.parent.iterdir()] == ["b.safetensors"]


WRITE_ON = """
import sys
from pytwolayer import load
fits = [load(file) for file in sys.argv[1:3]]
print("ready", flush=True)
while True:
    for fit in fits:
        fit.save(sys.argv[3])
"""


def test_a_killed_writer_leaves_a_whole_file(small, classes, data, tmp_path):
    (tmp_path / "a").write_bytes(data)
    (tmp_path / "b").write_bytes(classes)
    file = tmp_path / "m.safetensors"
    command = in_new_python(WRITE_ON, tmp_path / "a", tmp_path / "b", file)
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        while not file.exists():
            pass
        seen = {file.read_bytes() for _ in range(300)}
        writer.kill()
    assert seen | {file.read_bytes()} <= {data, classes}


def test_text_of_a_file_does_not_get_into_messages_unseen(data):
    for name in ("a\nb\x1b[31m", "x" * 10**6):
        hostile = with_metadata(data, lambda m: m | {"data": {name: -1}})  # noqa: B023
        with pytest.raises(PytwolayerError) as caught:
            from_bytes(hostile)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 400

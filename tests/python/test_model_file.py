"""A fit as bytes and back."""

import datetime
import json
import struct
import warnings

import numpy as np
import pandas as pd
import pytest

from pytwolayer import PytwolayerError, TwoLayer, two_layer
from pytwolayer.errors import DivergenceError, MissingRowsWarning
from pytwolayer.model_file import from_bytes, to_bytes
from pytwolayer.torch_loading import torch

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


def header_of(data: bytes) -> tuple[dict, bytes]:
    (length,) = struct.unpack_from("<Q", data)
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def with_metadata(data: bytes, change) -> bytes:
    """Give the bytes again with the text metadata changed."""
    header, rest = header_of(data)
    metadata = json.loads(header["__metadata__"]["pytwolayer"])
    header["__metadata__"]["pytwolayer"] = json.dumps(change(metadata))
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + rest


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
    assert metadata["format"] == 2
    assert metadata["settings"]["hidden_units"] == 2
    assert metadata["inputs"]["names"] == list(small.inputs.names)


def test_every_truncation_is_one_of_our_errors(data):
    for length in range(0, len(data), 7):
        with pytest.raises(PytwolayerError, match="The model's bytes cannot be read: "):
            from_bytes(data[:length])


def test_any_byte_changed_gives_one_of_our_errors_or_a_fit(data):
    rng = np.random.default_rng(0)
    for place in range(len(data)):
        for value in (data[place] ^ (1 << rng.integers(8)), int(rng.integers(256))):
            damaged = data[:place] + bytes([value]) + data[place + 1 :]
            try:
                fit = from_bytes(damaged)
            except PytwolayerError:
                continue
            assert isinstance(fit, TwoLayer)
            assert len(fit.history) == 3


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
    with pytest.raises(PytwolayerError, match="The model's bytes cannot be read"):
        from_bytes(junk)


@pytest.mark.parametrize("value", [None, "text", 3, [1]])
def test_what_is_no_bytes_is_one_of_our_errors(value):
    with pytest.raises(PytwolayerError, match="The model's bytes cannot be read"):
        from_bytes(value)


def test_safetensors_of_another_program_are_one_of_our_errors():
    import safetensors.torch

    for metadata in (None, {"format": "pt"}, {"pytwolayer": "[]"}, {"pytwolayer": "{"}):
        other = safetensors.torch.save({"w": torch.ones(2)}, metadata)
        with pytest.raises(PytwolayerError, match="The model's bytes cannot be read"):
            from_bytes(other)


def test_a_newer_format_says_so_and_what_to_do(data):
    newer = with_metadata(data, lambda metadata: metadata | {"format": 3})
    with pytest.raises(PytwolayerError, match=r"format 3; .* reads format 2\. Install a newer"):
        from_bytes(newer)


def test_an_older_format_says_so_and_what_to_do(data):
    older = with_metadata(data, lambda metadata: metadata | {"format": 1})
    with pytest.raises(PytwolayerError, match=r"format 1, .* cannot read it\. Fit it again"):
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
]
NAN, INF = float("nan"), float("inf")
DAMAGES = {f"no {name}": drop(name) for name in PARTS} | {
    "a list": lambda metadata: [],
    "format is text": lambda metadata: metadata | {"format": "2"},
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
    "outcome is of another kind": put("outcome", kind="numbers"),
}


@pytest.mark.parametrize("change", DAMAGES.values(), ids=DAMAGES)
def test_metadata_that_is_not_a_fits_is_one_of_our_errors(data, change):
    with pytest.raises(PytwolayerError, match="The model's bytes cannot be read"):
        from_bytes(with_metadata(data, change))


@pytest.mark.parametrize("change", DAMAGES_OF_CLASSES.values(), ids=DAMAGES_OF_CLASSES)
def test_metadata_that_is_not_of_these_classes_is_one_of_our_errors(classes, change):
    with pytest.raises(PytwolayerError, match="The model's bytes cannot be read"):
        from_bytes(with_metadata(classes, change))


JUNK = [None, True, -1, 2, 1.5, NAN, INF, 10**400, "", "auto", [], {}, [1], ["a"], {"a": 1}]


def places(value, path=()):
    yield path
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def replaced(value, path, new):
    if not path:
        return new
    value = value.copy()
    value[path[0]] = replaced(value[path[0]], path[1:], new)
    return value


def replaced_everywhere(data):
    """Give the bytes again and again, each time with junk at another place."""
    metadata = json.loads(header_of(data)[0]["__metadata__"]["pytwolayer"])
    for path in places(metadata):
        for junk in JUNK:
            yield with_metadata(data, lambda m: replaced(m, path, junk))  # noqa: B023


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("y", [Y, SIDE], ids=["numbers", "classes"])
def test_junk_anywhere_gives_one_of_our_errors_or_a_fit_that_works(y):
    frame = FRAME[["a", "kind"]][:6]
    for damaged in replaced_everywhere(to_bytes(two_layer(frame, y[:6], **QUICK))):
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
        with pytest.raises(PytwolayerError, match="The model's bytes cannot be read"):
            from_bytes(safetensors.torch.save(tensors | change, metadata))


def test_a_history_of_unequal_columns_is_one_of_our_errors(data):
    import safetensors.torch

    tensors = safetensors.torch.load(data)
    metadata = header_of(data)[0]["__metadata__"]
    changed = tensors | {"history.valid_loss": torch.ones(5, dtype=torch.float64)}
    with pytest.raises(PytwolayerError, match="The model's bytes cannot be read"):
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

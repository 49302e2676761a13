"""A fit as bytes and back."""

import json
import struct

import numpy as np
import pandas as pd
import pytest

from pytwolayer import PytwolayerError, TwoLayer, two_layer
from pytwolayer.model_file import from_bytes, to_bytes
from pytwolayer.torch_loading import torch


@pytest.fixture(scope="module")
def small() -> TwoLayer:
    x = pd.DataFrame({"a": [0.1, 0.2, 0.4], 'a "ü"\n,{}': [1.0, 5.0, 2.0]})
    return two_layer(x, [1.0, 2.0, 4.0], hidden_units=2, epochs=3, seed=2**53)


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


def test_the_round_trip_keeps_every_bit(fit, frame):
    again = from_bytes(to_bytes(fit))
    for ours, theirs in zip(again.network.parameters(), fit.network.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert again.predict(frame).tolist() == fit.predict(frame).tolist()
    pd.testing.assert_frame_equal(again.history, fit.history, check_exact=True)
    for name in ("inputs", "outputs", "vector", "settings", "device", "rows"):
        assert getattr(again, name) == getattr(fit, name)
    assert repr(again) == repr(fit)
    assert to_bytes(again) == to_bytes(fit)


def test_odd_names_and_the_largest_seed_come_back(small, data):
    again = from_bytes(data)
    assert again.inputs.names == ("a", 'a "ü"\n,{}')
    assert again.settings.seed == 2**53


@pytest.mark.parametrize("y", [np.zeros((4, 2)), np.arange(4.0)], ids=["table", "vector"])
def test_fits_without_names_come_back(y):
    x = np.arange(8.0).reshape(4, 2)
    fit = two_layer(x, y, hidden_units=2, epochs=2, seed=1)
    again = from_bytes(to_bytes(fit))
    assert again.inputs.names is None
    assert again.predict(x).tolist() == fit.predict(x).tolist()


def test_a_diverged_fit_comes_back():
    x = np.arange(8.0).reshape(4, 2)
    fit = two_layer(x, x[:, 0], optimizer="sgd", learning_rate=1e8, epochs=30, seed=1)
    again = from_bytes(to_bytes(fit))
    np.testing.assert_array_equal(again.history["loss"], fit.history["loss"])
    assert not np.isfinite(again.history["loss"]).all()


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
    assert metadata["format"] == 1
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
    newer = with_metadata(data, lambda metadata: metadata | {"format": 2})
    with pytest.raises(PytwolayerError, match=r"format 2; .* formats up to 1\. Install a newer"):
        from_bytes(newer)


def drop(name):
    return lambda metadata: {key: value for key, value in metadata.items() if key != name}


def put(name, **values):
    return lambda metadata: metadata | {name: metadata[name] | values}


PARTS = ["format", "settings", "inputs", "outputs", "vector", "device", "rows"]
DAMAGES = {f"no {name}": drop(name) for name in PARTS} | {
    "a list": lambda metadata: [],
    "format is text": lambda metadata: metadata | {"format": "1"},
    "no settings in settings": lambda metadata: metadata | {"settings": {}},
    "an unknown setting": put("settings", more=1),
    "an unknown activation": put("settings", activation="exec"),
    "another hidden layer": put("settings", hidden_units=3),
    "a huge hidden layer": put("settings", hidden_units=10**12),
    "a hidden layer beyond all numbers": put("settings", hidden_units=2**70),
    "inputs are a list": lambda metadata: metadata | {"inputs": [1, 2]},
    "inputs are text": lambda metadata: metadata | {"inputs": "text"},
    "names are a number": put("inputs", names=3),
    "too few names": put("inputs", names=["a"]),
    "too few centers": put("inputs", center=[1.0]),
    "centers are text": put("inputs", center=["text", "more"]),
    "a center is not a number": put("inputs", center=[float("nan"), 1.0]),
    "no scale": put("inputs", scale=None),
    "too few scales": put("inputs", scale=[1.0]),
    "a scale of zero": put("inputs", scale=[0.0, 1.0]),
}


@pytest.mark.parametrize("change", DAMAGES.values(), ids=DAMAGES)
def test_metadata_that_is_not_a_fits_is_one_of_our_errors(data, change):
    with pytest.raises(PytwolayerError, match="The model's bytes cannot be read"):
        from_bytes(with_metadata(data, change))


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

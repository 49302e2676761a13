"""Models that R predicts with again are not read again, and are not kept for ever."""

import numpy as np
import pytest

from pytwolayer import FileFormatError, two_layer
from pytwolayer.models.load import ensemble_from_bytes, from_bytes
from pytwolayer.models.model_file import to_bytes
from pytwolayer.r_interop import model_cache
from pytwolayer.r_interop.model_cache import ModelCache

X = np.arange(12.0).reshape(6, 2)


@pytest.fixture(scope="module")
def files():
    return [
        bytearray(to_bytes(two_layer(X, X[:, 0], epochs=1, hidden_units=2, seed=k)))
        for k in range(6)
    ]


def test_the_same_bytes_are_the_same_model_and_others_are_another(files):
    cache = ModelCache()
    first = cache.read(files[0], from_bytes)
    assert cache.read(bytearray(files[0]), from_bytes) is first
    other = cache.read(files[1], from_bytes)
    assert other is not first
    assert other.predict(X).tolist() == from_bytes(files[1]).predict(X).tolist()
    assert first.predict(X).tolist() == from_bytes(files[0]).predict(X).tolist()


def test_bytes_that_changed_where_they_are_are_read_again(files):
    cache, sent = ModelCache(), bytearray(files[0])
    cache.read(sent, from_bytes)
    sent[:] = files[1]
    assert cache.read(sent, from_bytes).predict(X).tolist() == (
        from_bytes(files[1]).predict(X).tolist()
    )


def test_what_cannot_be_read_is_an_error_each_time(files):
    cache = ModelCache()
    cache.read(files[0], from_bytes)
    for _ in range(2):
        with pytest.raises(FileFormatError):
            cache.read(files[0], ensemble_from_bytes)
    assert len(cache) == 1


def test_there_are_a_few_models_and_the_last_used_stay(files):
    cache = ModelCache()
    kept = cache.read(files[0], from_bytes)
    for data in files[1:]:
        cache.read(data, from_bytes)
        assert cache.read(files[0], from_bytes) is kept
    assert len(cache) == 4


def test_models_are_of_a_bounded_size_together(files, monkeypatch):
    monkeypatch.setattr(model_cache, "_MOST_BYTES", len(files[0]) + 100)
    cache = ModelCache()
    cache.read(files[0], from_bytes)
    cache.read(files[1], from_bytes)
    assert len(cache) == 1
    monkeypatch.setattr(model_cache, "_MOST_BYTES", 10)
    assert cache.read(files[2], from_bytes).predict(X).shape == (6,)
    assert len(cache) == 0


def test_a_model_that_is_not_used_goes(files, monkeypatch):
    cache, now = ModelCache(), [0.0]
    monkeypatch.setattr(model_cache.time, "monotonic", lambda: now[0])
    cache.read(files[0], from_bytes)
    now[0] = 61.0
    cache.drop_unused()
    assert len(cache) == 0

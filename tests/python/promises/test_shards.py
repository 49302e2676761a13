"""What a fit with several shards has in common with one without."""

import numpy as np
import pytest
import torch

from pytwolayer import load, two_layer
from pytwolayer.errors import ArgumentError, ResumedWarning
from pytwolayer.network.batches import EncodedRows
from pytwolayer.network.sharded_batches import shard_rows

X = np.random.default_rng(7).normal(size=(61, 3))
Y = X[:, 0] + np.abs(X[:, 1])


def fit(**more):
    how = {"epochs": 4, "hidden_units": 5, "weight_decay": 0.1, "seed": 1}
    return two_layer(X, Y, **how | more)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"optimizer": "lbfgs"},
        {"reduction": "sum"},
        {"loss": lambda output, y: (output - y) ** 2},
        {"sample_weight": np.arange(61) + 1.0},
        {"validation": np.arange(0, 61, 4)},
        {"gradient_clip": 0.1},
    ],
    ids=["usual", "lbfgs", "sum", "own loss", "weights", "validation", "clip"],
)
def test_of_all_rows_at_once_shards_change_nothing_but_rounding(more):
    one, several = fit(batch_size=None, **more), fit(batch_size=None, shards=7, **more)
    for column in one.history.columns[1:]:
        assert np.allclose(one.history[column], several.history[column], rtol=1e-4)
    assert np.allclose(one.predict(X), several.predict(X), atol=1e-3)


@pytest.mark.parametrize(("rows", "shards", "batch_size"), [(61, 8, 4), (100, 4, 32), (9, 9, 2)])
def test_batches_are_of_about_a_size(rows, shards, batch_size):
    encoded = EncodedRows(torch.zeros(rows, 1), torch.zeros(rows, 1), None)
    parts = [each.sizes(batch_size) for each in shard_rows(encoded, shards)]
    sizes = np.sum(parts, axis=0)
    assert sizes.sum() == rows
    assert sizes.min() > 0
    assert sizes.max() - sizes.min() <= 2


def test_more_shards_than_rows_of_a_batch_are_possible():
    assert len(fit(batch_size=4, shards=8, dropout=0.2).history) == 4


def test_shards_are_kept_where_there_are_several(tmp_path):
    several = fit(shards=2)
    several.save(tmp_path / "fit.safetensors")
    assert load(tmp_path / "fit.safetensors").settings.shards == 2
    assert "shards" not in fit().settings.plain()


def test_a_run_with_shards_goes_on_and_one_with_others_does_not(tmp_path):
    how = {"shards": 2, "batch_size": 16, "dropout": 0.1}
    whole = fit(**how)
    fit(checkpoint=tmp_path, checkpoint_every=1, on_epoch=lambda epoch, loss: epoch < 2, **how)
    for path in tmp_path.glob("epoch-00000002*"):
        path.unlink()
    with pytest.raises(ArgumentError, match="`shards` \\(2, now 1\\)"):
        fit(checkpoint=tmp_path, checkpoint_every=1, **how | {"shards": 1})
    with pytest.warns(ResumedWarning):
        went_on = fit(checkpoint=tmp_path, checkpoint_every=1, **how)
    assert went_on.history.equals(whole.history)
    assert went_on.predict(X).tolist() == whole.predict(X).tolist()


def test_several_networks_have_one_shard():
    with pytest.raises(ArgumentError, match="`shards` must be 1 where `n_models` is above 1"):
        fit(n_models=2, shards=2)


@pytest.mark.parametrize(("shards", "threads"), [(1, {2}), (2, {1})])
def test_shards_are_computed_with_one_thread_as_by_workers(shards, threads, monkeypatch):
    seen, before = set(), torch.get_num_threads()
    monkeypatch.setattr("pytwolayer.runtime.threads._SMALL", 1)  # as if the products were large

    def loss(output, y):
        seen.add(torch.get_num_threads())
        return (output - y) ** 2

    torch.set_num_threads(2)
    try:
        fit(shards=shards, loss=loss)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert seen == threads

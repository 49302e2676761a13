"""Small data, and runs that break off, for the tests of checkpoints."""

import numpy as np
import pandas as pd
import pytest

from pytwolayer import two_layer
from pytwolayer.runtime.torch_loading import torch

X = np.random.default_rng(5).normal(size=(24, 2))
FRAME = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "town": ["Köln", "Oslo", "Rom"] * 8})
Y = X @ [1.0, -2.0] + np.sin(3 * X[:, 0])
SIDE = np.where(Y > 0, "up", "down")
QUICK = {"hidden_units": 3, "epochs": 12, "seed": 4}


class BrokenOff(Exception):  # noqa: N818
    """Ends a run where it is."""


def fit(folder=None, x=FRAME, y=Y, **options):
    """Fit; with a folder, with a checkpoint of every epoch."""
    options = QUICK | options
    if folder is not None:
        options = {"checkpoint": folder, "checkpoint_every": 1} | options
    return two_layer(x, y, **options)


def break_off(run, epoch):
    """Have a run end in the midst of an epoch's last moment, before its checkpoint."""

    def on_epoch(now, loss):
        if now == epoch:
            raise BrokenOff

    with pytest.raises(BrokenOff):
        run(on_epoch=on_epoch)


def assert_same_bits(ours, theirs, x=FRAME):
    pd.testing.assert_frame_equal(ours.history, theirs.history, check_exact=True)
    assert (ours.best_epoch, ours.stopped) == (theirs.best_epoch, theirs.stopped)
    assert ours.settings.plain() == theirs.settings.plain()
    for one, other in zip(ours.network.parameters(), theirs.network.parameters(), strict=True):
        assert torch.equal(one, other)
    assert ours.predict(x).tolist() == theirs.predict(x).tolist()


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def checkpoint_names(*epochs):
    return [f"epoch-{epoch:08}.safetensors" for epoch in epochs]

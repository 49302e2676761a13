"""What is kept of the rows that a fit encodes."""

import numpy as np
import pandas as pd

from pytwolayer import two_layer
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.dataset import keep_encoded

FRAME = pd.DataFrame({"a": np.arange(40.0), "b": np.tile([1.0, 2.0], 20)})
OUTCOME = np.sin(np.arange(40))


def test_encoded_rows_are_kept_for_who_asks_with_their_numbers() -> None:
    with keep_encoded() as kept:
        fit = two_layer(FRAME, OUTCOME, epochs=1, batch_size=8, seed=1, validation=0.25)
    two_layer(FRAME, OUTCOME, epochs=1, batch_size=8, seed=1)
    assert [len(numbers) for numbers, _ in kept] == [30, 10]
    assert sorted(np.concatenate([numbers for numbers, _ in kept])) == list(range(40))
    for numbers, matrix in kept:
        rows = fit.inputs.encode("x", fit.inputs.read("x", FRAME.iloc[numbers]))
        assert torch.equal(matrix, rows)

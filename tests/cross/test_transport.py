"""R's columns reach Python without a copy, by every route, and are what they were."""

import numpy as np
import pandas as pd

import pytwolayer
from conftest import numbers


def test_vectors_read_in_place_predict_as_those_sent_and_as_in_python(ask):
    answers = ask("transport.R")
    assert answers["shares"] == ["true"]
    assert answers["shared"] == answers["sent"]
    row = np.arange(1, 3001)
    frame = pd.DataFrame(
        {
            "d": np.where(row == 1, np.nan, np.sin(row)),
            "i": row,
            "k": np.where(row == 2, np.nan, row),
            "l": row % 3 == 0,
            "f": pd.Categorical(["b", "a", "c"] * 1000, categories=["a", "b", "c"]),
            "t": ["u", "v"] * 1500,
        }
    )
    fit = pytwolayer.two_layer(frame, np.cos(row), epochs=2, seed=1, verbose=False)
    assert fit.predict(frame[2:1000]).tolist() == numbers(answers["shared"])

"""What "auto" was chosen by is the same in both languages, and R keeps it wherever a fit goes."""

import numpy as np
import pandas as pd
import pytest

from conftest import numbers
from pytwolayer import two_layer


@pytest.fixture(scope="module")
def found(ask):
    return ask("tuning.R")


def test_r_has_pythons_bits_of_every_candidate_and_the_same_choice(found):
    n = np.arange(1, 41)
    x = pd.DataFrame({"a": n * 7 % 40 / 10, "b": n * 11 % 17, "c": n % 3 == 0})
    y = np.asarray(x["a"] ** 2 + x["c"])
    fit = two_layer(x, y, hidden_units=4, epochs=500, seed=1)
    assert len(fit.tuning)
    assert found["encoding"] == fit.tuning["encoding"].tolist()
    assert found["fold"] == [str(fold) for fold in fit.tuning["fold"]]
    for column in ("learning_rate", "weight_decay", "valid_loss"):
        assert numbers(found[column]) == fit.tuning[column].tolist()
    assert found["chosen"][0] == fit.settings.encoding
    settings = [fit.settings.learning_rate, fit.settings.weight_decay]
    assert numbers(found["chosen"][1:]) == settings
    assert numbers(found["predictions"]) == fit.predict(x).tolist()


def test_it_is_kept_in_files_saverds_ensembles_and_fits_that_go_on(found):
    assert found["same"] == ["TRUE"] * 9

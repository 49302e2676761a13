"""Networks trained together and alone, whatever the data and the settings."""

import numpy as np
import pandas as pd
import pytest

from pytwolayer import two_layer
from pytwolayer.fitting.ensemble import resample_seed
from pytwolayer.preprocessing.bootstrap import draw_bootstrap_rows
from pytwolayer.preprocessing.reading import read_training_data


def drawn_data(draws):
    """Draw a table with numbers, a factor with a rare level, and a few equal rows."""
    rows = int(draws.integers(20, 80))
    frame = pd.DataFrame(draws.normal(size=(rows, draws.integers(1, 5))).round(1))
    frame.columns = [f"x{number}" for number in range(frame.shape[1])]
    if draws.random() < 0.5:
        levels = draws.choice(["a", "b", "c", "rare"], rows, p=[0.4, 0.3, 0.25, 0.05])
        frame["level"] = pd.Categorical(levels)
    frame = frame.iloc[draws.integers(rows, size=rows)].reset_index(drop=True)
    kind = draws.choice(["number", "class", "several", "count"])
    number = frame["x0"].to_numpy() + draws.normal(size=rows)
    if kind == "class":
        return frame, pd.Categorical(np.where(np.arange(rows) % 3 == 0, "p", "q")), {}
    if kind == "several":
        return frame, pd.DataFrame({"u": number, "v": number**2}), {}
    if kind == "count":
        return frame, np.floor(np.exp(np.clip(number, -2, 2))), {"loss": "poisson"}
    return frame, number, {"loss": str(draws.choice(["mse", "huber"]))}


def drawn_settings(draws):
    """Draw settings, each of them now and then."""
    choices = {
        "batch_size": [3, 16, 50, "auto"],
        "optimizer": ["sgd", "adam", "adamw", "rmsprop"],
        "activation": ["tanh", "gelu", "sigmoid", "identity"],
        "schedule": ["constant", "cosine", "step"],
        "dropout": [0.3],
        "weight_decay": [0.01],
        "gradient_clip": [0.05, 10.0],
        "validation": [0.25],
        "patience": [1, 3],
        "reduction": ["sum"],
        "hidden_units": [1, 7],
        "input_clip": [None, 1.5],
        "encoding": ["piecewise"],
    }
    taken = {name: draws.choice(np.array(some, dtype=object)) for name, some in choices.items()}
    return {name: value for name, value in taken.items() if draws.random() < 0.4}


@pytest.mark.filterwarnings("ignore::pytwolayer.errors.UnseenLevelWarning")
@pytest.mark.parametrize("case", range(60))
def test_each_model_is_what_it_would_be_alone(case):
    draws = np.random.default_rng([3, case])
    x, y, options = drawn_data(draws)
    options |= drawn_settings(draws)
    bootstrap = bool(draws.random() < 0.4) and "validation" not in options
    options |= {"epochs": 6, "learning_rate": 0.003, "verbose": False}
    if draws.random() < 0.3:
        options["sample_weight"] = draws.uniform(0.1, 3, size=len(x))
    models = int(draws.integers(2, 6))
    ensemble = two_layer(x, y, seed=case, n_models=models, bootstrap=bootstrap, **options)
    assert len(ensemble.models) == models
    for fit in ensemble.models:
        own = options | {"seed": fit.settings.seed}
        rows = np.arange(len(x))
        if bootstrap:
            given = {"weights": options.get("sample_weight")}
            rows = draw_bootstrap_rows(
                read_training_data(x, y, **given), resample_seed(own["seed"])
            )
            if "sample_weight" in own:
                own["sample_weight"] = own["sample_weight"][rows]
        part = y.iloc[rows].reset_index(drop=True) if isinstance(y, pd.DataFrame) else y[rows]
        alone = two_layer(x.iloc[rows].reset_index(drop=True), part, **own)
        assert (fit.stopped, fit.best_epoch) == (alone.stopped, alone.best_epoch)
        assert fit.settings == alone.settings
        np.testing.assert_allclose(fit.history, alone.history, rtol=1e-4)
        expected = alone.predict_raw(x)
        np.testing.assert_allclose(fit.predict_raw(x), expected, rtol=1e-4, atol=1e-5)

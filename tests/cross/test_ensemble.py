"""An ensemble fitted by R has the bits of one fitted by Python, and either reads the other's."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pytwolayer

MTCARS = Path(__file__).parents[1] / "fixtures" / "mtcars.csv"
SCRIPT = """
suppressPackageStartupMessages(library(pytwolayer))
files <- commandArgs(TRUE)
cars <- read.csv(files[[1]])
fits <- two_layer(cars[-1], cars$mpg, n_models = 3, bootstrap = %s, epochs = 20, seed = 4)
save_two_layer(fits, files[[2]])
theirs <- load_two_layer(files[[3]])
ends <- predict(theirs, cars, type = "conf_int")
writeLines(jsonlite::toJSON(list(
  own = predict(fits, cars)$.pred, lower = ends$.pred_lower,
  engine = predict(theirs, cars, engine = "r")$.pred
), digits = NA), files[[4]])
"""


@pytest.mark.parametrize("bootstrap", [False, True])
def test_the_same_bits_in_both_languages_and_through_files(bootstrap, r_session, tmp_path):
    cars = pd.read_csv(MTCARS)
    ours = pytwolayer.two_layer(
        cars.iloc[:, 1:], cars["mpg"], n_models=3, bootstrap=bootstrap, epochs=20, seed=4
    )
    ours.save(tmp_path / "ours")
    script = tmp_path / "fit.R"
    script.write_text(SCRIPT % ("TRUE" if bootstrap else "FALSE"))
    files = [MTCARS, tmp_path / "rs", tmp_path / "ours", tmp_path / "told.json"]
    r_session.run(script, *map(str, files))
    told = json.loads(files[-1].read_text())
    theirs = pytwolayer.load(tmp_path / "rs")
    assert np.array_equal(theirs.predict_all(cars), ours.predict_all(cars))
    assert theirs.settings == ours.settings
    np.testing.assert_allclose(told["own"], ours.predict(cars), rtol=1e-14)
    np.testing.assert_allclose(told["lower"], ours.predict_interval(cars)[0], rtol=1e-14)
    np.testing.assert_allclose(told["engine"], ours.predict(cars), rtol=1e-6)

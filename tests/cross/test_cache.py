"""Encoded rows that one language keeps, the other finds."""

import warnings

import pytest
from test_same_fits import read_frame

from conftest import HERE, numbers
from pytwolayer import two_layer
from pytwolayer.errors import RowsOnDiskWarning

SCRIPT = """
arguments <- commandArgs(TRUE)
suppressPackageStartupMessages(library(pytwolayer))
birth <- readRDS(file.path(arguments[[2]], "birth.rds"))
told <- character()
fit <- withCallingHandlers(
  two_layer(
    race ~ age + lwt + smoker + note, birth,
    epochs = 4, hidden_units = 8, batch_size = 32, validation = 0.2, seed = 1,
    cache = arguments[[3]]
  ),
  pytwolayer_message = function(cnd) {
    told <<- c(told, conditionMessage(cnd))
    invokeRestart("muffleMessage")
  }
)
found <- sum(grepl("were found in the folder", told, fixed = TRUE))
line <- function(name, values) paste(c(name, values), collapse = "\\t")
losses <- line("loss", sprintf("%a", fit$history$loss))
writeLines(c(losses, line("found", found)), arguments[[1]])
"""


@pytest.fixture
def frames(r_session, tmp_path):
    r_session.run(HERE / "frames.R", str(tmp_path))
    return tmp_path


@pytest.fixture
def r_fit(r_session, frames, tmp_path):
    script = tmp_path / "cache.R"
    script.write_text(SCRIPT)

    def fit(cache):
        r_session.run(script, str(tmp_path / "answer"), str(frames), str(cache))
        lines = (tmp_path / "answer").read_text().splitlines()
        answers = dict(line.split("\t", 1) for line in lines)
        return numbers(answers["loss"].split("\t")), int(answers["found"])

    return fit


def python_fit(frames, cache):
    frame = read_frame(frames / "birth.json")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = two_layer(
            frame[["age", "lwt", "smoker", "note"]],
            frame["race"],
            epochs=4,
            hidden_units=8,
            batch_size=32,
            validation=0.2,
            seed=1,
            cache=cache,
        )
    told = [str(each.message) for each in caught if each.category is RowsOnDiskWarning]
    return fit.history["loss"].tolist(), sum("were found in the folder" in text for text in told)


def test_python_finds_what_r_kept_and_r_what_python_kept(frames, r_fit, tmp_path):
    assert r_fit(tmp_path / "rows")[1] == 0
    losses, found = python_fit(frames, tmp_path / "rows")
    assert found == 1
    assert python_fit(frames, tmp_path / "others") == (losses, 0)
    assert r_fit(tmp_path / "others") == (losses, 1)

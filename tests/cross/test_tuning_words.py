"""What a search found is said in the same words in both languages."""

import subprocess

import numpy as np
import pytest

from conftest import HANGS, ROOT
from pytwolayer import two_layer
from pytwolayer.r_interop.r_process import r_environment, rscript

X = np.random.default_rng(0).normal(size=(60, 3))
CASES = {
    "numbers": (X[:, 0] * 9000 + 5e4, {}),
    "classes": (np.where(X[:, 0] > 0, "a", "b"), {}),
    "another loss": (X[:, 0], {"loss": "huber"}),
    "several": (X[:, 0], {"n_models": 2, "bootstrap": True}),
}
SCRIPT = """
fit <- pytwolayer::load_two_layer(commandArgs(TRUE)[[1]])
cat(grep("^Tuning", capture.output(print(fit)), value = TRUE), "\\n")
cat(sprintf("%.17g", pytwolayer::glance(fit)$estimated_error), "\\n")
table <- pytwolayer::tidy(fit, what = "tuning")
cat(sprintf("%s %.17g %.17g %.12g %d %.12g %s", table$encoding, table$learning_rate,
  table$weight_decay, table$mean, table$n, table$std_err, table$chosen), sep = "\\n")
"""


@pytest.mark.parametrize("case", CASES)
def test_words_error_and_table_are_those_of_r(case, tmp_path):
    outcome, options = CASES[case]
    fit = two_layer(X, outcome, hidden_units=4, epochs=500, seed=1, **options)
    fit.save(tmp_path / "fit.safetensors")
    (tmp_path / "show.R").write_text(SCRIPT)
    run = subprocess.run(
        [rscript(), str(tmp_path / "show.R"), str(tmp_path / "fit.safetensors")],
        env=r_environment(R_LIBS=str(ROOT / ".rlib")),
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    words, error, *table = [line.strip() for line in run.stdout.splitlines()]
    assert words.removeprefix("Tuning:     ") in repr(fit)
    assert float(error) == pytest.approx(fit.estimated_error, rel=1e-12)
    python = [
        f"{encoding} {rate:.17g} {decay:.17g} {mean:.12g} {n} {error:.12g} {str(chosen).upper()}"
        for encoding, rate, decay, mean, n, error, chosen in fit.tuning_summary().itertuples(
            index=False
        )
    ]
    assert table == python
    assert sum(line.endswith("TRUE") for line in table) == 1

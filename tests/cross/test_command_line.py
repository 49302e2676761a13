"""The command line predicts files with the models that R saved, as R does."""

import csv
import io

import pytest

from pytwolayer.cli.main import main

SCRIPT = """
suppressPackageStartupMessages(library(pytwolayer))
folder <- "{folder}"
rows <- 40
data <- data.frame(
  size = seq_len(rows) / 7, n = rep(1:5, 8), yes = rep(c(TRUE, FALSE, FALSE, TRUE), 10),
  cyl = factor(rep(c("8", "4", "6", "4"), 10)), code = rep(c("12", "A1", "", "012", "1e3"), 8),
  place = rep(c("NA", "None", "x", "-"), 10), y = sin(seq_len(rows)), stringsAsFactors = FALSE
)
write.csv(data, file.path(folder, "data.csv"), row.names = FALSE)
fits <- list(
  formula = two_layer(y ~ ., data, epochs = 5, seed = 1),
  table = two_layer(data[-7], data$y, epochs = 5, seed = 1),
  several = two_layer(y ~ ., data, epochs = 5, seed = 1, n_models = 2)
)
for (name in names(fits)) {{
  save_two_layer(fits[[name]], file.path(folder, paste0(name, ".safetensors")))
  told <- sprintf("%.17g", predict(fits[[name]], data)$.pred)
  writeLines(told, file.path(folder, paste0(name, ".txt")))
}}
"""


@pytest.fixture(scope="module")
def folder(r_session, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    script = folder / "script.R"
    script.write_text(SCRIPT.format(folder=folder), encoding="utf-8")
    r_session.run(script)
    return folder


@pytest.mark.parametrize("name", ["formula", "table", "several"])
def test_a_model_of_r_predicts_a_file_as_r_does(folder, tmp_path, capsys, name):
    lines = (folder / "data.csv").read_text(encoding="utf-8").splitlines()
    expected = [float(line) for line in (folder / f"{name}.txt").read_text().splitlines()]
    model = str(folder / f"{name}.safetensors")

    def predicted(rows):
        (tmp_path / "new.csv").write_text("\n".join([lines[0], *rows]) + "\n", encoding="utf-8")
        assert main(["predict", model, str(tmp_path / "new.csv")]) == 0
        printed = capsys.readouterr()
        told = printed.err.splitlines()  # what intervals of several networks are of
        assert len(told) == (name == "several")
        return [float(row[".pred"]) for row in csv.DictReader(io.StringIO(printed.out))]

    assert predicted(lines[1:]) == pytest.approx(expected, rel=1e-12)
    for row in range(20):
        assert predicted([lines[row + 1]]) == [pytest.approx(expected[row], rel=1e-9)]

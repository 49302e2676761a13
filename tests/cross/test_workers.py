"""Several processes train a fit for R and for the command: its bits, Ctrl-C, what is refused."""

import pandas as pd
import pytest
from test_interrupt import libraries

from conftest import HERE, ROOT
from pytwolayer import load, two_layer
from pytwolayer.cli.main import main
from pytwolayer.errors import ResumedWarning
from pytwolayer.r_interop.r_process import run_r

CARS = ROOT / "tests/fixtures/mtcars.csv"
SETTINGS = {"epochs": 5, "hidden_units": 4, "batch_size": 8, "shards": 4, "seed": 1}


def same_bits(one, other):
    weights = [{name: each.tolist() for name, each in fit.network.state_dict().items()}
               for fit in (one, other)]  # fmt: skip
    return one.history.equals(other.history) and weights[0] == weights[1]


@pytest.fixture(scope="module")
def whole():
    """The fit that one process gives."""
    cars = pd.read_csv(CARS).astype({"hp": float})
    return two_layer(cars[["wt", "hp"]], cars["mpg"].rename("mpg"), **SETTINGS)


@pytest.mark.parametrize("library", libraries())
def test_what_two_workers_begin_for_r_python_ends_with_the_bits_of_one(library, whole, tmp_path):
    if not library.is_dir():
        pytest.skip("make setup makes this library")
    run = tmp_path / "run"
    # R has this package's Python part inside. Users' Python has none, or that of another version.
    (other := tmp_path / "other" / "pytwolayer").mkdir(parents=True)
    (other / "__init__.py").write_text("raise ImportError('another version')")
    environment = {"R_LIBS": str(library), "PYTHONPATH": str(other.parent)}
    said = run_r(HERE / "workers.R", str(run), **environment).splitlines()
    assert [line.strip() for line in said] == [
        "refused: workers",
        "refused: loss",
        "warned: pytwolayer_warning_interrupted",
        "stopped: interrupt 2",
        "worker: Worker 1 on host was killed.",
    ]
    cars = pd.read_csv(CARS).astype({"hp": float})
    with pytest.warns(ResumedWarning, match="after epoch 2 of 5"):
        fit = two_layer(cars[["wt", "hp"]], cars["mpg"], checkpoint=run, **SETTINGS)
    assert same_bits(fit, whole)


def test_the_command_gives_the_bits_of_one_worker_to_a_folder_of_several_blocks(tmp_path):
    (data := tmp_path / "cars").mkdir()
    file, settings = tmp_path / "fit.safetensors", SETTINGS | {"batch_size": 512}
    cars = pd.read_csv(CARS)[["wt", "hp", "mpg"]]
    for part in range(3):  # of more rows than a block, together
        pd.concat([cars + part / 8] * 100).to_parquet(data / f"part-{part}.parquet")
    given = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    command = ["fit", str(data), "--outcome", "mpg", "--workers", "2", "--quiet"]
    assert main([*command, *given, "--save", str(file)]) == 0
    assert same_bits(load(file), two_layer(str(data), outcome="mpg", **settings))

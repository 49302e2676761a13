"""What R answers, by each route: R beside Python with each reticulate, and R inside Python."""

import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from pytwolayer.r_interop.r_process import run_r, run_r_in_python
from pytwolayer.r_interop.verify import RPY2_NEEDS
from pytwolayer.runtime.torch_loading import torch

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
sys.path.append(str(ROOT / "tests/python"))  # samples and databases that both have
STOCK = ROOT / ".rlib-stock"
# A limit for what hangs, in seconds; what is only slow, on a busy machine, is let go on.
HANGS = 900

Answers = dict[str, list[str]]


Ask = Callable[..., Answers]


def _ask(run, folder: Path, **environment: str) -> Ask:
    """Make a function that runs a script of this folder and reads what it wrote."""

    def ask(script: str, *arguments: str) -> Answers:
        file = folder / f"{script}.txt"
        threads = str(torch.get_num_threads())  # the last bits depend on it
        run(HERE / script, str(file), *arguments, OMP_NUM_THREADS=threads, **environment)
        lines = file.read_text(encoding="utf-8").splitlines()
        return {name: values for name, *values in (line.split("\t") for line in lines)}

    return ask


@pytest.fixture(scope="session", params=["reticulate", "system's reticulate", "rpy2"])
def ask(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Ask R by one route: beside Python with each reticulate, and inside Python."""
    folder = tmp_path_factory.mktemp("answers")
    if request.param == "rpy2":
        skip_without_rpy2()
        return _ask(run_r_in_python, folder)
    if request.param == "reticulate":
        return _ask(run_r, folder)
    if not STOCK.is_dir():
        pytest.skip(".rlib-stock is not there: `make setup` makes it")
    return _ask(run_r, folder, R_LIBS=str(STOCK))


@pytest.fixture(scope="session")
def route(ask: Ask) -> Answers:
    """All that answers.R answers, by one route."""
    return ask("answers.R")


def skip_without_rpy2() -> None:
    """Skip where R cannot live inside Python: set-up then has said why."""
    if find_spec("rpy2") is None:
        pytest.skip("rpy2 is not installed")
    version = run_r(HERE / "reticulate_version.R").split(".")
    if tuple(int(part) for part in version[:2]) < RPY2_NEEDS:
        pytest.skip(f"reticulate {'.'.join(version)} is too old to live inside Python")


@pytest.fixture
def r_script(tmp_path: Path):
    """Run lines of R in a process of their own and give what they printed."""

    def run(code: str, **environment: str) -> str:
        script = tmp_path / "script.R"
        script.write_text(code, encoding="utf-8")
        return run_r(script, **{"OMP_NUM_THREADS": "1", **environment})

    return run


def numbers(values: list[str]) -> list[float]:
    """Read numbers that R wrote to the last bit."""
    return [float.fromhex(value) for value in values]


os.environ.setdefault("R_LIBS", str(ROOT / ".rlib"))

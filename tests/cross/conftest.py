"""What R answers, by each route: R beside Python with each reticulate, and R inside Python."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from forked_r import fork_r

from pytwolayer.r_interop.r_process import (
    RError,
    r_environment,
    rscript,
    run_r,
    run_r_in_python,
)
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


class Session:
    """A process that runs scripts of R one after another, started for the first of them."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self._command = [*command, str(HERE / "session.R")]
        self._environment = environment
        self._log = folder / "session.log"
        self._process: subprocess.Popen[str] | None = None

    def run(self, script: Path, *arguments: str) -> None:
        """Run a script; what it prints is not for anybody."""
        process = self._start() if self._process is None else self._process
        too_long = threading.Timer(HANGS, process.kill)
        too_long.start()
        try:
            process.stdin.write("\t".join([str(script), *arguments]) + "\n")
            process.stdin.flush()
            answers = (line for line in process.stdout if line.startswith("ended "))
            answer = next(answers, f"ended with the process: {self._log.read_text()[-2000:]}")
        finally:
            too_long.cancel()
        if answer.split() != ["ended", "well"]:
            raise RError(f"{script.name} {answer}")

    def _start(self) -> "subprocess.Popen[str]":
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                self._command,
                env=r_environment(**self._environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                encoding="utf-8",
            )
        return self._process

    def end(self) -> None:
        """Let the process end, which it does when there is nothing more to read."""
        if self._process is not None:
            self._process.communicate(timeout=HANGS)


def threads() -> dict[str, str]:
    """Give R the threads that torch has here: the last bits depend on them."""
    return {"OMP_NUM_THREADS": str(torch.get_num_threads())}


@pytest.fixture(scope="session")
def r_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """R beside Python, for whatever needs no process of its own and no certain route."""
    session = Session([rscript()], tmp_path_factory.mktemp("session"), threads())
    yield session
    session.end()


def _ask(run, session: Session, folder: Path, **environment: str) -> Ask:
    """Make a function that runs a script of this folder and reads what it wrote.

    Alone in a process is what ends it, sets what lasts, or looks at how it begins.
    """
    environment |= threads()

    def ask(script: str, *arguments: str, alone: bool = False) -> Answers:
        file = folder / f"{script}.txt"
        if alone:
            run(HERE / script, str(file), *arguments, **environment)
        else:
            session.run(HERE / script, str(file), *arguments)
        lines = file.read_text(encoding="utf-8").splitlines()
        return {name: values for name, *values in (line.split("\t") for line in lines)}

    return ask


def run_forked(script: Path, *arguments: str, **environment: str) -> str:
    """Run a script in a process of R forked from one that has loaded Matrix alone."""
    code = script.read_text(encoding="utf-8")
    return fork_r(code, *arguments, environment=r_environment(**environment), seconds=HANGS)


@pytest.fixture(scope="session", params=["reticulate", "system's reticulate", "rpy2"])
def ask(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Ask R by one route: beside Python with each reticulate, and inside Python."""
    folder = tmp_path_factory.mktemp("answers")
    if request.param == "reticulate":
        yield _ask(run_forked, request.getfixturevalue("r_session"), folder)
    elif request.param == "rpy2":
        skip_without_rpy2()
        inside = [sys.executable, "-u", "-m", "pytwolayer.r_interop.r_in_python"]
        session = Session(inside, folder, threads())
        yield _ask(run_r_in_python, session, folder)
        session.end()
    elif STOCK.is_dir():
        stock = {"R_LIBS": str(STOCK)}
        session = Session([rscript()], folder, threads() | stock)
        yield _ask(run_forked, session, folder, **stock)
        session.end()
    else:
        pytest.skip(".rlib-stock is not there: `make setup` makes it")


@pytest.fixture(scope="session")
def route(ask: Ask) -> Answers:
    """All that answers.R answers, by one route."""
    return ask("answers.R", alone=True)


def skip_without_rpy2() -> None:
    """Skip where R cannot live inside Python: set-up then has said why."""
    if find_spec("rpy2") is None:
        pytest.skip("rpy2 is not installed")
    version = reticulate_version()
    if tuple(int(part) for part in version.split(".")[:2]) < RPY2_NEEDS:
        pytest.skip(f"reticulate {version} is too old to live inside Python")


@cache
def reticulate_version() -> str:
    """Ask R for it once: that takes a second."""
    return run_r(HERE / "reticulate_version.R")


def numbers(values: list[str]) -> list[float]:
    """Read numbers that R wrote to the last bit."""
    return [float.fromhex(value) for value in values]


os.environ.setdefault("R_LIBS", str(ROOT / ".rlib"))

"""Starting: what a new process waits for."""

import subprocess
import sys
import time
from pathlib import Path

from _routes import NOT_INSTALLED, WORKERS, Row, environment, rows_of

from pytwolayer.r_interop.r_process import rscript

_COMMAND = str(Path(sys.executable).parent / "pytwolayer")


def _python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def _r(code: str) -> list[str]:
    return [rscript(), "-e", code]


# case -> route -> command; the first is what the others are compared with
CASES: dict[str, dict[str, list[str]]] = {
    "Python": {
        "import pytwolayer": _python("import pytwolayer"),
        "python alone": _python("pass"),
        "pytwolayer --help": [_COMMAND, "--help"],
        "import sklearn.neural_network": _python("import sklearn.neural_network"),
        "import torch": _python("import torch"),
        "import skorch": _python("import skorch"),
        "import keras": _python("import keras"),
    },
    "R": {
        "library(pytwolayer)": _r("suppressPackageStartupMessages(library(pytwolayer))"),
        "R alone": _r("1"),
        "library(nnet)": _r("library(nnet)"),
        "library(reticulate)": _r("library(reticulate)"),
    },
    "first small fit": {
        "ours, Python": [sys.executable, str(WORKERS / "first_fit.py"), "ours"],
        "ours, R": [rscript(), str(WORKERS / "first_fit.R")],
        "scikit-learn": [sys.executable, str(WORKERS / "first_fit.py"), "sklearn"],
        "PyTorch": [sys.executable, str(WORKERS / "first_fit.py"), "torch"],
    },
}


def rows(rounds: int, threads: int) -> list[Row]:
    """Measure: each command once before, so that its files are in memory."""
    given = environment(threads)
    found: list[Row] = []
    for case, commands in CASES.items():
        there = {name: command for name, command in commands.items() if _runs(command, given)}
        times: dict[str, list[float]] = {name: [] for name in there}
        for _ in range(rounds):
            for name, command in there.items():
                start = time.perf_counter()
                subprocess.run(command, env=given, capture_output=True, check=True)
                times[name].append(time.perf_counter() - start)
        found += rows_of("starting", case, "s", times, next(iter(there)))
    return found


def _runs(command: list[str], given: dict[str, str]) -> bool:
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=False)
    return done.returncode == 0 and NOT_INSTALLED not in done.stdout

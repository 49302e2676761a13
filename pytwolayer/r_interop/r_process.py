"""R beside Python and R inside Python: a script of R, run in a process of its own.

For the tools that compare the two languages; the core itself does not need R.
"""

import os
import shutil
import subprocess
import sys
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from pytwolayer.errors import PytwolayerError
from pytwolayer.runtime.wait_policy import wait_passively

DATA = Path(str(files("pytwolayer") / "data"))
_MINUTES = 10
_NO_PACKAGE = "pytwolayer: no R package"  # as chapter_from_r.R says it


class RError(PytwolayerError):
    """R is not there, or a script of R failed."""


class RMissingError(RError):
    """R is not there, or not what is looked for in it: nobody uses it here."""


def rscript() -> str:
    """Path of Rscript."""
    path = shutil.which("Rscript")
    if path is None:
        raise RMissingError("Rscript was not found.")
    return path


def r_environment(**extra: str) -> dict[str, str]:
    """Environment for a process of R that is to use this Python.

    R and reticulate set paths of their own for the processes they start; handed on, they
    would have the wrong libraries loaded.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in {"LD_LIBRARY_PATH", "PYTHONPATH", "R_HOME"}
    }
    inherited["RETICULATE_PYTHON"] = sys.executable
    wait_passively(inherited)
    development = Path(__file__).resolve().parents[2] / ".rlib"
    if development.is_dir():
        inherited.setdefault("R_LIBS", str(development))
    return inherited | extra


def run_r(script: Path, *arguments: str, **extra: str) -> str:
    """Run a script with Rscript; give what it printed.

    Raises
    ------
    RError
        If there is no R, or the script failed; with what it said.
    """
    return _run([rscript(), str(script), *arguments], extra)


def run_r_in_python(script: Path, *arguments: str, **extra: str) -> str:
    """Run a script in an R that lives inside a Python process, by way of rpy2."""
    rscript()
    if find_spec("rpy2") is None:
        raise RError("rpy2 is not installed: pip install rpy2")
    command = [sys.executable, "-m", "pytwolayer.r_interop.r_in_python", str(script), *arguments]
    return _run(command, extra)


def _run(command: list[str], extra: dict[str, str]) -> str:
    try:
        done = subprocess.run(
            command,
            env=r_environment(**extra),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60 * _MINUTES,
            check=False,
        )
    except subprocess.TimeoutExpired as problem:
        raise RError(f"R did not finish within {_MINUTES} minutes.") from problem
    if _NO_PACKAGE in done.stderr:
        raise RMissingError("the R package is not installed")
    if done.returncode != 0:
        raise RError(f"R failed (exit status {done.returncode}):\n{done.stderr.strip()[-2000:]}")
    return done.stdout

"""Pythons that cannot be used, made in a moment, and R as it is for a user who set nothing."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

from forked_r import fork_r

from conftest import ROOT
from pytwolayer.r_interop.r_process import rscript

LIBRARIES = {"old": ROOT / ".rlib-stock", "present": ROOT / ".rlib"}
SAY = """
say <- function(expr) cat(tryCatch({ force(expr); "no error" }, error = function(cnd)
  paste(c(class(cnd)[1], conditionMessage(cnd)), collapse = "\n")), "\n----\n")
"""


def run_r(code: str, reticulate: str, home: Path, **extra: str) -> str:
    """Run R without anything that leads to a Python; give all that it printed."""
    leads = ("RETICULATE", "PYTHON", "VIRTUAL_ENV", "R_HOME", "LD_LIBRARY_PATH")
    environment = {name: text for name, text in os.environ.items() if not name.startswith(leads)}
    environment |= {
        "R_LIBS": str(LIBRARIES[reticulate]),
        "WORKON_HOME": str(home),
        "RETICULATE_USE_MANAGED_VENV": "no",
        "OMP_NUM_THREADS": "1",
    }
    environment |= extra
    folder = Path(extra.get("FOLDER", home))
    code = "suppressPackageStartupMessages(library(pytwolayer))" + SAY + code
    if "LC_ALL" not in extra:
        return fork_r(code, environment=environment, folder=folder, merged=True, seconds=300)
    done = subprocess.run(
        [rscript(), "-e", code],
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    return done.stdout


def whole_environment(folder: Path) -> Path:
    """Make an environment with what this one has, without installing it again."""
    made = environment(folder)
    packages = made / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    (packages / "all.pth").write_text(sysconfig.get_path("purelib"))
    return made


def environment(folder: Path) -> Path:
    """Make an environment with nothing in it."""
    venv.create(folder, symlinks=True)
    return folder


def fake_python(file: Path, version: str, **facts: str) -> Path:
    """Write a program that says it is a Python of this version."""
    facts = {"version": version, "shared": "yes", "bits": "64", "threads": "usual"} | facts
    facts |= {"pip": "yes", "ensurepip": "yes"}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    lines = [f"printf 'fact\\t%s\\t%s\\n' {name} '{value}'" for name, value in facts.items()]
    file.write_text("\n".join(["#!/bin/sh", *lines]))
    file.chmod(0o755)
    return file


def broken_environment(home: Path, kind: str) -> Path:
    """Make the environment that R looks for, with a fault."""
    folder = home / "r-pytwolayer"
    if kind == "no environment":
        (folder / "lib").mkdir(parents=True)
        return folder
    environment(folder)
    python = folder / "bin" / "python"
    if kind == "gone":
        python.unlink()
        python.symlink_to("/gone/bin/python3.11")
    if kind == "too old":
        fake_python(python, "3.10.9")
    if kind == "too new":
        fake_python(python, "3.12.4")
    return folder


def wheel(folder: Path, name: str, version: str) -> None:
    """Write a package of one line, as pip takes it."""
    information = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as file:
        file.writestr(f"{name}/__init__.py", f"__version__ = '{version}'\n")
        file.writestr(
            f"{information}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        file.writestr(
            f"{information}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        file.writestr(f"{information}/RECORD", "")

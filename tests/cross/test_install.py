"""``install_pytwolayer()`` makes an environment that is found by itself from then on."""

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from conftest import ROOT
from pytwolayer.r_interop.r_process import rscript

# The Python that .venv was made with: one for which this torch is to be had.
BASE = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"


def has_pip() -> bool:
    """Whether that Python has pip, which Debian's own has from a package alone."""
    code = "import importlib.util, sys; sys.exit(importlib.util.find_spec('pip') is None)"
    return subprocess.run([BASE, "-c", code], check=False).returncode == 0


INSTALL = f"""
library(pytwolayer)
install_pytwolayer(torch = "torch=={metadata.version("torch").split("+")[0]}", python = "{BASE}")
"""
USE = """
library(pytwolayer)
cat(signif(chapter_losses()$loss[[500]], 3), reticulate::py_config()$python)
"""


def run_bare(code: str, home) -> str:
    """Run R as a user would who has set nothing that leads to a Python."""
    leads = ("RETICULATE", "PYTHON", "VIRTUAL_ENV", "R_HOME", "LD_LIBRARY_PATH")
    environment = {name: text for name, text in os.environ.items() if not name.startswith(leads)}
    environment |= {
        "R_LIBS": str(ROOT / ".rlib-stock"),
        "WORKON_HOME": str(home),
        "RETICULATE_USE_MANAGED_VENV": "no",
        "PIP_NO_COMPILE": "0",  # which has pip compile none: of torch hardly any module is used
    }
    done = subprocess.run(
        [rscript(), "-e", code], env=environment, cwd=home, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.skipif(not has_pip(), reason=f"reticulate wants {BASE} to have pip: python3-pip")
def test_the_environment_it_makes_is_used_in_the_next_session(tmp_path):
    run_bare(INSTALL, tmp_path)
    assert (tmp_path / "r-pytwolayer/bin/python").exists()
    loss, python = run_bare(USE, tmp_path).split()
    assert float(loss) == 1.46e-05
    assert python == str(tmp_path / "r-pytwolayer/bin/python")

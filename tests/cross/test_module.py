"""The copy of the core inside the R package is the command too."""

import os
import subprocess
import sys

import pytwolayer
from conftest import ROOT


def test_the_r_packages_copy_runs_as_a_module(tmp_path):
    folder = ROOT / ".rlib" / "pytwolayer" / "python"
    done = subprocess.run(
        [sys.executable, "-m", "pytwolayer", "--version"],
        env=os.environ | {"PYTHONPATH": str(folder)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (folder / "pytwolayer" / "__main__.py").is_file()
    assert (done.returncode, done.stdout) == (0, f"{pytwolayer.__version__}\n")

"""Under every other Python that is found here: the sources compile, without a warning.

What needs PyTorch under other Pythons is for `make matrix`.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import HANGS, ROOT

MINORS = [minor for minor in range(11, 17) if minor != sys.version_info[1]]
SCRIPT = """
import pathlib, sys, warnings
warnings.simplefilter("error")
sources = sorted(pathlib.Path(sys.argv[1]).rglob("*.py"))
for source in sources:
    compile(source.read_text(encoding="utf-8"), str(source), "exec", dont_inherit=True)
import pytwolayer, pytwolayer.errors, pytwolayer.__main__
assert len(sources) > 50 and pytwolayer.__version__ and pytwolayer.errors.FileFormatError.__doc__
print("fine", sys.version_info[1])
"""


def candidates(minor):
    name = f"python3.{minor}"
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    return [*filter(None, [shutil.which(name)]), *pyenv.glob(f"versions/3.{minor}.*/bin/{name}")]


def other_python(minor):
    """Find a Python that starts; what is only a name for one that is not there does not."""
    for path in candidates(minor):
        asked = [path, "-c", "import sys; print(sys.version_info[1])"]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=HANGS, check=False)
        if done.stdout.strip() == str(minor):
            return path
    pytest.skip(f"there is no python3.{minor}")


@pytest.mark.parametrize("minor", MINORS)
def test_the_sources_compile_under_another_python_without_a_warning(minor, tmp_path):
    done = subprocess.run(
        [other_python(minor), "-B", "-c", SCRIPT, str(ROOT / "pytwolayer")],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
    )
    assert (done.stdout, done.stderr) == (f"fine {minor}\n", "")

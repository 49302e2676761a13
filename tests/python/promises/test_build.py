"""The wheel and the source package: all of the files, and not a warning."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BUILDS = {
    "wheel": "from setuptools.build_meta import build_wheel as build",
    "source": "from setuptools.build_meta import build_sdist as build",
}
FILES = sorted(
    f"pytwolayer/{path.relative_to(ROOT / 'pytwolayer').as_posix()}"
    for path in (ROOT / "pytwolayer").rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
)

pytestmark = pytest.mark.skipif(
    int(version("setuptools").split(".")[0]) < 77, reason="building needs setuptools 77"
)


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE.md"):
        shutil.copy(ROOT / name, folder)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "pytwolayer", folder / "pytwolayer", ignore=ignored)
    return folder


def run(folder: Path, *command: str) -> str:
    # That byte code is not to be written is a warning too.
    environment = {n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def lines_of_warnings(output: str) -> list[str]:
    return [line for line in output.splitlines() if re.search(r"warning[:\s]|deprecat", line, re.I)]


def names_in(package: Path) -> list[str]:
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as opened:
            names = opened.namelist()
    else:
        with tarfile.open(package) as opened:
            names = [name.partition("/")[2] for name in opened.getnames()]
    return sorted(n for n in names if n.startswith("pytwolayer/") and Path(n).suffix)


@pytest.mark.parametrize("kind", BUILDS)
def test_the_package_has_every_file_and_is_built_without_a_warning(kind, source):
    output = run(source, "-c", f"{BUILDS[kind]}; build('dist')")
    assert lines_of_warnings(output) == []
    (package,) = (source / "dist").iterdir()
    assert names_in(package) == FILES


def test_pip_makes_a_wheel_that_finds_its_data(source, tmp_path):
    command = "-m pip wheel -v --no-deps --no-build-isolation --no-index --wheel-dir"
    output = run(source, *command.split(), str(tmp_path), ".")
    assert "pytwolayer.data' is absent" not in output
    assert lines_of_warnings(output) == []
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(tmp_path / "there")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import pytwolayer.chapter as c\n"
        "print(c.__file__, len(c.printed_losses()), c.printed_losses()['loss'][0])"
    )
    file, rows, first = run(tmp_path, "-c", code, str(tmp_path / "there")).split()
    assert file == str(tmp_path / "there" / "pytwolayer" / "chapter.py")
    assert (rows, first) == ("500", "628.0")

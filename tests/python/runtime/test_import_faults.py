"""Why an import fails: a file named like a module, or a package that is not whole."""

import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from pytwolayer.runtime.import_faults import causes, explain_import_error


def run(code: str, folder: Path, **more: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=more or None, capture_output=True, text=True
    )
    assert done.returncode != 0
    return done.stderr


@pytest.mark.parametrize("name", ["copy", "random", "pandas", "torch"])
def test_a_file_of_the_users_is_told_in_python_too(name, tmp_path):
    file = tmp_path / f"{name}.py"
    file.write_text("x = 1\n")
    (tmp_path / "test.py").write_text("x = 1\n")
    said = run("import pytwolayer; pytwolayer.two_layer", tmp_path)
    last = said.strip().splitlines()[-1]
    assert last.startswith(f"{file} is taken for ")
    assert last.endswith(f"`{name}`: rename it, or work in another folder.")


def test_a_file_that_fails_itself_is_told(tmp_path):
    (tmp_path / "pandas.py").write_text("1 / 0\n")
    said = run("from pytwolayer import two_layer", tmp_path)
    assert f"{tmp_path}/pandas.py is taken for the module `pandas`" in said


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return tmp_path


def test_nothing_is_said_where_nothing_is_wrong():
    assert causes() == []
    assert explain_import_error(ImportError("no reason")) is None


def test_files_in_nobodys_way_are_not_told(folder):
    (folder / "mine.py").write_text("")
    (folder / "sys.py").write_text("")
    assert causes() == []


def test_packages_of_another_python_are_told(tmp_path, monkeypatch):
    other = tmp_path / "lib" / "python3.10" / "site-packages"
    other.mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [str(other), *sys.path])
    (said,) = causes()
    assert str(other) in said
    assert "Python 3.10" in said
    assert "PYTHONPATH" in said


def library(tmp_path, monkeypatch) -> Path:
    made = tmp_path / "site-packages"
    (made / "torch").mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [str(made), *sys.path])
    return made / "torch"


def test_a_package_that_is_half_there_is_told(tmp_path, monkeypatch):
    torch = library(tmp_path, monkeypatch)
    assert causes() == [f"`torch` is only half installed ({torch})."]
    (torch / "__init__.py").write_text("")
    assert causes() == [f"`torch` in {torch} lacks its compiled libraries."]


def test_a_package_built_for_another_python_is_told(tmp_path, monkeypatch):
    torch = library(tmp_path, monkeypatch)
    (torch / "__init__.py").write_text("")
    (torch / "_C.cpython-36m-x86_64-linux-gnu.so").write_text("")
    (said,) = causes()
    assert "built for another Python or another kind of machine (_C.cpython-36m" in said
    (torch / f"_C{EXTENSION_SUFFIXES[0]}").write_text("")
    assert causes() == []

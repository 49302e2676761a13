"""A release: one version everywhere, and recipes and bounds that say the same."""

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from conftest import ROOT

_spec = importlib.util.spec_from_file_location("version", ROOT / "scripts" / "version.py")
version = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(version)


def described(field: str) -> list[str]:
    """Give the entries of a field of DESCRIPTION."""
    text = (ROOT / "DESCRIPTION").read_text(encoding="utf-8")
    found = re.search(rf"^{field}:((?:\n? .*)+)", text, re.M)
    return [" ".join(entry.split()) for entry in found[1].split(",")]


BASE_PACKAGES = {
    *("base", "datasets", "grDevices", "graphics", "methods", "parallel", "splines", "stats"),
    *("tools", "utils"),
}


def packages_named(code: str) -> set[str]:
    """Give the packages of which R code takes something, comments and texts left out."""
    plain = re.sub(r'"(?:\\.|[^"\\])*"|#.*', "", code)
    return set(re.findall(r"\b([A-Za-z][A-Za-z0-9.]+)::", plain))


def recipe(name: str) -> list[str]:
    """Give the lines of a conda recipe's run requirements."""
    text = (ROOT / "conda" / name / "recipe.yaml").read_text(encoding="utf-8")
    return re.findall(
        r"^    - (.*)$", re.search(r"^  run:\n((?:    - .*\n)+)", text, re.M)[1], re.M
    )


def as_conda(entry: str) -> str:
    """Write an entry of DESCRIPTION as conda does."""
    name, _, bound = entry.partition(" (")
    name = "r-base" if name == "R" else f"r-{name.lower()}"
    return f"{name} {bound.rstrip(')').replace(' ', '')}".strip()


def test_every_file_that_names_the_version_names_the_same():
    assert version.differing() == {}


@pytest.mark.parametrize("file", [*version.WRITTEN, *version.BY_HAND])
def test_a_file_that_names_another_version_is_found(file, tmp_path):
    for name in ["pytwolayer/_version.py", *version.WRITTEN, *version.BY_HAND]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    pattern = (version.WRITTEN | version.BY_HAND)[file]
    version.write(file, pattern, "9.8.7", tmp_path)
    assert version.differing(tmp_path) == {file: "9.8.7"}


def test_the_recipe_of_the_python_half_needs_what_the_package_needs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [re.sub(r"^torch\b", "pytorch", entry) for entry in project["dependencies"]]
    needed = [re.sub(r">=", " >=", entry) for entry in needed]
    assert sorted(recipe("pytwolayer")) == sorted([*needed, "python >=${{ python_min }}"])
    variants = (ROOT / "conda" / "variants.yaml").read_text(encoding="utf-8")
    assert f'"{project["requires-python"].removeprefix(">=")}"' in variants


def test_the_recipe_of_the_r_half_needs_what_the_package_needs():
    base = {"r-graphics", "r-methods", "r-splines", "r-stats", "r-tools", "r-utils"}
    needed = {as_conda(entry) for entry in described("Imports") + described("Depends")} - base
    of_r = {entry for entry in recipe("r-pytwolayer") if entry.startswith("r-")}
    assert of_r == needed
    of_python = set(recipe("r-pytwolayer")) - of_r
    assert of_python <= set(recipe("pytwolayer"))
    assert {entry.split()[0] for entry in of_python} == {
        *("python", "numpy", "pandas", "pytorch", "safetensors")
    }


def test_a_package_that_r_tests_use_is_declared():
    fields = ("Imports", "Suggests", "Enhances")
    declared = {entry.split()[0] for field in fields for entry in described(field)}
    used = {
        name: file.name
        for file in (ROOT / "tests" / "testthat").glob("*.R")
        for name in packages_named(file.read_text(encoding="utf-8"))
    }
    assert {"Matrix", "vetiver"} < set(used)
    left = set(used) - declared - BASE_PACKAGES - {"pytwolayer"}
    assert {name: used[name] for name in left} == {}


def test_the_r_half_of_conda_runs_with_the_python_of_its_environment():
    code = """
        CONDA_PREFIX=/a; . ./activate.sh; echo "$RETICULATE_PYTHON"
        . ./deactivate.sh; echo "${RETICULATE_PYTHON-unset}"
        RETICULATE_PYTHON=/mine; . ./activate.sh; echo "$RETICULATE_PYTHON"
        . ./deactivate.sh; echo "$RETICULATE_PYTHON"
    """
    folder = ROOT / "conda" / "r-pytwolayer"
    python = "/a/lib/r-pytwolayer/python/bin/python"
    environment = {"PATH": os.environ["PATH"]}
    printed = subprocess.check_output(["sh", "-euc", code], cwd=folder, env=environment, text=True)
    assert printed.split() == [python, "unset", "/mine", "/mine"]


def test_the_pythons_that_are_named_are_those_that_were_run():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    page = (ROOT / "docs" / "versions.md").read_text(encoding="utf-8")
    run = re.findall(r"^\| \S+ \| \S+ \| (3\.\d+)\.", page, re.M)
    assert set(named) == set(run)


def test_the_r_half_of_conda_has_a_python_that_needs_no_conda(tmp_path):
    folder = ROOT / "conda" / "r-pytwolayer"
    environment = {"PATH": os.environ["PATH"], "PREFIX": str(tmp_path), "RECIPE_DIR": str(folder)}
    subprocess.run(["bash", folder / "name_python.sh"], env=environment, check=True)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(Path(sys._base_executable).resolve())
    python = tmp_path / "lib" / "r-pytwolayer" / "python" / "bin" / "python"
    code = "import sys; print(sys.prefix)"
    printed = subprocess.check_output([python, "-c", code], text=True)
    assert printed.strip() == str(python.parents[1])
    hooks = {file.relative_to(tmp_path / "etc" / "conda") for file in tmp_path.glob("etc/*/*/*")}
    assert hooks == {
        Path("activate.d/r-pytwolayer.sh"),
        Path("deactivate.d/r-pytwolayer.sh"),
    }

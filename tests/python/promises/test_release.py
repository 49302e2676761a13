"""A release: one version everywhere, and recipes and bounds that say the same."""

import importlib.util
import re
import tomllib

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

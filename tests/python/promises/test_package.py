"""The package as a whole: its names, its version, and that importing it is light."""

import re
import sys
from pathlib import Path

import pytest

import pytwolayer

ROOT = Path(__file__).parents[3]
PUBLIC = {
    "ArgumentError",
    "DeviceError",
    "DeviceMemoryError",
    "DivergenceError",
    "FileFormatError",
    "PytwolayerError",
    "TemporaryFolderError",
    "TwoLayer",
    "TwoLayerClassifier",
    "TwoLayerEnsemble",
    "TwoLayerRegressor",
    "WorkerError",
    "available_devices",
    "chapter_losses",
    "continue_training",
    "load",
    "plot_effects",
    "plot_feature_effects",
    "plot_history",
    "plot_importance",
    "select_device",
    "two_layer",
}


def test_importing_it_loads_nothing_heavy(fresh_python):
    code = (
        "import sys, pytwolayer\n"
        "heavy = {'torch', 'numpy', 'pandas', 'matplotlib', 'itables', 'safetensors', 'rpy2',\n"
        " 'sklearn'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert fresh_python(code).stdout == "[]\n"


def test_the_public_names_are_these():
    assert set(pytwolayer.__all__) == PUBLIC
    assert set(dir(pytwolayer)) >= PUBLIC


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_is_there_and_documented(fresh_python, name):
    value = getattr(pytwolayer, name)
    assert value.__name__ == name
    assert value.__doc__


def test_a_star_import_gives_the_public_names_in_a_fresh_python(fresh_python):
    code = "from pytwolayer import *; print(*sorted(n for n in dir() if n[0] != '_'))"
    assert fresh_python(code).stdout.split() == sorted(PUBLIC)


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'pytwolayer' has no attribute 'tow_layer'"):
        pytwolayer.tow_layer  # noqa: B018
    assert not hasattr(pytwolayer, "no_such_name")


def test_both_halves_have_one_version():
    description = (ROOT / "DESCRIPTION").read_text(encoding="utf-8")
    assert re.search(r"^Version: (.*)$", description, re.M)[1] == pytwolayer.__version__


def test_the_core_travels_inside_the_r_package():
    assert (ROOT / "inst" / "python" / "pytwolayer").resolve() == ROOT / "pytwolayer"
    assert (ROOT / "inst" / "python" / "pytwolayer" / "__init__.py").is_file()


def test_it_is_this_repositorys_core_that_is_tested():
    assert Path(pytwolayer.__file__).resolve().parent == ROOT / "pytwolayer"


def test_without_torch_the_package_imports_and_the_first_use_says_what_is_missing(fresh_python):
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import pytwolayer\n"
        "try: pytwolayer.chapter_losses\n"
        "except ImportError as problem: print('torch' in str(problem))"
    )
    assert fresh_python(code).stdout == "True\n"


def test_python_is_recent_enough_for_what_the_project_promises():
    assert sys.version_info >= (3, 11)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'requires-python = ">=3.11"' in project


def test_no_module_hides_a_public_name():
    beside = {path.stem for path in (ROOT / "pytwolayer").iterdir()}
    assert not beside & PUBLIC


def test_sub_packages_are_empty_so_that_imports_are_quick():
    own = sorted((ROOT / "pytwolayer").glob("*/__init__.py"))
    assert len(own) > 9
    assert [path.parent.name for path in own if path.read_text(encoding="utf-8")] == []


def test_every_test_of_a_module_is_named_after_it():
    rooms = {path.parent.name for path in (ROOT / "pytwolayer").glob("*/__init__.py")}
    tested = {path.parent.name for path in (ROOT / "tests" / "python").glob("*/test_*.py")}
    assert tested - {"promises"} <= rooms
    for room in tested & rooms:
        modules = [path.stem for path in (ROOT / "pytwolayer" / room).glob("*.py")]
        for path in (ROOT / "tests" / "python" / room).glob("test_*.py"):
            name = path.stem.removeprefix("test_")
            assert any(name == m or name.startswith(f"{m}_") for m in modules), path

"""``install_pytwolayer()`` makes of each unusable environment one that is whole.

The packages are of one line each: what is tried is the way there.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from unusable import broken_environment, environment, run_r, wheel

BOTH = pytest.mark.parametrize("reticulate", ["old", "present"])
BASE = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
INSTALL = f'say(install_pytwolayer(python = "{BASE}"))'


@pytest.fixture(scope="module")
def packages(tmp_path_factory) -> dict[str, str]:
    """What has pip install packages of ours, and from nowhere else."""
    folder = tmp_path_factory.mktemp("packages")
    for name, version in {
        "torch": "2.13.0",
        "numpy": "2.4.6",
        "pandas": "3.1.1",
        "safetensors": "0.8.0",
    }.items():
        wheel(folder, name, version)
    wheel(folder, "numpy", "1.26.4")
    wheel(folder, "pandas", "2.3.3")
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": "/dev/null"}


def versions(folder: Path) -> list[str]:
    code = "import torch, numpy, pandas; print(torch.__version__, numpy.__version__[0],"
    python = folder / "bin" / "python"
    done = subprocess.run(
        [python, "-I", "-c", code + "pandas.__version__[0])"], capture_output=True, text=True
    )
    return done.stdout.split()


@BOTH
@pytest.mark.parametrize("kind", ["gone", "too old", "too new", "no environment", "no pip"])
def test_an_unusable_environment_is_made_whole(reticulate, kind, packages, tmp_path):
    if kind == "too new" and reticulate == "present":
        pytest.skip("this reticulate can use it")
    folder = broken_environment(tmp_path, kind)
    printed = run_r(INSTALL, reticulate, tmp_path, **packages)
    assert "PyTorch is ready in" in printed, printed
    assert ("It is created again." in printed) == (kind != "no pip")
    convertible = ["1", "2"] if reticulate == "old" else ["2", "2"]
    assert versions(folder) == ["2.13.0", *convertible]


def test_a_package_that_is_half_there_is_installed_again(packages, tmp_path):
    folder = tmp_path / "r-pytwolayer"
    assert "PyTorch is ready in" in run_r(INSTALL, "present", tmp_path, **packages)
    (lib,) = folder.glob("lib/*/site-packages")
    (lib / "torch/__init__.py").write_text("import torch._C")
    (lib / "pandas/__init__.py").write_text("1 / 0")
    assert versions(folder) == []
    printed = run_r("say(install_pytwolayer())", "present", tmp_path, **packages)
    assert "PyTorch is ready in" in printed, printed
    assert versions(folder) == ["2.13.0", "2", "2"]


def test_an_environment_of_another_name_is_the_users_to_remove(packages, tmp_path):
    broken_environment(tmp_path, "too old").rename(tmp_path / "mine")
    (tmp_path / "mine/kept").write_text("")
    code = f'say(install_pytwolayer("mine", python = "{BASE}"))'
    printed = run_r(code, "present", tmp_path, **packages)
    assert "cannot be used: its Python is too old: it is Python 3.10.9" in printed
    advice = f'unlink("{tmp_path}/mine", recursive = TRUE)'
    assert f"`{advice}`" in printed
    assert (tmp_path / "mine/kept").exists()
    printed = run_r(f"{advice}; {code}", "present", tmp_path, **packages)
    assert "PyTorch is ready in" in printed, printed


def test_where_pip_has_only_the_later_ones_these_are_installed(packages, tmp_path):
    only = tmp_path / "later"
    only.mkdir()
    for file in Path(packages["PIP_FIND_LINKS"]).iterdir():
        if not file.name.startswith(("numpy-1", "pandas-2")):
            (only / file.name).write_bytes(file.read_bytes())
    more = packages | {"PIP_FIND_LINKS": str(only)}
    printed = run_r(INSTALL, "old", tmp_path, **more)
    assert "numpy<2 and pandas<3 are not available here" in printed
    assert versions(tmp_path / "r-pytwolayer") == ["2.13.0", "2", "3"]


def test_packages_that_cannot_be_imported_are_an_error_and_not_ready(packages, tmp_path):
    folder = environment(tmp_path / "r-pytwolayer")
    (lib,) = folder.glob("lib/*/site-packages")
    (lib / "sitecustomize.py").write_text("import sys; sys.modules['torch'] = None")
    printed = run_r(INSTALL, "present", tmp_path, **packages)
    assert "torch was installed, and cannot be imported" in printed
    assert "PyTorch is ready" not in printed

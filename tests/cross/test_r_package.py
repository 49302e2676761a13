"""R's source package: the Python core is in it as a copy, whatever the checkout has there."""

import subprocess
import tarfile

import pytest

from conftest import ROOT
from pytwolayer.r_interop.r_process import rscript

BUILD = """
set -eu
. scripts/lib/common.sh
copy_r_source "$1"
cd "$1"
"${0%script}" CMD build --no-build-vignettes --no-manual pytwolayer
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """Build the package as `make check` and `make release` do."""
    folder = tmp_path_factory.mktemp("package")
    command = ["bash", "-c", BUILD, rscript(), str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (file,) = folder.glob("*.tar.gz")
    with tarfile.open(file) as opened:
        yield opened.getmembers()


def test_it_unpacks_where_there_are_no_links(package):
    assert [member.name for member in package if not (member.isfile() or member.isdir())] == []


def test_it_has_every_file_of_the_core(package):
    inside = "pytwolayer/inst/python/"
    packed = {m.name.removeprefix(inside) for m in package if m.isfile() and inside in m.name}
    core = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "pytwolayer").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == core


def test_it_has_what_r_users_need_and_nothing_of_the_checkout(package):
    top = {member.name.split("/")[1] for member in package if "/" in member.name}
    assert top == {
        *("DESCRIPTION", "LICENSE", "NAMESPACE", "NEWS.md", "R", "README.md", "inst", "man"),
        *("tests", "vignettes"),
    }


def test_a_checkout_without_links_gives_the_core_too(tmp_path):
    script = '. scripts/lib/common.sh; copy_core "$1"; ls "$1/inst/python/pytwolayer"'
    (tmp_path / "inst/python").mkdir(parents=True)
    (tmp_path / "inst/python/pytwolayer").write_text("../../pytwolayer")
    (tmp_path / "pytwolayer").mkdir()
    (tmp_path / "pytwolayer/__init__.py").write_text("")
    command = ["bash", "-c", script, "bash", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "__init__.py\n"

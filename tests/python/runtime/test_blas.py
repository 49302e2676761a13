"""Which BLAS torch really calls in this process."""

import ctypes.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pytwolayer.runtime import blas
from pytwolayer.runtime.blas import Blas, blas_in_use, foreign_blas, torch_blas
from pytwolayer.runtime.elf_symbols import needed_by
from pytwolayer.runtime.shared_libraries import libtorch_cpu, loaded_as
from pytwolayer.runtime.torch_loading import torch

TORCH = Path(torch.__file__).resolve().parent

on_linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="it can be told on Linux only"
)


@pytest.fixture
def uncached(monkeypatch):
    """Let a test look again, and leave nothing it found behind."""
    monkeypatch.setattr(blas, "blas_in_use", blas_in_use.__wrapped__)
    return blas.blas_in_use


@on_linux
def test_torch_uses_its_own_here():
    assert foreign_blas() is None
    used = Path(blas_in_use())
    assert used.is_file()
    assert used.resolve().is_relative_to(TORCH) or "mkl" in used.name


def test_it_is_not_known_on_another_system(monkeypatch, uncached):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert uncached() is None


@on_linux
def test_a_library_that_is_not_there_or_not_loaded_gives_no_answer(monkeypatch, uncached, tmp_path):
    monkeypatch.setattr(blas, "libtorch_cpu", lambda folder: tmp_path / "missing.so")
    assert uncached() is None


def test_without_a_foreign_blas_in_the_process_there_is_none_in_use(monkeypatch):
    monkeypatch.setattr(blas, "foreign_blas_visible", lambda: False)
    monkeypatch.setattr(blas, "blas_in_use", lambda: pytest.fail("looked"))
    assert foreign_blas() is None


@pytest.mark.parametrize(
    ("used", "foreign"),
    [
        (None, False),
        (str(TORCH / "lib" / "libtorch_cpu.so"), False),
        (str(TORCH.parent / "torch.libs" / "libopenblas-1234.so"), False),
        ("/opt/conda/lib/libmkl_rt.so.2", False),
        ("/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0", True),
        ("/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblas.so.0", True),
        ("/usr/lib/R/lib/libRblas.so", True),
    ],
)
def test_a_library_outside_torch_that_is_not_mkl_is_foreign(monkeypatch, used, foreign):
    monkeypatch.setattr(blas, "foreign_blas_visible", lambda: True)
    monkeypatch.setattr(blas, "blas_in_use", lambda: used)
    assert foreign_blas() == (used if foreign else None)


def test_a_blas_that_nobody_put_in_the_place_of_torchs_is_not_foreign(monkeypatch):
    used = "/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0"
    monkeypatch.setattr(blas, "blas_in_use", lambda: used)
    monkeypatch.setattr(blas, "foreign_blas_visible", lambda: False)
    assert torch_blas() == Blas(used, "own")


@on_linux
def test_what_torch_is_linked_to_is_known_also_by_way_of_others(monkeypatch):
    monkeypatch.setattr(blas, "foreign_blas_visible", lambda: True)
    library = libtorch_cpu(TORCH)
    assert "libc.so.6" in needed_by(library)
    libc = loaded_as("libc.so.6")
    monkeypatch.setattr(blas, "blas_in_use", lambda: libc)
    assert torch_blas() == Blas(libc, "linked")
    assert foreign_blas() is None


def test_what_is_not_loaded_has_no_path():
    assert loaded_as("libno-such-library.so.7") == ""


def test_of_a_file_that_is_no_library_nothing_is_known(tmp_path):
    for content in (b"", b"text", b"\x7fELF" + bytes(60), b"\x7fELF" + b"\xff" * 5000):
        (tmp_path / "lib.so").write_bytes(content)
        assert needed_by(tmp_path / "lib.so") == []
    assert needed_by(tmp_path / "missing.so") == []


SYSTEM_BLAS = ctypes.util.find_library("blas")
SOURCE = "extern void sgemm_(void); void call_it(void) { sgemm_(); }"
# A torch of nothing but the library, in a process where R's BLAS is visible to all, or not.
LOOK = """
import ctypes, sys
from types import SimpleNamespace
folder, visible = sys.argv[1:]
if visible == "visible":
    ctypes.CDLL("libblas.so.3", ctypes.RTLD_GLOBAL)
ctypes.CDLL(f"{folder}/torch/lib/libtorch_cpu.so")
sys.modules["torch"] = SimpleNamespace(__file__=f"{folder}/torch/__init__.py")
from pytwolayer.runtime.blas import torch_blas, foreign_blas
found = torch_blas()
print(found.kind, found.path, foreign_blas())
"""


@pytest.fixture
def made_torch(tmp_path):
    """Make a library that calls a BLAS, linked to it directly, by way of another, or not."""
    compiler = shutil.which("cc")
    if compiler is None or SYSTEM_BLAS is None:
        pytest.skip("this takes a C compiler and a BLAS")
    path = tmp_path / "torch" / "lib" / "libtorch_cpu.so"
    path.parent.mkdir(parents=True)
    (tmp_path / "call.c").write_text(SOURCE)
    (tmp_path / "nothing.c").write_text("int nothing;")

    def library(file: Path, source: str, *linked: str) -> str:
        flags = "-shared", "-fPIC", "-Wl,--no-as-needed", "-Wl,-z,now"
        command = [compiler, *flags, "-o", str(file), str(tmp_path / source), *linked]
        subprocess.run(command, check=True)
        return str(file)

    def make(how: str) -> Path:
        code = "import ctypes; from pytwolayer.runtime.shared_libraries import loaded_as; "
        code += "ctypes.CDLL('libblas.so.3'); print(loaded_as('libblas.so.3'))"
        found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        of_system = found.stdout.strip()
        if how == "directly":
            library(path, "call.c", of_system)
        elif how == "by way of another":
            library(path, "call.c", library(tmp_path / "libbetween.so", "nothing.c", of_system))
        else:
            library(path, "call.c")
        return tmp_path

    return make


@on_linux
@pytest.mark.parametrize("visible", ["visible", "hidden"])
@pytest.mark.parametrize("how", ["directly", "by way of another"])
def test_a_torch_that_is_linked_to_the_systems_blas_is_known(
    made_torch, fresh_python, how, visible
):
    done = fresh_python(LOOK, str(made_torch(how)), visible)
    kind, path, foreign = done.stdout.split()
    assert (kind, foreign) == ("linked", "None"), done.stderr
    assert Path(path).name.startswith("libblas.so")


@on_linux
def test_a_torch_whose_blas_was_taken_is_told_from_it(made_torch, fresh_python):
    done = fresh_python(LOOK, str(made_torch("not")), "visible")
    kind, path, foreign = done.stdout.split()
    assert kind == "foreign", done.stderr
    assert path == foreign

"""Which BLAS torch really calls in this process."""

import sys
from pathlib import Path

import pytest

from pytwolayer import blas
from pytwolayer.blas import blas_in_use, foreign_blas
from pytwolayer.torch_loading import torch

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

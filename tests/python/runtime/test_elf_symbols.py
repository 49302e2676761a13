"""Where a loaded library's calls really go."""

import sys
from pathlib import Path

import pytest

from pytwolayer.runtime.elf_symbols import provider_of
from pytwolayer.runtime.shared_libraries import libtorch_cpu
from pytwolayer.runtime.torch_loading import torch

TORCH = Path(torch.__file__).parent

linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="it can be told on Linux only"
)


@linux
def test_torchs_matrix_product_is_torchs_own_here():
    assert Path(provider_of("sgemm_", libtorch_cpu(TORCH))).is_relative_to(TORCH)


@linux
def test_torchs_memory_is_libcs():
    provider = Path(provider_of("malloc", libtorch_cpu(TORCH))).name
    assert provider.startswith(("libc.", "python"))  # a program may stand in for libc


@linux
def test_a_name_that_is_the_tail_of_another_is_not_taken_for_it():
    assert provider_of("gemm_", libtorch_cpu(TORCH)) is None


@pytest.mark.parametrize("routine", ["no_such_routine", "sgemm"])
def test_a_routine_that_is_not_called_cannot_be_told(routine):
    assert provider_of(routine, libtorch_cpu(TORCH)) is None


@pytest.mark.parametrize(
    "content", [b"", b"text", b"\x7fELF" + bytes(60), b"\x7fELF" + b"\xff" * 5000]
)
def test_a_file_that_is_no_library_cannot_be_told(tmp_path, content):
    file = tmp_path / "lib.so"
    file.write_bytes(content)
    assert provider_of("malloc", file) is None


def test_a_library_that_is_not_there_cannot_be_told(tmp_path):
    assert provider_of("malloc", tmp_path / "lib.so") is None


@linux
def test_a_library_that_is_not_loaded_cannot_be_told(tmp_path):
    library = next(TORCH.glob("lib/libc10.so"))
    copy = tmp_path / "libcopy.so"
    copy.write_bytes(library.read_bytes())
    assert provider_of("malloc", copy) is None

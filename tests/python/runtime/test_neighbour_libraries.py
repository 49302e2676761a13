"""Libraries beside PyTorch's: those that do harm are named, with a way out."""

import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from pytwolayer.runtime.neighbour_libraries import harmful_neighbour, loaded_libraries
from pytwolayer.runtime.torch_loading import torch

OWN = Path(torch.__file__).parent


def test_pytorch_by_itself_has_no_harmful_neighbour():
    assert harmful_neighbour(OWN) is None
    if sys.platform.startswith("linux"):
        assert any(Path(file).name == "libtorch_cpu.so" for file in loaded_libraries())


@pytest.mark.parametrize(
    "file", ["/r/torch/lib/liblantern.so", "/r/torch/lib/libtorch_cpu.so", "/t/libtorch.dylib"]
)
def test_another_pytorch_is_named(file):
    own = str(OWN / "lib" / "libtorch_cpu.so")
    what, way_out = harmful_neighbour(OWN, [own, "/usr/lib/libc.so.6", file])
    assert file in what
    assert "callr" in way_out


def test_two_openmp_runtimes_are_a_problem_where_the_second_ends_the_process():
    files = ["/t/torch/lib/libomp.dylib", "/opt/homebrew/libomp.dylib"]
    what, way_out = harmful_neighbour(OWN, files, "darwin")
    assert all(file in what for file in files)
    assert "OMP_NUM_THREADS" in way_out
    assert harmful_neighbour(OWN, files[:1], "darwin") is None
    linux = ["/conda/lib/libiomp5.so", "/usr/lib/llvm-14/lib/libomp.so.5"]
    what, way_out = harmful_neighbour(OWN, linux, "linux")
    assert all(file in what for file in linux)
    assert "Error #15" in what
    assert "OMP_NUM_THREADS" not in way_out  # which does not help there
    for other in "/conda/lib/libgomp.so.1", "/usr/lib/libomptarget.so", "/usr/lib/libompd.so":
        assert harmful_neighbour(OWN, [*linux[:1], other], "linux") is None


CODE = """
import ctypes, sys, warnings
ctypes.CDLL(sys.argv[1])
warnings.simplefilter("error")
try:
    from pytwolayer.runtime.torch_loading import torch
except RuntimeWarning as warning:
    print(warning)
from pytwolayer.r_interop.doctor import python_findings, torch_findings, page
print(page({"torch": torch_findings()})[0])
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it is read from /proc")
def test_the_first_use_and_the_doctor_tell_of_a_library_that_is_there(tmp_path):
    module = getattr(zlib, "__file__", None) or pytest.skip("no library of Python's to copy")
    library = shutil.copy(module, tmp_path / "liblantern.so")
    told = subprocess.run(
        [sys.executable, "-c", CODE, library], capture_output=True, text=True, check=True
    ).stdout
    assert told.startswith("Another PyTorch is in this process, such as R's package torch brings")
    assert str(library) in told
    assert "Problems" in told  # the page has it too
    assert "callr::r()" in told

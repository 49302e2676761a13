"""How torch is loaded: with its own BLAS, whoever else shows one to the process.

A process of its own loads a BLAS for all to see, as R does, and then imports torch.
"""

import ctypes
import ctypes.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from conftest import HANGS, ROOT
from pytwolayer.runtime import deep_binding, torch_loading
from pytwolayer.runtime.shared_libraries import library_at, libtorch_cpu
from pytwolayer.runtime.torch_loading import torch

SYSTEM_BLAS = ctypes.util.find_library("blas")

needs_a_blas = pytest.mark.skipif(
    SYSTEM_BLAS is None or not hasattr(os, "RTLD_DEEPBIND"),
    reason="there is no libblas.so.3 here to take torch's place, or no RTLD_DEEPBIND",
)

AS_R_DOES = """
import ctypes, sys, warnings
ctypes.CDLL(sys.argv[1], ctypes.RTLD_GLOBAL)
"""

TELL = """
from pytwolayer.runtime.blas import blas_in_use, foreign_blas
print(foreign_blas()); print(blas_in_use())
"""


@pytest.fixture
def beside_a_blas(fresh_python):
    """Run lines in a process that shows everyone a foreign BLAS; give what they printed."""

    def run(code: str, **environment: str) -> list[str]:
        done = fresh_python(AS_R_DOES + code, SYSTEM_BLAS, **environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


@needs_a_blas
@pytest.mark.parametrize(
    "load",
    [
        "from pytwolayer.runtime.torch_loading import torch",
        "import pytwolayer; pytwolayer.chapter_losses(1)",
        "import numpy, pandas, pytwolayer.chapter",
        "from pytwolayer.runtime.torch_loading import watch_for_torch\n"
        "watch_for_torch(); import torch",
    ],
)
def test_torch_keeps_its_own_blas(beside_a_blas, load):
    foreign, used = beside_a_blas(f"warnings.simplefilter('error')\n{load}\n{TELL}")
    assert foreign == "None"
    assert "torch" in used


# What several tests ask of one process, in which torch has been loaded beside a foreign BLAS.
LOADED = """
import importlib.resources, importlib.util, inspect, json
flags = sys.getdlopenflags()
import pytwolayer.chapter
from pytwolayer.runtime.torch_loading import torch
print(json.dumps({
    "flags": sys.getdlopenflags() == flags,
    "name": torch.__spec__.name,
    "found": importlib.util.find_spec("torch") is not None,
    "files": (importlib.resources.files("torch") / "version.py").is_file(),
    "source": len(inspect.getsource(torch)) > 0,
    "losses": [*map(float.hex, pytwolayer.chapter_losses(40)["loss"])],
}))
"""


@pytest.fixture(scope="module")
def loaded():
    command = [sys.executable, "-c", AS_R_DOES + LOADED, SYSTEM_BLAS]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=HANGS)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@needs_a_blas
def test_the_digits_are_then_those_without_a_foreign_blas(loaded, loaded_python):
    code = (
        "from pytwolayer import chapter_losses\nprint(*map(float.hex, chapter_losses(40)['loss']))"
    )
    assert loaded["losses"] == loaded_python(code).stdout.split()


TOO_LATE = """
import torch
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import pytwolayer
    for _ in range(2):
        pytwolayer.chapter_losses(1)
        pytwolayer.two_layer([[1], [2]], [1, 2], epochs=1)
caught = [warning for warning in caught if "BLAS" in str(warning.message)]
print(len(caught)); print(caught[0].category.__name__); print(caught[0].message)
"""


@needs_a_blas
def test_a_torch_loaded_too_early_is_one_warning_with_the_way_out(beside_a_blas):
    number, kind, message, foreign, used = beside_a_blas(TOO_LATE + TELL)
    assert (number, kind) == ("1", "RuntimeWarning")
    assert foreign in message
    assert "instead of its own BLAS" in message
    assert "in a new session, load pytwolayer before anything that loads torch" in message
    assert Path(foreign).name.startswith("lib")
    assert "blas" in Path(foreign).name
    assert foreign == used


@needs_a_blas
def test_the_doctor_sees_it_too(beside_a_blas):
    lines = beside_a_blas(
        "import torch; warnings.simplefilter('ignore')\n"
        "from pytwolayer.r_interop.doctor import blas_finding\n"
        "finding = blas_finding(); print(finding.value); print(finding.mend)"
    )
    assert lines[0].startswith("not torch's own but ")
    assert "load pytwolayer before" in lines[1]


def test_a_torch_loaded_first_without_a_foreign_blas_is_no_warning(fresh_python):
    done = fresh_python(
        "import warnings; warnings.simplefilter('error')\n"
        "import torch; from pytwolayer.runtime.torch_loading import torch as ours\n"
        "print(ours is torch)"
    )
    assert (done.stdout, done.stderr) == ("True\n", "")


@needs_a_blas
def test_where_the_library_cannot_be_loaded_alone_torch_is_loaded_with_the_flag(beside_a_blas):
    load = """
import pytwolayer.runtime.torch_loading as loading
real = ctypes.CDLL
def refuse(name, *arguments, **options):
    if name and "libtorch_cpu" in str(name):
        print("refused"); raise OSError("its dependencies lie elsewhere")
    return real(name, *arguments, **options)
ctypes.CDLL = refuse
flags = sys.getdlopenflags()
loading.torch
ctypes.CDLL = real
print(sys.getdlopenflags() == flags)
"""
    *refused, restored, foreign, used = beside_a_blas(load + TELL)
    assert refused == ["refused"]
    assert restored == "True"
    assert foreign == "None"
    assert "torch" in used


@needs_a_blas
def test_the_loaders_flags_are_as_before(loaded):
    assert loaded["flags"] is True


@needs_a_blas
@pytest.mark.parametrize(
    "danger",
    ["binding._library_of = lambda f: 'libjemalloc.so.2'", "del binding.os.RTLD_DEEPBIND"],
)
def test_where_deep_binding_would_kill_torch_is_loaded_as_usual_and_it_is_said(
    beside_a_blas, danger
):
    code = f"""
import pytwolayer.runtime.deep_binding as binding, pytwolayer.runtime.torch_loading as loading
{danger}
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    loading.torch
print(*(str(warning.message) for warning in caught))
"""
    message, foreign, used = beside_a_blas(code + TELL)
    assert foreign == used
    assert f"torch computes with {foreign} instead of its own BLAS" in message
    assert "without the memory allocator" in message


@needs_a_blas
def test_torch_can_still_be_asked_for_its_files_and_source(loaded):
    assert loaded["name"] == "torch"
    assert [loaded[what] for what in ("found", "files", "source")] == [True, True, True]


class TestSafety:
    """Deep binding kills a process with another malloc than libc's, or under a sanitizer."""

    def test_it_is_safe_here(self):
        assert deep_binding.deepbind_is_safe() == hasattr(os, "RTLD_DEEPBIND")

    @pytest.mark.parametrize(
        "malloc", ["libjemalloc.so.2", "libtcmalloc.so.4", "libmimalloc.so", ""]
    )
    def test_not_with_another_malloc(self, monkeypatch, malloc):
        monkeypatch.setattr(deep_binding, "_library_of", lambda function: malloc)
        assert not deep_binding.deepbind_is_safe()

    @pytest.mark.skipif(not hasattr(os, "RTLD_DEEPBIND"), reason="there is no RTLD_DEEPBIND here")
    def test_not_under_a_sanitizer(self, monkeypatch):
        process = SimpleNamespace(malloc=None)
        monkeypatch.setattr(deep_binding, "_library_of", lambda function: "libc.so.6")
        monkeypatch.setattr(ctypes, "CDLL", lambda name: process)
        assert deep_binding.deepbind_is_safe()
        process = SimpleNamespace(malloc=None, **{"__asan_init": None})
        monkeypatch.setattr(ctypes, "CDLL", lambda name: process)
        assert not deep_binding.deepbind_is_safe()

    def test_not_where_the_system_has_no_such_flag(self, monkeypatch):
        monkeypatch.delattr(os, "RTLD_DEEPBIND", raising=False)
        assert not deep_binding.deepbind_is_safe()


@pytest.fixture
def without_watch(monkeypatch):
    """Let the test change the finders."""
    watches = (f for f in sys.meta_path if not isinstance(f, torch_loading._TorchWatch))
    monkeypatch.setattr(sys, "meta_path", list(watches))


def test_the_watch_is_set_once_and_only_before_torch_is_loaded(without_watch, monkeypatch):
    before = len(sys.meta_path)
    torch_loading.watch_for_torch()
    assert len(sys.meta_path) == before
    monkeypatch.delitem(sys.modules, "torch")
    torch_loading.watch_for_torch()
    torch_loading.watch_for_torch()
    assert len(sys.meta_path) == before + 1


@pytest.mark.parametrize(
    ("name", "visible", "safe"),
    [
        ("torch", False, True),
        ("torch", True, False),
        ("numpy", True, True),
        ("torch.nn", True, True),
    ],
)
def test_the_watch_leaves_all_else_alone(monkeypatch, name, visible, safe):
    monkeypatch.setattr(torch_loading, "foreign_blas_visible", lambda: visible)
    monkeypatch.setattr(torch_loading, "deepbind_is_safe", lambda: safe)
    assert torch_loading._TorchWatch().find_spec(name, None) is None


def test_a_torch_that_is_not_installed_stays_an_ordinary_error(fresh_python):
    code = (
        "import sys, pytwolayer.runtime.torch_loading as t; t.foreign_blas_visible = lambda: True\n"
        "sys.path = [p for p in sys.path if 'site-packages' not in p]\n"
        "t.watch_for_torch()\n"
        "try: import torch\n"
        "except ModuleNotFoundError as problem: print(problem)"
    )
    assert fresh_python(code).stdout == "No module named 'torch'\n"


def test_another_package_named_torch_is_loaded_as_usual(fresh_python, tmp_path):
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("answer = 42")
    code = (
        "import sys, pytwolayer.runtime.torch_loading as t; t.foreign_blas_visible = lambda: True\n"
        "sys.path.insert(0, sys.argv[1]); print(t.torch.answer)"
    )
    assert fresh_python(code, str(tmp_path)).stdout == "42\n"


def test_torch_is_loaded_when_it_is_asked_for_and_not_before(fresh_python):
    code = (
        "import sys, pytwolayer.runtime.torch_loading as loading\n"
        "print('torch' in sys.modules); loading.torch; print('torch' in sys.modules)"
    )
    assert fresh_python(code).stdout == "False\nTrue\n"


def test_it_has_no_other_name():
    with pytest.raises(AttributeError, match="has no attribute 'troch'"):
        torch_loading.troch  # noqa: B018


def test_an_address_is_traced_to_its_library():
    libc = ctypes.CDLL(ctypes.util.find_library("c"))
    address = ctypes.cast(libc.malloc, ctypes.c_void_p).value
    assert Path(library_at(address)).name.startswith(("libc.", "ld-", "libSystem"))
    assert library_at(0) == ""


def test_the_library_of_this_torch_is_where_it_is_looked_for():
    if not sys.platform.startswith("linux"):
        pytest.skip("the library is named so on Linux only")
    assert libtorch_cpu(Path(torch.__file__).parent).is_file()

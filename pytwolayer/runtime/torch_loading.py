"""How PyTorch is loaded: with its own BLAS, inside R too.

R loads its BLAS into the process for all to see. A ``libtorch_cpu`` that is loaded in the
ordinary way afterwards binds its calls of ``sgemm_`` and the like to that BLAS and not to
the one it carries: on a stock Debian the same code is then many times slower and its
digits differ. Loading the library with ``RTLD_DEEPBIND`` before anything imports torch
keeps its own. Modules of this package write ``from pytwolayer.runtime.torch_loading import torch``.
"""

import ctypes
import importlib.abc
import importlib.machinery
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pytwolayer.runtime.deep_binding import deepbind_is_safe
from pytwolayer.runtime.interrupt import watch_for_interrupt
from pytwolayer.runtime.shared_libraries import foreign_blas_visible, libtorch_cpu

if TYPE_CHECKING:
    import torch as torch

LOAD_FIRST = (
    "in a new session, load pytwolayer before anything that loads torch "
    "(in R: library(pytwolayer) before the first use of Python)"
)
USUAL_MALLOC = (
    "start a new session without the memory allocator or sanitizer that is preloaded here: "
    "with it torch cannot be given its own BLAS"
)

# Before torch can have started threads, as far as can be known here; see threads.py.
LOADING_PID = os.getpid()


def how_to_fix() -> str:
    """Say what to do where torch computes with another BLAS than its own."""
    return LOAD_FIRST if deepbind_is_safe() else USUAL_MALLOC


class _DeepBinding(importlib.abc.Loader):
    """Load torch as its own loader does, but with its own BLAS."""

    def __init__(self, loader: importlib.abc.Loader, library: Path) -> None:
        self._loader, self._library = loader, library

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        flags = sys.getdlopenflags()
        try:
            ctypes.CDLL(str(self._library), os.RTLD_NOW | os.RTLD_DEEPBIND)
        except OSError:
            # Its dependencies lie where only torch's own start-up looks (GPU builds).
            sys.setdlopenflags(flags | os.RTLD_DEEPBIND)
        try:
            self._loader.exec_module(module)
        finally:
            sys.setdlopenflags(flags)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)


class _TorchWatch(importlib.abc.MetaPathFinder):
    """See to it that whoever imports torch first gets it with its own BLAS."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != "torch" or not foreign_blas_visible():
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        found = (finder.find_spec(name, path, target) for finder in others)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is None or spec.loader is None or not spec.submodule_search_locations:
            return None
        library = libtorch_cpu(Path(spec.submodule_search_locations[0]))
        if not library.exists() or not deepbind_is_safe():
            return None
        spec.loader = _DeepBinding(spec.loader, library)
        return spec


def watch_for_torch() -> None:
    """Have torch loaded with its own BLAS whoever imports it first from now on."""
    if "torch" not in sys.modules and not any(isinstance(f, _TorchWatch) for f in sys.meta_path):
        sys.meta_path.insert(0, _TorchWatch())


def __getattr__(name: str) -> ModuleType:
    """Load torch when it is first asked for, by ``from ...torch_loading import torch``."""
    if name != "torch":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with watch_for_interrupt() as interrupt:
        problem = load_torch()
    if interrupt.pressed:
        raise KeyboardInterrupt
    if problem is not None:
        warnings.warn(problem, RuntimeWarning, stacklevel=2)
    return sys.modules["torch"]


def load_torch() -> str | None:
    """Load torch; if it does not compute with its own BLAS, say so and name the way out."""
    mended = "torch" not in sys.modules and deepbind_is_safe()
    watch_for_torch()
    module = importlib.import_module("torch")
    globals()["torch"] = module
    return None if mended else _replaced()


def _replaced() -> str | None:
    from pytwolayer.runtime.blas import foreign_blas

    foreign = foreign_blas()
    if foreign is None:
        return None
    return (
        f"torch computes with {foreign} instead of its own BLAS: it is slower and its last "
        f"digits differ. The way out: {how_to_fix()}."
    )

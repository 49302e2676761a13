"""Loading PyTorch with its own BLAS, also inside R.

R loads its BLAS with global visibility. The dynamic linker resolves a symbol in the global scope
first, so a ``libtorch_cpu`` loaded afterwards in the usual way calls ``sgemm_`` and the like of
that BLAS and not its own: on a stock Debian the same code is then many times slower, and its
last digits differ. ``RTLD_DEEPBIND`` reverses the order for one library: its own symbols come
first. It has an effect only when the library is first loaded in the process, so it must happen
before anything imports torch, for which there is an import hook.

Modules of this package write ``from pytwolayer.runtime.torch_loading import torch``.
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

# The process in which torch can have started threads; see threads.py.
LOADING_PID = os.getpid()


def how_to_fix() -> str:
    """Return the advice for a session where torch uses another BLAS than its own."""
    return LOAD_FIRST if deepbind_is_safe() else USUAL_MALLOC


class _DeepBinding(importlib.abc.Loader):
    """Loads torch with its own loader, after its library was loaded with deep binding."""

    def __init__(self, loader: importlib.abc.Loader, library: Path) -> None:
        self._loader, self._library = loader, library

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        flags = sys.getdlopenflags()
        try:
            ctypes.CDLL(str(self._library), os.RTLD_NOW | os.RTLD_DEEPBIND)
        except OSError:
            # In GPU builds the library needs others, from folders that only torch's start-up code
            # adds to the search. Then everything that torch loads is bound deeply instead.
            sys.setdlopenflags(flags | os.RTLD_DEEPBIND)
        try:
            self._loader.exec_module(module)
        finally:
            sys.setdlopenflags(flags)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)


class _TorchWatch(importlib.abc.MetaPathFinder):
    """Import hook by which the first import of torch, by any module, loads it with its own BLAS."""

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
    """Install the import hook, unless torch is loaded or the hook is there already."""
    if "torch" not in sys.modules and not any(isinstance(f, _TorchWatch) for f in sys.meta_path):
        sys.meta_path.insert(0, _TorchWatch())


def __getattr__(name: str) -> ModuleType:
    """Load torch on first use, by ``from ...torch_loading import torch``."""
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
    """Load torch; return a warning text if another library in the process harms it, else None."""
    bound_deeply = "torch" not in sys.modules and deepbind_is_safe()
    watch_for_torch()
    module = importlib.import_module("torch")
    globals()["torch"] = module
    problems = [None if bound_deeply else _describe_foreign_blas(), describe_neighbour()]
    return " ".join(filter(None, problems)) or None


def describe_neighbour() -> str | None:
    """Return a warning text if there is a library beside torch's that does harm, else None."""
    from pytwolayer.runtime.neighbour_libraries import harmful_neighbour

    file = sys.modules["torch"].__file__
    found = None if file is None else harmful_neighbour(Path(file).parent)
    if found is None:
        return None
    what, way_out = found
    return f"{what[0].upper()}{what[1:]}. To fix this: {way_out}."


def _describe_foreign_blas() -> str | None:
    from pytwolayer.runtime.blas import foreign_blas

    foreign = foreign_blas()
    if foreign is None:
        return None
    return (
        f"torch computes with {foreign} instead of its own BLAS: it is slower and its last "
        f"digits differ. To fix this: {how_to_fix()}."
    )

"""Which BLAS torch calls in this process.

``torch.__config__`` reports what torch was built with, not what the dynamic linker chose.
"""

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pytwolayer.runtime.elf_symbols import needed_by, provider_of
from pytwolayer.runtime.shared_libraries import foreign_blas_visible, libtorch_cpu, loaded_as

OWN, LINKED, FOREIGN = "own", "linked", "foreign"


@dataclass(frozen=True)
class Blas:
    """The BLAS that torch calls.

    Attributes
    ----------
    path : str or None
        Of the library; None where it cannot be determined.
    kind : str
        "own": part of torch. "linked": another one that torch was linked to on purpose, as
        Debian's torch is to the system's BLAS. "foreign": one that another program, such as R,
        had loaded with global visibility, and that replaces torch's own.
    """

    path: str | None
    kind: str


@cache
def blas_in_use() -> str | None:
    """Path of the library whose matrix product torch calls; see ``provider_of()``.

    torch must be loaded. The linker's choice does not change, so it is looked up once.
    """
    return provider_of("sgemm_", libtorch_cpu(_folder_of_torch()))


def _folder_of_torch() -> Path:
    return Path(str(sys.modules["torch"].__file__)).parent


def torch_blas() -> Blas:
    """Determine which BLAS torch calls, and of which kind it is."""
    used = blas_in_use()
    if used is None or _is_torchs(used):
        return Blas(used, OWN)
    if _is_linked(used):
        return Blas(used, LINKED)
    visible = foreign_blas_visible() and "mkl" not in Path(used).name
    return Blas(used, FOREIGN if visible else OWN)


def foreign_blas() -> str | None:
    """Path of the BLAS that replaces torch's own, or None."""
    if not foreign_blas_visible():
        return None
    blas = torch_blas()
    return blas.path if blas.kind == FOREIGN else None


def _is_torchs(used: str) -> bool:
    package = _folder_of_torch().resolve()
    own = package, package.parent / "torch.libs"
    library = libtorch_cpu(_folder_of_torch()).resolve()
    path = Path(used).resolve()
    return path == library or any(path.is_relative_to(folder) for folder in own)


def _is_linked(used: str) -> bool:
    """Tell whether torch's library was linked to this one, directly or through others."""
    wanted = Path(used).resolve()
    waiting, seen = [libtorch_cpu(_folder_of_torch())], set[str]()
    while waiting:
        for name in needed_by(waiting.pop()):
            path = "" if name in seen else loaded_as(name)
            seen.add(name)
            if path:
                if Path(path).resolve() == wanted:
                    return True
                waiting.append(Path(path))
    return False

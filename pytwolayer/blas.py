"""Which BLAS torch really calls in this process.

``torch.__config__`` tells what torch was built with, not what the loader bound it to.
"""

import sys
from functools import cache
from pathlib import Path

from pytwolayer.call_table import provider_of
from pytwolayer.shared_libraries import foreign_blas_visible, libtorch_cpu


@cache
def blas_in_use() -> str | None:
    """Path of the library whose matrix product torch calls, or None where it cannot be told.

    It can be told on 64-bit Linux; torch must be loaded.
    """
    return provider_of("sgemm_", libtorch_cpu(_folder_of_torch()))


def _folder_of_torch() -> Path:
    return Path(str(sys.modules["torch"].__file__)).parent


def foreign_blas() -> str | None:
    """Path of the BLAS that has taken the place of torch's own, or None."""
    if not foreign_blas_visible():
        return None
    return _foreign(blas_in_use())


def _foreign(used: str | None) -> str | None:
    if used is None:
        return None
    package = _folder_of_torch().resolve()
    own = package, package.parent / "torch.libs"
    inside = any(Path(used).resolve().is_relative_to(folder) for folder in own)
    return None if inside or "mkl" in Path(used).name else used

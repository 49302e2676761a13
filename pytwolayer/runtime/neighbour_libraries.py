"""Libraries in this process that do harm to PyTorch's: another PyTorch, a second OpenMP runtime."""

import ctypes
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

_OTHER_TORCH = "libtorch_cpu", "libtorch.", "liblantern", "lantern."
# LLVM's and Intel's, which are one: of two copies the second ends the process. GCC's gets along.
_OPENMP = re.compile(r"lib(omp|iomp5)(?![a-z])")


def loaded_libraries() -> list[str]:
    """List the files of the libraries in this process; none where that cannot be told."""
    if sys.platform == "darwin":
        return _images_of_dyld()
    try:
        lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    mapped = (line.split(maxsplit=5) for line in lines)
    files = dict.fromkeys(fields[5] for fields in mapped if len(fields) == 6)
    return [file for file in files if ".so" in os.path.basename(file)]  # noqa: PTH119 - many


def _images_of_dyld() -> list[str]:
    system = ctypes.CDLL(None)
    name = system._dyld_get_image_name
    name.restype = ctypes.c_char_p
    return [os.fsdecode(name(number) or b"") for number in range(system._dyld_image_count())]


def harmful_neighbour(
    torch_folder: Path, libraries: Sequence[str] | None = None, platform: str = sys.platform
) -> tuple[str, str] | None:
    """Look for libraries that end the process, or make it compute something else.

    Parameters
    ----------
    torch_folder : Path
        Of the torch package.
    libraries : sequence of str, optional
        Files of the libraries in the process, looked up if not given.
    platform : str

    Returns
    -------
    tuple of str, or None
        What there is, and the way out.
    """
    files = [Path(file) for file in (loaded_libraries() if libraries is None else libraries)]
    own = torch_folder.resolve()
    for file in files:
        if file.name.startswith(_OTHER_TORCH) and own not in file.resolve().parents:
            return (
                f"another PyTorch is in this process, such as R's package torch brings ({file}): "
                "two of them can crash it, or give wrong results",
                "restart R and use only one of the two in a session, the other in a session of "
                "its own, such as by callr::r()",
            )
    runtimes = sorted({str(file) for file in files if _OPENMP.match(file.name)})
    if len(runtimes) < 2:
        return None
    several = f"several OpenMP runtimes are in this process ({', '.join(runtimes)}): "
    if platform == "darwin":
        return (
            f"{several}on macOS they can end it when something is computed in parallel",
            "start a new one with the environment variable OMP_NUM_THREADS=1, or without the "
            "package that brings the other, such as a data.table built with OpenMP",
        )
    return (
        f'{several}the second one that is used ends it, with "OMP: Error #15"',
        "use an environment with only one of them, for instance with all packages from one source, "
        "such as conda-forge, or start without the package that brings the other",
    )

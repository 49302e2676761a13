"""What agent and workers need to know of a run: a file in the run's scratch folder."""

import marshal
import os
import pickle
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zlib import crc32

from pytwolayer._version import __version__
from pytwolayer.errors import TemporaryFolderError

_NAME = "job"
_YOUNG = 60.0  # seconds
# Suffix of the file with the caller's `sys.path`, where this package is, and what it is.
_PATHS = ".path"
_ANY_PYTHON = 2  # a version of marshal's format that each Python reads
_PACKAGE = __name__.partition(".")[0]
DIFFERS = 76  # exit status of a process that has another version than the caller of something


@dataclass(frozen=True)
class Job:
    """A run of several workers on this machine.

    Attributes
    ----------
    module : str
        What each worker runs, as ``python -m module FILE``.
    content : object
        What the workers are given; pickled.
    workers : int
        Number of processes.
    max_restarts : int
        How often all workers are started anew, after one of them was killed.
    start : float
        Seconds within which each worker must be there.
    silence : float
        Seconds without a sign of life after which a worker is given up.
    """

    module: str
    content: Any
    workers: int
    max_restarts: int = 3
    start: float = 300.0
    silence: float = 600.0


@dataclass(frozen=True)
class JobFile:
    """The content of the file.

    Attributes
    ----------
    path : Path
        The file's own.
    job : Job
        Without its content.
    content : bytes
        The job's, pickled: the agent need not know what is in it.
    address : object
        Where the caller listens.
    key : bytes
        By which both sides know each other.
    caller : int
        The caller's process.
    torch : str
        The caller's version of PyTorch.
    """

    path: Path
    job: Job
    content: bytes
    address: Any
    key: bytes
    caller: int
    torch: str

    @property
    def folder(self) -> Path:
        """The scratch folder."""
        return self.path.parent


def write_job(job: Job, folder: Path, address: Any, key: bytes) -> JobFile:
    """Write the file into the scratch folder, which nobody else can read."""
    from pytwolayer.runtime.torch_loading import torch  # which the agent loads later, see there

    content = _dumps(job.content)
    bare = Job(job.module, None, job.workers, job.max_restarts, job.start, job.silence)
    path = folder / _NAME
    made = JobFile(path, bare, content, address, key, os.getpid(), str(torch.__version__))
    path.write_bytes(pickle.dumps(made))
    found = [each for each in sys.path if isinstance(each, str)]  # Python passes others over
    own = os.path.abspath(sys.modules[_PACKAGE].__file__ or "")  # noqa: PTH100 - it may be no path
    known = {"Python": sys.implementation.cache_tag or "", _PACKAGE: __version__}
    path.with_suffix(_PATHS).write_bytes(marshal.dumps((found, own, known), _ANY_PYTHON))
    return made


def _dumps(content: Any) -> bytes:
    """Pickle, also functions of a script or a notebook where cloudpickle is there."""
    try:
        from cloudpickle import dumps
    except ImportError:
        return pickle.dumps(content)
    data: bytes = dumps(content)
    return data


def is_unsendable(function: Any) -> bool:
    """Tell whether a function cannot be given to another process."""
    try:
        pickle.loads(_dumps(function))
    except Exception:  # noqa: BLE001 - whatever a class of the user's does
        return True
    by_name = getattr(function, "__module__", None) == "__main__"
    return by_name and find_spec("cloudpickle") is None


def read_job(path: str) -> JobFile:
    """Read the file."""
    with Path(path).open("rb") as file:
        found: JobFile = pickle.load(file)
    return found


# What a process is started with, so that it finds the modules that the caller finds, and has the
# very files of this package: R imports those of the R package from a folder that is in no path, and
# another version may be in one. The present folder, which Python would search first, and whose
# `runpy.py` is none of ours, is left out until then. Where the package was installed anew after the
# caller had loaded it, the files are another version's, which would not understand the caller: that
# is said here, by the caller's code, before anything else is read.
BOOT = f"""
import sys
sys.path[:] = [each for each in sys.path if each]
import marshal, os, runpy
from importlib.util import module_from_spec, spec_from_file_location
sys.path[:], own, known = marshal.loads(open(sys.argv[2] + {_PATHS!r}, "rb").read())
def compare(name, version):
    if version != known[name]:
        sys.stderr.write("%s %s and this process %s" % (name, version, known[name]))
        sys.exit({DIFFERS})
compare("Python", sys.implementation.cache_tag)
if os.path.isfile(own):
    spec = spec_from_file_location({_PACKAGE!r}, own)
    sys.modules[{_PACKAGE!r}] = package = module_from_spec(spec)
    spec.loader.exec_module(package)
from {_PACKAGE}._version import __version__
compare({_PACKAGE!r}, __version__)
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


@contextmanager
def scratch_folder(place: Path | None = None) -> Iterator[Path]:
    """Make a folder for one run, which is removed at the end; in ``place``, if that is given.

    Those that killed processes of this machine left there are removed.

    Raises
    ------
    TemporaryFolderError
    """
    # Where machines share the place, a lock may not be seen on the others.
    prefix = f"pytwolayer-run-{crc32(platform.node().encode()):08x}-"
    parent = Path(tempfile.gettempdir() if place is None else place)
    _remove_abandoned(parent, prefix)
    try:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    except OSError as problem:
        received = f'"{parent}": {problem.strerror}'
        raise TemporaryFolderError("to write to", received) from problem
    handle = _lock(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if handle is not None:
            os.close(handle)


def _remove_abandoned(parent: Path, prefix: str) -> None:
    """Remove folders that no process has locked; a new one may not be locked yet."""
    for folder in parent.glob(f"{prefix}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime < _YOUNG:
                continue
            handle = _lock(folder)
            if handle is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(handle)


def _lock(folder: Path) -> int | None:
    """Lock a folder for as long as the handle is open; None if that cannot be."""
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle

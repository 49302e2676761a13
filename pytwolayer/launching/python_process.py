"""How a process of Python is started from this one, which may be R."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pytwolayer.launching.job_file import BOOT
from pytwolayer.launching.loopback import INTERFACE

_OF_R = ("LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP")
# What workers warn of, the caller's filters decide about; and a status has to come out at the end.
_OF_CALLER = ("PYTHONWARNINGS", "PYTHONINSPECT")


def python_executable() -> str:
    """Return the path of Python, also where another program has it inside."""
    own = [sys.executable, getattr(sys, "_base_executable", None)]
    names = ("python.exe", "Scripts/python.exe") if os.name == "nt" else ("bin/python3",)
    others = [Path(prefix, name) for prefix in (sys.prefix, sys.base_prefix) for name in names]
    for path in [*(Path(each) for each in own if each), *others]:
        if "python" in path.name.lower() and path.is_file():
            return str(path)
    return own[0] or "python3"


def python_arguments(module: str, job_file: str) -> Sequence[str]:
    """Return the arguments with which Python runs a module that finds the caller's modules."""
    return ["-u", "-c", BOOT, module, job_file]


def process_environment() -> dict[str, str]:
    """Return the environment of processes that compute with one thread each.

    R and reticulate set paths of their own, with which the wrong libraries would be loaded.
    """
    kept = {name: value for name, value in os.environ.items() if name not in _OF_CALLER}
    if "R_HOME" in kept:
        kept = {name: value for name, value in kept.items() if name not in _OF_R}
    kept |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    # Else gloo looks up the machine's own name, which may have no address, or takes a network that
    # was meant for several machines.
    return kept | {"GLOO_SOCKET_IFNAME": INTERFACE}

"""What a Python is: run by R in a process of its own before Python is started in R.

Prints one fact a line, a name and a value with a tab between. It runs in every Python from 2.6
on, since it is to find out that one is too old, and looks for packages without importing them.
"""

import os
import sys


def tell(name, value):
    # type: (str, object) -> None
    """Write one fact."""
    sys.stdout.write("fact\t" + name + "\t" + str(value) + "\n")


tell("version", ".".join(str(part) for part in sys.version_info[:3]))
if sys.version_info >= (3, 4):
    import sysconfig
    from importlib.util import find_spec

    NAME = "libpython" + ".".join(str(part) for part in sys.version_info[:2])
    FOLDERS = [sysconfig.get_config_var(name) or "" for name in ("LIBPL", "LIBDIR")]
    FOLDERS += [sys.prefix, sys.exec_prefix, sys.base_exec_prefix]
    FOLDERS += [os.path.join(folder, "lib") for folder in FOLDERS]
    FILES = [
        file
        for folder in FOLDERS
        if os.path.isdir(folder)
        for file in os.listdir(folder)
        if file.startswith(NAME) and file.endswith((".so", ".dylib"))
    ]
    tell("shared", "yes" if FILES or os.name == "nt" else "no")
    tell("bits", 64 if sys.maxsize > 2**32 else 32)
    tell("threads", "free" if sysconfig.get_config_var("Py_GIL_DISABLED") else "usual")
    for module in ("pip", "ensurepip", "torch", "numpy", "pandas", "safetensors"):
        try:
            spec = find_spec(module)
        except (ImportError, ValueError):
            spec = None
        tell(module, "no" if spec is None or spec.origin is None else "yes")

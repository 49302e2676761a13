"""Why an import fails: a file of the user shadows a module, or a package is incomplete.

This module imports only modules that no such file can shadow, since it must work where others are
shadowed; ``os`` is loaded before the user's folders are searched.
"""

import os
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec

# The packages that the core needs, and the folders with their compiled libraries.
_BUILT = {"torch": [""], "numpy": ["_core", "core"], "pandas": ["_libs"], "safetensors": [""]}
# Modules that the core needs, by the packages that pip calls them.
_PACKAGES = {name: name for name in (*_BUILT, "tqdm")} | {"sklearn": "scikit-learn"}
_LIBRARY = ("site-packages", "dist-packages", "lib-dynload")
_MOST = 5  # largest number of files that are reported


def causes(message: str = "") -> list[str]:
    """Find out why modules cannot be imported here.

    Parameters
    ----------
    message : str
        The error's message and the files of its traceback; files named there are reported first.

    Returns
    -------
    list of str
        A sentence with the remedy for each cause; empty if none is found.
    """
    foreign = [_of_another_python(folder) for folder in sys.path if _version_of(folder)]
    return foreign or _shadowing_files(message) or [*_incomplete_packages()]


def explain_import_error(problem: BaseException) -> ImportError | None:
    """Make the error that says why an import failed; None if no cause is found."""
    places, step = [], problem.__traceback__
    while step is not None:
        places.append(step.tb_frame.f_code.co_filename)
        step = step.tb_next
    found = causes(" ".join([str(problem), *places]))
    if not found:
        found = _absent_package(problem)
    if not found:
        return None
    kind = "" if isinstance(problem, ImportError) else f"{type(problem).__name__}: "
    return ImportError("\n".join([f"{kind}{problem}", *found]))


def _absent_package(problem: BaseException) -> list[str]:
    name = problem.name if isinstance(problem, ModuleNotFoundError) else None
    package = _PACKAGES.get(name or "")
    command = f"{sys.executable} -m pip install {package}"
    return [f"It is not installed in this Python: {command}"] if package else []


def shadowed_package() -> tuple[str, str] | None:
    """Find a needed package that a single file shadows; return its name and the file."""
    for name in _BUILT:
        try:
            spec = find_spec(name)
        except (ImportError, ValueError):
            continue
        if spec is not None and os.path.basename(spec.origin or "") == f"{name}.py":
            return name, str(spec.origin)
    return None


def _shadowing_files(message: str) -> list[str]:
    found = [(name, file) for name, file in _user_modules() if _is_another(name)]
    loaded = [(name, file) for name, file in found if name in sys.modules or file in message]
    return [_describe_shadowing(name, file) for name, file in (loaded or found)[:_MOST]]


def _describe_shadowing(name: str, file: str) -> str:
    owner = "Python's own module" if name in sys.stdlib_module_names else "the module"
    folder = os.path.dirname(file)
    elsewhere = (
        "work in another folder"
        if folder == _absolute("")
        else f"take {folder} out of Python's path (PYTHONPATH)"
    )
    return f"{file} is taken for {owner} `{name}`: rename it, or {elsewhere}."


def _user_modules() -> list[tuple[str, str]]:
    """Modules in folders of the user, by name, unless another of that name is loaded."""
    found: dict[str, str] = {}
    for folder in dict.fromkeys(_absolute(entry) for entry in sys.path):
        if _is_library(folder) or not os.path.isdir(folder):
            continue
        for file in sorted(os.listdir(folder)):
            name, path = file.partition(".")[0], os.path.join(folder, file)
            if _is_module(path) and _not_loaded_from_elsewhere(name, path):
                found.setdefault(name, path)
    return list(found.items())


def _absolute(entry: str) -> str:
    return os.path.abspath(entry or os.curdir)


def _is_library(folder: str) -> bool:
    own = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
    # Inside R the standard library can be on the path twice, so it is recognised by its files.
    standard = all(os.path.exists(os.path.join(folder, file)) for file in ("os.py", "site.py"))
    return standard or folder == own or os.path.basename(folder) in _LIBRARY


def _is_module(path: str) -> bool:
    return path.endswith((".py", *EXTENSION_SUFFIXES)) or os.path.exists(
        os.path.join(path, "__init__.py")
    )


def _not_loaded_from_elsewhere(name: str, path: str) -> bool:
    file = getattr(sys.modules.get(name), "__file__", None)
    if name not in sys.modules:
        return True
    return file is not None and _absolute(file).startswith(path)


def _is_another(name: str) -> bool:
    if name in sys.builtin_module_names or name == "pytwolayer":
        return False
    if name in sys.stdlib_module_names or name in _BUILT:
        return True
    return any(
        os.path.exists(os.path.join(folder, name + ending))
        for folder in sys.path
        if _is_library(_absolute(folder))
        for ending in (".py", os.sep)
    )


def _version_of(folder: str) -> str | None:
    """Version of the Python whose packages a folder holds, if it is another one than this."""
    parts = folder.replace("\\", "/").split("/")
    version = next((part[6:] for part in parts[::-1] if part.startswith("python3.")), None)
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    is_library = parts[-1] in _LIBRARY or parts[-1].startswith("python3.")
    return version if is_library and version != here else None


def _of_another_python(folder: str) -> str:
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return (
        f"{folder} holds the packages of Python {_version_of(folder)} and is on the path of this "
        f"Python {here}: take it out of PYTHONPATH."
    )


def _incomplete_packages() -> list[str]:
    found = []
    for name, inside in _BUILT.items():
        folder = next((path for path in _places(name) if os.path.isdir(path)), None)
        if folder is None:
            continue
        if not os.path.exists(os.path.join(folder, "__init__.py")):
            found.append(f"`{name}` is only half installed ({folder}).")
            continue
        problem = _built_for_another([os.path.join(folder, part) for part in inside])
        if problem is not None:
            found.append(f"`{name}` in {folder} {problem}.")
    return found


def _places(name: str) -> list[str]:
    return [os.path.join(_absolute(folder), name) for folder in sys.path]


def _built_for_another(folders: list[str]) -> str | None:
    files = [file for part in folders if os.path.isdir(part) for file in sorted(os.listdir(part))]
    built = [file for file in files if file.endswith((".so", ".pyd"))]
    if any(file.endswith(tuple(EXTENSION_SUFFIXES[:-1])) for file in built):
        return None
    if built:
        return f"is built for another Python or another kind of machine ({built[0]})"
    return "lacks its compiled libraries"

"""What is installed, what is in use, and for each problem the command that mends it."""

import os
import platform
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import pytwolayer
from pytwolayer.r_interop.r_process import DATA, RError, RMissingError, rscript, run_r
from pytwolayer.runtime.import_faults import explain_import_error

_NEEDED = ("torch", "numpy", "pandas", "safetensors")
_OPTIONAL = {
    "matplotlib": "plots from Python",
    "itables": "HTML tables",
    "pyarrow": "Parquet files and Arrow data",
    "onnx": "ONNX files",
    "rpy2": "R inside Python",
}
_OLDEST_RETICULATE = (1, 28)
_RETICULATE_FOR_NUMPY_2 = (1, 38)
_ONLY_FOR_R = "only needed for use from R"
_QUICK_BLAS = "openblas", "mkl", "blis", "atlas", "flexiblas", "armpl"


@dataclass(frozen=True)
class Finding:
    """One line of the page.

    Attributes
    ----------
    topic, value : str
        What was looked at, and what was found.
    mend : str or None
        The command that mends it, if it is a problem.
    note : str or None
        What is worth knowing of it, if it is none.
    """

    topic: str
    value: str
    mend: str | None = None
    note: str | None = None


def doctor() -> tuple[str, bool]:
    """Examine this Python and the R beside it.

    Returns
    -------
    page : str
    healthy : bool
        Whether no problem was found.
    """
    facts = _facts_of_r()
    python = python_findings(for_r=has_r_package(facts))
    return page({"Python": python, "torch": torch_findings(), "R": r_findings(facts)})


def page(sections: Mapping[str, list[Finding]]) -> tuple[str, bool]:
    """Lay findings out as a page, with notes and problems repeated at its end."""
    lines = []
    for title, findings in sections.items():
        lines += [title, *(f"  {finding.topic:<16}{finding.value}" for finding in findings), ""]
    everything = [finding for findings in sections.values() for finding in findings]
    notes = [f"  {finding.topic}: {finding.note}" for finding in everything if finding.note]
    if notes:
        lines += ["Notes", *notes, ""]
    problems = [finding for finding in everything if finding.mend]
    if problems:
        lines += ["Problems"]
        lines += [f"  {finding.topic}: {finding.value}\n    {finding.mend}" for finding in problems]
    else:
        lines += ["No problem found."]
    return "\n".join(lines), not problems


def python_findings(*, for_r: bool = True) -> list[Finding]:
    """Look at this Python and the packages in it; ``for_r``: whether R is to use it."""
    return [
        Finding("pytwolayer", f"{pytwolayer.__version__} ({Path(pytwolayer.__file__).parent})"),
        Finding("Python", f"{platform.python_version()} ({sys.executable})"),
        _shared_library(for_r=for_r),
        *(_needed(name) for name in _NEEDED),
        *(_optional(name, use) for name, use in _OPTIONAL.items()),
    ]


def _shared_library(*, for_r: bool) -> Finding:
    if _has_shared_library():
        return Finding("shared library", "yes, R can load this Python")
    if not for_r:
        return Finding("shared library", "none (only needed for R)")
    return Finding(
        "shared library",
        "no: R cannot load this Python",
        "use a Python that has one: Debian's and Ubuntu's own python3, or a build made with "
        "./configure --enable-shared",
    )


def _has_shared_library() -> bool:
    if sysconfig.get_config_var("Py_ENABLE_SHARED") or sys.platform in {"win32", "darwin"}:
        return True
    # Conda's says that it has none, and has it.
    name = f"libpython{sys.version_info[0]}.{sys.version_info[1]}.so"
    folder = sysconfig.get_config_var("LIBDIR")
    return bool(folder) and any(Path(folder).glob(f"{name}*"))


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _needed(package: str) -> Finding:
    spec = find_spec(package)
    if spec is not None and Path(spec.origin or "").name == f"{package}.py":
        return Finding(package, f"{spec.origin} is taken for it", "rename it, or work elsewhere")
    if spec is not None and spec.origin is not None:  # it need not have been installed by pip
        found = (_build_of_torch() if package == "torch" else None) or _version(package)
        return Finding(package, found or "installed, but its version cannot be determined")
    return Finding(package, "not installed", f"{sys.executable} -m pip install {package}")


def _build_of_torch() -> str | None:
    # What is installed as 2.13.0 may be the build 2.13.0+cu130; of one that does not load,
    # torch_findings() says why.
    try:
        from pytwolayer.runtime.torch_loading import torch
    except Exception:  # noqa: BLE001 - see above
        return None
    return str(torch.__version__) if hasattr(torch, "__version__") else None


def _optional(package: str, use: str) -> Finding:
    return Finding(package, _version(package) or f"not installed (only needed for {use})")


def torch_findings() -> list[Finding]:
    """Look at how torch works in this very process."""
    try:
        from pytwolayer.runtime.torch_loading import torch
    except Exception as problem:  # noqa: BLE001 - each one is a finding
        explained = explain_import_error(problem)
        again = "" if isinstance(problem, ModuleNotFoundError) else "--force-reinstall "
        mend = f"{sys.executable} -m pip install {again}torch"
        if explained is not None and not isinstance(problem, ModuleNotFoundError):
            mend = str(explained).partition("\n")[2]
        return [Finding("loading", f"{type(problem).__name__}: {problem}", mend)]
    if not hasattr(torch, "version"):  # such as a torch.py in the working folder
        value = f"{torch.__file__ or list(torch.__path__)} is not PyTorch"
        return [Finding("loading", value, "give that file another name, or work in another folder")]
    build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU only"
    threads = f"{torch.get_num_threads()} of {os.cpu_count()} processors"
    return [
        Finding("build", f"{build} ({Path(torch.__file__).parent})"),
        Finding("devices", ", ".join(pytwolayer.available_devices())),
        Finding("threads", threads),
        blas_finding(),
        neighbour_finding(Path(torch.__file__).parent),
    ]


def neighbour_finding(torch_folder: Path) -> Finding:
    """Look for libraries in this process that get in torch's way."""
    from pytwolayer.runtime.neighbour_libraries import harmful_neighbour

    found = harmful_neighbour(torch_folder)
    return Finding("beside it", *(found or ("no other PyTorch, and no OpenMP that clashes",)))


def blas_finding() -> Finding:
    """Look at the BLAS that torch uses in this process."""
    from pytwolayer.runtime.blas import FOREIGN, LINKED, torch_blas
    from pytwolayer.runtime.torch_loading import how_to_fix

    blas = torch_blas()
    if blas.kind == FOREIGN:
        return Finding(
            "BLAS in use",
            f"not torch's own but {blas.path}: slow, and with other last digits",
            how_to_fix(),
        )
    if blas.kind == LINKED:
        value = f"this PyTorch is linked to the system's BLAS ({blas.path})"
        return Finding("BLAS in use", value, note=_of_linked_blas(str(blas.path)))
    return Finding("BLAS in use", f"torch's own ({blas.path or 'cannot be determined here'})")


def _of_linked_blas(path: str) -> str:
    """Say what a BLAS that torch was linked to means, and what there is besides."""
    lines = [
        "its speed and last digits are that library's, in Python and in R alike, so that a few",
        "of the chapter's losses can differ from the printed table in their last digit.",
    ]
    resolved = str(Path(path).resolve()).lower()
    if sys.platform.startswith("linux") and not any(name in resolved for name in _QUICK_BLAS):
        choice = f"libblas.so.3-{sysconfig.get_config_var('MULTIARCH') or platform.machine()}"
        lines += [
            "This one is slow. A fast one (Debian, Ubuntu): apt-get install libopenblas0",
            f"Which one is used: update-alternatives --config {choice}",
        ]
    lines.append(
        "A PyTorch with a BLAS of its own: "
        "python3 -m venv FOLDER && FOLDER/bin/python -m pip install torch"
    )
    return "\n    ".join(lines)


def _facts_of_r() -> dict[str, str] | RError:
    try:
        printed = run_r(DATA / "torch_in_r.R", str(DATA))
    except RError as problem:
        return problem
    lines = [line.split("\t") for line in printed.splitlines() if line.startswith("fact\t")]
    return {name: value for _, name, value in lines} | {"path": rscript()}


def has_r_package(facts: Mapping[str, str] | RError) -> bool:
    """Tell whether somebody uses R here: of an R that does not answer, it is taken so."""
    if isinstance(facts, RError):
        return not isinstance(facts, RMissingError)
    return bool(facts["package"])


def r_findings(facts: Mapping[str, str] | RError) -> list[Finding]:
    """Judge what an R session says of itself (``data/facts.R``).

    Without R, or without the R package in it, nothing of R is amiss: Python needs neither.
    """
    if isinstance(facts, RMissingError):
        return [Finding("R", f"not installed ({_ONLY_FOR_R})")]
    if isinstance(facts, RError):
        return [Finding("R", str(facts), "Rscript -e 'sessionInfo()'  shows what R itself says")]
    findings = [
        Finding("R", f"{facts['r']} ({facts.get('path', facts['home'])})"),
        _reticulate(facts["reticulate"], wanted=has_r_package(facts)),
        _r_package(facts["package"]),
        Finding("R's BLAS", facts["blas"] or "R's own"),
    ]
    numpy = _numpy_in_r(facts["reticulate"]) if has_r_package(facts) else None
    if numpy is not None:
        findings.append(numpy)
    if "torch_blas" in facts:
        findings.append(_blas_in_r(facts["torch_blas"]))
    return findings


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def _reticulate(found: str, *, wanted: bool) -> Finding:
    mend = """Rscript -e 'install.packages("reticulate")'"""
    if not wanted:
        return Finding("reticulate", found or f"not installed ({_ONLY_FOR_R})")
    if not found:
        return Finding("reticulate", "not installed", mend)
    if _numbers(found) < _OLDEST_RETICULATE:
        return Finding("reticulate", f"{found} is too old", mend)
    return Finding("reticulate", found)


def _numpy_in_r(reticulate: str) -> Finding | None:
    """Judge arrays in the user's own code; this package hands over none."""
    numpy = _version("numpy") or "0"
    if not reticulate or _numbers(reticulate) >= _RETICULATE_FOR_NUMPY_2 or _numbers(numpy) < (2,):
        return None
    return Finding(
        "NumPy in R",
        f"reticulate {reticulate} cannot convert arrays of NumPy {numpy}, as in Python chunks",
        f'{sys.executable} -m pip install "numpy<2"  '
        """(or Rscript -e 'install.packages("reticulate")')""",
    )


def _r_package(found: str) -> Finding:
    root = Path(pytwolayer.__file__).parent.parent
    source = str(root) if (root / "DESCRIPTION").exists() else "<folder of the source package>"
    mend = f"R CMD INSTALL {source}"
    if not found:
        return Finding("R package", f"not installed ({_ONLY_FOR_R}: {mend})")
    if found != pytwolayer.__version__:
        value = f"{found}, but the Python core is {pytwolayer.__version__}"
        return Finding("R package", value, f"{mend}  (the same version of both)")
    return Finding("R package", found)


def _blas_in_r(answer: str) -> Finding:
    if answer.startswith("own"):
        return Finding("torch in R", f"uses its own BLAS ({answer.removeprefix('own ')})")
    if answer.startswith("linked"):
        value = f"uses the system's BLAS, which it is linked to ({answer.removeprefix('linked ')})"
        return Finding("torch in R", value)
    if answer.startswith("foreign"):
        value = f"uses {answer.removeprefix('foreign ')}: slow, and with other last digits"
        return Finding("torch in R", value, "call library(pytwolayer) before Python is first used")
    return Finding("torch in R", answer, "see what `pytwolayer_doctor()` says in R")

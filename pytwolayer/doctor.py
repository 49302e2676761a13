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
from pytwolayer.r_process import DATA, RError, RMissingError, rscript, run_r

_NEEDED = ("torch", "numpy", "pandas", "safetensors")
_OPTIONAL = {
    "matplotlib": "plots from Python",
    "itables": "HTML tables",
    "rpy2": "R inside Python",
}
_OLDEST_RETICULATE = (1, 28)


@dataclass(frozen=True)
class Finding:
    """One line of the page.

    Attributes
    ----------
    topic, value : str
        What was looked at, and what was found.
    mend : str or None
        The command that mends it, if it is a problem.
    """

    topic: str
    value: str
    mend: str | None = None


def doctor() -> tuple[str, bool]:
    """Examine this Python and the R beside it.

    Returns
    -------
    page : str
    healthy : bool
        Whether no problem was found.
    """
    python = python_findings()
    return page({"Python": python, "torch": torch_findings(), "R": r_findings(_facts_of_r())})


def page(sections: Mapping[str, list[Finding]]) -> tuple[str, bool]:
    """Lay findings out as a page, with their problems counted at its end."""
    lines = []
    for title, findings in sections.items():
        lines += [title, *(f"  {finding.topic:<16}{finding.value}" for finding in findings), ""]
    problems = [finding for findings in sections.values() for finding in findings if finding.mend]
    if problems:
        lines += ["Problems"]
        lines += [f"  {finding.topic}: {finding.value}\n    {finding.mend}" for finding in problems]
    else:
        lines += ["No problem found."]
    return "\n".join(lines), not problems


def python_findings() -> list[Finding]:
    """Look at this Python and the packages in it."""
    return [
        Finding("pytwolayer", f"{pytwolayer.__version__} ({Path(pytwolayer.__file__).parent})"),
        Finding("Python", f"{platform.python_version()} ({sys.executable})"),
        _shared_library(),
        *(_needed(name) for name in _NEEDED),
        *(_optional(name, use) for name, use in _OPTIONAL.items()),
    ]


def _shared_library() -> Finding:
    if sysconfig.get_config_var("Py_ENABLE_SHARED") or sys.platform in {"win32", "darwin"}:
        return Finding("shared library", "yes, R can load this Python")
    return Finding(
        "shared library",
        "no: R cannot load this Python",
        "use a Python that has one: Debian's and Ubuntu's own python3, or a build made with "
        "./configure --enable-shared",
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _needed(package: str) -> Finding:
    found = _version(package)
    if found is not None and find_spec(package) is not None:
        return Finding(package, (_build_of_torch() if package == "torch" else None) or found)
    return Finding(package, "not installed", f"{sys.executable} -m pip install {package}")


def _build_of_torch() -> str | None:
    # What is installed as 2.13.0 may be the build 2.13.0+cu130; of one that does not load,
    # torch_findings() says why.
    try:
        from pytwolayer.torch_loading import torch
    except (ImportError, OSError):
        return None
    return str(torch.__version__)


def _optional(package: str, use: str) -> Finding:
    return Finding(package, _version(package) or f"not installed (only needed for {use})")


def torch_findings() -> list[Finding]:
    """Look at how torch works in this very process."""
    try:
        from pytwolayer.torch_loading import torch
    except (ImportError, OSError) as problem:
        return [Finding("loading", str(problem), f"{sys.executable} -m pip install torch")]
    build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU only"
    threads = f"{torch.get_num_threads()} of {os.cpu_count()} processors"
    return [
        Finding("build", f"{build} ({Path(torch.__file__).parent})"),
        Finding("devices", ", ".join(pytwolayer.available_devices())),
        Finding("threads", threads),
        blas_finding(),
    ]


def blas_finding() -> Finding:
    """Look at the BLAS that torch uses in this process."""
    from pytwolayer.blas import blas_in_use, foreign_blas
    from pytwolayer.torch_loading import way_out

    foreign = foreign_blas()
    if foreign is not None:
        return Finding(
            "BLAS in use", f"not torch's own but {foreign}: slow, other digits", way_out()
        )
    return Finding("BLAS in use", f"torch's own ({blas_in_use() or 'cannot be told here'})")


def _facts_of_r() -> dict[str, str] | RError:
    try:
        printed = run_r(DATA / "torch_in_r.R", str(DATA))
    except RError as problem:
        return problem
    lines = [line.split("\t") for line in printed.splitlines() if line.startswith("fact\t")]
    return {name: value for _, name, value in lines} | {"path": rscript()}


def r_findings(facts: Mapping[str, str] | RError) -> list[Finding]:
    """Judge what an R session says of itself (``data/facts.R``)."""
    if isinstance(facts, RMissingError):
        return [Finding("R", str(facts), "apt-get install r-base-core  (Debian, Ubuntu)")]
    if isinstance(facts, RError):
        return [Finding("R", str(facts), "Rscript -e 'sessionInfo()'  shows what R itself says")]
    findings = [
        Finding("R", f"{facts['r']} ({facts.get('path', facts['home'])})"),
        _reticulate(facts["reticulate"]),
        _r_package(facts["package"]),
        Finding("R's BLAS", facts["blas"] or "R's own"),
    ]
    if "torch_blas" in facts:
        findings.append(_blas_in_r(facts["torch_blas"]))
    return findings


def _reticulate(found: str) -> Finding:
    mend = """Rscript -e 'install.packages("reticulate")'"""
    if not found:
        return Finding("reticulate", "not installed", mend)
    if tuple(int(part) for part in found.split(".")[:2]) < _OLDEST_RETICULATE:
        return Finding("reticulate", f"{found} is too old", mend)
    return Finding("reticulate", found)


def _r_package(found: str) -> Finding:
    root = Path(pytwolayer.__file__).parent.parent
    source = str(root) if (root / "DESCRIPTION").exists() else "<folder of the source package>"
    mend = f"R CMD INSTALL {source}"
    if not found:
        return Finding("R package", "not installed", mend)
    if found != pytwolayer.__version__:
        value = f"{found}, but the Python core is {pytwolayer.__version__}"
        return Finding("R package", value, f"{mend}  (the same version of both)")
    return Finding("R package", found)


def _blas_in_r(answer: str) -> Finding:
    if answer.startswith("own"):
        return Finding("torch in R", f"uses its own BLAS ({answer.removeprefix('own ')})")
    if answer.startswith("foreign"):
        value = f"uses {answer.removeprefix('foreign ')}: slow, other digits"
        return Finding("torch in R", value, "call library(pytwolayer) before Python is first used")
    return Finding("torch in R", answer, "see what `pytwolayer_doctor()` says in R")

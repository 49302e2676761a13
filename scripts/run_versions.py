"""Run a core of the tests with given versions, and record the row in docs/versions.md.

``python scripts/run_versions.py PYTHON`` runs them with that Python, which needs what the package
needs, pytest and hypothesis, and with the R and the libraries that the environment variables
RSCRIPT and R_LIBS name; the R package has to be installed there. ``--no-r`` runs Python's alone,
``--no-python`` R's alone. A row of the same versions is replaced. The tests take some minutes.
"""

import argparse
import datetime
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "versions.md"
PYTHON_TESTS = (
    "test_chapter.py",
    "test_checks.py",
    "network/test_gradient.py",
    "optim",
    "preprocessing/test_encoder.py",
    "preprocessing/test_column.py",
    "training/test_trainer.py",
    "models/test_two_layer.py",
    "models/test_model_file.py",
    "checkpoints/test_checkpoint_file.py",
)
R_TESTS = ("chapter", "predict-two-layer", "file-save-load", "tensor-ops", "tensor-index")
MODULES = ("torch", "numpy", "pandas", "sklearn", "safetensors")
BEGIN, END = "<!-- rows of scripts/run_versions.py -->\n", "<!-- end of rows -->\n"
HEAD = (
    "| R | reticulate | Python | PyTorch | NumPy | pandas | scikit-learn | Python tests | R tests "
    "| day |\n|---|---|---|---|---|---|---|---|---|---|\n"
)
KEY = 7  # so many cells at the beginning are versions


def output(command: list[str], **more: str) -> str:
    """Run a command and return what it prints."""
    environment = os.environ | more
    return subprocess.run(
        command, check=True, text=True, capture_output=True, env=environment
    ).stdout


def python_versions(python: str) -> list[str]:
    """Return the versions of Python and of what the core needs."""
    code = (
        "import json, platform, importlib\n"
        f"found = [importlib.import_module(name).__version__ for name in {MODULES}]\n"
        "print(json.dumps([platform.python_version(), *found]))"
    )
    return [str(version) for version in json.loads(output([python, "-c", code]).splitlines()[-1])]


def r_versions(rscript: str) -> list[str]:
    """Return the versions of R and of reticulate."""
    code = 'cat(format(getRversion()), format(packageVersion("reticulate")))'
    return output([rscript, "-e", code]).split()


def run_python_tests(python: str) -> tuple[int, int]:
    """Run the core of Python's tests; return how many passed and failed."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "junit.xml"
        tests = [str(ROOT / "tests" / "python" / name) for name in PYTHON_TESTS]
        options = ["-q", "-p", "no:cacheprovider", f"--junitxml={found}"]
        command = [python, "-m", "pytest", *tests, *options]
        subprocess.run(command, check=False, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
        counted = output([sys.executable, str(ROOT / "scripts" / "count_junit.py"), str(found)])
    passed, failed = map(int, counted.split())
    return passed, failed


def run_r_tests(rscript: str, python: str) -> tuple[int, int]:
    """Run the core of R's tests; return how many passed and failed."""
    code = f"""
      files <- sprintf("tests/testthat/test-%s.R", strsplit("{" ".join(R_TESTS)}", " ")[[1]])
      counts <- vapply(files, function(file) {{
        found <- as.data.frame(testthat::test_file(
          file, package = "pytwolayer", load_package = "installed", stop_on_failure = FALSE
        ))
        bad <- sum(found$failed > 0 | found$error)
        c(nrow(found) - bad - sum(found$skipped), bad, sum(found$skipped))
      }}, c(0, 0, 0))
      cat("\\ncounts", rowSums(counts), "\\n")
    """
    environment = os.environ | {"RETICULATE_PYTHON": python}
    command = [rscript, "-e", code]
    done = subprocess.run(
        command, check=False, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE
    )
    print(done.stdout)
    found = re.search(r"^counts (\d+) (\d+) (\d+)", done.stdout, re.MULTILINE)
    if found is None:
        raise SystemExit("R ended before its tests did.")
    passed, failed, skipped = map(int, found.groups())
    if skipped > passed:  # nearly all need a Python that R can use, with its shared library
        raise SystemExit(f"{skipped} of R's tests were skipped: can R use {python}?")
    return passed, failed


def told(counts: tuple[int, int] | None) -> str:
    """Put counts of passed and failed tests in words."""
    return "not run" if counts is None else f"{counts[0]:,} passed, {counts[1]:,} failed"


def with_row(page: str, row: list[str]) -> str:
    """Return the page with a row, in place of one of the same versions."""
    before, rest = page.split(BEGIN)
    table, after = rest.split(END)
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    kept = [each for each in rows[1:] if each[:KEY] != row[:KEY]]
    lines = ["| " + " | ".join(each) + " |\n" for each in sorted([*kept, row])]
    return before + BEGIN + HEAD + "".join(lines) + END + after


def main() -> int:
    """Run the tests and record them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("python")
    parser.add_argument("--no-r", action="store_true")
    parser.add_argument("--no-python", action="store_true")
    given = parser.parse_args()
    rscript = os.environ.get("RSCRIPT", "Rscript")
    python, *modules = python_versions(given.python)
    r = ["none", "none"] if given.no_r else r_versions(rscript)
    in_python = None if given.no_python else run_python_tests(given.python)
    in_r = None if given.no_r else run_r_tests(rscript, given.python)
    day = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    row = [*r, python, *modules[: KEY - 3], told(in_python), told(in_r), day]
    PAGE.write_text(with_row(PAGE.read_text(encoding="utf-8"), row), encoding="utf-8")
    print(" | ".join(row))
    return int(any(counts is not None and counts[1] for counts in (in_python, in_r)))


if __name__ == "__main__":
    sys.exit(main())

"""Other packages in the same process, before and after; thread counts; and how it all ends."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

from conftest import HANGS, HERE, ROOT, STOCK, skip_without_rpy2
from pytwolayer.r_interop.r_process import r_environment, rscript

R_PACKAGES = ["data.table", "ggplot2", "Matrix", "MASS", "recipes", "tibble", "dplyr"]
PYTHON_MODULES = ["numpy", "scipy", "pandas", "sklearn", "matplotlib", "pyarrow"]


def run(command, **environment):
    """Run a process that must end well, and say nothing on stderr."""
    done = subprocess.run(
        [str(part) for part in command],
        env=r_environment(
            **{"OMP_WAIT_POLICY": "PASSIVE", "PYTHONPATH": str(ROOT), "TZ": "UTC"} | environment
        ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    return [line.rstrip() for line in done.stdout.splitlines()]


# R


@pytest.fixture(scope="module", params=["reticulate", "system's reticulate"])
def library(request):
    if request.param == "reticulate":
        return ROOT / ".rlib"
    if not STOCK.is_dir():
        pytest.skip(".rlib-stock is not there: `make setup` makes it")
    return STOCK


@pytest.fixture(scope="module")
def r_packages(library):
    code = "cat(rownames(installed.packages()))"
    (line,) = run([rscript(), "-e", code], R_LIBS=str(library))
    there = [name for name in R_PACKAGES if name in line.split()]
    if not there:
        pytest.skip(f"none of {R_PACKAGES} is installed")
    return there


def neighbours(library, when, *packages, end="the last line", threads="2"):
    command = [rscript(), HERE / "neighbours.R", when, end, *packages]
    return run(command, R_LIBS=str(library), OMP_NUM_THREADS=threads)


def answers(lines, name):
    return [line for line in lines if line.startswith(name)]


def test_r_packages_change_no_digit_and_the_session_ends_well_by_every_way_out(library, r_packages):
    after = neighbours(library, "after", *r_packages, end="a finaliser, a tensor and an error")
    before = neighbours(library, "before", *r_packages, end="quit")
    for name in ("losses", "predictions"):
        alone = answers(after, name)[:1]  # of the fit before the packages are loaded
        assert len(alone) == 1
        assert answers(after, name) == alone * 2
        assert answers(before, name) == alone
    for lines, times in ((after, 2), (before, 1)):
        assert answers(lines, "threads") == ["threads 2"] * times
        assert answers(lines, "ended") == ["ended mine 1"]
        if "data.table" in r_packages:
            assert answers(lines, "data.table") == ["data.table TRUE"]
    assert (after[-1], before[-1]) == ("finalised", "ended mine 1")


def test_the_environments_number_of_threads_is_r_s_too(library):
    lines = neighbours(library, "alone", threads="1")
    assert answers(lines, "threads") == ["threads 1"]
    assert answers(lines, "ended") == ["ended mine 1"]


# Python

FIT = """
import numpy as np
from pytwolayer import two_layer
from pytwolayer.runtime.torch_loading import torch
x = np.random.default_rng(0).normal(size=(2000, 20))
def tell():
    fit = two_layer(x, 2 * x[:, 0], hidden_units=256, batch_size=None, epochs=3, seed=1)
    print(*[loss.hex() for loss in fit.history["loss"]], fit.predict(x).sum().item().hex())
    print("threads", torch.get_num_threads())
"""
USE = """
import numpy, scipy.linalg, pandas, sklearn.ensemble, sklearn.linear_model
z = numpy.random.default_rng(1).normal(size=(300, 30))
assert numpy.allclose(numpy.linalg.inv(z.T @ z) @ (z.T @ z), numpy.eye(30))
scipy.linalg.svd(z)
sklearn.linear_model.LinearRegression().fit(z, z[:, 0])
sklearn.ensemble.HistGradientBoostingRegressor(max_iter=3).fit(z, z[:, 0])  # OpenMP of its own
"""


def python(*parts, threads="2"):
    return run([sys.executable, "-c", "\n".join(parts)], OMP_NUM_THREADS=threads)


def test_python_modules_change_no_digit_and_the_process_ends_well():
    there = [name for name in PYTHON_MODULES if find_spec(name)]
    load = "import " + ", ".join(there)
    use = USE if {"numpy", "scipy", "pandas", "sklearn"} <= set(there) else ""
    before = python(load, use, FIT, "tell()")
    assert before[1] == "threads 2"
    assert python(FIT, "tell()", load, use, "tell()") == before * 2


def test_python_takes_the_environments_number_of_threads():
    assert python(FIT, "tell()", threads="1")[1] == "threads 1"


# Ends; the tests above end with their last line

ENDS = {
    "sys.exit": (
        "kept = [two_layer(x, 2 * x[:, 0], epochs=1)]; kept.append(kept); import sys; sys.exit(0)"
    ),
    "threads and atexit": (
        "import atexit, threading; atexit.register(tell); threading.Thread(target=tell).start()"
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_python_ends_well_by_every_way_out(end):
    lines = python(FIT, "tell()", ENDS[end])
    assert lines == lines[:2] * (len(lines) // 2)


def test_r_inside_python_ends_well(tmp_path):
    skip_without_rpy2()
    script = tmp_path / "script.R"
    script.write_text(
        "suppressPackageStartupMessages(library(pytwolayer))\n"
        "fit <- two_layer(mpg ~ ., mtcars, epochs = 2, seed = 1)\n"
        "stopifnot(nrow(predict(fit, mtcars)) == 32)\n"
    )
    run([sys.executable, "-m", "pytwolayer.r_interop.r_in_python", script], OMP_NUM_THREADS="2")


@pytest.mark.parametrize("end", ["", "import sys; sys.exit(0)"], ids=["the last line", "sys.exit"])
def test_a_script_that_uses_r_by_rpy2_ends_well_by_itself(end):
    skip_without_rpy2()
    code = (
        "import rpy2.robjects as ro\n"
        "ro.r('suppressPackageStartupMessages(library(pytwolayer))')\n"
        "fit = ro.r('two_layer(mpg ~ ., mtcars, epochs = 2, seed = 1)')\n"
        "ones = ro.r('x <- torch$ones(3L); x + 1')\n"
    )
    lines = python(FIT, "tell()", code, "tell()", end)
    assert lines == lines[:2] * 2

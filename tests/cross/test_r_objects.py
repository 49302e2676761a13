"""Fits of R's as R data: in files, in a fresh session, in workers and in forked children."""

import os
import signal
import subprocess
import sys

import pytest

from conftest import HANGS, HERE, ROOT, STOCK
from pytwolayer.r_interop.r_process import r_environment, rscript

LIBRARIES = [
    pytest.param(ROOT / ".rlib", id="reticulate"),
    pytest.param(
        STOCK,
        id="system's reticulate",
        marks=pytest.mark.skipif(not STOCK.is_dir(), reason="`make setup` makes .rlib-stock"),
    ),
]


def run(library, *arguments, **environment):
    """Run objects.R in a process group of its own, and end all of it where it hangs."""
    process = subprocess.Popen(
        [rscript(), str(HERE / "objects.R"), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=r_environment(
            **{"R_LIBS": str(library), "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
            | environment
        ),
        start_new_session=True,
    )
    try:
        printed, said = process.communicate(timeout=HANGS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        pytest.fail(f"hung: {process.communicate()}")
    assert process.returncode == 0, said
    return printed.split("\n")[:-1]


@pytest.fixture(scope="module", params=LIBRARIES)
def saved(request, tmp_path_factory):
    """Fits that one session has made and saved."""
    folder = tmp_path_factory.mktemp("fits")
    run(request.param, "make", folder)
    return request.param, folder


@pytest.fixture(scope="module")
def in_a_fresh_session(saved):
    library, folder = saved
    return run(library, "fresh", folder)


def test_a_fresh_session_gets_the_same_answers_from_saved_fits(in_a_fresh_session):
    assert in_a_fresh_session[3:] == ["readRDS same ", "load same ", "unserialize same "]


def test_printing_a_saved_fit_starts_no_python(in_a_fresh_session):
    assert in_a_fresh_session[:3] == ["print same ", "coef same ", "Python FALSE "]


def test_workers_of_a_cluster_get_the_same_answers(saved):
    library, folder = saved
    assert run(library, "workers", folder) == ["makeCluster same "]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_forked_workers_get_the_same_answers_after_torch_has_used_several_threads(saved):
    library, folder = saved
    works = ["mclapply", "tensors", "methods", "chapter"]
    assert run(library, "forked", folder, OMP_NUM_THREADS="2") == [
        "threads 2 ",
        *[f"{work} same " for work in works],
        "threads 2 ",
    ]

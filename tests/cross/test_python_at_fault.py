"""A Python that lacks torch, that is of another version, or that loaded torch the wrong way."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest
from forked_r import fork_r

from conftest import ROOT, skip_without_rpy2
from pytwolayer.cli.main import main
from pytwolayer.r_interop import verify
from pytwolayer.r_interop.r_process import RError, r_environment

SAY = """
cat(tryCatch({ CALL; "no error" }, error = function(cnd)
  paste(c(class(cnd)[1:2], conditionMessage(cnd)), collapse = "\n")))
"""


@pytest.fixture
def r_script():
    """Run lines of R in a process of their own and give what they printed."""

    def run(code: str, **environment: str) -> str:
        return fork_r(code, environment=r_environment(**{"OMP_NUM_THREADS": "1", **environment}))

    return run


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory) -> str:
    """A Python with nothing installed."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, symlinks=True)
    return str(folder / "bin" / "python")


@pytest.mark.parametrize(
    "call", ["chapter_losses()", "torch$ones(2L)", "two_layer(mtcars[-1], mtcars$mpg)"]
)
def test_a_python_without_torch_is_one_clear_error(r_script, bare_python, call):
    code = "library(pytwolayer)" + SAY.replace("CALL", call)
    printed = r_script(code, RETICULATE_PYTHON=bare_python)
    assert "pytwolayer_error_python" in printed
    assert f"({bare_python}) has no torch" in printed
    assert "install_pytwolayer()" in printed
    assert "Traceback" not in printed


def test_doctor_in_r_shows_a_page_even_then(r_script, bare_python):
    printed = r_script("library(pytwolayer); pytwolayer_doctor()", RETICULATE_PYTHON=bare_python)
    assert "R package       0.1.0" in printed
    assert "has no torch" in printed
    assert "install_pytwolayer()" in printed


@pytest.mark.parametrize("call", ["chapter_losses()", "torch$ones(2L)"])
def test_a_torch_that_cannot_be_loaded_is_one_clear_error_each_time(r_script, tmp_path, call):
    (tmp_path / "torch.py").write_text("raise OSError('libtorch_cpu.so: cannot open')")
    code = f"""
    library(pytwolayer)
    reticulate::py_run_string("import sys; sys.path.insert(0, '{tmp_path}')")
    invisible(try({call}, silent = TRUE))
    """
    printed = r_script(code + SAY.replace("CALL", call))
    assert "pytwolayer_error_python" in printed
    assert "torch could not be loaded" in printed
    assert "cannot open" in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize("call", ["chapter_losses()", "torch$ones(2L)"])
def test_halves_of_different_versions_say_so(r_script, call):
    other = """
    library(pytwolayer)
    reticulate::py_run_string("
import sys, types
core = types.ModuleType('pytwolayer')
core.__version__, core.__file__ = '9.9.9', '/elsewhere/pytwolayer/__init__.py'
sys.modules['pytwolayer'] = core")
    """
    printed = r_script(other + SAY.replace("CALL", call))
    assert "pytwolayer_error_version" in printed
    assert "R package is 0.1.0; the Python session holds core 9.9.9" in printed
    assert "/elsewhere/pytwolayer" in printed


TENSOR_FIRST = """
too_early <- reticulate::import("torch")
suppressPackageStartupMessages(library(pytwolayer))
warned <- list()
withCallingHandlers({
  x <- torch$ones(3L) * 2
  invisible(pytwolayer::chapter_losses(2))
}, pytwolayer_warning = function(cnd) {
  warned <<- c(warned, list(cnd))
  invokeRestart("muffleWarning")
})
cat(pytwolayer:::torch_blas()[[1]], length(warned), sep = "\n")
"""


def test_it_is_told_as_well_where_tensors_come_first(r_script):
    blas, warnings = r_script(TENSOR_FIRST).split()
    if blas == "own":
        pytest.skip("R's BLAS does not take torch's place on this machine")
    assert warnings == "1"


TORCH_FIRST = """
too_early <- reticulate::import("torch")
suppressPackageStartupMessages(library(pytwolayer))
warned <- character()
for (i in 1:2) {
  losses <- withCallingHandlers(pytwolayer::chapter_losses(2), warning = function(cnd) {
    warned <<- c(warned, conditionMessage(cnd))
    invokeRestart("muffleWarning")
  })
}
cat(nrow(losses), pytwolayer:::torch_blas()[[1]], length(warned), warned, sep = "\n")
cat("\n")
healthy <- pytwolayer_doctor()
cat("healthy", healthy)
"""


def test_torch_loaded_the_wrong_way_is_told_once_with_the_way_out(r_script):
    rows, blas, warnings, *rest = r_script(TORCH_FIRST).splitlines()
    assert rows == "2"
    if blas == "own":
        pytest.skip("R's BLAS does not take torch's place on this machine")
    assert warnings == "1"
    assert "instead of its own BLAS" in rest[0]
    assert "library(pytwolayer)" in rest[0]
    assert rest[-1] == "healthy FALSE"


def test_the_users_own_import_of_torch_keeps_its_blas(r_script):
    code = """
    library(pytwolayer)
    torch <- reticulate::import("torch")
    cat(pytwolayer:::torch_blas()[[1]])
    """
    assert r_script(code) == "own"


def test_python_started_before_the_package_keeps_torchs_blas(r_script):
    code = """
    invisible(reticulate::py_config())
    invisible(reticulate::import("numpy"))
    library(pytwolayer)
    torch <- reticulate::import("torch")
    cat(pytwolayer:::torch_blas()[[1]])
    """
    assert r_script(code) == "own"


def test_a_script_that_fails_is_an_error_with_what_r_said(r_script):
    with pytest.raises(RError, match="that was that"):
        r_script("stop('that was that')")


ROUTES = ["Python ", "Python, the chapter's loop ", "R, reticulate ", "R inside Python, rpy2 "]


@pytest.fixture(scope="module")
def verified() -> subprocess.CompletedProcess[str]:
    """The command that takes every route, at its end."""
    return run_command("verify")


def run_command(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytwolayer.cli.main", command],
        capture_output=True,
        text=True,
        check=False,
    )


def test_all_routes_of_verify_agree(verified):
    assert verified.returncode == 0, verified.stdout + verified.stderr
    routes = verified.stdout.splitlines()[3:7]
    assert [line.startswith(name) for line, name in zip(routes, ROUTES, strict=True)] == [True] * 4
    assert all("500 of 500" in line for line in routes[:3])
    skip_without_rpy2()
    assert "500 of 500" in routes[3]


@pytest.mark.parametrize("command", ["verify", "doctor"])
def test_the_command_ends_with_status_0_here(command, verified):
    done = verified if command == "verify" else run_command(command)
    assert done.returncode == 0, done.stdout + done.stderr
    texts = "All agree.", "All that ran agree", "No problem found."
    assert any(text in done.stdout for text in texts)


@pytest.fixture
def command_in_library(monkeypatch, capsys):
    """Run a command with another library of R; give its status and what it printed."""

    def run(library: Path, command: str) -> tuple[int, str]:
        monkeypatch.setattr(verify, "_RUNS", 1)
        monkeypatch.setenv("R_LIBS", str(library))
        monkeypatch.setenv("R_LIBS_USER", str(library))
        status = main([command])
        return status, capsys.readouterr().out

    return run


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("verify", "not run: the R package is not installed"),
        ("doctor", "R package       not installed (only needed for use from R: R CMD INSTALL "),
    ],
)
def test_who_uses_no_r_package_lacks_nothing(command, told, tmp_path, command_in_library):
    status, printed = command_in_library(tmp_path, command)
    assert status == 0, printed
    assert told in printed


@pytest.mark.parametrize(
    ("command", "told"),
    [("verify", "Not every route could be taken: R, "), ("doctor", "reticulate: 1.27 is too old")],
)
def test_who_has_the_r_package_is_told_that_it_does_not_work(
    command, told, tmp_path, command_in_library
):
    (tmp_path / "pytwolayer").symlink_to(ROOT / ".rlib" / "pytwolayer")
    (tmp_path / "reticulate").mkdir()
    (tmp_path / "reticulate" / "DESCRIPTION").write_text("Package: reticulate\nVersion: 1.27\n")
    status, printed = command_in_library(tmp_path, command)
    assert status == 1, printed
    assert told in printed

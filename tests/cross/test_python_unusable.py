"""A Python that R cannot use is told by its cause, with what mends it, and never started."""

import os
import shlex

import pytest
from unusable import (
    broken_environment,
    environment,
    fake_python,
    run_r,
    whole_environment,
)

BOTH = pytest.mark.parametrize("reticulate", ["old", "present"])


def answers(printed: str) -> list[str]:
    return printed.split("----\n")[:-1]


@BOTH
def test_a_python_that_the_user_names_and_that_cannot_be_used(reticulate, tmp_path):
    (tmp_path / "text").write_text("")
    (tmp_path / "silent").write_text("#!/bin/sh\n")
    (tmp_path / "silent").chmod(0o755)
    made = environment(tmp_path / "made here")
    old = fake_python(tmp_path / "any name", "3.10.9")
    static = fake_python(tmp_path / "static", "3.11.4", shared="no")
    free = fake_python(tmp_path / "free", "3.11.4", threads="free")
    expected = {
        tmp_path: "is a folder, not a Python",
        made: f'Name the Python in it: "{made}/bin/python"',
        tmp_path / "text": "is not a program that can be run",
        tmp_path / "silent": "does not run as a Python",
        tmp_path / "nothing": "is not there",
        old: "is too old: it is Python 3.10.9, and 3.11 or later is needed",
        static: "has no shared library",
        free: "free-threaded",
    }
    code = "".join(
        f'Sys.setenv(RETICULATE_PYTHON = "{python}"); say(chapter_losses(2));'
        for python in expected
    )
    printed = answers(run_r(code + "stopifnot(!reticulate::py_available())", reticulate, tmp_path))
    assert len(printed) == len(expected)
    for (python, text), said in zip(expected.items(), printed, strict=True):
        assert f'RETICULATE_PYTHON is set to "{python}"' in said
        assert text in said
        assert 'unset it (`Sys.unsetenv("RETICULATE_PYTHON")`)' in said
        assert said.startswith("pytwolayer_error_python")
        assert "pip install" not in said


@BOTH
@pytest.mark.parametrize("variable", ["RETICULATE_PYTHON", "CONDA_PREFIX"])
def test_a_conda_environment_without_conda(reticulate, variable, tmp_path):
    made = environment(tmp_path / "made_by_pixi")
    (made / "pyvenv.cfg").unlink()
    (made / "conda-meta").mkdir()
    (made / "conda-meta/history").write_text("// not relevant for pixi\n")
    value, path = {
        "RETICULATE_PYTHON": (made / "bin/python", os.environ["PATH"]),
        "CONDA_PREFIX": (made, f"{made}/bin:{os.environ['PATH']}"),
    }[variable]
    more = {variable: str(value), "PATH": path}
    code = "if (pytwolayer:::finds_conda()) cat('conda') else say(chapter_losses(2))"
    printed = run_r(code, reticulate, tmp_path, **more)
    if printed == "conda":
        pytest.skip("this machine has a conda, which reticulate may take")
    (said,) = answers(printed)
    assert "pytwolayer_error_python" in said  # after a warning of R's, with some reticulates
    assert f'"{made}/bin/python"' in said
    assert "is of a conda environment, for which reticulate" in said
    assert f"`{made}/bin/python -m venv --system-site-packages FOLDER`" in said
    assert "install_pytwolayer" not in said


def test_the_name_of_a_command_is_answered_with_its_path(tmp_path):
    code = 'Sys.setenv(RETICULATE_PYTHON = "sh"); say(chapter_losses(2))'
    assert 'It has to be a path: "/' in run_r(code, "present", tmp_path)


@BOTH
@pytest.mark.parametrize("variable", ["PYTHONHOME", "PYTHONPATH"])
def test_a_variable_for_another_python_is_the_cause(reticulate, variable, tmp_path):
    whole_environment(tmp_path / "r-pytwolayer")
    (tmp_path / "encodings").mkdir()
    (tmp_path / "encodings/__init__.py").write_text("raise ImportError")
    code = f'say(chapter_losses(2)); Sys.unsetenv("{variable}"); say(chapter_losses(2))'
    printed = run_r(code, reticulate, tmp_path, **{variable: str(tmp_path)})
    said, after = answers(printed)
    assert f'{variable} is set to "{tmp_path}", which is not for it' in said
    assert f'`Sys.unsetenv("{variable}")`' in said
    assert "install_pytwolayer" not in said
    assert after.strip() == "no error"


@BOTH
@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("gone", "it was made with /gone/bin/python3.11, which is gone"),
        ("too old", "is too old: it is Python 3.10.9"),
        ("no environment", "the folder is broken"),
        ("too new", "is too new: it is Python 3.12.4, which reticulate 1.28 cannot use"),
    ],
)
def test_an_unusable_environment_of_ours(reticulate, kind, text, tmp_path):
    if kind == "too new" and reticulate == "present":
        pytest.skip("this reticulate can use it")
    folder = broken_environment(tmp_path, kind)
    (said,) = answers(run_r("say(chapter_losses(2))", reticulate, tmp_path))
    assert f"The environment `r-pytwolayer` ({folder}) cannot be used" in said
    assert text in said
    assert "`pytwolayer::install_pytwolayer()`, which makes it again" in said
    assert "restart R" not in said.replace("install.packages", "") or kind == "too new"


@BOTH
def test_another_environment_is_used_although_ours_cannot_be(reticulate, tmp_path):
    broken_environment(tmp_path, "gone")
    whole_environment(tmp_path / "mine")
    code = 'reticulate::use_virtualenv("mine"); say(chapter_losses(2))'
    assert answers(run_r(code, reticulate, tmp_path))[-1].strip() == "no error"


@BOTH
@pytest.mark.parametrize("name", ["copy", "pandas"])
def test_a_file_of_the_users_that_is_taken_for_a_module(reticulate, name, tmp_path):
    whole_environment(tmp_path / "r-pytwolayer")
    file = tmp_path / f"{name}.py"
    file.write_text("x = 1\n")
    (tmp_path / "test.py").write_text("x = 1\n")  # named like a module too, and in nobody's way
    (said,) = answers(run_r("say(chapter_losses(2))", reticulate, tmp_path))
    assert said.startswith("pytwolayer_error_python")
    assert f"{file} is taken for" in said
    assert f"`{name}`: rename it, or work in another folder." in said
    assert "test.py" not in said
    assert "pip install" not in said
    assert "Traceback" not in said


@BOTH
@pytest.mark.parametrize(
    "start",
    [
        "reticulate::py_config()",
        'reticulate::import("torch")',
        'reticulate::py_run_string("x = 1")',
    ],
)
def test_our_environment_is_used_whoever_starts_python(reticulate, start, tmp_path):
    whole_environment(tmp_path / "r-pytwolayer")
    code = f"invisible({start}); say(stop(reticulate::py_config()$python)); say(chapter_losses(2))"
    used, fitted = answers(run_r(code, reticulate, tmp_path, RETICULATE_USE_MANAGED_VENV=""))
    assert f"{tmp_path}/r-pytwolayer/bin/python" in used
    assert fitted.strip() == "no error"


@BOTH
@pytest.mark.parametrize(
    "choice",
    [
        'reticulate::use_virtualenv("mine")',
        'reticulate::use_virtualenv("mine", required = FALSE)',
        'reticulate::use_python("MINE/bin/python")',
        'Sys.setenv(RETICULATE_PYTHON = "MINE/bin/python")',
        'Sys.setenv(RETICULATE_PYTHON_ENV = "mine")',
    ],
)
def test_what_the_user_chooses_comes_before_ours(reticulate, choice, tmp_path):
    environment(tmp_path / "r-pytwolayer")
    mine = environment(tmp_path / "mine")
    code = choice.replace("MINE", str(mine)) + "; cat(reticulate::py_config()$python)"
    assert f"{mine}/bin/python" in run_r(code, reticulate, tmp_path)


def test_the_environment_of_a_project_comes_before_ours_and_can_be_left(tmp_path):
    whole_environment(tmp_path / "r-pytwolayer")
    environment(tmp_path / ".venv")
    (said,) = answers(run_r("say(chapter_losses(2))", "present", tmp_path))
    assert "existing in the current working directory" in said
    assert f"{tmp_path}/.venv/bin/python -m pip install torch" in said
    assert '`Sys.setenv(RETICULATE_PYTHON_ENV = "r-pytwolayer")`' in said
    advice = 'Sys.setenv(RETICULATE_PYTHON_ENV = "r-pytwolayer"); say(chapter_losses(2))'
    assert answers(run_r(advice, "present", tmp_path))[0].strip() == "no error"


def test_a_large_download_is_announced_with_the_way_round_it(tmp_path):
    # A uv of ours, so that nothing is downloaded.
    uv = tmp_path / "uv"
    uv.write_text(f"#!/bin/sh\ntouch {shlex.quote(str(tmp_path / 'asked'))}\nexit 1\n")
    uv.chmod(0o755)
    more = {"RETICULATE_UV": str(uv), "R_USER_CACHE_DIR": str(tmp_path)}
    code = "say(chapter_losses(2))"
    printed = run_r(code, "present", tmp_path, RETICULATE_USE_MANAGED_VENV="", **more)
    assert "to download for it: numpy, torch, pandas, safetensors" in printed
    assert "several gigabytes" in printed
    assert "`pytwolayer::install_pytwolayer()`" in printed
    assert 'Sys.setenv(RETICULATE_USE_MANAGED_VENV = "no")' in printed
    assert "pytwolayer_error_python" in printed
    assert "to download for it" not in run_r(code, "present", tmp_path, **more)


INTERRUPTED = """
press <- function() tools::pskill(Sys.getpid(), tools::SIGINT)
if (Sys.getenv("WHEN") == "start") {
  options(reticulate.python.beforeInitialized = press)
} else {
  reticulate::py_run_string("
import os, signal, sys
class Presser:
    pressed = False
    def find_spec(self, name, path=None, target=None):
        if name == os.environ['WHEN'] and not self.pressed:
            self.pressed = True
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Presser())
")
}
first <- tryCatch({ chapter_losses(2); "no interrupt" }, interrupt = function(cnd) "interrupt")
cat("first", first, is.null(pytwolayer:::session$bridge), "\n")
options(reticulate.python.beforeInitialized = NULL)
cat("second", nrow(chapter_losses(2)), "\n")
cat("third", as.numeric(torch$ones(2L)), "\n")
"""


@BOTH
@pytest.mark.parametrize("when", ["start", "torch.nn"])
def test_ctrl_c_while_python_starts_ends_the_call_and_not_the_session(reticulate, when, tmp_path):
    whole_environment(tmp_path / "r-pytwolayer")
    printed = run_r(INTERRUPTED, reticulate, tmp_path, WHEN=when)
    assert printed.count("Interrupted while Python was starting.") == 1
    assert "first interrupt TRUE" in printed
    assert "second 2" in printed
    assert "third 1 1" in printed


@BOTH
def test_a_path_that_the_locale_does_not_have_is_told_with_one_that_has_it(reticulate, tmp_path):
    home = tmp_path / "Ünï cödé"
    whole_environment(home / "r-pytwolayer")
    (said,) = answers(run_r("say(chapter_losses(2))", reticulate, home, LC_ALL="C"))
    assert said.startswith("pytwolayer_error_python")
    assert f"in the C locale, in which this path cannot reach Python: {home}/r-py" in said
    assert "`LC_ALL=C.UTF-8 R`" in said
    printed = run_r("say(chapter_losses(2))", reticulate, home, LC_ALL="C.UTF-8")
    assert answers(printed)[0].strip() == "no error"

"""The command ``pytwolayer``: what it prints, where, and its exit status."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import pytwolayer
from pytwolayer import PytwolayerError, chapter_losses
from pytwolayer.cli.main import main
from pytwolayer.runtime.torch_loading import torch

ROOT = Path(__file__).parents[3]
FIXTURE = ROOT / "tests" / "fixtures" / "chapter_losses.csv"
COMMAND = "import sys; from pytwolayer.cli.main import main; sys.exit(main())"


def status_of(*arguments: str) -> int:
    """Run the command as argparse ends it or as it returns."""
    try:
        return main(arguments)
    except SystemExit as end:
        return end.code


# chapter


def test_chapter_prints_the_books_500_rows(capsys):
    assert main(["chapter"]) == 0
    printed = capsys.readouterr()
    rows = [line.split(" ") for line in printed.out.splitlines()]
    book = pd.read_csv(FIXTURE)
    assert [int(iteration) for iteration, _ in rows] == book["iter"].tolist()
    assert [float(loss) for _, loss in rows] == book["loss"].tolist()
    assert printed.err == ""


def test_chapter_takes_the_documented_options(capsys):
    assert (
        main(
            ["chapter", "--steps", "3", "--learning-rate", "1e-3", "--seed", "5", "--device", "cpu"]
        )
        == 0
    )
    expected = chapter_losses(3, 1e-3, seed=5)
    lines = [f"{row.iter} {row.loss:.3g}" for row in expected.itertuples()]
    assert capsys.readouterr().out.splitlines() == lines


def test_a_whole_double_is_a_count(capsys):
    assert main(["chapter", "--steps", "2e0", "--seed", "0.0"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_chapter_writes_the_files_it_is_asked_for(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    pytest.importorskip("itables")
    files = {name: tmp_path / f"losses.{name}" for name in ("csv", "html", "svg")}
    options = ["--csv", files["csv"], "--html", files["html"], "--plot", files["svg"]]
    assert main(["chapter", "--steps", "4", *map(str, options)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4
    lines = files["csv"].read_text().splitlines()[1:]
    assert [float(line.split(",")[1]) for line in lines] == chapter_losses(4)["loss"].tolist()
    assert files["html"].read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert "<svg" in files["svg"].read_text(encoding="utf-8")
    assert sorted(tmp_path.iterdir()) == sorted(files.values())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--steps 0", "`steps` must be a whole number of at least 1, not 0."),
        ("--steps 500.5", "`steps` must be a whole number of at least 1, not 500.5."),
        ("--steps nan", "`steps` must be a whole number of at least 1, not nan."),
        ("--steps -3", "`steps` must be a whole number of at least 1, not -3."),
        ("--learning-rate 0", "`learning_rate` must be a finite number above 0, not 0."),
        ("--learning-rate nan", "`learning_rate` must be a finite number above 0, not nan."),
        ("--seed -1", "`seed` must be a whole number from 0 to 9007199254740992, not -1."),
        ("--device tpu", '`device` must be one of "auto", "cpu", "cuda", "cuda:<n>", "mps", not'),
    ],
)
def test_a_bad_option_is_one_line_on_stderr_and_status_2(capsys, options, message):
    assert main(["chapter", *options.split()]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"pytwolayer: {message}")
    assert printed.err.count("\n") == 1


def test_a_device_that_is_not_there_is_one_line_and_status_2(capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert main(["chapter", "--device", "cuda"]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("pytwolayer: `device` must be a device of this machine (")
    assert printed.out == ""


@pytest.mark.parametrize(
    "arguments",
    ["", "chaptre", "chapter --steps many", "chapter --stepz 3", "chapter 3", "devices x", "fit"],
)
def test_what_the_command_does_not_know_is_status_2(capsys, arguments):
    assert status_of(*arguments.split()) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "usage: pytwolayer" in printed.err


def test_a_word_where_a_number_belongs_names_the_option(capsys):
    assert status_of("chapter", "--steps", "many") == 2
    assert "argument --steps: invalid number value: 'many'" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--csv", "--html", "--plot"])
def test_an_impossible_file_is_an_error_before_the_work(capsys, monkeypatch, tmp_path, option):
    monkeypatch.setattr("pytwolayer.chapter.chapter_losses", lambda *a, **k: pytest.fail("worked"))
    for file in (tmp_path, tmp_path / "missing" / "file.png", ""):
        assert main(["chapter", option, str(file)]) == 2
        printed = capsys.readouterr()
        assert printed.err.startswith(f"pytwolayer: `{option[2:]}` must be the path of a file")
        assert printed.out == ""


def test_a_plots_ending_is_checked_before_the_work(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("pytwolayer.chapter.chapter_losses", lambda *a, **k: pytest.fail("worked"))
    assert main(["chapter", "--plot", str(tmp_path / "a.xyz")]) == 2
    assert "`plot` must be the path of a file ending in one of" in capsys.readouterr().err


@pytest.mark.parametrize(("option", "module"), [("--html", "itables"), ("--plot", "matplotlib")])
def test_a_missing_optional_package_is_said_before_the_work(
    capsys, monkeypatch, tmp_path, option, module
):
    monkeypatch.setattr("pytwolayer.chapter.chapter_losses", lambda *a, **k: pytest.fail("worked"))
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, f"{module}.figure", None)
    assert main(["chapter", option, str(tmp_path / "a.png")]) == 2
    assert "pip install" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_one_line_and_no_traceback(capsys, monkeypatch, tmp_path):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    assert main(["chapter", "--steps", "1", "--csv", str(tmp_path / "a.csv")]) != 0
    assert "No space left on device" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("steps", ["20", "3000"], ids=["less than a buffer", "more than one"])
def test_a_reader_that_has_enough_is_no_traceback(steps):
    """As in ``pytwolayer chapter | head``."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, "chapter", "--steps", steps],
            env=os.environ
            | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": ""},
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writing)
    assert done.stderr == ""
    assert done.returncode == 141


# devices, doctor, verify


def test_devices_lists_them_best_first(capsys):
    assert main(["devices"]) == 0
    assert capsys.readouterr().out.splitlines() == pytwolayer.available_devices()


@pytest.mark.parametrize("name", ["doctor", "verify"])
@pytest.mark.parametrize(("well", "status"), [(True, 0), (False, 1)])
def test_status_0_only_if_all_is_well(capsys, monkeypatch, name, well, status):
    monkeypatch.setattr(f"pytwolayer.r_interop.{name}.{name}", lambda: ("the page", well))
    assert main([name]) == status
    assert capsys.readouterr().out == "the page\n"


def test_ctrl_c_is_one_line_and_the_status_of_a_program_it_ends(capsys, monkeypatch):
    def press():
        raise KeyboardInterrupt

    monkeypatch.setattr("pytwolayer.r_interop.verify.verify", press)
    assert main(["verify"]) == 130
    assert capsys.readouterr().err == "pytwolayer: interrupted\n"


def test_any_error_of_ours_is_one_line_and_status_2(capsys, monkeypatch):
    def fail():
        raise PytwolayerError("this went wrong")

    monkeypatch.setattr("pytwolayer.r_interop.verify.verify", fail)
    assert main(["verify"]) == 2
    assert capsys.readouterr().err == "pytwolayer: this went wrong\n"


# help and version


def test_version_is_the_packages(capsys):
    assert status_of("--version") == 0
    assert capsys.readouterr().out == f"{pytwolayer.__version__}\n"


@pytest.mark.parametrize("command", ["fit", "chapter", "devices", "doctor", "verify"])
def test_every_command_has_help(capsys, command):
    assert status_of("--help") == 0
    assert command in capsys.readouterr().out
    assert status_of(command, "--help") == 0
    assert f"usage: pytwolayer {command}" in capsys.readouterr().out


def test_the_help_of_chapter_tells_options_and_defaults(capsys):
    status_of("chapter", "--help")
    text = " ".join(capsys.readouterr().out.split())
    for option in ["--device", "--steps", "--learning-rate", "--seed", "--csv", "--html", "--plot"]:
        assert option in text
    for default in ("(default: 500)", "(default: 0.0001)", "(default: cpu)"):
        assert default in text


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["chapter", "--help"], ["fit", "--help"]]
)
def test_help_and_version_need_no_torch(fresh_python, arguments):
    code = "import sys; sys.modules['torch'] = sys.modules['pandas'] = None; " + COMMAND
    done = fresh_python(code, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_without_torch_a_command_that_needs_it_says_where_to_look(fresh_python):
    done = fresh_python("import sys; sys.modules['torch'] = None; " + COMMAND, "chapter")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("pytwolayer: ")
    assert "torch" in done.stderr
    assert "See: pytwolayer doctor" in done.stderr
    assert "Traceback" not in done.stderr


# python -m pytwolayer


def as_module(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytwolayer", *arguments],
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_package_as_a_module_is_the_command(capsys):
    done = as_module("chapter", "--steps", "2")
    assert (done.returncode, done.stderr) == (0, "")
    assert main(["chapter", "--steps", "2"]) == 0
    assert done.stdout == capsys.readouterr().out
    assert as_module("--version").stdout == f"{pytwolayer.__version__}\n"


@pytest.mark.parametrize("command", [[], ["fit"], ["predict"], ["chapter"], ["verify"]])
def test_its_usage_is_what_was_typed(command, capsys):
    usage = " ".join(["usage: python -m pytwolayer", *command])
    help_page = as_module(*command, "--help")
    assert help_page.stdout.startswith(f"{usage} ")
    assert status_of(*command, "--help") == 0
    assert capsys.readouterr().out.startswith(usage.replace("python -m ", "") + " ")


def test_its_errors_have_the_status_of_the_commands():
    done = as_module("predict", "missing.safetensors", "missing.csv")
    assert done.returncode == 2
    assert done.stderr.startswith("pytwolayer: ")
    assert as_module().returncode == 2


def test_a_copy_of_the_package_elsewhere_runs_too(tmp_path):
    """As R's package has one."""
    shutil.copytree(ROOT / "pytwolayer", tmp_path / "pytwolayer")
    done = as_module("chapter", "--steps", "1", folder=tmp_path)
    assert done.stdout == "1 628\n"

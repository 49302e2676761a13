"""The doctor's page: what it finds, and for each problem the command that mends it."""

import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from types import SimpleNamespace

import pytest

import pytwolayer
from pytwolayer.r_interop.doctor import (
    Finding,
    blas_finding,
    doctor,
    has_r_package,
    page,
    python_findings,
    r_findings,
    torch_findings,
)
from pytwolayer.r_interop.r_process import RError, RMissingError
from pytwolayer.runtime.blas import Blas
from pytwolayer.runtime.torch_loading import torch

FACTS = {
    "r": "R version 4.2.2 (2022-10-31)",
    "home": "/usr/lib/R",
    "reticulate": "1.41.0.1",
    "package": pytwolayer.__version__,
    "blas": "/usr/lib/libblas.so.3",
    "torch_blas": "own /somewhere/libtorch_cpu.so",
}


def topics(findings):
    return {finding.topic: finding for finding in findings}


def of_r(**changes):
    return topics(r_findings(FACTS | changes))


def test_a_page_without_problems_says_so():
    text, healthy = page({"Python": [Finding("Python", "3.11")], "R": [Finding("R", "4.2")]})
    assert healthy
    assert text.splitlines() == [
        "Python",
        "  Python          3.11",
        "",
        "R",
        "  R               4.2",
        "",
        "No problem found.",
    ]


def test_every_problem_is_repeated_at_the_end_with_its_mend():
    findings = [Finding("torch", "not installed", "pip install torch"), Finding("numpy", "2.0")]
    text, healthy = page({"Python": findings, "R": [Finding("R", "gone", "apt-get install r")]})
    assert not healthy
    assert text.endswith(
        "Problems\n  torch: not installed\n    pip install torch\n  R: gone\n    apt-get install r"
    )


def test_this_python_is_described_with_no_problem_in_it():
    found = topics(python_findings())
    assert found["pytwolayer"].value.startswith(pytwolayer.__version__)
    assert sys.executable in found["Python"].value
    assert found["torch"].value == str(torch.__version__)
    for name in ("torch", "numpy", "pandas", "safetensors"):
        assert found[name].mend is None


@pytest.mark.parametrize("installed", ["2.13.0", "2.13.0+cpu"])
def test_of_torch_the_build_is_told_whatever_it_is_installed_as(monkeypatch, installed):
    monkeypatch.setattr("pytwolayer.r_interop.doctor.version", lambda name: installed)
    monkeypatch.setattr(torch, "__version__", "2.13.0+cu130")
    assert topics(python_findings())["torch"] == Finding("torch", "2.13.0+cu130")


def test_of_a_torch_that_does_not_load_the_installed_version_is_told(fresh_python):
    code = (
        "import sys\n"
        "from pytwolayer.r_interop import doctor\n"
        "doctor.version = lambda name: '9.9'\n"
        "sys.modules['pytwolayer.runtime.torch_loading'] = None\n"
        "print([f.value for f in doctor.python_findings() if f.topic == 'torch'])"
    )
    assert fresh_python(code).stdout == "['9.9']\n"


@pytest.mark.parametrize("package", ["torch", "numpy", "pandas", "safetensors"])
@pytest.mark.parametrize("there", ["nothing", "a folder"])
def test_a_needed_package_that_is_missing_is_a_problem_with_its_command(
    monkeypatch, package, there
):
    folder = SimpleNamespace(origin=None)  # one of that name, without the package in it
    real = find_spec
    monkeypatch.setattr(
        "pytwolayer.r_interop.doctor.find_spec",
        lambda name: (folder if there == "a folder" else None) if name == package else real(name),
    )
    finding = topics(python_findings())[package]
    assert finding.value == "not installed"
    assert finding.mend == f"{sys.executable} -m pip install {package}"


@pytest.mark.parametrize("package", ["numpy", "pandas", "safetensors"])
def test_a_needed_package_that_pip_knows_nothing_of_is_no_problem(monkeypatch, package):
    def version(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr("pytwolayer.r_interop.doctor.version", version)
    finding = topics(python_findings())[package]
    assert finding == Finding(package, "installed, but its version cannot be determined")


@pytest.mark.parametrize("package", ["matplotlib", "itables", "rpy2", "pyarrow", "onnx"])
def test_an_optional_package_that_is_missing_is_no_problem(monkeypatch, package):
    def version(name):
        if name == package:
            raise PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr("pytwolayer.r_interop.doctor.version", version)
    finding = topics(python_findings())[package]
    assert finding.value.startswith("not installed (only needed for ")
    assert finding.mend is None


def test_a_python_that_r_cannot_load_is_a_problem_where_r_is_used(monkeypatch, tmp_path):
    monkeypatch.setattr("pytwolayer.r_interop.doctor.sys.platform", "linux")
    monkeypatch.setattr(
        "pytwolayer.r_interop.doctor.sysconfig.get_config_var", {"LIBDIR": str(tmp_path)}.get
    )
    alone = topics(python_findings(for_r=False))["shared library"]
    assert alone == Finding("shared library", "none (only needed for R)")
    finding = topics(python_findings())["shared library"]
    assert "R cannot load this Python" in finding.value
    assert "--enable-shared" in finding.mend
    (tmp_path / f"libpython{sys.version_info[0]}.{sys.version_info[1]}.so.1.0").touch()
    assert topics(python_findings())["shared library"].mend is None  # as conda's
    monkeypatch.setattr("pytwolayer.r_interop.doctor.sysconfig.get_config_var", lambda name: 1)
    assert topics(python_findings())["shared library"].mend is None


def test_torch_is_described_as_it_works_in_this_process():
    found = topics(torch_findings())
    assert found["devices"].value == ", ".join(pytwolayer.available_devices())
    assert found["threads"].value.startswith(f"{torch.get_num_threads()} of ")
    assert str(torch.version.cuda or "CPU only") in found["build"].value
    assert found["BLAS in use"].value.startswith("torch's own (")
    assert all(finding.mend is None for finding in found.values())


def test_a_foreign_blas_is_a_problem_that_names_it(monkeypatch):
    foreign = Blas("/usr/lib/libblas.so.3", "foreign")
    monkeypatch.setattr("pytwolayer.runtime.blas.torch_blas", lambda: foreign)
    finding = blas_finding()
    assert "not torch's own but /usr/lib/libblas.so.3" in finding.value
    assert "load pytwolayer before" in finding.mend


@pytest.mark.parametrize(
    ("library", "slow"), [("libblas.so.3.12.1", True), ("libopenblas.so.0", False)]
)
def test_a_blas_that_torch_is_linked_to_is_a_note_and_no_problem(
    monkeypatch, tmp_path, library, slow
):
    monkeypatch.setattr("pytwolayer.r_interop.doctor.sys.platform", "linux")
    (tmp_path / library).touch()
    path = tmp_path / "libblas.so.3"
    path.symlink_to(tmp_path / library)
    monkeypatch.setattr("pytwolayer.runtime.blas.torch_blas", lambda: Blas(str(path), "linked"))
    finding = blas_finding()
    assert finding.value == f"this PyTorch is linked to the system's BLAS ({path})"
    assert finding.mend is None
    assert ("apt-get install libopenblas0" in finding.note) == slow
    assert ("update-alternatives --config libblas.so.3-" in finding.note) == slow
    assert "pip install torch" in finding.note
    text, healthy = page({"torch": [finding]})
    assert healthy
    assert "load pytwolayer before" not in text
    assert text.endswith("\n\nNo problem found.")
    assert f"\nNotes\n  BLAS in use: {finding.note}\n" in text


@pytest.mark.parametrize(
    ("cause", "mend"),
    [
        ("sys.modules['torch'] = None", "pip install torch"),
        ("sys.path.insert(0, sys.argv[1])", "torch.py is taken for the module `torch`"),
    ],
)
def test_a_torch_that_is_missing_or_broken_is_a_problem_and_the_page_still_comes(
    fresh_python, tmp_path, cause, mend
):
    (tmp_path / "torch.py").write_text("raise OSError('libtorch_cpu.so: cannot open')")
    code = (
        f"import sys; {cause}\n"
        "from pytwolayer.r_interop.doctor import torch_findings, python_findings\n"
        "python_findings()\n"
        "for finding in torch_findings(): print(finding.topic, finding.value, finding.mend)"
    )
    done = fresh_python(code, str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert mend in done.stdout


@pytest.mark.parametrize("name", ["torch.py", "torch/__init__.py"])
def test_another_file_of_the_name_torch_is_named(fresh_python, tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("answer = 42")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pytwolayer.r_interop.doctor import torch_findings, python_findings\n"
        "python_findings()\n"
        "for finding in torch_findings(): print(finding.value); print(finding.mend)"
    )
    done = fresh_python(code, str(tmp_path))
    assert done.stdout.splitlines() == [
        f"{tmp_path / name} is not PyTorch",
        "give that file another name, or work in another folder",
    ], done.stderr


def test_an_r_in_order_has_no_problem():
    found = of_r()
    assert all(finding.mend is None for finding in found.values())
    assert found["R"].value == "R version 4.2.2 (2022-10-31) (/usr/lib/R)"
    assert found["reticulate"].value == "1.41.0.1"
    assert found["R package"].value == pytwolayer.__version__
    assert found["R's BLAS"].value == "/usr/lib/libblas.so.3"
    assert found["torch in R"].value == "uses its own BLAS (/somewhere/libtorch_cpu.so)"


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        ("", "not installed"),
        ("1.27", "1.27 is too old"),
        ("1.9.0", "1.9.0 is too old"),
        ("0.99.9", "0.99.9 is too old"),
        ("1.28", None),
        ("1.100", None),
        ("2.0.0", None),
    ],
)
def test_reticulate_is_wanted_from_1_28_on(found, problem):
    finding = of_r(reticulate=found)["reticulate"]
    if problem is None:
        assert finding == Finding("reticulate", found)
    else:
        assert finding.value == problem
        assert finding.mend == """Rscript -e 'install.packages("reticulate")'"""


@pytest.mark.parametrize("reticulate", ["", "1.9.0", "1.41"])
def test_who_has_no_r_package_is_told_of_it_and_of_no_problem(reticulate):
    found = of_r(package="", reticulate=reticulate)
    assert found["R package"].value.startswith(
        "not installed (only needed for use from R: R CMD INSTALL "
    )
    assert found["reticulate"].value.startswith(reticulate or "not installed (only needed")
    assert page({"R": list(found.values())})[1]
    assert not has_r_package(FACTS | {"package": ""})


def test_who_has_the_r_package_is_told_of_what_it_lacks():
    assert has_r_package(FACTS)
    assert of_r(reticulate="")["reticulate"].mend
    assert of_r(reticulate="1.9.0")["reticulate"].mend
    assert has_r_package(RError("R failed"))


def test_halves_of_different_versions_are_a_problem():
    finding = of_r(package="9.9.9")["R package"]
    assert finding.value == f"9.9.9, but the Python core is {pytwolayer.__version__}"
    assert finding.mend.endswith("(the same version of both)")


def test_a_torch_that_is_linked_to_a_blas_is_no_problem_in_r():
    finding = of_r(torch_blas="linked /usr/lib/libblas.so.3")["torch in R"]
    told = "uses the system's BLAS, which it is linked to (/usr/lib/libblas.so.3)"
    assert finding == Finding("torch in R", told)


def test_a_torch_that_uses_rs_blas_in_r_is_a_problem():
    finding = of_r(torch_blas="foreign /usr/lib/libblas.so.3")["torch in R"]
    assert finding.value == "uses /usr/lib/libblas.so.3: slow, and with other last digits"
    assert "library(pytwolayer)" in finding.mend


def test_a_torch_that_does_not_load_in_r_is_a_problem():
    finding = of_r(torch_blas="The Python in use has no torch")["torch in R"]
    assert finding.value == "The Python in use has no torch"
    assert "pytwolayer_doctor()" in finding.mend


def test_an_r_without_the_package_has_nothing_to_say_of_torch():
    facts = {name: value for name, value in FACTS.items() if name != "torch_blas"}
    assert "torch in R" not in topics(r_findings(facts | {"package": ""}))


def test_an_r_with_its_own_blas_says_so():
    assert of_r(blas="")["R's BLAS"].value == "R's own"


def test_no_r_is_told_and_is_no_problem():
    missing = RMissingError("Rscript was not found.")
    assert r_findings(missing) == [Finding("R", "not installed (only needed for use from R)")]
    assert not has_r_package(missing)


def test_an_r_that_is_there_but_fails_is_not_told_to_be_installed():
    (finding,) = r_findings(RError("R failed (exit status 1):\nlibR.so is damaged"))
    assert "libR.so is damaged" in finding.value
    assert finding.mend
    assert not finding.mend.startswith("apt-get install r-base-core")


def test_where_path_holds_no_r_python_alone_is_healthy_and_status_is_0(fresh_python, tmp_path):
    code = "import sys; from pytwolayer.cli.main import main; sys.exit(main(['doctor']))"
    done = fresh_python(code, PATH=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(
        "R\n  R               not installed (only needed for use from R)\n\nNo problem found.\n"
    )


def test_the_page_has_three_parts(monkeypatch):
    monkeypatch.setattr("pytwolayer.r_interop.doctor._facts_of_r", lambda: FACTS)
    text, _ = doctor()
    lines = text.splitlines()
    assert [line for line in lines if line in {"Python", "torch", "R"}] == ["Python", "torch", "R"]


def test_numpy_2_is_a_problem_where_reticulate_cannot_convert_it(monkeypatch):
    monkeypatch.setattr("pytwolayer.r_interop.doctor._version", lambda package: "2.4.6")
    found = of_r(reticulate="1.36")["NumPy in R"]
    assert "reticulate 1.36 cannot convert arrays of NumPy 2.4.6" in found.value
    assert 'pip install "numpy<2"' in found.mend
    assert "NumPy in R" not in of_r(reticulate="1.41.0.1")
    monkeypatch.setattr("pytwolayer.r_interop.doctor._version", lambda package: "1.26.4")
    assert "NumPy in R" not in of_r(reticulate="1.36")


def test_a_file_of_the_users_is_told(tmp_path, monkeypatch):
    (tmp_path / "pandas.py").write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "pytwolayer.cli.main", "doctor"],
        cwd=tmp_path,
        env=os.environ | {"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    assert f"pandas: {tmp_path}/pandas.py is taken for it" in done.stdout

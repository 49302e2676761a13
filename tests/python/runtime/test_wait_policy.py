"""Threads that wait sleep, where the user has not chosen otherwise."""

import subprocess
from pathlib import Path

import pytest

from pytwolayer.r_interop.r_process import r_environment
from pytwolayer.runtime.wait_policy import wait_passively

ROOT = Path(__file__).parents[3]
CHOICES = ("OMP_WAIT_POLICY", "ACTIVE"), ("GOMP_SPINCOUNT", "7"), ("KMP_BLOCKTIME", "0")


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch):
    for name, _ in CHOICES:
        monkeypatch.delenv(name, raising=False)


def test_they_sleep_where_nothing_was_chosen():
    environment = {"HOME": "/"}
    wait_passively(environment)
    assert environment == {"HOME": "/", "OMP_WAIT_POLICY": "PASSIVE"}


@pytest.mark.parametrize(("name", "value"), CHOICES)
def test_what_the_user_chose_stays(name, value):
    environment = {name: value}
    wait_passively(environment)
    assert environment == {name: value}


def test_processes_of_r_have_it(monkeypatch):
    assert r_environment()["OMP_WAIT_POLICY"] == "PASSIVE"
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    assert r_environment()["OMP_WAIT_POLICY"] == "ACTIVE"


@pytest.mark.parametrize("command", [["verify"], ["chapter", "--steps", "1"]])
def test_the_commands_have_it_before_torch_is_loaded(fresh_python, command):
    code = f"""
import os, sys
import pytwolayer.cli.main as cli
seen = []
real = cli.wait_passively
def watched(environment):
    seen.append("torch" in sys.modules)
    real(environment)
cli.wait_passively = watched
sys.modules["pytwolayer.r_interop.verify"] = type(sys)("verify")
sys.modules["pytwolayer.r_interop.verify"].verify = lambda: ("", True)
cli.main({command!r})
print(seen, os.environ["OMP_WAIT_POLICY"])
"""
    done = fresh_python(code)
    assert done.stdout.splitlines()[-1] == "[False] PASSIVE", done.stderr


@pytest.mark.parametrize("chosen", [None, *CHOICES])
def test_the_demonstration_has_it(tmp_path, monkeypatch, chosen):
    script = (ROOT / "scripts" / "demo.sh").read_text(encoding="utf-8")
    (tmp_path / "scripts" / "lib").mkdir(parents=True)
    (tmp_path / "scripts" / "demo.sh").write_text(script, encoding="utf-8")
    told = 'with_r() { printf "%s\\n" "${OMP_WAIT_POLICY:-none}"; }\n'
    (tmp_path / "scripts" / "lib" / "common.sh").write_text(told, encoding="utf-8")
    if chosen:
        monkeypatch.setenv(*chosen)
    command = ["bash", str(tmp_path / "scripts" / "demo.sh")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    expected = {None: "PASSIVE", "OMP_WAIT_POLICY": "ACTIVE"}
    assert done.stdout.strip() == expected.get(chosen and chosen[0], "none")

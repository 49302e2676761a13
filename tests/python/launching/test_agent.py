"""What the processes of a run have is what the caller has, or the error says what is not."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import pytwolayer

# A caller whose package, or Python's PyTorch, is installed anew after it has loaded the old one.
CALLER = """
import sys
from pathlib import Path
home, name, text = Path(sys.argv[1]), *sys.argv[2:]
sys.path.insert(0, str(home))
import torch, pytwolayer
from pytwolayer.launching.job_file import Job, scratch_folder
from pytwolayer.launching.run import run_workers
assert pytwolayer.__file__.startswith(str(home))
file = home / name
file.parent.mkdir(parents=True, exist_ok=True)
file.write_text(text)
(home / "pytwolayer" / "launching" / "worker.py").write_text("raise SystemExit('another format')")
restarts = []
class Listener:
    stops = False
    def restarted(self, lost):
        restarts.append(lost)
with scratch_folder(home) as folder:
    try:
        run_workers(Job("pytwolayer.launching.worker", None, 2), folder, Listener())
    except pytwolayer.WorkerError as problem:
        print(restarts, problem)
"""
NEWER = '__version__ = "9.9.9"'


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (
            "pytwolayer/_version.py",
            NEWER,
            rf"pytwolayer 9\.9\.9 and this process {re.escape(pytwolayer.__version__)}",
        ),
        ("torch/__init__.py", NEWER, r"PyTorch 9\.9\.9 and this process \d+\.\d+"),
    ],
)
def test_what_was_installed_anew_meanwhile_is_one_error_with_both_versions(
    tmp_path, name, text, told
):
    package = Path(pytwolayer.__file__).parent
    shutil.copytree(package, tmp_path / "pytwolayer", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-c", CALLER, str(tmp_path), name, text]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert re.search(
        rf"^\[\] The workers on \S+ have {told}.*, perhaps since it was reinstalled", ran.stdout
    )


def test_another_python_is_told_with_both_versions(tmp_path, monkeypatch):
    from pytwolayer.launching import job_file

    other = tmp_path / "job"
    job = job_file.Job("toy", None, 2)
    with monkeypatch.context() as patch:
        patch.setattr(sys.implementation, "cache_tag", "cpython-39")
        job_file.write_job(job, tmp_path, None, b"")
    ran = subprocess.run(
        [sys.executable, "-c", job_file.BOOT, "toy", str(other)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == job_file.DIFFERS
    tag = sys.implementation.cache_tag
    assert ran.stderr == f"Python {tag} and this process cpython-39"

"""The scratch folders of runs."""

import os
import subprocess
import sys

import pytest

from pytwolayer.errors import TemporaryFolderError
from pytwolayer.launching.job_file import scratch_folder

pytest.importorskip("fcntl", reason="the system has no such locks")
KILLED = """
import os, signal, sys
from pathlib import Path
from pytwolayer.launching.job_file import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "rows").touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def age(folder):
    os.utime(folder, (0, 0))


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path):
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    (left,) = tmp_path.iterdir()
    with scratch_folder(tmp_path):  # it may be of a process that is just about to lock it
        assert left.exists()
    age(left)
    with scratch_folder(tmp_path):
        assert not left.exists()


def test_what_a_run_at_work_has_stays(tmp_path):
    with scratch_folder(tmp_path) as first:
        (first / "rows").touch()
        age(first)
        with scratch_folder(tmp_path) as second:
            assert (first / "rows").exists()
            assert first != second
    assert not [*tmp_path.iterdir()]


def test_where_no_folder_can_be_made_the_error_says_where(tmp_path):
    with pytest.raises(TemporaryFolderError, match=r"one to write to, not .*absent\": No such"):
        scratch_folder(tmp_path / "absent").__enter__()

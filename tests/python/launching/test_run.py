"""Processes that are started, watched and ended; what they do is a toy."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytwolayer.errors import ArgumentError, CheckpointWarning, WorkerError
from pytwolayer.launching.job_file import Job, scratch_folder
from pytwolayer.launching.run import run_workers
from pytwolayer.runtime.interrupt import watch_for_interrupt

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs signals")


class Listener:
    def __init__(self, interrupt=None, presses=0):
        self.epochs, self.questions, self.lost = [], [], []
        self._interrupt, self._presses = interrupt, presses

    def epoch(self, epoch, loss):
        self.epochs.append((epoch, loss))
        for _ in range(self._presses):
            os.kill(os.getpid(), signal.SIGINT)

    def answer(self, *question):
        self.questions.append(question)
        return "three"

    def restarted(self, lost):
        self.lost.append(lost)

    @property
    def stops(self):
        return self._interrupt is not None and self._interrupt.pressed


def launch(listener, do, folders, limits=None, **content):
    with scratch_folder() as folder:
        folders.append(folder)
        job = Job("toy_worker", {"do": do} | content, 2, **(limits or {}))
        return run_workers(job, folder, listener)


def at_work(folder):
    """The processes of a run: all have its folder among their arguments."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder) in (path / "cmdline").read_text():
                found.append(int(path.name))
        except OSError:
            pass
    return found


def nothing_is_left(folders):
    return all(not folder.exists() and not at_work(folder) for folder in folders)


@pytest.fixture(scope="module")
def talk():
    """A run whose rank 1 is killed at first."""
    folders, listener = [], Listener()
    with pytest.warns(CheckpointWarning, match="a full disk") as caught:
        result = launch(listener, "talk", folders, kill=1)
    return {"result": result, "listener": listener, "folders": folders, "caught": caught}


def test_what_rank_0_gives_is_the_result_and_questions_are_answered(talk):
    result, listener = talk["result"], talk["listener"]
    assert result["given"]["do"] == "talk"
    assert result["answer"] == "three"
    assert listener.questions[-1] == ("how many", 3)


def test_the_last_of_many_epochs_is_told(talk):
    assert talk["listener"].epochs[-1] == (5, 0.2)


def test_a_worker_that_is_killed_is_started_anew_with_the_others(talk):
    assert talk["result"]["environment"]["TORCHELASTIC_RESTART_COUNT"] == "1"
    assert talk["listener"].lost == [1]


def test_workers_compute_with_one_thread(talk):
    environment = talk["result"]["environment"]
    assert environment["OMP_NUM_THREADS"] == "1"
    assert environment["OMP_WAIT_POLICY"] == "PASSIVE"


def test_a_run_leaves_no_process_and_no_file(talk):
    assert nothing_is_left(talk["folders"])


def test_a_worker_that_is_killed_too_often_is_an_error_with_its_last_output(capfd):
    folders = []
    with pytest.raises(WorkerError) as caught:
        launch(Listener(), "die", folders, {"max_restarts": 0}, times=1)
    assert caught.value.rank == 1
    assert "SIGKILL" in caught.value.what
    assert str(caught.value).endswith("Its last output:\nmy last words")
    assert nothing_is_left(folders)
    assert capfd.readouterr() == ("", "")  # torchrun and the workers would say much


def test_a_workers_own_error_comes_out_as_itself_and_once():
    folders, error = [], ArgumentError("loss", "a loss", "something else")
    with pytest.raises(ArgumentError, match="something else") as caught:
        launch(Listener(), "raise_own", folders, error=error)
    assert "raise_own" in str(caught.value.__cause__)
    assert nothing_is_left(folders)


def test_a_worker_that_is_stopped_is_named_within_the_time():
    folders = []
    with pytest.raises(WorkerError, match=r"Worker 1 on .* gave no sign of life for 1\.5 seconds"):
        launch(Listener(), "hang", folders, {"silence": 1.5})
    assert nothing_is_left(folders)


def test_a_worker_that_keeps_the_others_waiting_is_named_within_the_time():
    folders = []
    with pytest.raises(WorkerError, match=r"Worker 1 on .* has not gone on for 1 seconds, and the"):
        launch(Listener(), "stand_still", folders, {"silence": 1.0})
    assert nothing_is_left(folders)


def test_ctrl_c_ends_the_run_in_good_order():
    folders = []
    with watch_for_interrupt() as interrupt:
        result = launch(Listener(interrupt, presses=1), "wait_for_stop", folders)
    assert result == "stopped in good order"
    assert nothing_is_left(folders)


def test_ctrl_c_pressed_twice_ends_it_at_once():
    folders = []
    with pytest.raises(KeyboardInterrupt), watch_for_interrupt() as interrupt:
        launch(Listener(interrupt, presses=2), "wait_for_stop", folders)
    assert nothing_is_left(folders)


CALLER = """
import sys
from pathlib import Path
from pytwolayer.launching.job_file import Job, scratch_folder
from pytwolayer.launching.run import run_workers

class Listener:
    stops = False
    def epoch(self, epoch, loss):
        pass
    def answer(self, *question):
        print(folder, flush=True)

with scratch_folder() as folder:
    run_workers(Job("toy_worker", {"do": "wait"}, 2), folder, Listener())
"""


def test_a_caller_that_is_killed_leaves_no_process_and_no_file():
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", CALLER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as caller:
        folder = Path(caller.stdout.readline().decode().strip())
        assert len(at_work(folder)) == 3
        caller.kill()
    end = time.monotonic() + 20
    while not nothing_is_left([folder]) and time.monotonic() < end:
        time.sleep(0.05)
    assert nothing_is_left([folder])


def test_a_worker_that_crashes_once_it_has_done_its_part_starts_nothing_anew():
    folders, listener = [], Listener()
    assert launch(listener, "crash_at_exit", folders) == "the result"
    assert listener.lost == []
    assert nothing_is_left(folders)


def test_a_full_disk_before_the_start_is_an_error_of_its_own_class(monkeypatch):
    def write(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    folders = []
    monkeypatch.setattr("pytwolayer.launching.run.write_job", write)
    with pytest.raises(WorkerError, match=r"could not be started: .*No space left on device"):
        launch(Listener(), "talk", folders)
    assert nothing_is_left(folders)

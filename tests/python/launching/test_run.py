"""Processes that are started, watched and ended; what they do is a toy."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

import pytwolayer
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


def launch(listener, do, folders, limits=None, place=None, **content):
    with scratch_folder(place) as folder:
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


ODD = "ü 'q' \"d\" %s\n\udcff"
# Of a caller that another launcher has started, or that has settings of its own.
ODD_ENVIRONMENT = {
    "RANK": "3",
    "WORLD_SIZE": "4",
    "LOCAL_RANK": "3",
    "MASTER_ADDR": "nowhere.invalid",
    "TORCHELASTIC_USE_AGENT_STORE": "True",
    "TORCHELASTIC_RESTART_COUNT": "2",
    "TORCHELASTIC_ERROR_FILE": "/nowhere/error.json",
    "GLOO_SOCKET_IFNAME": "no-such-card",
    "OMP_NUM_THREADS": "8,2",
    "PYTHONWARNINGS": "error",
    "PYTHONINSPECT": "1",
}


@contextmanager
def odd_signals():
    """The end of children is ignored, and so is being ended."""
    numbers = signal.SIGCHLD, signal.SIGTERM
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def another_version(place):
    """A folder in which Python finds another version of this package, as R users can have it."""
    (package := place / "other" / "pytwolayer").mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('another version')")
    return package.parent


@pytest.fixture(scope="module")
def talk(tmp_path_factory):
    """A run of an odd caller, whose rank 1 is killed at first."""
    folders, listener = [], Listener()
    place = tmp_path_factory.mktemp("odd") / ODD
    (gone := place / "gone").mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch, odd_signals():
        for name, value in ODD_ENVIRONMENT.items():
            patch.setenv(name, value)
        patch.setattr(sys, "path", [str(another_version(place)), *sys.path, ODD, gone])
        patch.chdir(gone)
        gone.rmdir()
        with pytest.warns(CheckpointWarning, match="a full disk") as caught:
            result = launch(listener, "talk", folders, place=place, kill=1)
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


def test_workers_have_the_callers_modules_whatever_their_paths(talk):
    assert talk["result"]["path"][1:] == [*sys.path, ODD]


def test_workers_have_the_callers_version_of_this_package(talk):
    assert talk["result"]["package"] == pytwolayer.__file__


def test_workers_have_a_folder_where_the_callers_is_gone(talk):
    assert talk["result"]["folder"] == str(talk["folders"][0])


def test_workers_have_the_usual_signals_whatever_the_caller_ignores(talk):
    assert talk["result"]["blocked"] == set()
    assert not {signal.SIGCHLD, signal.SIGTERM} & talk["result"]["ignored"]


def test_what_the_callers_environment_says_of_another_group_is_no_matter(talk):
    environment = talk["result"]["environment"]
    assert (environment["RANK"], environment["WORLD_SIZE"]) == ("0", "2")
    assert environment["MASTER_ADDR"] != ODD_ENVIRONMENT["MASTER_ADDR"]
    assert environment["GLOO_SOCKET_IFNAME"] == "lo"
    assert not {"PYTHONWARNINGS", "PYTHONINSPECT"} & environment.keys()


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


NO_NETWORK = """
from pathlib import Path
from pytwolayer.errors import WorkerError
from pytwolayer.launching.job_file import Job, scratch_folder
from pytwolayer.launching.run import run_workers
with scratch_folder() as folder:
    try:
        run_workers(Job("toy_worker", {}, 2), folder, None)
    except WorkerError as problem:
        print(problem)
"""


def test_a_machine_that_does_not_reach_itself_is_an_error_at_once(fresh_python, monkeypatch):
    alone = ["unshare", "--net", "--map-root-user"]
    if shutil.which("unshare") is None or subprocess.run([*alone, "true"], check=False).returncode:
        pytest.skip("no network of its own can be made here")
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda command, **how: run([*alone, *command], **how))
    said = fresh_python(NO_NETWORK).stdout
    assert "could not be started: this machine does not reach 127.0.0.1: [Errno 101]" in said

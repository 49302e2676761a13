"""The caller's side: starts the workers of a run, and stays with them to its end."""

import json
import os
import pickle
import platform
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from pytwolayer.errors import WorkerError, warn_user
from pytwolayer.launching.agent import END, LOST, REPORT
from pytwolayer.launching.inbox import Inbox
from pytwolayer.launching.job_file import DIFFERS, Job, JobFile, write_job
from pytwolayer.launching.loopback import reach_loopback
from pytwolayer.launching.python_process import (
    process_environment,
    python_arguments,
    python_executable,
)
from pytwolayer.runtime.broken_pipes import without_pipe_signals

_POLL = 0.1  # seconds
_GRACE = 20.0  # seconds for the agent's regular end
_TAIL = 2_000  # characters of its output
_ADVICE = "perhaps since it was reinstalled in the meantime; start a new session"
_AGENT = "pytwolayer.launching.agent"


class Listener(Protocol):
    """What the caller does meanwhile, in the thread that called."""

    def epoch(self, epoch: int, loss: float) -> None:
        """Take note of an epoch."""

    def answer(self, *question: Any) -> Any:
        """Answer a question of rank 0."""

    def keep(self, value: Any) -> None:
        """Keep what rank 0 has so far."""

    def restarted(self, lost: int | None) -> None:
        """Take note that a worker died and all were started anew."""

    @property
    def stops(self) -> bool:
        """Whether the run is to end, in good order."""


class _RemoteTraceback(Exception):  # noqa: N818 - shown as the cause of an error
    """The traceback of an error in a worker."""

    def __str__(self) -> str:
        return f'\n"""\n{self.args[0]}"""'


@dataclass
class _Worker:
    """What the caller knows of a rank."""

    connection: Connection | None = None
    pid: int | None = None
    host: str = ""
    waited: float = 0.0
    step: int | None = None
    done: bool = False


def run_workers(job: Job, folder: Path, listener: Listener) -> Any:
    """Run workers on this machine; return what rank 0 gives.

    Parameters
    ----------
    job : Job
    folder : Path
        The run's scratch folder, see ``scratch_folder()``; where this process is killed, it is
        removed all the same.
    listener : Listener

    Raises
    ------
    WorkerError
        If a worker was killed, also after all restarts, gave no sign of life, or none could be
        started.
    Exception
        What a worker raised.
    """
    with without_pipe_signals(), ExitStack() as stack:
        with _about_start():
            reach_loopback()
            inbox = stack.enter_context(closing(Inbox(folder)))
            file = write_job(job, folder, inbox.address, inbox.key)
            agent = stack.enter_context(_agent(file))
        return _Run(job, folder, inbox, agent, listener).follow()


@contextmanager
def _about_start() -> Iterator[None]:
    """Have a full disk, or a system that starts no process or thread, be an error of our own."""
    try:
        yield
    except (OSError, RuntimeError) as problem:
        what = f"could not be started: {problem}"
        raise WorkerError(None, platform.node(), what) from problem


@contextmanager
def _agent(file: JobFile) -> "Iterator[subprocess.Popen[bytes]]":
    command = [python_executable(), *python_arguments(_AGENT, str(file.path))]
    with (file.folder / "agent.log").open("wb") as log:
        agent = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=process_environment(),
            cwd=_usable_folder(file.folder),
            start_new_session=True,
        )
    try:
        yield agent
    finally:
        _end(agent)


def _usable_folder(other: Path) -> Path | None:
    """Return a folder to start in where the present one is gone: PyTorch does not load there."""
    try:
        os.getcwd()  # noqa: PTH109 - what libraries call
    except OSError:
        return other
    return None


def _end(agent: "subprocess.Popen[bytes]") -> None:
    """End the agent, and with it the workers, if it has not ended."""
    try:
        with suppress(OSError, subprocess.TimeoutExpired):  # it has ended, or is stopped
            agent.communicate(END, timeout=_GRACE)
    finally:  # also where Ctrl-C came once more
        with suppress(OSError):
            agent.kill()
        agent.wait()


class _Run:
    """One run, from the agent's start to its end."""

    def __init__(
        self,
        job: Job,
        folder: Path,
        inbox: Inbox,
        agent: "subprocess.Popen[bytes]",
        listener: Listener,
    ) -> None:
        self._job, self._folder, self._inbox = job, folder, inbox
        self._agent, self._listener = agent, listener
        self._workers = [_Worker() for _ in range(job.workers)]
        self._ranks: dict[Connection, int] = {}
        self._has_result, self._result, self._told = False, None, False
        self._restarts = 0
        self._lost: int | None = None  # the rank that the others lost first
        self._last, self._stuck = time.monotonic(), 0.0

    def follow(self) -> Any:
        """Stay with the run to its end; return the result."""
        try:
            while self._agent.poll() is None and not all(each.done for each in self._workers):
                self._take(self._inbox.get(_POLL))
                self._pass_on_stop()
                self._refuse_silence()
            while (message := self._inbox.get(_POLL)) is not None:
                self._take(message)
        except BaseException:
            self._kill_stopped()
            raise
        if not self._has_result:
            raise self._failure()
        return self._result

    def _take(self, received: tuple[Connection, Any] | None) -> None:
        if received is None:
            return
        connection, message = received
        if message is None:
            self._lose(connection)
            return
        kind, *values = message
        if kind == "hello":
            self._welcome(connection, *values)
            return
        worker = self._workers[self._ranks[connection]]
        if worker.connection is not connection:  # one that was ended since
            return
        worker.waited = 0.0
        getattr(self, f"_on_{kind}")(worker, *values)

    def _welcome(
        self, connection: Connection, rank: int, pid: int, host: str, restarts: int
    ) -> None:
        self._ranks[connection] = rank
        self._workers[rank] = _Worker(connection, pid, host)
        self._told = self._told and rank != 0
        self._stuck = 0.0
        if restarts > self._restarts:
            self._restarts = restarts
            self._listener.restarted(self._lost)
            self._lost = None

    def _lose(self, connection: Connection) -> None:
        rank = self._ranks.pop(connection, None)
        if rank is not None and self._workers[rank].connection is connection:
            worker = self._workers[rank]
            if not worker.done and self._lost is None:
                self._lost = rank
            self._workers[rank] = _Worker(done=worker.done, host=worker.host)

    def _on_beat(self, worker: _Worker, step: int | None) -> None:
        if step is None or step != worker.step:
            self._stuck = 0.0
        worker.step = step

    def _on_epoch(self, worker: _Worker, epoch: int, loss: float) -> None:
        self._listener.epoch(epoch, loss)

    def _on_ask(self, worker: _Worker, *question: Any) -> None:
        answer = self._listener.answer(*question)
        self._pass_on_stop()  # it may have come meanwhile, and holds from this question on
        self._send(worker, "answer", answer)

    def _on_keep(self, worker: _Worker, value: Any) -> None:
        self._listener.keep(value)

    def _on_warning(self, worker: _Worker, category: type[Warning], message: str) -> None:
        warn_user(message, category)

    def _on_done(self, worker: _Worker, result: Any) -> None:
        worker.done = True
        if worker is self._workers[0]:
            self._has_result, self._result = True, result

    def _on_error(
        self, worker: _Worker, data: bytes | None, stand_in: WorkerError, trace: str
    ) -> None:
        problem: Exception = stand_in
        if data is not None:
            with suppress(Exception):
                problem = pickle.loads(data)
        raise problem from _RemoteTraceback(trace)

    @staticmethod
    def _send(worker: _Worker, *message: Any) -> None:
        if worker.connection is not None:
            with suppress(OSError):  # it died; its successor asks again
                worker.connection.send(message)

    def _pass_on_stop(self) -> None:
        first = self._workers[0]
        if not self._told and first.connection is not None and self._listener.stops:
            self._told = True
            self._send(first, "stop")

    def _refuse_silence(self) -> None:
        """Give up a worker that has not been heard of for too long.

        Time that this process itself did not run, stopped or asleep with the whole machine,
        does not count.
        """
        now = time.monotonic()
        passed, self._last = min(now - self._last, 5 * _POLL), now
        self._refuse_standstill(passed)
        for rank, worker in enumerate(self._workers):
            worker.waited += 0.0 if worker.done else passed
            is_there = worker.connection is not None
            limit = self._job.silence if is_there else self._job.start
            if worker.waited > limit:
                what = "gave no sign of life" if is_there else "did not start"
                host = worker.host or platform.node()
                raise WorkerError(rank, host, f"{what} for {limit:g} seconds")

    def _refuse_standstill(self, passed: float) -> None:
        """Give up where workers live, but none has gone on: one keeps the others waiting."""
        at_work = [rank for rank, worker in enumerate(self._workers) if not worker.done]
        self._stuck += passed
        if self._stuck <= self._job.silence or not at_work:
            return
        steps = {rank: self._workers[rank].step for rank in at_work}
        if any(step is None for step in steps.values()):  # they do not tell
            self._stuck = 0.0
            return
        behind = min(steps, key=lambda rank: (steps[rank] or 0, rank))
        what = f"has not gone on for {self._job.silence:g} seconds"
        if len(set(steps.values())) > 1:
            what += ", and the others wait for it"
        raise WorkerError(behind, self._workers[behind].host, what)

    def _kill_stopped(self) -> None:
        """Kill workers at once: what stopped one may keep it from ending by itself."""
        for worker in self._workers:
            if worker.pid is not None and os.name != "nt":
                with suppress(OSError):
                    os.kill(worker.pid, signal.SIGKILL)

    def _failure(self) -> WorkerError:
        """Say why the agent has ended without a result."""
        host = platform.node()
        try:
            report = json.loads((self._folder / REPORT).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            log = (self._folder / "agent.log").read_text(encoding="utf-8", errors="replace")
            if self._agent.returncode == DIFFERS:
                return WorkerError(None, host, f"have {log.strip().splitlines()[-1]}, {_ADVICE}")
            how = f"lost the process that had started them, which {_end_of(self._agent.returncode)}"
            return WorkerError(None, host, how, log.strip()[-_TAIL:])
        if "problem" in report:
            return WorkerError(None, host, "could not be started", report["problem"].strip())
        rank, status = min(report["failed"].items(), key=_precedence)
        times = self._job.max_restarts
        again = f", after {times} restart{'s' if times > 1 else ''}" if times else ""
        return WorkerError(int(rank), host, _end_of(status) + again, report["tails"][rank])


def _precedence(failed: tuple[str, int]) -> tuple[int, int]:
    """Order the failed ones: first those that another one's end does not explain."""
    rank, status = failed
    by_others = status in (LOST, -signal.SIGTERM)
    return 2 if by_others else int(status >= 0), int(rank)


def _end_of(status: int) -> str:
    if status >= 0:
        return f"ended with exit status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    why = ", as the system does where memory runs out" if name == "SIGKILL" else ""
    return f"was killed by {name}{why}"

"""The agent: starts the workers by ``torchrun``'s own means, and starts them anew.

A process of its own, so that neither its handlers of signals nor its messages come into the
caller's, and Ctrl-C reaches the caller alone.
"""

import json
import os
import shutil
import signal
import sys
import threading
import time
import traceback
from dataclasses import fields
from typing import Any

from pytwolayer.launching.job_file import DIFFERS, JobFile, read_job
from pytwolayer.launching.lifeline import is_orphan, when_orphaned
from pytwolayer.launching.loopback import ADDRESS
from pytwolayer.launching.python_process import python_arguments
from pytwolayer.launching.usual_signals import restore_signals

REPORT, LOGS = "report.json", "logs"
END = b"end\n"  # what the caller says where it ends the run itself
LOST = 75  # exit status of a worker that lost another one
_GRACE = 3  # seconds from SIGTERM to SIGKILL
_LAST = 15.0  # seconds for a regular end
_TAIL = 2_000  # characters of a worker's output


class _Watch:
    """Ends this process when the caller says so, or has died."""

    def __init__(self, caller: int) -> None:
        self._caller, self._closed, self._once = caller, False, threading.Lock()
        self._pipe = os.dup(0)  # workers inherit the number 0
        with open(os.devnull, "rb") as nothing:  # noqa: PTH123
            os.dup2(nothing.fileno(), 0)
        signal.signal(signal.SIGTERM, _exit)
        threading.Thread(target=self._wait, daemon=True).start()
        # The other end of the pipe may be open in another child of the caller's, too.
        when_orphaned(caller, self._end)

    @property
    def is_orphan(self) -> bool:
        """Whether the caller has died, so that nobody else clears up."""
        return self._closed or is_orphan(self._caller)

    def _wait(self) -> None:
        said = b""
        while part := os.read(self._pipe, 64):  # until the other end is closed
            said += part
        self._closed = said != END
        self._end()

    def _end(self) -> None:
        if not self._once.acquire(blocking=False):  # a second signal would disturb the first's end
            return
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_LAST)
        os._exit(1)  # the workers notice it


def _exit(number: int, frame: Any) -> None:
    raise SystemExit(1)


def main(path: str) -> int:
    """Run the workers of a job file; return the exit status."""
    restore_signals()
    file = read_job(path)
    watch = _Watch(file.caller)
    try:
        return _launch(file) if _has_the_same_torch(file) else DIFFERS
    except Exception:  # noqa: BLE001 - the caller reports it
        _report(file, {"problem": traceback.format_exc()})
        return 1
    finally:
        if watch.is_orphan:
            shutil.rmtree(file.folder, ignore_errors=True)


def _has_the_same_torch(file: JobFile) -> bool:
    # Loading it takes a second, in which the caller may want to end the run.
    from torch import __version__ as version

    if version != file.torch:
        sys.stderr.write(f"PyTorch {version} and this process {file.torch}")
    return bool(version == file.torch)


def _launch(file: JobFile) -> int:
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, Std
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    options: dict[str, Any] = {
        "min_nodes": 1,
        "max_nodes": 1,
        "nproc_per_node": file.job.workers,
        "run_id": file.folder.name,
        "rdzv_backend": "c10d",
        "rdzv_endpoint": f"{ADDRESS}:0",
        "local_addr": ADDRESS,
        "max_restarts": file.job.max_restarts,
        "monitor_interval": 0.1,
        "logs_specs": DefaultLogsSpecs(str(file.folder / LOGS), redirects=Std.ALL),
        "shutdown_timeout": _GRACE,
    }
    known = {field.name for field in fields(LaunchConfig)}  # earlier versions have fewer
    config = LaunchConfig(**{name: options[name] for name in options.keys() & known})
    arguments = python_arguments(file.job.module, str(file.path))
    try:
        elastic_launch(config, sys.executable)(*arguments)
    except ChildFailedError as problem:
        failed = {rank: int(each.exitcode) for rank, each in problem.failures.items()}
        _report(file, {"failed": failed, "tails": {rank: _tail(file, rank) for rank in failed}})
        return 1
    return 0


def _report(file: JobFile, content: dict[str, Any]) -> None:
    (file.folder / REPORT).write_text(json.dumps(content), encoding="utf-8")


def _tail(file: JobFile, rank: int) -> str:
    """Return the end of what a worker last said."""
    for stream in ("stderr.log", "stdout.log"):
        found = sorted((file.folder / LOGS).glob(f"*/attempt_*/{rank}/{stream}"), key=_age)
        text = found[-1].read_text(encoding="utf-8", errors="replace").strip() if found else ""
        if text:
            return text[-_TAIL:]
    return ""


def _age(path: Any) -> tuple[int, str]:
    attempt = path.parent.parent.name
    return len(attempt), attempt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

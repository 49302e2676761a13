"""The memory of a process, measured from outside, and a limit for it."""

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MB = 1e6
_GROUPS = Path("/sys/fs/cgroup")
_EVERY = 0.02  # seconds


def status(pid: int | str, name: str) -> float:
    """Return a line of a process's status, such as RssAnon, in MB; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    found = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return int(found[0]) * 1024 / MB if found else 0.0


class Sampler:
    """Samples the anonymous memory of a process until it is stopped."""

    def __init__(self, pid: int) -> None:
        self._pid, self.peak = pid, 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def _sample(self) -> None:
        while not self._ended.is_set():
            self.peak = max(self.peak, status(self._pid, "RssAnon"))
            time.sleep(_EVERY)

    def stop(self) -> float:
        """Stop, and return the peak in MB."""
        self._ended.set()
        self._thread.join()
        return self.peak


@contextmanager
def limited(pid: int, megabytes: float) -> Iterator[Path | None]:
    """Allow a process that has just started so much memory; None where no group can be made.

    Pages of files that it reads and writes are among it.
    """
    is_old = (_GROUPS / "memory").is_dir()
    group = (_GROUPS / "memory" if is_old else _GROUPS) / f"pytwolayer-{pid}"
    limit = "memory.limit_in_bytes" if is_old else "memory.max"
    try:
        group.mkdir()
        (group / limit).write_text(str(int(megabytes * MB)))
        (group / "cgroup.procs").write_text(str(pid))
    except OSError as problem:
        print(f"  no limit can be set here: {problem}", flush=True)
        yield None
        return
    try:
        yield group
    finally:
        for _ in range(50):
            try:
                group.rmdir()
            except OSError:  # the process is about to end
                time.sleep(0.1)
            else:
                break


def ready(worker: subprocess.Popen[str]) -> None:
    """Wait until a worker says that it has its data."""
    assert worker.stdout is not None
    while (line := worker.stdout.readline()).strip() != "ready":
        if not line:
            raise RuntimeError("the worker has ended")


def go(worker: subprocess.Popen[str]) -> dict[str, float]:
    """Let a worker begin, and return what it prints."""
    out, _ = worker.communicate("go\n")
    if worker.returncode:
        raise RuntimeError(f"the worker ended with {worker.returncode}")
    pairs = [line.split() for line in out.splitlines()]
    return {pair[0]: float(pair[1]) for pair in pairs if len(pair) == 2}

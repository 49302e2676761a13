"""Code of R, each in a process of its own that forks.R forks: sooner there than a new Rscript."""

import atexit
import fcntl
import json
import os
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

from pytwolayer.r_interop.r_process import RError, rscript

FORKS = Path(__file__).parent / "forks.R"
# What R and its BLAS read when they start: each of these has an R of its own that forks.
FROM_THE_START = ("R_LIBS", "LC_ALL", "LANG", "TZ", "OMP_NUM_THREADS", "OMP_WAIT_POLICY")


class Forks:
    """An R that forks one child after another, and the files with what a child printed."""

    def __init__(self, environment: dict[str, str], merged: bool) -> None:
        self._environment = environment
        self._printed = [appended() for _ in range(1 if merged else 2)]
        answers, answer = os.pipe()
        self._process = subprocess.Popen(
            [rscript(), str(FORKS), str(answer)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=self._printed[0],
            stderr=self._printed[-1],
            encoding="utf-8",
            pass_fds=[answer],
            start_new_session=True,
        )
        os.close(answer)
        self._answers = os.fdopen(answers, encoding="utf-8")
        atexit.register(self._process.communicate)

    def ask(self, call: dict[str, object], seconds: int) -> str:
        """Have a child run code; give how it ended, which is nothing if all had to be killed."""
        for file in self._printed:
            file.truncate(0)
        too_long = threading.Timer(seconds, os.killpg, [self._process.pid, signal.SIGKILL])
        too_long.start()
        try:
            self._process.stdin.write(json.dumps(call) + "\n")
            self._process.stdin.flush()
            return self._answers.readline().strip()
        finally:
            too_long.cancel()

    def changed(self, environment: dict[str, str]) -> dict[str, object]:
        """Give what a child has to change to have this environment."""
        before = self._environment
        return {
            "unset": [name for name in before if name not in environment],
            "set": {n: value for n, value in environment.items() if before.get(n) != value},
        }

    def printed(self) -> list[str]:
        """Give what the last child wrote to its output and, if it is apart, to its errors."""
        size = [os.fstat(file.fileno()).st_size for file in self._printed]
        pairs = zip(self._printed, size, strict=True)
        return [os.pread(file.fileno(), size, 0).decode("utf-8") for file, size in pairs]


def appended():
    """Give a file without a name that is only written at its end, wherever that is."""
    file = tempfile.TemporaryFile()  # noqa: SIM115
    fcntl.fcntl(file, fcntl.F_SETFL, os.O_APPEND)
    return file


_forks: dict[tuple[object, ...], Forks] = {}


def fork_r(
    code: str,
    *arguments: str,
    environment: dict[str, str],
    folder: Path | None = None,
    merged: bool = False,
    seconds: int = 900,
) -> str:
    """Run code of R; give what it printed.

    If `merged`, that is on either stream, and an error of R's is no error.
    """
    key = (merged, *(environment.get(name) for name in FROM_THE_START))
    if key not in _forks:
        _forks[key] = Forks(environment, merged)
    forks = _forks[key]
    call = {"code": code, "arguments": arguments, "folder": str(folder or Path.cwd())}
    ended = forks.ask(call | forks.changed(environment), seconds)
    printed = forks.printed()
    if ended not in ("well", "badly"):
        del _forks[key]
        raise RError(f"R ended {ended or 'with all of its children'}: {printed[-1][-2000:]}")
    if ended == "badly" and not merged:
        raise RError(f"R failed:\n{printed[-1].strip()[-2000:]}")
    return printed[0]

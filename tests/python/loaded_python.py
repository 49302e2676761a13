"""Processes of their own that need not load PyTorch and the package: forks of one that has.

Loading takes seconds of a processor in each new process, which is for tests of the loading itself
to pay. What is forked here has imported, and computed nothing; it gets an environment, a folder
and a main module of its own. At its end what is registered for it is done, but no memory is freed
object by object, as in the children of ``multiprocessing``.
"""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types
from functools import cache
from pathlib import Path
from typing import Any

# A limit for what hangs, in seconds; what is only slow, on a busy machine, is let go on.
HANGS = 900
ROOT = Path(__file__).resolve().parents[2]
can_fork = sys.platform == "linux"  # elsewhere libraries start threads as they are loaded


# In the test


@cache
def _loaded() -> subprocess.Popen[str]:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "python")])
    server = subprocess.Popen(
        [sys.executable, __file__],
        env=os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(_end, server, os.getpid())
    return server


def _end(server: subprocess.Popen[str], owner: int) -> None:
    if os.getpid() == owner:  # not in a forked child
        server.communicate()


def _ask(request: Any) -> Any:
    server = _loaded()
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(json.dumps(request) + "\n")
    server.stdin.flush()
    return json.loads(server.stdout.readline())


def run_loaded(
    code: str, *arguments: str, environments: list[dict[str, str]], name: str = "-c"
) -> list[subprocess.CompletedProcess[str]]:
    """Run lines of Python to their end in a process for each environment, all at once.

    When one has failed, the others are ended.
    """
    with tempfile.TemporaryDirectory() as folder:
        tasks = [
            {
                "code": code,
                "arguments": [name, *arguments],
                "environment": os.environ | environment,
                "folder": str(Path.cwd()),
                "said": [f"{folder}/{number}.out", f"{folder}/{number}.err"],
            }
            for number, environment in enumerate(environments)
        ]
        statuses = _ask(tasks)
        said = [[Path(each).read_text(encoding="utf-8") for each in t["said"]] for t in tasks]
    return [
        subprocess.CompletedProcess([name, *arguments], status, *texts)
        for status, texts in zip(statuses, said, strict=True)
    ]


def as_launched(size: int) -> list[dict[str, str]]:
    """Return what launchers have in the environment of each of so many processes."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
    meeting |= {"WORLD_SIZE": str(size), "LOCAL_WORLD_SIZE": str(size)}
    return [{**meeting, "RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(size)]


# In the process that is forked


def _load() -> None:
    import pandas  # noqa: F401

    import pytwolayer

    for name in pytwolayer.__all__:
        getattr(pytwolayer, name)
    import pytwolayer.distributed


def _serve() -> dict[str, Any] | None:
    """Run what is asked for until nobody asks; return a task in the process that is to do it."""
    rest = b""
    while True:
        while b"\n" not in rest:
            more = os.read(0, 2**16)
            if not more:
                return None
            rest += more
        line, rest = rest.split(b"\n", 1)
        children = []
        for task in json.loads(line):
            child = os.fork()
            if child == 0:
                return task  # type: ignore[no-any-return]
            children.append(child)
        os.write(1, json.dumps(_statuses(children)).encode() + b"\n")


def _statuses(children: list[int]) -> list[int]:
    end, found = time.monotonic() + HANGS, dict[int, int]()
    while len(found) < len(children):
        for child in set(children) - set(found):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                found[child] = os.waitstatus_to_exitcode(status)
        if any(found.values()) or time.monotonic() > end:
            for child in set(children) - set(found):
                os.kill(child, signal.SIGKILL)
        time.sleep(0.005)
    return [found[child] for child in children]


def _become(task: dict[str, Any]) -> types.ModuleType:
    """Be a process that was started for the task; return its main module."""
    for stream, path in enumerate(["/dev/null", *task["said"]]):
        flags = os.O_RDONLY if stream == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND
        file = os.open(path, flags, 0o600)
        os.dup2(file, stream)
        os.close(file)
    os.environ.clear()
    os.environ.update(task["environment"])
    os.chdir(task["folder"])
    sys.argv = task["arguments"]
    tempfile.tempdir = None
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    return main


def _run(task: dict[str, Any]) -> int:
    """Do it as a main module; return the exit status."""
    main = _become(task)
    try:
        exec(compile(task["code"], task["arguments"][0], "exec"), main.__dict__)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:  # noqa: BLE001
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def _leave(status: int) -> None:
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    _load()
    todo = _serve()
    if todo is not None:
        _leave(_run(todo))

"""Sessions of R, Python and the shell in which the examples of pages run."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from website.blocks import Example, Result
from website.needs import missing_packages

HERE = Path(__file__).resolve().parent


class ExampleError(Exception):
    """An example failed, or did not draw the picture that the page shows."""


class Session:
    """A process that runs examples of one language, page after page; it starts when needed."""

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        self._command = command
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None

    def tell(self, *words: str) -> bool:
        """Give the process a command; True if it did it."""
        if self._process is None:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                env=dict(self._environment),
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\t".join(words) + "\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.strip() in ("done", "failed"):
                return line.strip() == "done"
        raise ExampleError(f"{self._command[0]} died")

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait()


class Sessions:
    """The sessions of all languages, and the folder of the page that runs in them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._of = {
            "r": Session(["Rscript", str(HERE / "worker.R")], environment),
            "python": Session(
                [environment["RETICULATE_PYTHON"], str(HERE / "worker.py")], environment
            ),
        }
        self._place = Path()
        self._begun: set[str] = set()
        self._count = 0
        self._missing: dict[tuple[str, ...], list[str]] = {}

    def missing(self, language: str, names: Sequence[str]) -> list[str]:
        """Give those of the packages that examples of the language do not find."""
        asked = (language, *names)
        if asked not in self._missing:
            self._missing[asked] = missing_packages(self._environment, language, names)
        return self._missing[asked]

    def begin(self, folder: Path) -> None:
        """Begin a page, whose examples run in the folder."""
        self._place = folder
        self._begun = set()

    def run(self, example: Example, scratch: Path) -> tuple[Result, list[bytes]]:
        """Run an example; give what it printed, and the pictures that the page shows after it."""
        self._count += 1
        file = scratch / f"{self._count}.{example.language}"
        file.write_text(example.code, encoding="utf-8")
        before = _pictures(self._place)
        good = self._run_shell(file) if example.language == "sh" else self._tell(example, file)
        output = Path(f"{file}.out").read_text(encoding="utf-8")
        if not good:
            raise ExampleError(f"this failed:\n{example.code}\n{output}")
        drawn = _drawn(file, before, _pictures(self._place))
        wanted = len(example.pictures)
        if len(drawn) < wanted:
            raise ExampleError(f"the page shows more pictures than this drew:\n{example.code}")
        pictures = [picture.read_bytes() for picture in drawn[len(drawn) - wanted :]]
        if example.inline:
            return Result(output, ""), pictures
        return Result(example.code, output), pictures

    def close(self) -> None:
        """End all processes."""
        for session in self._of.values():
            session.close()

    def _tell(self, example: Example, file: Path) -> bool:
        session = self._of[example.language]
        if example.language not in self._begun:
            session.tell("page", str(self._place))
            self._begun.add(example.language)
        return session.tell("example", str(file), "inline" if example.inline else "apart")

    def _run_shell(self, file: Path) -> bool:
        ran = subprocess.run(
            ["bash", "-e", str(file)],
            cwd=self._place,
            env=dict(self._environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        Path(f"{file}.out").write_text(ran.stdout, encoding="utf-8")
        return ran.returncode == 0


def _pictures(folder: Path) -> dict[Path, int]:
    return {file: file.stat().st_mtime_ns for file in folder.rglob("*.png")}


def _drawn(file: Path, before: dict[Path, int], after: dict[Path, int]) -> list[Path]:
    """Give what R's device drew, or else the new files of pictures in the page's folder."""
    pages = sorted(file.parent.glob(f"{file.name}-*.png"))
    new = [picture for picture in after if after[picture] != before.get(picture)]
    return pages or sorted(new, key=after.__getitem__)


def environment_of(root: Path) -> dict[str, str]:
    """Give the environment in which the examples find the checkout's R package and Python."""
    python = root / ".venv" / "bin"
    return {
        **os.environ,
        "LC_ALL": "C.UTF-8",
        "PATH": f"{python}{os.pathsep}{os.environ['PATH']}",
        "R_LIBS": str(root / ".rlib"),
        "RETICULATE_PYTHON": str(python / "python"),
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": "1",  # others keep the cores busy
        "PYTHONPATH": "",
        "TZ": "UTC",  # without it R asks the system, and warns where that does not know
        "COLUMNS": "90",
    }


@contextmanager
def folder_of(data: Path | None) -> Iterator[Path]:
    """Make a folder for the examples of a page, with copies of the data that guides start from."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made).resolve()
        if data is not None:
            for file in data.iterdir():
                shutil.copy(file, folder)
        yield folder

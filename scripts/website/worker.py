"""Runs the Python examples of pages.

Standard input has one command a line, its words parted by tabs: ``page FOLDER`` begins a new page
in that folder, ``example FILE STYLE`` runs FILE. After each a line with "done" or "failed" is
written. What an example printed is written into FILE.out.
"""

import contextlib
import io
import os
import sys
import traceback
import types
import warnings
from pathlib import Path


def _say(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    print(f"{category.__name__}: {message}")


def _run(file: Path, session: dict[str, object]) -> str:
    output = io.StringIO()
    answer = "done"
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        try:
            exec(compile(file.read_text(encoding="utf-8"), "page", "exec"), session)
        except BaseException:  # noqa: BLE001
            traceback.print_exc(limit=-3)
            answer = "failed"
    lines = [line.rstrip() for line in output.getvalue().split("\n")]
    Path(f"{file}.out").write_text("\n".join(lines), encoding="utf-8")
    return answer


def main() -> None:
    """Run what the commands on standard input say."""
    warnings.showwarning = _say
    for command in sys.stdin:
        kind, *words = command.rstrip("\n").split("\t")
        answer = "done"
        if kind == "page":
            # A module of its own, so that what a page defines can be pickled.
            page = types.ModuleType("__main__")
            sys.modules["__main__"] = page
            os.chdir(words[0])
        else:
            answer = _run(Path(words[0]), page.__dict__)
        print(f"\n{answer}", flush=True)


main()

"""Run the Python examples of a page of the documents, and write what they print beneath them.

``python scripts/pages.py docs/python.md`` brings the page up to date. The examples of a page
run one after the other in one session, in a folder of their own.
"""

import contextlib
import io
import os
import re
import sys
import tempfile
from pathlib import Path

EXAMPLE = re.compile(r"^```python\n(.*?)^```\n(\n```\n.*?^```\n)?", re.DOTALL | re.MULTILINE)


def run(page: str) -> list[str]:
    """Run the examples of a page; give what each printed."""
    session: dict[str, object] = {"__name__": "page"}
    printed = []
    for example in EXAMPLE.finditer(page):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(compile(example[1], "page", "exec"), session)
        printed.append(output.getvalue())
    return printed


def filled(page: str, printed: list[str]) -> str:
    """Give the page with what its examples printed."""
    outputs = iter(printed)

    def with_output(example: re.Match[str]) -> str:
        output = next(outputs)
        shown = f"\n```\n{output}```\n" if output else ""
        return f"```python\n{example[1]}```\n{shown}"

    return EXAMPLE.sub(with_output, page)


def main(files: list[str]) -> None:
    """Bring pages up to date."""
    for file in [Path(name).resolve() for name in files]:
        page = file.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            printed = run(page)
        file.write_text(filled(page, printed), encoding="utf-8")
        print(f"{os.path.relpath(file)}: {len(printed)} examples")


if __name__ == "__main__":
    main(sys.argv[1:])

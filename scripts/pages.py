"""Run the examples of a page of the documents, and write what they print beneath them.

``python scripts/pages.py docs/python.md`` brings the page up to date. The examples of a page
run one after the other in one session, in a folder of their own. Those of R are run too with
``--r``, with the installed package; their outputs are lines that begin with ``#>``.
"""

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

EXAMPLE = re.compile(r"^```python\n(.*?)^```\n(\n```\n.*?^```\n)?", re.DOTALL | re.MULTILINE)

EXAMPLE_OF_R = re.compile(r"^```r\n(.*?)^```\n", re.DOTALL | re.MULTILINE)


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


def filled_by_r(page: str, folder: Path) -> str:
    """Run the examples of R in a folder; give the page with what each line printed."""
    for number, example in enumerate(EXAMPLE_OF_R.finditer(page), 1):
        (folder / f"{number}.R").write_text(example[1], encoding="utf-8")
    script = Path(__file__).with_suffix(".R")
    subprocess.run(["Rscript", str(script), str(folder)], check=True)
    files = (folder / f"{number}.R" for number in range(1, len(list(folder.iterdir())) + 1))
    return EXAMPLE_OF_R.sub(lambda _: f"```r\n{next(files).read_text(encoding='utf-8')}```\n", page)


def main(files: list[str]) -> None:
    """Bring pages up to date."""
    for file in [Path(name).resolve() for name in files if name != "--r"]:
        page = file.read_text(encoding="utf-8")
        if "--r" in files:
            with tempfile.TemporaryDirectory() as folder:
                page = filled_by_r(page, Path(folder))
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            printed = run(page)
        file.write_text(filled(page, printed), encoding="utf-8")
        print(f"{os.path.relpath(file)}: {len(printed)} examples")


if __name__ == "__main__":
    main(sys.argv[1:])

"""The version is stated in pytwolayer/_version.py; every other file that names it agrees.

``python scripts/version.py`` prints the version, or which files name another. With ``--write``
those files are brought up to date. The heading of NEWS.md is written by a person.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATED = "pytwolayer/_version.py", r'^__version__ = "(.*)"$'
WRITTEN = {
    "DESCRIPTION": r"^Version: (.*)$",
    "CITATION.cff": r"^version: (.*)$",
    "conda/pytwolayer/recipe.yaml": r"^  version: (.*)$",
    "conda/r-pytwolayer/recipe.yaml": r"^  version: (.*)$",
}
BY_HAND = {"NEWS.md": r"\A# pytwolayer (.*)$"}


def read(file: str, pattern: str, root: Path = ROOT) -> str:
    """Give the version that a file names."""
    found = re.search(pattern, (root / file).read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else "none"


def write(file: str, pattern: str, version: str, root: Path = ROOT) -> None:
    """Put the version into a file."""
    path = root / file
    text = path.read_text(encoding="utf-8")
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        raise SystemExit(f"error: {file} has no line for the version")
    path.write_text(text[: found.start(1)] + version + text[found.end(1) :], encoding="utf-8")


def differing(root: Path = ROOT) -> dict[str, str]:
    """Give the files that name another version than the stated one, with what they name."""
    version = read(*STATED, root)
    named = {file: read(file, pattern, root) for file, pattern in (WRITTEN | BY_HAND).items()}
    return {file: other for file, other in named.items() if other != version}


def main(options: list[str]) -> None:
    """Print the version; with ``--write``, put it everywhere."""
    version = read(*STATED)
    if "--write" in options:
        for file, pattern in WRITTEN.items():
            write(file, pattern, version)
    if wrong := differing():
        told = "".join(f"\n  {file}: {other}" for file, other in wrong.items())
        raise SystemExit(
            f"error: {STATED[0]} states {version}, and these files another version:{told}\n"
            "  python scripts/version.py --write  mends all but NEWS.md"
        )
    print(version)


if __name__ == "__main__":
    main(sys.argv[1:])

"""Print the first example of a page in a language: ``first_example.py README.md python``."""

import re
import sys
from pathlib import Path


def first_example(page: str, language: str) -> str:
    """Give the first block of code of a page that is in the language."""
    found = re.search(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    if found is None:
        raise SystemExit(f"error: the page has no example in {language}")
    return found[1]


if __name__ == "__main__":
    print(first_example(Path(sys.argv[1]).read_text(encoding="utf-8"), sys.argv[2]), end="")

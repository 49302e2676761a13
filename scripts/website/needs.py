"""Examples that need packages which no set-up of this project brings.

An example after ``<!-- needs the R packages: NAMES -->``, or ``the Python packages``, runs where
all of them are installed. Elsewhere it is shown only, and the site says what was missing.
"""

import re
import subprocess
from collections.abc import Callable, Mapping, Sequence

Missing = Callable[[str, Sequence[str]], list[str]]

NEEDS = re.compile(
    r"^<!-- needs the (?P<language>R|Python) packages?: (?P<names>[^\n]+?) -->\n\n?", re.MULTILINE
)

_R = (
    "cat(Filter(function(name) !nzchar(system.file(package = name)), commandArgs(TRUE)), "
    "sep = '\\n')"
)
_PYTHON = (
    "import importlib.util, sys; "
    "print(*[name for name in sys.argv[1:] if importlib.util.find_spec(name) is None], sep='\\n')"
)


def missing_packages(
    environment: Mapping[str, str], language: str, names: Sequence[str]
) -> list[str]:
    """Give those of the packages that the examples' R or Python does not have."""
    interpreter = {
        "R": ["Rscript", "-e", _R],
        "Python": [environment["RETICULATE_PYTHON"], "-c", _PYTHON],
    }[language]
    ran = subprocess.run(
        [*interpreter, *names], env=dict(environment), stdout=subprocess.PIPE, text=True, check=True
    )
    return ran.stdout.split()


def with_reasons(page: str, missing: Missing) -> str:
    """Mark the examples as not run, with the reason, whose packages are missing."""

    def marked(needs: re.Match[str]) -> str:
        lacking = missing(needs["language"], re.split(r",\s*", needs["names"]))
        if not lacking:
            return ""
        plural = "s" if len(lacking) > 1 else ""
        words = f"the {needs['language']} package{plural} {' and '.join(lacking)}"
        return f"<!-- not run: it needs {words}, not installed where this was built -->\n"

    return NEEDS.sub(marked, page)

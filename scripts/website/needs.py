"""Examples that need packages which no set-up of this project brings.

An example after ``<!-- needs the R packages: NAMES -->``, or ``the Python packages``, runs where
all of them are installed. Elsewhere it is shown only, and the site says what was missing. Of a
package of R ``NAME (>= VERSION)`` says which will do.
"""

import re
import subprocess
from collections.abc import Callable, Mapping, Sequence

Missing = Callable[[str, Sequence[str]], list[str]]

NEEDS = re.compile(
    r"^<!-- needs the (?P<language>R|Python) packages?: (?P<names>[^\n]+?) -->\n\n?", re.MULTILINE
)

_R = """
lacks <- function(need) {
  words <- strsplit(need, "[ ()]+")[[1]]
  if (!nzchar(system.file(package = words[[1]]))) return(TRUE)
  length(words) > 1 && packageVersion(words[[1]]) < words[[3]]
}
cat(Filter(lacks, commandArgs(TRUE)), sep = "\\n")
"""
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
    return [name for name in ran.stdout.splitlines() if name]


def with_reasons(page: str, missing: Missing) -> str:
    """Mark the examples as not run, with the reason, whose packages are missing."""

    def marked(needs: re.Match[str]) -> str:
        lacking = missing(needs["language"], re.split(r",\s*", needs["names"]))
        if not lacking:
            return ""
        *others, last = lacking
        listed = f"s {', '.join(others)} and {last} are" if others else f" {last} is"
        return f"<!-- not run: the {needs['language']} package{listed} not installed there -->\n"

    return NEEDS.sub(marked, page)

"""The R package's files share one namespace."""

import re
from collections import Counter
from pathlib import Path

SOURCES = Path(__file__).parents[3] / "R"


def test_no_function_of_the_r_package_is_defined_twice():
    defined = Counter(
        name
        for file in SOURCES.glob("*.R")
        for name in re.findall(r"^([A-Za-z][\w.]*) <- function\(", file.read_text(), re.MULTILINE)
    )
    assert defined
    assert [name for name, times in defined.items() if times > 1] == []

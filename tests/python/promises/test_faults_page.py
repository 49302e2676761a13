"""The page of faults names a test for each, and each of these is there."""

import re

import pytest

from conftest import ROOT

PAGE = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
ROWS = [row for row in re.findall(r"^\|.*\|$", PAGE, re.MULTILINE) if "`" in row]
CODE = "\n".join(
    file.read_text(encoding="utf-8")
    for ending in ("py", "R")
    for file in (ROOT / "tests").rglob(f"*.{ending}")
)


def names_in(row: str) -> list[str]:
    return re.findall(r"`([^`]+)`", row.rstrip("|").rpartition("|")[2])


def test_the_page_has_rows():
    assert len(ROWS) > 20


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2:40])
def test_every_fault_has_a_test(row):
    assert names_in(row)
    for name in names_in(row):
        assert f"def {name}(" in CODE or f'test_that("{name}"' in CODE, name

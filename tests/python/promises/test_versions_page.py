"""docs/versions.md: the bounds that it names are those of the packages, and its rows are kept."""

import re
import sys
import tomllib

from conftest import ROOT

sys.path.insert(0, str(ROOT / "scripts"))

from run_versions import HEAD, PAGE, with_row


def test_the_page_names_the_bounds_of_both_packages():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    bounds = dict(entry.split(">=") for entry in project["dependencies"])
    description = (ROOT / "DESCRIPTION").read_text(encoding="utf-8")
    r, reticulate = (
        re.search(rf"\b{name} \(>= ([\d.]+)\)", description)[1] for name in ("R", "reticulate")
    )
    said = (
        f"R {r.removesuffix('.0')}, reticulate {reticulate}, "
        f"Python {project['requires-python'].removeprefix('>=')}, PyTorch {bounds['torch']}, "
        f"NumPy {bounds['numpy']}, pandas {bounds['pandas']}, "
        f"safetensors {bounds['safetensors']} and scikit-learn {bounds['scikit-learn']}:"
    )
    assert said in PAGE.read_text(encoding="utf-8")


def test_a_row_is_added_or_replaces_that_of_the_same_versions():
    page = PAGE.read_text(encoding="utf-8")
    row = ["9.9", "9.9", "9.9", "9.9", "9.9", "9.9", "9.9", "8 passed, 8 failed", "not run", "x"]
    added = with_row(page, row)
    assert added.count(HEAD) == 1
    assert with_row(added, [*row[:7], "2 passed, 0 failed", *row[8:]]) == added.replace(
        "8 passed, 8 failed", "2 passed, 0 failed"
    )
    assert len(added.splitlines()) == len(page.splitlines()) + 1

"""The examples of R in the documents run, and the pages show an output where they print one."""

import importlib.util

import pytest

from conftest import ROOT

_spec = importlib.util.spec_from_file_location("pages", ROOT / "scripts" / "pages.py")
pages = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(pages)


@pytest.mark.parametrize("name", ["docs/outcomes.md"])
def test_the_examples_of_r_run_and_print_as_many_lines_as_the_page_shows(name, tmp_path):
    page = (ROOT / name).read_text(encoding="utf-8")
    shown = pages.filled_by_r(page, tmp_path).splitlines()
    ours = [line.startswith("#>") for line in page.splitlines()]
    assert [line.startswith("#>") for line in shown] == ours

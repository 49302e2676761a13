"""The examples in the documents run, and the pages show an output where they print one."""

import importlib.util

import pytest

from conftest import ROOT

_spec = importlib.util.spec_from_file_location("pages", ROOT / "scripts" / "pages.py")
pages = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(pages)


@pytest.mark.parametrize("name", ["docs/python.md", "docs/outcomes.md"])
def test_the_examples_of_a_page_run_and_print_as_many_lines_as_it_shows(
    name, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    page = (ROOT / name).read_text(encoding="utf-8")
    shown = pages.filled(page, pages.run(page)).splitlines()
    assert len(shown) == len(page.splitlines())

"""The examples of the documents run in both languages, and print what the pages show."""

import sys

import pytest

from conftest import ROOT

sys.path.insert(0, str(ROOT / "scripts"))

from website.blocks import differences
from website.running import run_file
from website.sessions import Sessions, environment_of

GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))
NAMES = ("deploying.md", "mistakes.md", "outcomes.md", "python.md", "site/index.md")
PAGES = [ROOT / "docs" / name for name in NAMES]
FOR_THE_SITE = "several-machines"  # its processes take long to start: `make site` runs it
FILES = {file.stem: file for file in GUIDES + PAGES if file.stem != FOR_THE_SITE}


@pytest.fixture(scope="module")
def sessions():
    made = Sessions(environment_of(ROOT))
    yield made
    made.close()


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_the_examples_of_a_page_run_and_print_what_it_shows(file, sessions):
    page = file.read_text(encoding="utf-8")
    assert differences(page, run_file(file, sessions).text) == []

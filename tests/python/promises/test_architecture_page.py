"""Every file, function, class and table that the pages for contributors name exists."""

import re

import pytest

from conftest import ROOT

PAGES = ["docs/architecture.md", "CONTRIBUTING.md"]
FILE_ENDS = ("py", "R", "sh", "md", "toml", "csv", "yaml")
MADE_HERE = {".venv", ".rlib", "man/", "dist/"}
# Of other packages: what users call, and pytest's file patterns.
OTHERS = {"NAMESPACE", "DESCRIPTION", "FILE", "NA", "ArgumentError"}


def in_code(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def sources():
    python = [*ROOT.glob("pytwolayer/**/*.py"), *ROOT.glob("tests/**/*.py")]
    r = [*ROOT.glob("R/*.R"), *ROOT.glob("tests/cross/answers.R")]
    return [file.read_text(encoding="utf-8") for file in [*python, *r]]


def is_defined(name, texts):
    defined = rf"^ *(def|class) {name}\b|^ *`?{name}(\.[a-z_.]+)?`? *(<-|=|: dict)"
    return any(re.search(defined, text, re.MULTILINE) for text in texts)


def is_there(path):
    if path in MADE_HERE:
        return True
    return any((place / path).exists() for place in (ROOT, ROOT / "pytwolayer"))


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_names_exists(page):
    ends = "|".join(FILE_ENDS)
    named = [
        path
        for code in in_code(page)
        if " " not in code
        for path in re.findall(rf"^(?:[\w.-]+/)*[\w.-]+\.(?:{ends})$|^(?:[\w.-]+/)+$", code)
    ]
    assert len(named) > 5
    assert [path for path in named if not is_there(path)] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_function_class_and_table_that_a_page_names_exists(page):
    texts = sources()
    named = set()
    for code in in_code(page):
        named |= set(re.findall(r"(\w+)\(\)$", code))
        named |= set(re.findall(r"^([A-Z]\w+)(?:\.\w+\(\))?$", code))
    assert len(named) > 2
    assert sorted(n for n in named - OTHERS if not is_defined(n, texts)) == []


def test_every_folder_of_the_core_is_in_the_picture():
    picture = (ROOT / "docs/architecture.md").read_text(encoding="utf-8").split("```")[1]
    folders = {file.parent.name for file in ROOT.glob("pytwolayer/*/__init__.py")}
    assert {name for name in folders if f'{name}["{name}/' not in picture} == set()


def test_top_level_files_stay_out_of_the_r_package_unless_they_belong_to_it():
    ignored = (ROOT / ".Rbuildignore").read_text(encoding="utf-8").splitlines()
    for name in ("CONTRIBUTING.md", ".editorconfig", ".pre-commit-config.yaml", ".github"):
        assert (ROOT / name).exists()
        assert any(re.search(pattern, name) for pattern in ignored), name

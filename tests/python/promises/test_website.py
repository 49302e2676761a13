"""What builds the documentation site finds what is wrong, and pages become what they should."""

import re
import sys

import pytest

from conftest import ROOT

sys.path.insert(0, str(ROOT / "scripts"))

from website.blocks import differences, find_examples
from website.links import broken_links
from website.needs import missing_packages, with_reasons
from website.running import run_page
from website.sessions import ExampleError, Sessions, environment_of
from website.tabs import OTHERS, with_links, with_tabs


@pytest.fixture(scope="module")
def sessions():
    made = Sessions(environment_of(ROOT))
    yield made
    made.close()


def python(code, output=""):
    return f"```python\n{code}\n```\n" + (f"\n```\n{output}\n```\n" if output else "")


def test_examples_of_a_page_run_in_one_session_and_their_output_is_written_after_them(sessions):
    page = f"# Page\n\n{python('x = 2')}\nThen\n\n{python('print(x + 1)', 'old')}"
    assert run_page(page, sessions).text == page.replace("old", "3")


def test_a_new_page_has_a_session_of_its_own(sessions):
    run_page(python("x = 2"), sessions)
    with pytest.raises(ExampleError, match="'x' is not defined"):
        run_page(python("print(x)"), sessions)


def test_the_shell_and_python_of_a_page_share_a_folder(sessions):
    page = "```sh\necho words > file\n```\n\n" + python("print(open('file').read(), end='')")
    assert run_page(page, sessions).text.endswith("```\nwords\n```\n")


def test_an_example_that_fails_is_an_error_with_its_code(sessions):
    with pytest.raises(ExampleError, match=r"(?s)1 / 0.*ZeroDivisionError"):
        run_page(python("1 / 0"), sessions)


def test_a_command_of_the_shell_that_fails_is_an_error(sessions):
    with pytest.raises(ExampleError, match="no-such-command"):
        run_page("```sh\nno-such-command\n```\n", sessions)


def test_a_picture_that_no_example_drew_is_an_error(sessions):
    with pytest.raises(ExampleError, match="more pictures"):
        run_page(python("1 + 1") + "\n![A curve.](curve.png)\n", sessions)


def test_what_an_example_drew_is_the_picture_after_it(sessions):
    code = "import pathlib\n_ = pathlib.Path('any.png').write_bytes(b'drawn')"
    page = python(code) + "\n![A curve.](curve.png)\n"
    assert run_page(page, sessions).pictures == {"curve.png": b"drawn"}


def test_an_example_that_is_marked_is_not_run(sessions):
    page = "<!-- not run: it needs two machines -->\n" + python("1 / 0")
    assert run_page(page, sessions).text == page


def test_an_example_that_needs_a_package_runs_where_it_is_installed(sessions):
    page = "<!-- needs the Python packages: json, csv -->\n\n" + python("print(1)", "old")
    assert run_page(page, sessions).text == page.replace("old", "1")


def test_an_example_that_needs_a_package_does_not_run_where_it_is_missing(sessions):
    page = "<!-- needs the Python packages: json, no_such -->\n\n" + python("1 / 0", "old")
    assert run_page(page, sessions).text == page


def test_the_site_says_which_packages_were_missing():
    page = "<!-- needs the R packages: DBI, RSQLite -->\n\n```r\n1\n```\n"
    shown = with_tabs(with_reasons(page, lambda language, names: names))
    words = "the R packages DBI and RSQLite are not installed there"
    assert f"This example is not run when this site is built: {words}." in shown
    assert "needs" not in with_tabs(with_reasons(page, lambda language, names: []))


def test_the_site_says_once_why_examples_in_a_row_are_not_run():
    skipped = "<!-- not run: it needs two machines -->\n\n" + python("1")
    shown = with_tabs(f"{skipped}\nWords.\n\n{skipped}\n{python('2')}\n{skipped}")
    row = "This example and the one after it are not run when this site is built: it needs two"
    assert shown.count("not run when") == 2
    assert shown.index(row) < shown.index("Words.") < shown.index("This example is not run")
    assert shown.count("```python") == 4


# What fences of pages may hold besides examples and what these print.
NO_EXAMPLES = {"text", "mermaid"}
PAGES = [*(ROOT / "docs").rglob("*.md"), *(ROOT / name for name in OTHERS)]


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_every_block_of_code_on_the_site_runs_or_says_why_not(file):
    page = file.read_text(encoding="utf-8")
    fences = re.findall(r"^[ >]*(?:`{3,}|~{3,}) *([\w.-]+|\{code[\w-]*\})", page, re.MULTILINE)
    code = [language for language in fences if language not in NO_EXAMPLES]
    assert [example.language for example in find_examples(page)] == code


@pytest.mark.parametrize(
    ("language", "here"), [("R", "reticulate"), ("Python", "torch"), ("Python", "json")]
)
def test_missing_packages_are_those_that_the_examples_do_not_find(language, here):
    environment = environment_of(ROOT)
    names = [here, "nosuch", "nosuchtwo"]
    assert missing_packages(environment, language, names) == ["nosuch", "nosuchtwo"]
    assert missing_packages(environment, language, [here]) == []


def test_a_package_of_r_may_be_too_old():
    needs = ["reticulate (>= 1.0)", "reticulate (>= 99.0)", "nosuch (>= 1.0)"]
    assert missing_packages(environment_of(ROOT), "R", needs) == needs[1:]


def test_outputs_may_differ_in_the_last_digits_of_numbers_alone():
    page = python("f()", "loss 0.12345 after 20 epochs, 1e-05")
    assert differences(page, page.replace("0.12345", "0.12346").replace("1e-05", "1.0e-05")) == []
    assert differences(page, page.replace("0.12345", "0.22345"))
    assert differences(page, page.replace("after 20", "after 21"))
    assert differences(page, page.replace("loss", "lost"))
    assert differences(page, page + "more\n")


def test_what_r_prints_beneath_a_line_is_no_part_of_the_example():
    (example,) = find_examples("```r\n1 + 1\n#> [1] 2\n```\n")
    assert example.code == "1 + 1\n"


def test_neighbours_in_two_languages_become_tabs_and_single_ones_do_not():
    both = with_tabs("```r\n1\n```\n\n" + python("print(1)", "1"))
    assert both.count("{tab-item}") == 2
    assert "`````{tab-item} Python\n:sync: python" in both
    assert "{tab-item}" not in with_tabs("```r\n1\n```\n\nWords.\n\n" + python("print(1)"))


def test_links_out_of_the_documents_point_to_pages_of_the_site():
    page = "[a](../NEWS.md) [b](data.md#columns) [c](../vignettes/own-data.Rmd) [d](#here)"
    pointed = with_links(page, "docs")
    assert (
        pointed
        == "[a](/changelog.md) [b](/data.md#columns) [c](/r/articles/own-data.md) [d](#here)"
    )


def test_a_link_whose_words_are_the_name_of_a_file_has_the_title_of_the_page_instead():
    page = "[docs/data.md](docs/data.md#columns), [data](docs/data.md), [setup.sh](../setup.sh)"
    assert with_links(page, "") == "[](/data.md#columns), [data](/data.md), [setup.sh](../setup.sh)"
    assert with_links("[`NEWS.md`](../NEWS.md)", "docs") == "[](/changelog.md)"


def test_links_to_what_is_not_there_are_found(tmp_path):
    (tmp_path / "a.html").write_text(
        '<h1 id="x"></h1><a href="b.html#y"></a><a href="b.html#z"></a><a href="c.html"></a>'
        '<a href="#x"></a><img src="b.html">'
    )
    (tmp_path / "b.html").write_text('<p id="y">')
    faults, looked_up = broken_links(tmp_path)
    assert faults == [
        "a.html: the picture b.html has no words (alt)",
        "a.html: b.html#z has no such anchor",
        "a.html: c.html is not there",
    ]
    assert looked_up == 5

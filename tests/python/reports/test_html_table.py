"""The page to leaf through, sort and search."""

import base64
import re
import sys

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError, PytwolayerError, chapter_losses
from pytwolayer.reports.html_table import write_html

pytest.importorskip("itables", reason="HTML tables need itables")


@pytest.fixture(scope="module")
def page(tmp_path_factory, chapter_500) -> str:
    """The chapter's 500 losses as a page."""
    file = tmp_path_factory.mktemp("page") / "losses.html"
    write_html(chapter_500, file)
    return file.read_text(encoding="utf-8")


def test_every_row_is_on_the_page_at_six_significant_digits(page, chapter_500):
    rows = re.findall(r"\[(\d+), ([-0-9.e+]+)\]", page)
    assert [int(row) for row, _ in rows] == chapter_500["iter"].tolist()
    assert [float(loss) for _, loss in rows] == [
        float(f"{loss:.6g}") for loss in chapter_500["loss"]
    ]
    assert rows[0] == ("1", "628.284")
    assert max(len(re.sub(r"e.*|^0[.]0*|[.-]", "", loss)) for _, loss in rows) == 6


def test_of_single_precision_and_missing_losses_too_no_digit_is_made_up(tmp_path):
    history = pd.DataFrame(
        {
            "epoch": np.arange(1, 4),
            "loss": np.array([0.1, 1 / 3, 12345678], dtype=np.float32),
            "valid_loss": [np.nan, 2e-7 / 3, 1.0],
        }
    )
    write_html(history, tmp_path / "a.html")
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    cells = re.findall(r"\[(\d), ([-0-9.e+]+), ([^]]+)\]", text)
    assert [(loss, valid) for _, loss, valid in cells][1:] == [
        ("0.333333", "6.66667e-08"),
        ("12345700.0", "1.0"),
    ]
    assert cells[0][1] == "0.1"
    assert history["loss"].dtype == np.float32  # what was given is as it was


def test_it_needs_no_network(page):
    assert not re.search(
        r"""<(script|link|img|iframe)[^>]*\b(src|href)\s*=\s*["']?(https?:)?//""", page
    )
    assert not re.search(r"""\bimport\b[^;\n]{0,80}["']https?://""", page)
    assert not re.search(r"url\(\s*[\"']?https?://", page)


def test_it_pages_and_searches(page):
    assert '"lengthMenu": [10, 25, 50, 100, 500]' in page
    assert '"topEnd": "search"' in page
    assert '"bottomEnd": "paging"' in page


def test_the_script_that_does_it_is_in_the_page(page):
    packed = re.findall(r'"([A-Za-z0-9+/=]{1000,})"', page)
    assert any(b"DataTable" in base64.b64decode(text) for text in packed)


def test_it_is_one_whole_file(tmp_path):
    write_html(chapter_losses(2), tmp_path / "a.html")
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert text.rstrip().endswith("</html>")
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]


def test_a_title_is_text(tmp_path):
    write_html(chapter_losses(2), tmp_path / "a.html", title="loss < 1 & <b>more</b>")
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<title>loss &lt; 1 &amp; &lt;b&gt;more&lt;/b&gt;</title>" in text


def test_a_fits_history_and_a_diverged_one_have_a_page_too(tmp_path, fit):
    write_html(fit.history, tmp_path / "a.html")
    assert "epoch" in (tmp_path / "a.html").read_text(encoding="utf-8")
    diverged = pd.DataFrame({"iter": [1, 2], "loss": [np.inf, np.nan]})
    write_html(diverged, tmp_path / "b.html")
    assert (tmp_path / "b.html").exists()


def test_a_bad_path_is_an_error(tmp_path):
    with pytest.raises(ArgumentError, match=r"`file` must be .* in a folder that exists"):
        write_html(chapter_losses(2), tmp_path / "missing" / "a.html")


def test_a_page_that_fails_midway_leaves_what_was_there(tmp_path, monkeypatch):
    import pathlib

    file = tmp_path / "a.html"
    file.write_text("what was there")
    written = pathlib.Path.write_text

    def fail(self, text, **options):
        written(self, text[:10], **options)
        raise OSError("no space left")

    monkeypatch.setattr(pathlib.Path, "write_text", fail)
    with pytest.raises((OSError, PytwolayerError), match="no space left"):
        write_html(chapter_losses(2), file)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["what was there"]


def test_without_itables_the_error_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "itables", None)
    with pytest.raises(PytwolayerError, match=r'pip install "pytwolayer\[html\]"'):
        write_html(chapter_losses(2), tmp_path / "a.html")
    assert list(tmp_path.iterdir()) == []

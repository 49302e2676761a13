"""The benchmarks' own arithmetic: ratios, the table, the page."""

import sys
from pathlib import Path

import pandas as pd
import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.fixture(autouse=True)
def _modules(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield
    for name in ("_routes", "_speed_page", "_speed_plots", "speed"):
        sys.modules.pop(name, None)


def measured(group="chapter", threads=1, **seconds):
    from _routes import rows_of

    rows = rows_of(group, "case", "s", seconds, next(iter(seconds)))
    return pd.DataFrame(rows).assign(threads=threads, machine="a machine")


def test_a_ratio_is_that_within_a_round():
    rows = measured(ours=[1.0, 2.0, 4.0], peer=[3.0, 4.0, 20.0])
    peer = rows[rows["route"] == "peer"].iloc[0]
    assert (peer["median"], peer["low"], peer["high"]) == (4.0, 3.0, 20.0)
    assert (peer["ratio"], peer["ratio_low"], peer["ratio_high"]) == (3.0, 2.0, 5.0)
    assert rows[rows["route"] == "ours"].iloc[0]["ratio"] == 1


def test_seconds_are_the_median_of_a_rounds_calls_and_the_peak_that_of_its_first():
    from _routes import peaks, seconds

    rounds = [{"seconds": [3.0, 1.0, 2.0], "MB": [7.0]}, {"seconds": [5.0], "MB": [9.0]}]
    assert seconds({"ours": rounds}) == {"ours": [2.0, 5.0]}
    assert peaks({"ours": rounds}) == {"ours": [7.0, 9.0]}


def test_other_threads_than_asked_for_are_an_error():
    from _routes import refuse_other_threads

    refuse_other_threads("peer", {"threads": [2.0]}, 2)
    refuse_other_threads("nnet", {}, 2)
    with pytest.raises(RuntimeError, match="peer used"):
        refuse_other_threads("peer", {"threads": [1.0]}, 2)


def test_a_worker_that_fails_is_an_error_and_a_missing_peer_is_none():
    from _routes import run

    python = [sys.executable, "-c"]
    assert run([*python, "print('seconds', 1.5); print('loss', 2)"], 1) == {
        "seconds": [1.5],
        "loss": [2.0],
    }
    assert run([*python, "print('not installed')"], 1) is None
    with pytest.raises(RuntimeError, match="no such thing"):
        run([*python, "raise OSError('no such thing')"], 1)


def test_a_group_that_is_measured_anew_takes_the_place_of_the_old():
    from speed import replaced

    old = pd.concat([measured("chapter", ours=[1.0]), measured("starting", ours=[2.0])])
    old = pd.concat([old, measured("chapter", threads=2, ours=[3.0])])
    new = replaced(old, measured("chapter", ours=[9.0]), "chapter")
    assert new[["group", "threads", "median"]].to_numpy().tolist() == [
        ["chapter", 1, 9.0],
        ["chapter", 2, 3.0],
        ["starting", 1, 2.0],
    ]


def test_the_page_has_the_table_between_its_marks(tmp_path, monkeypatch):
    import _speed_page as page

    monkeypatch.setattr(page, "PAGE", tmp_path / "speed.md")
    page.PAGE.write_text("before\n<!-- measured: begin -->\nold\n<!-- measured: end -->\nafter\n")
    page.write_page(measured(ours=[1.0], peer=[2.5]))
    text = page.PAGE.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "Measured on: a machine." in text
    assert "| case | peer | 1 | 2.5 s (2.5 to 2.5) | 2.50 (2.50 to 2.50) |" in text


def test_rows_where_a_peer_is_ahead_are_listed(tmp_path, monkeypatch):
    import _speed_page as page

    monkeypatch.setattr(page, "PAGE", tmp_path / "speed.md")
    marks = "<!-- measured: begin -->\n<!-- measured: end -->\n"
    page.PAGE.write_text(marks)
    seconds = {"ours, Python": [2.0, 2.0], "ours, R": [1.0, 1.0], "nnet": [1.0, 1.5]}
    page.write_page(measured("equal loss", **seconds, slower=[3.0, 3.0]))
    behind = page.PAGE.read_text().split("### Where a peer is ahead")[1]
    assert "- equal loss, case: nnet needs 0.62 of what ours does (0.50 to 0.75)" in behind
    assert "ours, R" not in behind
    assert "slower" not in behind

    page.PAGE.write_text(marks)
    page.write_page(measured(**{"ours, Python": [1.0], "peer": [2.0]}))
    assert "peer is ahead" not in page.PAGE.read_text()


def test_the_plots_are_drawn_of_what_is_measured(tmp_path, monkeypatch):
    import _speed_plots as plots

    monkeypatch.setattr(plots, "DOCS", tmp_path)
    plots.write_plots(measured("chapter", ours=[1.0]))
    assert not list(tmp_path.iterdir())
    equal = measured("equal work", **{"ours, Python": [1.0], "ours, R": [0.9], "peer": [2.5]})
    steps = {"ours": [3.0], "matrix products alone": [2.0]}
    sizes = [measured("scaling", **steps).assign(case=f"rows {n}") for n in (8, 32)]
    more = [measured("scaling", **steps).assign(case=f"columns {n}") for n in (8, 32)]
    plots.write_plots(pd.concat([equal, *sizes, *more]))
    assert {path.name for path in tmp_path.iterdir()} == {
        "speed-equal-work.png",
        "speed-scaling.png",
    }


def test_a_worker_finds_the_benchmarks_and_the_peers(monkeypatch):
    from _routes import environment

    monkeypatch.setenv("PYTHONPATH", "/the/peers")
    given = environment(3)
    assert given["PYTHONPATH"].split(":") == [str(BENCHMARKS), "/the/peers"]
    assert {given[f"{name}_NUM_THREADS"] for name in ("OMP", "OPENBLAS", "MKL")} == {"3"}


def test_the_tables_say_what_else_the_machine_did():
    from speed import machine

    assert machine("beside tests") == f"{machine()}, beside tests"

"""Progress of a long fit: shown by time, and only where somebody sees it."""

import contextlib
import io
import itertools
import sys

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError, two_layer
from pytwolayer.errors import InterruptWarning
from pytwolayer.training import progress as progress_module
from pytwolayer.training.progress import Bar, Timed, bar

X = np.random.default_rng(0).normal(size=(30, 3))


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    """A clock that a test turns."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now

    time = monotonic


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(progress_module, "time", clock)
    return clock


def a_terminal():
    return contextlib.redirect_stderr(Terminal())


def quick(**options):
    settings = {"hidden_units": 2, "epochs": 200, "seed": 1, "learning_rate": 0.01}
    return two_layer(X, X[:, 0], **settings | options)


# Updates by time


def test_nothing_is_shown_in_the_first_second(clock):
    shown = []
    timed = Timed(lambda epoch, loss: shown.append(epoch), lambda: shown.append("closed"))
    for epoch in range(1, 100):
        timed.update(epoch, 1.0)
        clock.now += 0.01
    timed.close()
    assert shown == []


def test_then_at_most_ten_times_a_second_however_quick_the_epochs(clock):
    shown = []
    timed = Timed(lambda epoch, loss: shown.append((clock.now, epoch)), lambda: None)
    for epoch in range(1, 5001):
        clock.now += 0.001
        timed.update(epoch, 1.0)
    times = [now - 1000 for now, _ in shown]
    assert times[0] == pytest.approx(1, abs=0.01)
    assert len(shown) == pytest.approx(40, abs=2)
    assert min(b - a for a, b in itertools.pairwise(times)) > 0.099


def test_slow_epochs_are_each_shown(clock):
    shown = []
    timed = Timed(lambda epoch, loss: shown.append((epoch, loss)), lambda: shown.append("closed"))
    for epoch in (1, 2, 3):
        clock.now += 2
        timed.update(epoch, 1 / epoch)
    timed.close()
    assert shown == [(1, 1.0), (2, 0.5), (3, 1 / 3), "closed"]


# tqdm's bar


def test_the_bar_tells_epoch_and_loss_and_is_removed():
    with a_terminal() as terminal:
        drawn = Bar(50)
        drawn.show(7, 0.25)
        text = terminal.getvalue()
        assert "7/50" in text
        assert "loss 0.25" in text
        drawn.close()
    assert terminal.getvalue().rstrip(" ").endswith("\r")


def test_a_bar_that_was_never_shown_draws_nothing():
    with a_terminal() as terminal:
        Bar(50).close()
    assert terminal.getvalue() == ""


# Where nobody sees it


@pytest.mark.parametrize("stream", [io.StringIO(), None])
def test_there_is_no_bar_without_a_terminal(stream):
    with contextlib.redirect_stderr(stream):
        assert bar(10) is None


def test_there_is_one_in_a_terminal():
    with a_terminal():
        assert bar(10) is not None


def test_there_is_one_in_a_notebook(monkeypatch):
    class Shell:
        config: dict = {"IPKernelApp": {}}  # noqa: RUF012

    class IPython:
        get_ipython = staticmethod(lambda: Shell)

    monkeypatch.setitem(sys.modules, "IPython", IPython)
    with contextlib.redirect_stderr(io.StringIO()):
        assert bar(10) is not None
        Shell.config = {}
        assert bar(10) is None


# In a fit


def test_a_long_fit_shows_a_bar_in_a_terminal_and_leaves_nothing(clock):
    def on_epoch(epoch, loss):
        clock.now += 0.02

    with a_terminal() as terminal:
        quick(on_epoch=on_epoch)
    text = terminal.getvalue()
    assert "/200" in text
    assert "loss " in text
    assert text.rstrip(" ").endswith("\r")


def test_a_short_fit_shows_nothing():
    with a_terminal() as terminal:
        quick(epochs=3)
    assert terminal.getvalue() == ""


def test_verbose_false_shows_nothing(clock):
    def on_epoch(epoch, loss):
        clock.now += 1

    with a_terminal() as terminal:
        quick(on_epoch=on_epoch, verbose=False)
    assert terminal.getvalue() == ""


@pytest.mark.parametrize("verbose", [1, 0, "yes", None])
def test_verbose_is_true_or_false(verbose):
    with pytest.raises(ArgumentError, match=r"`verbose` must be True or False, not"):
        quick(verbose=verbose)


class Recorder:
    def __init__(self, epochs):
        self.epochs, self.seen, self.closed = epochs, [], 0

    def update(self, epoch, loss):
        self.seen.append((epoch, loss))

    def close(self):
        self.closed += 1


def test_the_user_may_show_it_in_another_way():
    made = []

    def verbose(epochs):
        made.append(Recorder(epochs))
        return made[-1]

    fit = quick(epochs=5, verbose=verbose)
    (recorder,) = made
    assert recorder.epochs == 5
    assert recorder.seen == list(fit.history.itertuples(index=False, name=None))
    assert recorder.closed == 1


def test_what_shows_it_is_closed_whatever_happens():
    recorder = Recorder(1)

    def on_epoch(epoch, loss):
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        quick(verbose=lambda epochs: recorder, on_epoch=on_epoch)
    assert recorder.closed == 1


def test_showing_progress_changes_no_bit(clock):
    def on_epoch(epoch, loss):
        clock.now += 1

    with a_terminal() as terminal:
        shown, silent = quick(on_epoch=on_epoch), quick(verbose=False)
    assert "/200" in terminal.getvalue()
    assert shown.history["loss"].tolist() == silent.history["loss"].tolist()


# The search before the training


def searched(**options):
    how = {"hidden_units": 2, "epochs": 600, "batch_size": None, "encoding": "linear", "seed": 1}
    return two_layer(X, X[:, 0], **how | options)


def test_a_search_has_a_bar_of_its_own_that_says_what_it_is(monkeypatch):
    monkeypatch.setattr(progress_module, "_DELAY", 0.0)
    monkeypatch.setattr(progress_module, "_INTERVAL", 0.0)
    with a_terminal() as terminal:
        fit = searched()
    text = terminal.getvalue()
    assert fit.tuning is not None
    first = text[: text.rindex("Choosing weight decay")]
    assert "Choosing weight decay:" in first
    assert "nan" not in text
    assert "loss" not in first
    assert "loss" in text
    with a_terminal() as terminal:
        searched(weight_decay=0.1)
        searched(verbose=False)
    assert "Choosing" not in terminal.getvalue()


def test_a_display_of_the_users_is_that_of_the_training_alone():
    made = []

    class Display:
        def __init__(self, epochs):
            self.epochs, self.seen, self.closed = epochs, [], False
            made.append(self)

        def update(self, epoch, loss):
            self.seen.append(epoch)

        def close(self):
            self.closed = True

    assert searched(verbose=Display).tuning is not None
    (display,) = made
    assert (display.epochs, display.seen, display.closed) == (600, [*range(1, 601)], True)


def test_ctrl_c_in_the_display_of_a_search_ends_it():
    def shows(epochs):
        return Timed(lambda epoch, loss: None, lambda: None)

    class Interrupting:
        closed = False

        def update(self, epoch, loss):
            raise KeyboardInterrupt

        def close(self):
            Interrupting.closed = True

    displays = progress_module.Displays(shows, lambda epochs: Interrupting())
    with pytest.warns(InterruptWarning, match="after 0 of 600 epochs"):
        fit = searched(verbose=displays)
    assert fit.tuning is None
    assert Interrupting.closed


# Rows that are read


def folder_of(tmp_path, rows):
    table = pd.DataFrame(np.random.default_rng(1).normal(size=(rows, 2)), columns=["a", "y"])
    table.to_parquet(tmp_path / "data.parquet")
    return tmp_path / "data.parquet"


def test_rows_that_are_read_are_shown_pass_by_pass_before_the_epochs(tmp_path, monkeypatch):
    told = []

    class Display:
        def __init__(self, what, total):
            self.what, self.total = what, total

        def update(self, epoch, loss):
            told.append((self.what, epoch, self.total))

        def close(self):
            told.append((self.what, "closed", self.total))

    displays = progress_module.Displays(
        lambda epochs: Display("epochs", epochs),
        lambda epochs: None,
        lambda rows: Display("rows", rows),
    )
    monkeypatch.setattr("pytwolayer.fitting.two_layer.read_verbose", lambda verbose: displays)
    two_layer(folder_of(tmp_path, 20_000), outcome="y", epochs=2, batch_size=None, seed=1)
    passes = [("rows", 8192, 20_000), ("rows", 16_384, 20_000), ("rows", 20_000, 20_000)]
    assert told[:4] == [*passes, ("rows", "closed", 20_000)]
    assert told[-3:] == [("epochs", 1, 2), ("epochs", 2, 2), ("epochs", "closed", 2)]


class Told:
    """Displays of rows, which take note of what they are told."""

    def __init__(self):
        self.calls = []

    def __call__(self, rows):
        calls = []
        self.calls.append((rows, calls))

        class Display:
            def update(self, done, loss):
                calls.append(done)

            def close(self):
                calls.append("closed")

        return Display()


def test_rows_that_are_read_to_open_a_file_are_shown(tmp_path, monkeypatch):
    table = pd.DataFrame(np.random.default_rng(1).normal(size=(20_000, 2)), columns=["a", "y"])
    table["text"] = np.where(table["a"] > 0, "u", "v")
    table["mixed"] = ["1"] * 19_999 + ["w"]
    table.to_csv(tmp_path / "t.csv", index=False)
    table.to_parquet(tmp_path / "t.parquet", row_group_size=9000, index=False)
    monkeypatch.setattr("pytwolayer.files.open_text._VALUES", 36_000)
    told = Told()
    displays = progress_module.Displays(lambda epochs: None, lambda epochs: None, told)
    monkeypatch.setattr("pytwolayer.fitting.two_layer.read_verbose", lambda verbose: displays)
    how = {"outcome": "y", "epochs": 1, "seed": 1, "weight_decay": 0.1, "hidden_units": 2}
    two_layer(tmp_path / "t.csv", **how)
    chunks = [9000, 18_000, 20_000, "closed"]
    assert told.calls[:2] == [(None, chunks), (20_000, chunks)]
    assert told.calls[2] == (20_000, [8192, 16_384, 20_000, "closed"])  # the first pass
    passes = len(told.calls) - 2
    told.calls.clear()
    fit = two_layer(tmp_path / "t.parquet", **how)
    assert len(told.calls) == 1 + passes
    assert told.calls[0][0] == 20_000
    assert told.calls[0][1][-2:] == [20_000, "closed"]
    assert told.calls[0][1] != told.calls[1][1]
    told.calls.clear()
    monkeypatch.setattr(
        "pytwolayer.models.predict_file.rows_bar", lambda rows, label="": told(rows)
    )
    fit.predict_to_file(tmp_path / "t.csv", tmp_path / "p.csv")
    assert [rows for rows, _ in told.calls] == [None, 20_000]
    told.calls.clear()
    fit.predict_to_file(tmp_path / "t.csv", tmp_path / "p.csv", verbose=False)
    assert told.calls == []


def test_a_bar_of_unknown_length_counts_rows(clock):
    with a_terminal():
        drawn = progress_module.rows_bar(None, "Reading")
        clock.now += 2
        drawn.update(500_000, float("nan"))
        said = sys.stderr.getvalue()
        drawn.close()
    assert "Reading: 500k rows" in said


def test_a_bar_of_rows_says_what_is_done_to_them(clock):
    with a_terminal():
        drawn = progress_module.rows_bar(2_000_000, "Reading")
        clock.now += 2
        drawn.update(500_000, float("nan"))
        said = sys.stderr.getvalue()
        drawn.close()
    assert "Reading:  25%" in said
    assert "500k/2.00M" in said
    assert "loss" not in said


def test_reading_is_shown_only_where_somebody_sees_it(tmp_path):
    assert progress_module.rows_bar(100) is None
    fit = two_layer(folder_of(tmp_path, 100), outcome="y", epochs=1, seed=1)
    assert fit.rows == 100

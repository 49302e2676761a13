"""A file is there whole or not at all."""

import os
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError, PytwolayerError, chapter_losses
from pytwolayer.files.atomic_write import atomic_write, output_path, write_csv

HISTORY = pd.DataFrame({"iter": [1, 2, 3], "loss": [0.1, 1 / 3, 1e-300]})


def test_csv_reads_back_to_the_same_bits(tmp_path):
    losses = chapter_losses(50)
    write_csv(losses, tmp_path / "losses.csv")
    lines = (tmp_path / "losses.csv").read_text().splitlines()
    assert lines[0] == "iter,loss"
    rows = [line.split(",") for line in lines[1:]]
    assert [int(row) for row, _ in rows] == losses["iter"].tolist()
    assert [float(loss) for _, loss in rows] == losses["loss"].tolist()


def test_csv_of_a_diverged_run_reads_back(tmp_path):
    history = pd.DataFrame({"epoch": [1, 2, 3], "loss": [1.0, np.inf, np.nan]})
    write_csv(history, tmp_path / "h.csv")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "h.csv"), history)


def test_a_path_may_be_text_or_a_path_and_begin_with_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert output_path("file", "~/a.csv") == tmp_path / "a.csv"
    assert output_path("file", tmp_path / "a.csv") == tmp_path / "a.csv"
    monkeypatch.chdir(tmp_path)
    write_csv(HISTORY, "bare.csv")
    assert (tmp_path / "bare.csv").exists()


@pytest.mark.parametrize("value", [None, "", 3, True, ["a.csv"], b"a.csv"])
def test_what_is_no_path_is_an_error(value):
    with pytest.raises(ArgumentError, match=r"^`csv` must be the path of a file, not "):
        output_path("csv", value)


def test_a_folder_and_a_missing_folder_are_errors_that_name_them(tmp_path):
    with pytest.raises(ArgumentError, match=f'path of a file, not the folder "{tmp_path}"'):
        output_path("csv", tmp_path)
    missing = tmp_path / "missing" / "a.csv"
    with pytest.raises(ArgumentError, match=f'in a folder that exists, not "{missing}"'):
        output_path("csv", missing)


@pytest.mark.parametrize("name", ["a\0b.csv", "a" * 300 + ".csv"], ids=["null byte", "too long"])
def test_a_name_that_no_file_can_have_is_one_of_our_errors(tmp_path, name):
    with pytest.raises(PytwolayerError, match="file"):
        write_csv(HISTORY, str(tmp_path / name))
    assert list(tmp_path.iterdir()) == []


def test_a_name_as_long_as_a_file_may_have_is_fine(tmp_path):
    file = tmp_path / ("a" * 251 + ".csv")
    write_csv(HISTORY, file)
    assert file.exists()


@pytest.mark.parametrize("existing", [None, "what was there"])
def test_writing_that_fails_midway_leaves_what_was_there(tmp_path, existing):
    file = tmp_path / "a.csv"
    if existing is not None:
        file.write_text(existing)

    def write_half():
        with atomic_write(file) as unfinished:
            unfinished.write_text("half")
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        write_half()
    assert [path.read_text() for path in tmp_path.iterdir()] == ([existing] if existing else [])


def test_an_interrupt_midway_leaves_nothing(tmp_path):
    def interrupted():
        with atomic_write(tmp_path / "a.csv") as unfinished:
            unfinished.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_csv_that_fails_midway_leaves_what_was_there(tmp_path, monkeypatch):
    file = tmp_path / "a.csv"
    file.write_text("what was there")

    def fail(self, path, **options):
        Path(path).write_text("half")
        raise OSError("no space left")

    monkeypatch.setattr(pd.DataFrame, "to_csv", fail)
    with pytest.raises((OSError, PytwolayerError), match="no space left"):
        write_csv(HISTORY, file)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["what was there"]


def test_nothing_is_under_the_name_until_all_is_written(tmp_path):
    file = tmp_path / "a.csv"
    with atomic_write(file) as unfinished:
        unfinished.write_text("all")
        assert unfinished.parent == tmp_path
        assert unfinished.suffix == ".csv"
        assert not file.exists()
    assert file.read_text() == "all"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_usual_permissions(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_csv(HISTORY, tmp_path / "a.csv")
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) == mode


def test_a_file_that_was_there_keeps_its_permissions(tmp_path):
    file = tmp_path / "a.csv"
    file.touch(mode=0o600)
    write_csv(HISTORY, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_link_stays_a_link_and_its_file_is_written(tmp_path):
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    target.write_text("old")
    link.symlink_to(target)
    write_csv(HISTORY, link)
    assert link.is_symlink()
    assert target.read_text().startswith("iter,loss")


def test_what_is_no_ordinary_file_is_written_to_and_not_replaced(tmp_path):
    """As ``/dev/stdout`` and ``/dev/null`` are, which must survive."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    try:
        write_csv(HISTORY, fifo)
        assert stat.S_ISFIFO(fifo.stat().st_mode)
        assert os.read(reader, 1000).startswith(b"iter,loss")
    finally:
        os.close(reader)

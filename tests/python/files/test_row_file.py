"""Matrices in a file that is mapped into memory."""

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from pytwolayer.errors import ArgumentError, TemporaryFolderError
from pytwolayer.files import row_file
from pytwolayer.files.row_file import (
    GradualWriter,
    find_rows,
    kept_rows,
    read_folder,
    temporary_folder,
    temporary_rows,
)
from pytwolayer.files.row_layout import RowLayout

FLOAT = np.dtype(np.float32)
LAYOUT = RowLayout(
    {"x": ((1000, 7), FLOAT), "y": ((2, 1000), FLOAT), "weights": ((1000, 1), FLOAT)}
)
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="as Linux does it")


def values():
    draw = np.random.default_rng(1)
    shapes = {"x": (1000, 7), "y": (2, 1000), "weights": (1000, 1)}
    return {name: draw.normal(size=shape).astype(FLOAT) for name, shape in shapes.items()}


def write(path, key="abc"):
    with kept_rows(path, key, LAYOUT) as rows:
        for name, matrix in values().items():
            rows.matrices[name][:] = matrix


def same(rows):
    return all((rows.matrices[name] == matrix).all() for name, matrix in values().items())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rows"


def test_what_was_written_is_found(path):
    assert find_rows(path, "abc", LAYOUT) is None
    write(path)
    assert same(find_rows(path, "abc", LAYOUT))
    assert [each.name for each in path.parent.iterdir()] == ["rows"]


def test_others_can_read_the_file(path):
    write(path)
    found = load_file(path)
    assert all((found[name] == matrix).all() for name, matrix in values().items())


def test_other_rows_are_not_found(path):
    write(path)
    assert find_rows(path, "abd", LAYOUT) is None
    other = RowLayout({"x": ((7, 1000), FLOAT), "y": ((2, 1000), FLOAT)})
    assert find_rows(path, "abc", other) is None


@pytest.mark.parametrize("place", [0, 5, 40, 4096, 4099, 20_000, 32_000, 36_864, -4096])
def test_a_changed_byte_is_found_out(path, place):
    write(path)
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    assert find_rows(path, "abc", LAYOUT) is None


@pytest.mark.parametrize("length", [0, 1, 4096, 20_000, -1])
def test_a_shortened_file_is_not_taken(path, length):
    write(path)
    path.write_bytes(path.read_bytes()[:length])
    assert find_rows(path, "abc", LAYOUT) is None


def test_a_longer_one_neither_and_nor_a_folder(path):
    write(path)
    path.write_bytes(path.read_bytes() + b"0")
    assert find_rows(path, "abc", LAYOUT) is None
    path.unlink()
    path.mkdir()
    assert find_rows(path, "abc", LAYOUT) is None


def test_an_error_while_it_is_filled_leaves_nothing(path):
    with pytest.raises(KeyError), kept_rows(path, "abc", LAYOUT) as rows:
        rows.matrices["none"][:] = 1
    assert list(path.parent.iterdir()) == []


def test_errors_of_files_while_it_is_filled_pass_as_they_are(path):
    problem = PermissionError(13, "denied", "data.csv")
    with pytest.raises(PermissionError) as raised, kept_rows(path, "abc", LAYOUT):
        raise problem
    assert raised.value is problem


@on_linux
def test_what_a_killed_process_left_is_removed_and_what_one_at_work_writes_is_not(path):
    with kept_rows(path, "abc", LAYOUT) as rows:
        (at_work,) = path.parent.glob(".rows-*")
        left = path.parent / ".rows-01234567"
        left.write_bytes(b"left")
        other = path.parent / "other"
        with kept_rows(other, "abd", LAYOUT):
            assert at_work.exists()
            assert not left.exists()
        for name, matrix in values().items():
            rows.matrices[name][:] = matrix
    assert same(find_rows(path, "abc", LAYOUT))


def test_rows_that_another_wrote_meanwhile_do_no_harm(path):
    with kept_rows(path, "abc", LAYOUT) as rows:
        write(path)
        early = find_rows(path, "abc", LAYOUT)
        for name, matrix in values().items():
            rows.matrices[name][:] = matrix
    assert same(early)
    assert same(rows)
    assert same(find_rows(path, "abc", LAYOUT))


@on_linux
def test_a_temporary_file_has_no_name(tmp_path):
    rows = temporary_rows(tmp_path, LAYOUT)
    assert list(tmp_path.iterdir()) == []
    for name, matrix in values().items():
        rows.matrices[name][:] = matrix
    rows.release()
    assert same(rows)


def test_rows_that_are_let_go_while_they_are_written_are_all_there(tmp_path, monkeypatch):
    monkeypatch.setattr(row_file, "_STEP", 2**12)
    rows, matrices = temporary_rows(tmp_path, LAYOUT), values()
    written = GradualWriter(rows, "x")
    for start in range(0, 1000, 64):
        part = slice(start, min(start + 64, 1000))
        rows.matrices["x"][part] = matrices["x"][part]
        written(part.stop)
    assert (rows.matrices["x"] == matrices["x"]).all()
    rows.fetch("x", 10, 20)
    rows.read_at_random()
    rows.release()
    assert (rows.matrices["x"] == matrices["x"]).all()


@on_linux
def test_memory_that_is_let_go_is_free(tmp_path, loaded_python):
    done = loaded_python(
        """
import sys
from pathlib import Path
import numpy as np
from pytwolayer.files.row_file import GradualWriter, temporary_rows
from pytwolayer.files.row_layout import RowLayout

def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(("RssFile", "RssShmem")))

rows = temporary_rows(Path(sys.argv[1]), RowLayout({"x": ((2**14, 2**10), np.dtype(np.float32))}))
before, written, most = resident(), GradualWriter(rows, "x"), 0
for start in range(0, 2**14, 2**8):
    rows.matrices["x"][start:start + 2**8] = start
    written(start + 2**8)
    most = max(most, resident() - before)
assert most < 25_000, most
assert rows.matrices["x"].sum(dtype=np.float64) == 2**18 * sum(range(0, 2**14, 2**8))
assert resident() - before > 60_000
rows.release()
assert resident() - before < 10_000
assert isinstance(rows.checksum("x"), int)
assert resident() - before < 40_000
""",
        str(tmp_path),
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def small_disk(tmp_path):
    """A disk with room for the rows once."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


WITH_ROOM = r"with \d+(\.\d+)? KiB of free space for the encoded rows"
FULL = rf"^`cache` must be a folder {WITH_ROOM}"


@on_linux
def test_a_full_disk_is_found_before_anything_is_written(small_disk):
    write(small_disk / "one")
    with pytest.raises(ArgumentError, match=FULL + r', not ".*disk", where \d+ KiB are free\.$'):
        write(small_disk / "two")
    without = rf'^The temporary folder must be one {WITH_ROOM}, not ".*disk", where .* TMPDIR choos'
    with pytest.raises(TemporaryFolderError, match=without):
        temporary_rows(small_disk, LAYOUT)
    with (
        pytest.raises(TemporaryFolderError, match=without),
        kept_rows(small_disk / "two", "abc", LAYOUT, temporary=True),
    ):
        pass
    assert [each.name for each in small_disk.iterdir()] == ["one"]
    assert same(find_rows(small_disk / "one", "abc", LAYOUT))


@on_linux
def test_a_disk_that_fills_up_after_that_is_the_same_error(small_disk, monkeypatch):
    write(small_disk / "one")
    usage = shutil.disk_usage(small_disk)
    answers = iter([usage._replace(free=2**40)])
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: next(answers, usage))
    with pytest.raises(ArgumentError, match=FULL):
        write(small_disk / "two")
    answers = iter([usage._replace(free=2**40)])
    with pytest.raises(TemporaryFolderError, match=WITH_ROOM):
        temporary_rows(small_disk, LAYOUT)
    assert [each.name for each in small_disk.iterdir()] == ["one"]


@on_linux
def test_a_folder_that_cannot_be_written_to_is_an_error():
    with pytest.raises(ArgumentError, match=r"`cache` must be a folder to write to, not \"/proc\""):
        kept_rows(Path("/proc/rows"), "abc", RowLayout({})).__enter__()
    with pytest.raises(TemporaryFolderError, match=r"one to write to, not \"/proc\".*TMPDIR"):
        kept_rows(Path("/proc/rows"), "abc", RowLayout({}), temporary=True).__enter__()


def test_a_folder_is_made_and_a_file_is_none(tmp_path):
    assert read_folder("cache", str(tmp_path / "a" / "b")).is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(ArgumentError, match="`cache` must be the path of a folder, not the file"):
        read_folder("cache", tmp_path / "file")
    for odd in ("", 5, None, b"x"):
        with pytest.raises(ArgumentError, match="`cache` must be the path of a folder, not"):
            read_folder("cache", odd)
    with pytest.raises(ArgumentError, match="`cache` must be the path of a folder that can be"):
        read_folder("cache", "a\0b")


@on_linux
def test_a_temporary_folder_in_memory_is_passed_over_unless_it_was_asked_for(monkeypatch, tmp_path):
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(row_file.tempfile, "gettempdir", lambda: "/dev/shm")
    if not os.access("/var/tmp", os.W_OK) or row_file._is_in_memory(Path("/var/tmp")):
        pytest.skip("there is no other folder")
    assert temporary_folder() == Path("/var/tmp")
    monkeypatch.setenv("TMPDIR", "/dev/shm")
    assert temporary_folder() == Path("/dev/shm")


def test_where_there_is_no_temporary_folder_the_error_says_how_to_choose_one(monkeypatch):
    def absent():
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", absent)
    with pytest.raises(TemporaryFolderError, match=r"not missing \(No usable .*TMPDIR chooses"):
        temporary_folder()

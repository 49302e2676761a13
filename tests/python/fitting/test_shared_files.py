"""Processes that see each other's temporary files have one who encodes the rows for all."""

import tempfile

import pytest

from pytwolayer.fitting import shared_files
from pytwolayer.fitting.shared_files import find_leaders, leaders


class Group:
    """This process, and others that have given these values already."""

    rank = 0

    def __init__(self, *others):
        self._others, self.given = others, []

    def gather(self, value):
        self.given.append(value)
        return [value, *(other(value, len(self.given)) for other in self._others)]


def same(value, call):
    return value


@pytest.fixture
def place(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    yield tmp_path
    assert not [*tmp_path.iterdir()]


def test_one_that_is_seen_leads(place):
    assert find_leaders(Group(same)) == [0, 0]


def test_the_name_of_the_machine_alone_does_not_say_that_files_are_shared(place):
    def other(value, call):
        if call == 2:
            return {1}
        return shared_files._Place(value.machine, str(place / "of another container"))

    group = Group(other)
    assert find_leaders(group) == [0, 1]
    assert group.given[1] == {0}


def test_machines_that_share_a_file_system_each_have_rows(place):
    def other(value, call):
        if call == 2:
            return {1}
        return shared_files._Place(("another", value.machine[1]), value.folder)

    group = Group(other)
    assert find_leaders(group) == [0, 1]
    assert group.given[1] == {0}


def test_a_folder_that_cannot_be_written_to_is_no_fault_of_who_only_reads(monkeypatch, tmp_path):
    monkeypatch.setattr(shared_files, "temporary_folder", lambda: tmp_path / "none")
    assert find_leaders(Group()) == [0]


def test_who_is_chosen_chooses_itself():
    assert leaders([{0, 1}, {0, 1}, {2, 3}, {2, 3}]) == [0, 0, 2, 2]
    assert leaders([{0}, {0, 1}, {1, 2}]) == [0, 0, 2]  # the third does not see the first

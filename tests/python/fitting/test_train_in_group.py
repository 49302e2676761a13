"""Processes of one run have the same versions and were asked for the same."""

from dataclasses import replace

import pytest

from pytwolayer import WorkerError
from pytwolayer.fitting.train_in_group import Member, compare

FIRST = Member("one", "pytwolayer 1 and torch 2", {"seed": 1, "shards": 4})


def test_another_version_is_named():
    other = replace(FIRST, host="two", versions="pytwolayer 1 and torch 3")
    with pytest.raises(WorkerError) as info:
        compare([FIRST, FIRST, other])
    assert str(info.value) == (
        "Worker 2 on two has pytwolayer 1 and torch 3, where worker 0 on one has "
        "pytwolayer 1 and torch 2."
    )


def test_another_argument_is_named():
    other = replace(FIRST, host="two", asked={"seed": 1, "shards": 8})
    with pytest.raises(WorkerError, match="was given 8 as `shards`, where worker 0 on one was giv"):
        compare([FIRST, other])


def test_paths_and_what_is_shown_may_differ():
    arguments = {"x": "a/rows.parquet", "verbose": True, "seed": 1}
    other = arguments | {"x": "b/rows.parquet", "verbose": False}
    compare([Member.here(arguments), Member.here(other)])

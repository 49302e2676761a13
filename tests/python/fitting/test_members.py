"""Processes of one run have the same versions and were asked for the same."""

import pickle
from dataclasses import replace
from math import nan
from pathlib import Path

import numpy as np
import pytest
import torch

from pytwolayer import WorkerError
from pytwolayer.fitting.members import Member, compare

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


def compare_those_of(first, second):
    """Compare two processes with these arguments; what one has was sent."""
    here, sent = Member.here(first), pickle.dumps(Member.here(second))
    compare([here, pickle.loads(sent)])


def test_paths_and_what_only_the_first_does_may_differ():
    first = {
        "x": "a/rows.parquet",
        "y": "a/y.parquet",
        "validation": Path("a"),
        "checkpoint": "a/run",
        "checkpoint_every": 3,
        "cache": Path("a/cache"),
        "verbose": True,
        "on_epoch": print,
        "seed": 1,
    }
    compare_those_of(first, dict.fromkeys(first) | {"seed": 1})


PLAIN = {
    "betas": ((0.9, 0.99), (0.9, 0.999)),
    "quantile_levels": ([0.1, 0.5], [0.1, 0.5, 0.9]),
    "class_weights": ({"a": 1.0, "b": 2.0}, {"a": 1.0, "b": 3.0}),
    "outcome": (["y"], ["z"]),
    "weight_decay": (nan, 0.1),
    "validation": (0.1, 0.2),
    "loss": ("mse", abs),
    "device": (torch.device("cpu"), "cuda"),
    "sample_weight": ("w", None),
}


@pytest.mark.parametrize("name", PLAIN)
def test_what_differs_is_found_in_any_plain_value(name):
    first, second = PLAIN[name]
    with pytest.raises(WorkerError, match=rf"was given .* as `{name}`, where worker 0 .* was giv"):
        compare_those_of({name: first}, {name: second})


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (nan, nan),
        ([1.0, nan], (1.0, nan)),
        ({"a": nan}, {"a": nan}),
        (np.array([0.1, 0.5]), [0.1, 0.5]),
        (np.int64(3), 3),
        ({0: 1.0}, {False: 1.0}),
        (torch.device("cpu"), "cpu"),
        (abs, max),
    ],
)
def test_what_is_the_same_is_no_difference(first, second):
    compare_those_of({"name": first}, {"name": second})

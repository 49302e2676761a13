"""Processes that read files together have the same ones; else each reads by itself."""

import numpy as np
import pandas as pd
import pytest
from thread_group import together

from pytwolayer.files import same_files
from pytwolayer.files.open_table import open_table

pytest.importorskip("pyarrow")

FRAME = pd.DataFrame({"a": np.arange(1000.0), "b": np.random.default_rng(1).normal(size=1000)})


def divides(paths):
    """Tell, of each process with one of these paths, whether it divides its table."""
    return together(
        len(paths),
        lambda division: (
            open_table("x", str(paths[division.rank]), division=division).division is not None
        ),
    )


def write(path, frame, **how):
    frame.to_parquet(path, **how)
    return path


def test_copies_under_other_names_are_the_same(tmp_path):
    paths = [write(tmp_path / f"{name}.parquet", FRAME) for name in "abc"]
    assert divides(paths) == [True] * 3


def test_other_values_are_not_also_where_sizes_and_footers_are_the_same(tmp_path):
    how = {"compression": None, "use_dictionary": False}
    other = FRAME.assign(b=FRAME["b"].where(FRAME.index != 500, 0.25))
    paths = [write(tmp_path / f"{n}.parquet", f, **how) for n, f in enumerate([FRAME, other])]
    assert len({path.stat().st_size for path in paths}) == 1
    assert divides(paths) == [False] * 2


def test_other_row_groups_names_and_types_are_not(tmp_path):
    first = write(tmp_path / "first.parquet", FRAME)
    others = {
        "groups": (FRAME, {"row_group_size": 100}),
        "names": (FRAME.rename(columns={"a": "c"}), {}),
        "types": (FRAME.astype({"a": "float32"}), {}),
        "rows": (FRAME[:-1], {}),
    }
    for name, (frame, how) in others.items():
        assert divides([first, write(tmp_path / f"{name}.parquet", frame, **how)]) == [False] * 2


def test_of_large_files_pieces_are_compared(tmp_path, monkeypatch):
    monkeypatch.setattr(same_files, "_PIECE", 16)
    monkeypatch.setattr(same_files, "_PIECES", 4)
    paths = [write(tmp_path / f"{name}.parquet", FRAME) for name in "ab"]
    assert divides(paths) == [True] * 2
    changed = bytearray(paths[1].read_bytes())
    changed[len(changed) // 4] ^= 1  # where a piece begins
    paths[1].write_bytes(changed)
    assert divides(paths) == [False] * 2

"""Marks that stand for missing values are read as such, block by block."""

import numpy as np
import pandas as pd
import pytest
from sourced_tables import contents

from pytwolayer.files.masked_rows import mask_marks
from pytwolayer.files.open_table import open_table
from pytwolayer.files.read_options import FileOptions
from pytwolayer.files.table_reader import read_table_file
from pytwolayer.preprocessing import row_source

pytest.importorskip("pyarrow")
RNG = np.random.default_rng(3)
ROWS = 50
FRAME = pd.DataFrame(
    {
        "number": RNG.choice([1.5, -99.0, np.nan, 3.0], ROWS),
        "whole": RNG.choice([1, -99, 4], ROWS),
        "yes": RNG.random(ROWS) < 0.5,
        "text": RNG.choice(["-", "a", "-99", "é", None], ROWS),
        "same": RNG.choice(["b", "c"], ROWS),
        "kind": pd.Categorical(RNG.choice(["u", "-", "v"], ROWS), ["v", "-", "u"]),
        "empty": np.full(ROWS, "-"),
    }
)


@pytest.mark.parametrize("marks", [("-",), ("-99",), ("-", "-99", "none"), ("-99.0",), ("x",)])
def test_a_table_is_that_of_the_whole_file_with_its_marks_missing(tmp_path, monkeypatch, marks):
    monkeypatch.setattr(row_source, "BLOCK_ROWS", 16)
    path = tmp_path / "t.parquet"
    FRAME.to_parquet(path, row_group_size=7)
    masked = mask_marks(open_table("x", path), marks)
    expected = read_table_file("x", path, FileOptions(missing=marks))
    names, rows, columns = contents(expected)
    found = contents(masked)
    assert found[:2] == (names, rows)
    for mine, theirs in zip(found[2], columns, strict=True):
        assert mine == theirs
    some = np.array([0, 7, 7, 49])
    (block,) = masked.source.blocks([0, 3], some)
    number, text = (np.array(line) for line in block)
    np.testing.assert_array_equal(number, expected["number"].astype(float).to_numpy()[some])
    levels = [*masked.columns[3].levels, None]
    texts = [levels[-1 if np.isnan(code) else int(code)] for code in text]
    wanted = [None if pd.isna(v) else v for v in expected["text"].iloc[some]]
    assert texts == wanted

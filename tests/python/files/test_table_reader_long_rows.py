"""Rows that have more values than the header has names."""

import pandas as pd
import pytest

from pytwolayer.errors import ArgumentError
from pytwolayer.files.table_reader import read_table_file


def written(folder, text):
    path = folder / "rows.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "x,z\n1.5,2,\n3,4,\n",
        "x,z\n1.5,2,,\n3,4,,\n",
        "x,z\n1.5,2,\n3,4\n",
        "x,z,\n1.5,2,\n3,4,\n",
        "x,z\n1.5,2\n3,4\n",
    ],
)
def test_separators_at_the_end_of_rows_shift_nothing(tmp_path, text):
    table = read_table_file("data", written(tmp_path, text))
    pd.testing.assert_frame_equal(table, pd.DataFrame({"x": [1.5, 3.0], "z": [2, 4]}))


@pytest.mark.parametrize(
    "text",
    [
        "x,z\n1.5,2,9\n3,4,9\n",
        "x,z\n7,1.5,NA\n2,3,NA\n",
        "x,z\n1,1.5,3\n1,3,4\n",
    ],
)
def test_values_without_a_name_are_an_error(tmp_path, text):
    with pytest.raises(ArgumentError, match="2 names and rows of 3 values"):
        read_table_file("data", written(tmp_path, text))


@pytest.mark.parametrize(
    "names", [('"1"', '"2"'), ('"7"', '"2"'), ("1", "2"), ("Mazda", "Fiat"), ('"a"', '"b"')]
)
def test_names_of_rows_as_r_writes_them_are_left_out(tmp_path, names):
    text = f"x,z\n{names[0]},1.5,2\n{names[1]},3,NA\n"
    table = read_table_file("data", written(tmp_path, text))
    pd.testing.assert_frame_equal(table, pd.DataFrame({"x": [1.5, 3.0], "z": [2, None]}))


def test_a_later_row_that_is_longer_loses_nothing_in_silence(tmp_path):
    with pytest.raises(Exception, match=r"line 3|fields"):
        read_table_file("data", written(tmp_path, "x,z\n1.5,2\n3,4,9\n"))


def test_a_header_alone_is_a_table_of_no_rows(tmp_path):
    assert read_table_file("data", written(tmp_path, "x,z\n")).shape == (0, 2)

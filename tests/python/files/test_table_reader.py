"""Reading tables from files."""

import gzip
import sys

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError, PytwolayerError
from pytwolayer.files.table_reader import read_table_file

FRAME = pd.DataFrame(
    {
        "size": [0.1 + 0.2, 1e-300, 3.0],
        "town": ["Köln", "Łódź", None],
        "yes": [True, False, True],
        "n": [1, 2, 3],
    }
)


def read(path):
    return read_table_file("data", path)


@pytest.mark.parametrize("name", ["a.csv", "a.CSV", "a.csv.gz", "a.tsv", "a.tab"])
def test_text_comes_back_to_the_same_bits(tmp_path, name):
    FRAME.to_csv(tmp_path / name, sep="," if "csv" in name.lower() else "\t", index=False)
    again = read(tmp_path / name)
    assert again["size"].tolist() == FRAME["size"].tolist()
    assert again["town"].isna().tolist() == [False, False, True]
    assert again["town"].tolist()[:2] == ["Köln", "Łódź"]
    assert (again["yes"].dtype, again["n"].dtype) == (bool, np.int64)


@pytest.mark.parametrize("name", ["a.parquet", "a.pq"])
def test_parquet_comes_back_as_it_was(tmp_path, name):
    pytest.importorskip("pyarrow")
    frame = FRAME.assign(kind=pd.Categorical(["b", "a", "b"], ["b", "a"]))
    frame.set_axis([7, 8, 9]).to_parquet(tmp_path / name)
    again = read(str(tmp_path / name))
    assert again["kind"].cat.categories.tolist() == ["b", "a"]
    pd.testing.assert_frame_equal(again, frame, check_dtype=False)


def test_rs_row_names_are_left_out(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text('"","a","b"\n"Mazda",1,2\n"Fiat",3,4\n')  # write.csv()
    assert read(file).to_dict("list") == {"a": [1, 3], "b": [2, 4]}
    file.write_text('"a","b"\n"Mazda",1,2\n"Fiat",3,4\n')  # write.table(sep = ",")
    assert read(file).to_dict("list") == {"a": [1, 3], "b": [2, 4]}
    assert read(file).index.tolist() == [0, 1]


def test_the_mark_in_front_of_a_spreadsheets_text_is_no_part_of_a_name(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n", encoding="utf-8-sig")
    assert list(read(tmp_path / "a.csv")) == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", None, "a file that exists"),
        ("a.xlsx", b"", r"a file ending in one of \.csv, \.tsv, \.tab, \.parquet, \.pq"),
        ("a", b"", "a file ending in one of"),
        ("a.csv", b"", "a table that can be read.*No columns"),
        ("a.csv", b"a,b\n1,2\n3,4,5,6\n", "a table that can be read.*line 3"),
        ("a.csv", b"a\n\xff\xfe\xfa\n", "a table that can be read.*utf-8"),
        ("a.csv.gz", b"not compressed", "a table that can be read"),
        ("a.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 999)[:30], "a table that can be read"),
        ("a.parquet", b"no parquet", "a table that can be read"),
    ],
    ids=["missing", "xlsx", "none", "empty", "ragged", "bytes", "gzip", "cut", "parquet"],
)
def test_what_is_no_table_is_an_error_of_one_line(tmp_path, name, content, message):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ArgumentError, match=f"^`data` must be {message}") as caught:
        read(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_without_pyarrow_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(PytwolayerError, match=r'pip install "pytwolayer\[parquet\]"'):
        read(tmp_path / "a.parquet")


def test_only_what_r_reads_as_missing_is_missing(tmp_path):
    (tmp_path / "a.csv").write_text("g,n\nNone,1\nnull,\nn/a,NA\nNA,NaN\n,5\n")
    frame = read(tmp_path / "a.csv")
    assert frame["g"].tolist()[:3] == ["None", "null", "n/a"]
    assert frame["g"].isna().tolist() == [False] * 3 + [True] * 2
    assert frame["n"].isna().tolist() == [False, True, True, True, False]

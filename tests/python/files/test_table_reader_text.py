"""Reading text files of other people: marks for missing values, separators, encodings."""

import os
import threading
import warnings

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError
from pytwolayer.errors import MissingMarkWarning
from pytwolayer.files.read_options import FileOptions
from pytwolayer.files.table_reader import read_table_file

NUMBERS = [0.1 + 0.2, 1 / 3, -1e-300, 123456.789, 5.0]


def read(path, **options):
    return read_table_file("data", path, FileOptions(**options))


def written(folder, text, name="a.csv", encoding="utf-8"):
    (folder / name).write_bytes(text.encode(encoding))
    return folder / name


MARKS = ["?", "NULL", "n/a", "-", ".", "N/A", "null", "None", "#N/A", "<NA>", "--", "*", "missing"]
MARKS += ["Unknown", " ? ", "\\N", "nil", "#DIV/0!", "-nan", "NA ", "(null)"]


@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_among_numbers_is_missing_and_told_of(tmp_path, mark):
    rows = [repr(number) for number in NUMBERS] + [mark]
    file = written(tmp_path, "x,g\n" + "".join(f"{row},a\n" for row in rows))
    with pytest.warns(MissingMarkWarning) as caught:
        found = read(file)["x"]
    assert found.dtype == np.float64
    assert found.tolist()[:-1] == NUMBERS
    assert np.isnan(found.iloc[-1])
    assert str(caught[0].message) == f'Read as missing: "{mark}" in column "x" (1 row).'


def test_a_mark_among_logicals_and_whole_numbers_is_missing(tmp_path):
    file = written(tmp_path, "n,yes\n1,TRUE\n?,false\n3,-\n?,True\n")
    with pytest.warns(MissingMarkWarning) as caught:
        frame = read(file)
    assert frame["n"].fillna(0).tolist() == [1, 0, 3, 0]
    assert frame["yes"].tolist()[:2] == [True, False]
    assert frame["yes"].isna().tolist() == [False, False, True, False]
    assert str(caught[0].message) == (
        'Read as missing: "?" in column "n" (2 rows), "-" in column "yes" (1 row).'
    )


def test_a_mark_among_text_stays_a_level_and_is_told_of(tmp_path):
    file = written(tmp_path, "g,h,k\nbrick,None,a\n-,Missing,n/a\nn/a,unknown,NA\n")
    with pytest.warns(MissingMarkWarning, match=r'^Read as text: "-", "n/a" in column "g" \(2'):
        frame = read(file)
    assert frame["g"].tolist() == ["brick", "-", "n/a"]
    assert frame["h"].tolist() == ["None", "Missing", "unknown"]
    assert frame["k"].isna().tolist() == [False, False, True]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = read(file, missing=("-", "n/a"))
    assert frame["g"].isna().tolist() == [False, True, True]
    assert frame["k"].isna().tolist() == [False, True, True]


def test_text_beside_numbers_stays_text_as_it_stands(tmp_path):
    file = written(tmp_path, "code\n12\nA1\n012\n1e3\n12.0\n 12\n")
    assert read(file)["code"].tolist() == ["12", "A1", "012", "1e3", "12.0", " 12"]


def test_missing_values_may_be_named(tmp_path):
    file = written(tmp_path, "x,n,g\n-999,1,a\n2.5,-999,-999\n-999.0,3,b\n")
    frame = read(file, missing=("-999",))
    assert frame["x"].isna().tolist() == [True, False, True]
    assert frame["n"].isna().tolist() == [False, True, False]
    assert frame["g"].isna().tolist() == [False, True, False]


def test_many_marks_are_told_briefly(tmp_path):
    names = [f"c{number}" for number in range(40)]
    lines = [",".join(names), ",".join(["1"] * 40), ",".join(["?"] * 40)]
    with pytest.warns(MissingMarkWarning, match="and 35 more columns") as caught:
        read(written(tmp_path, "\n".join(lines)))
    assert len(str(caught[0].message)) < 300


@pytest.mark.parametrize(
    ("separator", "given"), [(";", ";"), ("\t", "\t"), ("|", "|"), ("  ", r"\s+"), (":", ":")]
)
def test_columns_may_be_separated_by_something_else(tmp_path, separator, given):
    text = "a;b;c\n1.5;x;3\n2.5;y;4\n".replace(";", separator)
    for name in ("a.csv", "a.txt", "a.data"):
        frame = read(written(tmp_path, text, name), separator=given)
        assert frame.to_dict("list") == {"a": [1.5, 2.5], "b": ["x", "y"], "c": [3, 4]}


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_one_column_with_separators_in_its_name_is_an_error_that_says_so(tmp_path, separator):
    name = "tab" if separator == "\t" else separator
    for row in ("1,5;2;3", "1;2;3", "1,5;2,5;3,5"):
        file = written(tmp_path, f"a;b;c\n{row}\n1;2;3\n".replace(";", separator))
        with pytest.raises(ArgumentError, match="one column") as caught:
            read(file)
        assert f'`--sep "{name}"`' in str(caught.value)


def test_commas_may_be_decimal_marks(tmp_path):
    file = written(tmp_path, "a;b;c\n1,5;1.5;7\n-0,25;2;8\n1e3;?;?\n")
    with pytest.warns(MissingMarkWarning, match='"[?]" in column "c"'):
        frame = read(file, separator=";", decimal=",")
    assert frame["a"].tolist() == [1.5, -0.25, 1000]
    assert frame["b"].tolist() == ["1.5", "2", "?"]
    assert frame["c"].tolist()[:2] == [7, 8]
    quoted = written(tmp_path, 'a,b\n"1,5",?\n"2,25","3,5"\n', "b.csv")
    with pytest.warns(MissingMarkWarning):
        frame = read(quoted, decimal=",")
    assert frame["a"].tolist() == [1.5, 2.25]
    assert frame["b"].tolist()[1] == 3.5


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16"])
def test_text_in_another_encoding_says_what_to_do(tmp_path, encoding):
    file = written(tmp_path, "größe,b\n1,Köln\n", encoding=encoding)
    with pytest.raises(ArgumentError, match=r"what `--encoding` says, not .*: it is not in utf-8"):
        read(file)
    frame = read(file, encoding=encoding)
    assert frame.to_dict("list") == {"größe": [1], "b": ["Köln"]}


def test_columns_of_the_same_name_are_refused(tmp_path):
    with pytest.raises(ArgumentError, match='names differ, not one with several columns "a"'):
        read(written(tmp_path, "a,b,a\n1,2,3\n"))


def test_an_unknown_ending_needs_a_separator(tmp_path):
    with pytest.raises(ArgumentError, match="or a text file with `--sep`"):
        read(written(tmp_path, "a b\n1 2\n", "a.txt"))


@pytest.mark.parametrize("numbers", [["1", "2"], ["1.5", "2.5e3"], ["-1", "+2"], [".5", "1."]])
def test_a_mark_changes_no_bit_of_the_other_numbers(tmp_path, numbers):
    numbers = [*numbers, *(repr(x) for x in np.random.default_rng(1).normal(size=200) * 1e-3)]
    plain = read(written(tmp_path, "x\n" + "\n".join(numbers)))["x"]
    with pytest.warns(MissingMarkWarning):
        marked = read(written(tmp_path, "x\n" + "\n".join([*numbers, "?"])))["x"]
    assert marked.tolist()[:-1] == plain.tolist()


def test_a_pipe_is_read_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    text = b"a,b\n" + b"1.5,x\n" * 100_000
    writer = threading.Thread(target=(tmp_path / "pipe.csv").write_bytes, args=(text,))
    writer.start()
    frame = read(tmp_path / "pipe.csv")
    writer.join()
    assert (len(frame), set(frame["a"]), set(frame["b"])) == (100_000, {1.5}, {"x"})


def test_a_column_may_have_any_name(tmp_path):
    with pytest.warns(MissingMarkWarning):
        frame = read(written(tmp_path, ',self,table,class\nr1,?,?,1\nr2,2.5,3,"?"\n'))
    assert list(frame) == ["self", "table", "class"]
    assert frame.fillna(0).to_numpy().tolist() == [[0, 0, 1], [2.5, 3, 0]]


def test_parquet_has_its_own_types_and_takes_named_missing_values(tmp_path):
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"x": [1.5, -999], "n": [1, -999], "g": ["?", "a"]})
    frame.to_parquet(tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet")["g"].tolist() == ["?", "a"]
    read_again = read(tmp_path / "a.parquet", missing=("-999", "?"))
    assert read_again.isna().to_numpy().tolist() == [[False, False, True], [True, True, False]]

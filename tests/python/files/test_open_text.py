"""Files of delimited text as tables in blocks: what is read is what reading them whole gives."""

import gzip
import io
import os
import signal
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from sourced_tables import blocks_of, contents

from pytwolayer import ArgumentError, PytwolayerError
from pytwolayer.errors import MissingMarkWarning
from pytwolayer.files import open_text, row_spool, table_reader
from pytwolayer.files.column_types import ColumnTypes
from pytwolayer.files.open_table import open_table
from pytwolayer.files.read_options import FileOptions
from pytwolayer.files.table_reader import read_table_file
from pytwolayer.preprocessing import row_source

ROWS = 60


@pytest.fixture(autouse=True, params=["memory", "disk"])
def _small_parts(request, monkeypatch):
    monkeypatch.setattr(row_source, "BLOCK_ROWS", 16)
    monkeypatch.setattr(open_text, "_FEWEST_ROWS", 7)
    monkeypatch.setattr(open_text, "_VALUES", 7)
    if request.param == "disk":
        monkeypatch.setattr(row_spool, "LARGEST_IN_MEMORY", 500)


def column(*values):
    """Return a column in which some values come at these rows, and others between them."""
    found = [values[0]] * ROWS
    for place, value in enumerate(values[1:]):
        found[9 + 11 * place] = value
    return found


COLUMNS = {
    "numbers": [str(n / 7) for n in range(ROWS)],
    "whole": [str(n) for n in range(ROWS)],
    "large": column("1", "9007199254740993", "18446744073709551615"),
    "too large": column("1", "18446744073709551616", "-5"),
    "gaps": column("1.5", "", "NA", "nan"),
    "late text": column("1", "2", "3", "no number"),
    "codes": column("01", "1", "1.0", "x"),
    "marks": column("1", "?", "-", "n/a"),
    "only marks": column("?"),
    "logical": column("TRUE", "false", "True"),
    "logical with gaps": column("TRUE", "", "false", "NA"),
    "logical and number": column("TRUE", "1", "false"),
    "logical and text": column("TRUE", "1", "x"),
    "logical and marks": column("TRUE", "?", "false"),
    "text": column("a", "b", "", "NULL", "None"),
    "text and numbers": column("a", "1", "2"),
    "nothing": [""] * ROWS,
    "late number": column("", "", "5"),
    "late words": column("", "", "x"),
    "commas": column("1,5", "2,5"),
    "spaces": column(" 1", "2 ", " a"),
    "quotes": column('"a ""b"""', '"c, d"', '"e\nf"'),
}


def write(path, columns, end="\n", separator=","):
    lines = [separator.join(columns)]
    quoted = [[f'"{v}"' if "," in v and v[0] != '"' else v for v in c] for c in columns.values()]
    lines += [separator.join(values) for values in zip(*quoted, strict=True)]
    path.write_text(end.join([*lines, ""]), encoding="utf-8", newline="")
    return path


def both(path, types=None, **options):
    """Read a file in blocks and whole; return what each gives, with its warnings."""
    given = FileOptions(**options)
    found = []
    for read in (
        lambda: open_table("data", path, options=given, types=types),
        lambda: read_table_file("data", path, given, types),
    ):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found.append((contents(read()), sorted(str(w.message) for w in caught)))
    return found


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_is_what_it_is_in_the_whole_file(tmp_path, name):
    path = write(tmp_path / "a.csv", {"id": COLUMNS["whole"], name: COLUMNS[name]})
    ours, theirs = both(path)
    assert ours == theirs


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_all_columns_together_are_too(tmp_path, end, ending):
    separator = "\t" if ending == "tsv" else ","
    path = write(tmp_path / f"a.{ending}", COLUMNS, end, separator)
    ours, theirs = both(path)
    assert ours == theirs


@pytest.mark.parametrize("seed", range(10))
def test_random_columns_are_too(tmp_path, seed):
    rng = np.random.default_rng(seed)
    values = ["1", "2.5", "-3e5", "TRUE", "false", "x", "?", "", "NA", "007", "Köln", "None"]
    columns = {}
    for number in range(8):
        some = rng.choice(values, rng.integers(1, 4), replace=False)
        common = rng.choice(some)
        columns[f"c{number}"] = [
            str(rng.choice(some)) if rng.random() < 0.05 else str(common) for _ in range(ROWS)
        ]
    columns["id"] = COLUMNS["whole"]
    ours, theirs = both(write(tmp_path / "a.csv", columns))
    assert ours == theirs


def test_options_are_heeded(tmp_path):
    columns = {name: COLUMNS[name] for name in ("commas", "text", "marks")}
    path = write(tmp_path / "a.txt", columns, separator=";")
    options = {"separator": ";", "decimal": ",", "missing": ("a", "-")}
    ours, theirs = both(path, **options)
    assert ours == theirs
    path.write_bytes(path.read_text(encoding="utf-8").replace("b", "ü").encode("latin-1"))
    ours, theirs = both(path, encoding="latin-1", **options)
    assert ours == theirs


def test_types_of_a_model_are_heeded(tmp_path):
    frame = pd.DataFrame({"whole": [1.0], "codes": ["01"], "marks": [1], "logical": ["TRUE"]})
    types = ColumnTypes.from_table("x", frame)
    columns = {name: COLUMNS[name] for name in ("marks", "codes", "logical", "whole", "text")}
    path = write(tmp_path / "a.csv", columns)
    (ours, ours_told), (theirs, theirs_told) = both(path, types)
    assert ours_told == theirs_told
    assert ours[2] == theirs[2][:-1]  # "text" is not needed
    wrong = ColumnTypes.from_table("x", pd.DataFrame({"codes": [1.0]}))
    for read in (open_table, read_table_file):
        with pytest.raises(ArgumentError, match=r'not "x" in column "codes" \(row 32\)'):
            read("data", path, types=wrong)


def test_files_may_be_compressed_and_have_a_mark_of_byte_order(tmp_path):
    path = write(tmp_path / "a.csv", {"id": COLUMNS["whole"], "text": COLUMNS["text"]})
    expected = contents(read_table_file("data", path))
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert contents(open_table("data", packed)) == expected
    path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert contents(open_table("data", path)) == expected


@pytest.mark.parametrize("quote", ['"', ""])
@pytest.mark.parametrize("names", ["counted", "words", "words twice"])
def test_names_of_rows_are_left_out(tmp_path, quote, names):
    given = {
        "counted": [str(n + 1) for n in range(ROWS)],
        "words": [f"row {n}" for n in range(ROWS)],
        "words twice": [f"row {n % 50}" for n in range(ROWS)],
    }[names]
    rows = [f"{quote}{name}{quote},{n},{n % 3}" for n, name in enumerate(given)]
    for header in ('"","a","b"', '"a","b"'):
        path = tmp_path / "a.csv"
        path.write_text("\n".join([header, *rows, ""]))
        assert outcome_of(open_table, path) == outcome_of(read_table_file, path)


def outcome_of(read, path):
    """Return what a file has, or what is wrong with it."""
    try:
        return contents(read("data", path))
    except ArgumentError as problem:
        return str(problem)


def test_separators_at_the_end_of_rows_are_no_columns(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "1,2,\n" * ROWS)
    ours, theirs = both(path)
    assert ours == theirs
    assert not ours[1]


BAD = {
    "nothing": "",
    "a longer row": "a,b\n" + "1,2\n" * 50 + "1,2,3\n",
    "duplicates": "a,b,a\n1,2,3\n",
    "another separator": "a;b\n1;2\n",
    "a quote that does not end": 'a,b\n1,"2\n',
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_errors_are_those_of_reading_it_whole(tmp_path, text):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(ArgumentError) as expected:
        read_table_file("data", path)
    with pytest.raises(ArgumentError) as caught:
        open_table("data", path, options=FileOptions())
    assert str(caught.value) == str(expected.value)


def test_text_in_another_encoding_is_an_error(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n" + b"1,x\n" * 50 + "2,Köln\n".encode("latin-1"))
    with pytest.raises(ArgumentError, match="it is not in utf-8"):
        open_table("data", path)


def test_a_header_alone_is_a_table_without_rows(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n")
    assert open_table("data", path).shape == (0, 2)
    with pytest.raises(ArgumentError, match="at least one row"):
        contents(open_table("data", path))


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, monkeypatch):
    path = write(tmp_path / "a.csv", {"id": COLUMNS["whole"]})
    real = row_spool.RowSpool.add

    def touch(self, columns):
        os.utime(path, ns=(1, 1))
        real(self, columns)

    monkeypatch.setattr(row_spool.RowSpool, "add", touch)
    with pytest.raises(ArgumentError, match="which has changed"):
        open_table("data", path)


def test_chosen_rows_are_these_rows(tmp_path):
    path = write(tmp_path / "a.csv", {n: COLUMNS[n] for n in ("late text", "whole", "text")})
    with pytest.warns(MissingMarkWarning):
        table = open_table("data", path)
    rows = np.array([0, 0, 8, 9, 40, 41, 59])
    chosen = [np.concatenate(lines) for lines in zip(*blocks_of(table, None, rows), strict=True)]
    everything = [np.concatenate(lines) for lines in zip(*blocks_of(table), strict=True)]
    np.testing.assert_array_equal(chosen, [values[rows] for values in everything])


def test_other_files_are_refused(tmp_path):
    (tmp_path / "a.xlsx").write_text("a")
    with pytest.raises(ArgumentError, match="a file ending in one of"):
        open_table("x", tmp_path / "a.xlsx")


def test_other_files_need_pyarrow(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for other in (tmp_path, tmp_path / "a.parquet"):
        with pytest.raises(PytwolayerError, match="need pyarrow, which is not installed"):
            open_table("data", other)


def test_a_pyarrow_that_is_too_old_is_an_error(tmp_path, monkeypatch):
    pyarrow = pytest.importorskip("pyarrow")
    monkeypatch.setattr(pyarrow, "__version__", "14.0.2")
    with pytest.raises(PytwolayerError, match=r"pyarrow 16 or newer, not 14\.0\.2"):
        open_table("data", tmp_path)


def test_options_of_the_command_line_are_named_there_alone(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a;b\n1;2\n")
    with pytest.raises(ArgumentError, match=r'one column "a;b"; ";" may be what separates'):
        open_table("data", path)
    write(path, {"id": COLUMNS["whole"], "text": COLUMNS["text"]})
    with pytest.warns(MissingMarkWarning, match=r'^Read as text: "NULL" .* \(1 row\)\.$'):
        open_table("data", path)
    path.write_text('a,b\n1,"1,5"\n')
    types = ColumnTypes.from_table("x", pd.DataFrame({"b": [1.0]}))
    with pytest.raises(ArgumentError, match=r'"1,5" in column "b" \(row 1\)'):
        open_table("data", path, types=types)
    with pytest.raises(ArgumentError, match=r'a file or a folder that exists, not ""'):
        open_table("data", "")


@pytest.mark.parametrize("after", [3, 6])
def test_an_interrupt_of_reading_is_an_interrupt(tmp_path, monkeypatch, after):
    path = tmp_path / "table.csv"
    lines = "".join(f"{number},{number / 7}\n" for number in range(200_000))
    path.write_text("x,y\n" + lines)
    reads = []

    class Interrupted(io.FileIO):
        def read(self, size=-1):
            reads.append(size)
            if len(reads) > after:
                signal.raise_signal(signal.SIGINT)
            return super().read(size)

        read1 = read

    monkeypatch.setattr(table_reader.TextFile, "_source", lambda self: Interrupted(path))
    monkeypatch.setattr(open_text, "_VALUES", 2**15)
    with pytest.raises(KeyboardInterrupt):
        open_table("x", path)

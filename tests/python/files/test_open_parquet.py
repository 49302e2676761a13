"""Parquet files and folders of them as tables that are read in blocks."""

import os
import threading
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from sourced_tables import blocks_of, contents

from pytwolayer import ArgumentError
from pytwolayer.files import open_parquet, parquet_batches
from pytwolayer.files.open_table import open_table
from pytwolayer.preprocessing import row_source

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

ROWS = 100


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(row_source, "BLOCK_ROWS", 16)
    monkeypatch.setattr(parquet_batches, "BLOCK_ROWS", 8)
    monkeypatch.setattr(parquet_batches, "_BATCH_BYTES", 2000)


def make_frame(rows=ROWS, seed=1):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "number": rng.normal(size=rows),
            "single": rng.normal(size=rows).astype(np.float32),
            "whole": rng.integers(0, 2**60, rows),
            "yes": rng.random(rows) < 0.5,
            "text": rng.choice(["z", "a", "é", "", "NA", "\U0001f600"], rows),
            "kind": pd.Categorical(rng.choice(["u", "v"], rows), ["v", "w", "u"]),
            "span": pd.to_timedelta(rng.integers(-(10**12), 10**12, rows), "us"),
        }
    )
    frame["gaps"] = frame["number"].where(rng.random(rows) < 0.8)
    frame["counts"] = pd.array(rng.integers(0, 9, rows), "Int64")
    frame.loc[rng.random(rows) < 0.2, ["text", "kind", "counts", "span"]] = None
    return frame


def write_parts(folder, frame, cuts, **how):
    """Write a frame to files that have the rows between the cuts."""
    folder.mkdir(parents=True, exist_ok=True)
    edges = [0, *cuts, len(frame)]
    for number, (start, stop) in enumerate(pairwise(edges)):
        frame.iloc[start:stop].to_parquet(folder / f"{number:03}.parquet", index=False, **how)
    return folder


@pytest.mark.parametrize("group", [1, 7, 33, 1000])
@pytest.mark.parametrize("cuts", [[], [50], [0, 0, 3, 64, 64]], ids=str)
def test_a_folder_is_the_frame_of_its_files_whatever_files_and_row_groups(tmp_path, cuts, group):
    frame = make_frame()
    folder = write_parts(tmp_path / "data", frame, cuts, row_group_size=group)
    assert contents(open_table("x", folder)) == contents(frame)
    assert contents(open_table("x", str(folder))) == contents(frame)


def test_one_file_is_its_frame(tmp_path):
    frame = make_frame()
    frame.to_parquet(tmp_path / "a.parquet")
    assert contents(open_table("x", tmp_path / "a.parquet")) == contents(frame)


def test_blocks_are_full_but_the_last_whatever_the_row_groups(tmp_path):
    folder = write_parts(tmp_path / "data", make_frame(), [3, 50], row_group_size=7)
    table = open_table("x", folder)
    assert [len(block[0]) for block in blocks_of(table)] == [16] * 6 + [4]
    assert [len(block[0]) for block in blocks_of(table, [1], np.arange(0, 100, 3))] == [16, 16, 2]


@pytest.mark.parametrize("seed", range(8))
def test_chosen_rows_are_these_rows_repeats_too(tmp_path, seed):
    frame = make_frame()
    folder = write_parts(tmp_path / "data", frame, [10, 11, 70], row_group_size=9)
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.integers(0, ROWS, rng.integers(1, 150)))
    if seed == 0:
        rows = np.array([99])
    table = open_table("x", folder)
    chosen = [[*lines] for lines in zip(*blocks_of(table, [0, 4, 5, 7], rows), strict=True)]
    everything = [[*lines] for lines in zip(*blocks_of(table, [0, 4, 5, 7]), strict=True)]
    for some, column in zip(chosen, everything, strict=True):
        np.testing.assert_array_equal(np.concatenate(some), np.concatenate(column)[rows])


def test_files_are_in_the_order_of_their_paths_and_hidden_ones_are_left_out(tmp_path):
    names = ["b.parquet", "a/z.pq", "a.parquet", "A.parquet", "a/é.parquet", "x.parquet/1.parquet"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        pd.DataFrame({"name": [name]}).to_parquet(tmp_path / name)
    for name in (".hidden.parquet", "_temporary/1.parquet", "_metadata", "readme.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("not Parquet")
    table = open_table("x", tmp_path)
    (codes,) = blocks_of(table)
    assert [table.columns[0].levels[int(code)] for code in codes[0]] == sorted(names)


def test_names_of_folders_give_columns(tmp_path):
    for folder in ("year=2021/town=K%C3%B6ln", "year=2020/town=__HIVE_DEFAULT_PARTITION__"):
        (tmp_path / folder).mkdir(parents=True)
        pd.DataFrame({"a": [1.0, 2.0]}).to_parquet(tmp_path / folder / "a=b c.parquet")
    frame = pd.DataFrame(
        {"a": [1.0, 2.0] * 2, "year": [2020, 2020, 2021, 2021], "town": [None, None, *["Köln"] * 2]}
    )
    assert contents(open_table("x", tmp_path)) == contents(frame)
    for columns in (["year"], ["town", "year"], ["a", "town"]):
        (block,) = blocks_of(open_table("x", tmp_path, columns=columns))
        whole = dict(zip(frame, blocks_of(open_table("x", tmp_path))[0], strict=True))
        wanted = [name for name in frame if name in columns]
        np.testing.assert_array_equal(block, [whole[name] for name in wanted])


def test_a_folders_name_stands_for_a_column_that_the_files_have_too(tmp_path):
    (tmp_path / "k=5").mkdir()
    pd.DataFrame({"k": ["x"], "a": [1.0]}).to_parquet(tmp_path / "k=5" / "1.parquet")
    assert contents(open_table("x", tmp_path)) == contents(pd.DataFrame({"a": [1.0], "k": [5]}))


def test_links_are_followed_but_not_in_circles(tmp_path):
    folder = write_parts(tmp_path / "data", make_frame(), [])
    other = write_parts(tmp_path / "other", make_frame(seed=2), [])
    (folder / "link").symlink_to(other)
    (folder / "again.parquet").symlink_to(other / "000.parquet")
    (folder / "up").symlink_to(tmp_path / "data")
    assert open_table("x", folder).shape[0] == 3 * ROWS
    (folder / "lost.parquet").symlink_to(tmp_path / "nowhere.parquet")
    with pytest.raises(ArgumentError, match=r'lost\.parquet", which is gone'):
        open_table("x", folder)


ODD = {
    "dots": ["a", "a.b", "a.b.c", "b"],
    "empty": ["", " ", "a"],
    "unicode": ["größe", "値", "\u200b", "`x`"],
    "newline": ["a\nb", "a\tb", '"'],
}


@pytest.mark.parametrize("names", ODD.values(), ids=ODD)
def test_names_of_columns_may_be_odd(tmp_path, names):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(9, len(names))), columns=names)
    frame[names[0]] = rng.choice(["u", "v"], 9)
    frame.to_parquet(tmp_path / "a.parquet")
    assert contents(open_table("x", tmp_path)) == contents(frame)


def test_columns_of_one_name_are_refused_where_they_are_wanted(tmp_path):
    pq.write_table(pa.table([[1.0], [2.0], [3.0]], names=["a", "b", "a"]), tmp_path / "a.parquet")
    table = open_table("x", tmp_path)
    with pytest.raises(ArgumentError, match='one with several columns "a"'):
        contents(table)
    assert contents(table, like=(("b",), 1)) == contents(pd.DataFrame({"b": [2.0]}))


def test_an_index_of_pandas_is_no_column(tmp_path):
    frame = make_frame().set_index(pd.Index(range(5, 105), name="id"))
    frame.to_parquet(tmp_path / "a.parquet")
    assert contents(open_table("x", tmp_path)) == contents(frame)


def test_a_dictionary_of_strings_differs_between_files_and_row_groups(tmp_path):
    first, second = ["c", "a", "c", "b"], ["d", "a", None, "e"]
    for name, values in (("1", first), ("2", second)):
        values = pa.array(values).dictionary_encode()
        pq.write_table(pa.table({"k": values}), tmp_path / f"{name}.parquet")
    table = open_table("x", tmp_path)
    assert (table.columns[0].kind, table.columns[0].levels) == ("factor", tuple("cabde"))
    (block,) = blocks_of(table)
    np.testing.assert_array_equal(block[0], [0, 1, 0, 2, 3, 1, np.nan, 4])


def test_text_with_more_levels_than_a_dictionary_of_a_file_holds(tmp_path):
    rng = np.random.default_rng(1)
    values = [None if n % 7 == 0 else f"level {n}" for n in rng.integers(0, 300, 1000)]
    frame = pd.DataFrame({"t": values, "u": values[::-1]})
    how = {"dictionary_pagesize_limit": 200, "data_page_size": 500, "write_batch_size": 10}
    frame.to_parquet(tmp_path / "a.parquet", row_group_size=700, **how)
    assert contents(open_table("x", tmp_path)) == contents(frame)


def test_levels_of_text_are_those_that_occur(tmp_path):
    values = pa.DictionaryArray.from_arrays([1, 1, None], ["never", "once"])
    pq.write_table(pa.table({"k": values}), tmp_path / "1.parquet", store_schema=False)
    assert open_table("x", tmp_path).columns[0].levels == ("once",)


def test_types_of_one_kind_may_differ_between_files(tmp_path):
    kinds = (pa.int8(), pa.float64(), pa.null(), pa.decimal128(21, 1), pa.uint64(), pa.float16())
    for number, kind in enumerate(kinds):
        values = pa.array([None if kind == pa.null() else number])
        values = pa.array([np.float16(number)]) if kind == pa.float16() else values.cast(kind)
        text = pa.array(["a"], pa.large_string() if number % 2 else pa.string())
        pq.write_table(pa.table({"a": values, "t": text}), tmp_path / f"{number}.parquet")
    frame = pd.DataFrame({"a": [0, 1, None, 3, 4, 5], "t": "a"})
    assert contents(open_table("x", tmp_path)) == contents(frame)


CHANGES = {
    "number to text": (pa.array([1.0]), pa.array(["1"]), "text in column"),
    "text to number": (pa.array(["1"]), pa.array([1.0]), "numbers in column"),
    "logical to number": (pa.array([True]), pa.array([1]), "numbers in column"),
    "number to span": (pa.array([1]), pa.array([1], pa.duration("s")), "time spans in column"),
    "factor to number": (pa.array(["a"]).dictionary_encode(), pa.array([1]), "numbers in column"),
}


@pytest.mark.parametrize(("before", "now", "told"), CHANGES.values(), ids=CHANGES)
def test_a_column_that_changes_its_type_is_an_error_that_names_column_and_file(
    tmp_path, before, now, told
):
    for name, values in (("1", before), ("2", now)):
        pq.write_table(pa.table({"a": [1.0], "k": values}), tmp_path / f"{name}.parquet")
    with pytest.raises(ArgumentError, match=rf'{told} "k" of ".*2\.parquet" but .*1\.parquet"'):
        open_table("x", tmp_path)
    assert open_table("x", tmp_path, columns=["a"]).shape == (2, 1)


def test_columns_that_one_file_lacks_or_has_besides_are_an_error(tmp_path):
    pd.DataFrame({"a": [1], "b": [2]}).to_parquet(tmp_path / "1.parquet")
    pd.DataFrame({"b": [3], "a": [4]}).to_parquet(tmp_path / "2.parquet")
    assert contents(open_table("x", tmp_path)) == contents(pd.DataFrame({"a": [1, 4], "b": [2, 3]}))
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "3.parquet")
    with pytest.raises(ArgumentError, match=r'3\.parquet" without column "b"'):
        open_table("x", tmp_path)
    pd.DataFrame({"a": [1], "b": [2], "c": [3]}).to_parquet(tmp_path / "3.parquet")
    with pytest.raises(ArgumentError, match=r'1\.parquet" without column "c"'):
        open_table("x", tmp_path)
    assert open_table("x", tmp_path, columns=["a", "b"]).shape == (3, 2)


def test_files_without_rows_among_others_are_fine(tmp_path):
    frame = make_frame()
    write_parts(tmp_path / "data", frame, [0, 50, 50])
    frame.iloc[:0].to_parquet(tmp_path / "data" / "zzz.parquet", index=False)
    assert contents(open_table("x", tmp_path / "data")) == contents(frame)


def test_a_file_without_rows_may_have_columns_of_any_type(tmp_path):
    frame = pd.DataFrame({"x": [1.0, 2.0], "t": ["a", "b"]})
    (tmp_path / "data").mkdir()
    empty = pd.DataFrame({"x": [], "t": []}, dtype=float)  # as pandas writes it
    empty.to_parquet(tmp_path / "data" / "a.parquet")
    frame.to_parquet(tmp_path / "data" / "b.parquet")
    empty.to_parquet(tmp_path / "data" / "c.parquet")
    assert contents(open_table("x", tmp_path / "data")) == contents(frame)


def test_no_rows_at_all_are_refused_as_in_a_frame(tmp_path):
    make_frame().iloc[:0].to_parquet(tmp_path / "a.parquet")
    with pytest.raises(ArgumentError, match=r"at least one row and one column, not .*\(0, 9\)"):
        contents(open_table("x", tmp_path))


def test_no_columns_are_refused(tmp_path):
    pq.write_table(pa.table({}), tmp_path / "a.parquet")
    with pytest.raises(ArgumentError, match="at least one row and one column"):
        contents(open_table("x", tmp_path))


BAD_FILES = {
    "empty": b"",
    "short": b"PAR1",
    "foreign": b"a,b\n1,2\n" * 100,
    "text at the end": b"PAR1" + b"x" * 200 + b"PAR1",
}


@pytest.mark.parametrize("content", BAD_FILES.values(), ids=BAD_FILES)
def test_a_foreign_file_is_one_clear_error_that_names_it(tmp_path, content):
    make_frame().to_parquet(tmp_path / "1.parquet")
    (tmp_path / "2.parquet").write_bytes(content)
    with pytest.raises(
        ArgumentError, match=r'must be Parquet files that can be read, not ".*2\.pa'
    ):
        open_table("x", tmp_path)


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_truncated_file_is_one_clear_error_that_names_it(tmp_path, share):
    file = tmp_path / "1.parquet"
    make_frame().to_parquet(file)
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(
        ArgumentError, match=r'must be Parquet files that can be read, not ".*1\.pa'
    ):
        open_table("x", tmp_path)


def test_damage_within_a_file_is_one_clear_error_that_names_it(tmp_path):
    file = tmp_path / "1.parquet"
    table = pa.table({"a": np.random.default_rng(1).normal(size=5000)})
    for place, how in ((slice(4, 40), {}), (slice(9000, 9008), {"write_page_checksum": True})):
        pq.write_table(table, file, compression="none", **how)
        content = bytearray(file.read_bytes())
        content[place] = bytes(len(content[place]))
        file.write_bytes(content)
        opened = open_table("x", file)
        with pytest.raises(
            ArgumentError, match=r'must be Parquet files that can be read, not ".*1\.pa'
        ):
            contents(opened)


def test_a_folder_without_parquet_files_is_an_error(tmp_path):
    with pytest.raises(ArgumentError, match="a folder with Parquet files"):
        open_table("x", tmp_path)
    (tmp_path / "a.csv").write_text("a\n1\n")
    with pytest.raises(ArgumentError, match="a folder with Parquet files"):
        open_table("x", tmp_path)
    with pytest.raises(ArgumentError, match="a file or a folder that exists"):
        open_table("x", tmp_path / "none")


def test_folders_that_give_only_some_files_a_column_are_refused(tmp_path):
    (tmp_path / "k=1").mkdir()
    for name in ("1.parquet", "k=1/1.parquet"):
        pd.DataFrame({"a": [1]}).to_parquet(tmp_path / name)
    with pytest.raises(ArgumentError, match=r'give all files the same columns, not none of ".*"k"'):
        open_table("x", tmp_path)


def change_rows(file):
    make_frame(seed=5).to_parquet(file, index=False)


def touch(file):
    os.utime(file, ns=(1, 1))


def change_quietly(file):
    facts = file.stat()
    frame = pd.read_parquet(file)
    frame["number"] += 1
    frame.to_parquet(file, index=False)
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))


@pytest.mark.parametrize("change", [change_rows, touch, change_quietly])
def test_a_file_that_changes_between_passes_is_refused(tmp_path, change):
    write_parts(tmp_path, make_frame(), [50])
    table = open_table("x", tmp_path)
    blocks_of(table)
    change(tmp_path / "001.parquet")
    with pytest.raises(ArgumentError, match=r'do not change .*001\.parquet", which has changed'):
        blocks_of(table)


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path):
    pd.DataFrame({"a": np.zeros(10_000)}).to_parquet(tmp_path / "0.parquet", row_group_size=100)
    table = open_table("x", tmp_path)
    blocks = table.source.blocks([0])
    next(blocks)
    touch(tmp_path / "0.parquet")
    with pytest.raises(ArgumentError, match="which has changed"):
        for _ in blocks:
            pass


def test_a_file_is_checked_before_its_last_block_is_given(tmp_path):
    make_frame(16).to_parquet(tmp_path / "0.parquet")
    table = open_table("x", tmp_path)
    touch(tmp_path / "0.parquet")
    with pytest.raises(ArgumentError, match="which has changed"):
        next(table.source.blocks([0]))


def test_a_file_that_vanishes_is_refused(tmp_path):
    write_parts(tmp_path, make_frame(), [50])
    table = open_table("x", tmp_path)
    (tmp_path / "001.parquet").unlink()
    with pytest.raises(ArgumentError, match=r'001\.parquet", which is gone'):
        blocks_of(table)


def test_other_types_are_refused_only_where_they_are_read(tmp_path):
    values = {
        "date": pa.array([1], pa.date32()),
        "time": pa.array([1], pa.timestamp("us", "UTC")),
        "clock": pa.array([1], pa.time64("us")),
        "list": pa.array([[1]]),
        "struct": pa.array([{"a": 1}]),
        "map": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
        "bytes": pa.array([b"a"]),
    }
    pq.write_table(pa.table({"a": [1.0], **values}), tmp_path / "1.parquet")
    table = open_table("x", tmp_path)
    assert contents(table, like=(("a",), 1)) == contents(pd.DataFrame({"a": [1.0]}))
    for name in values:
        with pytest.raises(ArgumentError, match=f'in column "{name}"') as caught:
            contents(table, like=((name,), 1))
        assert caught.value.expected == "numbers, logicals, factors or text"


def test_reading_ends_its_thread_where_it_is_left(tmp_path):
    write_parts(tmp_path, make_frame(1000), [500], row_group_size=10)
    before = threading.active_count()
    blocks = open_table("x", tmp_path).source.blocks([0, 1])
    next(blocks)
    del blocks
    assert threading.active_count() == before


def test_only_columns_and_row_groups_that_are_wanted_are_read(tmp_path, monkeypatch):
    write_parts(tmp_path, make_frame(), [50], row_group_size=10)
    table = open_table("x", tmp_path)
    asked = []
    real = pq.ParquetFile.iter_batches

    def watch(self, *args, **how):
        asked.append((how["columns"], how["row_groups"]))
        return real(self, *args, **how)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", watch)
    blocks_of(table, [0], np.array([0, 35, 36, 49]))
    assert asked == [(["number"], [0]), (["number"], [3, 4])]


def test_columns_without_levels_need_no_pass(tmp_path, monkeypatch):
    write_parts(tmp_path, make_frame()[["number", "yes", "whole"]], [50])

    def fail(*args, **how):
        raise AssertionError

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", fail)
    assert open_table("x", tmp_path).shape == (ROWS, 3)


def test_a_partition_that_is_text_in_one_folder_is_text(tmp_path):
    assert open_parquet._partition_column(["1", "02", None], is_text=False)[0].kind == "number"
    column, codes = open_parquet._partition_column(["1", "b", None], is_text=False)
    assert (column.kind, column.levels) == ("text", ("1", "b"))
    np.testing.assert_array_equal(codes, [0, 1, np.nan])


def write_damaged_text(folder):
    """Write two files, the second of which has a byte in a text that is no text."""
    frame = pd.DataFrame({"number": [1.0, 2, 3], "text": ["a", "b", "??"]})
    for name in ("1.parquet", "2.parquet"):
        pq.write_table(pa.Table.from_pandas(frame), folder / name, compression="none")
    content = (folder / "2.parquet").read_bytes()
    (folder / "2.parquet").write_bytes(content.replace(b"??", b"\xff?"))


def test_text_that_is_none_names_its_column_and_file(tmp_path):
    from pytwolayer import two_layer

    write_damaged_text(tmp_path)
    match = r'`x` must be values that can be read, not those in column "text" of ".*2.parquet": '
    with pytest.raises(ArgumentError, match=match + "Invalid UTF8"):
        open_table("x", tmp_path)
    good = pd.DataFrame({"number": [1.0, 2, 3], "text": ["a", "b", "a"]})
    quick = {"epochs": 1, "seed": 1, "verbose": False, "hidden_units": 2}
    fit = two_layer(good, [1.0, 2, 3], **quick)
    with pytest.raises(ArgumentError, match=match):
        fit.predict(tmp_path)
    of_number = two_layer(good[["number"]], [1.0, 2, 3], **quick)
    for output in ("p.csv", "p.parquet"):
        with pytest.raises(ArgumentError, match=match):
            of_number.predict(tmp_path, output=tmp_path.parent / output, columns=["text"])
        assert not (tmp_path.parent / output).exists()


def test_a_fit_reads_wide_files_by_some_columns_at_a_time(tmp_path, monkeypatch):
    from pytwolayer import two_layer

    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(ROWS, 9)), columns=[*"abcdefghy"])
    frame = frame.assign(a=frame["a"].abs(), text=rng.choice(["u", "v"], ROWS))
    frame.to_parquet(tmp_path / "t.parquet", row_group_size=30)
    asked = []
    real = pq.ParquetFile.iter_batches

    def watch(self, *args, **how):
        asked.append(len(how["columns"]))
        return real(self, *args, **how)

    monkeypatch.setattr(parquet_batches, "_COLUMNS", 4)
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", watch)
    how = {"outcome": "y", "epochs": 2, "seed": 1, "verbose": False, "hidden_units": 2}
    how |= {"weight_decay": 0.1, "encoding": "linear"}
    for options in ({}, {"validation": 0.2}, {"sample_weight": "a"}):
        asked.clear()
        fit = two_layer(tmp_path, **how, **options)
        assert max(asked) == 4, options
        expected = two_layer(frame, **how, **options)
        assert fit.data == expected.data
        assert fit.inputs == expected.inputs
        pd.testing.assert_frame_equal(fit.history, expected.history, check_exact=True)

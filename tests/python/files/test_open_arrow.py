"""Arrow objects as tables that are read in blocks."""

import decimal

import numpy as np
import pandas as pd
import pytest
from sourced_tables import blocks_of, contents

from pytwolayer import ArgumentError
from pytwolayer.files import arrow_batches, open_arrow, row_spool
from pytwolayer.files.open_table import open_table
from pytwolayer.preprocessing import row_source

pa = pytest.importorskip("pyarrow")
ds = pytest.importorskip("pyarrow.dataset")
pq = pytest.importorskip("pyarrow.parquet")
ROWS = 40


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(row_source, "BLOCK_ROWS", 8)
    monkeypatch.setattr(arrow_batches, "BLOCK_ROWS", 1)


@pytest.fixture(params=["memory", "disk"])
def _where_streams_go(request, monkeypatch):
    if request.param == "disk":
        monkeypatch.setattr(row_spool, "LARGEST_IN_MEMORY", 400)
        monkeypatch.setattr(open_arrow, "LARGEST_IN_MEMORY", 400)


def gaps(values, share=0.3, seed=1):
    rng = np.random.default_rng(seed)
    return [None if rng.random() < share else value for value in values]


RNG = np.random.default_rng(1)
NUMBERS = RNG.normal(size=ROWS)
WHOLE = RNG.integers(-100, 100, ROWS).tolist()
WORDS = RNG.choice(["z", "a", "é", "", "\U0001f600"], ROWS).tolist()
DECIMALS = [decimal.Decimal(int(n)).scaleb(-7) for n in RNG.integers(-(10**12), 10**12, ROWS)]
TYPES = {
    "double": pa.array(NUMBERS),
    "double with gaps": pa.array(gaps(NUMBERS)),
    "not a number": pa.array(np.where(NUMBERS > 0, NUMBERS, np.nan)),
    "single": pa.array(NUMBERS.astype(np.float32)),
    "single with gaps": pa.array(gaps(NUMBERS.astype(np.float32).tolist()), pa.float32()),
    "half": pa.array(NUMBERS.astype(np.float16)),
    "int8": pa.array(WHOLE, pa.int8()),
    "int64": pa.array([2**53 + n for n in range(ROWS)]),
    "int64 with gaps": pa.array(gaps([2**53 + n for n in range(ROWS)])),
    "uint64": pa.array([2**64 - 1 - n for n in range(ROWS)], pa.uint64()),
    "logical": pa.array(NUMBERS > 0),
    "logical with gaps": pa.array(gaps((NUMBERS > 0).tolist())),
    "text": pa.array(WORDS),
    "text with gaps": pa.array(gaps(WORDS)),
    "large text": pa.array(gaps(WORDS), pa.large_string()),
    "factor": pa.array(gaps(WORDS)).dictionary_encode(),
    "factor of numbers": pa.array(gaps(WHOLE)).dictionary_encode(),
    "factor of logicals": pa.array(gaps((NUMBERS > 0).tolist())).dictionary_encode(),
    "decimal": pa.array(gaps(DECIMALS), pa.decimal128(20, 7)),
    "large decimal": pa.array(gaps(DECIMALS), pa.decimal256(40, 20)),
    "span": pa.array(gaps(WHOLE), pa.duration("s")),
    "milliseconds": pa.array(gaps([n * 10**9 + 7 for n in WHOLE]), pa.duration("ms")),
    "microseconds": pa.array(gaps([n * 10**12 + 7 for n in WHOLE]), pa.duration("us")),
    "nanoseconds": pa.array(gaps([n * 10**15 + 7 for n in WHOLE]), pa.duration("ns")),
    "nothing": pa.nulls(ROWS),
    "all missing": pa.nulls(ROWS, pa.string()),
    "all of a factor missing": pa.nulls(ROWS, pa.dictionary(pa.int8(), pa.string())),
}
TABLE = pa.table({"first": np.arange(ROWS), **TYPES})


@pytest.mark.parametrize("name", TYPES)
def test_a_column_is_what_pandas_makes_of_it(name):
    table = TABLE.select(["first", name])
    expected = contents(table.to_pandas())
    assert contents(open_table("x", table)) == expected
    chunks = pa.concat_tables([table.slice(0, 7), table.slice(7, 0), table.slice(7)])
    assert contents(open_table("x", chunks)) == expected


def reexported(table):
    """Return an object that gives an Arrow stream, and has nothing else."""

    class Foreign:
        def __arrow_c_stream__(self, requested_schema=None):
            return table.__arrow_c_stream__(requested_schema)

    return Foreign()


@pytest.mark.usefixtures("_where_streams_go")
@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_a_stream_is_its_table(rows):
    expected = contents(TABLE.to_pandas())
    assert contents(open_table("x", TABLE.to_reader(max_chunksize=rows))) == expected
    assert contents(open_table("x", reexported(TABLE))) == expected


@pytest.mark.usefixtures("_where_streams_go")
def test_levels_of_a_stream_come_in_the_order_of_its_dictionaries():
    first, second = pa.array(["c", "a", "b"]), pa.array(["d", "a", None, "e"])
    parts = [pa.record_batch({"k": part.dictionary_encode()}) for part in (first, second)]
    parts = [part for part in parts for _ in range(60)]
    table = open_table("x", pa.RecordBatchReader.from_batches(parts[0].schema, parts))
    assert (table.columns[0].kind, table.columns[0].levels) == ("factor", tuple("cabde"))
    codes = np.concatenate([block[0] for block in blocks_of(table)])
    np.testing.assert_array_equal(codes, [0, 1, 2] * 60 + [3, 1, np.nan, 4] * 60)


def test_a_large_stream_is_in_a_temporary_file(monkeypatch):
    monkeypatch.setattr(row_spool, "LARGEST_IN_MEMORY", 400)
    monkeypatch.setattr(open_arrow, "LARGEST_IN_MEMORY", 400)
    table = open_table("x", TABLE.to_reader(max_chunksize=5))
    assert table.source._batches.on_disk
    rows = np.array([0, 3, 3, 20, 39])
    (some,) = blocks_of(table, None, rows)
    whole = [np.concatenate(lines) for lines in zip(*blocks_of(table), strict=True)]
    np.testing.assert_array_equal(some, [values[rows] for values in whole])


def test_a_disk_without_room_is_a_clear_error(monkeypatch):
    monkeypatch.setattr(row_spool, "LARGEST_IN_MEMORY", 400)
    monkeypatch.setattr(open_arrow, "LARGEST_IN_MEMORY", 400)

    class Full:
        def write(self, data):
            raise OSError(28, "No space left on device")

        def close(self):
            pass

    monkeypatch.setattr(row_spool.tempfile, "TemporaryFile", lambda **how: Full())
    with pytest.raises(Exception, match="There is no room for a copy of the table") as caught:
        open_table("x", TABLE.to_reader(max_chunksize=5))
    assert "TMPDIR" in str(caught.value)


def test_a_stream_that_fails_is_an_error_of_its_own():
    def batches():
        yield TABLE.to_batches()[0]
        raise ZeroDivisionError("in the stream")

    reader = pa.RecordBatchReader.from_batches(TABLE.schema, batches())
    with pytest.raises(Exception, match="in the stream"):
        open_table("x", reader)


def test_types_that_no_column_can_have_are_refused_where_they_are_read():
    values = {
        "date": pa.array([1], pa.date32()),
        "time": pa.array([1], pa.timestamp("ns")),
        "list": pa.array([[1]]),
        "struct": pa.array([{"a": 1}]),
        "bytes": pa.array([b"a"]),
        "factor of bytes": pa.array([b"a"]).dictionary_encode(),
    }
    table = pa.table({"a": [1.0], **values})
    for data in (table, table.to_reader(), reexported(table)):
        opened = open_table("x", data)
        assert contents(opened, like=(("a",), 1)) == contents(pd.DataFrame({"a": [1.0]}))
        for name in values:
            with pytest.raises(ArgumentError, match=f'in column "{name}"'):
                contents(opened, like=((name,), 1))


def test_columns_of_one_name_are_refused_where_they_are_wanted():
    table = pa.table([[1.0], ["x"], ["y"]], names=["b", "a", "a"])
    for data in (table, table.to_reader()):
        opened = open_table("x", data)
        with pytest.raises(ArgumentError, match='one with several columns "a"'):
            contents(opened)
        assert contents(opened, like=(("b",), 1)) == contents(pd.DataFrame({"b": [1.0]}))


def test_an_index_of_pandas_is_no_column():
    frame = pd.DataFrame({"a": [1.0, 2.0]}, index=pd.Index(["u", "v"], name="id"))
    assert contents(open_table("x", pa.Table.from_pandas(frame))) == contents(frame)


def test_a_dataset_is_its_files_in_the_order_of_their_paths(tmp_path):
    for name, value in (("b", 1.0), ("a", 2.0), ("c", 3.0)):
        (tmp_path / f"k={name}").mkdir()
        pq.write_table(pa.table({"v": [value], "w": [1.0]}), tmp_path / f"k={name}" / "1.parquet")
    expected = contents(pd.DataFrame({"v": [2.0, 1.0, 3.0], "w": 1.0, "k": ["a", "b", "c"]}))
    assert contents(open_table("x", ds.dataset(tmp_path, partitioning="hive"))) == expected
    paths = [str(path) for path in tmp_path.rglob("*.parquet")]
    dataset = ds.dataset(paths[::-1], partitioning="hive", partition_base_dir=str(tmp_path))
    assert contents(open_table("x", dataset)) == expected
    without = contents(pd.DataFrame({"v": [2.0, 1.0, 3.0], "w": 1.0}))
    assert contents(open_table("x", ds.dataset(tmp_path))) == without
    only = dataset.replace_schema(pa.schema([("v", pa.float64())]))
    assert contents(open_table("x", only)) == contents(pd.DataFrame({"v": [2.0, 1.0, 3.0]}))


def test_columns_of_a_dataset_are_in_the_order_of_its_schema(tmp_path):
    for b, a, value in (("s", "2", 1.0), ("s", "1", 2.0), ("t", "1", 3.0)):
        folder = tmp_path / f"b={b}" / f"a={a}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"v": [value], "w": [value + 1]}), folder / "1.parquet")
    dataset = ds.dataset(tmp_path, partitioning="hive")
    table = open_table("x", dataset)
    assert table.names == dataset.schema.names == ["v", "w", "b", "a"]
    assert contents(table) == contents(open_table("x", tmp_path))
    order = ["a", "w", "b", "v"]
    other = dataset.replace_schema(pa.schema([dataset.schema.field(name) for name in order]))
    again = open_table("x", other)
    assert again.names == order
    blocks = next(iter(again.source.blocks(range(4))))
    assert [values.tolist() for values in blocks][3] == [2.0, 1.0, 3.0]


def test_a_partition_of_a_dataset_is_of_the_datasets_type(tmp_path):
    for name in ("01", "2"):
        (tmp_path / f"k={name}").mkdir()
        pq.write_table(pa.table({"v": [1.0]}), tmp_path / f"k={name}" / "1.parquet")
    text = ds.partitioning(pa.schema([("k", pa.string())]), flavor="hive")
    table = open_table("x", ds.dataset(tmp_path, partitioning=text))
    assert table.columns[1].levels == ("01", "2")
    assert open_table("x", ds.dataset(tmp_path, partitioning="hive")).columns[1].levels == ()


def test_other_datasets_are_read_in_order(tmp_path):
    frame = pd.DataFrame({"a": range(10), "t": list("uvwxyuvwxy")})
    for name, part in (("b", frame[5:]), ("a", frame[:5])):
        part.to_csv(tmp_path / f"{name}.csv", index=False)
        pq.write_table(pa.Table.from_pandas(part), tmp_path / f"{name}.parquet")
    expected = contents(frame)
    assert contents(open_table("x", ds.dataset(tmp_path / "a.csv", format="csv")), like=None)
    files = [tmp_path / "b.csv", tmp_path / "a.csv"]
    assert contents(open_table("x", ds.dataset(files, format="csv"))) == expected
    assert contents(open_table("x", ds.dataset(pa.Table.from_pandas(frame)))) == expected
    files = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    dataset = ds.dataset(files).filter(ds.field("a") > 2)
    assert contents(open_table("x", dataset)) == contents(frame[frame["a"] > 2])
    union = ds.dataset([ds.dataset(files[0]), ds.dataset(files[1])])
    assert contents(open_table("x", union)) == expected


def test_frames_of_polars_are_their_tables():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(
        {
            "number": gaps(NUMBERS.tolist()),
            "whole": polars.Series(WHOLE, dtype=polars.Int16),
            "text": gaps(WORDS),
            "factor": polars.Series(
                gaps(WORDS), dtype=polars.Enum(["é", "z", "", "\U0001f600", "a"])
            ),
            "logical": gaps((NUMBERS > 0).tolist()),
            "span": polars.Series(WHOLE, dtype=polars.Duration("ms")),
        }
    )
    assert contents(open_table("x", frame)) == contents(frame.to_pandas())
    assert contents(open_table("x", frame[5:20])) == contents(frame[5:20].to_pandas())
    kind = frame.select(polars.col("text").cast(polars.Categorical))
    found = {*frame["text"].drop_nulls()}
    table = open_table("x", kind)
    assert table.columns[0].kind == "factor"
    assert found <= {*table.columns[0].levels}
    with pytest.raises(ArgumentError, match=r"not a polars LazyFrame; `.collect\(\)` makes"):
        open_table("x", frame.lazy())
    with pytest.raises(ArgumentError, match='in column "a"'):
        contents(open_table("x", polars.DataFrame({"a": [[1]]})))


def test_arrays_of_nanoarrow_are_their_tables():
    nanoarrow = pytest.importorskip("nanoarrow")
    table = TABLE.select(["double with gaps", "text with gaps", "factor"])
    expected = contents(table.to_pandas())
    assert contents(open_table("x", nanoarrow.ArrayStream(table))) == expected
    batch = table.combine_chunks().to_batches()[0]
    assert contents(open_table("x", nanoarrow.Array(batch))) == expected


def test_a_vector_is_a_vector():
    for name in ("double with gaps", "text with gaps", "factor of numbers", "logical"):
        values = TYPES[name]
        expected = contents(values.to_pandas(), vector=True)
        for data in (values, pa.chunked_array([values[:5], values[5:]])):
            assert contents(open_table("y", data), vector=True) == expected
    with pytest.raises(ArgumentError, match="not dates"):
        contents(open_table("y", pa.array([1], pa.date32())), vector=True)


@pytest.mark.parametrize("data", [pa.scalar(1), pa.array([{"a": 1}]), pa.schema([])], ids=str)
def test_what_is_no_table_is_an_error(data):
    with pytest.raises(ArgumentError):
        contents(open_table("x", data), vector=True)


@pytest.mark.parametrize("places", [[0, 2], [0, -1], [-2, 0]])
@pytest.mark.parametrize("spooled", [False, True])
def test_codes_without_a_level_are_refused(places, spooled, monkeypatch):
    indices, levels = pa.array(places, pa.int32()), pa.array(["a", "b"])
    column = pa.DictionaryArray.from_arrays(indices, levels, safe=False)
    table = pa.table({"f": column, "g": [1.0, 2.0]})
    if spooled:
        monkeypatch.setattr(open_arrow, "LARGEST_IN_MEMORY", 0)
        table = table.to_reader()
    with pytest.raises(ArgumentError, match='be read, not those in column "f": Codes without'):
        contents(open_table("x", table))


def test_text_that_is_none_names_its_column():
    offsets, data = pa.py_buffer(np.array([0, 1, 2], np.int32)), pa.py_buffer(b"a\xff")
    text = pa.Array.from_buffers(pa.string(), 2, [None, offsets, data])
    coded = pa.DictionaryArray.from_arrays(pa.array([0, 1]), text)
    for column in (text, coded):
        with pytest.raises(ArgumentError, match='those in column "t": Invalid UTF8'):
            contents(open_table("x", pa.table({"t": column})))

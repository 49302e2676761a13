"""Predictions that are written to files part by part."""

import gzip
import warnings
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError, PytwolayerError, two_layer
from pytwolayer.errors import MissingMarkWarning, UnseenLevelWarning
from pytwolayer.preprocessing import row_source

QUICK = {"hidden_units": 100, "epochs": 2, "batch_size": 256, "seed": 1, "weight_decay": 0.1}
ROWS = 20_011  # three blocks


def frame(rows=ROWS, *, gaps=True):
    draws = np.random.default_rng(5)
    table = pd.DataFrame(draws.normal(size=(rows, 3)), columns=["a", "b", "c"])
    table["town"] = np.array(["Köln", "Oslo", "Rom"], dtype=object)[draws.integers(0, 3, rows)]
    table["number"] = draws.integers(0, 100, rows)
    table["y"] = table["a"] * np.where(table["town"] == "Oslo", 2, -1) + table["number"] / 50
    table["kind"] = np.where(table["y"] > 1, "high", "low")
    table["id"] = [f"id{number}" for number in range(rows)]
    if gaps:
        table.loc[draws.random(rows) < 0.1, "b"] = np.nan
        table.loc[draws.random(rows) < 0.05, "town"] = None
    return table


FRAME = frame()
X = ["a", "b", "c", "town", "number"]


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch):
    """Have several pieces, and warnings of rows left out unheard."""
    from pytwolayer.models import block_outputs

    monkeypatch.setattr(block_outputs, "_MOST_BLOCKS", 1)
    assert row_source.BLOCK_ROWS == 8192


@pytest.fixture(scope="module")
def fits():
    few = FRAME.head(400)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            "numbers": two_layer(few[X], few["y"], **QUICK),
            "classes": two_layer(few[X], few["kind"], **QUICK),
            "several": two_layer(few[X], few[["y", "number"]], **QUICK),
            "ensemble": two_layer(few[X], few["y"], n_models=3, bootstrap=True, **QUICK),
            "classes of an ensemble": two_layer(few[X], few["kind"], n_models=3, **QUICK),
        }


def expected(fit, data):
    """The table that predictions of the whole are."""
    outputs = fit.outcome.outputs
    if fit.classes is None:
        values = fit.predict(data).reshape(len(data), -1)
        names = [".pred"] if len(outputs) == 1 else [f".pred_{name}" for name in outputs]
        table = pd.DataFrame(values, columns=names)
    else:
        names = [f".pred_{name}" for name in outputs]
        table = pd.DataFrame(fit.predict_proba(data), columns=names)
        table.insert(0, ".pred_class", fit.predict(data))
    if hasattr(fit, "models"):
        for end, values in zip(("lower", "upper"), fit.predict_interval(data), strict=True):
            for name, column in zip(names, values.reshape(len(data), -1).T, strict=True):
                table[name.replace(".pred", f".pred_{end}", 1)] = column
    return table


def write_folder(folder, table, groups=3000):
    folder.mkdir()
    cuts = [0, 5000, 5000, 13_000, len(table)]
    for number, (start, stop) in enumerate(pairwise(cuts)):
        part = table.iloc[start:stop]
        part.to_parquet(folder / f"part-{number}.parquet", index=False, row_group_size=groups)
    return folder


def read_text(file):
    """Read predictions, the numbers to the nearest double."""
    table = pd.read_csv(file, dtype=str)
    numbers = table.columns.drop(".pred_class", errors="ignore")
    return table.astype(dict.fromkeys(numbers, float))


def same(found, table):
    assert list(found) == list(table)
    for name in table:
        if name == ".pred_class":
            there, wanted = found[name].astype(object), table[name].astype(object)
            assert (there.where(there.notna(), None) == wanted.where(wanted.notna(), None))[
                wanted.notna()
            ].all()
            assert there.isna().tolist() == wanted.isna().tolist()
        else:
            np.testing.assert_array_equal(found[name].to_numpy(), table[name].to_numpy())


@pytest.mark.parametrize(
    "name", ["numbers", "classes", "several", "ensemble", "classes of an ensemble"]
)
def test_bits_are_those_of_the_whole_table(fits, name, tmp_path):
    fit = fits[name]
    folder = write_folder(tmp_path / "data", FRAME)
    file = fit.predict_to_file(folder, tmp_path / "p.parquet")
    assert file == tmp_path / "p.parquet"
    same(pd.read_parquet(file), expected(fit, FRAME))
    fit.predict_to_file(FRAME, tmp_path / "p.csv")
    same(read_text(tmp_path / "p.csv"), expected(fit, FRAME))


def test_a_last_piece_of_one_row_has_the_bits_of_the_whole(tmp_path):
    table = frame(2 * 8192 + 1, gaps=False)
    fit = two_layer(table[["a", "b"]].head(100), table["y"].head(100), n_models=9, **QUICK)
    fit.predict_to_file(table, tmp_path / "p.parquet")
    same(pd.read_parquet(tmp_path / "p.parquet"), expected(fit, table))


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".csv.gz", ".csv.bz2"])
def test_files_of_text_are_read_in_parts_with_the_types_of_training(
    fits, ending, tmp_path, monkeypatch
):
    from pytwolayer.files import open_text

    monkeypatch.setattr(open_text, "_VALUES", 15_000)
    file = tmp_path / f"data{ending}"
    table = FRAME.astype({"number": object})
    table.loc[19_000, "number"] = "?"  # only in a late part
    table.to_csv(file, index=False, sep="\t" if ending == ".tsv" else ",")
    with pytest.warns(MissingMarkWarning, match='"\\?" in column "number" \\(1 row\\)'):
        fits["numbers"].predict_to_file(file, tmp_path / "p.parquet")
    plain = FRAME.astype({"number": float})
    plain.loc[19_000, "number"] = np.nan
    same(pd.read_parquet(tmp_path / "p.parquet"), expected(fits["numbers"], plain))
    with pytest.warns(MissingMarkWarning):
        found = fits["numbers"].predict(file)
    np.testing.assert_array_equal(found, fits["numbers"].predict(plain))


def test_levels_that_look_like_numbers_are_levels(tmp_path):
    table = pd.DataFrame({"code": ["1", "2", "3"] * 20, "a": np.arange(60.0)})
    fit = two_layer(table, np.arange(60.0), **QUICK)
    table.to_csv(tmp_path / "new.csv", index=False)
    table.astype({"code": "int64"}).to_parquet(tmp_path / "new.parquet")
    for file in ("new.csv", "new.parquet"):
        fit.predict_to_file(tmp_path / file, tmp_path / "p.csv")
        same(read_text(tmp_path / "p.csv"), expected(fit, table))


def test_text_among_numbers_is_an_error_that_names_the_row_of_the_file(fits, tmp_path, monkeypatch):
    from pytwolayer.files import open_text

    monkeypatch.setattr(open_text, "_VALUES", 15_000)
    table = FRAME.astype({"a": object})
    table.loc[19_000, "a"] = "many"
    table.to_csv(tmp_path / "data.csv", index=False)
    with pytest.raises(ArgumentError, match=r'"many" in column "a" \(row 19,001\)'):
        fits["numbers"].predict_to_file(tmp_path / "data.csv", tmp_path / "p.csv")
    assert not (tmp_path / "p.csv").exists()


def test_unseen_levels_are_one_warning_that_names_all(fits, tmp_path):
    table = FRAME.copy()
    table.loc[10, "town"], table.loc[20_000, "town"] = "Bonn", "Lima"
    folder = write_folder(tmp_path / "data", table)
    with pytest.warns(UnseenLevelWarning) as caught:
        fits["classes"].predict_to_file(folder, tmp_path / "p.parquet")
    assert len(caught) == 1
    assert '"Bonn", "Lima"' in str(caught[0].message)
    found = pd.read_parquet(tmp_path / "p.parquet")
    assert found.loc[[10, 20_000]].isna().all(axis=None)
    with pytest.warns(UnseenLevelWarning):
        same(found, expected(fits["classes"], table))


def test_classes_of_text_are_a_dictionary_and_missing_ones_null(fits, tmp_path):
    import pyarrow.parquet as pq

    fits["classes"].predict_to_file(FRAME, tmp_path / "p.parquet")
    table = pq.read_table(tmp_path / "p.parquet")
    assert str(table.schema.field(".pred_class").type).startswith("dictionary<values=string")
    gaps = int(FRAME[["b", "town"]].isna().any(axis=1).sum())
    assert [table.column(name).null_count for name in table.column_names] == [gaps] * 3


def test_logical_classes_and_those_of_numbers_are_written(tmp_path):
    table = frame(300, gaps=False)
    for truth in (table["y"] > 1, pd.Series(np.where(table["y"] > 1, 4, 7)).astype("category")):
        fit = two_layer(table[["a", "b"]], truth, **QUICK)
        fit.predict_to_file(table, tmp_path / "p.parquet", kind="class")
        found = pd.read_parquet(tmp_path / "p.parquet")
        assert found[".pred_class"].tolist() == fit.predict(table).tolist()


@pytest.mark.parametrize(
    ("name", "kind", "names"),
    [
        ("numbers", "numeric", [".pred"]),
        ("numbers", "raw", [".raw"]),
        ("classes", "class", [".pred_class"]),
        ("classes", "prob", [".pred_high", ".pred_low"]),
        ("classes", "raw", [".raw_high", ".raw_low"]),
        ("ensemble", "conf_int", [".pred_lower", ".pred_upper"]),
        ("ensemble", "std_error", [".std_error"]),
        ("several", "numeric", [".pred_y", ".pred_number"]),
        (
            "classes of an ensemble",
            "conf_int",
            [".pred_lower_high", ".pred_upper_high", ".pred_lower_low", ".pred_upper_low"],
        ),
    ],
)
def test_what_is_written_can_be_chosen(fits, name, kind, names, tmp_path):
    fits[name].predict_to_file(FRAME, tmp_path / "p.parquet", kind=kind)
    found = pd.read_parquet(tmp_path / "p.parquet")
    assert list(found) == names
    fit, values = fits[name], found.to_numpy()
    if kind == "raw":
        np.testing.assert_array_equal(values, fit.predict_raw(FRAME))
    if kind == "std_error":
        np.testing.assert_array_equal(values[:, 0], fit.predict_spread(FRAME))


def test_a_kind_that_a_fit_does_not_have_is_refused(fits, tmp_path):
    for name, kind in (("numbers", "prob"), ("classes", "numeric"), ("ensemble", "raw")):
        with pytest.raises(ArgumentError, match="`kind` must be"):
            fits[name].predict_to_file(FRAME, tmp_path / "p.csv", kind=kind)
    with pytest.raises(ArgumentError, match="intervals come from several"):
        fits["numbers"].predict_to_file(FRAME, tmp_path / "p.csv", kind="conf_int")


def test_columns_are_copied_as_they_are(fits, tmp_path, monkeypatch):
    from pytwolayer.files import open_text

    table = FRAME.assign(big=2**60 + np.arange(ROWS), day=pd.Timestamp("2024-01-01"))
    table = table.assign(code=[f"{number:05}" for number in range(ROWS)])
    columns = ["id", "big", "day", "code", "number"]
    import pyarrow as pa

    sources = {
        "folder": write_folder(tmp_path / "data", table),
        "frame": table,
        "arrow": pa.Table.from_pandas(table),
        "stream": pa.Table.from_pandas(table).to_reader(max_chunksize=700),
    }
    for data in sources.values():
        fits["numbers"].predict_to_file(data, tmp_path / "p.parquet", columns=columns)
        found = pd.read_parquet(tmp_path / "p.parquet")
        assert list(found) == [*columns, ".pred"]
        for name in columns:
            assert found[name].tolist() == table[name].tolist()
        same(found[[".pred"]], expected(fits["numbers"], FRAME))
    monkeypatch.setattr(open_text, "_VALUES", 15_000)
    table.to_csv(tmp_path / "data.csv", index=False)
    fits["numbers"].predict_to_file(tmp_path / "data.csv", tmp_path / "p.csv", columns="code")
    found = pd.read_csv(tmp_path / "p.csv", dtype={"code": str})
    assert found["code"].tolist() == table["code"].tolist()


def test_columns_that_are_not_there_and_names_that_clash_are_refused(fits, tmp_path):
    folder = write_folder(tmp_path / "data", FRAME)
    FRAME.to_csv(tmp_path / "data.csv", index=False)
    for data in (folder, tmp_path / "data.csv", FRAME):
        with pytest.raises(ArgumentError, match=r'`columns` must be .* not "key"'):
            fits["numbers"].predict_to_file(data, tmp_path / "p.csv", columns=["key"])
    clash = FRAME.rename(columns={"id": ".pred"})
    with pytest.raises(ArgumentError, match=r'`columns` must be .* not "\.pred"'):
        fits["numbers"].predict_to_file(clash, tmp_path / "p.csv", columns=[".pred"])
    with pytest.raises(ArgumentError, match="`columns` must be"):
        fits["numbers"].predict_to_file(FRAME, tmp_path / "p.csv", columns=3)
    assert not (tmp_path / "p.csv").exists()


def test_hive_partitions_are_predictors_and_can_be_copied(tmp_path):
    table = frame(600, gaps=False).assign(year=np.repeat([2023, 2024], 300))
    for year, part in table.groupby("year"):
        (tmp_path / "data" / f"year={year}").mkdir(parents=True)
        part.drop(columns="year").to_parquet(tmp_path / "data" / f"year={year}" / "p.parquet")
    fit = two_layer(table[["a", "year"]], table["y"], **QUICK)
    fit.predict_to_file(tmp_path / "data", tmp_path / "p.parquet", columns=["year", "id"])
    found = pd.read_parquet(tmp_path / "p.parquet")
    assert found["year"].tolist() == table["year"].tolist()
    assert found["id"].tolist() == table["id"].tolist()
    same(found[[".pred"]], expected(fit, table))


def test_output_is_never_over_the_data_nor_among_them(fits, tmp_path):
    folder = write_folder(tmp_path / "data", FRAME)
    one = folder / "part-0.parquet"
    before = one.read_bytes()
    for data, output in ((one, one), (folder, folder / "p.parquet"), (folder, one)):
        with pytest.raises(ArgumentError, match="`output` must be"):
            fits["numbers"].predict_to_file(data, output)
    (tmp_path / "link.parquet").symlink_to(one)
    with pytest.raises(ArgumentError, match="`output` must be"):
        fits["numbers"].predict_to_file(one, tmp_path / "link.parquet")
    assert one.read_bytes() == before


@pytest.mark.parametrize("name", ["p.txt", "p", "p.parquet.gz", "no/p.csv", ""])
def test_a_file_of_another_format_is_refused(fits, name, tmp_path):
    with pytest.raises(ArgumentError, match="`output` must be"):
        fits["numbers"].predict_to_file(FRAME, str(tmp_path / name) if name else "")


def test_what_cannot_be_finished_leaves_nothing_and_what_was_there_stays(
    fits, tmp_path, monkeypatch
):
    from pytwolayer.files import table_writer

    (tmp_path / "p.csv").write_text("before")
    parts = []

    def text_writer(handle, separator=","):
        def write(part):
            parts.append(part)
            if len(parts) == 2:
                raise problem

        return write

    monkeypatch.setattr(table_writer, "text_writer", text_writer)
    problem: BaseException = OSError(28, "No space left on device")
    with pytest.raises(PytwolayerError, match=r'p\.csv" cannot be written: No space left'):
        fits["numbers"].predict_to_file(FRAME, tmp_path / "p.csv")
    parts, problem = [], KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        fits["numbers"].predict_to_file(FRAME, tmp_path / "p.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["p.csv"]
    assert (tmp_path / "p.csv").read_text() == "before"


def test_a_full_disk_is_one_error(fits, tmp_path):
    with pytest.raises(PytwolayerError, match="cannot be written: No space left"):
        fits["numbers"].predict_to_file(FRAME, _full(tmp_path / "full.csv"))


def _full(path):
    path.symlink_to("/dev/full")
    return path


def test_text_can_be_compressed(fits, tmp_path):
    fits["numbers"].predict_to_file(FRAME.head(5), tmp_path / "p.csv.gz")
    with gzip.open(tmp_path / "p.csv.gz", "rt") as file:
        assert file.readline() == ".pred\n"


def test_no_rows_are_a_file_of_no_rows(fits, tmp_path):
    fits["classes"].predict_to_file(FRAME.head(0), tmp_path / "p.parquet")
    assert pd.read_parquet(tmp_path / "p.parquet").shape == (0, 3)


def test_rows_that_are_all_incomplete_are_missing(fits, tmp_path):
    fits["numbers"].predict_to_file(FRAME.assign(a=np.nan), tmp_path / "p.parquet")
    assert pd.read_parquet(tmp_path / "p.parquet")[".pred"].isna().sum() == ROWS


def test_a_class_called_class_has_its_columns_apart(tmp_path):
    table = frame(60, gaps=False)
    fit = two_layer(table[["a"]], pd.Series(["class", "pupil"] * 30), **QUICK)
    with pytest.raises(ArgumentError, match="for these classes"):
        fit.predict_to_file(table, tmp_path / "p.csv")
    fit.predict_to_file(table, tmp_path / "p.csv", kind="prob")
    assert list(pd.read_csv(tmp_path / "p.csv")) == [".pred_class", ".pred_pupil"]


def test_infinite_numbers_are_an_error_before_anything_is_written(fits, tmp_path):
    table = FRAME.copy()
    table.loc[20_000, "a"] = np.inf
    with pytest.raises(ArgumentError, match='infinite in column "a"'):
        fits["numbers"].predict_to_file(write_folder(tmp_path / "data", table), tmp_path / "p.csv")
    assert not (tmp_path / "p.csv").exists()


def test_a_progress_display_is_told_of_rows(fits, tmp_path):
    class Display:
        def __init__(self):
            self.rows, self.closed = [], False

        def update(self, epoch, loss):
            self.rows.append(epoch)

        def close(self):
            self.closed = True

    display = Display()
    made = []

    def make(rows):
        made.append(rows)
        return display

    fits["numbers"].predict_to_file(FRAME, tmp_path / "p.csv", verbose=make)
    assert made == [ROWS]
    assert display.rows == [8192, 16_384, ROWS]
    assert display.closed


def test_columns_of_many_levels_have_the_bits_of_the_whole_table(tmp_path):
    draws = np.random.default_rng(8)
    table = frame(gaps=False).assign(shop=[f"s{n}" for n in draws.integers(0, 2000, ROWS)])
    fit = two_layer(table[["a", "shop", "town"]], table["y"], **QUICK)
    fit.predict_to_file(write_folder(tmp_path / "data", table), tmp_path / "p.parquet")
    same(pd.read_parquet(tmp_path / "p.parquet"), expected(fit, table))


@pytest.mark.parametrize("name", ["numbers", "classes", "ensemble"])
def test_predict_with_output_is_predict_to_file(fits, name, tmp_path):
    fit = fits[name]
    folder = write_folder(tmp_path / "data", FRAME)
    how = {"columns": ["id"]} | ({"level": 0.5, "kind": "conf_int"} if name == "ensemble" else {})
    file = fit.predict(folder, output=tmp_path / "short.parquet", **how)
    assert file == tmp_path / "short.parquet"
    long = fit.predict_to_file(folder, tmp_path / "long.parquet", **how)
    pd.testing.assert_frame_equal(pd.read_parquet(file), pd.read_parquet(long), check_exact=True)
    shown = []
    fit.predict(FRAME, output=str(tmp_path / "p.csv"), verbose=lambda rows: shown.append(rows))
    assert shown == [ROWS]


@pytest.mark.parametrize("name", ["numbers", "ensemble"])
def test_arguments_of_files_are_refused_without_one(fits, name, tmp_path):
    fit, some = fits[name], FRAME.head(3)
    with pytest.raises(ArgumentError, match=r"`kind` must be left out .* `output`, not \"prob\""):
        fit.predict(some, kind="prob")
    with pytest.raises(ArgumentError, match="`columns` must be left out"):
        fit.predict(some, columns=["id"])
    with pytest.raises(ArgumentError, match="`offset` must be left out"):
        fit.predict(some, output=tmp_path / "p.csv", offset=[1, 2, 3])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_text_of_polars_is_copied(tmp_path, ending):
    polars = pytest.importorskip("polars")
    data = polars.DataFrame(
        {"x": [1.0, 2, 3] * 20, "t": ["a", None, "é"] * 20, "y": [1.0, 2, 4] * 20}
    )
    data = data.with_columns(c=polars.col("t").cast(polars.Categorical))
    fit = two_layer(data.select("x", "y"), outcome="y", epochs=1, seed=1)
    file = fit.predict(data, output=tmp_path / f"p.{ending}", columns=["t", "c"])
    read = pd.read_csv(file) if ending == "csv" else pd.read_parquet(file)
    for name in ("t", "c"):
        found = [None if pd.isna(value) else value for value in read[name]]
        assert found == data[name].cast(polars.String).to_list()
    np.testing.assert_array_equal(read[".pred"], fit.predict(data))


def test_a_missing_prediction_alone_is_no_empty_line(tmp_path):
    data = pd.DataFrame({"x": [1.0, 2, 3] * 20, "y": [1.0, 2, 4] * 20})
    fit = two_layer(data, outcome="y", epochs=1, seed=1)
    new = pd.DataFrame({"x": [1.0, np.nan, 2.0]})
    file = fit.predict(new, output=tmp_path / "p.csv")
    assert file.read_text().splitlines()[2] == "NA"
    np.testing.assert_array_equal(pd.read_csv(file)[".pred"], fit.predict(new))

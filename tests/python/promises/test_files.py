"""The same rows give the same fit, to the bit, from files and Arrow objects as from a frame."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError, continue_training, two_layer
from pytwolayer.errors import MissingRowsWarning, ResumedWarning

pa = pytest.importorskip("pyarrow")
ds = pytest.importorskip("pyarrow.dataset")
ROWS = 20_000  # more than two blocks
QUICK = {"epochs": 2, "hidden_units": 4, "seed": 1, "verbose": False, "weight_decay": 0.1}


def make_frame():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "a": rng.normal(size=ROWS),
            "b": rng.integers(0, 9, ROWS),
            "text": rng.choice(["x", "y", "z"], ROWS),
            "kind": pd.Categorical(rng.choice(["u", "v"], ROWS), ["v", "u", "w"]),
            "yes": rng.random(ROWS) < 0.5,
            "w": rng.integers(1, 4, ROWS).astype(float),
        }
    )
    frame["y"] = frame["a"] + frame["b"] + (frame["text"] == "x")
    return frame


FRAME = make_frame()
GAPS = FRAME.assign(a=FRAME["a"].where(FRAME["b"] > 0), text=FRAME["text"].where(FRAME["b"] < 8))


def write(folder, frame):
    folder.mkdir()
    cuts = [0, 7, 9000, 9000, ROWS]
    for number, (start, stop) in enumerate(pairwise(cuts)):
        part = frame.iloc[start:stop]
        part.to_parquet(folder / f"{number}.parquet", index=False, row_group_size=3333)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write(tmp_path_factory.mktemp("files") / "data", FRAME)


@pytest.fixture(scope="module")
def gaps(tmp_path_factory):
    return write(tmp_path_factory.mktemp("files") / "gaps", GAPS)


def assert_same(one, other):
    assert one.data == other.data
    assert one.rows == other.rows
    assert one.inputs == other.inputs
    pd.testing.assert_frame_equal(one.history, other.history, check_exact=True)
    pairs = zip(one.network.parameters(), other.network.parameters(), strict=True)
    assert all(bool((mine == theirs).all()) for mine, theirs in pairs)


def sources(folder):
    table = pa.Table.from_pandas(FRAME)
    return {
        "path": folder,
        "text": str(folder),
        "table": table,
        "chunks": pa.concat_tables([table.slice(0, 9), table.slice(9, 8190), table.slice(8199)]),
        "batch": table.combine_chunks().to_batches()[0],
        "reader": table.to_reader(max_chunksize=777),
        "dataset": ds.dataset(folder),
        "dataset in memory": ds.dataset(table),
    }


KINDS = ("path", "text", "table", "chunks", "batch", "reader", "dataset", "dataset in memory")


@pytest.mark.parametrize("kind", KINDS)
def test_a_fit_is_the_same_from_every_source(folder, kind):
    expected = two_layer(FRAME, outcome="y", **QUICK)
    assert_same(two_layer(sources(folder)[kind], outcome="y", **QUICK), expected)


@pytest.mark.parametrize("ending", ["csv", "tsv.gz"])
def test_a_fit_is_the_same_from_a_text_file(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    FRAME.to_csv(path, index=False, sep="," if ending == "csv" else "\t")
    frame = FRAME.astype({"kind": "str"})
    expected = two_layer(frame, outcome="y", validation=0.2, **QUICK)
    fit = two_layer(path, outcome="y", validation=0.2, **QUICK)
    assert_same(fit, expected)
    assert_same(
        continue_training(fit, epochs=1, verbose=False),
        continue_training(expected, epochs=1, verbose=False),
    )


OPTIONS = {
    "several outcomes": {"outcome": ["y", "a"]},
    "text": {"outcome": "text"},
    "factor": {"outcome": "kind"},
    "logical": {"outcome": "yes", "class_weights": "balanced"},
    "share": {"outcome": "y", "validation": 0.2, "patience": 1},
    "rows": {"outcome": "y", "validation": np.arange(0, ROWS, 3)},
    "weights by name": {"outcome": "y", "sample_weight": "w"},
    "frequencies": {"outcome": "y", "sample_weight": "w", "weight_type": "frequency"},
    "weights of classes": {"outcome": "text", "sample_weight": "w", "validation": 0.2},
    "given weights": {"outcome": "y", "sample_weight": FRAME["w"]},
    "searched": {"outcome": "y", "weight_decay": "auto"},
    "pieces": {"outcome": "y", "encoding": "piecewise"},
    "all rows": {"outcome": "y", "batch_size": None, "optimizer": "lbfgs"},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_every_option_gives_the_same_fit(folder, options):
    assert_same(two_layer(folder, **QUICK | options), two_layer(FRAME, **QUICK | options))


@pytest.mark.filterwarnings("ignore::pytwolayer.errors.MissingRowsWarning")
@pytest.mark.parametrize("options", [{}, {"validation": 0.3}, {"sample_weight": "w"}], ids=str)
def test_rows_with_missing_values_are_left_out_alike(gaps, options):
    expected = two_layer(GAPS, outcome="y", **QUICK | options)
    with pytest.warns(MissingRowsWarning, match="of 20000 rows left out"):
        assert_same(two_layer(gaps, outcome="y", **QUICK | options), expected)


@pytest.mark.parametrize("options", [{}, {"bootstrap": True}, {"validation": 0.2}], ids=str)
def test_ensembles_are_the_same(folder, options):
    how = QUICK | {"n_models": 2, "outcome": "y"} | options
    pairs = zip(two_layer(folder, **how).models, two_layer(FRAME, **how).models, strict=True)
    for one, other in pairs:
        assert_same(one, other)


def test_a_checkpoint_of_a_frame_goes_on_from_files(folder, tmp_path):
    def stop(epoch, loss):
        if epoch == 2:
            raise ZeroDivisionError

    how = QUICK | {"outcome": "y", "epochs": 4}
    keep = {"checkpoint": tmp_path, "checkpoint_every": 1}
    with pytest.raises(ZeroDivisionError):
        two_layer(FRAME, **how, **keep, on_epoch=stop)
    with pytest.warns(ResumedWarning):
        resumed = two_layer(folder, **how, **keep)
    assert_same(resumed, two_layer(FRAME, **how))


def test_a_fit_of_a_folder_goes_on_without_the_path(folder):
    expected = continue_training(two_layer(FRAME, outcome="y", **QUICK), epochs=1, verbose=False)
    for path in (folder, str(folder)):
        fit = two_layer(path, outcome="y", **QUICK)
        assert_same(continue_training(fit, epochs=1, verbose=False), expected)
    assert_same(continue_training(fit, FRAME, outcome="y", epochs=1, verbose=False), expected)
    again = continue_training(fit, folder, outcome="y", epochs=1, verbose=False)
    assert_same(again, expected)


def test_a_fit_of_a_relative_path_goes_on_from_another_folder(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(folder.parent)
    FRAME.iloc[:99].to_parquet("held out.parquet")
    fit = two_layer("data", outcome="y", validation="held out.parquet", **QUICK)
    expected = continue_training(fit, epochs=1, verbose=False)
    monkeypatch.chdir(tmp_path)
    assert_same(continue_training(fit, epochs=1, verbose=False), expected)


def test_a_stream_has_to_be_given_again():
    stream = pa.Table.from_pandas(FRAME).to_reader()
    fit = two_layer(stream, outcome="y", **QUICK)
    with pytest.raises(ArgumentError, match="`x` must be given again"):
        continue_training(fit, epochs=1, verbose=False)
    table = pa.Table.from_pandas(FRAME)
    assert len(continue_training(fit, table, outcome="y", epochs=1, verbose=False).history) == 3


def test_validation_data_may_be_files(folder, tmp_path):
    held_out = FRAME.iloc[:500]
    held_out.to_parquet(tmp_path / "held out.parquet")
    for options in ({}, {"sample_weight": "w"}):
        how = QUICK | {"outcome": "y"} | options
        expected = two_layer(FRAME, validation=held_out, **how)
        for given in (tmp_path / "held out.parquet", pa.Table.from_pandas(held_out)):
            assert_same(two_layer(folder, validation=given, **how), expected)


def test_predictors_and_outcome_may_be_arrow_objects():
    x, y = FRAME[["a", "b", "text"]], FRAME["y"]
    expected = two_layer(x, y, **QUICK)
    for given in (pa.array(y), pa.chunked_array([y[:9], y[9:]]), pa.table({"y": y})["y"]):
        fit = two_layer(pa.Table.from_pandas(x), given, sample_weight=None, **QUICK)
        assert fit.data["x.a"] == expected.data["x.a"]
        assert fit.data["y.1"] == expected.data["y.y"]
    weights = two_layer(x, y, sample_weight=FRAME["w"], **QUICK)
    given = {"sample_weight": pa.array(FRAME["w"])}
    assert_same(two_layer(pa.Table.from_pandas(x), y, **given, **QUICK), weights)
    classes = two_layer(x[["a"]], FRAME["text"], **QUICK)
    arrow = two_layer(x[["a"]], pa.array(FRAME["text"]), **QUICK)
    assert arrow.outcome.labels == classes.outcome.labels == ("x", "y", "z")


SCORED = [
    ("path", "text"),
    ("path", "kind"),
    ("dataset", "y"),
    ("table", "yes"),
    ("reader", "text"),
    ("text file", "yes"),
    ("text file", "y"),
]


@pytest.mark.parametrize(("kind", "outcome"), SCORED)
def test_scores_are_those_of_the_frame(folder, tmp_path, kind, outcome):
    for models in ({}, {"n_models": 2}):
        fit = two_layer(FRAME, outcome=outcome, **QUICK | models)
        for more in ({}, {"sample_weight": "w"}):
            source = sources(folder).get(kind, tmp_path / "a.csv")
            FRAME.to_csv(tmp_path / "a.csv", index=False)
            assert fit.score(source, **more) == fit.score(FRAME, **more)
        table = pa.Table.from_pandas(FRAME)
        expected = fit.score(FRAME, FRAME[outcome], sample_weight=FRAME["w"])
        rest = table.drop_columns(outcome)
        assert fit.score(rest, table[outcome], sample_weight=table["w"]) == expected


def test_frames_of_polars_go_in_everywhere():
    polars = pytest.importorskip("polars")
    frame = FRAME.drop(columns="kind")
    table, names = polars.from_pandas(frame), ["a", "b", "text"]
    for given in (
        lambda t: {"x": t[names], "y": t["y"], "sample_weight": t["w"]},
        lambda t: {"x": t[names], "y": t[["y", "w"]]},
        lambda t: {"x": t[names], "y": t["text"], "validation": (t[names][:50], t["text"][:50])},
        lambda t: {"x": t, "outcome": "y", "sample_weight": "w", "validation": t[:50]},
        lambda t: {"x": t, "outcome": "y", "validation": t["yes"]},
        lambda t: {"x": t, "outcome": "y", "validation": t["b"]},
    ):
        assert_same(two_layer(**given(table), **QUICK), two_layer(**given(frame), **QUICK))
    lazy = table.lazy()
    for given in ({"x": lazy}, {"x": table, "validation": lazy}):
        with pytest.raises(ArgumentError, match=r"not a polars LazyFrame; `.collect\(\)` makes"):
            two_layer(**given, outcome="y", **QUICK)


def test_held_out_rows_may_be_an_arrow_array():
    rows = np.arange(0, ROWS, 3)
    expected = two_layer(FRAME, outcome="y", validation=rows, **QUICK)
    for given in (pa.array(rows), pa.array(np.isin(np.arange(ROWS), rows))):
        assert_same(two_layer(FRAME, outcome="y", validation=given, **QUICK), expected)


def test_time_spans_are_refused_as_an_outcome(tmp_path):
    pd.DataFrame({"a": [1.0, 2.0], "y": pd.to_timedelta([1, 2], "s")}).to_parquet(
        tmp_path / "a.parquet"
    )
    with pytest.raises(ArgumentError, match="not time spans"):
        two_layer(tmp_path, outcome="y", **QUICK)
    with pytest.raises(ArgumentError, match="not time spans"):
        two_layer([[1.0], [2.0]], pa.array([1, 2], pa.duration("s")), **QUICK)


def test_weights_are_named_in_data_frames_as_in_files(tmp_path):
    frame = FRAME.assign(times=np.arange(ROWS) % 5 + 1.0)
    frame.to_parquet(tmp_path / "w.parquet")
    rest, y = FRAME.drop(columns="y"), FRAME["y"]
    expected = two_layer(FRAME, outcome="y", sample_weight=frame["times"], **QUICK)
    for table in (frame, pa.table(frame), tmp_path / "w.parquet"):
        assert_same(two_layer(table, outcome="y", sample_weight="times", **QUICK), expected)
    apart = two_layer(frame.drop(columns="y"), y, sample_weight="times", **QUICK)
    assert_same(apart, two_layer(rest, y, sample_weight=frame["times"], **QUICK))


def test_the_name_of_weights_must_be_a_column():
    with pytest.raises(ArgumentError, match=r'`sample_weight` must be the name of a column.*"v"'):
        two_layer(FRAME, outcome="y", sample_weight="v", **QUICK)
    with pytest.raises(ArgumentError, match="another column than the outcome"):
        two_layer(FRAME, outcome="y", sample_weight="y", **QUICK)
    with pytest.raises(ArgumentError, match="`x` must be a data frame where `sample_weight`"):
        two_layer(np.zeros((9, 2)), np.arange(9), sample_weight="w", **QUICK)


WITHOUT = """
import sys
sys.modules["pyarrow"] = None
from pytwolayer import two_layer
print(two_layer(sys.argv[1], outcome="a", epochs=1, verbose=False).inputs.inputs)
"""


def test_text_files_need_no_pyarrow(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b,c\n1,2,x\n2,3,y\n")
    command = [sys.executable, "-c", WITHOUT, path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "['b', 'c_x', 'c_y']\n", done.stderr


@pytest.mark.parametrize("several", [list, tuple])
def test_several_paths_are_a_table(folder, tmp_path, monkeypatch, several):
    files = sorted(folder.iterdir())
    monkeypatch.chdir(folder)
    paths = several([files[0].name, *files[1:]])
    fit, expected = two_layer(paths, outcome="y", **QUICK), two_layer(FRAME, outcome="y", **QUICK)
    assert_same(fit, expected)
    (predicted, score) = fit.predict(paths), fit.score(paths)
    np.testing.assert_array_equal(predicted, expected.predict(FRAME))
    assert score == expected.score(FRAME)
    written = fit.predict(paths, output=tmp_path / "p.parquet", columns=["b"])
    found = pd.read_parquet(written)
    np.testing.assert_array_equal(found[".pred"], predicted)
    assert found["b"].tolist() == FRAME["b"].tolist()
    last_first = two_layer(several(files[::-1]), outcome="y", **QUICK)
    cuts = [slice(9000, ROWS), slice(9000, 9000), slice(7, 9000), slice(0, 7)]
    turned = pd.concat([FRAME.iloc[cut] for cut in cuts])
    assert_same(last_first, two_layer(turned, outcome="y", **QUICK))
    monkeypatch.chdir(tmp_path)
    again = continue_training(fit, epochs=1, verbose=False)
    assert_same(again, continue_training(expected, epochs=1, verbose=False))


def test_several_paths_are_of_parquet_files_that_exist(folder, tmp_path):
    files = sorted(folder.iterdir())
    (tmp_path / "a.csv").write_text("a,y\n1,2\n")
    for given, match in (
        ([*files, tmp_path / "b.parquet"], r"`x` must be files that exist, not \".*b.parquet\""),
        ([tmp_path / "a.csv"], r"where it is a list of paths, not \".*a.csv\""),
    ):
        with pytest.raises(ArgumentError, match=match):
            two_layer(given, outcome="y", **QUICK)
    fit = two_layer(FRAME, outcome="y", **QUICK)
    with pytest.raises(ArgumentError, match="`output` must be another file than those of the data"):
        fit.predict(files, output=files[0])

"""Random tables of numbers and of all kinds are the same, to the bit, whatever holds them."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sourced_tables import contents

from pytwolayer import two_layer
from pytwolayer.files import open_text, parquet_batches
from pytwolayer.files.open_table import open_table
from pytwolayer.preprocessing import row_source
from pytwolayer.runtime.torch_loading import torch

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
ds = pytest.importorskip("pyarrow.dataset")
polars = pytest.importorskip("polars")
QUICK = {"epochs": 2, "hidden_units": 3, "seed": 1, "verbose": False, "weight_decay": 0.1}
ROWS = 60


@pytest.fixture
def rng(request, monkeypatch):
    """Random sizes of blocks, batches and chunks of text, and the generator after them."""
    rng = np.random.default_rng(request.getfixturevalue("seed"))
    monkeypatch.setattr(row_source, "BLOCK_ROWS", int(rng.integers(2, 80)))
    monkeypatch.setattr(row_source, "_LINE_ROWS", int(rng.integers(1, 20)))
    monkeypatch.setattr(row_source, "_GROUP", int(rng.integers(1, 5)))
    monkeypatch.setattr(parquet_batches, "BLOCK_ROWS", int(rng.integers(1, 20)))
    monkeypatch.setattr(parquet_batches, "_BATCH_BYTES", int(rng.integers(1, 2000)))
    monkeypatch.setattr(parquet_batches, "_COLUMNS", int(rng.integers(1, 12)))
    monkeypatch.setattr(open_text, "_FEWEST_ROWS", int(rng.integers(1, 80)))
    monkeypatch.setattr(open_text, "_VALUES", 1)
    return rng


def numbers(rng):
    """Draw columns of numbers of many sizes, also whole ones, with zeros."""
    columns = {}
    for place in range(rng.integers(1, 7)):
        values = rng.normal(size=ROWS) * 10.0 ** rng.integers(-9, 10)
        if rng.random() < 0.3:
            values = np.round(values) + 0.0  # scipy makes no difference between 0 and -0
        columns[f"n{place}"] = np.where(rng.random(ROWS) < rng.choice([0, 0.5]), 0.0, values)
    columns["y"] = rng.normal(size=ROWS)
    return pd.DataFrame(columns)


def with_levels(rng, frame):
    """Add columns of other kinds."""
    frame = frame.assign(
        text=rng.choice(["é", "b", "x y", "Z"], ROWS),
        yes=rng.random(ROWS) < 0.5,
        kind=pd.Categorical(rng.choice(["u", "v"], ROWS), ["v", "w", "u"]),
        whole=rng.integers(-(2**40), 2**40, ROWS),
    )
    return frame[rng.permutation([*frame])]


def files(rng, table, folder):
    """Write a table in all ways; yield what they are called and their paths."""
    folder.mkdir()
    size = int(rng.integers(1, 70))
    how = {"row_group_size": size, "compression": str(rng.choice(["none", "zstd"]))}
    pq.write_table(table, folder / "one.parquet", **how)
    several = folder / "several"
    several.mkdir()
    cut = int(rng.integers(0, ROWS + 1))
    parts = [several / "1.parquet", several / "2.parquet"]
    for part, rows in zip(parts, (table.slice(0, cut), table.slice(cut)), strict=True):
        pq.write_table(rows, part, **how)
    yield "file", folder / "one.parquet"
    yield "folder", str(several)
    yield "paths", parts
    yield "dataset", ds.dataset(several)


def in_memory(rng, frame, table):
    """Yield what a table is called and the table, as others' objects."""
    cut, size = int(rng.integers(0, ROWS + 1)), int(rng.integers(1, 70))
    yield "nullable", frame.astype({n: "boolean" for n in frame if frame[n].dtype == bool})
    yield (
        "nullable numbers",
        frame.astype({n: "Float64" for n in frame if frame[n].dtype == np.float64}),
    )
    yield "Arrow-backed", table.to_pandas(types_mapper=pd.ArrowDtype)
    yield "table", pa.concat_tables([table.slice(0, cut), table.slice(cut)])
    yield "stream", table.to_reader(max_chunksize=size)
    if "kind" not in frame:  # polars has levels of its own
        yield "polars", polars.from_arrow(table)


def written(rng, frame, folder):
    """Write a table as text, the numbers so that they are read as the same doubles."""
    for ending, separator in (("csv", ","), ("tsv.gz", "\t")):
        path = folder / f"t.{ending}"
        frame.to_csv(path, index=False, sep=separator)
        yield ending, path


def assert_same(fits):
    (name, first), *others = fits.items()
    assert len(others) >= 7, name
    for name, fit in others:
        assert [*fit.data.values()] == [*first.data.values()], name
        assert fit.inputs.codings == first.inputs.codings, name
        pd.testing.assert_frame_equal(fit.history, first.history, check_exact=True)
        pairs = zip(fit.network.parameters(), first.network.parameters(), strict=True)
        assert all(bool((mine == theirs).all()) for mine, theirs in pairs), name


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.filterwarnings("ignore::pytwolayer.errors.PytwolayerWarning")
def test_numbers_are_the_same_in_every_layout(rng, tmp_path, seed):
    frame = numbers(rng)
    x, y = frame.drop(columns="y"), frame["y"].to_numpy()
    matrix = x.to_numpy()
    how = QUICK | [{}, {"validation": 0.2}, {"encoding": "piecewise"}][seed % 3]
    wide = np.full((ROWS * 2, matrix.shape[1] + 2), np.nan)
    wide[::2, 1:-1] = matrix
    layouts = {
        "rows": np.ascontiguousarray(matrix),
        "columns": np.asfortranarray(matrix),
        "view": wide[::2, 1:-1],
        "lists": matrix.tolist(),
        "tensor": torch.tensor(matrix),
        "csr": sparse.csr_matrix(matrix),
        "csc": sparse.csc_array(matrix),
        "coo": sparse.coo_array(matrix),
        "frame of rows": pd.DataFrame(np.ascontiguousarray(matrix)),
        "frame": x,
        "sparse frame": x.astype(pd.SparseDtype("float64", 0.0)),
    }
    assert_same({name: two_layer(data, y, **how) for name, data in layouts.items()})


@pytest.mark.parametrize("seed", range(10, 22))
@pytest.mark.filterwarnings("ignore::pytwolayer.errors.PytwolayerWarning")
def test_tables_are_the_same_from_every_source(rng, tmp_path, seed):
    frame = numbers(rng)
    frame = frame if seed % 3 == 0 else with_levels(rng, frame)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    how = QUICK | [{}, {"validation": 0.2}, {"sample_weight": None}, {"input_clip": 1.5}][seed % 4]
    sources = {"frame": frame, **dict(in_memory(rng, frame, table))}
    sources |= dict(files(rng, table, tmp_path / "data"))
    fits = {name: two_layer(data, outcome="y", **how) for name, data in sources.items()}
    assert_same(fits)
    as_text = frame.assign(kind=frame["kind"].astype(str)) if "kind" in frame else frame
    expected = contents(as_text)
    for name, path in written(rng, as_text, tmp_path):
        assert contents(open_table("x", path)) == expected, name


@pytest.mark.parametrize("seed", range(30, 36))
@pytest.mark.filterwarnings("ignore::pytwolayer.errors.PytwolayerWarning")
def test_missing_values_leave_the_same_rows_out_everywhere(rng, tmp_path, seed):
    frame = with_levels(rng, numbers(rng)).drop(columns=["yes", "whole", "kind"])
    for name in frame:
        frame[name] = frame[name].where(rng.random(ROWS) > rng.choice([0, 0.2]))
    table = pa.Table.from_pandas(frame, preserve_index=False)
    sources = {"frame": frame, **dict(in_memory(rng, frame, table))}
    sources |= dict(files(rng, table, tmp_path / "data"))
    sources |= dict(written(rng, frame, tmp_path))
    fits = {name: two_layer(data, outcome="y", **QUICK) for name, data in sources.items()}
    assert {fit.dropped for fit in fits.values()} == {fits["frame"].dropped}
    assert_same(fits)

"""Random tables, cut at random into files, row groups and batches, are the same everywhere."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from sourced_tables import contents

from pytwolayer import two_layer
from pytwolayer.files import arrow_batches, open_arrow, parquet_batches, row_spool
from pytwolayer.files.open_table import open_table
from pytwolayer.preprocessing import row_source

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
ds = pytest.importorskip("pyarrow.dataset")
KINDS = ["double", "float", "half", "int", "bool", "text", "factor", "decimal", "span"]
NAMES = ("a", "a.b", "", "größe", "x y", "a=b", "1", "NA", "値", "`", "__index", "outcome")


def random_column(rng, rows):
    """Draw a column as an Arrow array."""
    share = rng.choice([0, 0, 0.1, 0.5, 1])
    gaps = rng.random(rows) < share
    kind = rng.choice(
        ["double", "float", "half", "int", "bool", "text", "factor", "decimal", "span"]
    )
    numbers = rng.normal(size=rows) * 10.0 ** rng.integers(-5, 6)
    whole = rng.integers(-(2 ** rng.integers(2, 62)), 2 ** rng.integers(2, 62), rows)
    words = rng.choice([f"é{n}" for n in range(rng.integers(1, 12))], rows)
    if kind in ("double", "float", "half"):
        dtype = {"double": np.float64, "float": np.float32, "half": np.float16}[kind]
        values = (numbers if kind != "half" else rng.normal(size=rows)).astype(dtype)
        return pa.array(values, mask=gaps)
    if kind == "int":
        return pa.array(whole, mask=gaps)
    if kind == "bool":
        return pa.array(numbers > 0, mask=gaps)
    if kind == "decimal":
        return pa.array(whole % 10**6, mask=gaps).cast(pa.decimal128(25, 3))
    if kind == "span":
        return pa.array(whole % 10**9, pa.duration(rng.choice(["s", "ms", "us"])), mask=gaps)
    text = pa.array(words.tolist(), mask=gaps)
    if kind == "factor":
        levels = pa.array(rng.permutation([*{*words.tolist()}, "never"]).tolist())
        places = pa.array([levels.to_pylist().index(word) for word in words], pa.int8(), mask=gaps)
        return pa.DictionaryArray.from_arrays(places, levels)
    return text.cast(pa.large_string()) if rng.random() < 0.3 else text


def random_table(rng):
    rows = int(rng.choice([1, 2, 15, 16, 17, 60]))
    names = rng.permutation(NAMES)[: rng.integers(1, 8)].tolist()
    return pa.table({name: random_column(rng, rows) for name in names})


def write_at_random(rng, table, folder):
    """Write a table to files of random sizes with random row groups."""
    rows = table.num_rows
    # Without it a file has of a factor those levels alone that occur, as they come.
    factors = any(pa.types.is_dictionary(kind) for kind in table.schema.types)
    edges = sorted([0, rows, *rng.integers(0, rows + 1, rng.integers(0, 6)).tolist()])
    for number, (start, stop) in enumerate(pairwise(edges)):
        inner = folder / f"{number // 3} é"
        inner.mkdir(parents=True, exist_ok=True)
        how = {
            "row_group_size": int(rng.integers(1, 20)),
            "use_dictionary": factors or bool(rng.random() < 0.7),
            "compression": str(rng.choice(["none", "snappy", "zstd"])),
            "data_page_size": int(rng.choice([64, 10**6])),
            "write_batch_size": int(rng.choice([1, 3, 1024])),
        }
        pq.write_table(table.slice(start, stop - start), inner / f"{number:02}.parquet", **how)
    return folder


def sources(rng, table, folder):
    cut = int(rng.integers(0, table.num_rows + 1))
    size = int(rng.integers(1, 20))
    return {
        "folder": write_at_random(rng, table, folder),
        "dataset": ds.dataset(folder),
        "table": table,
        "chunks": pa.concat_tables([table.slice(0, cut), table.slice(cut)]),
        "stream": table.to_reader(max_chunksize=size),
    }


@pytest.fixture
def _random_sizes(request, monkeypatch):
    rng = np.random.default_rng(request.getfixturevalue("seed"))
    monkeypatch.setattr(row_source, "BLOCK_ROWS", int(rng.integers(1, 20)))
    monkeypatch.setattr(parquet_batches, "BLOCK_ROWS", int(rng.integers(1, 20)))
    monkeypatch.setattr(parquet_batches, "_BATCH_BYTES", int(rng.integers(1, 2000)))
    monkeypatch.setattr(parquet_batches, "_COLUMNS", int(rng.integers(1, 12)))
    monkeypatch.setattr(arrow_batches, "BLOCK_ROWS", int(rng.integers(1, 20)))
    if rng.random() < 0.5:
        monkeypatch.setattr(row_spool, "LARGEST_IN_MEMORY", 100)
        monkeypatch.setattr(open_arrow, "LARGEST_IN_MEMORY", 100)


@pytest.mark.usefixtures("_random_sizes")
@pytest.mark.parametrize("seed", range(40))
def test_every_source_has_the_same_columns(tmp_path, seed):
    rng = np.random.default_rng(seed)
    table = random_table(rng)
    expected = contents(table.to_pandas())
    for name, source in sources(rng, table, tmp_path / "data").items():
        assert contents(open_table("x", source)) == expected, name


QUICK = {"epochs": 2, "hidden_units": 3, "seed": 1, "verbose": False, "weight_decay": 0.1}


@pytest.mark.usefixtures("_random_sizes")
@pytest.mark.filterwarnings("ignore::pytwolayer.errors.PytwolayerWarning")
@pytest.mark.parametrize("seed", range(12))
def test_every_source_gives_the_same_fit(tmp_path, seed):
    rng = np.random.default_rng(seed)
    columns = {n: random_column(rng, 60) for n in NAMES[: rng.integers(1, 8)]}
    columns = {n: c for n, c in columns.items() if c.null_count < 30}
    noise = pa.array(rng.normal(size=60))
    table = pa.table({**columns, "noise": noise, "outcome": pa.array(rng.normal(size=60))})
    how = QUICK | [{}, {"validation": 0.2}, {"n_models": 2, "bootstrap": True}][seed % 3]
    fits = [two_layer(table.to_pandas(), outcome="outcome", **how)]
    for source in sources(rng, table, tmp_path / "data").values():
        fits.append(two_layer(source, outcome="outcome", **how))
    models = [getattr(fit, "models", (fit,)) for fit in fits]
    for other in models[1:]:
        for mine, theirs in zip(models[0], other, strict=True):
            assert mine.data == theirs.data
            assert mine.inputs == theirs.inputs
            pd.testing.assert_frame_equal(mine.history, theirs.history, check_exact=True)
            pairs = zip(mine.network.parameters(), theirs.network.parameters(), strict=True)
            assert all(bool((a == b).all()) for a, b in pairs)

"""Parquet folders of which each process reads its share, in the test and in the processes alike."""

import hashlib
import itertools
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from launched_samples import SETTINGS, absolute

from pytwolayer.preprocessing import row_source
from pytwolayer.training import row_store

ROWS, BLOCK = 1000, 64  # blocks so small that there are many
_CUTS, _GROUPS = (0, 7, 300, 310, ROWS), (7, 33, 5, 200)
_LITTLE = 10_000  # bytes of memory: of one process's rows too


def frame(rows=ROWS, seed=1):
    """Draw rows with levels, and missing values, that only some shares have."""
    draw = np.random.default_rng(seed)
    columns = pd.DataFrame(draw.normal(size=(rows, 3)), columns=list("abc"))
    text = draw.choice(list("zxy"), rows).astype(object)
    text[: rows // 5] = "only in the first"
    text[-rows // 10 :] = "only in the last"
    y = columns["a"] + (text == "x")
    columns = columns.assign(text=text, factor=pd.Categorical(draw.choice(["u", "v"], rows)), y=y)
    columns["weight"] = draw.integers(0, 4, rows) + 0.0
    columns["kind"] = np.where(y > 0.5, "high", np.where(y < -0.5, "low", "middle"))
    columns.loc[rows - 30 : rows - 20, "b"] = np.nan
    return columns


def write_folder(folder, data):
    """Write rows to files of uneven row groups."""
    folder.mkdir()
    pairs = zip(itertools.pairwise(_CUTS), _GROUPS, strict=True)
    for number, ((first, last), group) in enumerate(pairs):
        data[first:last].to_parquet(folder / f"{number}.parquet", row_group_size=group)


def write_all(folder):
    """Write what the cases need."""
    data = frame()
    write_folder(folder / "rows", data.drop(columns=["weight", "kind"]))
    write_folder(folder / "weighted", data.drop(columns="kind"))
    write_folder(folder / "classes", data.drop(columns=["y", "weight"]))
    write_folder(folder / "others", frame(seed=2).drop(columns=["weight", "kind"]))
    data[:400].to_csv(folder / "rows.csv", index=False)


def cases(folder):
    """Return arguments of fits, by name."""
    rows = {"x": str(folder / "rows"), "outcome": "y", **SETTINGS, "batch_size": 200}
    weighted = rows | {"x": str(folder / "weighted"), "sample_weight": "weight"}
    apart = rows | {"validation": str(folder / "others")}
    return {
        "usual": rows,
        "held out": rows | {"validation": 0.2, "dropout": 0.3, "patience": 2},
        "few held out": rows | {"validation": 0.02, "encoding": "piecewise", "shards": 12},
        "all at once": rows | {"batch_size": None, "optimizer": "lbfgs", "shards": 12},
        "weights": weighted | {"validation": 0.1},
        "frequencies": weighted | {"weight_type": "frequency"},
        "classes": rows
        | {"x": str(folder / "classes"), "outcome": "kind", "validation": 0.2}
        | {"class_weights": "balanced"},
        "validation folder": apart | {"loss": absolute},
        "spread": apart | {"loss": "normal"},
        "searched": rows | {"loss": "normal", "weight_decay": "auto", "epochs": 150},
        "files": rows | {"x": sorted(map(str, (folder / "rows").iterdir()))},
        "text file": rows | {"x": str(folder / "rows.csv"), "validation": 0.2, "loss": "normal"},
        "little memory": apart | {"batch_size": 50},
    }


@contextmanager
def small_blocks(name=""):
    """Have small blocks, and with the name that says it little memory."""
    usual = row_source.BLOCK_ROWS, row_store.usable_memory, row_store._SMALL
    row_source.BLOCK_ROWS = BLOCK
    if name == "little memory":
        row_store.usable_memory, row_store._SMALL = (lambda: _LITTLE), -1
    yield
    row_source.BLOCK_ROWS, row_store.usable_memory, row_store._SMALL = usual


def facts(fit, path: Path):
    """Return what has to be the same of a fit: checksums of the data, and its file's bytes."""
    fit.save(path)
    history = hashlib.sha256(fit.history.to_csv().encode()).hexdigest()
    return [dict(fit.data), history, hashlib.sha256(path.read_bytes()).hexdigest()]

"""One fit predicts alike in Python, in R with and without Python, as ONNX and as SQL."""

import json
import re

import numpy as np
import pytest
from databases import TABLE, postgres_server, run_duckdb, run_sqlite
from export_samples import FITS, PREDICTORS, fit, in_parts, odd_rows, stacked
from onnx_run import run_onnx

from conftest import HERE, ROOT
from pytwolayer import load

PAGE = ROOT / "docs/deploying.md"
NAMES = [*FITS]


def tolerances():
    """The table of the page: each place with its tolerance."""
    text = PAGE.read_text(encoding="utf-8").split("## How near the numbers are")[1]
    rows = re.findall(r"^\| ([^|]+?) \| ([0-9][^|]*?) \|", text.split("\n## ")[0], re.MULTILINE)
    return {place: float(tolerance) for place, tolerance in rows}


class Deployed:
    """A fit, its rows, and what predict() gives of them."""

    def __init__(self, name, folder):
        options = FITS[name]
        self.name, self.file, self.folder = name, name.replace(" ", "-"), folder
        model = fit(**options)
        model.save(folder / f"{self.file}.safetensors")
        self.model = load(folder / f"{self.file}.safetensors")
        self.rows = odd_rows(options.get("predictors", PREDICTORS))
        parts = in_parts(model, self.rows)
        starts = np.cumsum([0, *(max(len(part), 1) for part in parts)])[:-1].tolist()
        self.errors = [start for start, part in zip(starts, parts, strict=True) if not part.size]
        self.expected = self.predicted(model)

    def predicted(self, model):
        """Predict the rows at once, but each of those alone that were errors, as R does."""
        rows = np.arange(len(self.rows))
        groups = [np.setdiff1d(rows, self.errors), *([row] for row in self.errors)]
        found = [stacked(in_parts(model, self.rows.iloc[group])) for group in groups]
        values = np.full((len(rows), found[0].shape[1]), np.nan)
        for group, part in zip(groups, found, strict=True):
            values[group] = part if part.size else np.nan
        return values

    def sent(self):
        """The fit and its rows for R, numbers in hexadecimal."""
        kinds = {"f": "number", "b": "logical"}
        columns = []
        for name, column in self.rows.items():
            kind = kinds.get(column.dtype.kind, "text")
            missing = column.isna()
            write = {"number": float.hex, "logical": lambda v: str(bool(v)).upper()}.get(kind, str)
            values = [None if gone else write(v) for v, gone in zip(column, missing, strict=True)]
            columns.append({"name": name, "kind": kind, "values": values})
        width = self.expected.shape[1]
        sent = {"file": self.file, "table": TABLE, "width": width, "rows": columns}
        return sent | {"errors": self.errors}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deployed")
    return {name: Deployed(name, folder) for name in NAMES}


@pytest.fixture(scope="module")
def by_r(r_session, deployed, tmp_path_factory):
    """What R predicts with both engines, from one script."""
    folder = next(iter(deployed.values())).folder
    cases = [one.sent() for one in deployed.values()]
    (folder / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    file = tmp_path_factory.mktemp("answers") / "predictions.txt"
    r_session.run(HERE / "deployed.R", str(file), str(folder))
    found = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        name, engine, *values = line.split("\t")
        numbers = [np.nan if value in ("NA", "NaN") else float.fromhex(value) for value in values]
        found[name, engine] = np.array(numbers)
    return found


@pytest.fixture(scope="module")
def postgres():
    with postgres_server() as server:
        yield server


def by_sql(one, dialect, run):
    rows = one.rows.assign(**{"row id": range(len(one.rows))})
    query = one.model.to_sql(TABLE, dialect, columns="row id")
    found = run(rows, query).sort_values("row id").drop(columns="row id")
    texts = [name for name in found if name.startswith(".pred_class")]
    return found.drop(columns=texts).to_numpy(dtype=np.float64)


@pytest.fixture
def places(request):
    """Predict in each of the places of the page's table."""

    def by_onnx(one):
        file = one.folder / f"{one.file}.onnx"
        one.model.to_onnx(file)
        found = run_onnx(file, one.rows)
        return np.hstack([found[name] for name in (".prob", ".pred", ".sd") if name in found])

    def of_r(engine):
        return lambda one: request.getfixturevalue("by_r")[one.file, engine].reshape(
            one.expected.shape
        )

    return {
        "Python": lambda one: one.predicted(one.model),
        "R with Python": of_r("python"),
        'R alone, `engine = "r"`': of_r("r"),
        "ONNX, by onnxruntime": by_onnx,
        "DuckDB": lambda one: by_sql(one, "duckdb", run_duckdb),
        "PostgreSQL": lambda one: by_sql(
            one, "postgresql", request.getfixturevalue("postgres").run
        ),
        "SQLite": lambda one: by_sql(one, "sqlite", run_sqlite),
    }


PLACES = [
    "Python",
    "R with Python",
    'R alone, `engine = "r"`',
    "ONNX, by onnxruntime",
    "DuckDB",
    "PostgreSQL",
    "SQLite",
]


def test_the_table_of_the_page_names_every_place():
    assert list(tolerances()) == PLACES


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", NAMES)
def test_a_fit_predicts_alike_everywhere(name, place, deployed, places):
    one = deployed[name]
    tolerance = tolerances()[place]
    typical = np.nanmedian(np.abs(one.expected))
    found = places[place](one)
    np.testing.assert_allclose(found, one.expected, rtol=tolerance, atol=tolerance * typical)


@pytest.mark.parametrize("name", NAMES)
def test_r_writes_the_files_and_queries_that_python_writes(name, deployed, by_r):
    one = deployed[name]
    one.model.to_onnx(one.folder / "python.onnx")
    written = (one.folder / f"{one.file}-r.onnx").read_bytes()
    assert written == (one.folder / "python.onnx").read_bytes()
    for dialect in ("duckdb", "postgresql", "sqlite"):
        query = (one.folder / f"{one.file}-{dialect}-r.sql").read_text(encoding="utf-8")
        assert query.rstrip("\n") == one.model.to_sql(TABLE, dialect, columns="row id").rstrip("\n")

"""Real databases that run a query on a frame: DuckDB, SQLite, PostgreSQL."""

import io
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from pytwolayer.export.sql_dialects import DIALECTS

TABLE = 'a "table"'
_LIMIT = 300  # seconds, for what hangs


def run_duckdb(rows: pd.DataFrame, query: str) -> pd.DataFrame:
    """Run a query in DuckDB."""
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    with duckdb.connect() as connection:
        types = {"f": "DOUBLE", "b": "BOOLEAN", "i": "BIGINT"}
        _create(connection.execute, rows, "duckdb", types)
        connection.register("sent", rows)
        connection.execute(f"INSERT INTO {_table('duckdb')} SELECT * FROM sent")
        return connection.execute(query).fetch_df()


def run_sqlite(rows: pd.DataFrame, query: str) -> pd.DataFrame:
    """Run a query in SQLite."""
    connection = sqlite3.connect(":memory:")
    try:
        options = {name for (name,) in connection.execute("PRAGMA compile_options")}
        if "ENABLE_MATH_FUNCTIONS" not in options:
            pytest.skip("this SQLite has no exp()")
        _create(connection.execute, rows, "sqlite", {"f": "REAL", "b": "INTEGER", "i": "INTEGER"})
        marks = ", ".join("?" * len(rows.columns))
        values = rows.astype(object).where(rows.notna(), None).to_numpy().tolist()
        connection.executemany(f"INSERT INTO {_table('sqlite')} VALUES ({marks})", values)
        found = connection.execute(query)
        return pd.DataFrame(found.fetchall(), columns=[name for name, *_ in found.description])
    finally:
        connection.close()


class Postgres:
    """A PostgreSQL server of its own, in a temporary folder and for local sockets alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, rows: pd.DataFrame, query: str) -> pd.DataFrame:
        """Run a query on a frame."""
        made: list[str] = []
        types = {"f": "double precision", "b": "boolean", "i": "bigint"}
        table = _table("postgresql")
        _create(made.append, rows, "postgresql", types)
        sent = "\n".join(",".join(map(_field, row)) for row in rows.to_numpy(dtype=object))
        newline = "\n" if len(rows) else ""
        script = (
            f"DROP TABLE IF EXISTS {table};\n{made[0]};\n"
            f"COPY {table} FROM STDIN WITH (FORMAT csv, NULL '\\N');\n"
            f"{sent}{newline}\\.\n{query};\n"
        )
        given = ["psql", "-h", self._folder, "-U", "tester", "-d", "postgres", "-qX", "--csv"]
        options = ["-v", "ON_ERROR_STOP=1", "-P", "null=\\N"]
        done = subprocess.run(
            [*given, *options],
            input=script,
            capture_output=True,
            encoding="utf-8",
            timeout=_LIMIT,
            env={**os.environ, "PGCLIENTENCODING": "UTF8"},
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        options = {"na_values": ["\\N"], "keep_default_na": False, "dtype": {".pred_class": str}}
        return pd.read_csv(io.StringIO(done.stdout), **options)


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Start a server; skip where there is none."""
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    found = shutil.which("initdb", path=os.pathsep.join([*map(str, places), os.environ["PATH"]]))
    if found is None or shutil.which("psql") is None:
        pytest.skip("PostgreSQL is not installed")
    programs = Path(found).resolve().parent
    is_root = os.geteuid() == 0
    who = {"user": "nobody", "group": "nogroup", "extra_groups": []} if is_root else {}
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        if is_root:  # as whom PostgreSQL refuses to run
            shutil.chown(folder, "nobody")
        common = {"cwd": folder, "capture_output": True, "timeout": _LIMIT, "check": True, **who}
        data, log = folder / "data", folder / "log"
        created = ["-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C"]
        subprocess.run([programs / "initdb", "--no-sync", *created], **common)
        settings = f"-c listen_addresses='' -k {folder} -c fsync=off"
        start = [programs / "pg_ctl", "-D", data, "-l", log, "-o", settings, "-w"]
        subprocess.run([*start, "start"], **{**common, "capture_output": False})
        try:
            yield Postgres(folder)
        finally:
            stop = [programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"]
            subprocess.run(stop, **common)


def _field(value) -> str:
    """Write a field as COPY reads it, which takes what is in quotes for no NULL."""
    return r"\N" if pd.isna(value) else '"' + str(value).replace('"', '""') + '"'


def _table(dialect: str) -> str:
    return DIALECTS[dialect].identifier(TABLE)


def _create(execute, rows: pd.DataFrame, dialect: str, types: dict[str, str]) -> None:
    written = DIALECTS[dialect]
    columns = (
        f"{written.identifier(name)} {types.get(rows[name].dtype.kind, written.text)}"
        for name in rows
    )
    execute(f"CREATE TABLE {_table(dialect)} ({', '.join(columns)})")

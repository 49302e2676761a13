"""Processes that a launcher starts read a share of Parquet files each: the bits of one."""

import json
import re
import warnings

import pytest
from launched import launch_loaded
from launched_samples import SETTINGS
from share_samples import ROWS, cases, facts, frame, small_blocks, write_all, write_folder

from pytwolayer import ArgumentError, two_layer

pytest.importorskip("pyarrow")
pytestmark = pytest.mark.filterwarnings("ignore::pytwolayer.errors.PytwolayerWarning")

START = """
from pathlib import Path
import warnings
from share_samples import *
from pytwolayer.errors import PytwolayerWarning
warnings.simplefilter("ignore", PytwolayerWarning)
here = Path(sys.argv[1]).parent
"""
FITS = f"""{START}
chosen = cases(here)
for name in (chosen if os.environ["WORLD_SIZE"] == "2" else ("held out", "few held out", "spread")):
    with small_blocks(name):
        fit = train_worker(chosen[name])
    tell(name, fit and facts(fit, here / f"fit-{{rank}}.safetensors"))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("shares")
    write_all(made)
    return made


@pytest.fixture(scope="module")
def alone(folder):
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, arguments in cases(folder).items():
            with small_blocks(name):
                fit = two_layer(**arguments)
            found[name] = facts(fit, folder / "fit.safetensors")
    return found


def test_two_processes_change_no_bit_of_any_kind_of_fit(alone, folder):
    assert launch_loaded(folder, FITS, 2) == alone


def test_four_processes_change_no_bit(alone, folder):
    told = launch_loaded(folder, FITS, 4)
    assert told == {name: alone[name] for name in told}
    assert len(told) == 3


READ = f"""{START}
from pytwolayer.files import parquet_batches
from pytwolayer.fitting import prepare
from pytwolayer.training import row_store

reads, encoded = [], []
usual, finish = parquet_batches.ParquetBatches._run, prepare.encode_rows

def run(self, *arguments):
    for batch in usual(self, *arguments):
        reads.append([batch.start, batch.start + batch.rows])
        yield batch

def encode(*arguments):
    rows = finish(*arguments)
    encoded.append([rows.first, len(rows.x), rows.total])
    return rows

parquet_batches.ParquetBatches._run = run
prepare.encode_rows = encode
parquet_batches.BLOCK_ROWS, parquet_batches._BATCH_BYTES = 8, 1
arguments = cases(here)["usual"] | {{"validation": 0.2, "cache": str(here / f"cache-{{rank}}")}}
with small_blocks():
    fit = train_worker(arguments)
(here / f"reads-{{rank}}").write_text(json.dumps([reads, encoded]), encoding="utf-8")
tell("fit", fit and facts(fit, here / "fit.safetensors"))
"""


def test_each_process_reads_its_rows_alone_and_keeps_no_others(folder):
    with small_blocks():
        fit = two_layer(**cases(folder)["usual"] | {"validation": 0.2})
    alone = facts(fit, folder / "fit.safetensors")
    assert launch_loaded(folder, READ, 2)["fit"] == alone
    parts = [json.loads((folder / f"reads-{rank}").read_text()) for rank in range(2)]
    (first, encoded), (second, others) = parts
    spare = 250  # of a row group, which is read from its start, of a block, and between shards
    assert max(stop for _, stop in first) <= ROWS / 2 + spare
    assert min(start for start, _ in second) >= ROWS / 2 - spare
    for (at, number, total), (then, more, all_of_them) in zip(encoded, others, strict=True):
        assert (at, number, number + more, then) == (0, then, total, number)
        assert total == all_of_them
        assert abs(number - more) <= 1
    for rank in range(2):
        sizes = [path.stat().st_size for path in (folder / f"cache-{rank}").iterdir()]
        width = 4 * (fit.inputs.width + 1)
        assert len(sizes) == 2
        headers = 2 * 4096
        assert sum(sizes) - headers < 0.55 * sum(each[2] for each in encoded) * width


APART = f"""{START}
from pytwolayer.fitting import fit_in_group, prepare

usual, encoded = prepare.encode_rows, []

def encode(*arguments):
    rows = usual(*arguments)
    encoded.append([rows.first, len(rows.x), rows.total])
    return rows

prepare.encode_rows = encode
fit_in_group.find_leaders = lambda group: list(range(group.size))  # as on machines of their own
with small_blocks():
    fit = train_worker(cases(here)["text file"])
tell("fit", fit and facts(fit, here / "fit.safetensors"))
tell("encoded", encoded)
"""


def test_of_text_files_each_machine_encodes_the_rows_that_are_trained_on_there(alone, folder):
    told = launch_loaded(folder, APART, 2)
    assert told["fit"] == alone["text file"]
    for first, number, total in told["encoded"]:
        assert (first, number) == (0, total // 2)


FAILURES = f"""{START}
def failure(folder, **more):
    with small_blocks():
        try:
            train_worker({{"x": str(here / folder), "outcome": "y", **SETTINGS, **more}})
        except Exception as problem:
            return [type(problem).__name__, str(problem)]

tell("infinite", failure("infinite"))
tell("other values", failure("rows" if rank == 0 else "changed"))
tell("other rows", failure("rows" if rank == 0 else "shorter"))
tell("nowhere", failure("rows" if rank == 0 else "nowhere"))
tell("other validation", failure("rows", validation=str(here / f"held-{{rank}}")))
copied = failure("rows" if rank == 0 else "copied")
tell("copied", copied)
"""


def test_faults_of_the_data_are_one_error_of_the_first_process(tmp_path):
    data = frame().drop(columns=["weight", "kind"])
    changed = data.copy()
    changed.loc[700, "a"] += 1e-9
    infinite = data.copy()
    infinite.loc[800, "c"] = float("inf")
    folders = {"rows": data, "changed": changed, "shorter": data[:-1], "infinite": infinite}
    for name, content in folders.items():
        write_folder(tmp_path / name, content)
    write_folder(tmp_path / "held-0", data)
    write_folder(tmp_path / "held-1", changed)
    (tmp_path / "copied").mkdir()  # the same rows in other files
    data.to_parquet(tmp_path / "copied" / "all.parquet")
    told = launch_loaded(tmp_path, FAILURES, 2)
    with small_blocks(), pytest.raises(ArgumentError) as caught:
        two_layer(str(tmp_path / "infinite"), outcome="y", **SETTINGS)
    assert told["infinite"] == ["ArgumentError", str(caught.value)]
    for name in ("other values", "other rows", "other validation"):
        kind, text = told[name]
        assert kind == "WorkerError"
        assert re.fullmatch(r"Worker 1 on \S+ has different data from worker 0 on \S+\.", text), (
            text
        )
    # Where not each process can read a part, one reads all for those on its machine.
    assert told["nowhere"] is None
    assert told["copied"] is None

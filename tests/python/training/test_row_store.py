"""Where the encoded rows of a fit live, and that it makes no difference."""

import gc
import json
import pickle
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from loaded_python import run_loaded
from row_samples import X, Y, fit, row_files, same_bits, set_memory

from pytwolayer import TwoLayerClassifier, TwoLayerRegressor, continue_training
from pytwolayer.errors import ArgumentError, ResumedWarning, RowsOnDiskWarning
from pytwolayer.fitting.two_layer import fit_two_layer
from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.training import trainer
from pytwolayer.training.row_store import FLOATS, RowStore
from pytwolayer.training.settings import SETTINGS

pytestmark = pytest.mark.filterwarnings("ignore::pytwolayer.errors.RowsOnDiskWarning")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="as Linux does it")
MIB = 2**20


def mixed(rows=500):
    """A table with numbers and text, weights, and classes."""
    draw = np.random.default_rng(3)
    frame = pd.DataFrame({"a": draw.normal(size=rows), "b": draw.choice(list("uvw"), rows)})
    frame["y"] = np.where(frame["a"] > 0, "yes", np.where(frame["b"] == "u", "no", "maybe"))
    return frame, draw.uniform(0.5, 2, rows)


def many_levels(x):
    """The predictors, and text of so many levels that their codes are kept."""
    text = [f"level {number}" for number in np.random.default_rng(4).integers(0, 400, len(x))]
    return pd.DataFrame(x[:, :2], columns=["a", "b"]).assign(text=text)


def on_tables():
    frame, weights = mixed()
    with_gaps = frame.copy()
    with_gaps.loc[::7, "a"] = np.nan
    two = np.column_stack([Y, Y**2])
    validation = {"x": X[:400], "y": Y[:400], "validation": (X[400:], Y[400:])}
    rare = frame.copy()
    rare.loc[490:, "b"] = "z"  # a level that training does not see
    return {
        "numbers": {},
        "share": {"validation": 0.2},
        "rows": {"validation": np.arange(0, 600, 3)},
        "data of the user's": validation,
        "two outcomes": {"y": two, "validation": 0.1},
        "all rows at once": {"batch_size": None},
        "lbfgs": {"optimizer": "lbfgs", "batch_size": None},
        "classes": {"x": frame, "y": None, "outcome": "y", "validation": 0.2},
        "weights": {"x": frame, "y": None, "outcome": "y", "sample_weight": weights},
        "frequencies": {"sample_weight": np.arange(600) % 3 + 1, "weight_type": "frequency"},
        "sums": {"sample_weight": np.arange(600) + 1.0, "reduction": "sum", "validation": 0.1},
        "gaps": {"x": with_gaps, "y": None, "outcome": "y"},
        "levels": {"x": rare, "y": None, "outcome": "y", "validation": np.arange(485, 500)},
        "many levels": {"x": many_levels(X), "validation": 0.2},
        "many levels alone": {"x": many_levels(X)[["text"]]},
        "pieces": {"encoding": "piecewise", "dropout": 0.2},
        "several": {"n_models": 3},
        "own held-out rows": {"n_models": 3, "validation": 0.2},
        "resamples": {"n_models": 2, "bootstrap": True},
    }


KINDS = on_tables()


def models(fitted):
    return getattr(fitted, "models", (fitted,))


def all_same(one, other):
    return all(same_bits(*pair) for pair in zip(models(one), models(other), strict=True))


@pytest.mark.filterwarnings("ignore::pytwolayer.errors.PytwolayerWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_rows_on_disk_give_the_bits_of_rows_in_memory(kind, tmp_path):
    options = KINDS[kind]
    in_memory = fit(**options)
    assert all_same(fit(cache=tmp_path, **options), in_memory)
    first = row_files(tmp_path)
    assert all_same(fit(cache=tmp_path, **options), in_memory)
    assert row_files(tmp_path) == first


@pytest.mark.parametrize("kind", ["numbers", "share", "two outcomes", "weights"])
def test_a_temporary_file_where_memory_has_no_room_gives_the_same_bits(kind, monkeypatch):
    in_memory = fit(**KINDS[kind])
    size = 600 * 4 * 6
    set_memory(monkeypatch, 2 * size)  # not for what is needed to read them, but for the file
    with pytest.warns(RowsOnDiskWarning, match="more than memory has room for: until the fit is"):
        on_disk = fit(**KINDS[kind])
    assert same_bits(in_memory, on_disk)


def test_rows_that_fit_stay_in_memory(monkeypatch):
    set_memory(monkeypatch, 10 * MIB)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RowsOnDiskWarning)
        fit()
        set_memory(monkeypatch, None)  # nothing is known of the memory
        fit()


def test_a_fit_tells_once_where_its_rows_are(tmp_path, monkeypatch):
    for how in ("are kept", "were found"):
        with pytest.warns(RowsOnDiskWarning, match=rf"^The encoded rows, .* KiB, {how} in") as told:
            fit(cache=tmp_path, validation=0.2)
        assert len(told) == 1
        assert str(told[0].filename).endswith("row_samples.py")
    set_memory(monkeypatch, 0)
    with pytest.warns(RowsOnDiskWarning, match=r"Batches are drawn from [\d,]+ rows at a time"):
        fit()


def test_found_rows_are_not_encoded_again(tmp_path, monkeypatch):
    first = fit(cache=tmp_path, validation=0.2)

    def encode(*arguments, **options):
        pytest.fail("encoded")

    monkeypatch.setattr(Encoder, "encode", encode)
    assert same_bits(fit(cache=tmp_path, validation=0.2), first)
    # Neither the network nor the training matters to the rows.
    fit(cache=tmp_path, validation=0.2, hidden_units=3, epochs=2, learning_rate=0.1)


@pytest.mark.parametrize(
    "other",
    [
        {"x": X + 1e-9},
        {"x": X[::-1]},
        {"y": Y * 2},
        {"y": -Y},
        {"input_clip": 1.0},
        {"encoding": "piecewise"},
        {"encoding": "piecewise", "pieces": 3},
        {"sample_weight": np.arange(600) + 1.0},
        {"validation": 0.2},
        {"validation": 0.2, "seed": 2},
        {"validation": np.arange(5)},
        {"y": np.column_stack([Y, Y])},
    ],
)
def test_other_data_or_another_encoding_are_other_rows(other, tmp_path):
    fit(cache=tmp_path)
    fit(cache=tmp_path, validation=0.2, seed=3)
    before = row_files(tmp_path)
    assert same_bits(fit(cache=tmp_path, **other), fit(**other))
    assert len(row_files(tmp_path)) > len(before)


def test_weights_of_another_scale_are_other_rows_where_losses_are_summed(tmp_path):
    weights = np.arange(600) + 1.0
    for options in ({}, {"reduction": "sum"}, {"reduction": "sum", "sample_weight": 3 * weights}):
        given = {"sample_weight": weights} | options
        assert same_bits(fit(cache=tmp_path, **given), fit(**given))


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "other"])
def test_damaged_rows_are_written_anew(damage, tmp_path):
    first = fit(cache=tmp_path)
    (path,) = row_files(tmp_path)
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[5000] ^= 16
    path.write_bytes(
        {"cut": whole[:-1], "changed": changed, "empty": b"", "other": b"x" * len(whole)}[damage]
    )
    assert same_bits(fit(cache=tmp_path), first)
    assert path.read_bytes() == whole


@on_linux
def test_a_fit_keeps_its_rows_though_their_file_is_removed(tmp_path):
    def on_epoch(epoch, loss):
        for path in row_files(tmp_path):
            path.unlink()

    assert same_bits(fit(cache=tmp_path, on_epoch=on_epoch), fit())


def test_all_ways_to_fit_take_a_cache(tmp_path):
    begun = fit()
    longer = continue_training(begun, X, Y, epochs=2, verbose=False, cache=tmp_path)
    assert same_bits(longer, continue_training(begun, X, Y, epochs=2, verbose=False))
    assert len(row_files(tmp_path)) == 1
    options = {"epochs": 2, "random_state": 1, "weight_decay": 0.0}
    kept = TwoLayerRegressor(cache=str(tmp_path), **options).fit(X, Y)
    assert same_bits(kept.two_layer_, TwoLayerRegressor(**options).fit(X, Y).two_layer_)
    TwoLayerClassifier(cache=tmp_path, **options).fit(X, Y > 0)
    assert len(row_files(tmp_path)) == 2  # the first are those of continue_training(), too
    TwoLayerClassifier(cache=tmp_path, epochs=1).partial_fit(X, Y > 0, classes=[False, True])
    assert len(row_files(tmp_path)) == 2


def test_what_is_no_folder_is_an_error_before_the_data_are_read(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ArgumentError, match="`cache` must be the path of a folder, not the file"):
        fit(x=None, cache=tmp_path / "file")
    with pytest.raises(ArgumentError, match="`cache` must be the path of a folder, not 5"):
        fit(x=None, cache=5)


@on_linux
def test_a_disk_that_cannot_be_written_to_has_its_rows_found_and_is_an_error_for_others(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can mount a disk")
    try:
        first = fit(cache=folder)
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        assert same_bits(fit(cache=folder), first)
        with pytest.raises(
            ArgumentError, match=r"`cache` must be a folder to write to, not .*Read"
        ):
            fit(cache=folder, y=Y * 2)
        gc.collect()  # the fits' rows are mapped until then
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


# Rows that are more than memory holds.


@pytest.fixture
def little_memory(monkeypatch):
    """Of which windows of 40 rows are drawn."""
    set_memory(monkeypatch, 0)
    monkeypatch.setattr("pytwolayer.network.windowed_batches._LEAST_BLOCK", 24 * 10)
    monkeypatch.setattr("pytwolayer.network.windowed_batches._LEAST_BYTES", 4096)


@pytest.mark.filterwarnings("ignore::pytwolayer.errors.PytwolayerWarning")
@pytest.mark.parametrize("kind", ["many levels", "many levels alone", "two outcomes", "weights"])
def test_rows_of_every_kind_are_drawn_from_windows(kind, little_memory, tmp_path):
    fitted = fit(**KINDS[kind])
    assert np.isfinite(fitted.history["loss"]).all()
    for _ in range(2):
        assert same_bits(fit(cache=tmp_path, **KINDS[kind]), fitted)


def test_batches_are_drawn_from_windows(little_memory, tmp_path):
    with pytest.warns(RowsOnDiskWarning, match="drawn from 70 rows at a time"):
        windowed = fit()
    assert same_bits(windowed, fit())
    for _ in range(2):
        assert same_bits(windowed, fit(cache=tmp_path))


def test_windows_are_not_what_all_rows_would_be_but_nearly(little_memory, monkeypatch):
    windowed = fit(epochs=40)
    monkeypatch.undo()
    shuffled = fit(epochs=40)
    assert not same_bits(windowed, shuffled)
    last = [float(one.history["loss"].iloc[-1]) for one in (windowed, shuffled)]
    assert last[0] == pytest.approx(last[1], rel=0.1)


@pytest.mark.parametrize("options", [{}, {"dropout": 0.3, "validation": 0.25}])
def test_an_interrupted_run_goes_on_with_the_same_bits(options, little_memory, tmp_path):
    whole = fit(epochs=6, **options)

    def stop(epoch, loss):
        if epoch == 3:
            raise KeyboardInterrupt

    kept = {"epochs": 6, "checkpoint": tmp_path / "run", "checkpoint_every": 1, **options}
    with pytest.warns(UserWarning, match="Interrupted after 3"):
        fit(on_epoch=stop, **kept)
    with pytest.warns(ResumedWarning):
        assert same_bits(fit(**kept), whole)


@pytest.mark.parametrize("memory", [0, None, 5000])
def test_a_run_goes_on_as_it_began_whatever_memory_there_is_then(
    memory, little_memory, tmp_path, monkeypatch
):
    whole = fit(epochs=6)
    kept = {"epochs": 6, "checkpoint": tmp_path / "run", "checkpoint_every": 1}
    with pytest.warns(UserWarning, match="Interrupted after 3"):
        fit(on_epoch=lambda epoch, loss: interrupt(epoch == 3), **kept)
    set_memory(monkeypatch, memory)
    monkeypatch.setattr("pytwolayer.network.windowed_batches._LEAST_BLOCK", 24 * 7)
    with pytest.warns(ResumedWarning):
        assert same_bits(fit(**kept), whole)


def test_a_run_that_drew_from_all_rows_goes_on_so_with_little_memory(tmp_path, monkeypatch):
    whole = fit(epochs=6)
    kept = {"epochs": 6, "checkpoint": tmp_path / "run", "checkpoint_every": 1}
    with pytest.warns(UserWarning, match="Interrupted after 3"):
        fit(on_epoch=lambda epoch, loss: interrupt(epoch == 3), **kept)
    set_memory(monkeypatch, 0)
    with pytest.warns(ResumedWarning):
        assert same_bits(fit(**kept), whole)


def interrupt(now):
    if now:
        raise KeyboardInterrupt


def test_networks_with_little_memory_are_each_what_they_are_alone(little_memory):
    several = fit(n_models=2)
    for model in several.models:
        assert same_bits(model, fit(seed=model.settings.seed))


def test_resamples_are_on_disk_where_memory_has_no_room_for_all(monkeypatch):
    in_memory = fit(n_models=3, bootstrap=True)
    size = 600 * (4 * 6 + 24)
    set_memory(monkeypatch, 5 * size)  # for one there is
    with pytest.warns(RowsOnDiskWarning, match="more than memory has room for"):
        on_disk = fit(n_models=3, bootstrap=True)
    assert np.allclose(on_disk.predict(X), in_memory.predict(X), atol=1e-4)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "`batch_size` must be below the number of rows where the encoded rows do not fit"),
        (
            {"optimizer": "lbfgs"},
            "`optimizer` must be another one where the encoded rows do not fit",
        ),
    ],
)
def test_all_rows_at_once_are_refused_where_they_do_not_fit(options, expected, little_memory):
    given = {"batch_size": None} | options
    with pytest.raises(ArgumentError, match=expected):
        fit(**given)


def test_fitted_values_are_computed_from_the_file_part_by_part(little_memory):
    arguments = {name: setting.default for name, setting in SETTINGS.items()}
    arguments |= {"x": X, "y": Y, "outcome": None, "epochs": 2, "batch_size": 32, "seed": 1}
    arguments |= {"weight_decay": 0.0, "hidden_units": 5000}  # of which few rows go at once
    result = fit_two_layer(arguments)
    assert result.pages is not None
    output = result.fit.forward(result.encoded, result.pages)
    values = result.fit.outcome.inverse_transform(output)[:, 0]
    assert (values == result.fit.predict(X)).all()


@on_linux
@pytest.mark.parametrize("when", ["encoding", "training"])
def test_ctrl_c_leaves_no_file(when, little_memory, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()

    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    if when == "encoding":
        monkeypatch.setattr(Encoder, "encode", interrupted)
        for cache in (None, tmp_path / "kept"):
            with pytest.raises(KeyboardInterrupt):
                fit(cache=cache)
        assert row_files(tmp_path / "kept") == []
    else:
        with pytest.warns(UserWarning, match="Interrupted after 2"):
            fit(on_epoch=lambda epoch, loss: interrupt(epoch == 2))
    assert list((tmp_path / "temporary").iterdir()) == []


@on_linux
def test_an_address_space_that_is_too_small_for_the_file_is_an_error(loaded_python, tmp_path):
    done = loaded_python(
        """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import warnings
from row_samples import Drawn, fit
from pytwolayer.errors import DeviceMemoryError
from pytwolayer.preprocessing.row_source import SourceColumn, SourcedTable

warnings.simplefilter("ignore")
fit()
names = [*(f"x{j}" for j in range(100)), "y"]
data = SourcedTable(names, (200_000, 101), [SourceColumn("number")] * 101, Drawn(200_000, 100))
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 60_000_000, -1))
try:
    fit(x=data, y=None, outcome="y")
except DeviceMemoryError as problem:
    print(problem)
""",
        str(Path(__file__).parents[1]),
        TMPDIR=str(tmp_path),
    )
    assert done.stdout.startswith("Out of memory on cpu: 77"), done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


# Held-out rows in chunks.

LOSSES = ["mse", "mae", "huber", lambda output, y: (output - y) ** 2]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("weights", [None, np.arange(600) % 5 + 1.0])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_held_out_rows_in_chunks_have_the_same_loss(loss, weights, reduction, monkeypatch):
    options = {"validation": 0.4, "loss": loss, "reduction": reduction, "sample_weight": weights}
    options |= {"learning_rate": 1e-3}
    at_once = fit(**options)
    monkeypatch.setattr(trainer, "_ONE_CHUNK", 100)
    monkeypatch.setattr(trainer, "_CHUNK", 7 * 8)
    in_chunks = fit(**options)
    assert in_chunks.history["loss"].equals(at_once.history["loss"])
    np.testing.assert_allclose(
        in_chunks.history["valid_loss"], at_once.history["valid_loss"], rtol=1e-6
    )


def test_classes_too(monkeypatch):
    options = KINDS["classes"]
    at_once = fit(**options)
    monkeypatch.setattr(trainer, "_ONE_CHUNK", 100)
    monkeypatch.setattr(trainer, "_CHUNK", 7 * 8)
    losses = fit(**options).history["valid_loss"], at_once.history["valid_loss"]
    np.testing.assert_allclose(*losses, rtol=1e-6)


# Processes that are killed, or have little memory, for real.


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from row_samples import fit
from pytwolayer.files.row_file import RowFile

def die(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)

setattr({owner}, "{name}", die)
fit(cache=sys.argv[1])
"""


@on_linux
@pytest.mark.parametrize(
    ("owner", "name"), [("RowFile", "finish"), ("os", "fsync"), ("os", "posix_fallocate")]
)
def test_rows_of_a_killed_fit_are_written_anew(owner, name, tmp_path, loaded_python):
    here = str(Path(__file__).parents[1])
    done = loaded_python(KILLED.format(owner=owner, name=name), str(tmp_path), here)
    assert done.returncode == -9, done.stderr
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".rows-")
    assert same_bits(fit(cache=tmp_path), fit())
    assert len(row_files(tmp_path)) == 1


@on_linux
def test_a_killed_fit_leaves_no_temporary_file(tmp_path, loaded_python):
    done = loaded_python(
        """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
import pytest
from row_samples import fit, set_memory

set_memory(pytest.MonkeyPatch(), 0)
fit(on_epoch=lambda epoch, loss: os.kill(os.getpid(), signal.SIGKILL))
""",
        str(Path(__file__).parents[1]),
        TMPDIR=str(tmp_path),
    )
    assert done.returncode == -9, done.stderr
    assert list(tmp_path.iterdir()) == []


@on_linux
def test_two_fits_at_once_do_no_harm(tmp_path):
    code = """
import json, sys, warnings
warnings.simplefilter("ignore")
sys.path.insert(0, sys.argv[2])
from row_samples import fit
json.dump(fit(cache=sys.argv[1]).history["loss"].tolist(), sys.stdout)
"""
    here = str(Path(__file__).parents[1])
    both = run_loaded(code, str(tmp_path), here, environments=[{}, {}])
    expected = fit().history["loss"].tolist()
    assert [json.loads(each.stdout) for each in both] == [expected] * 2
    assert len(row_files(tmp_path)) == 1


LARGE = """
import json, os, sys, threading, warnings
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import numpy as np
from row_samples import Drawn, fit
from pytwolayer.preprocessing.row_source import SourceColumn, SourcedTable
from pytwolayer.runtime.torch_loading import torch

warnings.simplefilter("ignore")
rows, columns = 300_000, 100
options = {"epochs": 2, "batch_size": 256, "validation": 0.1, "outcome": "y", "y": None}
names = [*(f"x{j}" for j in range(columns)), "y"]
source = Drawn(rows, columns)
data = SourcedTable(names, (rows, columns + 1), [SourceColumn("number")] * (columns + 1), source)
fit()  # what is needed once
if sys.argv[2] != "none":
    Path(sys.argv[2], "cgroup.procs").write_text(str(os.getpid()))
fitted = fit(x=data, **options)
print(json.dumps(fitted.history[["loss", "valid_loss"]].to_numpy().tolist()))
"""


@on_linux
def test_a_fit_in_a_group_with_less_memory_than_its_rows_ends_well(
    memory_group, fresh_python, loaded_python
):
    here = str(Path(__file__).parents[1])
    limited = fresh_python(LARGE, here, str(memory_group(80 * MIB)))
    assert limited.returncode == 0, limited.stderr
    free = loaded_python(LARGE, here, "none")
    assert free.returncode == 0, free.stderr
    windowed, shuffled = (np.array(json.loads(each.stdout)) for each in (limited, free))
    assert (windowed != shuffled).any()
    np.testing.assert_allclose(windowed[-1], shuffled[-1], rtol=0.1)


def test_another_process_finds_the_rows_of_a_scratch_folder_of_which_nothing_is_told(tmp_path):
    matrices = {"x": ((3, 2), FLOATS), "y": ((1, 3), FLOATS)}
    store = RowStore.choose(None, 3, 12, scratch=tmp_path)
    with store.file("x", matrices, lambda: "k" * 64, (0, 3)) as stored:
        stored.matrices["x"][:] = [[1, 2], [3, 4], [5, 6]]
        stored.matrices["y"][:] = [7, 8, 9]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        store.tell()
    kept = pickle.loads(pickle.dumps(store.kept["x"]))
    rows, _ = kept.open(None)
    assert rows.x.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert rows.y.tolist() == [[7], [8], [9]]
    kept.path.unlink()
    with pytest.raises(FileNotFoundError, match="no encoded rows"):
        kept.open(None)

"""What a checkpoint is not gone on from: other data and settings, other files, no folder."""

import json
import pickle
from itertools import islice

import numpy as np
import pandas as pd
import pytest
from checkpoint_samples import (
    FRAME,
    SIDE,
    BrokenOff,
    Y,
    break_off,
    checkpoint_names,
    fit,
    names_in,
)
from damaged_files import header_of, replaced_everywhere, with_header, with_text

from pytwolayer import ArgumentError, FileFormatError, PytwolayerError
from pytwolayer.checkpoints.checkpoint_file import CHECKPOINT, read_checkpoint
from pytwolayer.errors import CheckpointWarning, ResumedWarning
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.settings import KEPT

DIFFERS = "`checkpoint` must be the folder of a run of the same data and settings, not one that "


def must_differ(folder, said, **options):
    """Have the run in the folder refused, and for nothing else than that."""
    with pytest.raises(ArgumentError) as caught:
        fit(folder, **options, on_epoch=lambda *told: pytest.fail("trained"))
    assert str(caught.value) == f"{DIFFERS}differs in {said}."


# Other settings


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A folder with a run that was broken off; what is refused leaves it as it is."""
    folder = tmp_path_factory.mktemp("begun")
    break_off(lambda **more: fit(folder, **more), 5)
    yield folder
    assert names_in(folder) == checkpoint_names(2, 3, 4)


SETTINGS = {
    "hidden_units": (4, "3, now 4"),
    "activation": ("tanh", '"relu", now "tanh"'),
    "epochs": (13, "12, now 13"),
    "batch_size": (5, "None, now 5"),
    "learning_rate": (0.01, "0.003, now 0.01"),
    "schedule": ("step", '"cosine", now "step"'),
    "weight_decay": (0.5, "0.125, now 0.5"),
    "dropout": (0.1, "0, now 0.1"),
    "gradient_clip": (1.0, "None, now 1"),
    "input_clip": (None, "5, now None"),
    "encoding": ("piecewise", '"linear", now "piecewise"'),
    "pieces": (4, "8, now 4"),
    "loss": ("mae", '"mse", now "mae"'),
    "patience": (9, "None, now 9"),
    "seed": (5, "4, now 5"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_that_differs_is_told_with_both_values(begun, name):
    value, told = SETTINGS[name]
    must_differ(begun, f"`{name}` ({told})", **{name: value})


def test_settings_that_change_others_are_told_with_them(begun):
    told = '`optimizer` ("adam", now "sgd"), `learning_rate` (0.003, now 0.05)'
    must_differ(begun, told, optimizer="sgd")
    told = (
        "`learning_rate` (0.003, now 0.05), `momentum` (0, now 0.5), `nesterov` (False, now True)"
    )
    told = f'`optimizer` ("adam", now "sgd"), {told}'
    must_differ(begun, told, optimizer="sgd", momentum=0.5, nesterov=True)
    told = '`weight_decay` (0.125, now 3), `reduction` ("mean", now "sum")'
    must_differ(begun, told, reduction="sum")


def test_every_setting_is_looked_at(begun):
    assert set(read_checkpoint(begun / checkpoint_names(4)[0]).facts["settings"]) == set(KEPT)


# Other data


def test_other_held_out_rows_are_told(begun, tmp_path):
    must_differ(begun, "`validation` (0, now 0.3)", validation=0.3)
    must_differ(begun, "held-out rows", validation=[1, 2])
    fit(tmp_path, validation=[1, 2])
    must_differ(tmp_path, "held-out rows", validation=[1, 3])
    must_differ(tmp_path, "held-out rows")


def test_a_column_that_differs_is_told_by_its_name(begun):
    changed = FRAME.assign(a=FRAME["a"].where(FRAME.index != 3, 1e-9))
    must_differ(begun, 'training data (column "a")', x=changed)
    changed = FRAME.assign(town=FRAME["town"].where(FRAME.index != 3, "Bern"))
    must_differ(begun, 'training data (column "town")', x=changed)
    must_differ(begun, 'training data (column "b")', x=FRAME.assign(b=-FRAME["b"]))
    must_differ(begun, 'training data (without column "b")', x=FRAME[["a", "town"]])
    must_differ(begun, 'training data (with column "c")', x=FRAME.assign(c=1.0))
    must_differ(begun, "the order of the training data's columns", x=FRAME[["b", "a", "town"]])
    must_differ(begun, 'outcome (column "1")', y=Y + 1)
    must_differ(begun, "weights of the rows", sample_weight=np.arange(24) % 2 + 0.5)


def test_another_order_of_the_rows_or_fewer_of_them_are_told(begun):
    said = "all of the training data, or the order of their rows"
    order = np.arange(24)[::-1]
    must_differ(begun, said, x=FRAME.iloc[order], y=Y[order])
    must_differ(begun, said, x=FRAME.assign(a=0.0, b=0.0, town="Rom"), y=Y * 2)


def test_other_weights_are_told(tmp_path):
    fit(tmp_path, y=SIDE, class_weights={"up": 1, "down": 2})
    must_differ(tmp_path, "weights of the rows", y=SIDE, class_weights={"up": 2, "down": 1})


def test_many_columns_are_told_by_the_first(tmp_path):
    x = pd.DataFrame({f"x{number}": Y * number + Y**2 for number in range(1, 9)})
    fit(tmp_path, x=x)
    few = '"x1", "x2", "x3", "x4", "x5" and 2 more'
    other = x.assign(**dict.fromkeys(list(x)[:7], 1.0))
    must_differ(tmp_path, f"training data (columns {few})", x=other)


def test_an_edited_loss_function_is_told(tmp_path):
    def loss(output, y):
        return (output - y) ** 2

    fit(tmp_path, loss=loss)
    with pytest.warns(ResumedWarning):
        fit(tmp_path, loss=loss)
    before = loss

    def loss(output, y):
        return 2 * before(output, y)

    must_differ(tmp_path, "what the `loss` function gives", loss=loss)

    def other(output, y):
        return before(output, y)

    must_differ(tmp_path, '`loss` ("loss", now "other")', loss=other)


# No folder


@pytest.mark.parametrize("folder", ["", 3, True, b"a", ["a"], "a\0b", "x" * 5000], ids=repr)
def test_what_is_no_folder_is_an_error_before_training(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArgumentError, match="`checkpoint` must be the path of a folder"):
        fit(folder, on_epoch=lambda *told: pytest.fail("trained"))
    assert names_in(tmp_path) == []


def test_files_in_the_way_are_an_error_before_training(tmp_path):
    (tmp_path / "file").write_text("mine")
    for place in (tmp_path / "file", tmp_path / "file" / "below", "/proc/here", "/proc"):
        with pytest.raises(ArgumentError, match="`checkpoint` must be ") as caught:
            fit(place, on_epoch=lambda *told: pytest.fail("trained"))
        assert str(place) in str(caught.value)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("every", [0, -1, 2.5, "often", None, True], ids=repr)
def test_checkpoint_every_is_a_number_of_epochs(tmp_path, every):
    with pytest.raises(ArgumentError, match="`checkpoint_every` must be a whole number"):
        fit(tmp_path, checkpoint_every=every)


def test_checkpoint_every_needs_a_folder():
    with pytest.raises(ArgumentError, match="`checkpoint` must be given with `checkpoint_every`"):
        fit(checkpoint_every=3)


def test_a_second_run_in_the_folder_is_refused_while_the_first_is_at_work(tmp_path):
    def second(epoch, loss):
        with pytest.raises(
            ArgumentError, match="`checkpoint` must be a folder that no other run uses"
        ):
            fit(tmp_path)
        raise BrokenOff

    with pytest.raises(BrokenOff):
        fit(tmp_path, on_epoch=second)
    assert fit(tmp_path).stopped == "epochs"


# Other files


def smallest(folder, **options):
    settings = {"x": [[1.0], [2.0], [4.0]], "y": [1.0, 2.0, 5.0], "hidden_units": 1, "epochs": 3}
    return fit(folder, **settings | options)


@pytest.fixture(params=["adam", "lbfgs"])
def small(request, tmp_path):
    """A run broken off after its second epoch: how to go on, and the only checkpoint."""

    def run(**more):
        return smallest(tmp_path, optimizer=request.param, patience=9, **more)

    break_off(run, 3)
    (tmp_path / checkpoint_names(1)[0]).unlink()
    return run, tmp_path / checkpoint_names(2)[0]


def test_any_byte_changed_is_found(tmp_path):
    smallest(tmp_path, optimizer="sgd")
    data = (tmp_path / checkpoint_names(3)[0]).read_bytes()
    rng = np.random.default_rng(0)
    for place in range(len(data)):
        changed = bytes([data[place] ^ (1 << rng.integers(8))])
        with pytest.raises(FileFormatError, match="The checkpoint cannot be read: "):
            CHECKPOINT.unpack(data[:place] + changed + data[place + 1 :])


JUNK = [None, True, -1, 2, 1.5, 10**400, "auto", [], {}, ["a"], {"pairs": []}, {"number": "nan"}]


@pytest.mark.filterwarnings("ignore::pytwolayer.errors.PytwolayerWarning")
def test_junk_anywhere_is_refused_or_harmless(small):
    run, file = small
    data, folder = file.read_bytes(), file.parent
    refused = 0
    for damaged in islice(replaced_everywhere(data, JUNK), 0, None, 5):  # another at each place
        for path in folder.iterdir():
            path.unlink()
        file.write_bytes(damaged)
        try:
            assert run().network is not None
        except PytwolayerError:
            refused += 1
    assert refused > 100


@pytest.mark.filterwarnings("ignore::pytwolayer.errors.PytwolayerWarning")
@pytest.mark.parametrize("byte", [b"\0", b"\x80", b"\xbf", b"\xff"], ids=repr)
def test_tensors_of_junk_are_refused_or_harmless(small, byte):
    run, file = small
    data, folder = file.read_bytes(), file.parent
    header, rest = header_of(data)
    text = header["__metadata__"]["pytwolayer"]
    text = text[: text.index(', "md5": ')] + "}"
    for name in set(header) - {"__metadata__"}:
        start, end = header[name]["data_offsets"]
        for path in folder.iterdir():
            path.unlink()
        damaged = with_header(header, rest[:start] + byte * (end - start) + rest[end:])
        file.write_bytes(with_text(damaged, text))
        try:
            assert run().network is not None
        except PytwolayerError:
            continue


def test_another_kind_of_file_is_no_checkpoint(tmp_path):
    fit().save(tmp_path / checkpoint_names(3)[0])
    with (
        pytest.warns(CheckpointWarning, match='it is a file of kind "model", not "checkpoint"'),
        pytest.raises(ArgumentError, match="whose checkpoints are all damaged"),
    ):
        fit(tmp_path)


def test_there_is_no_pickle_in_it_and_reading_runs_no_code(tmp_path, monkeypatch):
    fit(tmp_path, batch_size=5, dropout=0.3)
    data = (tmp_path / checkpoint_names(12)[0]).read_bytes()
    header, _ = header_of(data)
    content = json.loads(header["__metadata__"]["pytwolayer"])
    assert list(content) == ["kind", "format", "versions", "epoch", "facts", "state", "md5"]
    assert (content["kind"], content["format"]) == ("checkpoint", 2)
    for module, name in ((pickle, "loads"), (pickle, "load"), (torch, "load")):
        monkeypatch.setattr(module, name, lambda *a, **k: pytest.fail("ran code"))
    with pytest.warns(ResumedWarning):
        fit(tmp_path, batch_size=5, dropout=0.3)

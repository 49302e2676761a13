"""One byte that is another, anywhere in a file of ours, reads as damage."""

import re

import numpy as np
import pandas as pd
import pytest
from checkpoint_samples import checkpoint_names
from checkpoint_samples import fit as fit_of_checkpoint
from damaged_files import header_of

from pytwolayer import FileFormatError, load, two_layer
from pytwolayer.checkpoints.checkpoint_file import CHECKPOINT
from pytwolayer.models.ensemble_file import ensemble_to_bytes
from pytwolayer.models.load import ensemble_from_bytes, from_bytes
from pytwolayer.models.model_file import to_bytes

FRAME = pd.DataFrame({"a": [1.0, 2.0, 5.0, 3.0], "kind": pd.Categorical(list("pqpq"))})
QUICK = {"hidden_units": 2, "epochs": 2, "seed": 1, "verbose": False}
SPECIAL = b' \t\n\r"\\{}[],:/0129eEuU.-+\0\x7f\xff'  # what means something to readers of JSON


def fitted(y, **options):
    return two_layer(FRAME, y, **QUICK | options)


def checkpoint(folder, optimizer):
    data = {"x": [[1.0], [2.0], [4.0]], "y": [1.0, 2.0, 5.0]}
    fit_of_checkpoint(folder, **data, hidden_units=1, epochs=2, optimizer=optimizer)
    return (folder / checkpoint_names(2)[0]).read_bytes()


FILES = {
    "model of numbers": lambda folder: (to_bytes(fitted([1.0, 2.0, 4.0, 3.0])), from_bytes),
    "model of classes": lambda folder: (to_bytes(fitted(list("uüuü"))), from_bytes),
    "ensemble": lambda folder: (
        ensemble_to_bytes(fitted([1.0, 2.0, 4.0, 3.0], n_models=2)),
        ensemble_from_bytes,
    ),
    "checkpoint of sgd": lambda folder: (checkpoint(folder, "sgd"), CHECKPOINT.unpack),
    "checkpoint of adam": lambda folder: (checkpoint(folder, "adam"), CHECKPOINT.unpack),
}


@pytest.fixture(scope="module", params=FILES)
def file(request, tmp_path_factory):
    """The bytes of a file, and what reads them."""
    data, read = FILES[request.param](tmp_path_factory.mktemp("file"))
    assert read(data) is not None
    return data, read


def with_byte(data, place, value):
    return data[:place] + bytes([value]) + data[place + 1 :]


def must_be_damage(data, read):
    with pytest.raises(FileFormatError) as caught:
        read(data)
    problem = caught.value.problem
    known = r": its checksum does not match$|, or is not a file of pytwolayer: \w+ "
    assert re.match(f"it is damaged({known})", problem)
    assert not re.search("Expecting|line 1|column|codec|Error|argument|unpack", problem)
    assert not caught.value.newer


def test_a_bit_changed_in_any_byte_reads_as_damage(file):
    data, read = file
    bits = np.random.default_rng(0).integers(8, size=len(data))
    for place, bit in enumerate(bits):
        must_be_damage(with_byte(data, place, data[place] ^ (1 << int(bit))), read)


def test_any_other_byte_in_any_place_of_the_header_reads_as_damage(file):
    data, read = file
    header = 8 + int.from_bytes(data[:8], "little")
    values = np.random.default_rng(1).permutation(list(SPECIAL))
    for place in range(header):
        for value in np.roll(values, place)[:4].tolist():
            if value != data[place]:
                must_be_damage(with_byte(data, place, value), read)


def test_any_byte_in_the_last_places_of_the_header_reads_as_damage(file):
    data, read = file
    header = 8 + int.from_bytes(data[:8], "little")
    for place in [*range(8), *range(header - 9, header + 1)]:
        for value in set(range(256)) - {data[place]}:
            must_be_damage(with_byte(data, place, value), read)


def test_a_format_that_damage_makes_newer_is_no_newer_one(file):
    data, read = file
    place = re.search(rb'\\"format\\": (\d)', data).start(1)
    for value in b"23456789":
        if value != data[place]:
            must_be_damage(with_byte(data, place, value), read)


@pytest.mark.parametrize("version", ["2.13.0", "2.13.0+cpu", "2.13.0+cu130", "2.14.1+rocm6.4"])
def test_wherever_the_text_lies_after_a_longer_version_damage_is_damage(monkeypatch, version):
    monkeypatch.setattr("pytwolayer.files.safetensors_format.torch.__version__", version)
    data = to_bytes(fitted([1.0, 2.0, 4.0, 3.0]))
    text = header_of(data)[0]["__metadata__"]["pytwolayer"]
    assert f'"torch": "{version}"' in text
    for place in range(8, len(data), 3):
        must_be_damage(with_byte(data, place, data[place] ^ 1), from_bytes)


def test_a_damaged_file_is_named(tmp_path):
    file = tmp_path / "m.safetensors"
    data = to_bytes(fitted([1.0, 2.0, 4.0, 3.0]))
    file.write_bytes(with_byte(data, 40, data[40] ^ 4))
    with pytest.raises(FileFormatError, match="it is damaged") as caught:
        load(file)
    assert str(caught.value).startswith(f'The model in "{file}" cannot be read: ')

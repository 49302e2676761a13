"""Paths as users give them, and several Parquet files as one table."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError, continue_training, two_layer
from pytwolayer.files.local_paths import is_in_files, local_path
from pytwolayer.models.model_file import to_bytes

HOW = {"epochs": 2, "seed": 1, "hidden_units": 3, "verbose": False}
NUMBER = np.arange(1.0, 41.0)
FRAME = pd.DataFrame(
    {"a": NUMBER / 8, "f": np.where(NUMBER % 2 > 0, "v", "u"), "y": NUMBER % 7 / 4}
)


def fit_of(x, **more):
    return to_bytes(two_layer(x, outcome="y", **HOW, **more))


@pytest.fixture
def files(tmp_path):
    pytest.importorskip("pyarrow", reason="Parquet files need pyarrow")
    found = [tmp_path / "z.parquet", tmp_path / "a.parquet"]
    FRAME[:15].to_parquet(found[0])
    FRAME[15:].to_parquet(found[1])
    return found


def test_an_address_of_a_file_here_is_its_path():
    assert local_path("x", "file:///tmp/a%20b.csv") == Path("/tmp/a b.csv")
    assert local_path("x", "file://localhost/tmp/a b.csv") == Path("/tmp/a b.csv")
    assert local_path("x", "~/a.csv") == Path.home() / "a.csv"
    assert local_path("x", "c:\\data\\a.csv") == Path("c:\\data\\a.csv")


@pytest.mark.parametrize("address", ["https://a.example/b.csv", "s3://b/c", "file://host/a.csv"])
def test_the_address_of_something_elsewhere_is_one_clear_error(address):
    with pytest.raises(ArgumentError, match="`x` must be a path on this machine"):
        two_layer(address, outcome="y")
    fit = two_layer(FRAME, outcome="y", **HOW)
    with pytest.raises(ArgumentError, match="a path on this machine"):
        fit.predict(address)


def test_a_list_of_text_and_paths_is_one_of_paths_and_a_mixed_one_is_none():
    assert all(map(is_in_files, ["a", Path("a"), ["a", Path("b")], ("a",)]))
    assert not any(map(is_in_files, [b"a", [], ["a", 1], None]))


def test_several_files_are_one_table_in_the_order_given(files):
    expected = fit_of(FRAME)
    assert fit_of(files) == expected
    assert fit_of(tuple(map(str, files))) == expected
    assert fit_of([f"file://{file}" for file in files]) == expected
    backwards = pd.concat([FRAME[15:], FRAME[:15]])
    assert fit_of(files[::-1]) == fit_of(backwards)
    assert fit_of(FRAME, validation=FRAME) == fit_of(files, validation=files)
    assert fit_of(FRAME, validation=FRAME) == fit_of(files, validation=tuple(files))


def test_several_files_are_predicted_and_written_in_order(files, tmp_path):
    fit = two_layer(FRAME, outcome="y", **HOW)
    assert np.array_equal(fit.predict(files), fit.predict(FRAME))
    written = fit.predict_to_file(files, tmp_path / "out.csv", columns="a", verbose=False)
    assert pd.read_csv(written)["a"].tolist() == FRAME["a"].tolist()
    with pytest.raises(ArgumentError, match="another file than those of the data"):
        fit.predict_to_file(files, files[1], verbose=False)


def test_a_fit_to_several_files_is_continued_wherever_the_working_folder_is(
    files, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    fit = two_layer([file.name for file in files], outcome="y", **HOW)
    monkeypatch.chdir(Path.home())
    expected = two_layer(FRAME, outcome="y", **HOW)
    longer = continue_training(fit, epochs=1, verbose=False)
    assert to_bytes(longer) == to_bytes(continue_training(expected, epochs=1, verbose=False))


def test_folders_among_several_have_their_files_and_their_columns(files, tmp_path):
    for year, file in zip((2023, 2024), files, strict=True):
        (tmp_path / str(year) / f"year={year}").mkdir(parents=True)
        shutil.copy(file, tmp_path / str(year) / f"year={year}")
    folders = [tmp_path / "2023", tmp_path / "2024"]
    years = np.where(NUMBER <= 15, 2023.0, 2024.0)
    assert fit_of(folders) == fit_of(FRAME.assign(year=years))
    with pytest.raises(ArgumentError, match="folders' names give all files the same columns"):
        fit_of([folders[0], files[1]])


def test_what_cannot_be_among_several_is_named(files, tmp_path):
    text = tmp_path / "t.csv"
    FRAME.to_csv(text, index=False)
    with pytest.raises(ArgumentError, match=r"Parquet files .* a list of paths, not .*t\.csv"):
        fit_of([*files, text])
    with pytest.raises(ArgumentError, match=r"files that exist, not .*nowhere"):
        fit_of([*files, tmp_path / "nowhere"])
    with pytest.raises(ArgumentError):
        two_layer(FRAME[["a"]], ["a", "b"], **HOW)  # an outcome of two rows, and no paths

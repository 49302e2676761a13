"""R's numbers are the same under a decimal comma, which R or its user may have set."""

import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

import pytwolayer
from conftest import ROOT, numbers
from pytwolayer import chapter_losses, two_layer
from pytwolayer.r_interop import verify
from pytwolayer.r_interop.r_process import run_r

CARS = pd.read_csv(ROOT / "tests/fixtures/mtcars.csv", dtype=str).astype(float)


@pytest.fixture(scope="session")
def comma_locale(tmp_path_factory) -> None:
    """See to it that R finds de_DE.UTF-8; skip where there is none and none can be made."""
    listed = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout
    if any(name.lower().startswith("de_de.utf") for name in listed.splitlines()):
        yield
        return
    folder = tmp_path_factory.mktemp("locale")
    if shutil.which("localedef"):
        command = ["localedef", "-i", "de_DE", "-f", "UTF-8", str(folder / "de_DE.UTF-8")]
        subprocess.run(command, capture_output=True, check=False)
    if not (folder / "de_DE.UTF-8" / "LC_NUMERIC").exists():
        pytest.skip("there is no locale de_DE.UTF-8, and none can be made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCPATH", str(folder))
        yield


@pytest.mark.usefixtures("comma_locale")
def test_a_round_gives_the_same_bits_with_a_comma_set_before_python_starts(ask, tmp_path):
    fit = two_layer(CARS, outcome="mpg", epochs=4, learning_rate=0.05, seed=1)
    fit.save(tmp_path / "python.safetensors")
    usual = ask("decimal_point.R", "point", str(tmp_path))
    levels = ("(0,150]", "(150,1e+03]")
    assert usual["inputs"] == [
        *(f"cut(disp, c(0, 150.5, 1000))_{level}" for level in levels),
        "I(wt * 0.5)",
        "hp",
    ]
    assert numbers(usual["learning_rate"]) == [0.05, 0.25]
    assert numbers(usual["of_python"]) == fit.predict(CARS).tolist()
    assert numbers(usual["r"]) == pytest.approx(numbers(usual["python"]), rel=1e-12)
    for way in ("locale", "OutDec"):
        found = ask("decimal_point.R", way, str(tmp_path), alone=True)
        assert found.pop("comma") == ["0,5", "de_DE.UTF-8" if way == "locale" else "C"]
        assert found == {name: values for name, values in usual.items() if name != "comma"}
        here = pytwolayer.load(tmp_path / f"{way}.safetensors")
        there = pytwolayer.load(tmp_path / "point.safetensors")
        assert here.settings == there.settings
        assert here.notes == there.notes


def test_verify_reads_what_an_r_writes_whose_profile_has_a_comma(tmp_path, monkeypatch):
    profile = Path(tmp_path / "profile.R")
    profile.write_text('options(OutDec = ",")\n', encoding="utf-8")
    monkeypatch.setenv("R_PROFILE_USER", str(profile))
    monkeypatch.setattr(verify, "_RUNS", 1)
    route, _ = verify._through_r("R", run_r)
    assert route.losses == chapter_losses()["loss"].tolist()
    assert 0 < route.seconds < 600

"""Files that an earlier version wrote, of format 3, are read by R as they were."""

import numpy as np
import pandas as pd
import pytest

from conftest import ROOT, numbers

OLD = ROOT / "tests" / "fixtures" / "format-3"


@pytest.fixture(scope="module")
def found(ask):
    return ask("old_files.R", str(OLD))


@pytest.mark.parametrize("engine", ["python", "r"])
def test_they_predict_what_they_did(found, engine):
    expected = pd.read_csv(OLD / "predictions.csv")
    columns = {"model": ["model"], "formula": ["formula"], "rds": ["formula"]}
    for name, wanted in (columns | {"ensemble": ["high", "low", "middle"]}).items():
        predicted = numbers(found[f"{name}/{engine}"])
        np.testing.assert_allclose(predicted, expected[wanted].to_numpy().ravel("F"), rtol=1e-6)


def test_they_are_linear_and_can_be_written_continued_and_fitted_again(found):
    assert found["encoding"] == ["linear", "8"]
    assert found["more"] == ["7", "linear"]
    np.testing.assert_allclose(numbers(found["more fitted"]), 0, atol=1e-6)
    assert found["again"][0] == "piecewise"
    assert int(found["again"][1]) > 20
    assert found["kept"] == ["TRUE"]

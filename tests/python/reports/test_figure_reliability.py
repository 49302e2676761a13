"""What a figure of reliability shows."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from pytwolayer.reports.figure_reliability import reliability_of_classes, reliability_of_labels
from pytwolayer.reports.rows_of_figure import ComparedRows

RNG = np.random.default_rng(0)


def binary(happened, given, weights=None, names=("no", "yes"), **more):
    sides = [np.column_stack([1 - np.asarray(side), side]) for side in (happened, given)]
    return ComparedRows(*sides, weights, names, **more)


def test_groups_compare_the_second_class_with_its_probability():
    given = RNG.uniform(size=200)
    happened = (RNG.uniform(size=200) < given).astype(float)
    shown = reliability_of_classes(binary(happened, given, outcome="late"))
    (panel,) = shown.panels
    observed, predicted = calibration_curve(happened, given, n_bins=10, strategy="quantile")
    assert np.allclose(panel.observed, observed)
    assert np.allclose(panel.predicted, predicted)
    assert panel.words == f"200 rows: Brier score {brier_score_loss(happened, given):.3g}"
    assert (shown.title, shown.across, shown.up) == (
        "late: reliability of the probabilities",
        "Predicted probability of yes",
        "Observed share of yes",
    )
    assert (panel.marks.min(), panel.marks.max()) == (given.min(), given.max())


def test_intervals_are_wilson_s():
    given = np.full(20, 0.3)
    (panel,) = reliability_of_classes(binary([1.0] * 5 + [0.0] * 15, given)).panels
    # Of 5 in 20, by the formula in Wilson (1927).
    assert panel.lower == pytest.approx([0.1118623], abs=1e-6)
    assert panel.upper == pytest.approx([0.4687009], abs=1e-6)


def test_weights_of_rows_narrow_no_interval_and_trials_do():
    happened, given = np.array([0.5, 0.5]), np.array([0.5, 0.5])
    weights = np.array([1000.0, 1000.0])
    rows = ComparedRows(happened[:, None], given[:, None], weights, ["won"])
    (wide,) = reliability_of_labels(rows).panels
    (narrow,) = reliability_of_labels(rows._replace(trials=True)).panels
    assert wide.upper - wide.lower > 0.5
    assert narrow.upper - narrow.lower < 0.05


def test_each_of_several_classes_has_a_panel_and_of_more_than_nine_the_predicted_one():
    def shown(number):
        given = RNG.dirichlet(np.ones(number), size=40)
        observed = np.eye(number)[RNG.integers(number, size=40)]
        names = [f"c{code}" for code in range(number)]
        return reliability_of_classes(ComparedRows(observed, given, None, names))

    assert [panel.name for panel in shown(3).panels] == ["c0", "c1", "c2"]
    assert shown(3).across == "Predicted probability"
    assert len(shown(10).panels) == 1
    assert shown(10).across == "Probability of the predicted class"


@pytest.mark.parametrize("number", [1, 2, 3, 15])
def test_few_rows_have_few_groups(number):
    given = np.linspace(0, 1, number)
    (panel,) = reliability_of_classes(binary(np.round(given), given)).panels
    assert len(panel.predicted) == min(number, 2)
    assert ((panel.lower <= panel.observed) & (panel.observed <= panel.upper)).all()

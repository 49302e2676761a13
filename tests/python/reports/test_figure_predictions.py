"""What figures of predicted numbers show."""

import numpy as np
import pytest
from sklearn.metrics import r2_score, root_mean_squared_error

from pytwolayer.reports.figure_predictions import predictions_figure, residuals_figure

from .test_rows_of_figure import rows_of

RNG = np.random.default_rng(0)


def test_points_are_predictions_and_what_was_observed():
    shown = predictions_figure(rows_of([1.0, 2, 4], [1.5, 2, 3], outcome="mpg"))
    (panel,) = shown.panels
    assert (shown.title, shown.across, shown.up) == (
        "mpg: observed against predicted",
        "Predicted mpg",
        "Observed mpg",
    )
    assert (panel.across.tolist(), panel.up.tolist()) == ([1.5, 2, 3], [1, 2, 4])
    assert (panel.line_across.tolist(), panel.line_up.tolist()) == ([1, 4], [1, 4])


def test_the_words_have_r_squared_and_rmse_of_all_rows():
    observed = RNG.normal(size=50)
    predicted, weights = observed + RNG.normal(size=50) / 3, RNG.uniform(size=50)
    rows = rows_of(observed, predicted, weights)
    squared = r2_score(observed, predicted, sample_weight=weights)
    error = root_mean_squared_error(observed, predicted, sample_weight=weights)
    words = f"50 rows, weighted: R squared {squared:.3g}"
    assert predictions_figure(rows).panels[0].words == words
    assert residuals_figure(rows).panels[0].words == f"50 rows, weighted: RMSE {error:.4g}"


def test_residuals_have_a_line_through_means_of_groups_where_rows_are_enough():
    predicted = np.arange(20.0)
    (panel,) = residuals_figure(rows_of(predicted + (predicted >= 10), predicted)).panels
    assert panel.up.tolist() == [0] * 10 + [1] * 10
    assert (panel.line_across.tolist(), panel.line_up.tolist()) == ([4.5, 14.5], [0, 1])
    (few,) = residuals_figure(rows_of(predicted[:19], predicted[:19])).panels
    assert not len(few.line_across)


def test_a_constant_outcome_has_no_r_squared():
    assert predictions_figure(rows_of([1.0, 1], [1, 2])).panels[0].words == "2 rows"


def test_of_many_rows_5000_are_shown_and_all_measured():
    values = np.arange(20_000.0)
    (panel,) = predictions_figure(rows_of(values, values)).panels
    assert panel.words == "20,000 rows (5,000 shown): R squared 1"
    assert len(panel.across) == 5000


def test_several_outcomes_have_a_panel_each_and_no_name_in_the_title():
    shown = residuals_figure(rows_of(np.ones((3, 2)), np.zeros((3, 2))))
    assert [panel.name for panel in shown.panels] == ["y1", "y2"]
    assert (shown.title, shown.across, shown.up) == (
        "Residuals: observed minus predicted",
        "Predicted",
        "Residual",
    )


@pytest.mark.parametrize(
    ("more", "noun"),
    [({}, "outcome"), ({"outcome": "y"}, "y"), ({"outcome": "y", "trials": True}, "share of y")],
)
def test_an_outcome_is_named_as_the_user_has_it(more, noun):
    rows = rows_of([0.5, 1], [0.5, 1], [1, 1], **more)
    assert residuals_figure(rows).up == f"Residual of {noun}"
    assert residuals_figure(rows).across == f"Predicted {noun}"

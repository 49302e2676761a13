"""The plot of a search."""

import numpy as np
import pytest
from tuning_samples import (
    LINEAR,
    LOSSES,
    PIECEWISE,
    RATE,
    USUAL,
    diverged,
    search,
    with_larger_steps,
)

from pytwolayer import ArgumentError
from pytwolayer.reports.plot_tuning import plot_tuning

pytest.importorskip("matplotlib", reason="plots need matplotlib")


def lines(axes):
    return {line.get_label(): line for line in axes.get_lines()}


def drawn(tuning, **options):
    axes = plot_tuning(tuning, **{"chosen": ("piecewise", RATE, USUAL), "usual": USUAL} | options)
    axes.figure.canvas.draw()
    return axes


def test_a_line_for_each_encoding_goes_through_the_means():
    found = lines(drawn(search(), loss="cross_entropy"))
    np.testing.assert_allclose(found["linear"].get_xdata(), np.array(LINEAR) * USUAL)
    np.testing.assert_allclose(found["linear"].get_ydata(), np.mean(LOSSES[:3], axis=1))
    np.testing.assert_allclose(found["piecewise"].get_xdata(), np.array(PIECEWISE) * USUAL)
    np.testing.assert_allclose(found["piecewise"].get_ydata(), np.mean(LOSSES[3:], axis=1))
    rings = [line for line in found.values() if line.get_markerfacecolor() == "none"]
    assert sum(len(line.get_xdata()) for line in rings if len(line.get_xdata())) == 15


def test_what_was_chosen_and_what_is_usual_are_marked():
    axes = drawn(search(), loss="cross_entropy")
    found = lines(axes)
    point = found["chosen: piecewise, 0.05"]
    assert (list(point.get_xdata()), list(point.get_ydata())) == ([USUAL], pytest.approx([0.25]))
    assert list(found["without a search: 0.05"].get_xdata()) == [USUAL, USUAL]
    assert axes.get_xscale() == "log"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Weight decay", "Log loss")
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts == [
        "linear",
        "piecewise",
        "single folds",
        "chosen: piecewise, 0.05",
        "without a search: 0.05",
    ]


def test_one_fold_has_no_rings_and_one_encoding_one_line():
    tuning = search(folds=1, encodings=["linear"])
    axes = drawn(tuning, chosen=("linear", RATE, USUAL), loss="mse")
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts == ["linear", "chosen: linear, 0.05", "without a search: 0.05"]
    assert axes.get_ylabel() == "Mean squared error (standardised)"


def test_every_learning_rate_has_a_line_of_its_own():
    tuning = with_larger_steps()
    found = lines(drawn(tuning, chosen=("piecewise", 3 * RATE, 0.1 * USUAL)))
    np.testing.assert_allclose(found["piecewise, rate 0.05"].get_ydata(), [0.25, 0.4])
    np.testing.assert_allclose(found["piecewise, rate 0.15"].get_ydata(), [0.4 / 3, 0.2])
    assert found["piecewise, rate 0.15"].get_linestyle() == "--"
    np.testing.assert_allclose(found["chosen: piecewise, 0.005"].get_ydata(), [0.4 / 3])
    # What differs by rounding has one place.
    labels = [text.get_text() for text in drawn(tuning).get_xticklabels()]
    assert labels == ["0.005", "0.015", "0.05", "0.15", "0.5"]


def test_every_candidate_has_its_number_on_the_axis():
    def labels(tuning):
        return [text.get_text() for text in drawn(tuning).get_xticklabels()]

    assert labels(search()) == ["0.005", "0.05", "0.15", "0.5"]
    small = labels(search().assign(weight_decay=lambda t: t["weight_decay"] / 1e4))
    assert small == [
        rf"${digit}\times10^{{{power}}}$"
        for digit, power in zip(("5", "5", "1.5", "5"), (-7, -6, -5, -5), strict=True)
    ]


def test_a_weight_decay_of_zero_has_a_place_at_the_left():
    tuning = search()
    tuning.loc[tuning["weight_decay"] < USUAL, "weight_decay"] = 0.0
    axes = drawn(tuning)
    first, second = axes.get_xticks()[:2]
    assert 0 < first < second
    assert axes.get_xticklabels()[0].get_text() == "0"
    nothing = drawn(tuning[tuning["weight_decay"] == 0], chosen=("linear", RATE, 0.0))
    assert [text.get_text() for text in nothing.get_xticklabels()] == ["0"]


def test_infinite_losses_are_marked_at_the_upper_edge():
    axes = drawn(diverged())
    found = lines(axes)
    assert list(found["diverged: linear"].get_xdata()) == [USUAL]
    assert list(found["diverged: piecewise"].get_xdata()) == pytest.approx([3 * USUAL] * 3)
    assert np.isnan(found["linear"].get_ydata()).tolist() == [False, True, False]
    assert axes.get_ylim()[1] < 2
    lost = search([(np.inf,) * 3] * 5)
    assert np.isfinite(drawn(lost).get_ylim()).all()


@pytest.mark.parametrize(("factor", "scale"), [(1, "linear"), (100, "log"), (-1, "linear")])
def test_the_loss_axis_is_logarithmic_where_losses_are_far_apart(factor, scale):
    tuning = search()
    tuning.loc[0, "valid_loss"] *= factor
    assert drawn(tuning).get_yscale() == scale


def test_a_usual_weight_decay_that_is_no_candidate_is_not_marked():
    assert not any("without" in label for label in lines(drawn(search(), usual=2 * USUAL)))
    assert not any(
        "chosen" in label for label in lines(drawn(search(), chosen=("linear", RATE, 9.0)))
    )


def test_it_is_written_to_a_file_whose_ending_names_the_format(tmp_path):
    plot_tuning(search(), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ArgumentError, match="`file` must be"):
        plot_tuning(search(), tmp_path / "a.xyz")

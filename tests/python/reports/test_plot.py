"""The loss curve."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError, PytwolayerError, chapter_losses, plot_history, two_layer

pytest.importorskip("matplotlib", reason="plots need matplotlib")

HISTORY = pd.DataFrame({"iter": [1, 2, 3], "loss": [4.0, 2.0, 1.0]})
BEGINNINGS = {".png": b"\x89PNG", ".PNG": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


def test_the_curve_is_the_history():
    losses = chapter_losses(20)
    axes = plot_history(losses)
    (line,) = axes.get_lines()
    assert list(line.get_xdata()) == losses["iter"].tolist()
    assert list(line.get_ydata()) == losses["loss"].tolist()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Iteration", "Loss")


def test_one_epoch_is_drawn_as_a_point():
    for epochs, marker in ((1, "o"), (2, "None")):
        history = pd.DataFrame({"epoch": range(1, epochs + 1), "loss": [0.5] * epochs})
        assert plot_history(history).get_lines()[0].get_marker() == marker


def test_a_fit_plots_itself_against_the_epoch(fit, tmp_path):
    axes = fit.plot(tmp_path / "fit.png")
    assert axes.get_xlabel() == "Epoch"
    assert list(axes.get_lines()[0].get_ydata()) == fit.history["loss"].tolist()
    assert (tmp_path / "fit.png").exists()


def test_the_loss_of_held_out_rows_is_drawn_beside_it_and_the_best_epoch_marked(tmp_path):
    x = np.random.default_rng(0).normal(size=(60, 3))
    fit = two_layer(x, x[:, 0], validation=0.3, epochs=30, learning_rate=0.3, seed=1)
    axes = fit.plot(tmp_path / "fit.png")
    curves = {line.get_label(): line for line in axes.get_lines()}
    lowest = fit.history["valid_loss"].min()
    best = f"best epoch: {fit.best_epoch}, loss {lowest:.3g}"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "training",
        "validation",
        best,
    ]
    assert list(curves["training"].get_ydata()) == fit.history["loss"].tolist()
    assert list(curves["validation"].get_ydata()) == fit.history["valid_loss"].tolist()
    assert list(curves[best].get_xdata()) == [fit.best_epoch]
    assert list(curves[best].get_ydata()) == [fit.history["valid_loss"].min()]
    assert curves["validation"].get_linestyle() != curves["training"].get_linestyle()
    assert axes.get_title(loc="left") == "Training and validation loss"
    assert axes.get_ylabel() == "Mean squared error (standardised)"


def test_of_several_networks_each_best_epoch_is_marked():
    x = np.random.default_rng(0).normal(size=(60, 3))
    fits = two_layer(x, x[:, 0], n_models=3, validation=0.3, epochs=10, seed=1)
    *curves, best = fits.plot().get_lines()
    assert len(curves) == 6
    assert list(best.get_xdata()) == [fit.best_epoch for fit in fits.models]
    assert list(best.get_ydata()) == [fit.history["valid_loss"].min() for fit in fits.models]


def test_without_held_out_rows_patience_marks_the_best_training_loss():
    history = pd.DataFrame({"epoch": [1, 2, 3], "loss": [3.0, 1.0, 2.0]})
    axes = plot_history(history, best_epoch=2)
    assert list(axes.get_lines()[-1].get_ydata()) == [1.0]
    assert axes.get_title(loc="left") == "Training loss"
    assert plot_history(history).get_legend() is None


def test_numbers_on_the_axis_are_plain_where_they_are_short():
    def ticks(losses):
        axes = plot_history(pd.DataFrame({"epoch": range(1, len(losses) + 1), "loss": losses}))
        axes.figure.canvas.draw()
        labels = axes.get_yticklabels(which="both")
        return {label.get_text() for label in labels if label.get_text()}

    assert {"0.4", "0.5", "0.9"} <= ticks([0.95, 0.35])
    assert {"0.1", "10"} <= ticks([50, 0.05])
    assert any("10^{-6}" in text for text in ticks([50, 1e-7]))


def test_a_run_without_a_finished_epoch_can_be_plotted(tmp_path):
    nothing = pd.DataFrame({"epoch": [], "loss": [], "valid_loss": []})
    plot_history(nothing, tmp_path / "a.png")
    assert (tmp_path / "a.png").exists()


@pytest.mark.parametrize(
    ("losses", "scale"),
    [([4.0, 1.0], "log"), ([4.0, 0.0], "linear"), ([1.0, np.nan], "linear"), ([5.0], "log")],
)
def test_the_loss_axis_is_logarithmic_where_all_are_above_zero(losses, scale):
    history = pd.DataFrame({"iter": range(1, len(losses) + 1), "loss": losses})
    assert plot_history(history).get_yscale() == scale


@pytest.mark.parametrize("losses", [[np.inf], [np.inf, np.nan], [1.0, np.inf], [1e30, 1e-30]])
def test_a_diverged_run_can_be_plotted(losses, tmp_path):
    history = pd.DataFrame({"iter": range(1, len(losses) + 1), "loss": losses})
    plot_history(history, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 0


@pytest.mark.parametrize("ending", BEGINNINGS)
def test_the_ending_names_the_format(tmp_path, ending):
    file = tmp_path / f"curve{ending}"
    plot_history(HISTORY, str(file))
    assert file.read_bytes().startswith(BEGINNINGS[ending])
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("name", ["curve", "curve.xyz", "curve.", ".png"])
def test_another_ending_is_an_error_that_lists_the_endings(tmp_path, name):
    with pytest.raises(ArgumentError, match=r"`file` must be .* ending in one of .*\.pdf, .*\.png"):
        plot_history(HISTORY, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(ArgumentError, match=r"`file` must be .* in a folder that exists"):
        plot_history(HISTORY, tmp_path / "missing" / "a.png")


def test_a_plot_that_fails_midway_leaves_what_was_there(tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    def fail(self, path, **options):
        Path(path).write_text("half")
        raise OSError("no space left")

    file = tmp_path / "a.png"
    file.write_text("what was there")
    monkeypatch.setattr(Figure, "savefig", fail)
    with pytest.raises((OSError, PytwolayerError), match="no space left"):
        plot_history(HISTORY, file)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["what was there"]


@pytest.mark.parametrize(
    "history",
    [pd.DataFrame({"loss": [1.0]}), pd.DataFrame({"iter": [1]}), None, [1.0, 2.0]],
    ids=str,
)
def test_what_is_no_history_is_an_error(history):
    with pytest.raises(ArgumentError, match="`history`"):
        plot_history(history)


def test_no_window_and_no_global_figure_is_left(fresh_python):
    code = (
        "import sys; from pytwolayer import chapter_losses, plot_history\n"
        "plot_history(chapter_losses(2)); print('matplotlib.pyplot' in sys.modules)"
    )
    assert fresh_python(code).stdout == "False\n"


def test_without_matplotlib_the_error_says_how_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    for file in (None, tmp_path / "a.png"):
        with pytest.raises(PytwolayerError, match=r'pip install "pytwolayer\[plot\]"'):
            plot_history(HISTORY, file)
    assert list(tmp_path.iterdir()) == []

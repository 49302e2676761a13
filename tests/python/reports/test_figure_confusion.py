"""What a figure of a confusion matrix shows."""

import numpy as np
from sklearn.metrics import confusion_matrix

from pytwolayer.reports.figure_confusion import confusion_of_classes, confusion_of_labels
from pytwolayer.reports.rows_of_figure import ComparedRows

RNG = np.random.default_rng(0)


def classes_of(true, predicted, number, weights=None, **more):
    sides = [np.eye(number)[np.asarray(side)] for side in (true, predicted)]
    names = [f"c{code}" for code in range(number)]
    return ComparedRows(*sides, weights, names, **more)


def test_cells_count_true_and_predicted_classes():
    true, predicted = RNG.integers(3, size=(2, 100))
    shown = confusion_of_classes(classes_of(true, predicted, 3, outcome="kind"))
    (panel,) = shown.panels
    assert panel.counts.tolist() == confusion_matrix(true, predicted).tolist()
    assert np.allclose(panel.shares.sum(axis=1), 1)
    assert panel.words == f"100 rows: accuracy {(true == predicted).mean():.3g}"
    assert (shown.title, shown.across, shown.up) == (
        "kind: true and predicted",
        "Predicted kind",
        "True kind",
    )


def test_weights_are_counted_and_their_scale_does_not_matter():
    true, predicted = RNG.integers(2, size=(2, 30))
    weights = RNG.uniform(size=30)
    one, other = (
        confusion_of_classes(classes_of(true, predicted, 2, scale * weights)).panels[0]
        for scale in (1, 1000)
    )
    wanted = confusion_matrix(true, predicted, sample_weight=weights / weights.mean())
    assert np.allclose(one.counts, wanted)
    assert np.allclose(one.counts, other.counts)
    assert one.cells == other.cells


def test_a_class_without_rows_has_no_shares_and_stays():
    (panel,) = confusion_of_classes(classes_of([0, 0, 2], [0, 1, 2], 3)).panels
    assert np.isnan(panel.shares[1]).all()
    assert panel.cells == [["1\n50 %", "1\n50 %", "0"], ["0", "0", "0"], ["0", "0", "1\n100 %"]]
    assert panel.classes == ["c0", "c1", "c2"]


def test_cells_of_many_classes_have_no_numbers():
    every = np.arange(13)
    assert confusion_of_classes(classes_of(every, every, 13)).panels[0].cells == []
    assert len(confusion_of_classes(classes_of(every[:12], every[:12], 12)).panels[0].cells) == 12


def test_each_label_has_a_matrix_of_its_own():
    observed, shares = np.array([[1.0, 0], [0, 1], [1, 1]]), np.array([[0.9, 0.2], [0.8, 0.4]])
    rows = ComparedRows(observed, np.vstack([shares, [[0.1, 0.7]]]), None, ["a", "b"])
    shown = confusion_of_labels(rows, [["no", "yes"], ["FALSE", "TRUE"]])
    assert [panel.name for panel in shown.panels] == ["a", "b"]
    assert shown.panels[0].counts.tolist() == [[0, 1], [1, 1]]
    assert shown.panels[1].classes == ["FALSE", "TRUE"]
    assert shown.title == "Labels: true and predicted"

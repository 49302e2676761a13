"""The arithmetic of benchmarks/quality.py: folds, ratios, the cache, brulee's recipe, the truth."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("sklearn")

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.fixture(autouse=True)
def _modules(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield
    for name in [name for name in sys.modules if name.startswith("_quality") or name == "quality"]:
        sys.modules.pop(name, None)


def task_of(outcome, name="set", role="confirmed on"):
    from _quality_data import Task

    return Task(name, role, "y", pd.DataFrame({"x": np.arange(len(outcome)), "y": outcome}))


def result_of(errors, name="set", role="confirmed on", outcome=(1.0, 2.0)):
    from _quality_tables import Result

    result = Result(task_of(list(outcome), name, role))
    for peer, error in errors.items():
        result.add(peer, error, None, 0.1)
    return result


def test_a_ratio_is_to_the_best_of_the_peers_that_took_part():
    from _quality_tables import NETWORKS

    errors = {"pytwolayer": 2.0, "brulee": 4.0, "nnet": 3.0, "HistGB": 1.0}
    result = result_of(errors)
    assert result.ratio(NETWORKS) == 2 / 3
    assert result.ratio(["HistGB"]) == 2.0
    assert result.ratio(["RealMLP"]) is None
    assert result_of({"nnet": 3.0}).ratio(NETWORKS) is None


def test_a_peer_without_a_wrong_class_is_no_division_by_zero():
    result = result_of({}, outcome=pd.Categorical(["a", "b"] * 5))
    result.add("pytwolayer", 0.1, 0.1, 1.0)
    result.add("nnet", 0.1, 0.0, 1.0)
    assert result.wrong_ratio(["nnet"]) == pytest.approx(3.0)


def test_the_summary_tells_roles_and_kinds_of_outcome_apart():
    from _quality_tables import page

    pair = {"pytwolayer": 1.0, "nnet": 2.0}
    text = page([
        result_of(pair | {"nnet": 0.5}, "worst"),
        result_of(pair, "good"),
        result_of(pair, "old", role="chosen on"),
    ])  # fmt: skip
    assert (
        "| the best network | confirmed on | numbers | 2 | 1.000 | 2.00 (worst) | 1 | 1 |" in text
    )
    assert "| the best network | chosen on | numbers | 1 | 0.500 | 0.50 (old) | 0 | 0 |" in text
    assert "| HistGradientBoosting |" not in text


def test_folds_are_five_or_three_by_the_rows_and_test_each_row_once():
    from _quality_data import MANY

    for rows, folds in ((50, 5), (MANY, 5), (MANY + 1, 3)):
        tested = [test for _, test in task_of(np.arange(float(rows))).folds()]
        assert len(tested) == folds
        assert sorted(np.concatenate(tested)) == list(range(rows))


def test_an_answer_is_computed_once_and_never_where_only_kept_ones_are_wanted(tmp_path):
    from _quality_cache import Cache

    calls = []

    def compute():
        calls.append(1)
        return np.array([0.5]), 2.0

    cache, frame = Cache(tmp_path), pd.DataFrame({"x": [1.0]})
    file = cache.file("nnet", frame, np.array([0]))
    assert Cache(tmp_path, only=True).answer(file, compute) is None
    assert cache.answer(file, compute) == cache.answer(file, compute) == (np.array([0.5]), 2.0)
    assert len(calls) == 1
    assert file != cache.file("nnet", frame, np.array([1]))
    assert file != cache.file("brulee", frame, np.array([0]))
    assert file != cache.file("nnet", frame + 1, np.array([0]))
    assert Cache(None).answer(Cache(None).file("nnet"), compute)[1] == 2.0


def test_a_truth_is_the_best_that_can_be_known_of_a_made_set():
    from _quality_data import made_task
    from _quality_generated import GENERATED
    from quality import errors

    for name in GENERATED:
        task = made_task(name)
        best, wrong = errors(task, task.truth, task.codes())
        if task.classes:
            np.testing.assert_allclose(task.truth.sum(axis=1), 1)
            share = np.bincount(task.codes()) / len(task.frame)
            guess = errors(task, np.tile(share, (len(task.frame), 1)), task.codes())
            assert best < guess[0]
            assert wrong < guess[1]
        else:
            assert best < np.std(task.codes())
    noisy = made_task("plane_noisy")
    assert errors(noisy, noisy.truth, noisy.codes())[1] == pytest.approx(0.3, abs=0.05)


def test_brulee_holds_out_a_tenth_and_keeps_the_best_epoch(monkeypatch):
    import _quality_brulee

    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 3))
    y = 50 + 10 * X[:, 0]
    seen = []
    kept = _quality_brulee.best_epoch

    def watched(net, train, valid):
        kept(net, train, valid)
        seen.append((train().item(), valid().item(), net))

    monkeypatch.setattr(_quality_brulee, "best_epoch", watched)
    fit = _quality_brulee.Brulee(0, seed=3).fit(X, y)
    _, held, net = seen[0]
    assert [layer.weight.shape for layer in net if hasattr(layer, "weight")] == [(3, 3), (1, 3)]
    order = np.random.default_rng(3).permutation(200)[:20]
    residual = (y[order] - fit.predict(X[order])) / fit.spread
    ridge = sum((net[i].weight ** 2).sum().item() for i in (0, 2))
    assert held == pytest.approx(np.mean(residual**2) + 0.0005 * ridge, rel=1e-4)
    again = _quality_brulee.Brulee(0, seed=3).fit(X, y)
    np.testing.assert_array_equal(fit.predict(X), again.predict(X))
    classes = _quality_brulee.Brulee(3, seed=1).fit(X, rng.integers(3, size=200))
    np.testing.assert_allclose(classes.predict(X).sum(axis=1), 1, rtol=1e-6)

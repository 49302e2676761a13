"""What "auto" of weight decay and encoding chooses: evidence that is kept, and its bits."""

import os
import signal
import threading

import numpy as np
import pandas as pd
import pytest

from pytwolayer import continue_training, two_layer
from pytwolayer.errors import InterruptWarning, PytwolayerWarning
from pytwolayer.fitting import inner_folds, tuning

DRAWS = np.random.default_rng(3)
X = DRAWS.normal(size=(160, 4))
NUMBER = np.abs(X[:, 0]) + X[:, 1] + 0.3 * DRAWS.normal(size=160)
CLASS = np.where(X[:, 0] + DRAWS.normal(size=160) > 0, "yes", "no")
OPTIONS = {"epochs": 150, "hidden_units": 8, "seed": 2, "verbose": False}
CHOSEN = ("encoding", "learning_rate", "weight_decay")


def fit(x=X, y=NUMBER, **options):
    return two_layer(x, y, **OPTIONS | options)


def assert_same_fit(one, other):
    """The same bits, but for the record of the search."""
    assert one.settings == other.settings
    pd.testing.assert_frame_equal(one.history, other.history, check_exact=True)
    for name, weight in one.network.state_dict().items():
        assert weight.equal(other.network.state_dict()[name])
    assert one.inputs == other.inputs


def found(fit):
    return {name: getattr(fit.settings, name) for name in CHOSEN}


@pytest.fixture(scope="module")
def tuned():
    return fit(learning_rate=0.003)


def test_the_search_is_kept(tuned):
    table = tuned.tuning
    assert list(table) == [*CHOSEN, "fold", "valid_loss"]
    types = ["float64", "float64", "int64", "float64"]
    assert [str(table[name].dtype) for name in list(table)[1:]] == types
    usual = 3 / len(X)
    wanted = [
        (encoding, 0.003, multiple * usual, fold)
        for encoding, multiples in tuning.MULTIPLES.items()
        for multiple in multiples
        for fold in (1, 2, 3)
    ]
    assert [tuple(row) for row in table.iloc[:, :4].to_numpy()] == wanted
    assert np.isfinite(table["valid_loss"]).all()
    assert table["valid_loss"].nunique() == len(table)


def test_the_candidate_of_the_lowest_mean_loss_is_chosen(tuned):
    means = tuned.tuning.groupby([*CHOSEN])["valid_loss"].mean()
    assert tuple(found(tuned).values()) == means.idxmin()


def test_the_usual_candidate_is_kept_unless_another_is_clearly_better():
    def chosen(*losses):
        table = pd.DataFrame(
            {
                "encoding": ["linear", "linear", "piecewise"],
                "learning_rate": 0.003,
                "weight_decay": [0.1, 1.0, 1.0],
                "fold": 1,
                "valid_loss": losses,
            }
        )
        encoding, _, decay = tuning._choose(table, ("linear", 0.003, 1.0))
        return encoding, decay

    assert chosen(0.99, 1.0, 2.0) == ("linear", 1.0)
    assert chosen(0.97, 1.0, 2.0) == ("linear", 0.1)
    assert chosen(0.97, 1.0, 0.9) == ("piecewise", 1.0)
    assert chosen(np.inf, np.inf, 0.9) == ("piecewise", 1.0)
    assert chosen(np.inf, np.inf, np.inf) == ("linear", 1.0)
    assert chosen(-1.01, -1.0, 0.0) == ("linear", 1.0)  # a Poisson loss may be negative
    assert chosen(-1.03, -1.0, 0.0) == ("linear", 0.1)


@pytest.mark.parametrize(
    ("y", "options"),
    [
        (NUMBER, {}),
        (CLASS, {}),
        (NUMBER, {"validation": 0.2}),
        (CLASS, {"validation": np.arange(20), "patience": 30}),
        (NUMBER, {"sample_weight": DRAWS.uniform(0.5, 2, size=160)}),
        (NUMBER, {"batch_size": None, "epochs": 600}),
        (CLASS, {"dropout": 0.2, "gradient_clip": 0.5}),
        (np.column_stack([NUMBER, X[:, 2]]), {"loss": "huber"}),
        (np.floor(np.exp(NUMBER)), {"loss": "poisson"}),
        (NUMBER, {"reduction": "sum", "learning_rate": 0.0001, "optimizer": "sgd"}),
    ],
)
def test_the_fit_has_the_bits_of_the_call_with_what_was_found(y, options):
    tuned = fit(y=y, **options)
    assert tuned.tuning is not None
    given = fit(y=y, **options | found(tuned))
    assert given.tuning is None
    assert_same_fit(tuned, given)
    assert_same_fit(tuned, fit(y=y, **options))


def test_noisy_classes_get_more_decay_than_clean_ones():
    noise = DRAWS.normal(size=(160, 20))
    noisy = fit(np.column_stack([X[:, :1], noise]), CLASS, encoding="linear")
    clean = fit(X, np.where(X[:, 0] > 0, "yes", "no"), encoding="linear")
    assert noisy.settings.weight_decay > 3 / 160 > clean.settings.weight_decay


def test_steps_are_encoded_piecewise():
    x = DRAWS.uniform(size=(200, 2))
    y = np.floor(6 * x[:, 0]) % 2 + 0.05 * DRAWS.normal(size=200)
    assert fit(x, y).settings.encoding == "piecewise"


def is_clean(table):
    return len(table["learning_rate"].unique()) > 1


def test_where_little_decay_is_wanted_larger_steps_and_less_of_it_are_tried():
    y = np.where(X[:, 0] + X[:, 1] > 0, "yes", "no")
    clean = fit(y=y, encoding="linear")
    table = clean.tuning
    assert table["learning_rate"].unique().tolist() == [0.003, 0.015]
    assert table["weight_decay"].min() < 0.03 * 3 / 160
    assert clean.settings.learning_rate > 0.003
    assert_same_fit(clean, fit(y=y, **found(clean)))


def test_a_given_learning_rate_stays():
    y = np.where(X[:, 0] + X[:, 1] > 0, "yes", "no")
    given = fit(y=y, encoding="linear", learning_rate=0.005)
    assert given.tuning["learning_rate"].unique().tolist() == [0.005]
    assert given.settings.learning_rate == 0.005


def test_wide_pieces_are_not_tried_with_larger_steps(monkeypatch):
    x = DRAWS.uniform(size=(200, 2))
    y = np.floor(6 * x[:, 0]) % 2 + 0.05 * DRAWS.normal(size=200)
    assert is_clean(fit(x, y).tuning)
    monkeypatch.setattr(tuning, "WIDEST_CLEAN", 15)
    assert not is_clean(fit(x, y).tuning)


def test_noisy_data_are_not_tried_with_larger_steps():
    assert not is_clean(fit(y=CLASS).tuning)


@pytest.mark.parametrize(
    "options",
    [
        {"weight_decay": 0.01},
        {"weight_decay": 0.01, "encoding": "auto"},
        {"epochs": 10},
        {"optimizer": "lbfgs"},
        {"optimizer": "adamw"},
        {"schedule": "plateau"},
        {"loss": lambda output, y: (output - y) ** 2},
    ],
)
def test_nothing_is_searched_where_it_is_not_worthwhile_or_not_possible(options):
    plain = fit(**options)
    assert plain.tuning is None
    assert plain.settings.encoding == "linear"


def test_few_rows_and_very_many_are_not_searched(monkeypatch):
    assert fit(X[:29], NUMBER[:29], epochs=600).tuning is None
    monkeypatch.setattr(tuning, "TOO_MANY_ROWS", 160)
    assert fit().tuning is None


@pytest.mark.parametrize("encoding", ["linear", "piecewise"])
def test_a_given_encoding_is_the_only_one_tried(encoding):
    tuned = fit(encoding=encoding)
    assert set(tuned.tuning["encoding"]) == {encoding} == {tuned.settings.encoding}


def test_a_piecewise_encoding_is_not_tried_where_it_changes_nothing_or_is_too_wide(monkeypatch):
    two_values = np.round(DRAWS.uniform(size=(160, 3)))
    assert set(fit(two_values).tuning["encoding"]) == {"linear"}
    monkeypatch.setattr(tuning, "WIDEST", 31)
    assert set(fit().tuning["encoding"]) == {"linear"}
    assert set(fit(encoding="piecewise").tuning["encoding"]) == {"piecewise"}


def test_of_many_rows_one_third_is_held_out_once(monkeypatch):
    monkeypatch.setattr(inner_folds, "MANY_ROWS", 159)
    assert set(fit().tuning["fold"]) == {1}


def test_very_many_rows_are_searched_in_a_sample(monkeypatch):
    monkeypatch.setattr(inner_folds, "SAMPLE", 60)
    sampled = fit()
    assert set(sampled.tuning["fold"]) == {1, 2, 3}
    assert sampled.rows == 160
    assert 0.03 * (3 / 160) in sampled.tuning["weight_decay"].tolist()


def test_held_out_rows_are_not_searched_on():
    held_out = np.arange(40)
    changed = NUMBER.copy()
    changed[held_out] += 100 * DRAWS.normal(size=40)
    one, other = fit(validation=held_out), fit(y=changed, validation=held_out)
    pd.testing.assert_frame_equal(one.tuning, other.tuning)


def test_frequencies_are_rows_written_out():
    times = np.tile([1, 2, 1, 3], 40)
    frequency = fit(sample_weight=times, weight_type="frequency")
    written = fit(np.repeat(X, times, axis=0), np.repeat(NUMBER, times))
    pd.testing.assert_frame_equal(frequency.tuning, written.tuning)
    assert_same_fit(frequency, written)


def test_where_all_rows_are_one_batch_their_order_does_not_matter():
    x, y = np.round(X[:100], 1), np.round(NUMBER[:100], 1)
    order = DRAWS.permutation(100)
    one, other = (fit(x[rows], y[rows], epochs=600) for rows in (slice(None), order))
    pd.testing.assert_frame_equal(one.tuning, other.tuning)
    assert_same_fit(one, other)


def test_equal_rows_may_be_on_both_sides_but_are_trained_on_once(monkeypatch):
    cells = DRAWS.integers(0, 3, size=(300, 2)).astype(float)
    y = np.where(DRAWS.uniform(size=300) < 0.2 + 0.3 * (cells[:, 0] > 1), "yes", "no")
    seen = []
    original = inner_folds.held_out_losses

    def spy(folds, *others, **named):
        seen.extend(folds)
        return original(folds, *others, **named)

    monkeypatch.setattr(inner_folds, "held_out_losses", spy)
    fit(cells, y, epochs=600)
    assert [len(fold.train_rows.x) <= 18 for fold in seen] == [True] * 3
    assert {round(float(fold.train_rows.weights.mean()), 4) for fold in seen} == {1.0}


def test_an_ensemble_searches_once_for_all():
    ensemble = fit(n_models=3)
    alone = fit()
    pd.testing.assert_frame_equal(ensemble.tuning, alone.tuning)
    assert [found(each) for each in ensemble.models] == [found(alone)] * 3


def test_a_bootstrapped_ensemble_searches_on_the_rows_themselves():
    ensemble = fit(n_models=2, bootstrap=True)
    pd.testing.assert_frame_equal(ensemble.tuning, fit().tuning)


def test_continued_training_keeps_what_was_found(tuned):
    more = continue_training(tuned, X, NUMBER, epochs=5, verbose=False)
    assert found(more) == found(tuned)
    pd.testing.assert_frame_equal(more.tuning, tuned.tuning)
    assert more.inputs == tuned.inputs


def test_ctrl_c_in_the_search_gives_a_fit_without_epochs(monkeypatch):
    original = inner_folds.held_out_losses

    def press(*arguments, **others):
        arguments[-1].pressed = True
        return original(*arguments, **others)

    monkeypatch.setattr(inner_folds, "held_out_losses", press)
    with pytest.warns(InterruptWarning, match="after 0 of 150 epochs"):
        stopped = fit()
    assert stopped.stopped == "interrupt"
    assert len(stopped.history) == 0
    assert stopped.tuning is None
    with pytest.warns(InterruptWarning):
        ensemble = fit(n_models=2)
    assert {each.stopped for each in ensemble.models} == {"interrupt"}


def test_a_real_ctrl_c_in_the_search_ends_it(monkeypatch):
    monkeypatch.setattr(inner_folds, "SHARE_OF_EPOCHS", 100_000)
    press = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    press.start()
    with pytest.warns(InterruptWarning, match="after 0 of 150 epochs"):
        stopped = fit()
    press.join()
    assert stopped.tuning is None


def test_very_many_epochs_are_not_searched_for_as_long():
    many = fit(epochs=10**8, on_epoch=lambda epoch, loss: epoch < 3)
    pd.testing.assert_frame_equal(many.tuning, fit(epochs=200).tuning)
    one_batch = {"batch_size": None, "on_epoch": lambda epoch, loss: epoch < 3}
    many = fit(epochs=10**8, **one_batch)
    pd.testing.assert_frame_equal(many.tuning, fit(epochs=1000, **one_batch).tuning)


def test_a_run_is_resumed_with_what_it_found(tmp_path, monkeypatch):
    def leave(epoch, loss):
        if epoch == 60:
            raise RuntimeError("killed")

    undisturbed = fit()
    with pytest.raises(RuntimeError, match="killed"):
        fit(checkpoint=tmp_path, checkpoint_every=25, on_epoch=leave)

    def search(*arguments):
        raise AssertionError("it has been done")

    monkeypatch.setattr(inner_folds, "held_out_losses", search)
    with pytest.warns(match="Continuing after epoch 50"):
        resumed = fit(checkpoint=tmp_path, checkpoint_every=25)
    assert_same_fit(undisturbed, resumed)
    pd.testing.assert_frame_equal(undisturbed.tuning, resumed.tuning)


def test_a_checkpoint_of_given_values_is_not_taken_for_one_of_a_search(tmp_path):
    tuned = fit(checkpoint=tmp_path / "tuned")
    given = found(tuned)
    with pytest.raises(ValueError, match="weight_decay"):
        fit(checkpoint=tmp_path / "tuned", weight_decay=given["weight_decay"] * 2)
    fit(checkpoint=tmp_path / "given", weight_decay=given["weight_decay"] * 2)
    with pytest.raises(ValueError, match="weight_decay"):
        fit(checkpoint=tmp_path / "given")


def test_rows_that_nearly_all_have_classes_of_their_own_are_not_searched():
    classes = np.array([f"c{number:03d}" for number in range(160)], dtype=object)
    for single in (160, 158):
        y = np.where(np.arange(160) < single, classes, "common")
        assert fit(y=y).tuning is None
        assert fit(y=y, batch_size=None, epochs=600).tuning is None


def test_a_sample_may_lack_a_class(monkeypatch):
    monkeypatch.setattr(inner_folds, "SAMPLE", 40)
    y = np.where(np.arange(160) == 7, "rare", "usual")
    for seed in range(1, 5):
        assert fit(y=y, seed=seed).tuning is not None


def test_where_the_usual_candidate_is_too_large_nothing_is_searched(monkeypatch):
    x = pd.DataFrame({"f": pd.Categorical([f"l{n % 40}" for n in range(160)]), "a": X[:, 0]})
    monkeypatch.setattr(inner_folds, "LARGEST", 6 * (49 * 8 + 17))
    assert fit(x).tuning is None


def test_without_memory_for_a_search_the_fit_is_the_usual_one_with_a_warning(monkeypatch):
    def lack(*arguments, **others):
        raise MemoryError

    monkeypatch.setattr(inner_folds, "held_out_losses", lack)
    with pytest.warns(PytwolayerWarning, match="there is not enough memory to search"):
        plain = fit()
    assert plain.tuning is None
    assert_same_fit(plain, fit(weight_decay=3 / 160, encoding="linear"))


def test_equal_rows_of_other_weights_may_come_in_any_order():
    x, y = np.repeat(X[:15, :2], 2, axis=0), np.repeat(NUMBER[:15], 2)
    weights = np.tile([1.0, 64.0], 15)
    swapped = np.arange(30).reshape(-1, 2)[:, ::-1].ravel()
    options = {"epochs": 600, "seed": 1}
    one = fit(x, y, sample_weight=weights, **options)
    other = fit(x[swapped], y[swapped], sample_weight=weights[swapped], **options)
    pd.testing.assert_frame_equal(one.tuning, other.tuning)


def test_a_summed_loss_of_merged_rows_is_per_row_too():
    x, y = np.tile(X[:10], (10, 1)), np.tile(NUMBER[:10], 10)
    options = {"epochs": 600, "encoding": "linear", "learning_rate": 0.003}
    mean, summed = (fit(x, y, reduction=each, **options) for each in ("mean", "sum"))
    ratio = summed.tuning["valid_loss"] / mean.tuning["valid_loss"]
    assert ratio.between(0.5, 2).all()


def test_ctrl_c_in_the_search_leaves_the_folder_of_checkpoints_as_it_was(tmp_path, monkeypatch):
    original = inner_folds.held_out_losses

    def press(*arguments, **others):
        arguments[5].pressed = True
        return original(*arguments, **others)

    with monkeypatch.context() as patched:
        patched.setattr(inner_folds, "held_out_losses", press)
        with pytest.warns(InterruptWarning, match="after 0 of 150 epochs"):
            fit(checkpoint=tmp_path)
    assert not [*tmp_path.glob("*.safetensors")]
    assert_same_fit(fit(checkpoint=tmp_path), fit())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_search_in_a_forked_child_of_a_parent_with_threads_ends(fresh_python):
    done = fresh_python(
        "import os, numpy as np\n"
        "from pytwolayer import two_layer\n"
        "from pytwolayer.runtime.torch_loading import torch\n"
        "torch.set_num_threads(2); torch.randn(4_000_000).clamp_(-1, 1)\n"
        "x = np.random.default_rng(1).normal(size=(100, 600))\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    two_layer(x, x[:, 0], seed=1, epochs=510, verbose=False)\n"
        "    os._exit(0)\n"
        "print(os.waitpid(child, 0)[1])\n",
        OMP_NUM_THREADS="2",
    )
    assert done.stdout.split() == ["0"], done.stderr

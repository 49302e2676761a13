"""Estimators explain themselves as their fits do, on data that are checked as scikit-learn does."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.inspection import permutation_importance
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import pytwolayer
from pytwolayer import ArgumentError, TwoLayerClassifier, TwoLayerRegressor
from pytwolayer.errors import TrainingRowsWarning

ROWS = 90


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "größe x": rng.normal(size=ROWS) * 3,
            "f": rng.choice(["u", "v", "w"], ROWS),
            "b": rng.normal(size=ROWS),
        }
    )
    y = pd.Series(2 * frame["größe x"] + 3 * (frame["f"] == "v"), name="cost")
    return frame, y


def usual(kind, **settings):
    own = {"hidden_units": 4, "epochs": 40, "activation": "tanh", "random_state": 1}
    fixed = {"weight_decay": 0, "encoding": "linear", "learning_rate": 0.1}
    return kind(**(own | fixed | settings))


@pytest.fixture(scope="module")
def model(data):
    x, y = data
    return usual(TwoLayerRegressor).fit(x[:60], y[:60])


def test_they_give_what_the_fit_gives(data, model):
    x, y = data
    fit, new, truth = model.two_layer_, x[60:], y[60:]
    weights = np.arange(30) % 3
    for own, theirs in (
        (model.effects(new, sample_weight=weights), fit.effects(new, sample_weight=weights)),
        (
            model.effects(new, variables="b", at={"f": ["u", "v"]}, step=0.1),
            fit.effects(new, variables="b", at={"f": ["u", "v"]}, step=0.1),
        ),
        (
            model.importance(new, truth, seed=1, repeats=3, measure="mae"),
            fit.importance(new, truth, seed=1, repeats=3, measure="mae"),
        ),
        (
            model.feature_effects(new, "größe x", kind="pdp", points=4),
            fit.feature_effects(new, "größe x", kind="pdp", points=4),
        ),
    ):
        pd.testing.assert_frame_equal(own, theirs)
        assert own.attrs == theirs.attrs
    assert model.effects(new)["outcome"].unique().tolist() == ["cost"]
    point = model.effects(at={"größe x": 1, "f": "u", "b": 0}, variables="b")
    assert point["estimate"].item() == pytest.approx(
        model.effects(new[:1].assign(f="u", b=0.0, **{"größe x": 1.0}))["estimate"].iloc[-1]
    )


def test_arrays_have_names_by_their_place(data):
    x, y = data
    array = x[["größe x", "b"]].to_numpy()
    model = usual(TwoLayerRegressor).fit(array, y.to_numpy())
    assert model.effects(array)["input"].tolist() == ["x1", "x2"]
    with pytest.warns(TrainingRowsWarning):
        found = model.importance(array, y.to_numpy(), seed=1)
    assert found["input"].tolist() == ["x1", "x2"]
    assert model.feature_effects(array, "x2", points=3)["input"].unique().tolist() == ["x2"]


def test_classes_are_those_of_the_estimator(data):
    x, y = data
    for labels in ([7, 3], [True, False], ["hoch", "niedrig"], [2.0, 1.0]):
        classes = np.where(y > 0, *labels)
        model = usual(TwoLayerClassifier).fit(x[:60], classes[:60])
        names = [str(label) for label in model.classes_]
        names = [{"False": "FALSE", "True": "TRUE"}.get(name, name) for name in names]
        found = model.effects(x[60:])
        assert found["outcome"].tolist()[:2] == names
        assert model.feature_effects(x, "f")["outcome"].tolist()[:2] == names
        table = model.importance(x[60:], classes[60:], measure="accuracy", seed=1)
        base = next(iter(table.attrs["base"].values()))
        assert base == pytest.approx(model.score(x[60:], classes[60:]))
        assert table["estimate"][0] > 0.1
    with pytest.raises(ArgumentError, match="`y` must be classes known from the start"):
        model.importance(x, np.full(ROWS, 9.0))
    with pytest.raises(ArgumentError, match="`y` must be as many columns as in the fit, 1, not 2"):
        model.importance(x, np.c_[classes, classes])


def test_several_labels_and_several_outcomes(data):
    x, y = data
    labels = pd.DataFrame({"one": (y > 0).astype(int), "two": (x["b"] > 0).astype(int)})
    model = usual(TwoLayerClassifier).fit(x[:60], labels[:60])
    assert model.effects(x)["outcome"].tolist()[:2] == ["one", "two"]
    each = model.importance(x[60:], labels[60:], seed=1, measure="mae")
    by_name = each.set_index(["input", "outcome"])["estimate"]
    assert by_name["größe x", "one"] > 5 * abs(by_name["b", "one"])
    with pytest.raises(ArgumentError, match="`y` must be as many columns as in the fit, 2, not 1"):
        model.importance(x, labels["one"])
    assert model.multilabel_
    both = usual(TwoLayerRegressor).fit(x, np.c_[y, -y])
    assert both.effects(x)["outcome"].tolist()[:2] == ["y1", "y2"]


def test_in_the_last_step_of_a_pipeline_after_a_clone_and_from_a_pickle(data):
    x, y = data
    prepare = make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["f"]),
        remainder=StandardScaler(),
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    pipeline = make_pipeline(prepare, usual(TwoLayerRegressor)).fit(x[:60], y[:60])
    new, last = pipeline[:-1].transform(x[60:]), pipeline[-1]
    found = last.effects(new)
    assert found["input"].tolist() == ["f_u", "f_v", "f_w", "größe x", "b"]
    again = clone(pipeline)
    with pytest.raises(NotFittedError):
        again[-1].effects(new)
    again.fit(x[:60], y[:60])
    read = pickle.loads(pickle.dumps(pipeline))
    for other in (again, read):
        pd.testing.assert_frame_equal(other[-1].effects(new), found)
        pd.testing.assert_frame_equal(
            other[-1].importance(new, y[60:], seed=2, repeats=2),
            last.importance(new, y[60:], seed=2, repeats=2),
        )


def test_before_fit_they_say_so(data):
    x, y = data
    model = TwoLayerRegressor()
    for call in (
        lambda: model.effects(x),
        lambda: model.effects(at={"a": 1}),
        lambda: model.importance(x, y),
        lambda: model.feature_effects(x, "b"),
    ):
        with pytest.raises(NotFittedError):
            call()


def test_files_and_columns_by_name(data, model, tmp_path):
    x, y = data
    file = tmp_path / "rows.parquet"
    x.assign(cost=y)[60:].to_parquet(file)
    own = x[60:]
    pd.testing.assert_frame_equal(model.effects(file), model.effects(own))
    pd.testing.assert_frame_equal(
        model.importance(file, "cost", seed=1, repeats=2),
        model.importance(own, y[60:], seed=1, repeats=2),
    )
    pd.testing.assert_frame_equal(
        model.feature_effects(file, "b", points=3), model.feature_effects(own, "b", points=3)
    )


def test_odd_data_are_refused_as_in_predict(data, model):
    x, y = data
    for odd, message in (
        (x.assign(b=np.nan), "without missing values"),
        (x.drop(columns="b"), "missing"),
        (x[["b", "f", "größe x"]], "same order"),
        (x.assign(more=1.0), "unseen"),
    ):
        for call in (
            model.effects,
            lambda rows: model.importance(rows, y),
            lambda rows: model.feature_effects(rows, "b"),
        ):
            with pytest.raises(ValueError, match=message):
                call(odd)
    with (
        pytest.raises(ArgumentError, match="`X` must be data with a row that can be predicted"),
        pytest.warns(pytwolayer.errors.UnseenLevelWarning, match="new"),
    ):
        model.effects(x.assign(f="new"))
    with pytest.raises(ValueError, match="sample_weight"):
        model.effects(x, sample_weight=[1, 2])
    with pytest.raises(ValueError, match="requires y"):
        model.importance(x, None)


def test_importance_agrees_with_that_of_scikit_learn_and_the_true_ranking(data, model):
    x, y = data
    theirs = permutation_importance(model, x[60:], y[60:], n_repeats=40, random_state=1)
    own = model.importance(x[60:], y[60:], measure="r_squared", repeats=40, seed=1)
    error = 5 * theirs.importances_std / np.sqrt(40) + 1e-6
    assert (np.abs(own["estimate"] - theirs.importances_mean) < error).all()
    assert own.sort_values("estimate", ascending=False)["input"].tolist() == ["größe x", "f", "b"]

"""ALE, PDP and ICE, against predictions by hand, scikit-learn and a known truth."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
from sklearn.inspection import partial_dependence

import pytwolayer
from pytwolayer import ArgumentError
from pytwolayer.explain.rows import sampled

ROWS = 200


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    a = rng.uniform(-2, 2, ROWS)
    frame = pd.DataFrame(
        {
            "a": a,
            "größe": a + rng.normal(size=ROWS) * 0.2,  # says much the same
            "f": rng.choice(["u", "v", "w"], ROWS),
            "l": rng.random(ROWS) > 0.3,
        }
    )
    y = frame["a"] ** 2 + frame["größe"] + 2.0 * (frame["f"] == "v") - frame["l"]
    return frame, y.to_numpy()


def fitted(x, y, **settings):
    usual = {"hidden_units": 8, "epochs": 60, "seed": 1, "weight_decay": 0, "activation": "tanh"}
    return pytwolayer.two_layer(x, y, **(usual | {"learning_rate": 0.03} | settings))


@pytest.fixture(scope="module")
def fit(data):
    return fitted(*data, epochs=300)


@pytest.mark.parametrize("column", ["a", "f", "l"])
def test_partial_dependence_is_the_mean_prediction_with_each_value(data, fit, column):
    x, _ = data
    rows = fit.feature_effects(x, column, kind="ice", points=5)
    mean = fit.feature_effects(x, column, kind="pdp", points=5)
    weights = np.arange(ROWS) % 4
    weighted = fit.feature_effects(x, column, kind="pdp", points=5, sample_weight=weights)
    values = {"FALSE": False, "TRUE": True}
    assert len(rows) == len(mean) * ROWS
    for number, value in enumerate(mean["value"]):
        found = fit.predict(x.assign(**{column: values.get(value, value)}))
        own = rows[rows["value"] == value]
        assert own["row"].tolist() == list(range(ROWS))
        assert own["estimate"].to_numpy() == pytest.approx(found, abs=1e-9)
        assert mean["estimate"][number] == pytest.approx(found.mean())
        assert weighted["estimate"][number] == pytest.approx(np.average(found, weights=weights))


def test_partial_dependence_is_that_of_scikit_learn(data):
    x, y = data
    estimator = pytwolayer.TwoLayerRegressor(epochs=20, random_state=1).fit(x, y)
    own = estimator.two_layer_.feature_effects(x, "a", kind="pdp")
    theirs = partial_dependence(estimator, x, ["a"], custom_values={"a": own["value"].to_numpy()})
    assert own["estimate"].to_numpy() == pytest.approx(theirs["average"][0], rel=1e-6)


def test_accumulated_local_effects_are_those_of_their_definition(data, fit):
    x, _ = data
    found = fit.feature_effects(x, "a", points=6)
    edges = found["value"].to_numpy()
    assert edges[0] == x["a"].min()
    assert edges[-1] == x["a"].max()
    steps, sizes = [0.0], []
    for low, high in pairwise(edges):
        inside = (x["a"] > low) & (x["a"] <= high) | ((low == edges[0]) & (x["a"] == low))
        rows = x[inside]
        steps.append((fit.predict(rows.assign(a=high)) - fit.predict(rows.assign(a=low))).mean())
        sizes.append(len(rows))
    assert sum(sizes) == ROWS
    ale = np.cumsum(steps)
    ale -= np.average((ale[1:] + ale[:-1]) / 2, weights=sizes)
    assert found["estimate"].to_numpy() == pytest.approx(ale, abs=1e-9)


def test_they_find_a_known_curve_where_inputs_go_together(data, fit):
    found = fit.feature_effects(data[0], "a", points=15)
    truth = found["value"] ** 2
    assert np.std((found["estimate"] - truth)[1:-1]) < 0.3
    line = fit.feature_effects(data[0], "größe", points=15)
    assert np.polyfit(line["value"], line["estimate"], 1)[0] == pytest.approx(1, abs=0.25)


def test_levels_go_from_one_to_the_next(data, fit):
    x, _ = data
    found = fit.feature_effects(x, "f")
    assert found["value"].tolist() == ["u", "v", "w"]
    steps, each = [0.0], [fit.predict(x.assign(f=level)) for level in "uvw"]
    for number, pair in enumerate((["u", "v"], ["v", "w"])):
        rows = x["f"].isin(pair).to_numpy()
        steps.append((each[number + 1] - each[number])[rows].mean())
    ale = np.cumsum(steps)
    ale -= np.average(ale, weights=[(x["f"] == level).sum() for level in "uvw"])
    assert found["estimate"].to_numpy() == pytest.approx(ale, abs=1e-9)
    logical = fit.feature_effects(x, "l")
    assert logical["value"].tolist() == ["FALSE", "TRUE"]
    both = fit.predict(x.assign(l=True)) - fit.predict(x.assign(l=False))
    assert np.diff(logical["estimate"]).item() == pytest.approx(both.mean())


@pytest.mark.parametrize("kind", ["ale", "pdp"])
def test_intervals_are_of_the_networks_curves(data, kind):
    x, y = data
    fits = fitted(x, np.where(y > 1, "yes", "no"), n_models=4, bootstrap=True, epochs=5)
    for column in ("a", "f"):
        found = fits.feature_effects(x, column, kind=kind, points=4, level=0.5)
        each = [m.feature_effects(x, column, kind=kind, points=4)["estimate"] for m in fits.models]
        for name, values in (
            ("estimate", np.mean(each, axis=0)),
            ("lower", np.quantile(each, 0.25, axis=0)),
            ("upper", np.quantile(each, 0.75, axis=0)),
        ):
            assert found[name].to_numpy() == pytest.approx(values, abs=1e-9)
        assert found["outcome"].tolist()[:2] == ["no", "yes"]


def test_odd_data(data, fit):
    x, _ = data
    odd = x.copy()
    odd.loc[0, "a"] = np.nan
    odd.loc[1, "f"] = "new"
    with pytest.warns(pytwolayer.errors.UnseenLevelWarning):
        found = fit.feature_effects(odd, "f", kind="ice")
    assert sorted(set(found["row"])) == list(range(2, ROWS))
    one = fit.feature_effects(x[:1], "a")
    assert one["estimate"].tolist() == [0]
    constant = fit.feature_effects(x.assign(a=1.0), "a")
    assert (constant["value"].tolist(), constant["estimate"].tolist()) == ([1.0], [0.0])
    with pytest.raises(ArgumentError, match="not none"):
        fit.feature_effects(x[:0], "a")
    with pytest.raises(ArgumentError, match="not data without one"):
        fit.feature_effects(x.assign(a=np.nan), "a")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"variable": "b"}, '`variable` must be the name of a column of the fit, not "b"'),
        ({"variable": ["a"]}, "`variable` must be the name of a column"),
        ({"kind": "shap"}, '`kind` must be one of "ale", "pdp", "ice"'),
        ({"points": 1}, "`points` must be a whole number of at least 2"),
    ],
)
def test_errors_name_the_argument(data, fit, arguments, message):
    with pytest.raises(ArgumentError) as problem:
        fit.feature_effects(data[0], **({"variable": "a"} | arguments))
    assert message in str(problem.value)


@pytest.mark.filterwarnings("ignore::pytwolayer.errors.TrainingRowsWarning")
def test_a_path_or_an_arrow_object_gives_what_its_rows_give(data, fit, tmp_path, monkeypatch):
    x, y = data
    file = tmp_path / "rows.parquet"
    x.assign(y=y).to_parquet(file)
    table = pyarrow.parquet.read_table(file)
    for source in (file, table):
        for kind in ("ale", "pdp", "ice"):
            for column in ("a", "f"):
                found = fit.feature_effects(source, column, kind=kind, points=4)
                want = fit.feature_effects(x, column, kind=kind, points=4)
                pd.testing.assert_frame_equal(found, want)
                assert found.attrs == want.attrs
        found = fit.effects(source, at={"f": ["u", "v"]}, step=0.1)
        pd.testing.assert_frame_equal(found, fit.effects(x, at={"f": ["u", "v"]}, step=0.1))
        pd.testing.assert_frame_equal(
            fit.importance(source, y, seed=1, repeats=2), fit.importance(x, y, seed=1, repeats=2)
        )
    monkeypatch.setattr("pytwolayer.explain.rows.MOST_ROWS", 50)
    rows = sampled(ROWS)
    assert (rows // 4).tolist() == list(range(50))  # one of each stretch of 4 rows
    own, weights = x.iloc[rows], np.arange(ROWS) % 3
    ice = fit.feature_effects(file, "a", kind="ice", points=3, sample_weight=weights)
    assert sorted(set(ice["row"])) == rows.tolist()
    assert len(set(fit.feature_effects(x, "a", kind="ice", points=3)["row"])) == ROWS
    few = fit.feature_effects(file, "a", sample_weight=weights)
    want = fit.feature_effects(own, "a", sample_weight=weights[rows])
    pd.testing.assert_frame_equal(few, want)
    few = fit.importance(file, y, seed=1, repeats=2, sample_weight=weights)
    some = rows[weights[rows] > 0]
    chosen = fit.importance(
        x.iloc[sampled_of(weights)], y[sampled_of(weights)], seed=1, repeats=2,
        sample_weight=weights[sampled_of(weights)],
    )  # fmt: skip
    pd.testing.assert_frame_equal(few, chosen)
    assert len(some) < few.attrs["rows"] == 50


def sampled_of(weights):
    """Choose of the rows that count."""
    there = np.flatnonzero(weights)
    return there[sampled(len(there))]

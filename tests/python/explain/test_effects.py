"""Average effects, against differences of predictions and data whose truth is known."""

import numpy as np
import pandas as pd
import pytest

import pytwolayer
from pytwolayer import ArgumentError
from pytwolayer.network.activations import ACTIVATIONS

ROWS = 120


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "a": rng.normal(size=ROWS) * 3,
            "größe": rng.uniform(0, 10, ROWS),
            "f": rng.choice(["u", "v", "w"], ROWS),
            "l": rng.random(ROWS) > 0.5,
            "same": 1.0,
        }
    )
    y = frame["a"] * 2 + np.sin(frame["größe"]) + 3 * (frame["f"] == "v") - 1.5 * frame["l"]
    return frame, y.to_numpy()


def fitted(x, y, **settings):
    usual = {"hidden_units": 6, "epochs": 20, "seed": 1, "weight_decay": 0, "activation": "tanh"}
    return pytwolayer.two_layer(x, y, **(usual | {"learning_rate": 0.05} | settings))


def predictions(fit, x):
    has_labels = fit.settings.loss == "binary_cross_entropy"
    are_numbers = fit.classes is None and not has_labels
    values = fit.predict(x) if are_numbers else fit.predict_proba(x)
    return values.reshape(len(x), -1)


def slopes(fit, x, column, step=1e-3):
    above, below = x.copy(), x.copy()
    above[column] += step
    below[column] -= step
    return (predictions(fit, above) - predictions(fit, below)) / (2 * step)


def estimates(table, column):
    return table.loc[table["input"] == column, "estimate"].to_numpy()


@pytest.mark.parametrize("encoding", ["linear", "piecewise"])
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_derivatives_are_those_of_predict(data, activation, encoding):
    x, y = data
    fit = fitted(x, y, activation=activation, encoding=encoding)
    table = fit.effects(x)
    # A difference steps over kinks of "relu" and of pieces in some rows.
    loose = encoding == "piecewise" or "relu" in activation
    for column in ("a", "größe"):
        theirs = slopes(fit, x, column)
        own = table[table["input"] == column]
        assert own["contrast"].tolist() == ["derivative"]
        assert own["estimate"].item() == pytest.approx(theirs.mean(), abs=2e-2 if loose else 1e-4)
        assert own["spread"].item() == pytest.approx(theirs.std(), abs=3e-2 if loose else 1e-3)


def test_a_difference_is_that_of_predictions_whatever_the_kinks(data):
    x, y = data
    fit = fitted(x, y, activation="relu", encoding="piecewise")
    table = fit.effects(x, variables=["a", "größe"], step={"a": 0.3, "größe": 0.1})
    assert table["contrast"].tolist() == ["difference", "difference"]
    for column, step in (("a", 0.3), ("größe", 0.1)):
        found = slopes(fit, x, column, step).mean()
        assert estimates(table, column).item() == pytest.approx(found, rel=1e-9)
    shared = fit.effects(x, variables="a", step=0.1)
    width = 0.1 * x["a"].std(ddof=0)
    assert shared["estimate"].item() == pytest.approx(slopes(fit, x, "a", width).mean(), rel=1e-9)


def test_at_a_kink_the_derivative_is_the_mean_of_left_and_right(data):
    x, y = data
    fit = fitted(x, y, encoding="piecewise")
    knot = fit.inputs.codings[0].knots[3]
    table = fit.effects(x, variables="a", at={"a": knot})
    rows = x.assign(a=knot)
    assert table["estimate"].item() == pytest.approx(slopes(fit, rows, "a", 1e-4).mean(), rel=1e-3)


def test_clipped_numbers_have_no_effect(data):
    x, y = data
    fit = fitted(x, y, input_clip=1.0)
    assert fit.effects(x, variables="a", at={"a": 50.0})["estimate"].item() == 0
    assert fit.effects(x, variables="a", at={"a": 0.1})["estimate"].item() != 0


def test_contrasts_are_differences_of_predictions(data):
    x, y = data
    fit = fitted(x, y)
    table = fit.effects(x, variables=["f", "l"])
    assert table["contrast"].tolist() == ["v - u", "w - u", "TRUE - FALSE"]
    first = predictions(fit, x.assign(f="u"))
    for level in ("v", "w"):
        difference = predictions(fit, x.assign(f=level)) - first
        own = table[table["contrast"] == f"{level} - u"]
        assert own["estimate"].item() == pytest.approx(difference.mean(), rel=1e-9)
        assert own["spread"].item() == pytest.approx(difference.std(), rel=1e-9)
    both = predictions(fit, x.assign(l=True)) - predictions(fit, x.assign(l=False))
    assert estimates(table, "l").item() == pytest.approx(both.mean(), rel=1e-9)


def test_effects_are_on_the_scale_of_probabilities_and_rates(data):
    x, y = data
    classes = fitted(x, np.where(y > 2, "high", np.where(y < -2, "low", "mid")))
    counts = fitted(x, np.round(np.exp(y / 6)), loss="poisson")
    shares = fitted(x, np.clip(0.5 + y / 12, 0, 1), loss="binomial")
    for fit in (classes, counts, shares):
        table = fit.effects(x)
        assert estimates(table, "a") == pytest.approx(slopes(fit, x, "a").mean(0), abs=1e-5)
    table = classes.effects(x)
    assert table["outcome"].tolist()[:3] == ["high", "low", "mid"]
    sums = table.groupby(["input", "contrast"])["estimate"].sum()
    assert np.abs(sums).max() < 1e-12  # probabilities sum to 1


LOSSES = {
    "normal": {},
    "negative_binomial": {},
    "gamma": {},
    "binary_cross_entropy": {},
    "quantile": {"quantile_levels": [0.1, 0.5, 0.9]},
}


@pytest.mark.parametrize("loss", LOSSES)
def test_effects_are_for_each_outcome_label_or_quantile(data, loss):
    x, y = data
    outcomes = pd.DataFrame({"one": np.round(np.exp(y / 6)) + 1, "two": np.round(y**2) + 1})
    if loss == "binary_cross_entropy":
        outcomes = (outcomes > outcomes.median()) * 1
    if loss == "quantile":
        outcomes = outcomes["two"]
    fit = fitted(x, outcomes, loss=loss, epochs=60, **LOSSES[loss])
    if loss == "quantile":
        predict, names = fit.predict_quantiles, ["q0.1", "q0.5", "q0.9"]
    else:
        predict, names = lambda rows: pd.DataFrame(predictions(fit, rows)), ["one", "two"]
    table = fit.effects(x, variables=["a", "f"])
    assert table["outcome"].tolist()[: len(names)] == names
    ends = [predict(x.assign(a=x["a"] + shift)).to_numpy() for shift in (1e-4, -1e-4)]
    theirs = ((ends[0] - ends[1]) / 2e-4).mean(axis=0)
    assert estimates(table, "a") == pytest.approx(theirs, rel=2e-3, abs=2e-3)
    change = predict(x.assign(f="v")) - predict(x.assign(f="u"))
    found = estimates(table, "f")[: len(names)]
    assert found == pytest.approx(change.mean(axis=0).to_numpy(), rel=1e-7)
    curve = fit.feature_effects(x, "f", kind="pdp")
    assert curve["outcome"].tolist()[: len(names)] == names
    assert curve["estimate"].to_numpy()[: len(names)] == pytest.approx(
        predict(x.assign(f="u")).mean(axis=0).to_numpy()
    )


def test_of_an_interaction_whose_truth_is_known_effects_are_the_truth():
    rng = np.random.default_rng(4)
    x = pd.DataFrame({"a": rng.normal(size=400), "g": rng.choice(["no", "yes"], 400)})
    y = x["a"] + 2 * x["a"] * (x["g"] == "yes")
    fit = fitted(x, y, hidden_units=16, epochs=400, learning_rate=0.02, optimizer="adam")
    table = fit.effects(x, variables="a", at={"g": ["no", "yes"]}, step=0.3)
    assert table["estimate"].to_numpy() == pytest.approx([1, 3], abs=0.15)
    whole = fit.effects(x, variables="a")
    assert whole["estimate"].item() == pytest.approx(1 + 2 * (x["g"] == "yes").mean(), abs=0.15)
    assert whole["spread"].item() == pytest.approx(1, abs=0.3)


def test_of_data_whose_truth_is_known_effects_are_the_truth():
    rng = np.random.default_rng(3)
    x = pd.DataFrame(rng.normal(size=(400, 3)), columns=["line", "curve", "nothing"])
    y = 1.5 * x["line"] + x["curve"] ** 2
    fit = fitted(x, y, hidden_units=16, epochs=400, learning_rate=0.02, optimizer="adam")
    table = fit.effects(x).set_index("input")
    assert table.loc["line", "estimate"] == pytest.approx(1.5, abs=0.1)
    assert table.loc["line", "spread"] < 0.3
    assert table.loc["curve", "estimate"] == pytest.approx(2 * x["curve"].mean(), abs=0.15)
    assert table.loc["curve", "spread"] == pytest.approx(2 * x["curve"].std(), abs=0.4)
    assert abs(table.loc["nothing", "estimate"]) < 0.05
    assert table.loc["nothing", "spread"] < 0.2


def test_intervals_are_of_the_networks_effects(data):
    x, y = data
    fits = fitted(x, np.c_[y, -y], n_models=5, bootstrap=True)
    table = fits.effects(x, variables=["a", "f"], level=0.8)
    each = [fit.effects(x, variables=["a", "f"])["estimate"] for fit in fits.models]
    assert table["estimate"].to_numpy() == pytest.approx(np.mean(each, axis=0), rel=1e-9)
    for name, share in (("lower", 0.1), ("upper", 0.9)):
        assert table[name].to_numpy() == pytest.approx(np.quantile(each, share, axis=0), rel=1e-9)
    mean = np.mean([slopes(fit, x, "a") for fit in fits.models], axis=0)
    assert table["spread"][:2].to_numpy() == pytest.approx(mean.std(0), rel=1e-3)
    assert table["outcome"].tolist()[:2] == ["y1", "y2"]


def test_weights_count_rows(data):
    x, y = data
    fit = fitted(x, y)
    times = np.arange(ROWS) % 3
    repeated = x.loc[np.repeat(np.arange(ROWS), times)]
    table, again = fit.effects(x, sample_weight=times), fit.effects(repeated)
    for name in ("estimate", "spread"):
        assert table[name].to_numpy() == pytest.approx(again[name].to_numpy(), rel=1e-9)


def test_large_tables_are_averaged_part_by_part(data, monkeypatch):
    x, y = data
    fit = fitted(x, y)
    whole = fit.effects(x)
    monkeypatch.setattr("pytwolayer.explain.effects._CELLS", 40)
    parts = fit.effects(x)
    assert parts["spread"].to_numpy() == pytest.approx(whole["spread"].to_numpy(), rel=1e-9)


def test_chosen_values_are_those_of_all_rows(data):
    x, y = data
    fit = fitted(x, y)
    table = fit.effects(x, variables="a", at={"f": ["u", "v"], "größe": 2})
    assert table["at"].tolist() == ["f = u, größe = 2", "f = v, größe = 2"]
    for level, found in zip("uv", table["estimate"], strict=True):
        own = x.assign(f=level, größe=2.0)
        assert found == pytest.approx(fit.effects(own, variables="a")["estimate"].item())
    point = {"a": 1, "größe": 2, "f": "v", "l": True, "same": 1}
    alone = fit.effects(at=point, variables="a")
    assert alone["spread"].item() == 0
    row = pd.DataFrame([point])
    assert alone["estimate"].item() == pytest.approx(slopes(fit, row, "a").item(), abs=1e-4)


def test_a_chosen_level_that_training_did_not_see_is_named(data):
    fit = fitted(*data)
    several = fitted(*data, n_models=2, bootstrap=True)
    for each in (fit, several):
        with pytest.raises(ArgumentError, match=r'`at` must be .*, not "new" in column "f"'):
            each.effects(data[0], variables="a", at={"f": ["u", "new"]})


def test_rows_that_cannot_be_predicted_are_left_out(data):
    x, y = data
    fit = fitted(x, y)
    odd = x.copy()
    odd.loc[0, "a"] = np.nan
    odd.loc[1, "f"] = "new"
    with pytest.warns(pytwolayer.errors.UnseenLevelWarning, match="new"):
        table = fit.effects(odd)
    assert table["estimate"].to_numpy() == pytest.approx(fit.effects(x[2:])["estimate"].to_numpy())
    with pytest.raises(
        ArgumentError, match="data with a row that can be predicted, not data without one"
    ):
        fit.effects(x.assign(a=np.nan))
    with pytest.raises(ArgumentError, match="data with a row that can be predicted, not none"):
        fit.effects(x[:0])
    assert fit.effects(x[:1])["spread"].eq(0).all()


def test_a_level_that_some_networks_lack_is_left_to_the_others():
    x = pd.DataFrame({"f": ["a"] * 8 + ["b"] * 8 + ["c"], "x": np.arange(17.0)})
    fits = fitted(x, x["x"], n_models=6, bootstrap=True, epochs=3)
    lacking = [fit for fit in fits.models if "c" not in fit.inputs.codings[0].levels]
    assert 0 < len(lacking) < 6
    table = fits.effects(x, variables="f")
    assert table["contrast"].tolist() == ["b - a", "c - a"]
    assert np.isfinite(table["estimate"]).all()


def test_constant_columns_have_no_effect(data):
    x, y = data
    assert estimates(fitted(x, y).effects(x), "same").item() == 0


def test_columns_may_have_any_names_or_none(data):
    x, y = data
    odd = x.set_axis(["estimate", "input", "spread", "at", "lower"], axis=1)
    table = fitted(odd, y).effects(odd)
    assert list(table["input"].unique()) == list(odd)
    array = x[["a", "größe"]].to_numpy()
    fit = fitted(array, y)
    assert fit.effects(array)["input"].tolist() == ["x1", "x2"]
    assert fit.effects(array, variables="x2")["input"].tolist() == ["x2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"variables": "b"}, '`variables` must be names of columns of the fit, not "b"'),
        ({"variables": []}, "not none"),
        ({"at": {"b": 1}}, "`at` must be a mapping or a data frame whose names are columns"),
        ({"at": {"a": [1, 2], "l": [True, False, True]}}, "equally many where"),
        ({"at": {"a": np.nan}}, "`at` must be without missing values"),
        ({"at": {"a": "x"}}, "numbers where training had numbers"),
        ({"step": 0}, "`step` must be a finite number above 0, not 0"),
        ({"step": {"b": 1}}, "names of columns of the fit"),
        ({"step": 0.1}, "where a column is constant in the rows"),
        ({"sample_weight": [1, 2]}, "as long as `x`"),
        ({"offset": np.zeros(ROWS)}, "the fit was fitted without one"),
    ],
)
def test_errors_name_the_argument(data, arguments, message):
    x, y = data
    fit = fitted(x, y, epochs=1)
    with pytest.raises(ArgumentError) as problem:
        fit.effects(x, **arguments)
    assert message in str(problem.value)


def test_without_rows_every_column_needs_a_value(data):
    x, y = data
    fit = fitted(x, y, epochs=1)
    with pytest.raises(ArgumentError, match="left out where `at` has a value for every column"):
        fit.effects(at={"a": 1})
    with pytest.raises(ArgumentError, match="`level` must be"):
        fitted(x, y, n_models=2, epochs=1).effects(x, level=0)

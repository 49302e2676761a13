"""A fit with an offset: R's formulas make them, and Python predicts with what it is told."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError, continue_training, load, two_layer
from pytwolayer.cli.main import main
from pytwolayer.models.load import from_bytes
from pytwolayer.models.model_file import to_bytes
from pytwolayer.preprocessing.offset import remove_offset

RNG = np.random.default_rng(3)
X = pd.DataFrame({"a": RNG.normal(size=40), "b": RNG.uniform(size=40)})
EXPOSURE = RNG.uniform(1, 20, size=40)
Y = pd.Series(RNG.poisson(EXPOSURE * np.exp(0.3 * X["a"])), dtype=float)
OFFSET = np.log(EXPOSURE)
QUICK = {"epochs": 5, "hidden_units": 4, "seed": 1, "verbose": False}


def with_offset(loss="mse", **more):
    """As R's bridge makes it."""
    y, weights = remove_offset(Y, None, OFFSET, loss, "importance")
    fit = two_layer(X, y, sample_weight=weights, loss=loss, **QUICK, **more)
    if "n_models" in more:
        return replace(fit, models=tuple(replace(each, offset=True) for each in fit.models))
    return replace(fit, offset=True)


@pytest.mark.parametrize("loss", ["mse", "poisson"])
def test_predictions_are_those_of_the_rest_with_the_offset_put_back(loss):
    fit = with_offset(loss)
    rest = replace(fit, offset=False).predict(X)
    whole = rest * np.exp(OFFSET) if loss == "poisson" else rest + OFFSET
    np.testing.assert_array_equal(fit.predict(X, offset=OFFSET), whole)
    np.testing.assert_array_equal(fit.predict_raw(X), replace(fit, offset=False).predict_raw(X))


def test_the_poisson_loss_with_an_offset_is_that_of_weighted_rates_but_for_a_constant():
    y, weights = remove_offset(Y, None, OFFSET, "poisson", "importance")
    (y,) = y.columns
    for rate in (0.5, 2.0):
        counts = rate * EXPOSURE - Y * (np.log(rate) + OFFSET)
        rates = weights * (rate - y * np.log(rate))
        np.testing.assert_allclose(counts - rates, -Y * OFFSET, atol=1e-12)


@pytest.mark.parametrize("again", [lambda fit: fit, lambda fit: from_bytes(to_bytes(fit))])
def test_no_way_predicts_without_the_offset(again):
    fit = again(with_offset())
    for call in (fit.predict, lambda x: fit.score(x, Y)):
        with pytest.raises(ArgumentError, match=r"`offset` must be given.*not missing"):
            call(X)


def test_no_way_of_several_predicts_without_the_offset(tmp_path):
    fits = with_offset(n_models=3)
    fits.save(tmp_path / "m.safetensors")
    for each in (fits, load(tmp_path / "m.safetensors")):
        for name in ("predict", "predict_all", "predict_spread", "predict_interval"):
            with pytest.raises(ArgumentError, match=r"`offset` must be given.*not missing"):
                getattr(each, name)(X)
        with pytest.raises(ArgumentError, match=r"`offset` must be given.*not missing"):
            each.score(X, Y)
        alone = [model.predict(X, offset=OFFSET) for model in each.models]
        np.testing.assert_allclose(each.predict(X, offset=OFFSET), np.mean(alone, axis=0))
        low, high = each.predict_interval(X, offset=OFFSET)
        assert (low >= np.min(alone, axis=0)).all()
        assert (high <= np.max(alone, axis=0)).all()
        spread = each.predict_spread(X, offset=OFFSET)
        np.testing.assert_allclose(spread, np.std(alone, axis=0, ddof=1))


def test_an_offset_is_checked():
    fit = with_offset()
    for offset, said in [
        (OFFSET[:3], "3 rows long"),
        (np.where(OFFSET > 1, np.inf, OFFSET), "infinite"),
        (["a"] * 40, "numbers"),
        (np.column_stack([OFFSET, OFFSET]), "a vector"),
    ]:
        with pytest.raises(ArgumentError, match="`offset`") as problem:
            fit.predict(X, offset=offset)
        assert said in str(problem.value)
    gaps = np.where(np.arange(40) == 3, np.nan, OFFSET)
    assert np.flatnonzero(np.isnan(fit.predict(X, offset=gaps))).tolist() == [3]
    assert fit.predict(X[:0], offset=[]).shape == (0,)


def test_a_fit_without_an_offset_takes_none():
    for more in ({}, {"n_models": 2}):
        for y in (Y, pd.Series(np.where(Y > 3, "u", "v"))):
            fit = two_layer(X, y, **QUICK, **more)
            with pytest.raises(ArgumentError, match="`offset` must be left out"):
                fit.predict(X, offset=OFFSET)
            assert b'"offset"' not in b"".join(
                to_bytes(each) for each in (fit.models if more else (fit,))
            ).replace(b"data_offsets", b"")


def test_more_epochs_keep_the_offset():
    y, _ = remove_offset(Y, None, OFFSET, "mse", "importance")
    longer = continue_training(with_offset(), X, y, epochs=2, verbose=False)
    assert longer.offset
    with pytest.raises(ArgumentError, match=r"outcome|`y`"):
        continue_training(with_offset(), X, Y, epochs=2, verbose=False)


def test_the_command_line_does_not_predict_without_the_offset(tmp_path, capsys):
    with_offset().save(tmp_path / "m.safetensors")
    X.to_csv(tmp_path / "x.csv", index=False)
    assert main(["predict", str(tmp_path / "m.safetensors"), str(tmp_path / "x.csv")]) != 0
    told = capsys.readouterr()
    assert "offset" in told.err
    assert ".pred" not in told.out


def test_a_file_of_classes_has_no_offset():
    fit = two_layer(X, pd.Series(np.where(Y > 3, "u", "v")), **QUICK)
    with pytest.raises(Exception, match="it has an offset"):
        from_bytes(to_bytes(replace(fit, offset=True)))


@pytest.mark.parametrize("more", [{}, {"n_models": 2}])
def test_its_predictions_cannot_go_to_a_file(more, tmp_path):
    said = "`output` must be predictions of a fit without an offset, .* not those of one with an"
    with pytest.raises(ArgumentError, match=said):
        with_offset(**more).predict(X, output=tmp_path / "p.csv")
    assert not list(tmp_path.iterdir())

"""Numbers coded in pieces: knots, inputs, odd columns, and the fits that use them."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError, two_layer
from pytwolayer.preprocessing import row_source, standardize
from pytwolayer.preprocessing.column import Column
from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.preprocessing.piecewise import PiecewiseCoding
from pytwolayer.preprocessing.standardize import NumberCoding, write_standardized
from pytwolayer.preprocessing.table import read_table

RNG = np.random.default_rng(11)
QUICK = {"hidden_units": 4, "epochs": 4, "seed": 1, "verbose": False}
HUGE = 1e300


def coding_of(values, weights=None, limit=None, pieces=8):
    values = np.asarray(values, dtype=float)
    weights = None if weights is None else np.asarray(weights, dtype=float)
    return PiecewiseCoding.fit("x", values, weights, limit, pieces)


def encoded(values, **how):
    """Give encoder and matrix of one column."""
    table = read_table("x", pd.DataFrame({"a": values}))
    encoder = Encoder.fit("x", table, encoding="piecewise", **how)
    return encoder, encoder.encode("x", table).x.numpy()


def plain(coding: PiecewiseCoding, values: Any) -> Any:
    """Give the inputs as the page on the file's format defines them, number by number."""
    rows = []
    for value in values:
        row = []
        for j, (center, scale) in enumerate(zip(coding.center, coding.scale, strict=True)):
            share = (value - coding.knots[j]) / (coding.knots[j + 1] - coding.knots[j])
            share = share if j == 0 else max(share, 0.0)
            share = share if j == len(coding.center) - 1 else min(share, 1.0)
            z = 0.0 if scale == 0 else (share - center) / scale
            limit = np.inf if coding.limit is None else coding.limit
            row.append(min(max(z, -limit), limit))
        rows.append(row)
    with np.errstate(over="ignore"):
        return np.array(rows, dtype=np.float64).astype(np.float32)


# Knots


def test_knots_are_values_of_the_column_and_no_interpolation():
    values = RNG.permutation(np.arange(1.0, 21) ** 2)
    assert coding_of(values, pieces=4).knots == (1.0, 25.0, 100.0, 225.0, 400.0)
    assert coding_of(values, pieces=3).knots == (1.0, 49.0, 196.0, 400.0)


@pytest.mark.parametrize("pieces", [2, 3, 7, 8, 10, 64])
@pytest.mark.parametrize("rows", [9, 50, 70])
def test_knots_are_the_smallest_values_that_reach_their_share(pieces, rows):
    values = RNG.integers(0, 12, size=rows).astype(float)
    weights = RNG.integers(1, 5, size=rows)
    written_out = np.sort(np.repeat(values, weights))
    n = len(written_out)
    places = [max(-(-j * n // pieces), 1) - 1 for j in range(pieces + 1)]
    wanted = tuple(np.unique(written_out[places]).tolist())
    assert coding_of(values, weights, pieces=pieces).knots == wanted
    assert coding_of(written_out, pieces=pieces).knots == wanted


@pytest.mark.parametrize("factor", [1 / 3, 0.1, 7.7, 1e-30, 1e30])
def test_the_scale_of_weights_and_the_order_of_rows_move_no_knot(factor):
    values = RNG.normal(size=96).round(1)
    weights = RNG.integers(1, 4, size=96).astype(float)
    order = RNG.permutation(96)
    expected = coding_of(values, weights).knots
    assert coding_of(values[order], weights[order] * factor).knots == expected


def test_equal_quantiles_are_one_knot():
    coding = coding_of([0.0] * 10 + [1, 2, 3, 4, 5, 6])
    assert coding.knots == (0.0, 2.0, 4.0, 6.0)
    assert coding.width == 3


def test_zero_has_one_sign():
    knots = [
        coding_of(values).knots for values in ([0.0, -0.0, 1, 2, 3, 4], [-0.0, 0.0, 1, 2, 3, 4])
    ]
    assert repr(knots[0]) == repr(knots[1])
    assert not np.signbit(knots[0][0])


# Columns that stay one input


@pytest.mark.parametrize(
    "values",
    [
        [7.0] * 9,
        [0.1] * 9,
        [0.0, 1.0] * 5,
        [1.0, 2.0, 3.0, 4.0] * 3,
        [0.0] * 100 + [1.0, 2.0, 3.0, 4.0],  # five values, but two quantiles
        [1e5 + 1e-11 * n for n in range(9)],  # differ by rounding alone
    ],
)
def test_a_column_without_enough_values_or_knots_stays_a_number(values):
    assert coding_of(values) == NumberCoding.fit("x", np.array(values), None)
    assert coding_of(values, limit=2.0).limit == 2.0


def test_five_different_numbers_are_enough():
    assert coding_of([1.0, 2, 3, 4, 5]).knots == (1, 2, 3, 4, 5)


def test_logicals_stay_and_whole_numbers_are_numbers():
    frame = pd.DataFrame({"yes": [True, False] * 6, "n": range(12), "kind": list("ab") * 6})
    encoder = Encoder.fit("x", read_table("x", frame), encoding="piecewise", pieces=3)
    assert encoder.inputs == ["yes", "n_1", "n_2", "n_3", "kind_a", "kind_b"]
    assert encoder.width == 6
    nameless = Encoder.fit("x", read_table("x", [[n] for n in range(9)]), encoding="piecewise")
    assert nameless.inputs == [f"x1_{piece}" for piece in range(1, 9)]


# Inputs


@pytest.mark.parametrize("limit", [None, 1.1, 5.0])
def test_the_inputs_are_what_the_page_says(limit):
    values = RNG.normal(size=70)
    coding = coding_of(values, limit=limit)
    new = np.concatenate([values, coding.knots, [-9.0, 9.0, 0.0, -1e6, 1e6, 1e-320]])
    found = np.empty((len(new), coding.width), dtype=np.float32)
    write_standardized([coding], [Column("a", "number", new)], found)
    assert np.array_equal(found, plain(coding, new))


def test_each_input_has_mean_0_and_deviation_1_and_weights_count():
    values, weights = RNG.normal(size=60), RNG.integers(1, 4, size=60)
    _, matrix = encoded(values)
    np.testing.assert_allclose(matrix.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(matrix.std(axis=0), 1, atol=1e-6)
    weighted, repeated = coding_of(values, weights), coding_of(np.repeat(values, weights))
    assert weighted.knots == repeated.knots
    np.testing.assert_allclose(weighted.center, repeated.center)
    np.testing.assert_allclose(weighted.scale, repeated.scale)


def test_an_input_rises_along_its_piece_alone():
    _, matrix = encoded(np.arange(17.0), pieces=4)
    steps = np.diff(matrix, axis=0)
    assert (np.count_nonzero(steps, axis=0) == 4).all()
    assert (steps >= 0).all()
    assert (np.count_nonzero(steps, axis=1) == 1).all()


@pytest.mark.parametrize("rows", [0, 1, 6, 7, 8, 50])
@pytest.mark.parametrize("limit", [None, 1.1])
def test_blocks_of_rows_change_no_bit(rows, limit, monkeypatch):
    columns = [Column(str(n), "number", RNG.normal(size=rows) * 10.0**n) for n in range(3)]
    codings = [coding_of(RNG.normal(size=30) * 10.0**n, limit=limit, pieces=3) for n in range(3)]
    codings[1] = NumberCoding(0.1, 3.0, limit)
    whole = np.full((rows, 9), 7, dtype=np.float32)
    write_standardized(codings, columns, whole[:, 1:8])
    monkeypatch.setattr(row_source, "BLOCK_ROWS", 7)
    monkeypatch.setattr(standardize, "_GROUP", 2)
    blocks = np.full((rows, 9), 7, dtype=np.float32)
    write_standardized(codings, columns, blocks[:, 1:8])
    assert np.array_equal(whole, blocks)
    assert (whole[:, [0, 8]] == 7).all()
    each = [plain(c, column.values) for c, column in zip(codings[::2], columns[::2], strict=True)]
    assert np.array_equal(whole[:, 1:4], each[0].reshape(rows, 3))
    assert np.array_equal(whole[:, 5:8], each[1].reshape(rows, 3))


# Far values


def test_far_new_values_go_on_along_the_first_and_the_last_piece_until_the_limit():
    values = np.arange(17.0)
    coding = coding_of(values, pieces=4, limit=3.0)
    new = np.array([-HUGE, -40.0, -0.1, 16.1, 60.0, HUGE])
    found = np.empty((6, 4), dtype=np.float32)
    write_standardized([coding], [Column("a", "number", new)], found)
    assert (found[:, 0] == np.float32(-3)).tolist() == [True, True, False, False, False, False]
    assert (found[:, 3] == np.float32(3)).tolist() == [False, False, False, False, True, True]
    assert len(np.unique(found[3:, :3], axis=0)) == 1
    assert len(np.unique(found[:3, 1:], axis=0)) == 1


@pytest.mark.parametrize("far", [HUGE, -HUGE, 1.7e308, -1.7e308])
def test_a_far_new_value_without_a_limit_is_an_error_that_names_the_column(far):
    frame = pd.DataFrame({"near": RNG.normal(size=12), "a": np.arange(12.0)})
    fit = two_layer(frame, frame["a"], encoding="piecewise", input_clip=None, **QUICK)
    new = frame.assign(a=[far, *frame["a"][1:]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(
            ArgumentError, match=r"must be numbers of the size seen in training.* in column \"a\""
        ):
            fit.predict(new)
    clipped = two_layer(frame, frame["a"], encoding="piecewise", **QUICK)
    assert np.isfinite(clipped.predict(new)).all()


def test_a_far_training_value_does_not_blur_the_others():
    near = np.arange(16.0)
    _, matrix = encoded(np.append(near, HUGE / 1e150), limit=5.0)
    assert np.isfinite(matrix).all()
    assert len(np.unique(matrix[:15], axis=0)) == 15


def test_numbers_too_large_to_standardise_are_an_error_as_with_linear():
    with pytest.raises(ArgumentError, match=r"`x` must be numbers small enough to be standardised"):
        coding_of([-HUGE, -1, 0, 1, 2, HUGE])


@pytest.mark.parametrize("size", [5e-324, 1e-310, 1e-160, 1e150])
def test_tiny_and_large_numbers_have_pieces_too(size):
    values = size * np.arange(1.0, 18)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoder, matrix = encoded(values, pieces=4, limit=5.0)
    assert encoder.width == 4
    assert np.isfinite(matrix).all()
    assert len(np.unique(matrix, axis=0)) == 17


# Fits

FRAME = pd.DataFrame(
    {
        "a": RNG.normal(size=60),
        "n": RNG.integers(0, 30, size=60),
        "yes": RNG.random(60) < 0.5,
        "kind": pd.Categorical(RNG.choice(list("xyz"), 60)),
        "same": 3.0,
    }
)
Y = np.abs(FRAME["a"].to_numpy()) + FRAME["yes"]


def weights_of(fit):
    return [p.tolist() for p in fit.network.parameters()]


def test_auto_is_linear_and_pieces_do_not_matter_to_it():
    fits = [
        two_layer(FRAME, Y, **QUICK),
        two_layer(FRAME, Y, encoding="linear", pieces=3, **QUICK),
    ]
    assert [fit.settings.encoding for fit in fits] == ["linear", "linear"]
    assert [fit.settings.pieces for fit in fits] == [8, 3]
    assert weights_of(fits[0]) == weights_of(fits[1])


def test_a_fit_in_pieces_bends_where_a_linear_one_cannot():
    options = {"activation": "identity", "epochs": 300, "hidden_units": 4, "verbose": False}
    x = np.linspace(-2, 2, 80)[:, None]
    scores = [
        two_layer(x, np.abs(x[:, 0]), encoding=e, seed=1, **options).score(x, np.abs(x[:, 0]))
        for e in ("linear", "piecewise")
    ]
    assert scores[0] < 0.1
    assert scores[1] > 0.9


@pytest.mark.parametrize("batch_size", [None, 16])
def test_frequencies_are_rows_written_out_bit_for_bit(batch_size):
    times = RNG.integers(1, 4, size=60)
    options = QUICK | {"encoding": "piecewise", "batch_size": batch_size}
    given = two_layer(FRAME, Y, sample_weight=times, weight_type="frequency", **options)
    rows = np.repeat(np.arange(60), times)
    written_out = two_layer(FRAME.iloc[rows], Y[rows], **options)
    assert given.inputs == written_out.inputs
    assert weights_of(given) == weights_of(written_out)


def test_knots_are_of_the_training_rows_alone_and_missing_rows_do_not_count():
    frame = FRAME.assign(a=FRAME["a"].where(FRAME.index != 3))
    options = QUICK | {"encoding": "piecewise", "batch_size": 8}  # no rows are merged
    with pytest.warns(UserWarning, match="1 of 60 rows left out"):
        fit = two_layer(frame, Y, validation=np.arange(40, 60), **options)
    rows = [row for row in range(40) if row != 3]
    assert fit.inputs == two_layer(FRAME.iloc[rows], Y[rows], **options).inputs
    predicted = fit.predict(frame)
    assert np.isnan(predicted[3])
    assert np.isfinite(np.delete(predicted, 3)).all()


def test_a_bootstrap_resample_has_knots_of_its_own():
    several = two_layer(FRAME, Y, n_models=3, bootstrap=True, encoding="piecewise", **QUICK)
    assert len({model.inputs for model in several.models}) == 3
    assert np.isfinite(several.predict(FRAME)).all()


def test_more_epochs_keep_the_pieces():
    from pytwolayer import continue_training

    fit = two_layer(FRAME, Y, encoding="piecewise", pieces=5, **QUICK)
    more = continue_training(fit, FRAME, Y, epochs=2, verbose=False)
    assert more.inputs == fit.inputs
    assert (more.settings.encoding, more.settings.pieces) == ("piecewise", 5)


def test_a_constant_column_is_ignored_whatever_new_data_hold():
    fit = two_layer(FRAME, Y, encoding="piecewise", **QUICK)
    assert fit.inputs.codings[-1] == NumberCoding(3.0, 0.0, 5.0)
    assert fit.predict(FRAME.assign(same=9.0)).tolist() == fit.predict(FRAME).tolist()

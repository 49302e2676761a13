"""The table encoder: standardised numbers, one-hot levels, and new data like the old."""

import warnings

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError
from pytwolayer.errors import UnseenLevelWarning
from pytwolayer.preprocessing.block_writer import LevelCoding
from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.preprocessing.standardize import NumberCoding
from pytwolayer.preprocessing.table import read_table
from pytwolayer.runtime.torch_loading import torch

NUMBERS = [[1.0, 10.0], [2.0, 30.0], [4.0, 20.0]]
NAN = float("nan")
MIXED = pd.DataFrame(
    {
        "size": [1.0, 2.0, 3.0, 4.0],
        "kind": pd.Categorical(["b", "a", "b", "a"], categories=["b", "z", "a"]),
        "yes": [True, False, False, False],
        "word": ["über", "Alpha", "über", "beta"],
    }
)


def encoder_of(data, weights=None, limit=None):
    return Encoder.fit("x", read_table("x", data), weights, limit)


def encoded(encoder, data):
    table = encoder.read("x", data)
    return encoder.encode("x", table.take(table.complete())).x


def scale_of(*values):
    return encoder_of([[value] for value in values]).codings[0].scale


# Numbers


def test_a_standardised_column_has_mean_0_and_deviation_1():
    draws = np.random.default_rng(0).normal(size=(1000, 2)) * [1e-3, 1e6] + [5, -1e6]
    matrix = encoded(encoder_of(draws), draws)
    assert matrix.dtype == torch.float32
    assert tuple(matrix.shape) == (1000, 2)
    np.testing.assert_allclose(matrix.double().mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(matrix.double().std(0, correction=0), 1, rtol=1e-5)


def test_center_and_scale_are_mean_and_population_deviation():
    codings = encoder_of(NUMBERS).codings
    np.testing.assert_allclose([c.center for c in codings], np.mean(NUMBERS, axis=0))
    np.testing.assert_allclose([c.scale for c in codings], np.std(NUMBERS, axis=0))


def test_weighted_center_and_scale_are_those_of_repeated_rows():
    weighted = encoder_of(NUMBERS, np.array([3.0, 1.0, 2.0])).codings
    repeated = encoder_of(np.repeat(NUMBERS, [3, 1, 2], axis=0)).codings
    for ours, theirs in zip(weighted, repeated, strict=True):
        assert ours.center == pytest.approx(theirs.center, rel=1e-14)
        assert ours.scale == pytest.approx(theirs.scale, rel=1e-14)


def test_standardising_works_in_doubles_until_the_last_cast():
    values = 1e9 + np.array([0.0, 1.0, 2.0])  # float32 does not tell these apart
    matrix = encoded(encoder_of(values[:, None]), values[:, None])
    np.testing.assert_allclose(matrix[:, 0], [-(1.5**0.5), 0, 1.5**0.5], rtol=1e-6)


@pytest.mark.parametrize("value", [0.0, 0.1, -3.0, 1e15 + 0.3, 1e-300, 5e-324, 1e150])
@pytest.mark.parametrize("rows", [1, 3, 10, 1001])
def test_a_constant_column_is_fed_as_zeros_whatever_it_holds_later(value, rows):
    encoder = encoder_of(np.full((rows, 1), value))
    assert encoder.codings[0].scale == 0
    for later in (value, value + 1, 0.0, 1e300):
        assert encoded(encoder, [[later]]).tolist() == [[0.0]]


def test_a_weighted_constant_column_is_constant_too():
    coding = encoder_of(np.full((3, 1), 0.1), np.array([0.3, 0.2, 0.7])).codings[0]
    assert coding.scale == 0


def test_a_column_that_varies_little_about_a_large_value_is_not_constant():
    assert scale_of(1e6, 1e6 + 1e-3) == pytest.approx(5e-4, rel=1e-3)


@pytest.mark.parametrize("size", [1e-150, 1e-200, 1e-300])
def test_a_column_of_tiny_numbers_is_standardised_too(size):
    assert scale_of(-size, size) == pytest.approx(size, rel=1e-6, abs=0)


@pytest.mark.parametrize("values", [[1e308, -1e308], [1e300, 1.0], [1e308] * 20, [1e200, -1e200]])
def test_numbers_too_large_to_standardise_are_an_error_without_a_warning(values):
    message = "`x` must be numbers small enough to be standardised, not numbers as large as 1e"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ArgumentError, match=message):
            scale_of(*values)


def test_numbers_beyond_float32_are_an_error_that_names_the_column():
    encoder = encoder_of(pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, 2.0]}))
    message = '`x` must be numbers of the size seen in training, not 1e\\+40 in column "b"'
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ArgumentError, match=message):
            encoded(encoder, pd.DataFrame({"a": [1.0], "b": [-1e40]}))


def test_a_limit_cuts_what_is_further_from_the_mean():
    data = np.array([[-1.0], [1.0], [-1.0], [1.0]])  # mean 0, deviation 1
    new = [[-1e300], [-2.5], [-2.0], [0.3], [2.0], [2.5], [1e300]]
    encoder = encoder_of(data, limit=2.0)
    expected = [[-2.0], [-2.0], [-2.0], [pytest.approx(0.3)], [2.0], [2.0], [2.0]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert encoded(encoder, new).tolist() == expected
    assert encoder_of(data, limit=2.0).codings[0].scale == encoder_of(data).codings[0].scale


def test_a_limit_changes_no_level_and_no_constant_column():
    data = MIXED.assign(same=3.0)
    cut = encoded(encoder_of(data, limit=0.1), data)
    assert torch.equal(cut[:, 1:3], encoded(encoder_of(data), data)[:, 1:3])
    assert not cut[:, -1].any()
    assert cut[:, 0].abs().max().item() == pytest.approx(0.1)


def test_layout_does_not_change_a_bit():
    draws = np.random.default_rng(1).normal(size=(257, 5))
    kinds = [
        draws,
        np.asfortranarray(draws),
        np.repeat(np.repeat(draws, 2, 0), 3, 1)[::2, ::3],
        pd.DataFrame(draws),
        pd.DataFrame({j: draws[:, j] for j in range(5)}),
        pd.DataFrame(np.asfortranarray(draws)),
        draws.tolist(),
        torch.from_numpy(draws),
        torch.from_numpy(np.asfortranarray(draws)),
    ]
    first = encoder_of(draws)
    for kind in kinds:
        encoder = encoder_of(kind)
        assert encoder.codings == first.codings
        assert torch.equal(encoded(encoder, kind), encoded(first, draws))


# Levels


def test_each_kind_of_column_has_its_coding():
    codings = encoder_of(MIXED).codings
    assert [type(coding) for coding in codings] == [
        NumberCoding, LevelCoding, NumberCoding, LevelCoding,
    ]  # fmt: skip
    assert [coding.width for coding in codings] == [1, 2, 1, 3]


def test_levels_are_those_seen_a_factors_in_its_order_and_texts_sorted():
    codings = encoder_of(MIXED).codings
    assert codings[1].levels == ("b", "a")
    assert codings[3].levels == ("Alpha", "beta", "über")


def test_levels_become_one_column_each_of_zeros_and_ones():
    matrix = encoded(encoder_of(MIXED), MIXED)
    assert tuple(matrix.shape) == (4, 7)
    assert matrix[:, 1:3].tolist() == [[1, 0], [0, 1], [1, 0], [0, 1]]
    assert matrix[:, 4:].tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 1], [0, 1, 0]]


def test_logicals_are_standardised_as_numbers():
    column = encoded(encoder_of(MIXED), MIXED)[:, 3]
    numbers = MIXED["yes"].astype(float).to_numpy()
    np.testing.assert_allclose(column, (numbers - 0.25) / np.std(numbers), rtol=1e-6)


def test_the_networks_inputs_have_names():
    assert encoder_of(MIXED).inputs == [
        "size", "kind_b", "kind_a", "yes", "word_Alpha", "word_beta", "word_über",
    ]  # fmt: skip
    assert encoder_of([[1, "u"], [2, "v"]]).inputs == ["x1", "x2_u", "x2_v"]


def test_a_factor_of_one_level_is_one_column_of_ones():
    data = pd.DataFrame({"only": ["u", "u"]})
    assert encoded(encoder_of(data), data).tolist() == [[1], [1]]


# New data


@pytest.mark.parametrize(
    "column",
    [
        ["a", "b"],
        pd.Series(["a", "b"], dtype="string"),
        pd.Categorical(["a", "b"]),
        pd.Categorical(["a", "b"], categories=["b", "q", "a"]),
        pd.Categorical(["a", "b"], ordered=True),
    ],
    ids=str,
)
def test_levels_are_known_by_name_not_by_code(column):
    encoder = encoder_of(pd.DataFrame({"kind": pd.Categorical(["b", "a"], categories=["b", "a"])}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        matrix = encoded(encoder, pd.DataFrame({"kind": column}))
    assert matrix.tolist() == [[0, 1], [1, 0]]


def test_a_level_that_training_did_not_see_is_missing_with_a_warning_naming_column_and_level():
    new = pd.DataFrame({"size": 1.0, "kind": ["a", "y", "ö", None], "yes": True, "word": "beta"})
    with pytest.warns(UnseenLevelWarning) as caught:
        table = encoder_of(MIXED).read("x", new)
    assert [str(warning.message) for warning in caught] == [
        'Levels that training did not see in column "kind": "y", "ö". '
        "The predictions of their rows are missing: fit again with such rows, or give them a level "
        "that training saw."
    ]
    assert table.complete().tolist() == [True, False, False, False]


def test_a_level_declared_but_without_rows_in_training_is_one_it_did_not_see():
    with pytest.warns(UnseenLevelWarning, match='in column "kind": "z"'):
        table = encoder_of(MIXED).read("x", MIXED.assign(kind=["z", "a", "b", "a"]))
    assert table.complete().tolist() == [False, True, True, True]


def test_a_level_declared_but_without_rows_in_new_data_is_no_matter():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = encoder_of(MIXED).read("x", MIXED)
    assert table.complete().all()


def test_every_column_with_new_levels_has_its_warning():
    new = MIXED.assign(kind="new", word="newer")
    with pytest.warns(UnseenLevelWarning) as caught:
        encoder_of(MIXED).read("x", new)
    assert [str(warning.message).split(":")[0][-6:] for warning in caught] == ['"kind"', '"word"']


def test_missing_values_of_every_kind_make_their_row_incomplete():
    new = pd.DataFrame(
        {
            "size": [NAN, 1, 1, 1, 1],
            "kind": pd.Categorical(["a", None, "a", "a", "a"]),
            "yes": pd.array([True, True, None, True, True], dtype="boolean"),
            "word": ["beta", "beta", "beta", None, "beta"],
        }
    )
    assert encoder_of(MIXED).read("x", new).complete().tolist() == [False] * 4 + [True]


@pytest.mark.parametrize("column", ["size", "kind", "yes", "word"])
def test_a_column_all_missing_fits_whatever_training_had(column):
    new = MIXED.assign(**{column: None})
    assert not encoder_of(MIXED).read("x", new).complete().any()


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("size", "text", "numbers where training had numbers, not text"),
        ("size", pd.Categorical(["1"] * 4), "numbers where training had numbers, not a factor"),
        ("yes", "TRUE", "numbers where training had numbers, not text"),
        ("kind", 1.0, "factors or text where training had them, not numbers"),
        ("word", True, "factors or text where training had them, not logicals"),
        ("word", pd.Timestamp("2020-01-01"), "numbers, logicals, factors or text, not dates"),
    ],
)
def test_a_column_of_another_kind_than_in_training_is_an_error(column, values, message):
    new = MIXED.assign(**{column: values})
    with pytest.raises(ArgumentError, match=f'^`x` must be {message} in column "{column}"'):
        encoder_of(MIXED).read("x", new)


def test_numbers_and_logicals_stand_for_one_another():
    assert encoder_of(MIXED).read("x", MIXED.assign(yes=[1, 0, 0, 0], size=True)).complete().all()


@pytest.mark.parametrize("encoding", ["linear", "piecewise"])
def test_numbers_too_large_to_standardise_name_their_column(encoding):
    frame = pd.DataFrame({"a": np.arange(20.0), "b": 1e308 * np.linspace(-1, 1, 20)})
    table = read_table("x", frame)
    with pytest.raises(ArgumentError, match=r'as large as 1e\+308 in column "b"\.$'):
        Encoder.fit("x", table, encoding=encoding)

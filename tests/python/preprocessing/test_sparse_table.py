"""A sparse matrix is the dense one of the same numbers."""

import warnings

import numpy as np
import pytest
from scipy import sparse

from pytwolayer import ArgumentError, TwoLayerClassifier, TwoLayerRegressor, two_layer
from pytwolayer.errors import DenseMatrixWarning
from pytwolayer.preprocessing import row_source, sparse_table
from pytwolayer.preprocessing.fingerprint import checksums
from pytwolayer.preprocessing.reading import read_training_data
from pytwolayer.preprocessing.table import columns_at, read_table

ROWS = 40
DENSE = np.random.default_rng(1).normal(size=(ROWS, 6))
DENSE[np.random.default_rng(2).random(DENSE.shape) < 0.7] = 0
Y = DENSE.sum(axis=1) + np.arange(ROWS) / 10
QUICK = {"epochs": 3, "hidden_units": 3, "seed": 1, "verbose": False, "batch_size": 10}
FORMATS = ("csr", "csc", "coo", "lil", "dok", "bsr", "dia")


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(row_source, "BLOCK_ROWS", 16)


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csr_array])
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("settings", [{}, {"validation": 0.3}, {"n_models": 2, "bootstrap": True}])
def test_every_format_gives_the_fit_of_the_dense_matrix(kind, name, settings):
    matrix = kind(DENSE).asformat(name)
    plain = two_layer(DENSE, Y, **QUICK, **settings)
    fit = two_layer(matrix, Y, **QUICK, **settings)
    assert fit.history.equals(plain.history)
    assert np.array_equal(fit.predict(matrix), plain.predict(DENSE))
    assert np.array_equal(fit.predict(matrix), fit.predict(DENSE))


def test_checksums_are_those_of_the_dense_matrix():
    sums = [checksums(read_training_data(x, Y), None) for x in (DENSE, sparse.csr_matrix(DENSE))]
    assert sums[0] == sums[1]


@pytest.mark.parametrize("dtype", ["float32", "int16", "bool"])
def test_types_are_those_of_the_dense_matrix(dtype):
    array = (DENSE * 10).astype(dtype)
    ours, theirs = (read_table("x", x) for x in (sparse.csr_array(array), array))
    for one, other in zip(ours.columns, theirs.columns, strict=True):
        assert one.kind == other.kind
        assert np.array_equal(one.values, other.values)


def test_values_of_one_place_are_added_and_the_users_matrix_stays():
    places = ([0, 0, 2], [1, 1, 0])
    matrix = sparse.coo_matrix(([1.0, 2.0, 5.0], places), shape=(20, 2)).tocsr()
    matrix.has_canonical_format = False
    stored = matrix.nnz
    assert read_table("x", matrix).columns[1].values.tolist() == [3.0] + [0.0] * 19
    twice = sparse.csr_matrix(([1.0, 2.0], [1, 1], [0, 2] + [2] * 19), shape=(20, 2))
    assert read_table("x", twice).columns[1].values[0] == 3
    assert (twice.nnz, matrix.nnz) == (2, stored)


def test_stored_zeros_missing_and_infinite_values_are_what_they_are():
    matrix = sparse.csr_matrix(DENSE)
    matrix.data[0] = 0
    assert read_table("x", matrix).complete().all()
    matrix.data[1] = np.nan
    assert int((~read_table("x", matrix).complete()).sum()) == 1
    matrix.data[2] = np.inf
    with pytest.raises(ArgumentError, match="infinite in column"):
        read_table("x", matrix)


def test_another_number_of_columns_in_new_rows_is_an_error():
    fit = two_layer(sparse.csr_matrix(DENSE), Y, **QUICK)
    with pytest.raises(ArgumentError, match="a table of 6 columns, not one of 5"):
        fit.predict(sparse.csr_matrix(DENSE[:, :5]))


@pytest.mark.parametrize("shape", [(0, 3), (5, 0)])
def test_no_rows_or_no_columns_is_an_error(shape):
    with pytest.raises(ArgumentError, match="at least one row and one column"):
        read_table("x", sparse.csr_matrix(shape))


def test_what_becomes_much_larger_is_told_once(monkeypatch):
    monkeypatch.setattr(sparse_table, "_LARGE", 100)
    matrix = sparse.random(ROWS, 60, density=0.02, format="csr", random_state=1)
    with pytest.warns(DenseMatrixWarning, match="sparse matrix, of 0 MiB, becomes dense") as told:
        fit = two_layer(matrix, Y, **QUICK)
    assert len(told) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit.predict(matrix)  # block by block


def test_some_columns_of_one_are_still_known_to_be_of_it():
    table = sparse_table.sparse_table(sparse.csr_matrix(DENSE))
    assert columns_at(table, [2, 0]).sparse_size == table.sparse_size > 0


@pytest.mark.parametrize("name", ["csr", "csc", "coo"])
def test_estimators_take_them(name):
    how = {"epochs": 3, "hidden_units": 3, "random_state": 1}
    matrix = sparse.csr_matrix(DENSE).asformat(name)
    numbers, classes = Y, np.where(Y > 2, "yes", "no")
    for estimator, y in ((TwoLayerRegressor, numbers), (TwoLayerClassifier, classes)):
        fit, plain = estimator(**how).fit(matrix, y), estimator(**how).fit(DENSE, y)
        assert fit.loss_curve_ == plain.loss_curve_
        assert np.array_equal(fit.predict(matrix), plain.predict(DENSE))
        assert fit.score(matrix, y) == plain.score(DENSE, y)
        assert fit.partial_fit(matrix, y).predict(matrix).shape == (ROWS,)

"""Fewer rows than features: the fit through the row space is the fit."""

import numpy as np
import pytest
import scipy.sparse as sp

from sk_softmax import SoftmaxRegression
from sk_softmax.rows import RowSpace, rows_of, single_threaded_blas


def in_rows(X):
    return rows_of(X, 3, has_intercept=True, n_threads=1)


def wide(n_rows=60, n_features=700, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_features))
    return X, np.arange(n_rows) % n_classes


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix, np.asfortranarray])
def test_coordinates_have_the_same_products_and_lift_back(kind):
    X, _ = wide()
    space = RowSpace(in_rows(kind(X)))
    np.testing.assert_allclose(space.coordinates @ space.coordinates.T, X @ X.T, atol=1e-9)
    coef = np.random.default_rng(1).normal(size=(3, 60))
    lifted = space.lift(coef)
    np.testing.assert_allclose(lifted @ X.T, coef @ space.coordinates.T, atol=1e-9)
    np.testing.assert_allclose(lifted @ lifted.T, coef @ coef.T, atol=1e-9)


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix])
def test_threads_do_not_change_the_coordinates(kind, monkeypatch):
    # Several pieces, which threads finish in any order.
    monkeypatch.setattr("sk_softmax.rows.row_space.NUMBERS_AT_ONCE", 2**13)
    X, _ = wide(n_rows=50, n_features=2000)
    with single_threaded_blas():  # as in a fit
        alone = RowSpace(in_rows(kind(X))).coordinates
        together = RowSpace(in_rows(kind(X)), n_threads=3).coordinates
    np.testing.assert_array_equal(together, alone)


def test_rows_that_repeat_or_vanish_lower_the_rank():
    X, _ = wide(20)
    assert RowSpace(in_rows(np.vstack([X, X, np.zeros((3, 700))]))).coordinates.shape == (43, 20)
    np.testing.assert_array_equal(
        RowSpace(in_rows(np.zeros((3, 10)))).coordinates, np.zeros((3, 1))
    )


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_the_optimum_is_that_of_the_rows_themselves(n_classes, fit_intercept, sparse, weighted):
    X, y = wide(n_classes=n_classes)
    X = np.where(np.abs(X) > 1, X, 0)
    weights = np.random.default_rng(1).random(len(y)) if weighted else None
    rows = sp.csr_matrix(X) if sparse else X
    parameters = dict(fit_intercept=fit_intercept, tol=1e-12, C=0.1)
    through = SoftmaxRegression(**parameters).fit(rows, y, weights)
    direct = SoftmaxRegression(solver="lbfgs", **parameters).fit(rows, y, weights)
    assert through.converged_
    np.testing.assert_allclose(through.coef_, direct.coef_, atol=1e-6 * np.abs(direct.coef_).max())
    assert through.loss_curve_[-1] == pytest.approx(direct.loss_curve_[-1], rel=1e-10)
    assert len(through.loss_curve_) == through.n_iter_[0] + 1
    assert through.duality_gap_ <= 1e-9


def test_a_small_feature_that_drowns_in_the_products_of_rows_is_not_lost():
    # Rows come in pairs that only the last feature tells apart, twelve orders below the others.
    rng = np.random.default_rng(0)
    pairs, y = np.repeat(rng.normal(size=(20, 100)), 2, axis=0), np.arange(40) % 2
    small = np.where(y == 1, 1e-9, -1e-9)[:, None]
    through = SoftmaxRegression(C=1e18).fit(np.hstack([1e3 * pairs, small]), y)
    alone = SoftmaxRegression(C=1e18).fit(small, y)
    assert RowSpace(in_rows(np.hstack([1e3 * pairs, small]))).coordinates.shape[1] == 20
    assert alone.loss_curve_[-1] < 0.5 * np.log(2)
    assert through.loss_curve_[-1] == pytest.approx(alone.loss_curve_[-1], rel=1e-3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_widths_and_running_out_of_iterations(dtype):
    X, y = wide()
    model = SoftmaxRegression().fit(X.astype(dtype), y)
    assert model.coef_.dtype == dtype
    assert model.score(X, y) == 1
    with pytest.warns(match="max_iter was reached"):
        model = SoftmaxRegression(max_iter=2, tol=1e-9).fit(X.astype(dtype), y)
    assert model.n_iter_.tolist() == [2]
    assert model.score(X, y) > 0.5


def test_rows_without_any_information():
    model = SoftmaxRegression().fit(np.zeros((4, 10)), [0, 1, 1, 1])
    np.testing.assert_array_equal(model.coef_, 0)
    np.testing.assert_allclose(model.predict_proba(np.zeros((1, 10))), [[0.25, 0.75]], rtol=1e-4)


def test_iterations_are_reported_once_and_counted_on(capsys):
    X, y = wide()
    model = SoftmaxRegression(verbose=1).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert [int(line.split()[0]) for line in lines] == list(range(model.n_iter_[0] + 1))

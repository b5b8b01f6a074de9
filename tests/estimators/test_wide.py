"""Fewer rows than features: the fit through the row space is the fit."""

import numpy as np
import pytest
import scipy.sparse as sp
from oracle import Definition, Penalty, Scaled

from sk_softmax import SoftmaxRegression
from sk_softmax.objective.kernel_hessian import MOST_SUBTRACTED, Kernel
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


def test_more_coordinates_than_a_full_metric_takes_suit_a_diagonal():
    # Columns that are correlated: pivots of very different lengths.
    rng = np.random.default_rng(0)
    X, _ = wide()
    X = X + 30 * rng.normal(size=(60, 3)) @ rng.normal(size=(3, 700))
    for is_diagonal, most in [(False, None), (False, 60), (True, 59)]:
        space = RowSpace(in_rows(X), 1, most)
        gram = space.coordinates.T @ space.coordinates
        off_diagonal = np.abs(gram - np.diag(gram.diagonal())).max()
        assert (off_diagonal <= 1e-10 * gram.max()) == is_diagonal
        np.testing.assert_allclose(space.coordinates @ space.coordinates.T, X @ X.T, rtol=1e-9)
        coef = rng.normal(size=(3, 60))
        np.testing.assert_allclose(
            space.lift(coef) @ X.T, coef @ space.coordinates.T, atol=1e-9 * np.abs(X @ X.T).max()
        )
    # Rows that are nearly orthogonal do not need eigenvectors, which take far longer.
    X, _ = wide()
    np.testing.assert_array_equal(
        RowSpace(in_rows(X), 1, 59).coordinates, RowSpace(in_rows(X)).coordinates
    )


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


def hard_rows(kind, n_classes):
    """Return 40 rows of 100 features, hard for products of rows, and classes that overlap."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 100))
    y = (X[:, :4] @ rng.normal(size=(4, n_classes)) + rng.gumbel(size=(40, n_classes))).argmax(1)
    units = 10.0 ** rng.normal(scale=2, size=100)
    repeated = np.repeat(X[:15], 3, axis=0)[:40]
    return {
        "far columns": X + 1e4 * rng.normal(size=100),
        "bad units": X * units,
        "repeated rows": repeated,
        "rows that nearly repeat": repeated + 1e-7 * rng.normal(size=X.shape),
        "two scales": np.hstack([1e3 * repeated[:, :70], 1e-4 * X[:, 70:]]),
    }[kind], y


def least_value_elsewhere(X, y, C):
    """Return the value that Newton's method finds in coordinates by Householder reflections.

    Features are sorted by size, so that a small one keeps its digits beside a large one.
    """
    X = X.astype(np.float64)
    X = X - X.mean(axis=0)
    order = np.argsort(-np.linalg.norm(X, axis=0))
    problem = Scaled(Definition(np.linalg.qr(X[:, order].T, mode="r").T, y, Penalty(C)))
    flat, value = np.zeros(problem.l2.size), np.inf
    while True:
        here, gradient = problem.smooth(flat)
        if not here < value * (1 - 1e-14):
            return here
        value = here
        hessian = problem.hessian(flat, np.ones(flat.size, dtype=bool))
        unit = 1 / np.sqrt(hessian.diagonal())
        step, *_ = np.linalg.lstsq(hessian * unit * unit[:, None], unit * gradient, rcond=1e-15)
        sizes = 0.5 ** np.arange(40)
        values = [problem.smooth(flat - size * unit * step)[0] for size in sizes]
        flat = flat - sizes[np.argmin(values)] * unit * step


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("C", [1e-3, 1.0, 1e3, 1e6])
@pytest.mark.parametrize(
    "kind",
    ["far columns", "bad units", "repeated rows", "rows that nearly repeat", "two scales"],
)
def test_hard_rows_are_fitted_to_the_optimum_of_their_definition(kind, C, n_classes):
    X, y = hard_rows(kind, n_classes)
    model = SoftmaxRegression(C=C).fit(X, y)
    found = Definition(X, y, Penalty(C)).value(model.coef_, model.intercept_)
    rounding = 16 * np.finfo(float).eps * max(1.0, np.abs(X @ model.coef_.T).max())
    assert model.converged_
    assert found <= (1 + 3e-6) * least_value_elsewhere(X, y, C) + rounding


@pytest.mark.parametrize("share", [1e-6, 1e-3, 0.5, 0.99, 1.01, 1e3])
@pytest.mark.parametrize("kind", ["far columns", "bad units"])
def test_fits_of_two_classes_by_products_of_rows_end_at_the_optimum(kind, share):
    X, y = hard_rows(kind, 2)
    # About the penalty at which such products no longer leave enough digits.
    C = share * 4 * MOST_SUBTRACTED / ((X - X.mean(axis=0)) ** 2).sum(axis=1).max()
    model = SoftmaxRegression(C=C).fit(X, y)
    found = Definition(X, y, Penalty(C)).value(model.coef_, model.intercept_)
    rounding = 16 * np.finfo(float).eps * max(1.0, np.abs(X @ model.coef_.T).max())
    assert model.converged_
    assert found <= (1 + 3e-6) * least_value_elsewhere(X, y, C) + rounding


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_two_classes_with_weights_an_offset_and_a_penalty_factor(fit_intercept):
    X, y = wide(n_rows=120, n_classes=2)
    rng = np.random.default_rng(1)
    given = dict(sample_weight=rng.choice([0.0, 1.0, 1e3], size=120), offset=rng.normal(size=120))
    parameters = dict(C=0.3, penalty_factor=np.full(700, 5.0), fit_intercept=fit_intercept)
    through = SoftmaxRegression(tol=1e-12, **parameters).fit(X, y, **given)
    direct = SoftmaxRegression(tol=1e-12, solver="lbfgs", **parameters).fit(X, y, **given)
    assert through.converged_
    np.testing.assert_allclose(through.coef_, direct.coef_, atol=1e-6 * np.abs(direct.coef_).max())
    assert through.loss_curve_[-1] == pytest.approx(direct.loss_curve_[-1], rel=1e-10)


@pytest.mark.parametrize(("n_different", "is_by_kernel"), [(120, True), (40, False)])
def test_two_classes_take_few_iterations(n_different, is_by_kernel, monkeypatch):
    asked = []
    by_kernel = Kernel.hessian
    monkeypatch.setattr(
        Kernel, "hessian", lambda *arguments: asked.append(1) or by_kernel(*arguments)
    )
    X, y = wide(n_rows=n_different)
    X, y = np.tile(X, (120 // n_different, 1)), np.arange(120) % 2
    model = SoftmaxRegression(C=100.0).fit(X, y)
    assert model.converged_
    assert bool(asked) == is_by_kernel  # rows that repeat have few coordinates
    if is_by_kernel:
        # At the end the last Hessian may say what is left.
        assert model.n_iter_[0] <= len(asked) <= model.n_iter_[0] + 1 <= 8


@pytest.mark.parametrize("kind", ["far columns", "repeated rows", "rows that nearly repeat"])
def test_hard_rows_in_float32(kind):
    X, y = hard_rows(kind, 3)
    X = X.astype(np.float32)
    model = SoftmaxRegression().fit(X, y)
    wide = X.astype(np.float64)
    found = Definition(wide, y, Penalty(1.0)).value(model.coef_.astype(float), model.intercept_)
    assert model.converged_
    assert found <= (1 + 3e-6) * least_value_elsewhere(X, y, 1.0) + np.finfo(np.float32).eps


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


def test_rows_whose_products_overflow_are_named():
    X, y = wide()
    X[:, 3] *= 1e160
    with pytest.raises(ValueError, match=r"column 3 of X .* Multiply the column by a constant"):
        SoftmaxRegression().fit(X, y)


def test_rows_without_any_information():
    model = SoftmaxRegression().fit(np.zeros((4, 10)), [0, 1, 1, 1])
    np.testing.assert_array_equal(model.coef_, 0)
    np.testing.assert_allclose(model.predict_proba(np.zeros((1, 10))), [[0.25, 0.75]], rtol=1e-4)


def test_iterations_are_reported_once_and_counted_on(capsys):
    X, y = wide()
    model = SoftmaxRegression(verbose=1).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert [int(line.split()[0]) for line in lines] == list(range(model.n_iter_[0] + 1))

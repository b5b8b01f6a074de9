"""Columns far from zero: a year, a date, a price. Fits are as good as on centred columns.

``r`` is the distance of a column from zero in its standard deviations. What a fit reports is held
against the oracle's minimum on the same columns less their origins, an exact difference.
"""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from oracle import Definition, Penalty, least_value
from rival import Problem
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import TimeSeriesSplit
from sklearn.preprocessing import StandardScaler

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV, softmax_path
from sk_softmax.solvers import LBFGS, SOLVERS

pytestmark = pytest.mark.slow

EPS = np.finfo(np.float64).eps
TOL = 1e-6

L2, L1, NET, GROUPED = {}, {"l1_ratio": 1.0}, {"l1_ratio": 0.5}, {"l1_ratio": 1.0, "grouped": True}
FORMS = [np.asarray, sp.csr_matrix, sp.csc_matrix, np.asfortranarray]


class Far:
    """Rows of overlapping classes, some columns of which are moved away from zero.

    Parameters
    ----------
    n_classes : int
        Two or more.
    origins : dict of int to float
        How far each column is moved, in standard deviations.
    """

    def __init__(self, n_classes, origins, n_rows=500, n_features=4, dtype=np.float64, seed=0):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((n_rows, n_features))
        logits = X @ rng.standard_normal((n_features, n_classes))
        self.y = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
        self.origin = np.zeros(n_features)
        for column, r in origins.items():
            self.origin[column] = r
        self.X = (X + self.origin).astype(dtype)
        self.near = self.X.astype(np.float64) - self.origin  # exact: the two are within a factor 2

    def least(self, C=1.0, l1_ratio=0.0):
        return least_value(Definition(self.near, self.y, Penalty(C, l1_ratio)))

    def value(self, coef, intercept, C=1.0, l1_ratio=0.0):
        """The objective of reported coefficients, without the rounding of a product with X."""
        coef = np.asarray(coef, dtype=np.longdouble)
        there = np.asarray(intercept, dtype=np.longdouble) + coef @ self.origin
        there -= there.mean() if len(there) > 1 else 0
        definition = Definition(self.near, self.y, Penalty(C, l1_ratio))
        return definition.value(coef.astype(np.float64), there.astype(np.float64))

    def above(self, model, C=1.0, l1_ratio=0.0):
        """How far a fit is above the minimum, relative to it."""
        least = self.least(C, l1_ratio)
        return (self.value(model.coef_, model.intercept_, C, l1_ratio) - least) / least


def fitted(far, form=np.asarray, **parameters):
    return SoftmaxRegression(**parameters).fit(form(far.X), far.y)


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("r", [1e2, 1e4, 8e7, 1e9])
@pytest.mark.parametrize("penalty", [L2, L1, NET])
@pytest.mark.parametrize("form", FORMS[:3])
def test_fits_end_where_those_of_centred_columns_do(n_classes, r, penalty, form):
    far = Far(n_classes, {0: r})
    model = fitted(far, form, **penalty)
    assert model.converged_
    assert far.above(model, **penalty) <= 3 * TOL
    at_home = Far(n_classes, {0: 0.0})
    assert abs(model.n_iter_[0] - fitted(at_home, **penalty).n_iter_[0]) <= 3


@pytest.mark.parametrize("solver", ["auto", "proximal-lbfgs", "proximal-newton"])
@pytest.mark.parametrize("penalty", [L1, NET])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_all_columns_far_under_l1(solver, penalty, n_classes):
    far = Far(n_classes, dict.fromkeys(range(5), 1000.0), n_rows=100, n_features=5)
    model = fitted(far, solver=solver, **penalty)
    assert model.converged_
    assert far.above(model, **penalty) <= 3 * TOL
    assert model.n_iter_[0] <= 100


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("penalty", [L1, NET])
def test_a_calendar_year(form, penalty):
    rng = np.random.default_rng(0)
    far = Far(3, {})
    far.origin[1] = 2015.0
    far.near[:, 1] = rng.integers(-9, 10, size=500)
    far.X = far.near + far.origin
    model = fitted(far, form, **penalty)
    assert model.converged_
    assert far.above(model, **penalty) <= 3 * TOL
    assert model.n_iter_[0] <= 60


# What people measure: its origin, its spread, and the unit it is rounded to.
QUANTITIES = {
    "days of a month since 1970": (20_000.0, 9.0, 1.0),
    "days of years since 1900": (45_000.0, 400.0, 1.0),
    "seconds within minutes": (1.7e9, 20.0, 1.0),
    "seconds within days": (1.7e9, 1e5, 1.0),
    "prices of houses": (3e5, 9e4, 1.0),
    "prices of one share": (412.0, 3.0, 0.01),
    "pressures in Pa": (101_325.0, 800.0, 1.0),
    "pressures in hPa": (1013.0, 8.0, 0.1),
    "heights in m": (1.75, 0.1, 0.01),
    "heights in mm": (1750.0, 100.0, 1.0),
}


class Measured(Far):
    """A quantity, a flag that is mostly zero, and two standardised columns."""

    def __init__(self, name, n_classes):
        origin, spread, unit = QUANTITIES[name]
        rng = np.random.default_rng(len(name))
        Z = rng.standard_normal((400, 4))
        Z[:, 1] = rng.random(400) < 0.2
        logits = Z @ rng.standard_normal((4, n_classes))
        self.y = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
        self.origin = np.array([origin, 0.0, 0.0, 0.0])
        self.X = Z.copy()
        self.X[:, 0] = np.round((origin + spread * Z[:, 0]) / unit) * unit
        self.near = self.X - self.origin


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("penalty", [L2, L1])
@pytest.mark.parametrize("name", QUANTITIES)
def test_columns_as_people_have_them(name, penalty, n_classes):
    far = Measured(name, n_classes)
    for C in (1.0, 100.0):
        for form in (np.asarray, sp.csr_matrix):
            model = fitted(far, form, C=C, **penalty)
            assert model.converged_
            assert far.above(model, C, **penalty) <= 3 * TOL


@pytest.mark.parametrize("penalty", [L1, GROUPED, NET])
@pytest.mark.parametrize("form", FORMS)
def test_the_strongest_feature_enters_though_it_is_far(penalty, form):
    far = Far(3, {0: 1e4})
    near = clone(SoftmaxRegression(C=0.2, **penalty)).fit(far.near, far.y)
    model = fitted(far, form, C=0.2, **penalty)
    assert model.converged_
    np.testing.assert_allclose(model.coef_, near.coef_, atol=2e-4)
    assert np.abs(model.coef_[:, 0]).max() > 0.1


@pytest.mark.parametrize("shape", [(1300, 1100), (40, 1200)])
@pytest.mark.parametrize("r", [10.0, 1e4])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_more_columns_than_a_gram_matrix_is_measured_for(shape, r, n_classes):
    n_rows, n_features = shape
    far = Far(n_classes, dict.fromkeys(range(n_features), r), n_rows, n_features)
    reference = SoftmaxRegression(C=0.01, tol=1e-10).fit(far.near, far.y)
    least = reference.loss_curve_[-1]
    for solver in ("auto", "lbfgs"):
        model = fitted(far, C=0.01, solver=solver)
        assert model.converged_
        value = far.value(model.coef_, model.intercept_, C=0.01)
        assert value - least <= 3 * TOL * least
        assert model.n_iter_[0] <= 40


@pytest.mark.parametrize("r", [2.0, 8.0, 100.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_columns", [40, 150])
def test_columns_that_nearly_depend_on_one_another(n_columns, dtype, r):
    """Their own variance is less than rounding in float32 leaves of a matrix of far columns."""
    rng = np.random.default_rng(0)
    common = rng.normal(size=(2000, 10))
    X = common @ rng.normal(size=(10, n_columns)) + 0.03 * rng.normal(size=(2000, n_columns))
    y = (common[:, :4] + rng.normal(size=(2000, 4))).argmax(axis=1)
    X = StandardScaler().fit_transform(X)
    near = SoftmaxRegression(C=100.0, tol=1e-6).fit(X.astype(dtype), y)
    far = SoftmaxRegression(C=100.0, tol=1e-6).fit((X + r).astype(dtype), y)
    assert far.n_iter_[0] <= 1.5 * near.n_iter_[0]
    assert far.converged_
    assert far.objective(X + r, y) == pytest.approx(near.objective(X, y), rel=1e-5)


@pytest.mark.parametrize("r", [30.0, 300.0])
@pytest.mark.parametrize("n_columns", [30, 150])
def test_columns_that_nearly_depend_on_one_another_without_an_intercept(n_columns, r):
    """Nothing absorbs a shift, so float32 would see too little of them."""
    rng = np.random.default_rng(0)
    common = rng.normal(size=(3000, 8))
    X = common @ rng.normal(size=(8, n_columns)) + 0.05 * rng.normal(size=(3000, n_columns))
    X = X / X.std(axis=0) + r
    y = (common[:, :4] + rng.normal(size=(3000, 4))).argmax(axis=1)
    fitted = SoftmaxRegression(C=100.0, tol=1e-6, fit_intercept=False).fit(X, y)
    exact = SoftmaxRegression(C=100.0, tol=1e-10, fit_intercept=False, solver="newton-cholesky")
    assert fitted.converged_
    assert fitted.objective(X, y) == pytest.approx(exact.fit(X, y).objective(X, y), rel=1e-6)


@pytest.mark.parametrize("solver", ["gd", "lbfgs", LBFGS(precondition=False), "newton-cholesky"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("r", [1e3, 1e6])
def test_a_claim_to_have_converged_holds_for_solvers_that_see_columns_as_they_are(
    solver, fit_intercept, r
):
    far = Far(3, dict.fromkeys(range(4), r))
    model = SoftmaxRegression(solver=solver, fit_intercept=fit_intercept, max_iter=300)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(far.X, far.y)
    if not model.converged_:
        return
    if fit_intercept:
        assert far.above(model) <= 3 * TOL
        return
    # One more column of ones times r times the same coefficients: what is left without intercept.
    best = SoftmaxRegression(solver="newton-cholesky", fit_intercept=False, tol=1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        best.fit(far.X, far.y)
    assert model.loss_curve_[-1] <= best.loss_curve_[-1] * (1 + 3 * TOL)


@pytest.mark.parametrize("penalty", [L1, NET, GROUPED])
@pytest.mark.parametrize("solver", ["auto", "proximal-lbfgs"])
def test_a_claim_under_l1_without_intercept(penalty, solver):
    far = Far(3, dict.fromkeys(range(4), 1000.0))
    parameters = dict(fit_intercept=False, **penalty)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = SoftmaxRegression(solver=solver, max_iter=300, **parameters).fit(far.X, far.y)
        best = SoftmaxRegression(solver="proximal-newton", tol=1e-10, **parameters)
        best.fit(far.X, far.y)
    assert not model.converged_ or model.loss_curve_[-1] <= best.loss_curve_[-1] * (1 + 3 * TOL)


@pytest.mark.parametrize("penalty", [L2, L1, NET])
@pytest.mark.parametrize("r", [1e2, 9e4])
@pytest.mark.parametrize("form", [np.asarray, sp.csr_matrix])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_float32_is_as_good_as_its_values(penalty, r, form, n_classes):
    far = Far(n_classes, {0: r}, dtype=np.float32)
    X = form(far.X)
    model = SoftmaxRegression(**penalty).fit(X, far.y)
    assert model.converged_
    assert far.above(model, **penalty) <= 3 * TOL
    assert model.coef_.dtype == np.float32
    assert model.intercept_.dtype == np.float64
    wide = SoftmaxRegression(**penalty).fit(far.near, far.y).predict_proba(far.near)
    for other in (model, model.to_logistic_regression(), clone(model).fit(X, far.y).sparsify()):
        np.testing.assert_allclose(other.predict_proba(X), wide, atol=5e-4)
        np.testing.assert_allclose(other.predict_proba(X), model.predict_proba(X), atol=1e-9)


def test_values_without_digits_are_named():
    far = Far(3, {2: 1e6}, dtype=np.float32)
    with pytest.warns(UserWarning, match=r"column 2 differ by less than 84 roundings of float32"):
        model = fitted(far)
    assert far.above(model) <= 3 * TOL
    with pytest.warns(UserWarning, match=r"column 2 differ"):
        SoftmaxRegressionCV(Cs=[1.0], cv=3, scoring="accuracy").fit(far.X, far.y)
    Far(3, {2: 1e6})  # in float64 there are digits enough: no warning
    fitted(Far(3, {2: 1e6}))


@pytest.mark.parametrize("penalty", [{"l1_ratio": 0.0}, L1])
def test_a_path_and_a_cross_validation_speak_of_the_given_columns(penalty):
    far, C = Far(3, {0: 1e6, 3: -1e4}), 0.5
    path = softmax_path(far.X, far.y, Cs=[0.1, C], **penalty)
    assert path.converged.all()
    value = far.value(path.coefs[-1], path.intercepts[-1], C, **penalty)
    assert value <= far.least(C, **penalty) * (1 + 3 * TOL)
    ratios = [penalty["l1_ratio"]]
    cv = SoftmaxRegressionCV(Cs=[0.1, C], l1_ratios=ratios, cv=3, scoring="neg_log_loss")
    near = clone(cv).fit(far.near, far.y)
    cv.fit(far.X, far.y)
    np.testing.assert_allclose(cv.scores_, near.scores_, rtol=1e-4)
    paths = cv.coefs_paths_.copy()
    paths[..., -1] += paths[..., :-1] @ far.origin
    paths[..., -1] -= paths[..., -1].mean(axis=-1, keepdims=True)
    np.testing.assert_allclose(paths, near.coefs_paths_, atol=2e-3)
    assert far.above(cv, cv.C_, cv.l1_ratio_) <= 3 * TOL


def test_folds_in_the_order_of_time():
    far = Far(3, {})
    far.origin[0] = 1.7e9
    far.near[:, 0] = np.arange(500) * 60.0
    far.X = far.near + far.origin
    cv = SoftmaxRegressionCV(Cs=[0.01, 1.0], cv=TimeSeriesSplit(4), scoring="neg_log_loss")
    near = clone(cv).fit(far.near, far.y)
    cv.fit(far.X, far.y)
    assert cv.converged_
    np.testing.assert_allclose(cv.scores_, near.scores_, rtol=1e-3)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("penalty", [L2, L1])
def test_what_is_seen_on_the_way_is_of_the_given_columns(n_classes, penalty):
    far = Far(n_classes, {0: 1e8})
    model = SoftmaxRegression(keep_path=True, **penalty)
    model.fit(far.X, far.y, X_val=far.X, y_val=far.y)
    np.testing.assert_allclose(model.path_[-1], model.params_, rtol=1e-12)
    assert model.loss_curve_[-1] == pytest.approx(model.objective(far.X, far.y), rel=1e-12)
    of_rows = -model.predict_log_proba(far.X)[np.arange(500), far.y].mean()
    assert model.records_[-1].validation_loss == pytest.approx(of_rows, rel=1e-6)
    stopped = SoftmaxRegression(early_stopping=True, random_state=0, **penalty)
    near = clone(stopped).fit(far.near, far.y)
    stopped.fit(far.X, far.y)
    np.testing.assert_allclose(stopped.coef_, near.coef_, atol=1e-3)


@pytest.mark.parametrize("penalty", [L2, L1])
@pytest.mark.parametrize("r", [1e4, 1e8])
def test_a_fit_goes_on_from_its_own_end(penalty, r):
    far = Far(3, {0: r})
    model = fitted(far, warm_start=True, **penalty)
    model.fit(far.X, far.y)
    assert model.converged_
    assert model.n_iter_[0] <= 2
    assert far.above(model, **penalty) <= 3 * TOL


@pytest.mark.parametrize("penalty", [L2, L1])
def test_rows_without_weight_do_not_move_the_shift(penalty):
    far = Far(3, {0: 1e6}, n_rows=800)
    X, weight = far.X.copy(), np.ones(800)
    X[::2, 0], weight[::2] = 0.0, 0.0
    least = Definition(far.near[1::2], far.y[1::2], Penalty(1.0, penalty.get("l1_ratio", 0.0)))
    model = SoftmaxRegression(**penalty).fit(X, far.y, sample_weight=weight)
    there = model.intercept_ + model.coef_ @ far.origin
    minimum = least_value(least)
    assert least.value(model.coef_, there) <= minimum * (1 + 3 * TOL)


@pytest.mark.parametrize("C", [1.0, np.inf])
@pytest.mark.parametrize("constant", [1.0, 0.1, 1e8, -3.7e5])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_constant_column_gets_nothing(C, constant, n_classes):
    far = Far(n_classes, {0: 1e5}, n_rows=1000)
    far.X[:, 1] = constant
    for penalty in (L2, L1) if np.isfinite(C) else (L2,):
        model = SoftmaxRegression(C=C, **penalty).fit(far.X, far.y)
        assert model.converged_
        assert np.abs(model.coef_[:, 1]).max() <= 1e-9 / abs(constant)
        assert np.abs(model.coef_).max() < 10


@pytest.mark.parametrize("penalty", [L2, L1])
def test_values_one_rounding_apart_and_an_outlier(penalty):
    far = Far(3, {0: 1e3})
    X = far.X.copy()
    X[:, 1] = np.where(far.y == 1, 1.0, np.nextafter(1.0, 2.0))
    X[7, 0] = 1e12
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the first has no digits
        model = SoftmaxRegression(**penalty).fit(X, far.y)
    assert np.isfinite(model.params_).all()
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    assert model.duality_gap_ >= 0


@pytest.mark.parametrize("missing", [1, 40])
@pytest.mark.parametrize("form", [sp.csr_matrix, sp.csc_matrix, sp.csr_array])
@pytest.mark.parametrize("penalty", [L2, L1])
def test_zeros_that_are_not_stored(missing, form, penalty):
    # An outage of the sensor: its zeros are not stored.
    far = Far(3, {0: 50.0})
    far.X[:missing, 0] = 0.0
    near = far.X - far.origin
    reference = SoftmaxRegression(tol=1e-10, **penalty).fit(near, far.y)
    model = SoftmaxRegression(**penalty).fit(form(far.X), far.y)
    assert model.converged_
    np.testing.assert_allclose(model.coef_, reference.coef_, atol=5e-3)
    there = model.intercept_ + model.coef_ @ far.origin
    points = np.column_stack([model.coef_, there])[None]
    least = reference.loss_curve_[-1]
    assert reference.objective(near, far.y, params=points)[0] <= least * (1 + 3 * TOL)


@pytest.mark.parametrize("density", [0.5, 0.7, 0.89])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("solver", ["auto", "proximal-lbfgs"])
def test_sparse_columns_that_are_not_shifted(solver, n_classes, density):
    """With a tenth of zeros or more a column is at most three deviations from zero."""
    far = Far(n_classes, {}, n_features=6)
    is_stored = np.random.default_rng(1).random(far.X.shape) < density
    far.X = far.near = np.where(is_stored, 1 + 0.1 * far.X, 0.0)
    ratio = far.X.mean(axis=0) / far.X.std(axis=0)
    assert (ratio > 0.8).all()
    assert (ratio < 3.3).all()
    for C in (1.0, 100.0):
        dense = fitted(far, l1_ratio=1.0, C=C, solver=solver)
        model = fitted(far, sp.csr_matrix, l1_ratio=1.0, C=C, solver=solver)
        assert model.converged_
        assert far.above(model, C, l1_ratio=1.0) <= 3 * TOL
        assert model.n_iter_[0] <= dense.n_iter_[0] + (2 if solver == "auto" else 40)


def test_values_stored_in_parts_are_shifted_once():
    far = Far(3, {0: 1e4})
    whole = sp.csr_matrix(far.X)
    twice = sp.csr_matrix(
        (
            np.repeat(whole.data / 2, 2),
            np.repeat(whole.indices, 2),
            2 * whole.indptr,
        ),
        shape=whole.shape,
    )
    assert not twice.has_canonical_format
    model = SoftmaxRegression(l1_ratio=1.0).fit(twice, far.y)
    assert twice.nnz == 2 * whole.nnz  # the user's matrix stays as it is
    assert far.above(model, l1_ratio=1.0) <= 3 * TOL


@pytest.mark.parametrize("C", [100.0])
@pytest.mark.parametrize("name", ["wine", "breast cancer"])
@pytest.mark.parametrize("solver", ["auto", "proximal-lbfgs"])
def test_raw_tables_with_a_weak_l1_penalty(name, solver, C):
    from truth import table

    X, y = table(name)
    model = SoftmaxRegression(l1_ratio=1.0, C=C, solver=solver, max_iter=3000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    definition = Definition(X, y, Penalty(C, 1.0))
    least = least_value(definition)
    above = definition.value(model.coef_, model.intercept_) - least
    assert not model.converged_ or above <= 3 * TOL * least
    assert model.converged_ or solver == "proximal-lbfgs"


@pytest.mark.parametrize("solver", [name for name in SOLVERS if SOLVERS[name]().is_stochastic])
def test_solvers_whose_steps_are_the_lecture_see_the_columns_as_they_are(solver):
    far = Far(3, {0: 50.0})
    options = type(SOLVERS[solver]())(shuffle=False, schedule="constant")
    model = SoftmaxRegression(solver=options, C=np.inf, max_iter=1)
    # A stream never shifts: one epoch of a fit takes the same steps.
    stream = clone(model).partial_fit(far.X, far.y, classes=[0, 1, 2])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(far.X, far.y)
    np.testing.assert_allclose(model.coef_, stream.coef_, rtol=1e-9)
    np.testing.assert_allclose(model.intercept_, stream.intercept_, rtol=1e-9)


@pytest.mark.parametrize("seed", [2, 4, 5, 20, 23])
def test_float32_without_an_intercept_loses_no_squares(seed):
    """A constant column stands for the intercept here, and nothing absorbs a shift."""
    rng = np.random.default_rng(seed)
    far, others = 3066 + rng.standard_normal(40), rng.standard_normal((40, 4))
    X = np.column_stack([np.full(40, 0.1), far, others]).astype(np.float32)
    targets, weights = rng.dirichlet([1, 1], 40), 10.0 ** rng.uniform(-12, 12, 40)
    factors = np.array([1.0, 1.0, 0.0, 0.0, 2.0, 1.0])
    model = SoftmaxRegression(fit_intercept=False, penalty_factor=factors)
    model.fit(X, targets, sample_weight=weights)
    problem = Problem(
        X=X.astype(float),
        targets=targets,
        weights=weights,
        C=1.0,
        l1_ratio=0.0,
        grouped=False,
        factors=factors,
        lower=np.full((1, 6), -np.inf),
        upper=np.full((1, 6), np.inf),
        has_intercept=False,
    )
    coef = model.coef_.astype(float)
    here, least = problem.value(coef, np.zeros(1)), problem.lowest(coef, np.zeros(1))
    assert model.coef_.dtype == np.float32
    assert model.converged_
    assert here - least <= 3 * TOL * least + 16 * np.finfo(np.float32).eps

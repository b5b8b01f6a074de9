"""Bounds on the coefficients, against SciPy's L-BFGS-B on the objective written out anew."""

import warnings

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import load_digits, load_wine
from sklearn.exceptions import ConvergenceWarning

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV, softmax_path

N_FEATURES = 6
ONE_SIDED = np.array([0.0, -np.inf, 0.0, -0.1, -np.inf, 0.0])
OTHER_SIDE = np.array([np.inf, 0.0, 0.0, 0.2, np.inf, 0.05])  # the third has no width

BOUNDS = {
    "nonnegative": (0.0, np.inf),
    "box": (-0.2, 0.3),
    "by feature": (ONE_SIDED, OTHER_SIDE),
    "no positive ones": (-np.inf, 0.0),
}


def by_class(n_classes):
    n_outputs = n_classes if n_classes > 2 else 1
    lower = np.full((n_outputs, N_FEATURES), -np.inf)
    lower[0] = ONE_SIDED
    upper = np.full((n_outputs, N_FEATURES), np.inf)
    upper[-1] = 0.1
    return lower, upper


def value_and_gradient(flat, X, Y, s, C, l1_ratio, factors):
    """The objective on coefficients, their negative parts apart, and intercepts."""
    n_classes, n_outputs = Y.shape[1], (Y.shape[1] if Y.shape[1] > 2 else 1)
    n_coef = n_outputs * X.shape[1]
    plus, minus, b = flat[:n_coef], flat[n_coef : 2 * n_coef], flat[2 * n_coef :]
    W = (plus - minus).reshape(n_outputs, -1)
    Z = X @ W.T + b
    Z = Z if n_classes > 2 else np.hstack([np.zeros_like(Z), Z])
    log_p = Z - scipy.special.logsumexp(Z, axis=1, keepdims=True)
    S = s.sum()
    residuals = ((np.exp(log_p) - Y) * s[:, None] / S)[:, -n_outputs:]
    l2 = factors * (1 - l1_ratio) / C / S
    l1 = np.tile(factors * l1_ratio / C / S, n_outputs)
    F = -(s[:, None] * Y * log_p).sum() / S + 0.5 * (l2 * W**2).sum() + l1 @ (plus + minus)
    g = (residuals.T @ X + l2 * W).ravel()
    return F, np.concatenate([g + l1, -g + l1, residuals.sum(axis=0)])


def reference(X, y, lower, upper, C=1.0, l1_ratio=0.0, s=None, factors=1.0):
    """The optimum: both parts of each coefficient are within its bounds on their side."""
    X = np.asarray(X.toarray() if sp.issparse(X) else X, dtype=np.float64)
    n_classes = int(y.max()) + 1
    n_outputs = n_classes if n_classes > 2 else 1
    Y, s = np.eye(n_classes)[y], np.ones(len(y)) if s is None else s
    shape = (n_outputs, X.shape[1])
    low, high = (np.broadcast_to(bound, shape).ravel() for bound in (lower, upper))
    bounds = [(0, up if np.isfinite(up) else None) for up in high]
    bounds += [(0, -down if np.isfinite(down) else None) for down in low]
    bounds += [(None, None)] * n_outputs
    result = scipy.optimize.minimize(
        value_and_gradient,
        np.zeros(2 * len(low) + n_outputs),
        args=(X, Y, s, C, l1_ratio, np.broadcast_to(factors, X.shape[1])),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options=dict(maxiter=20_000, maxfun=100_000, ftol=1e-15, gtol=1e-10),
    )
    return result.fun


def assert_optimal(model, X, y, best, weights=None, tolerance=1e-6):
    lower, upper = model.lower_bounds, model.upper_bounds
    assert (model.coef_ >= lower).all()
    assert (model.coef_ <= upper).all()
    value = float(model.objective(X, y, sample_weight=weights))
    assert model.converged_
    assert value <= best * (1 + tolerance)
    assert value >= best * (1 - tolerance)
    assert model.duality_gap_ >= value - best - tolerance * best


@pytest.mark.parametrize("solver", ["auto", "proximal-newton", "proximal-lbfgs"])
@pytest.mark.parametrize("name", [*BOUNDS, "by class"])
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("C", [0.5, np.inf])
def test_the_optimum_is_that_of_scipy(solver, name, n_classes, C, overlapping_classes):
    X, y = overlapping_classes(n_classes, n_features=N_FEATURES)
    lower, upper = by_class(n_classes) if name == "by class" else BOUNDS[name]
    model = SoftmaxRegression(
        C=C, lower_bounds=lower, upper_bounds=upper, solver=solver, tol=1e-8
    ).fit(X, y)
    assert_optimal(model, X, y, reference(X, y, lower, upper, C))
    assert_kkt(model, X, y, C)


def assert_kkt(model, X, y, C):
    """Slopes vanish between the bounds and lead outward at them."""
    P = model.predict_proba(X)
    Y = np.eye(P.shape[1])[y]
    g = (P - Y)[:, -len(model.coef_) :].T @ X / len(X) + model.coef_ / C / len(X)
    lower = np.broadcast_to(model.lower_bounds, g.shape)
    upper = np.broadcast_to(model.upper_bounds, g.shape)
    inside = (model.coef_ > lower) & (model.coef_ < upper)
    at_lower, at_upper = model.coef_ == lower, model.coef_ == upper
    assert np.abs(g[inside]).max(initial=0) < 1e-4
    assert (g[at_lower & ~at_upper] > -1e-4).all()
    assert (g[at_upper & ~at_lower] < 1e-4).all()


@pytest.mark.parametrize("kind", [np.array, sp.csr_matrix, sp.csc_matrix])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("solver", ["auto", "proximal-newton", "proximal-lbfgs"])
def test_with_l1_factors_and_weights(kind, l1_ratio, solver, overlapping_classes):
    X, y = overlapping_classes(4, n_features=N_FEATURES)
    weights = np.random.default_rng(0).integers(0, 3, len(X)).astype(float)
    factors = np.array([1.0, 0.0, 2.0, 1.0, 0.5, 1.0])
    lower, upper = BOUNDS["by feature"]
    options = dict(C=0.1, l1_ratio=l1_ratio)
    model = SoftmaxRegression(
        lower_bounds=lower,
        upper_bounds=upper,
        penalty_factor=factors,
        solver=solver,
        tol=1e-8,
        **options,
    ).fit(kind(X), y, weights)
    best = reference(X, y, lower, upper, s=weights, factors=factors, **options)
    assert_optimal(model, kind(X), y, best, weights)


@pytest.mark.parametrize("kind", [np.array, sp.csr_matrix])
def test_float32(kind, overlapping_classes):
    X, y = overlapping_classes(4, n_features=N_FEATURES)
    X = kind(X.astype(np.float32))
    lower, upper = (np.float32(bound) for bound in BOUNDS["by feature"])
    model = SoftmaxRegression(lower_bounds=lower, upper_bounds=upper).fit(X, y)
    assert model.coef_.dtype == np.float32
    assert_optimal(model, X, y, reference(X, y, lower, upper), tolerance=2e-6)


@pytest.mark.parametrize("load", [load_wine, load_digits])
@pytest.mark.parametrize("name", ["nonnegative", "box"])
def test_real_data(load, name):
    X, y = load(return_X_y=True)
    if load is load_digits:
        X, y = X[:500] / 16, y[:500]  # SciPy takes its time
    else:
        X = (X - X.mean(axis=0)) / X.std(axis=0)
    lower, upper = BOUNDS[name]
    model = SoftmaxRegression(lower_bounds=lower, upper_bounds=upper).fit(X, y)
    assert_optimal(model, X, y, reference(X, y, lower, upper), tolerance=3e-6)


@pytest.mark.parametrize("before", [dict(), dict(l1_ratio=1.0), dict(lower_bounds=-np.inf)])
def test_a_warm_start_from_outside_is_brought_in(before, overlapping_classes):
    X, y = overlapping_classes(4, n_features=N_FEATURES)
    model = SoftmaxRegression(warm_start=True, C=10.0, tol=1e-8).set_params(**before).fit(X, y)
    lower, upper = by_class(4)
    assert (model.coef_ < lower).any() or (model.coef_ > upper).any()
    model.set_params(lower_bounds=lower, upper_bounds=upper, l1_ratio=0.0, keep_path=True)
    model.fit(X, y)
    path = model.path_[:, :, :-1]
    assert (path >= lower).all()
    assert (path <= upper).all()
    assert_optimal(model, X, y, reference(X, y, lower, upper, 10.0))
    # And out again: the mean over the classes that bounds left is not kept.
    model.set_params(lower_bounds=-np.inf, upper_bounds=np.inf).fit(X, y)
    free = SoftmaxRegression(C=10.0, tol=1e-10).fit(X, y)
    assert model.objective(X, y) == pytest.approx(free.objective(X, y), rel=1e-7)


def test_equal_one_sided_bounds_without_a_penalty_bind_nothing(overlapping_classes):
    X, y = overlapping_classes(4, n_features=N_FEATURES)
    free = SoftmaxRegression(C=np.inf, tol=1e-10).fit(X, y)
    model = SoftmaxRegression(C=np.inf, lower_bounds=0, tol=1e-10).fit(X, y)
    assert model.objective(X, y) == pytest.approx(free.objective(X, y), rel=1e-9)
    assert (model.coef_ >= 0).all()


def test_separated_classes_within_bounds_have_an_optimum(dataset):
    X, y = dataset("wine")
    model = SoftmaxRegression(C=np.inf, lower_bounds=-50, upper_bounds=50).fit(X, y)
    assert model.converged_
    with pytest.warns(ConvergenceWarning, match="perfectly separated"):
        SoftmaxRegression(C=np.inf, lower_bounds=0).fit(X, y)  # a cone has none


def test_bounds_far_away_change_nothing(overlapping_classes):
    X, y = overlapping_classes(3, n_features=N_FEATURES)
    free = SoftmaxRegression(tol=1e-10).fit(X, y)
    model = SoftmaxRegression(tol=1e-10, lower_bounds=-1e6, upper_bounds=1e6).fit(X, y)
    np.testing.assert_allclose(model.coef_, free.coef_, atol=1e-5)


def test_a_coefficient_without_room_is_zero_and_not_minus_zero(overlapping_classes):
    X, y = overlapping_classes(2, n_features=N_FEATURES)
    lower = -1.0 * np.array([0.0, 1, 1, 1, 1, 1])
    model = SoftmaxRegression(lower_bounds=lower, upper_bounds=-lower).fit(X, y)
    assert model.coef_[0, 0] == 0
    assert not np.signbit(model.coef_[0, 0])


def test_a_path_within_bounds(overlapping_classes):
    X, y = overlapping_classes(3, n_features=N_FEATURES)
    lower, upper = BOUNDS["by feature"]
    path = softmax_path(X, y, Cs=6, l1_ratio=0.8, lower_bounds=lower, upper_bounds=upper, tol=1e-8)
    assert path.converged.all()
    assert path.n_nonzero[0] == 0
    for C, coef, value in zip(path.Cs, path.coefs, path.objective, strict=True):
        best = reference(X, y, lower, upper, C, 0.8)
        assert value == pytest.approx(best, rel=1e-6)
        assert ((lower <= coef) & (coef <= upper)).all()
    # Just above the first C something leaves zero, in a direction that the bounds allow.
    more = SoftmaxRegression(
        C=1.01 * path.Cs[0], l1_ratio=0.8, lower_bounds=lower, upper_bounds=upper, tol=1e-10
    ).fit(X, y)
    assert np.count_nonzero(more.coef_) > 0


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5])
def test_a_cross_validation_within_bounds(l1_ratio, overlapping_classes):
    X, y = overlapping_classes(3, n_features=N_FEATURES)
    lower, upper = by_class(3)
    options = dict(lower_bounds=lower, upper_bounds=upper)
    model = SoftmaxRegressionCV(
        scoring="accuracy", Cs=[0.1, 1.0, 10.0], l1_ratios=[l1_ratio], cv=3, **options
    )
    model.fit(X, y)
    coefs = model.coefs_paths_[..., :-1]
    assert ((lower <= coefs) & (coefs <= upper)).all()
    best = reference(X, y, lower, upper, model.C_, l1_ratio)
    alone = SoftmaxRegression(C=model.C_, l1_ratio=l1_ratio, **options).fit(X, y)
    assert alone.objective(X, y, params=model.params_[None])[0] <= best * (1 + 1e-6)


class TestFoldsThatMissAClass:
    y = np.arange(60) % 3
    X = np.random.default_rng(0).normal(size=(60, N_FEATURES)) + y[:, None]

    def splits(self, missing):
        train = np.flatnonzero(~np.isin(self.y, missing))
        return [(train, np.arange(0, 60, 7)), (np.arange(60), np.arange(0, 60, 7))]

    def test_two_of_three_classes_have_no_row_that_bounds_could_be_of(self):
        model = SoftmaxRegressionCV(scoring="accuracy", lower_bounds=0, cv=self.splits([2]))
        with pytest.raises(ValueError, match=r"Fold 0 of cv trains on 2 of 3 classes"):
            model.fit(self.X, self.y)

    def test_bounds_by_feature_are_those_of_the_classes_present(self):
        X = np.vstack([self.X, self.X[:20] - 2])
        y = np.append(self.y, np.full(20, 3))
        model = SoftmaxRegressionCV(
            scoring="accuracy", Cs=[1.0], lower_bounds=0, cv=[(np.arange(60), [0, 70])] * 2
        )
        model.fit(X, y)
        assert (model.coefs_paths_[..., :-1] >= 0).all()

    def test_bounds_by_class_need_all(self):
        lower = np.zeros((3, N_FEATURES))
        model = SoftmaxRegressionCV(scoring="accuracy", lower_bounds=lower, cv=self.splits([0]))
        with pytest.raises(ValueError, match="StratifiedKFold"):
            model.fit(self.X, self.y)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            dict(lower_bounds=0.1),
            "lower_bounds must be zero or negative.*that of feature 0 is 0.1",
        ),
        (dict(upper_bounds=[0, -1, 0, 0]), "upper_bounds must be .* that of feature 1 is -1"),
        (dict(lower_bounds=np.nan), "lower_bounds must be zero or negative.*nan"),
        (dict(upper_bounds=np.nan), "upper_bounds must be zero or positive.*nan"),
        (dict(lower_bounds=np.inf), "lower_bounds must be"),
        (dict(lower_bounds=[0, 0]), r"shape \(2,\), expected a number, one number per feature"),
        (dict(upper_bounds=np.ones((2, 4))), r"shape \(2, 4\).*or one per coefficient \(3, 4\)"),
        (
            dict(lower_bounds=np.array([[0, 0, 0, 0], [0, 0, 0.5, 0], [0, 0, 0, 0]])),
            "that of feature 2 in row 1 is 0.5",
        ),
        (dict(lower_bounds="none"), "lower_bounds must hold numbers"),
        (dict(lower_bounds=0, grouped=True), "grouped=True"),
        (
            dict(lower_bounds=0, solver="lbfgs"),
            "lower_bounds or upper_bounds choose one of: 'auto'",
        ),
        (dict(upper_bounds=1, solver="sgd"), "needs a smooth penalty"),
    ],
)
def test_errors_name_the_parameter(parameters, message, overlapping_classes):
    with pytest.raises(ValueError, match=message):
        SoftmaxRegression(**parameters).fit(*overlapping_classes(3))


@pytest.mark.parametrize("kind", [SoftmaxRegression, SoftmaxRegressionCV])
def test_bounds_are_parameters_like_any_other(kind, overlapping_classes):
    X, y = overlapping_classes(3)
    lower = np.zeros(4)
    model = kind(lower_bounds=lower)
    assert clone(model).get_params()["lower_bounds"] is not lower
    assert repr(kind()) == f"{kind.__name__}()"
    if kind is SoftmaxRegressionCV:
        model.set_params(scoring="accuracy")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, y)
    assert model.lower_bounds is lower

"""Claims where decided rows hide slopes of others: a value falls by less and less, and then more.

The optimum is SciPy's, from the definition in :mod:`rival`.
"""

import warnings

import numpy as np
import pytest
from oracle import Definition, Penalty, least_value
from rival import Problem
from sklearn.exceptions import ConvergenceWarning

from sk_softmax import SoftmaxRegression

TOL = 1e-6


def assert_honest(X, y, weights=None, l1_ratio=0.0, **parameters):
    """Fit without an intercept, hold a claim against the lowest value found, return the model."""
    model = SoftmaxRegression(fit_intercept=False, l1_ratio=l1_ratio, **parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y, sample_weight=weights)
    shape, n_features = model.coef_.shape, X.shape[1]
    problem = Problem(
        X=X,
        targets=(y[:, None] == np.unique(y)).astype(float),
        weights=np.ones(len(X)) if weights is None else weights,
        C=parameters.get("C", 1.0),
        l1_ratio=l1_ratio,
        grouped=False,
        factors=np.ones(n_features),
        lower=np.full(shape, -np.inf),
        upper=np.full(shape, np.inf),
        has_intercept=False,
    )
    longer = SoftmaxRegression(**model.get_params() | {"tol": 1e-13, "solver": "auto"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        longer.fit(X, y, sample_weight=weights)
    here = problem.value(model.coef_, model.intercept_)
    least = min(
        problem.lowest(model.coef_, model.intercept_),
        problem.value(longer.coef_, longer.intercept_),
    )
    allowed = 3 * TOL * least + 16 * np.finfo(float).eps
    assert not model.converged_ or here - least <= allowed, (here - least) / least
    return model


def with_outliers(n_classes, n_features, seed):
    """Values of about a thousand, and a tenth of 1e12."""
    rng = np.random.default_rng(seed)
    is_far = rng.random((60, n_features)) < 0.1
    X = np.where(is_far, 1e12, 1000 + rng.random((60, n_features)))
    y = rng.integers(0, n_classes, 60)
    y[is_far[:, 0]] = 1
    return X, y


SOLVERS_AND_PENALTIES = [
    ("lbfgs", 0.0),
    ("newton-cholesky", 0.0),
    ("proximal-newton", 0.0),
    ("proximal-newton", 1.0),
    ("proximal-newton", 0.5),
    ("proximal-lbfgs", 1.0),
    ("proximal-lbfgs", 0.5),
]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(("solver", "l1_ratio"), SOLVERS_AND_PENALTIES)
def test_values_beside_outliers(solver, l1_ratio, n_classes, seed):
    """Only the outliers count for the first iterations, and each promises half of their rest."""
    X, y = with_outliers(n_classes, 1, seed)
    model = assert_honest(X, y, solver=solver, l1_ratio=l1_ratio)
    assert model.converged_


@pytest.mark.parametrize("C", [0.00075, 0.0015, 0.003, 0.006])
@pytest.mark.parametrize("unit", [1.0, 1e-3])
@pytest.mark.parametrize("solver", ["auto", "proximal-newton"])
def test_weights_over_24_orders_of_magnitude(solver, C, unit):
    """A row of weight 1e-8 of all is predicted wrong: a slope, and no curvature for long."""
    rng = np.random.default_rng(555)
    rng.choice(3), rng.choice(5)
    X = rng.standard_normal((40, 2))
    rng.uniform(size=2), rng.integers(0, 2)
    weights = 10.0 ** rng.uniform(-12, 12, 40)
    logits = X / np.abs(X).max(axis=0) @ rng.standard_normal((2, 4)) * 4
    y = (logits + rng.choice([1.0, 0.3, 0.0]) * rng.gumbel(size=logits.shape)).argmax(axis=1)
    assert_honest(X * unit, y, weights, l1_ratio=1.0, C=C / unit, solver=solver)


@pytest.mark.parametrize(("l1_ratio", "C"), [(1.0, 1.0), (0.5, 1.0), (1.0, 100.0), (0.5, 100.0)])
def test_what_a_penalty_can_fall_without_a_change_of_the_loss(l1_ratio, C):
    """A diagonal resists a shift of all classes: it had left 1.6e-4, and took 33 iterations."""
    rng = np.random.default_rng(0)
    Z = rng.standard_normal((1000, 40))
    X = np.where(rng.random((1000, 40)) < 0.7, 1 + 0.01 * Z, 0.0)
    logits = (X - X.mean(axis=0)) / X.std(axis=0) @ rng.standard_normal((40, 3)) * 2 / np.sqrt(40)
    y = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    model = SoftmaxRegression(l1_ratio=l1_ratio, C=C, solver="proximal-lbfgs").fit(X, y)
    exact = SoftmaxRegression(l1_ratio=l1_ratio, C=C, tol=1e-12).fit(X, y)
    least = least_value(Definition(X, y, Penalty(C, l1_ratio)))
    assert exact.objective(X, y) == pytest.approx(least, rel=1e-8)
    assert model.converged_
    assert model.objective(X, y) <= least * (1 + 3 * TOL)
    assert model.n_iter_[0] <= 15

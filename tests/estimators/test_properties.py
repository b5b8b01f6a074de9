"""What must hold for any data: symmetries of softmax regression."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sk_softmax import SoftmaxRegression

EXACT = ["lbfgs", "newton-cholesky"]
problems = st.tuples(st.integers(0, 10**6), st.integers(2, 4), st.integers(1, 4))


def made_up(problem, n_rows=40):
    """Rows, labels (each class at least once) and a penalty, from a seed and sizes."""
    seed, n_classes, n_features = problem
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_features))
    y = np.concatenate([np.arange(n_classes), rng.integers(n_classes, size=n_rows - n_classes)])
    return rng, X, y, 10.0 ** rng.uniform(-2, 2)


def fit(X, y, solver, *, sample_weight=None, **parameters):
    model = SoftmaxRegression(solver=solver, tol=1e-13, **parameters)
    return model.fit(X, y, sample_weight)


@pytest.mark.parametrize("solver", EXACT)
@given(problem=problems, offset=st.floats(-100, 100))
def test_shifting_a_feature_moves_only_the_intercepts(solver, problem, offset):
    _, X, y, C = made_up(problem)
    plain, shifted = fit(X, y, solver, C=C), fit(X + offset, y, solver, C=C)
    np.testing.assert_allclose(shifted.coef_, plain.coef_, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        shifted.predict_proba(X + offset), plain.predict_proba(X), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("solver", EXACT)
@given(problem=problems, constant=st.floats(-50, 50))
def test_adding_the_same_to_every_logit_changes_no_probability(solver, problem, constant):
    _, X, y, C = made_up(problem)
    if len(np.unique(y)) == 2:
        return  # one row of log-odds has nothing to add to
    model = fit(X, y, solver, C=C)
    before = model.predict_proba(X)
    model.intercept_ = model.intercept_ + constant
    model.coef_ = model.coef_ + constant / 10
    np.testing.assert_allclose(model.predict_proba(X), before, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("solver", EXACT)
@given(problem=problems)
def test_renaming_the_classes_permutes_the_coefficients(solver, problem):
    rng, X, y, C = made_up(problem)
    permutation = rng.permutation(len(np.unique(y)))
    plain, renamed = fit(X, y, solver, C=C), fit(X, permutation[y], solver, C=C)
    if len(permutation) == 2:
        sign = -1 if permutation[0] == 1 else 1
        np.testing.assert_allclose(renamed.coef_, sign * plain.coef_, rtol=1e-4, atol=1e-6)
    else:
        np.testing.assert_allclose(renamed.coef_[permutation], plain.coef_, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("solver", EXACT)
@given(problem=problems)
def test_a_row_twice_is_a_row_of_weight_two(solver, problem):
    rng, X, y, C = made_up(problem)
    times = rng.integers(0, 3, size=len(y))
    times[: len(np.unique(y))] = 1
    weighted = fit(X, y, solver, C=C, sample_weight=times)
    repeated = fit(np.repeat(X, times, axis=0), np.repeat(y, times), solver, C=C)
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-4, atol=1e-6)
    assert weighted.loss_curve_[-1] == pytest.approx(repeated.loss_curve_[-1], rel=1e-10)


@pytest.mark.parametrize("solver", EXACT)
@given(problem=problems, exponent=st.floats(-6, 6))
def test_scaling_the_features_with_a_matching_penalty(solver, problem, exponent):
    _, X, y, C = made_up(problem)
    scale = 10.0**exponent
    plain, scaled = fit(X, y, solver, C=C), fit(X * scale, y, solver, C=C / scale**2)
    np.testing.assert_allclose(scaled.coef_ * scale, plain.coef_, rtol=1e-4, atol=1e-6)
    assert scaled.loss_curve_[-1] == pytest.approx(plain.loss_curve_[-1], rel=1e-10)


@pytest.mark.parametrize("solver", EXACT)
@given(problem=problems, factor=st.floats(-6, 6).map(lambda exponent: 10.0**exponent))
def test_scaling_the_weights_with_a_matching_penalty(solver, problem, factor):
    rng, X, y, C = made_up(problem)
    weights = rng.random(len(y)) + 0.1
    plain = fit(X, y, solver, C=C, sample_weight=weights)
    scaled = fit(X, y, solver, C=C / factor, sample_weight=weights * factor)
    np.testing.assert_allclose(scaled.coef_, plain.coef_, rtol=1e-4, atol=1e-6)

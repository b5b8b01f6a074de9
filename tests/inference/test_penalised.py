"""A fit with an L2 penalty: two covariances, said in the first line, p-values on demand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sk_softmax import SoftmaxRegression

FACTORS = np.array([1.0, 0.0, 2.5, 1.0])


@pytest.fixture(scope="module", params=[2, 3])
def fitted(request, draw):
    X, y = draw(request.param, 150)
    return SoftmaxRegression(C=0.3, penalty_factor=FACTORS).fit(X, y), X, y


def curvatures(model, X, y):
    """Hessians of the log likelihood and the penalty in contrasts with the first class.

    That of the penalty is by central differences of its definition: the sum over classes of
    squares of coefficients that add up to zero, and for two classes the square of the log odds.
    """
    n_classes, Z = len(model.classes_), np.column_stack([X, np.ones(len(X))])
    p = model.predict_proba(X)[:, 1:]
    information = sum(
        np.kron(np.diag(row) - np.outer(row, row), np.outer(z, z))
        for row, z in zip(p, Z, strict=True)
    )

    def penalty(flat):
        contrasts = flat.reshape(n_classes - 1, -1)
        if n_classes > 2:
            whole = np.vstack([np.zeros(contrasts.shape[1]), contrasts])
            contrasts = whole - whole.mean(axis=0)
        return (FACTORS * contrasts[:, :-1] ** 2).sum() / 2 / model.C

    size = len(information)
    units = np.eye(size)
    hessian = [
        [(penalty(a + b) - penalty(a - b) - penalty(b - a) + penalty(-a - b)) / 4 for a in units]
        for b in units
    ]
    return information, np.array(hessian)


def test_both_covariances_by_definition(fitted):
    model, X, y = fitted
    model.set_params(tol=1e-12).fit(X, y)
    H, L = curvatures(model, X, y)
    posterior = np.linalg.inv(H + L)
    for penalised, expected in [
        ("posterior", posterior),
        ("sampling", posterior @ H @ posterior),
    ]:
        ours = model.inference(X, y, penalised=penalised)
        assert_allclose(np.asarray(ours.covariance), expected, rtol=1e-6, atol=1e-8)
    robust = model.inference(X, y, penalised="sampling", covariance="HC0")
    p = model.predict_proba(X)
    scores = (y[:, None] == model.classes_) - p
    Z = np.column_stack([X, np.ones(len(X))])
    scores = (scores[:, 1:, None] * Z[:, None]).reshape(len(y), -1)
    expected = posterior @ scores.T @ scores @ posterior
    assert_allclose(np.asarray(robust.covariance), expected, rtol=1e-6, atol=1e-8)


def test_coefficients_are_those_of_the_penalised_optimum(fitted):
    model, X, y = fitted
    exact = SoftmaxRegression(C=0.3, penalty_factor=FACTORS, tol=1e-14).fit(X, y)
    params = exact.params_ if len(exact.params_) == 1 else exact.params_[1:] - exact.params_[:1]
    ours = model.inference(X, y)
    assert_allclose(ours.coef, params, rtol=1e-6, atol=1e-8)
    assert_allclose(ours.log_likelihood, -len(y) * log_loss(exact, X, y), rtol=1e-9)


def log_loss(model, X, y):
    return -model.predict_log_proba(X)[np.arange(len(y)), y].mean()


def test_it_says_so_and_gives_p_values_only_where_they_are_asked_for(fitted):
    model, X, y = fitted
    ours = model.inference(X, y)
    assert ours.is_penalised
    assert "PENALISED" in str(ours).splitlines()[0]
    assert "posterior" in str(ours).splitlines()[0]
    assert "PENALISED" in ours._repr_html_().splitlines()[0]
    heads = str(ours).splitlines()
    assert not any(" p " in line for line in heads if "std err" in line)
    assert "p_value" not in ours.to_frame().columns
    calls = (
        lambda one: one.p_value,
        lambda one: one.wald_test("x0 = 0"),
        lambda one: one.feature_tests(),
        lambda one: one.combine_outcomes_test(),
    )
    for call in calls:
        with pytest.raises(ValueError, match="allow_penalty=True"):
            call(ours)
    allowed = model.inference(X, y, allow_penalty=True)
    for call in calls:
        call(allowed)
    assert "p_value" in allowed.to_frame().columns
    for name in ("aic", "bic"):
        with pytest.raises(ValueError, match="the fit has a penalty"):
            getattr(allowed, name)
    with pytest.raises(ValueError, match="the fit has a penalty"):
        allowed.likelihood_ratio_test()


def test_no_penalty_in_effect_is_none(draw):
    X, y = draw(3, 100)
    for options in ({"C": np.inf}, {"penalty_factor": np.zeros(4)}):
        ours = SoftmaxRegression(**options).fit(X, y).inference(X, y)
        assert not ours.is_penalised
        assert np.isfinite(ours.aic)
    with pytest.raises(ValueError, match="this one has none"):
        SoftmaxRegression(C=np.inf).fit(X, y).inference(X, y, penalised="sampling")


def test_covariances_that_do_not_exist(fitted):
    model, X, y = fitted
    with pytest.raises(ValueError, match="information, which a penalty is not"):
        model.inference(X, y, covariance="opg")
    with pytest.raises(ValueError, match="penalised='sampling'"):
        model.inference(X, y, covariance="HC0")

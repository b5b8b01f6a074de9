"""A path of penalties: each point is the fit alone, and it begins where the first enters."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_iris
from sklearn.preprocessing import scale

from sk_softmax import SoftmaxRegression, softmax_path
from sk_softmax.objective import RegressionObjective


@pytest.mark.parametrize("l1_ratio", [0.4, 1.0])
@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("name", ["wine", "breast cancer"])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_every_point_is_the_fit_alone(l1_ratio, grouped, name, fit_intercept, dataset):
    X, y = dataset(name)
    weights = np.random.default_rng(0).random(len(y))
    shared = dict(l1_ratio=l1_ratio, grouped=grouped, fit_intercept=fit_intercept)
    path = softmax_path(X, y, Cs=6, sample_weight=weights, tol=1e-12, **shared)
    assert path.converged.all()
    for i, C in enumerate(path.Cs):
        model = SoftmaxRegression(C=C, tol=1e-14, **shared).fit(X, y, weights)
        np.testing.assert_allclose(path.coefs[i], model.coef_, rtol=0, atol=2e-5)
        np.testing.assert_allclose(path.intercepts[i], model.intercept_, rtol=0, atol=2e-5)
        value = float(model.objective(X, y, sample_weight=weights))
        assert path.objective[i] == pytest.approx(value, rel=1e-10)
        losses = -model.predict_log_proba(X)[np.arange(len(y)), y]
        assert path.deviance[i] == pytest.approx(2 * weights @ losses, rel=1e-6)
    assert path.n_nonzero[0] == 0
    assert (np.diff(path.deviance) <= 1e-9).all()
    assert path.deviance[0] == pytest.approx(path.null_deviance)
    assert 0 < path.deviance_ratio[-1] < 1


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_it_begins_at_the_last_penalty_that_leaves_nothing(
    grouped, n_classes, overlapping_classes
):
    X, y = overlapping_classes(n_classes)
    factor = [1.0, 2.0, 0.5, 3.0]
    shared = dict(l1_ratio=0.7, grouped=grouped, penalty_factor=factor)
    first = softmax_path(X, y, Cs=2, **shared).Cs[0]
    assert not SoftmaxRegression(C=first, **shared).fit(X, y).coef_.any()
    assert SoftmaxRegression(C=1.001 * first, tol=1e-12, **shared).fit(X, y).coef_.any()


def test_features_without_a_penalty_are_there_from_the_beginning(overlapping_classes):
    X, y = overlapping_classes(3)
    factor = [0.0, 1.0, 1.0, 1.0]
    path = softmax_path(X, y, Cs=4, penalty_factor=factor, tol=1e-12)
    free = SoftmaxRegression(C=np.inf, tol=1e-12).fit(X[:, :1], y)
    np.testing.assert_allclose(path.coefs[0][:, :1], free.coef_, atol=1e-5)
    assert path.n_nonzero[0] == 3
    last = SoftmaxRegression(C=path.Cs[-1], l1_ratio=1.0, penalty_factor=factor, tol=1e-14)
    np.testing.assert_allclose(path.coefs[-1], last.fit(X, y).coef_, atol=1e-5)


def test_penalties_may_be_given_in_any_order(dataset):
    X, y = dataset("wine")
    path = softmax_path(X, y, Cs=[1.0, 0.01, 0.1])
    np.testing.assert_array_equal(path.Cs, [0.01, 0.1, 1.0])
    far = softmax_path(X, y, Cs=[1.0])  # the strong rule looks from the beginning of the path
    np.testing.assert_allclose(far.coefs[0], path.coefs[-1], atol=1e-3)


def test_a_ridge_has_a_path_too(dataset):
    X, y = dataset("wine")
    path = softmax_path(X, y, Cs=[0.1, 1.0], l1_ratio=0.0, tol=1e-10)
    for C, coef in zip(path.Cs, path.coefs, strict=True):
        alone = SoftmaxRegression(C=C, tol=1e-12).fit(X, y)
        np.testing.assert_allclose(coef, alone.coef_, atol=1e-4)


@pytest.mark.parametrize("kind", [sp.csr_matrix, np.asfortranarray, np.float32])
def test_sparse_and_narrow_rows(kind, dataset):
    X, y = dataset("wine")
    X = np.where(np.abs(X) > 0.5, X, 0)
    X[:, 3] = 0
    # Directions are flat: fits to within 1e-6 of the optimum are up to 3e-3 from its coefficients.
    path, same = (softmax_path(rows, y, Cs=5, tol=1e-9) for rows in (X, kind(X)))
    np.testing.assert_allclose(path.Cs, same.Cs, rtol=1e-5)
    np.testing.assert_allclose(path.coefs, same.coefs, atol=2e-3)
    assert same.coefs.dtype == (np.float32 if kind is np.float32 else np.float64)


def test_targets_may_be_probabilities(dataset):
    X, y = dataset("wine")
    targets = np.random.default_rng(0).dirichlet(np.ones(3), size=len(y))
    path = softmax_path(X, targets, Cs=3, tol=1e-10)
    alone = SoftmaxRegression(C=path.Cs[-1], l1_ratio=1.0, tol=1e-12).fit(X, targets)
    np.testing.assert_allclose(path.coefs[-1], alone.coef_, atol=1e-4)


def test_most_features_are_never_looked_at_closely(monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2000))
    y = (X[:, :3] @ [1.0, -1.0, 1.0] + 0.3 * rng.normal(size=60) > 0).astype(int)
    widths = []
    evaluate = RegressionObjective.evaluate

    def watched(self, params):
        widths.append(params.shape[1])
        return evaluate(self, params)

    monkeypatch.setattr(RegressionObjective, "evaluate", watched)
    path = softmax_path(X, y, Cs=50, C_span=10)
    monkeypatch.undo()
    widths = np.array(widths)
    whole = (widths == 2001).sum()
    assert whole < 1.3 * len(path.Cs)  # a pass over all features checks each point
    assert np.median(widths[widths < 2001]) < 400
    alone = SoftmaxRegression(C=path.Cs[-1], l1_ratio=1.0, tol=1e-10).fit(X, y)
    np.testing.assert_allclose(path.coefs[-1], alone.coef_, atol=1e-2)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (dict(Cs=0), "Cs=0 is not a number of penalties"),
        (dict(Cs=[1.0, -1.0]), "must be positive numbers"),
        (dict(Cs=[]), "at least one"),
        (dict(Cs="all"), "Cs='all' must hold numbers"),
        (dict(C_span=1), "C_span=1 must be a number above 1"),
        (dict(l1_ratio=0.0), "l1_ratio=0 makes no coefficient zero"),
        (dict(l1_ratio=2.0), "l1_ratio must be a number in"),
        (dict(solver="lbfgs"), "needs a smooth penalty"),
        (dict(penalty_factor=[0.0] * 4), "no C at which the path begins"),
        (dict(penalty_factor=[1.0]), "expected one factor per feature"),
    ],
    ids=str,
)
def test_errors_say_what_is_wrong(parameters, message):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=message):
        softmax_path(scale(X), y, **parameters)


def test_features_that_tell_nothing():
    with pytest.raises(ValueError, match="No feature distinguishes the classes"):
        softmax_path(np.zeros((6, 2)), [0, 1, 2, 0, 1, 2])


@pytest.mark.slow
def test_few_iterations_on_wide_sparse_rows_claim_no_more_than_they_reach():
    # Penalties of up to nine iterations each, with more parameters than a Hessian is measured of.
    rng = np.random.default_rng(0)
    X = sp.random(
        3000, 2000, 0.01, "csr", random_state=0, data_rvs=lambda n: rng.exponential(size=n)
    )
    weights = rng.normal(size=(2000, 8)) * (rng.random((2000, 1)) < 0.1) * 2
    y = (X @ weights + rng.gumbel(size=(3000, 8))).argmax(axis=1)
    path = softmax_path(X, y, Cs=20, tol=1e-3)
    lower = softmax_path(X, y, Cs=path.Cs, tol=1e-5).objective
    assert path.converged.all()
    assert (path.objective <= (1 + 6e-3) * lower).all()

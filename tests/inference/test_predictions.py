"""Intervals of probabilities, and changes of predictions."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose
from scipy.special import expit, logit, ndtri, softmax

from sk_softmax import SoftmaxRegression

OPTIONS = [{"covariance": "hessian"}, {"covariance": "HC0", "reference": 1}]


def probabilities(inference, coef, X):
    """From reported coefficients by definition; those of the reference are zero."""
    Z = np.column_stack([X, np.ones(len(X))])
    logits = np.zeros((len(X), len(inference.classes)))
    for outcome, row in zip(inference.outcomes, coef, strict=True):
        logits[:, inference.classes.index(outcome)] = Z @ row
    return softmax(logits, axis=1)


def delta_errors(inference, function):
    """Standard errors of ``function(coef)`` by central differences and the covariance."""
    coef = inference.coef
    columns = []
    for place in np.ndindex(coef.shape):
        step = np.zeros_like(coef)
        step[place] = 1e-5
        columns.append((function(coef + step) - function(coef - step)) / 2e-5)
    jacobian = np.moveaxis(np.array(columns), 0, -1)
    covariance = np.asarray(inference.covariance)
    return np.sqrt(np.einsum("...i,ij,...j->...", jacobian, covariance, jacobian))


@pytest.fixture(scope="module", params=[2, 3, 4])
def rows(request, draw):
    return draw(request.param, 200)


@pytest.mark.parametrize("options", OPTIONS)
def test_the_delta_method_by_finite_differences(rows, infer, options):
    X, y = rows
    ours = infer(X, y, **options)
    found = ours.predict_interval(X[:7], level=0.9)
    p = probabilities(ours, ours.coef, X[:7])
    errors = delta_errors(ours, lambda coef: logit(probabilities(ours, coef, X[:7])))
    assert_allclose(found.probabilities, p, rtol=1e-9)
    assert_allclose(found.std_err, errors, rtol=1e-6)
    assert_allclose(found.low, expit(logit(p) - ndtri(0.95) * errors), rtol=1e-6)
    assert_allclose(found.high, expit(logit(p) + ndtri(0.95) * errors), rtol=1e-6)


def test_two_classes_have_one_interval_and_its_mirror_image(draw, infer):
    X, y = draw(2, 200)
    found = infer(X, y).predict_interval(X)
    assert_allclose(found.low[:, 0], 1 - found.high[:, 1], rtol=1e-9)
    assert_allclose(found.high[:, 0], 1 - found.low[:, 1], rtol=1e-9)


def test_the_first_row_of_the_election_study(election, election_fit):
    found = election_fit.inference(*election).predict_interval(election.X[:1])
    low = [0.006972, 0.022465, 0.010295, 0.004553, 0.049384, 0.129515, 0.343264]
    high = [0.040288, 0.108744, 0.067867, 0.072388, 0.245672, 0.411230, 0.706417]
    assert_allclose(found.low[0], low, atol=6e-7)
    assert_allclose(found.high[0], high, atol=6e-7)


def test_intervals_stay_between_zero_and_one_and_know_tiny_probabilities(draw, infer):
    X, y = draw(3, 200)
    far = X[:1] * np.array([[1.0], [30.0], [300.0], [-300.0]])
    found = infer(X, y).predict_interval(far)
    for end in (found.low, found.high):
        assert ((end >= 0) & (end <= 1)).all()
    assert (found.low <= found.probabilities).all()
    assert (found.probabilities <= found.high).all()
    assert 0 < found.probabilities.min() < 1e-30
    assert np.isfinite(found.std_err).all()


def test_the_errors_are_those_of_a_bootstrap(draw):
    """Of the sandwich, which a bootstrap of rows estimates, within the bootstrap's own error."""
    X, y = draw(3, 1500, 2, seed=5)
    points = X[:4]
    ours = SoftmaxRegression(C=np.inf).fit(X, y).inference(X, y, covariance="HC0")
    found = ours.predict_interval(points)
    rng, n_samples = np.random.default_rng(0), 400
    samples = np.empty((n_samples, *found.probabilities.shape))
    model = SoftmaxRegression(C=np.inf, tol=1e-8)
    for sample in samples:
        drawn = rng.integers(0, len(y), len(y))
        sample[:] = logit(model.fit(X[drawn], y[drawn]).predict_proba(points))
    own_error = 1 / np.sqrt(2 * (n_samples - 1))  # of a standard deviation, relative
    ratio = samples.std(axis=0, ddof=1) / found.std_err
    assert np.abs(np.log(ratio)).max() < 4 * own_error
    ends = expit(np.quantile(samples, [0.025, 0.975], axis=0))
    width = found.high - found.low
    assert np.abs(ends[0] - found.low).max() < 0.15 * width.max()
    assert np.abs(ends[1] - found.high).max() < 0.15 * width.max()


@pytest.mark.parametrize("options", OPTIONS)
def test_changes_of_predictions_by_finite_differences(rows, infer, options):
    X, y = rows
    ours = infer(X, y, **options)
    to = X + np.array([1.0, 0.0, -0.5, 0.0])
    weights = np.linspace(0.1, 2, len(y))

    def change(coef):
        return probabilities(ours, coef, to) - probabilities(ours, coef, X)

    def mean(coef):
        return np.average(change(coef), axis=0, weights=weights)

    by_row = ours.compare_predictions(X, to, average=False)
    assert_allclose(by_row.estimate, change(ours.coef), rtol=1e-8, atol=1e-12)
    assert_allclose(by_row.std_err, delta_errors(ours, change), rtol=1e-5, atol=1e-9)
    averaged = ours.compare_predictions(X, to, sample_weight=weights)
    assert_allclose(averaged.estimate, mean(ours.coef), rtol=1e-8, atol=1e-12)
    assert_allclose(averaged.std_err, delta_errors(ours, mean), rtol=1e-5, atol=1e-9)
    for found in (by_row, averaged):
        assert_allclose(found.estimate.sum(axis=-1), 0, atol=1e-14)
    plain = ours.compare_predictions(X, to)
    assert_allclose(plain.estimate, by_row.estimate.mean(axis=0), rtol=1e-9, atol=1e-13)
    sparse = ours.compare_predictions(sp.csr_matrix(X), sp.csr_matrix(to), average=False)
    assert_allclose(sparse.std_err, by_row.std_err, rtol=1e-9, atol=1e-13)


def test_an_effect_at_set_values(election, election_fit):
    """At the age of 30 and of 70, all else as it is: Stata's ``margins, at(age=(30 70))``."""
    ours = election_fit.inference(*election)
    young, old = (election.X.assign(age=age) for age in (30.0, 70.0))
    found = ours.compare_predictions(young, old)
    p = [probabilities(ours, ours.coef, X).mean(axis=0) for X in (young, old)]
    assert_allclose(found.estimate, p[1] - p[0], rtol=1e-9)
    frame = found.to_frame()
    assert list(frame.columns) == ["estimate", "std_err", "z", "p_value", "low", "high"]
    assert_allclose(frame["estimate"], found.estimate)


@pytest.mark.parametrize("options", OPTIONS)
def test_marginal_effects_by_finite_differences(rows, infer, options):
    X, y = rows
    X = X.copy()
    X[:, 3] = (X[:, 3] > 0).astype(float)
    ours = infer(X, y, **options)
    weights = np.linspace(0.1, 2, len(y))

    def effects(coef):
        columns = []
        for column in range(4):
            above, below, size = X.copy(), X.copy(), 1.0
            if column == 3:
                above[:, 3], below[:, 3] = 1.0, 0.0
            elif column == 2:
                above[:, 2] += 1.0
            else:
                above[:, column] += 1e-4
                below[:, column] -= 1e-4
                size = 2e-4
            change = probabilities(ours, coef, above) - probabilities(ours, coef, below)
            columns.append(np.average(change / size, axis=0, weights=weights))
        return np.array(columns)

    found = ours.marginal_effects(X, count=["x2"], dummy=[3], sample_weight=weights)
    assert_allclose(found.estimate, effects(ours.coef), rtol=1e-6, atol=1e-9)
    assert_allclose(found.std_err, delta_errors(ours, effects), rtol=1e-4, atol=1e-8)
    assert_allclose(found.estimate.sum(axis=1), 0, atol=1e-13)
    at_mean = ours.marginal_effects(X, at="mean", sample_weight=weights)
    mean = np.average(X, axis=0, weights=weights)[None]
    assert_allclose(at_mean.estimate, ours.marginal_effects(mean).estimate, rtol=1e-9)


def test_one_year_of_education_more(election, election_fit):
    found = election_fit.inference(*election).marginal_effects(election.X, count=["educ"])
    effect = [-0.019513, -0.005750, 0.006538, -0.005188, 0.001502, 0.004412, 0.017999]
    errors = [0.007713, 0.008191, 0.007183, 0.003823, 0.006553, 0.008057, 0.007767]
    assert_allclose(found.estimate[3], effect, atol=6e-7)
    assert_allclose(found.std_err[3], errors, atol=6e-7)


def test_frames(draw, infer):
    X, y = draw(3, 60)
    ours = infer(X, np.array(["a", "b", "c"])[y])
    frame = ours.predict_interval(X[:2]).to_frame()
    assert list(frame.index) == [(row, label) for row in (0, 1) for label in "abc"]
    assert isinstance(frame, pd.DataFrame)
    effects = ours.marginal_effects(X).to_frame()
    assert effects.index.names == ["feature", "class"]
    assert effects.index[4] == ("x1", "b")
    assert str(ours.marginal_effects(X)).splitlines()[1].startswith("x0, a")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda i, X: i.predict_interval(X, level=95), "between 0 and 1"),
        (lambda i, X: i.predict_interval(X, method="bootstrap"), "'delta'"),
        (lambda i, X: i.predict_interval(X[:, :2]), "features"),
        (lambda i, X: i.marginal_effects(X, at="median"), "'each row' or 'mean'"),
        (lambda i, X: i.marginal_effects(X, count=["x9"]), "'x9' is not a feature"),
        (lambda i, X: i.marginal_effects(X, count=[4]), "neither the name nor the number"),
        (lambda i, X: i.marginal_effects(X, count=[1], dummy=["x1"]), "not both"),
        (lambda i, X: i.marginal_effects(X, sample_weight=[1.0]), "one number for each of"),
        (lambda i, X: i.compare_predictions(X, X[1:]), "X_from has 60 rows and X_to 59"),
        (
            lambda i, X: i.compare_predictions(X, X, average=False, sample_weight=X[:, 0]),
            "in a mean only",
        ),
    ],
)
def test_what_is_not_possible_is_said(draw, infer, call, said):
    X, y = draw(3, 60)
    with pytest.raises(ValueError, match=said):
        call(infer(X, y), X)

"""What weights and targets mean: frequencies are repeated rows, probabilities are clusters."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sk_softmax import SoftmaxRegression

CLOSE = {"rtol": 1e-7, "atol": 1e-9}
LIKELIHOODS = ("log_likelihood", "log_likelihood_null", "aic", "bic", "n_observations", "df_resid")


@pytest.fixture(scope="module", params=[2, 3])
def counted(request, draw):
    """Rows, labels, how often each row was observed, and which row each repeated row is."""
    X, y = draw(request.param, 120)
    counts = np.random.default_rng(1).integers(1, 6, len(y))
    return X, y, counts, np.repeat(np.arange(len(y)), counts)


def same(ours, theirs):
    assert_allclose(ours.coef, theirs.coef, **CLOSE)
    assert_allclose(np.asarray(ours.covariance), np.asarray(theirs.covariance), **CLOSE)


@pytest.mark.parametrize("covariance", ["hessian", "opg", "HC0", "HC1", "cluster"])
def test_frequencies_are_repeated_rows(counted, infer, covariance):
    X, y, counts, which = counted
    groups = np.arange(len(y)) // 4 if covariance == "cluster" else None
    ours = infer(X, y, counts, weights_are="frequencies", covariance=covariance, groups=groups)
    repeated = infer(
        X[which], y[which], covariance=covariance, groups=None if groups is None else groups[which]
    )
    same(ours, repeated)
    if covariance != "cluster":
        for name in LIKELIHOODS:
            assert_allclose(getattr(ours, name), getattr(repeated, name), rtol=1e-10)
        assert_allclose(ours.pseudo_r2, repeated.pseudo_r2, rtol=1e-9)


def test_equal_frequencies_are_repeated_rows_too(draw, infer):
    X, y = draw(3, 60)
    ours = infer(X, y, np.full(60, 2.0), weights_are="frequencies", covariance="HC0")
    same(ours, infer(np.repeat(X, 2, axis=0), np.repeat(y, 2), covariance="HC0"))


def test_probabilities_are_clusters_of_repeated_rows_whatever_their_unit(counted, infer):
    X, y, counts, which = counted
    repeated = infer(X[which], y[which], covariance="cluster", groups=which, small_sample="stata")
    n = len(y)
    for unit in (1.0, 1e-3, 1 / counts.sum()):
        ours = infer(X, y, unit * counts, weights_are="probabilities", covariance="HC0")
        assert_allclose(
            np.asarray(ours.covariance) * n / (n - 1), np.asarray(repeated.covariance), **CLOSE
        )
        assert ours.n_observations == n


def test_a_row_without_weight_is_none(draw, infer):
    X, y = draw(3, 80)
    weights = np.ones(80)
    weights[::9] = 0
    kept = weights > 0
    plain = infer(X[kept], y[kept])
    ours = infer(X, y, weights, weights_are="frequencies")
    same(ours, plain)
    assert ours.n_observations == kept.sum()
    ours = infer(X, y, weights, weights_are="probabilities", covariance="HC1")
    same(ours, infer(X[kept], y[kept], covariance="HC1"))
    assert ours.n_observations == kept.sum()


@pytest.fixture(scope="module")
def shares(election):
    """The election study by years of education: three outcomes, as shares of each group."""
    three = np.digitize(election.y, [2, 5])
    groups = election.X["educ"].to_numpy()
    values = np.unique(groups)
    counts = np.array([np.bincount(three[groups == value], minlength=3) for value in values])
    sizes = counts.sum(axis=1)
    return values[:, None], counts / sizes[:, None], sizes, groups[:, None], three


@pytest.mark.parametrize("covariance", ["hessian", "opg", "HC0", "HC1"])
def test_distributions_are_repeated_labelled_rows(shares, infer, covariance):
    values, distributions, sizes, X, y = shares
    ours = infer(values, distributions, sizes, weights_are="frequencies", covariance=covariance)
    single = infer(X, y, covariance=covariance)
    same(ours, single)
    for name in LIKELIHOODS:
        assert_allclose(getattr(ours, name), getattr(single, name), rtol=1e-9)


def test_the_figures_of_the_grouped_election_study(shares, infer):
    """Standard errors of two outcomes, constant and educ, computed from the single rows once."""
    values, distributions, sizes, *_ = shares
    for covariance, expected in [
        ("HC0", [0.257212, 0.053683, 0.224372, 0.046551]),
        ("opg", [0.243003, 0.050384, 0.238435, 0.049124]),
    ]:
        ours = infer(
            values, distributions, sizes, weights_are="frequencies", covariance=covariance
        )
        assert_allclose(ours.std_err[:, ::-1].ravel(), expected, atol=6e-7)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_fractions_have_the_sandwich_of_their_residuals(draw, infer, n_classes):
    X, _ = draw(n_classes, 150)
    y = np.random.default_rng(2).dirichlet(np.ones(n_classes), 150)
    ours = infer(X, y, weights_are="probabilities", covariance="HC0")
    Z = np.column_stack([X, np.ones(150)])
    logits = np.column_stack([np.zeros(150), Z @ ours.coef.T])
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    scores = ((y - p)[:, 1:, None] * Z[:, None]).reshape(150, -1)
    information = sum(
        np.kron(np.diag(row) - np.outer(row, row), np.outer(z, z))
        for row, z in zip(p[:, 1:], Z, strict=True)
    )
    bread = np.linalg.inv(information)
    assert_allclose(scores.sum(axis=0), 0, atol=1e-8)
    assert_allclose(np.asarray(ours.covariance), bread @ scores.T @ scores @ bread, **CLOSE)


def test_class_weights_are_probabilities(draw):
    X, y = draw(3, 120)
    weight = {0: 1.0, 1: 2.0, 2: 0.5}
    model = SoftmaxRegression(C=np.inf, class_weight=weight).fit(X, y)
    ours = model.inference(X, y, covariance="HC0")
    weights = np.array([weight[label] for label in y])
    plain = SoftmaxRegression(C=np.inf).fit(X, y, weights)
    same(ours, plain.inference(X, y, weights, weights_are="probabilities", covariance="HC0"))
    for options, said in [({}, "sandwich only"), ({"weights_are": "frequencies"}, "class_weight")]:
        with pytest.raises(ValueError, match=said):
            model.inference(X, y, **options)


def test_the_meaning_has_to_be_said(draw, infer):
    X, y = draw(3, 60)
    with pytest.raises(ValueError, match="Say what the weights are"):
        infer(X, y, np.ones(60))
    with pytest.raises(ValueError, match="whose y is a distribution"):
        infer(X, np.full((60, 3), 1 / 3))
    for covariance in ("hessian", "opg"):
        with pytest.raises(ValueError, match="have a sandwich only"):
            infer(X, y, np.ones(60), weights_are="probabilities", covariance=covariance)
    ours = infer(X, y, np.ones(60), weights_are="probabilities", covariance="HC0")
    for name in ("aic", "bic"):
        with pytest.raises(ValueError, match="pseudolikelihood"):
            getattr(ours, name)
    with pytest.raises(ValueError, match="pseudolikelihood"):
        ours.likelihood_ratio_test()

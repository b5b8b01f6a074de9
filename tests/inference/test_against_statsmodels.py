"""Estimates, errors, tests and effects of MNLogit and Logit.

statsmodels returns HC0 for each of HC0 to HC3, so HC1 is compared with its formula.
"""

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.testing import assert_allclose

EXACT = {"rtol": 1e-6, "atol": 1e-8}


def of_statsmodels(study, **options):
    """Fitted coefficients and errors with a row an outcome."""
    model = (sm.Logit if len(np.unique(study.y)) == 2 else sm.MNLogit)(study.y, study.design)
    return model.fit(method="newton", tol=1e-12, disp=False, maxiter=100, **options)


def by_row(values):
    """Their columns are outcomes; one outcome has no axis."""
    return np.atleast_2d(np.asarray(values).T)


@pytest.fixture(params=["election", "spector", "three classes"], scope="module")
def study(request, election, spector, draw):
    if request.param == "three classes":
        X, y = draw(3)
        return type(election)(X, y)
    return {"election": election, "spector": spector}[request.param]


@pytest.fixture(scope="module")
def clusters(study):
    return np.arange(len(study.y)) // (4 if len(study.y) < 100 else 10)


def test_coefficients_errors_and_likelihood(study, infer):
    ours, theirs = infer(*study), of_statsmodels(study)
    assert_allclose(ours.coef, by_row(theirs.params), **EXACT)
    assert_allclose(ours.std_err, by_row(theirs.bse), **EXACT)
    assert_allclose(ours.z, by_row(theirs.tvalues), **EXACT)
    assert_allclose(ours.p_value, by_row(theirs.pvalues), rtol=1e-5, atol=1e-12)
    ends = np.asarray(theirs.conf_int(0.1)).reshape(*ours.coef.shape, 2)
    assert_allclose(ours.conf_int(0.9), ends, **EXACT)
    for mine, name in [
        (ours.log_likelihood, "llf"),
        (ours.log_likelihood_null, "llnull"),
        (ours.pseudo_r2.mcfadden, "prsquared"),
        (ours.aic, "aic"),
        (ours.bic, "bic"),
        (ours.likelihood_ratio_test().statistic, "llr"),
        (ours.df_model, "df_model"),
        (ours.df_resid, "df_resid"),
        (ours.n_observations, "nobs"),
    ]:
        assert_allclose(mine, getattr(theirs, name), rtol=1e-8, err_msg=name)


def test_the_covariance_with_its_labels(study, infer):
    ours, theirs = infer(*study), of_statsmodels(study)
    assert_allclose(np.asarray(ours.covariance), theirs.cov_params(), **EXACT)
    assert len(ours.covariance.labels) == ours.n_parameters
    assert ours.covariance.labels[-1] == (ours.outcomes[-1], "intercept")


def test_sandwiches(study, infer, clusters):
    theirs = of_statsmodels(study, cov_type="HC0")
    ours = infer(*study, covariance="HC0")
    assert_allclose(ours.std_err, by_row(theirs.bse), **EXACT)
    assert_allclose(np.asarray(ours.covariance), theirs.cov_params(), **EXACT)
    options = {"cov_type": "cluster", "cov_kwds": {"groups": clusters}}
    theirs = of_statsmodels(study, **options)
    ours = infer(*study, covariance="cluster", groups=clusters)
    assert_allclose(ours.std_err, by_row(theirs.bse), **EXACT)
    assert ours.n_clusters == len(np.unique(clusters))


def scores_of(study, coef):
    """Scores by their definition, ``(y_i - p_i) (x) z_i``, class by class."""
    logits = np.column_stack([np.zeros(len(study.y)), study.design @ coef.T])
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    residuals = (study.y[:, None] == np.unique(study.y)) - p
    return (residuals[:, 1:, None] * study.design[:, None, :]).reshape(len(study.y), -1)


def test_the_outer_product_of_scores_and_the_factors_by_their_formulas(study, infer, clusters):
    plain = infer(*study)
    scores = scores_of(study, plain.coef)
    bread, meat = np.asarray(plain.covariance), scores.T @ scores
    n, k = scores.shape
    ours = infer(*study, covariance="opg")
    assert_allclose(np.asarray(ours.covariance), np.linalg.inv(meat), rtol=1e-6, atol=1e-9)
    robust = bread @ meat @ bread
    of_groups = np.array([scores[clusters == group].sum(axis=0) for group in np.unique(clusters)])
    clustered = bread @ of_groups.T @ of_groups @ bread
    G = len(of_groups)
    for options, expected in [
        ({"covariance": "HC1"}, robust * n / (n - k)),
        ({"covariance": "HC1", "small_sample": "stata"}, robust * n / (n - 1)),
        ({"covariance": "cluster"}, clustered * G / (G - 1) * (n - 1) / (n - k)),
        ({"covariance": "cluster", "small_sample": "stata"}, clustered * G / (G - 1)),
    ]:
        options |= {"groups": clusters} if options["covariance"] == "cluster" else {}
        ours = infer(*study, **options)
        assert_allclose(
            np.asarray(ours.covariance), expected, rtol=1e-6, atol=1e-8, err_msg=str(options)
        )


def test_marginal_effects(study, infer):
    """``get_margeff`` knows the constant column by its name, and takes dummies for two classes."""
    ours = infer(*study)
    for at, theirs_at in [("each row", "overall"), ("mean", "mean")]:
        theirs = of_statsmodels(study).get_margeff(at=theirs_at)
        effects = ours.marginal_effects(study.X, at=at)
        assert_allclose(effects.estimate.sum(axis=1), 0, atol=1e-12)
        estimate, std_err = effects.estimate, effects.std_err
        if len(ours.classes) == 2:
            estimate, std_err = estimate[:, 1], std_err[:, 1]
        assert_allclose(estimate, theirs.margeff, rtol=1e-6, atol=1e-9)
        assert_allclose(std_err, theirs.margeff_se, rtol=1e-6, atol=1e-9)


def test_the_effect_of_a_dummy(spector, infer):
    theirs = of_statsmodels(spector).get_margeff(dummy=True)
    effects = infer(*spector).marginal_effects(spector.X, dummy=["PSI"])
    assert_allclose(effects.estimate[:, 1], theirs.margeff, rtol=1e-6)
    assert_allclose(effects.std_err[:, 1], theirs.margeff_se, rtol=1e-6)


def test_wald_tests_with_a_matrix(study, infer):
    ours, theirs = infer(*study), of_statsmodels(study)
    rng = np.random.default_rng(0)
    for n in (1, 3):
        matrix = rng.normal(size=(n, ours.coef.size))
        values = rng.normal(size=n)
        expected = theirs.wald_test((matrix, values), scalar=True)
        test = ours.wald_test(matrix, values)
        assert_allclose(test.statistic, expected.statistic, rtol=1e-6)
        assert_allclose(test.p_value, expected.pvalue, rtol=1e-5, atol=1e-300)
        assert test.df == n

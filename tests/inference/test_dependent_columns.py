"""Columns that depend on others are named; what does not depend on the choice is reported."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose

from sk_softmax import SoftmaxRegression

COVARIANCES = ["hessian", "opg", "HC0", "cluster"]


def options_of(covariance, n_rows):
    groups = np.arange(n_rows) // 3 if covariance == "cluster" else None
    return {"covariance": covariance, "groups": groups}


@pytest.fixture(scope="module", params=[2, 3])
def coded(request, draw):
    """Two measurements, and a feature of three categories as all three columns."""
    X, y = draw(request.param, 300, 2)
    category = np.random.default_rng(4).integers(0, 3, len(y))
    columns = (category[:, None] == np.arange(3)).astype(float)
    names = ["red", "u", "green", "v", "blue"]
    values = np.column_stack([columns[:, 0], X[:, 0], columns[:, 1], X[:, 1], columns[:, 2]])
    return pd.DataFrame(values, columns=names), y


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_all_columns_of_an_encoder_beside_an_intercept(coded, infer, covariance):
    X, y = coded
    options = options_of(covariance, len(y))
    ours, less = infer(X, y, **options), infer(X.drop(columns="red"), y, **options)
    assert ours.dependent_columns == ("red", "green", "blue", "intercept")
    shown = [ours.columns.index(name) for name in ("u", "v")]
    assert_allclose(ours.coef[:, shown], less.coef[:, [0, 2]], rtol=1e-7)
    assert_allclose(ours.std_err[:, shown], less.std_err[:, [0, 2]], rtol=1e-7)
    hidden = [ours.columns.index(name) for name in ours.dependent_columns]
    for array in (ours.coef, ours.std_err, ours.z, ours.p_value, ours.conf_int()):
        assert np.isnan(array[:, hidden]).all()
        assert np.isfinite(array[:, shown]).all()
    assert {name for _, name in ours.covariance.labels} == {"u", "v"}
    assert ours.covariance.matrix.shape == 2 * (2 * len(ours.outcomes),)
    assert ours.n_parameters == less.n_parameters
    assert "Not determined" in str(ours)
    assert "red, green, blue, intercept" in str(ours)


def test_what_does_not_depend_on_the_choice(coded, infer):
    X, y = coded
    few = X.drop(columns="red")
    ours, less = infer(X, y), infer(few, y)
    one, other = ours.predict_interval(X), less.predict_interval(few)
    assert_allclose(one.low, other.low, rtol=1e-6)
    assert_allclose(one.high, other.high, rtol=1e-6)
    for words, in_words in [
        ("u = 0", "u = 0"),
        ("green = red", "green = 0"),
        ("green - blue = u", "green - blue = u"),
        ("red + green = 2 * blue", "green = 2 * blue"),
        ("intercept + red = 0", "intercept = 0"),
    ]:
        tests = ours.wald_test(words), less.wald_test(in_words)
        assert_allclose(tests[0].statistic, tests[1].statistic, rtol=1e-6, err_msg=words)
        assert tests[0].df == tests[1].df
    alone = ours.feature_tests()
    assert [test.df for test in alone] == [0, len(ours.outcomes), 0, len(ours.outcomes), 0]
    assert np.isnan(alone["red"].statistic)
    assert np.isnan(alone["red"].p_value)
    together = ours.feature_tests({"colour": ["red", "green", "blue"]})["colour"]
    expected = less.feature_tests({"colour": ["green", "blue"]})["colour"]
    assert_allclose(together.statistic, expected.statistic, rtol=1e-6)
    assert together.df == expected.df
    pairs = ours.combine_outcomes_test(), less.combine_outcomes_test()
    for mine, theirs in zip(*pairs, strict=True):
        assert_allclose([mine.statistic, mine.df], [theirs.statistic, theirs.df], rtol=1e-6)
    effects = ours.marginal_effects(X), less.marginal_effects(few)
    assert_allclose(effects[0].std_err[[1, 3]], effects[1].std_err[[0, 2]], rtol=1e-6)
    assert np.isnan(effects[0].estimate[[0, 2, 4]]).all()
    to_blue = [frame.assign(green=0.0, blue=1.0) for frame in (X.assign(red=0.0), few)]
    changes = [
        i.compare_predictions(x, z)
        for i, x, z in zip((ours, less), (X, few), to_blue, strict=True)
    ]
    assert_allclose(changes[0].estimate, changes[1].estimate, rtol=1e-6)
    assert_allclose(changes[0].std_err, changes[1].std_err, rtol=1e-6)
    for name in ("log_likelihood", "aic", "bic", "df_model", "df_resid"):
        assert_allclose(getattr(ours, name), getattr(less, name), rtol=1e-10)


def test_what_depends_on_the_choice_is_an_error(coded, infer):
    X, y = coded
    ours = infer(X, y)
    for words in ("red = 0", "green = blue = u", "intercept = 0", "red + green = 0"):
        with pytest.raises(ValueError, match="linear combinations of others"):
            ours.wald_test(words)
    unknown = X.assign(red=0.0, green=0.0, blue=0.0)
    unknown.iloc[:5] = X.iloc[:5]
    calls = (
        ours.predict_interval,
        ours.marginal_effects,
        lambda rows: ours.compare_predictions(X, rows),
        lambda rows: ours.compare_predictions(X, rows, average=False),
    )
    for call in calls:
        with pytest.raises(ValueError, match="Row 5 of X breaks a dependence"):
            call(unknown)


def test_a_sum_of_columns_of_the_election_study(election, election_fit, infer):
    """MNLogit reports standard errors above 50,000 here."""
    X = election.X.assign(both=election.X["age"] + election.X["educ"])
    plain = election_fit.inference(*election)
    for rows in (X, X.astype(np.float32)):
        ours = infer(rows, election.y)
        assert ours.dependent_columns == ("age", "educ", "both")
        shown = [0, 1, 4, 6]
        kept = [0, 1, 4, 5]
        tolerance = 1e-6 if rows is X else 1e-4  # float32 rounds logpopul
        assert_allclose(ours.coef[:, shown], plain.coef[:, kept], rtol=tolerance)
        assert_allclose(ours.std_err[:, shown], plain.std_err[:, kept], rtol=tolerance)
    ours = infer(sp.csr_matrix(X.to_numpy()), election.y)
    assert ours.dependent_columns == ("x2", "x3", "x5")


def test_columns_that_are_constant_zero_or_twice_there(draw, infer):
    X, y = draw(3, 200)
    plain = infer(X, y)
    wide = np.column_stack([X, np.full(200, 7.0), np.zeros(200), X[:, 1], 1e6 + X[:, 2]])
    ours = infer(wide, y)
    assert ours.dependent_columns == ("x1", "x2", "x4", "x5", "x6", "x7", "intercept")
    assert_allclose(ours.coef[:, [0, 3]], plain.coef[:, [0, 3]], rtol=1e-6)
    assert_allclose(ours.std_err[:, [0, 3]], plain.std_err[:, [0, 3]], rtol=1e-6)
    without = SoftmaxRegression(C=np.inf, fit_intercept=False).fit(wide[:, [0, 1, 2, 3, 6]], y)
    assert without.inference(wide[:, [0, 1, 2, 3, 6]], y).dependent_columns == ("x1", "x4")


def test_columns_that_nearly_depend_are_kept(infer):
    """Powers of years, in their units: R and statsmodels would fit them as well."""
    rng = np.random.default_rng(0)
    years = rng.integers(2000, 2021, 400).astype(float)
    y = (rng.random(400) < 0.5).astype(int)
    X = np.column_stack([years, years**2])
    ours = infer(X, y)
    assert ours.dependent_columns == ()
    t = years - 2010
    centred = infer(np.column_stack([t, t**2]), y)
    assert_allclose(ours.z[:, 1], centred.z[:, 1], rtol=1e-5)


def test_a_penalty_determines_what_it_is_on(coded):
    X, y = coded
    model = SoftmaxRegression(C=1.0).fit(X, y)
    assert model.inference(X, y).dependent_columns == ()
    model = SoftmaxRegression(C=1.0, penalty_factor=[0, 1, 0, 1, 0]).fit(X, y)
    ours = model.inference(X, y)
    assert ours.dependent_columns == ("red", "green", "blue", "intercept")

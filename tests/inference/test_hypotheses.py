"""Tests of constraints in words and in matrices, of features, outcomes and nested models."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import chi2

from sk_softmax import SoftmaxRegression


@pytest.fixture(scope="module")
def ours(election, election_fit):
    return election_fit.inference(*election)


def by_definition(inference, matrix, values=0.0):
    off = matrix @ inference.coef.ravel() - values
    covariance = matrix @ np.asarray(inference.covariance) @ matrix.T
    return off @ np.linalg.solve(covariance, off)


def unit(inference, outcome, column, factor=1.0):
    row = np.zeros(inference.coef.shape)
    row[inference.outcomes.index(outcome), inference.columns.index(column)] = factor
    return row.ravel()


def test_words_and_matrices_say_the_same(ours):
    def each(*terms):
        return np.array(
            [sum(unit(ours, k, name, factor) for name, factor in terms) for k in ours.outcomes]
        )

    one = np.array([unit(ours, 6, "income") - 2 * unit(ours, 5, "income")])
    cases = [
        ("income = 0", each(("income", 1)), 0),
        ("0 = income", each(("income", 1)), 0),
        ("age = income", each(("age", 1), ("income", -1)), 0),
        ("2*age+.5=income", each(("age", 2), ("income", -1)), -0.5),
        ("- age - 1e-1 = - 2 * income", each(("age", -1), ("income", 2)), 0.1),
        ("income[6] - 2 * income[5] = 0.1", one, 0.1),
        ("income[6]=2*income[5]", one, 0),
        (
            "intercept[1] = 0, educ = 0",
            np.vstack([unit(ours, 1, "intercept"), each(("educ", 1))]),
            0,
        ),
        (
            ["age = educ = income"],
            np.vstack([each(("age", 1), ("educ", -1)), each(("educ", 1), ("income", -1))]),
            0,
        ),
    ]
    for words, matrix, value in cases:
        values = np.full(len(matrix), float(value))
        test = ours.wald_test(words)
        assert_allclose(test.statistic, by_definition(ours, matrix, value), rtol=1e-8)
        assert_allclose(test.statistic, ours.wald_test(matrix, values).statistic, rtol=1e-9)
        assert test.df == len(matrix)
        assert_allclose(test.p_value, chi2.sf(test.statistic, test.df), rtol=1e-10)


def test_names_may_hold_anything(draw, infer):
    import pandas as pd

    X, y = draw(3, 100)
    names = ["x", "x1", "age in (20, 30]", "a = b"]
    ours = infer(pd.DataFrame(X, columns=names), y)
    for column, name in enumerate(names):
        matrix = np.zeros((2, 2, 5))
        matrix[[0, 1], [0, 1], column] = 1
        expected = by_definition(ours, matrix.reshape(2, -1))
        assert_allclose(ours.wald_test(f"{name} = 0").statistic, expected, rtol=1e-9)
        assert_allclose(ours.feature_tests()[name].statistic, expected, rtol=1e-9)
    ours = infer(pd.DataFrame(X, columns=["intercept", "a", "b", "c"]), y)
    assert ours.columns[-1] == "(intercept)"
    assert ours.wald_test("(intercept) = 0").df == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("income", "character 6 on: an equals sign"),
        ("wealth = 0", "character 0 on: a number or the name of a column"),
        ("income = 0 0", "character 11 on"),
        ("income[0] = 0", "an outcome that has coefficients"),
        ("income[6] = age", "Name the outcome of every coefficient"),
        ("2 * = 0", "the name of a column was expected"),
        ("1 = 1", "Name the outcome"),
        ([], "No constraint"),
        ("incomes = 0", "character 0"),
        ("income = 0, income = 1", "contradict"),
        ("income = income + 1", "zero is another number"),
    ],
)
def test_what_cannot_be_read_is_said(ours, words, said):
    with pytest.raises(ValueError, match=said):
        ours.wald_test(words)


def test_a_matrix_has_a_column_for_each_coefficient(ours):
    with pytest.raises(ValueError, match=r"expected \(n, 36\)"):
        ours.wald_test(np.eye(35))
    with pytest.raises(ValueError, match=r"values has shape"):
        ours.wald_test(np.eye(36)[:2], [0.0])
    with pytest.raises(ValueError, match="belongs to a matrix"):
        ours.wald_test("income = 0", [1.0])


def test_constraints_that_others_imply_are_left_out(ours):
    twice = ours.wald_test(["income = 0", "2 * income = 0", "income[6] = income[5]"])
    assert_allclose([twice.statistic, twice.df], [27.397033, 6], rtol=1e-7)


def test_outcomes_that_can_be_combined(ours, election):
    tests = ours.combine_outcomes_test()
    assert len(tests) == 21
    slopes = [name for name in ours.columns if name != "intercept"]
    matrix = np.array([unit(ours, 4, name) - unit(ours, 5, name) for name in slopes])
    assert_allclose(tests["4 = 5"].statistic, by_definition(ours, matrix), rtol=1e-9)
    matrix = np.array([unit(ours, 3, name) for name in slopes])
    assert_allclose(tests["0 = 3"].statistic, by_definition(ours, matrix), rtol=1e-9)
    (one,) = ours.combine_outcomes_test(4, 5)
    assert one == tests["4 = 5"]
    assert one.df == 5
    with pytest.raises(ValueError, match="8 is not one of the classes"):
        ours.combine_outcomes_test(4, 8)


def test_likelihood_ratios_of_each_feature(ours, election):
    """Twice the difference of log likelihoods, the figures of two models each."""
    figures = {
        "logpopul": 16.439985,
        "selfLR": 478.101179,
        "age": 19.595884,
        "educ": 15.943758,
        "income": 28.793540,
    }
    for name, figure in figures.items():
        X = election.X.drop(columns=name)
        less = SoftmaxRegression(C=np.inf).fit(X, election.y).inference(X, election.y)
        for test in (ours.likelihood_ratio_test(less), less.likelihood_ratio_test(ours)):
            assert_allclose(test.statistic, figure, rtol=1e-7)
            assert test.df == 6
            assert_allclose(test.p_value, chi2.sf(figure, 6), rtol=1e-5)


def test_models_that_are_not_nested(ours, election, infer):
    X, y = election
    with pytest.raises(ValueError, match="same rows"):
        ours.likelihood_ratio_test(infer(X[:-1], y[:-1]))
    with pytest.raises(ValueError, match="not nested: \\['years'"):
        ours.likelihood_ratio_test(infer(X[["age"]].rename(columns={"age": "years"}), y))
    with pytest.raises(ValueError, match="not nested"):
        ours.likelihood_ratio_test(ours)
    clustered = infer(X, y, covariance="cluster", groups=np.arange(944) // 10)
    for one, other in [(clustered, ours), (ours, clustered)]:
        with pytest.raises(ValueError, match="pseudolikelihood"):
            one.likelihood_ratio_test(other)


def test_features_that_are_tested_together(ours):
    tests = ours.feature_tests({"place": ["logpopul", "income"]})
    assert [test.name for test in tests] == ["place", "selfLR", "age", "educ"]
    assert tests["place"].df == 12
    together = ours.wald_test("logpopul = 0, income = 0")
    assert_allclose(tests["place"].statistic, together.statistic, rtol=1e-10)
    frame = tests.to_frame()
    assert list(frame.columns) == ["statistic", "df", "p_value"]
    assert frame.loc["place", "df"] == 12
    assert "place" in str(tests)
    assert [test.name for test in tests[:2]] == ["place", "selfLR"]
    with pytest.raises(KeyError):
        tests["income"]
    with pytest.raises(ValueError, match="is in two groups"):
        ours.feature_tests({"a": ["age"], "b": ["age", "educ"]})


def test_no_more_constraints_than_clusters_allow(election, infer):
    ours = infer(*election, covariance="cluster", groups=np.arange(944) // 40)
    assert ours.n_clusters == 24
    assert ours.feature_tests()["income"].df == 6
    ours.wald_test(["age = 0", "educ = 0", "income = 0", "selfLR[1] = 0"])
    with pytest.raises(ValueError, match="24 constraints cannot be tested with 24 clusters"):
        ours.wald_test(["age = 0", "educ = 0", "income = 0", "selfLR = 0"])

"""Figures that R's logistf publishes for two studies, and what is known without any program.

The licence of the data is not clear, so that they are not bundled. Where the environment variable
SK_SOFTMAX_DATA names a folder that holds them they are read from there:

- ``sex2.csv``, 239 rows, with the header ``case,age,oc,vic,vicl,vis,dia``: urinary tract
  infections (the outcome is ``case``), ``sex2`` of logistf;
- ``endometrial.csv``, 79 rows, with the header ``NV,PI,EH,HG``: the grade of a tumour (the outcome
  is ``HG``), as in Heinze and Schemper (2002, Statistics in Medicine 21).

All columns are numbers. Coefficients, intervals of 90 % and tests of ``sex2`` are what
``summary(logistf(case ~ age + oc + vic + vicl + vis + dia, sex2, alpha = 0.1))`` prints in the
manual of the package splendid; the others are those of logistf that the tests of firthlogist hold.
The intercept comes last here. (logistf's standard errors are those of augmented data: ours are of
the inverse information.)
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from numpy.testing import assert_allclose
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import chi2

from sk_softmax import SoftmaxRegression

FOLDER = Path(os.environ.get("SK_SOFTMAX_DATA", "/nonexistent"))

STUDIES = {
    "sex2": {
        "outcome": "case",
        "coef": [
            -1.10598131,
            -0.06881673,
            2.26887464,
            -2.11140817,
            -0.78831694,
            3.09601166,
            0.12025405,
        ],
        0.9: [
            [-1.8277045, -0.4328451],
            [-0.7986318, 0.6507581],
            [1.4248338, 3.2325326],
            [-3.0613215, -1.2704704],
            [-1.4743338, -0.1137542],
            [1.0835108, 6.8752016],
            [-0.6673577, 0.9177303],
        ],
        0.95: [
            [-1.9737884, -0.30742514],
            [-0.9414363, 0.78920202],
            [1.2730216, 3.43543273],
            [-3.2608611, -1.11773495],
            [-1.6080879, 0.01518468],
            [0.7745682, 8.03029352],
            [-0.8185591, 1.07315122],
        ],
        "chi_square": [
            7.50773092,
            0.02467044,
            22.93139022,
            19.10407252,
            3.69740975,
            7.89693139,
            0.06286298,
        ],
        "p": [
            6.143472e-03,
            8.751911e-01,
            1.678877e-06,
            1.237805e-05,
            5.449701e-02,
            4.951873e-03,
            8.020268e-01,
        ],
    },
    "endometrial": {
        "outcome": "HG",
        "coef": [2.92927330, -0.03475175, -2.60416387, 3.77455951],
        0.95: [
            [0.6097244, 7.85463171],
            [-0.1244587, 0.04045547],
            [-4.3651832, -1.23272106],
            [1.0825371, 7.20928050],
        ],
    },
}


def inference(X, y, weight=None):
    model = SoftmaxRegression(C=np.inf, bias_reduction="firth").fit(X, y, sample_weight=weight)
    return model.bias_reduced_inference(X, y, weight)


@pytest.mark.parametrize("name", STUDIES)
def test_figures_of_logistf(name):
    file, published = FOLDER / f"{name}.csv", STUDIES[name]
    if not file.exists():
        pytest.skip(f"SK_SOFTMAX_DATA does not name a folder with {file.name}")
    table = pd.read_csv(file)
    outcome = published["outcome"]
    found = inference(table.drop(columns=outcome), table[outcome])
    assert_allclose(found.coef[0], published["coef"], rtol=1e-6)
    for level in (0.9, 0.95):
        if level in published:
            assert_allclose(found.conf_int(level)[0], published[level], rtol=1e-5)
    if "chi_square" in published:
        statistics, p_values = found.likelihood_ratio_tests()
        assert_allclose(statistics[0], published["chi_square"], rtol=1e-5)
        assert_allclose(p_values[0], published["p"], rtol=1e-5)


# --- what needs no program ----------------------------------------------------------------------


@pytest.mark.parametrize("cells", [(9, 2, 3, 8), (7, 0, 3, 6), (0, 4, 5, 0), (120, 1, 80, 0)])
def test_the_odds_ratio_of_a_table_of_four_cells(cells):
    """``log((a + 1/2)(d + 1/2) / ((b + 1/2)(c + 1/2)))``, with the intercept of its first row."""
    a, b, c, d = np.array(cells) + 0.5
    X, y = np.array([[1.0], [1], [0], [0]]), [1, 0, 1, 0]
    found = inference(X, y, np.array(cells, dtype=float))
    assert_allclose(found.coef[0], [np.log(a * d / (b * c)), np.log(c / d)], rtol=1e-7)


def penalised_loss(design, y, log_odds):
    """``- l - log det I / 2`` of two classes."""
    logits = design @ log_odds
    p = expit(logits)
    information = (design * (p * (1 - p))[:, None]).T @ design
    loss = np.logaddexp(0, logits) - y * logits
    return loss.sum() - np.linalg.slogdet(information)[1] / 2


def least_with_one_fixed(design, y, column, value, start):
    """Return the least penalised loss with one coefficient held at a value, by scipy."""
    others = np.delete(np.arange(design.shape[1]), column)

    def loss(rest):
        return penalised_loss(design, y, np.insert(rest, column, value))

    found = minimize(loss, start[others], method="BFGS", options={"gtol": 1e-7})
    return minimize(loss, found.x, method="Nelder-Mead", options={"xatol": 1e-9}).fun


@pytest.mark.parametrize("column", range(4))
def test_intervals_and_tests_are_those_of_the_profile_by_scipy(column):
    """On the grades of ``spector``, of statsmodels: ends lie where the profile has fallen."""
    data = sm.datasets.spector.load_pandas()
    X, y = data.exog.to_numpy(), data.endog.to_numpy()
    found = inference(X, y.astype(int))
    design = np.column_stack([X, np.ones(len(X))])
    least = penalised_loss(design, y, found.coef[0])
    assert -least == pytest.approx(found.penalised_log_likelihood, abs=1e-9)
    ends = found.conf_int(0.95, columns=[found.columns[column]])[0, column]
    statistic = found.likelihood_ratio_tests()[0][0, column]
    for value, fall in [
        (ends[0], chi2.ppf(0.95, 1)),
        (ends[1], chi2.ppf(0.95, 1)),
        (0, statistic),
    ]:
        profile = least_with_one_fixed(design, y, column, value, found.coef[0])
        assert 2 * (profile - least) == pytest.approx(fall, abs=1e-5)
    assert ends[0] < found.coef[0, column] < ends[1]

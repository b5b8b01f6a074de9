"""scikit-learn's own checks of an estimator, for every solver, with no failure expected."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV
from sk_softmax.solvers import SOLVERS

MOST_ITERATIONS = {"gd": 300, "sgd": 40, "rmsprop": 40, "adam": 40}
"""Iterations, or epochs, after which more would only take longer: they were half of the time."""


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(
    [
        # Auto is one of the others, for the small data of these checks Newton's method.
        *(
            SoftmaxRegression(solver=name, max_iter=MOST_ITERATIONS.get(name))
            for name in SOLVERS
            if name != "newton-cholesky"
        ),
        SoftmaxRegression(l1_ratio=0.5),
        SoftmaxRegression(lower_bounds=0.0),
        SoftmaxRegression(l1_ratio=1.0, grouped=True, C=10.0),
        SoftmaxRegression(C=float("inf"), bias_reduction="firth"),
        SoftmaxRegressionCV(scoring="accuracy", Cs=2, cv=3),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)

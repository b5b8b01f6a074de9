"""scikit-learn's own checks of an estimator, for every solver, with no failure expected."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV
from sk_softmax.solvers import SOLVERS


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(
    [
        # Auto is one of the others, for the small data of these checks Newton's method.
        *(SoftmaxRegression(solver=name) for name in SOLVERS if name != "newton-cholesky"),
        SoftmaxRegression(l1_ratio=0.5),
        SoftmaxRegression(lower_bounds=0.0),
        SoftmaxRegression(l1_ratio=1.0, grouped=True, C=10.0),
        SoftmaxRegression(C=float("inf"), bias_reduction="firth"),
        SoftmaxRegressionCV(scoring="accuracy", Cs=2, cv=3),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)

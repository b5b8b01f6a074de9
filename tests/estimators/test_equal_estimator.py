"""from_logistic_regression: the same optimum in every supported scikit-learn, fitted or not."""

import inspect

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.svm import LinearSVC
from sklearn.utils.validation import check_is_fitted

from sk_softmax import SoftmaxRegression

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*(penalty|l1_ratio|multi_class|n_jobs)"),
    pytest.mark.filterwarnings("ignore:.*was deprecated:FutureWarning"),
]
BY_NAME = "multi_class" in inspect.signature(LogisticRegression).parameters
"""Whether the penalty is chosen by its name, as before scikit-learn 1.8."""

TIGHT = dict(tol=1e-9, max_iter=100_000)
equal = SoftmaxRegression.from_logistic_regression


def elastic(ratio):
    return dict(l1_ratio=ratio, solver="saga") | ({"penalty": "elasticnet"} if BY_NAME else {})


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    "parameters",
    [
        dict(),
        dict(C=0.1, class_weight="balanced", solver="newton-cg"),
        dict(class_weight={0: 3.0}, fit_intercept=False, solver="newton-cholesky"),
        dict(C=np.inf),
        dict(penalty=None),
        dict(penalty="l2", C=3.0),
        dict(penalty="l1", C=0.1, solver="saga"),
        elastic(0.5) | dict(C=0.2),
        elastic(1.0) | dict(C=0.05),
        dict(penalty="l2", l1_ratio=0.5),  # the name decides
    ],
    ids=str,
)
def test_the_optimum_is_the_same(parameters, n_classes, overlapping_classes):
    X, y = overlapping_classes(n_classes, n_rows=150, n_features=3)
    theirs = LogisticRegression(**TIGHT | parameters)
    ours = equal(theirs)
    theirs.fit(X, y)
    ours.fit(X, y)
    assert ours.converged_
    for name in ("coef_", "intercept_"):
        np.testing.assert_allclose(
            getattr(ours, name) - getattr(ours, name).mean(axis=0) * (n_classes > 2),
            getattr(theirs, name) - getattr(theirs, name).mean(axis=0) * (n_classes > 2),
            rtol=0,
            atol=1e-6 * np.abs(theirs.coef_).max(),
        )


def test_an_intercept_that_is_not_penalised_is_the_same_for_two_classes_of_liblinear(
    overlapping_classes,
):
    X, y = overlapping_classes(2)
    theirs = LogisticRegression(solver="liblinear", fit_intercept=False, dual=True, **TIGHT)
    ours = equal(theirs.fit(X, y)).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6)


def test_defaults_become_defaults_and_other_values_are_translated():
    assert repr(equal(LogisticRegression())) == "SoftmaxRegression()"
    random_state = np.random.RandomState(0)
    theirs = LogisticRegression(
        tol=1e-3, max_iter=7, verbose=1, warm_start=True, random_state=random_state
    )
    ours = equal(theirs)
    assert (
        ours.get_params()
        == SoftmaxRegression(
            tol=1e-6, max_iter=7, verbose=1, warm_start=True, random_state=ours.random_state
        ).get_params()
    )
    assert ours.random_state is not random_state
    assert equal(LogisticRegression(tol=1e-9)).tol == 1e-12
    assert equal(LogisticRegression(solver="newton-cholesky")).solver == "newton-cholesky"


@pytest.mark.parametrize("n_classes", [2, 3])
def test_of_a_fitted_one_the_predictions_are_the_same(n_classes, overlapping_classes):
    X, y = overlapping_classes(n_classes)
    X = pd.DataFrame(X, columns=list("abcd"))
    theirs = LogisticRegression(C=0.3).fit(X, np.take(["x", "y", "z"], y))
    for fitted in (theirs, clone(theirs).fit(X, y).sparsify()):
        ours = equal(fitted)
        check_is_fitted(ours)
        np.testing.assert_allclose(ours.predict_proba(X), fitted.predict_proba(X), rtol=1e-12)
        np.testing.assert_array_equal(ours.predict(X), fitted.predict(X))
        assert sp.issparse(ours.coef_) == sp.issparse(fitted.coef_)
        assert ours.n_iter_.tolist() == [fitted.n_iter_.max()]
    before = ours.predict_proba(X)
    theirs.fit(X * 3, y)
    np.testing.assert_array_equal(ours.predict_proba(X), before)
    with pytest.raises(ValueError, match="feature names"):
        ours.predict(X.rename(columns={"a": "z"}))


def test_of_a_fitted_one_nothing_is_claimed(overlapping_classes):
    X, y = overlapping_classes(3)
    ours = equal(LogisticRegression().fit(X, y))
    assert not ours.converged_
    assert ours.duality_gap_ == np.inf
    assert len(ours.loss_curve_) == 0
    with pytest.raises(ValueError, match="no fit of this one has found them; fit it to the rows"):
        ours.inference(X, y, allow_penalty=True)
    again = ours.set_params(warm_start=True).fit(X, y)
    assert again.converged_


REFUSED = [
    (LinearSVC(), TypeError, "takes a scikit-learn LogisticRegression, not LinearSVC"),
    (LogisticRegressionCV(), TypeError, "SoftmaxRegressionCV is what corresponds to it"),
    (LogisticRegression(solver="liblinear"), ValueError, "penalises the intercept"),
    (
        LogisticRegression(solver="liblinear", fit_intercept=False),
        ValueError,
        "'liblinear' fits a model a class",
    ),
]
if BY_NAME:
    REFUSED += [
        (LogisticRegression(multi_class="ovr"), ValueError, "multi_class='ovr' fits a model a"),
        (LogisticRegression(multi_class="multinomial"), ValueError, "by half of what"),
        (LogisticRegression(penalty="elasticnet"), ValueError, "needs an l1_ratio between 0 and"),
    ]


@pytest.mark.parametrize(("estimator", "error", "message"), REFUSED, ids=str)
def test_what_has_no_equal_is_an_error_that_says_why(estimator, error, message):
    with pytest.raises(error, match=message):
        equal(estimator)


@pytest.mark.skipif(not BY_NAME, reason="multi_class was removed in scikit-learn 1.8")
def test_a_scheme_that_is_the_same_for_the_classes_of_a_fit(overlapping_classes):
    for scheme, n_classes in (("ovr", 2), ("multinomial", 3)):
        X, y = overlapping_classes(n_classes)
        theirs = LogisticRegression(multi_class=scheme, **TIGHT).fit(X, y)
        ours = equal(theirs).fit(X, y)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)


def test_there_and_back(overlapping_classes):
    X, y = overlapping_classes(3)
    model = SoftmaxRegression(C=0.2, l1_ratio=0.4).fit(X, y)
    back = equal(model.to_logistic_regression())
    assert (back.C, back.l1_ratio) == (0.2, 0.4)
    np.testing.assert_array_equal(back.predict_proba(X), model.predict_proba(X))

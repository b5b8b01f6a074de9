"""scikit-learn's own checks of estimators that support its array API dispatch."""

from unittest import SkipTest

import pytest
import sklearn
from sklearn.utils.estimator_checks import estimator_checks_generator

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV


def checks():
    """Those about the array API, with what tells them apart."""
    found = []
    for model, check in estimator_checks_generator(SoftmaxRegression()):
        function = getattr(check, "func", check)
        if "array_api" in function.__name__:
            told = "-".join(str(value) for value in check.keywords.values())
            found.append(pytest.param(model, check, id=f"{function.__name__}-{told}"))
    return found


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("model", "check"), checks())
@pytest.mark.parametrize("is_viewed", [True, False])
def test_check(model, check, is_viewed, request):
    if not is_viewed:
        request.getfixturevalue("in_no_host_memory")
    try:
        with sklearn.config_context(array_api_dispatch=False):  # which switches it on itself
            check(model)
    except SkipTest as missing:
        pytest.skip(str(missing))


def test_which_estimators_say_that_they_support_it():
    assert sklearn.utils.get_tags(SoftmaxRegression()).array_api_support
    assert not sklearn.utils.get_tags(SoftmaxRegressionCV()).array_api_support

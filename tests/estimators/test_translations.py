"""Words of scikit-learn's LogisticRegression that we do not have are errors that name ours."""

import inspect

import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV
from sk_softmax.estimators.input.translations import OPTIONS
from sk_softmax.solvers import SOLVERS

PAIRS = [(SoftmaxRegression, LogisticRegression), (SoftmaxRegressionCV, LogisticRegressionCV)]


def options_of(ours, theirs):
    return sorted(set(theirs().get_params()) - set(ours().get_params()))


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_every_parameter_that_only_they_have_is_translated(ours, theirs):
    options = options_of(ours, theirs)
    assert set(options) <= set(OPTIONS)
    assert "penalty" in options
    for option in options:
        with pytest.raises(TypeError, match=f"{ours.__name__} has no parameter '{option}', which"):
            ours(**{option: 1})
        with pytest.raises(ValueError, match=f"has no parameter '{option}'.*{theirs.__name__}"):
            ours().set_params(**{option: 1})


@pytest.mark.parametrize("solver", ["newton-cg", "liblinear", "sag", "saga"])
def test_their_solvers_are_translated(solver, overlapping_classes):
    X, y = overlapping_classes(2)
    assert solver not in SOLVERS
    for model in (SoftmaxRegression, SoftmaxRegressionCV):
        with pytest.raises(ValueError, match=f"'{solver}' is a solver of sci.*leave solver out"):
            model(solver=solver).fit(X, y)


def test_penalties_are_named_in_our_words():
    with pytest.raises(TypeError, match=r"l1_ratio=1.0 for 'l1'.*C=numpy.inf for None.*from_lo"):
        SoftmaxRegression(penalty="l1")
    with pytest.raises(TypeError, match=r"l1_ratios=\(1.0,\) for 'l1'.*Cs=\[numpy.inf\] for N"):
        SoftmaxRegressionCV(penalty="l1")
    with pytest.raises(TypeError, match=r"by name only, and 'l2' has none.*ratio=0.0 for 'l2'"):
        SoftmaxRegression("l2")


def test_a_search_over_penalties_says_what_to_search_over(overlapping_classes):
    pipeline = make_pipeline(SoftmaxRegression())
    search = GridSearchCV(pipeline, {"softmaxregression__penalty": ["l1", "l2"]})
    with pytest.raises(ValueError, match=r"l1_ratio=1\.0 for 'l1'"):
        search.fit(*overlapping_classes(2))


def test_other_mistakes_read_as_ever():
    with pytest.raises(TypeError, match="unexpected keyword argument 'l1ratio'"):
        SoftmaxRegression(l1ratio=1.0)
    with pytest.raises(ValueError, match="Invalid parameter 'l1ratio'"):
        SoftmaxRegression().set_params(l1ratio=1.0)


@pytest.mark.parametrize("model", [SoftmaxRegression, SoftmaxRegressionCV])
def test_the_signature_is_the_parameters(model):
    names = list(inspect.signature(model).parameters)
    assert sorted(names) == sorted(model().get_params(deep=False))
    assert clone(model().set_params(tol=0.5)).tol == 0.5

"""skops saves and loads what is fitted, once told to trust the package's own types."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_softmax import SKOPS_TYPES, KeepOnInterrupt, SoftmaxRegression, SoftmaxRegressionCV
from sk_softmax.solvers import SOLVERS

io = pytest.importorskip("skops.io", reason="needs skops, of the extra external")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def loaded(model):
    """The model after a save and a load in which no more was trusted than is listed."""
    data = io.dumps(model)
    assert set(io.get_untrusted_types(data=data)) <= set(SKOPS_TYPES)
    return io.loads(data, trusted=SKOPS_TYPES)


def same(model, X):
    again = loaded(model)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert repr(again) == repr(model)
    return again


@pytest.mark.parametrize("name", SOLVERS)
def test_every_solver_by_name_and_as_an_object(name, overlapping_classes):
    X, y = overlapping_classes(3)
    for solver in (name, SOLVERS[name]()):
        model = SoftmaxRegression(solver=solver, max_iter=3, random_state=0, keep_path=True)
        again = same(model.fit(X, y), X)
        assert repr(again.records_) == repr(model.records_)
        assert again._status is model._status
        again.fit(X, y)


@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adam"])
def test_a_stream_goes_on_after_a_load(name, overlapping_classes):
    X, y = overlapping_classes(3)
    model = SoftmaxRegression(solver=name, random_state=0)
    again = same(model.partial_fit(X[:100], y[:100], classes=[0, 1, 2]), X)
    for each in (model, again):
        each.partial_fit(X[100:], y[100:])
    np.testing.assert_array_equal(again.coef_, model.coef_)


def test_others(overlapping_classes):
    X, y = overlapping_classes(2)
    parameters = dict(
        penalty_factor=np.ones(4), lower_bounds=-1.0, class_weight={0: 2.0, 1: 1.0}, l1_ratio=0.5
    )
    same(make_pipeline(StandardScaler(), SoftmaxRegression(**parameters)).fit(X, y), X)
    same(SoftmaxRegressionCV(Cs=3, scoring="neg_log_loss").fit(X, y), X)
    same(SoftmaxRegression().fit(X, np.array(["a", "b"])[y]).sparsify(), X)
    model = SoftmaxRegression()
    if hasattr(model, "set_callbacks"):
        model.set_callbacks(KeepOnInterrupt())
    same(model.fit(X, y), X)
    inference = loaded(SoftmaxRegression(C=np.inf).fit(X, y)).inference(X, y)
    assert np.isfinite(inference.std_err).all()

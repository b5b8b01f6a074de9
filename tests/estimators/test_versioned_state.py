"""Models that another version has kept."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.base import clone

import sk_softmax
from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV


@pytest.fixture(params=[SoftmaxRegression, lambda: SoftmaxRegressionCV(Cs=3, scoring="accuracy")])
def model(request, dataset):
    return request.param().fit(*dataset("iris"))


def test_the_version_that_wrote_a_model_says_nothing(model, dataset):
    X, _ = dataset("iris")
    for again in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
        assert vars(again).keys() == vars(model).keys()


@pytest.mark.parametrize("version", ["0.0.7", "9.9"])
def test_another_version_is_named_and_the_model_predicts(version, model, dataset, monkeypatch):
    X, _ = dataset("iris")
    with monkeypatch.context() as patch:
        patch.setattr(sk_softmax, "__version__", version)
        kept = pickle.dumps(model)
    message = f"kept by sk_softmax {version} and is loaded by {sk_softmax.__version__}"
    with pytest.warns(UserWarning, match=message):
        again = pickle.loads(kept)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_parameters_that_came_later_have_their_defaults(model, dataset):
    X, y = dataset("iris")
    state = model.__getstate__()
    del state["grouped"], state["_written_by_sk_softmax"]
    old = type(model).__new__(type(model))
    with pytest.warns(UserWarning, match="kept by a version before 0.1.0"):
        old.__setstate__(state)
    assert repr(old) == repr(model)
    np.testing.assert_array_equal(old.predict(X), model.predict(X))
    np.testing.assert_array_equal(clone(old).fit(X, y).coef_, model.coef_)

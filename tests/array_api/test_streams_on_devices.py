"""partial_fit learns from chunks on a device what it learns from NumPy's."""

import numpy as np
import pytest
from on_device import WIDTHS_IN_PLACES, assert_there, moved, place_of

from sk_softmax import SoftmaxRegression
from sk_softmax.parts.device_arrays import on_host
from sk_softmax.solvers import SGD, Adam, RMSprop

pytestmark = pytest.mark.usefixtures("in_no_host_memory")
N_ROWS = 600


@pytest.fixture(params=WIDTHS_IN_PLACES, ids=lambda param: "-".join(param))
def place_and_dtype(request):
    name, dtype = request.param
    return place_of(name), dtype


def table(n_classes, dtype):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 5))
    logits = X @ rng.normal(size=(5, n_classes)) + 2 * rng.gumbel(size=(N_ROWS, n_classes))
    return X.astype(dtype), logits.argmax(axis=1), rng.uniform(0.2, 3, N_ROWS)


def assert_alike(ours, theirs, dtype):
    tolerance = 1e-10 if dtype == "float64" else 1e-4
    np.testing.assert_allclose(on_host(ours), theirs, rtol=tolerance, atol=tolerance)


SOLVERS = {
    "sgd": SGD(batch_size=20),
    "adam": Adam(batch_size=20),
    "rmsprop": RMSprop(batch_size=20),
}
OPTIONS = {
    "plain": {},
    "class weights": {"class_weight": {0: 1, 1: 2.5}},
    "smoothed": {"label_smoothing": 0.1},
    "no intercept": {"fit_intercept": False},
    "no penalty": {"C": np.inf},
}


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("solver", SOLVERS)
def test_chunks(solver, option, n_classes, place_and_dtype):
    place, dtype = place_and_dtype
    X, y, weights = table(n_classes, dtype)
    weights[100:140] = 0  # two minibatches, which are left out
    options = {"solver": SOLVERS[solver], "random_state": 0, **OPTIONS[option]}
    expected, found = SoftmaxRegression(**options), SoftmaxRegression(**options)
    classes = np.arange(n_classes)
    for some in np.split(np.arange(N_ROWS), 3):
        expected.partial_fit(X[some], y[some], classes, weights[some])
        X_there, y_there, of_chunk = moved(place, X[some], y[some], weights[some])
        found.partial_fit(X_there, y_there, place.moved(classes), of_chunk)
        assert_alike(found.coef_, expected.coef_, dtype)
        assert_alike(found.intercept_, expected.intercept_, dtype)
    np.testing.assert_allclose(
        found.loss_curve_, expected.loss_curve_, rtol=1e-10 if dtype == "float64" else 1e-4
    )
    for name in ("coef_", "intercept_"):
        assert_there(getattr(found, name), place, getattr(expected, name).dtype.name)
    assert_there(found.classes_, place)
    assert_there(found.n_iter_, place, "int32")
    (X_there,) = moved(place, X)
    assert_there(found.predict_proba(X_there), place)
    assert_alike(found.predict_proba(X_there), expected.predict_proba(X), dtype)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_and_offsets(n_classes, place_and_dtype):
    place, dtype = place_and_dtype
    X, y, _ = table(n_classes, dtype)
    rng = np.random.default_rng(1)
    targets = 0.7 * np.eye(n_classes)[y] + 0.3 * rng.dirichlet(np.ones(n_classes), N_ROWS)
    offset = rng.normal(size=(N_ROWS, n_classes))
    expected, found = SoftmaxRegression(solver="sgd"), SoftmaxRegression(solver="sgd")
    for some in np.split(np.arange(N_ROWS), 3):
        expected.partial_fit(X[some], targets[some], offset=offset[some])
        X_there, targets_there, added = moved(place, X[some], targets[some], offset[some])
        found.partial_fit(X_there, targets_there, offset=added)
    assert_alike(found.coef_, expected.coef_, dtype)
    with pytest.raises(ValueError, match="further rows to learn from"):
        found.partial_fit(X_there, targets_there)


def test_a_stream_may_be_cut_anywhere_between_minibatches(place_and_dtype):
    place, dtype = place_and_dtype
    X, y, _ = table(3, dtype)
    X_there, y_there = moved(place, X, y)
    whole = SoftmaxRegression(solver=SGD(batch_size=20)).partial_fit(X_there, y_there, range(3))
    model = SoftmaxRegression(solver=SGD(batch_size=20))
    for first in range(0, N_ROWS, 100):
        some = slice(first, first + 100)
        model.partial_fit(X_there[some, :], y_there[some], range(3))
    np.testing.assert_array_equal(on_host(model.coef_), on_host(whole.coef_))


def test_a_chunk_without_weight_changes_nothing(place_and_dtype):
    place, dtype = place_and_dtype
    X, y, weights = table(3, dtype)
    X_there, y_there, nothing = moved(place, X, y, 0 * weights)
    model = SoftmaxRegression(solver="sgd").partial_fit(X_there, y_there, range(3), nothing)
    assert not on_host(model.coef_).any()
    assert_there(model.coef_, place)
    model.partial_fit(X_there, y_there)
    before = on_host(model.coef_)
    model.partial_fit(X_there, y_there, sample_weight=nothing)
    np.testing.assert_array_equal(on_host(model.coef_), before)


def test_a_stream_continues_from_a_fit_and_in_another_place(place_and_dtype):
    place, dtype = place_and_dtype
    X, y, _ = table(3, dtype)
    (X_there,) = moved(place, X)
    names = np.array(["a", "b", "c"])[y]
    expected = SoftmaxRegression(solver="sgd", max_iter=3, random_state=0).fit(X, names)
    found = SoftmaxRegression(solver="sgd", max_iter=3, random_state=0).fit(X_there, names)
    for _ in range(2):
        expected.partial_fit(X, names)
        found.partial_fit(X_there, names)
    assert_alike(found.coef_, expected.coef_, dtype)
    assert found.classes_.tolist() == ["a", "b", "c"]
    expected.partial_fit(X, names)
    found.partial_fit(X, names)  # in memory from now on
    assert isinstance(found.coef_, np.ndarray)
    assert_alike(found.coef_, expected.coef_, dtype)
    found.partial_fit(X_there, names)
    assert_there(found.coef_, place)


def test_a_rate_that_is_too_large_is_an_error_and_leaves_the_model(place_and_dtype):
    place, dtype = place_and_dtype
    X, y, _ = table(3, dtype)
    X_there, y_there = moved(place, 1e3 * X, y)
    model = SoftmaxRegression(solver=SGD(learning_rate=1e-6)).partial_fit(
        X_there, y_there, range(3)
    )
    before = on_host(model.coef_)
    model.set_params(solver__learning_rate=1e300)
    with pytest.raises(ValueError, match="The coefficients overflowed"):
        model.partial_fit(X_there, y_there)
    np.testing.assert_array_equal(on_host(model.coef_), before)


def test_a_device_without_float64():
    place = place_of("strict:no_float64")
    X, y, weights = table(3, "float32")
    options = {"solver": SGD(batch_size=20), "random_state": 0}
    expected = SoftmaxRegression(**options).partial_fit(X, y, range(3), weights)
    found = SoftmaxRegression(**options).partial_fit(*moved(place, X, y), range(3), weights)
    assert_alike(found.coef_, expected.coef_, "float32")
    assert_there(found.coef_, place, "float32")

"""SoftmaxRegression fits to arrays on a device like to NumPy's, and answers in their place."""

import pickle

import numpy as np
import pytest
import sklearn
from on_device import FITS, WIDTHS_IN_PLACES, assert_there, moved, place_of
from sklearn.base import clone
from sklearn.datasets import load_iris

from sk_softmax import SoftmaxRegression
from sk_softmax.parts.device_arrays import on_host

pytestmark = pytest.mark.usefixtures("in_no_host_memory")
N_ROWS = 300


@pytest.fixture(params=WIDTHS_IN_PLACES, ids=lambda param: "-".join(param))
def place_and_dtype(request):
    name, dtype = request.param
    return place_of(name), dtype


def table(n_classes=3, dtype="float64"):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 5)) * np.geomspace(0.1, 30, 5)
    logits = X @ rng.normal(size=(5, n_classes)) + 2 * rng.gumbel(size=(N_ROWS, n_classes))
    X[:, 2] += 1000
    return X.astype(dtype), logits.argmax(axis=1), rng.uniform(0.2, 3, N_ROWS)


def assert_alike(ours, theirs, dtype, atol=1.0):
    """Values of two models; params of float32 fits differ by the root of the rounding."""
    tolerance = 1e-5 if dtype == "float64" else 3e-3
    np.testing.assert_allclose(on_host(ours), theirs, rtol=tolerance, atol=tolerance * atol)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("option", FITS)
def test_fits_and_predictions_are_those_of_numpy(option, n_classes, place_and_dtype):
    place, dtype = place_and_dtype
    X, y, weights = table(n_classes, dtype)
    model = SoftmaxRegression(**FITS[option])
    if model.solver in ("sgd", "adam"):
        X = (X - X.mean(axis=0)) / X.std(axis=0)
    X_there, y_there, weights_there = moved(place, X, y, weights)
    expected = clone(model).fit(X, y, sample_weight=weights)
    found = model.fit(X_there, y_there, sample_weight=weights_there)
    value = expected.objective(X, y, sample_weight=weights)
    precision = 1e-10 if dtype == "float64" else 1e-6
    F = expected.objective(X, y, sample_weight=weights, params=found.params_[None])[0]
    assert pytest.approx(value, rel=precision, abs=precision) == F
    ours = found.objective(X_there, y_there, sample_weight=weights_there)
    assert ours == pytest.approx(F, rel=precision, abs=precision)
    if dtype == "float64":
        assert on_host(found.n_iter_) == expected.n_iter_
    assert_alike(found.coef_, expected.coef_, dtype)
    for name in ("coef_", "intercept_"):
        assert_there(getattr(found, name), place, getattr(expected, name).dtype.name)
    assert_there(found.n_iter_, place, "int32")
    assert_there(found.classes_, place)
    assert_predictions_alike(found, expected, X_there, X, y_there, y, place, dtype)


def assert_predictions_alike(found, expected, X_there, X, y_there, y, place, dtype):
    width = expected.decision_function(X).dtype.name
    for method in ("decision_function", "predict_proba", "predict_log_proba"):
        answer, theirs = getattr(found, method)(X_there), getattr(expected, method)(X)
        assert_there(answer, place, width)
        assert tuple(answer.shape) == theirs.shape
        assert_alike(answer, theirs, dtype, atol=np.abs(theirs).max())
    np.testing.assert_allclose(on_host(found.predict_proba(X_there)).sum(axis=1), 1, rtol=1e-6)
    predicted = found.predict(X_there)
    assert_there(predicted, place)
    same = on_host(predicted) == expected.predict(X)
    assert same.mean() > (1 - 1e-9 if dtype == "float64" else 0.98)
    score = found.score(X_there, y_there)
    assert isinstance(score, float)
    assert score == pytest.approx(expected.score(X, y), abs=1e-6 if same.all() else 0.02)


def test_labels_of_any_kind(place_and_dtype):
    place, dtype = place_and_dtype
    X, y, _ = table(2, dtype)
    (X_there,) = moved(place, X)
    names = np.array(["no", "yes"])[y]
    expected = SoftmaxRegression().fit(X, names)
    found = SoftmaxRegression().fit(X_there, names)
    assert found.classes_.tolist() == ["no", "yes"]
    assert found.predict(X_there).tolist() == expected.predict(X).tolist()
    assert found.score(X_there, names) == expected.score(X, names)
    assert found.score(X_there, list(names), sample_weight=y + 1.0) == pytest.approx(
        expected.score(X, names, sample_weight=y + 1.0)
    )
    for kind in (bool, np.uint8, float):
        labels = y.astype(kind)
        expected = SoftmaxRegression().fit(X, labels)
        for given in (labels, place.moved(labels)):
            found = SoftmaxRegression().fit(X_there, given)
            assert on_host(found.classes_).tolist() == expected.classes_.tolist()
            assert_alike(found.coef_, expected.coef_, dtype)
            assert on_host(found.predict(X_there)).tolist() == expected.predict(X).tolist()
    gaps = 10 * y - 5
    found = SoftmaxRegression().fit(X_there, place.moved(gaps))
    assert on_host(found.classes_).tolist() == [-5, 5]
    assert set(on_host(found.predict(X_there)).tolist()) == {-5, 5}


@pytest.mark.parametrize("last", [4, 5, 9, -7])
def test_labels_that_the_first_rows_lack(last, place_and_dtype, monkeypatch):
    place, dtype = place_and_dtype
    monkeypatch.setattr("sk_softmax.estimators.input.dispatched_labels.FIRST_ROWS", 20)
    X, y, _ = table(3, dtype)
    labels = y + 2
    labels[-3:] = last
    expected = SoftmaxRegression().fit(X, labels)
    found = SoftmaxRegression().fit(*moved(place, X, labels))
    assert on_host(found.classes_).tolist() == expected.classes_.tolist() == [*np.unique(labels)]
    assert_alike(found.coef_, expected.coef_, dtype)


def test_labels_in_a_column_are_a_warning(place_and_dtype):
    place, dtype = place_and_dtype
    X, y, _ = table(3, dtype)
    from sklearn.exceptions import DataConversionWarning

    for column in (y[:, None], place.moved(y[:, None])):
        with pytest.warns(DataConversionWarning, match="column-vector"):
            SoftmaxRegression().fit(place.moved(X), column)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities(n_classes, place_and_dtype):
    place, dtype = place_and_dtype
    X, y, weights = table(n_classes, dtype)
    rng = np.random.default_rng(1)
    targets = 0.7 * np.eye(n_classes)[y] + 0.3 * rng.dirichlet(np.ones(n_classes), N_ROWS)
    for options in ({}, {"class_weight": {0: 1, 1: 3}}, {"l1_ratio": 1, "C": 0.1}):
        expected = SoftmaxRegression(**options).fit(X, targets, sample_weight=weights)
        for given in (targets, place.moved(targets)):
            found = SoftmaxRegression(**options).fit(place.moved(X), given, sample_weight=weights)
            assert_alike(found.coef_, expected.coef_, dtype)
        narrow = place.moved(targets.astype(np.float32))
        found = SoftmaxRegression(**options).fit(place.moved(X), narrow, sample_weight=weights)
        assert_alike(found.coef_, expected.coef_, "float32")
    one_hot = place.moved(np.eye(n_classes)[y])
    found = SoftmaxRegression().fit(place.moved(X), one_hot)
    assert_alike(found.coef_, SoftmaxRegression().fit(X, y).coef_, dtype)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_offset(n_classes, place_and_dtype):
    place, dtype = place_and_dtype
    X, y, _ = table(n_classes, dtype)
    offset = np.random.default_rng(1).normal(size=(N_ROWS, n_classes))
    forms = [offset, offset[:, 1] - offset[:, 0]] if n_classes == 2 else [offset]
    for form in forms:
        expected = SoftmaxRegression().fit(X, y, offset=form)
        for given in (form, place.moved(form)):
            X_there = place.moved(X)
            found = SoftmaxRegression().fit(X_there, place.moved(y), offset=given)
            assert_alike(found.coef_, expected.coef_, dtype)
            probabilities = found.predict_proba(X_there, offset=given)
            assert_alike(probabilities, expected.predict_proba(X, offset=form), dtype)
            if form.ndim == 2:  # what all classes share changes nothing
                shared = found.predict_proba(X_there, offset=form + 1e6)
                assert_alike(shared, expected.predict_proba(X, offset=form), dtype)
            assert found.score(X_there, y, offset=given) == pytest.approx(
                expected.score(X, y, offset=form), abs=1e-6
            )
    with pytest.raises(ValueError, match="predictions need that of their rows"):
        found.predict(place.moved(X))


def test_validation_rows_on_the_device(place_and_dtype):
    place, dtype = place_and_dtype
    X, y, _ = table(3, dtype)
    X_val, y_val = X[200:], y[200:]
    options = {"early_stopping": True, "n_iter_no_change": 2, "solver": "lbfgs"}
    expected = SoftmaxRegression(**options).fit(X[:200], y[:200], X_val=X_val, y_val=y_val)
    arrays = moved(place, X[:200], y[:200], X_val, y_val)
    found = SoftmaxRegression(**options).fit(*arrays[:2], X_val=arrays[2], y_val=arrays[3])
    assert found.history_["validation_loss"][1] == pytest.approx(
        expected.history_["validation_loss"][1], rel=1e-4
    )
    if dtype == "float64":
        assert found.best_iteration_ == expected.best_iteration_
    with pytest.raises(ValueError, match=r"X_val lies in NumPy's memory: put both on the same"):
        SoftmaxRegression().fit(*arrays[:2], X_val=X_val, y_val=y_val)
    wrong = place.moved(np.where(np.arange(100) == 3, 7, y_val))
    with pytest.raises(ValueError, match=r"Row 3 of y_val has the label 7"):
        SoftmaxRegression().fit(*arrays[:2], X_val=arrays[2], y_val=wrong)
    with pytest.raises(
        ValueError, match="cannot be used: X lies in NumPy's memory, and X_val is an array of"
    ):
        SoftmaxRegression().fit(X, y, X_val=arrays[2], y_val=arrays[3])


def test_warm_start_path_and_pickle(place_and_dtype):
    place, dtype = place_and_dtype
    X, y, _ = table(3, dtype)
    X_there, y_there = moved(place, X, y)
    model = SoftmaxRegression(warm_start=True, keep_path=True, solver="lbfgs", tol=1e-4)
    model.fit(X_there, y_there)
    assert_there(model.path_, place)
    assert tuple(model.path_.shape) == (int(on_host(model.n_iter_)[0]) + 1, 3, 6)
    first = int(on_host(model.n_iter_)[0])
    model.fit(X_there, y_there)
    assert int(on_host(model.n_iter_)[0]) < first / 2
    again = pickle.loads(pickle.dumps(model))
    assert on_host(again.predict(X_there)).tolist() == on_host(model.predict(X_there)).tolist()
    assert isinstance(model.params_, np.ndarray)
    with pytest.raises(ValueError, match="warm_start=True, but the previous fit had 5 features"):
        model.fit(place.moved(X[:, :4]), y_there)


def test_wide_rows(place_and_dtype):
    place, dtype = place_and_dtype
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 400)).astype(dtype), rng.integers(3, size=60)
    expected = SoftmaxRegression().fit(X, y)
    found = SoftmaxRegression().fit(place.moved(X), place.moved(y))
    assert on_host(found.n_iter_) == expected.n_iter_
    assert_alike(found.coef_, expected.coef_, dtype)


def test_whole_numbers_and_narrow_floats():
    place = place_of("strict:device1")
    X, y = load_iris(return_X_y=True)
    whole = np.round(10 * X).astype(np.int64)
    expected = SoftmaxRegression().fit(whole, y)
    found = SoftmaxRegression().fit(place.moved(whole), y)
    assert_there(found.coef_, place, "float64")
    assert_alike(found.coef_, expected.coef_, "float64")


def test_a_device_without_float64():
    place = place_of("strict:no_float64")
    X, y, weights = table(3, "float32")
    X_there, y_there = moved(place, X, y)
    expected = SoftmaxRegression(tol=1e-5).fit(X, y, sample_weight=weights)
    found = SoftmaxRegression(tol=1e-5).fit(X_there, y_there, sample_weight=weights)
    assert found.objective(X_there, y_there, sample_weight=weights) == pytest.approx(
        expected.objective(X, y, sample_weight=weights), rel=1e-4
    )
    for name in ("coef_", "intercept_"):
        assert_there(getattr(found, name), place, "float32")
    assert_there(found.predict_proba(X_there), place, "float32")
    with pytest.raises(ValueError, match="needs float64, which"):
        SoftmaxRegression(C=np.inf).fit(X_there, y_there)


def test_a_model_from_a_device_serves_tools_of_the_host(place_and_dtype):
    place, dtype = place_and_dtype
    X, y, _ = table(3, dtype)
    X_there = place.moved(X)
    model = SoftmaxRegression(C=np.inf, tol=1e-8).fit(X_there, place.moved(y))
    in_memory = SoftmaxRegression(C=np.inf, tol=1e-8).fit(X, y)
    inference = model.inference(X.astype(np.float64), y)
    expected = in_memory.inference(X.astype(np.float64), y)
    np.testing.assert_allclose(inference.std_err, expected.std_err, rtol=1e-3)
    twin = model.to_logistic_regression()
    assert_there(twin.coef_, place, str(on_host(twin.intercept_).dtype))
    if tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 9):  # it predicts on devices
        wide = place.xp.astype(X_there, twin.coef_.dtype)
        assert_alike(twin.predict_proba(wide), in_memory.predict_proba(X), dtype)
    assert model.sparsify().densify().coef_.shape == (3, 5)

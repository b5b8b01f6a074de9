"""Paths and cross-validations on a device are those of the same rows in memory."""

import numpy as np
import pytest
from on_device import WIDTHS_IN_PLACES, assert_there, moved, place_of
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit

from sk_softmax import SoftmaxRegressionCV, softmax_path
from sk_softmax.objective import cheaper, shared_curvature
from sk_softmax.parts.device_arrays import on_host

pytestmark = pytest.mark.usefixtures("in_no_host_memory")
N_ROWS = 300


@pytest.fixture(params=WIDTHS_IN_PLACES, ids=lambda param: "-".join(param))
def place_and_dtype(request):
    name, dtype = request.param
    return place_of(name), dtype


def table(n_classes=3, dtype="float64", n_rows=N_ROWS):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 5)) * np.geomspace(0.3, 4, 5)
    logits = X @ rng.normal(size=(5, n_classes)) + 2 * rng.gumbel(size=(n_rows, n_classes))
    X[:, 2] += 100
    return X.astype(dtype), logits.argmax(axis=1), rng.uniform(0.2, 3, n_rows)


def both(place, X, y, weights=None, **parameters):
    """The search of NumPy's arrays, and of the same arrays in a place."""
    width = X.dtype == np.float64
    defaults = {"Cs": [0.01, 1.0], "cv": 3, "scoring": "neg_log_loss"}
    defaults["tol"] = 1e-10 if width else 1e-5
    fit = {name: parameters.pop(name) for name in ("groups", "offset") if name in parameters}
    expected = SoftmaxRegressionCV(**defaults | parameters).fit(X, y, weights, **fit)
    fit = {name: place.moved(value) if name == "offset" else value for name, value in fit.items()}
    there = [None if array is None else place.moved(array) for array in (X, y, weights)]
    return expected, SoftmaxRegressionCV(**defaults | parameters).fit(*there, **fit)


def assert_same(expected, found, dtype):
    tolerance = 1e-6 if dtype == "float64" else 5e-3
    for name in ("Cs_", "l1_ratios_"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    for name in ("scores_", "coefs_paths_", "coef_", "intercept_"):
        ours, theirs = on_host(getattr(found, name)), getattr(expected, name)
        finite = np.abs(theirs[np.isfinite(theirs)]).max(initial=0)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance * (1 + finite))
        assert ours.dtype == theirs.dtype, name
    assert found.best_index_ == expected.best_index_
    assert found.converged_ == expected.converged_


OPTIONS = {
    "the default solver": {},
    "L-BFGS": {"solver": "lbfgs"},
    "gradient descent": {"solver": "gd", "max_iter": 10},
    "blocks of rows": {"cv": KFold(4, shuffle=True, random_state=0)},
    "rows drawn": {"cv": ShuffleSplit(2, random_state=0)},
    "groups": {"cv": GroupKFold(3), "groups": np.arange(N_ROWS) % 7},
    "elastic net and lasso": {"l1_ratios": [0.5, 1.0]},
    "grouped": {"l1_ratios": [1.0], "grouped": True},
    "bounds": {"lower_bounds": -0.2, "upper_bounds": 0.3},
    "factors": {"penalty_factor": [0.1, 1, 2, 1, 1]},
    "no intercept": {"fit_intercept": False},
    "balanced classes": {"class_weight": "balanced"},
    "smoothed": {"label_smoothing": 0.1},
    "means over the folds": {"refit": False},
    "one standard error": {"rule": "one_standard_error"},
    "collected predictions": {"scoring": "f1_macro"},
}


@pytest.mark.filterwarnings("ignore:.*fits of SoftmaxRegressionCV stopped:UserWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("option", OPTIONS)
def test_every_kind_of_search(option, n_classes, place_and_dtype):
    place, dtype = place_and_dtype
    expected, found = both(place, *table(n_classes, dtype), **OPTIONS[option])
    assert_same(expected, found, dtype)
    assert_there(found.coef_, place)
    assert_there(found.intercept_, place)
    assert isinstance(found.scores_, np.ndarray)


def test_predictions_and_scores(place_and_dtype):
    place, dtype = place_and_dtype
    X, y, _ = table(3, dtype)
    expected, found = both(place, X, y, scoring="accuracy")
    X_there, y_there = moved(place, X, y)
    assert_there(found.predict_proba(X_there), place)
    assert_there(found.predict(X_there), place)
    assert found.score(X_there, y_there) == pytest.approx(expected.score(X, y), abs=0.01)
    names = np.array(["a", "b", "c"])[y]
    found = SoftmaxRegressionCV(Cs=[1.0], cv=3, scoring="accuracy").fit(X_there, names)
    assert set(found.predict(X_there)) == {"a", "b", "c"}
    assert found.score(X_there, names) > 0.5


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_and_offsets(n_classes, place_and_dtype):
    place, dtype = place_and_dtype
    X, y, weights = table(n_classes, dtype)
    rng = np.random.default_rng(1)
    targets = 0.7 * np.eye(n_classes)[y] + 0.3 * rng.dirichlet(np.ones(n_classes), N_ROWS)
    for options in ({}, {"class_weight": "balanced"}, {"scoring": "accuracy"}):
        assert_same(*both(place, X, targets, weights, **options), dtype)
    offset = rng.normal(size=(N_ROWS, n_classes))
    for scoring in ("neg_log_loss", "balanced_accuracy"):
        assert_same(*both(place, X, y, weights, offset=offset, scoring=scoring), dtype)


@pytest.mark.parametrize("scoring", ["neg_log_loss", "accuracy"])
def test_folds_that_miss_classes(scoring, place_and_dtype):
    """Rows sorted by class: the folds know three, two or one of the classes."""
    place, dtype = place_and_dtype
    X, _, weights = table(3, dtype)
    offset = np.random.default_rng(1).normal(size=(N_ROWS, 3))
    for y in (np.repeat([0, 1, 2], 100), np.repeat([0, 1], 150)):
        own = offset[:, : y.max() + 1]
        for cv in (KFold(2), KFold(4)):
            options = {"cv": cv, "scoring": scoring, "offset": own}
            assert_same(*both(place, X, y, weights, **options), dtype)
    one_hot = np.eye(3)[np.repeat([0, 1, 2], 100)]
    one_hot[:100] = [0.9, 0.1, 0]
    assert_same(*both(place, X, one_hot, weights, cv=KFold(4), scoring=scoring), dtype)


def test_weights_of_zero_and_folds_in_float32_first(place_and_dtype, monkeypatch):
    place, dtype = place_and_dtype
    monkeypatch.setattr(cheaper, "FEWEST_NUMBERS", 1000)
    X, y, weights = table(3, dtype, n_rows=3000)
    weights[::7] = 0
    Cs = [1e-4, 1e-2, 1.0, 100.0]
    assert_same(*both(place, X, y, weights, Cs=Cs, solver="lbfgs"), dtype)


def test_folds_share_their_curvature_as_in_memory(monkeypatch):
    place = place_of("strict:device1")
    measured, mean_curvature = [], shared_curvature.SharedCurvature._mean_curvature

    def noting(self, damping):
        measured.append(len(self._folds))
        return mean_curvature(self, damping)

    monkeypatch.setattr(shared_curvature.SharedCurvature, "_mean_curvature", noting)
    X, y, weights = table(3)
    expected, found = both(place, X, y, weights, solver="lbfgs", Cs=4)
    half = len(measured) // 2
    assert measured[:half] == measured[half:] == [3] * half
    assert half > 3
    np.testing.assert_array_equal(found.n_iter_, expected.n_iter_)


PATHS = {
    "lasso": {},
    "elastic net": {"l1_ratio": 0.5},
    "grouped": {"grouped": True},
    "L2": {"l1_ratio": 0, "Cs": [0.01, 1.0]},
    "bounds": {"lower_bounds": 0},
    "factors": {"penalty_factor": [0, 1, 2, 1, 1]},
    "balanced": {"class_weight": "balanced"},
}


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", PATHS)
def test_paths(name, n_classes, place_and_dtype):
    place, dtype = place_and_dtype
    X, y, weights = table(n_classes, dtype)
    options = {"Cs": 5, "tol": 1e-9 if dtype == "float64" else 1e-6, **PATHS[name]}
    expected = softmax_path(X, y, sample_weight=weights, **options)
    X_there, y_there, weights_there = moved(place, X, y, weights)
    found = softmax_path(X_there, y_there, sample_weight=weights_there, **options)
    tolerance = 1e-5 if dtype == "float64" else 1e-2
    np.testing.assert_allclose(found.Cs, expected.Cs, rtol=tolerance)
    np.testing.assert_allclose(found.coefs, expected.coefs, atol=tolerance)
    np.testing.assert_allclose(found.objective, expected.objective, rtol=tolerance)
    assert found.coefs.dtype == expected.coefs.dtype
    C = float(np.sqrt(expected.Cs[0] * expected.Cs[1]))
    for method in ("decision_function", "predict_proba"):
        there = getattr(found, method)(X_there, C)
        assert_there(there, place)
        theirs = getattr(expected, method)(X, C)
        np.testing.assert_allclose(on_host(there), theirs, atol=10 * tolerance)
        np.testing.assert_allclose(getattr(found, method)(X, C), theirs, atol=10 * tolerance)
    assert_there(found.predict(X_there, C), place)


def test_a_device_without_float64():
    place = place_of("strict:no_float64")
    X, y, weights = table(3, "float32")
    X[:, 2] -= 100  # whose intercept would be in float64
    assert_same(*both(place, X, y, weights), "float32")
    options = {"Cs": 3, "tol": 1e-6}
    expected = softmax_path(X, y, **options)
    found = softmax_path(*moved(place, X, y), **options)
    np.testing.assert_allclose(found.coefs, expected.coefs, atol=1e-2)

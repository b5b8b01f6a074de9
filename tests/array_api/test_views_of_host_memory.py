"""Arrays in the host's memory are viewed by NumPy: not copied, with the bits of NumPy's fits."""

import pickle

import numpy as np
import pytest
from in_host_memory import (
    N_ROWS,
    as_held,
    assert_same_bits,
    checked,
    in_library,
    libraries,
    table,
    there_and_here,
)
from on_device import FITS
from sklearn.base import clone
from sklearn.model_selection import GroupKFold

from sk_softmax import Chunks, SoftmaxRegression, SoftmaxRegressionCV, softmax_path
from sk_softmax.fitting.device_training import DeviceTrainingSet
from sk_softmax.fitting.settings import TrainingSet
from sk_softmax.parts.device_arrays import Place
from sk_softmax.solvers import SGD


@pytest.fixture(params=[(name, dtype) for name in libraries() for dtype in ("f4", "f8")])
def library_and_dtype(request):
    name, dtype = request.param
    if name == "jax" and dtype == "f8":
        jax = pytest.importorskip("jax")
        if not jax.config.jax_enable_x64:
            pytest.skip("JAX has float64 only where it is told so")
    return name, dtype


@pytest.fixture
def library(library_and_dtype):
    return library_and_dtype[0]


def test_rows_are_not_copied(library_and_dtype):
    library, dtype = library_and_dtype
    (X, y), (X_here, _) = there_and_here(library, *table(3, dtype)[:2])
    training = checked(X, y)
    assert type(training) is TrainingSet
    assert type(training.X) is np.ndarray
    assert training.X.ctypes.data == X_here.ctypes.data
    assert (training.X.shape, training.X.strides) == (X_here.shape, X_here.strides)
    assert training.place == Place.of(X)


def test_where_numpy_is_kept_from_views_the_device_part_computes(library, in_no_host_memory):
    (X, y), _ = there_and_here(library, *table(3, "f4")[:2])
    assert type(checked(X, y)) is DeviceTrainingSet


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("option", FITS)
def test_fits_and_predictions_have_the_bits_of_numpy(option, n_classes, library_and_dtype):
    library, dtype = library_and_dtype
    model = SoftmaxRegression(**FITS[option])
    (X, y, weights), here = there_and_here(library, *table(n_classes, dtype))
    expected = clone(model).fit(*here)
    found = model.fit(X, y, weights)
    place = Place.of(X)
    names = ["coef_", "intercept_", "classes_", "n_iter_"]
    for name in names + (["path_"] if model.keep_path else []):
        assert_same_bits(getattr(found, name), getattr(expected, name), place)
    np.testing.assert_array_equal(found.loss_curve_, expected.loss_curve_)
    for method in ("decision_function", "predict_proba", "predict_log_proba", "predict"):
        assert_same_bits(getattr(found, method)(X), getattr(expected, method)(here[0]), place)
    assert found.score(X, y, weights) == expected.score(*here)
    assert found.objective(X, y, sample_weight=weights) == expected.objective(
        *here[:2], sample_weight=here[2]
    )
    again = pickle.loads(pickle.dumps(found))
    assert_same_bits(again.predict_proba(X), expected.predict_proba(here[0]), place)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_targets_offsets_and_validation_rows(n_classes, library_and_dtype):
    library, dtype = library_and_dtype
    X, y, _ = table(n_classes, dtype)
    rng = np.random.default_rng(1)
    targets = 0.7 * np.eye(n_classes)[y] + 0.3 * rng.dirichlet(np.ones(n_classes), N_ROWS)
    arrays = [X, targets, rng.normal(size=(N_ROWS, n_classes))]
    (X, targets, offset), here = there_and_here(library, *arrays)
    expected = SoftmaxRegression().fit(*here[:2], offset=here[2])
    for given in (offset, here[2]):  # which may be NumPy's
        found = SoftmaxRegression().fit(X, targets, offset=given)
        assert_same_bits(found.coef_, expected.coef_, Place.of(X))
        probabilities = found.predict_proba(X, offset=given)
        expected_there = expected.predict_proba(here[0], offset=here[2])
        assert_same_bits(probabilities, expected_there, Place.of(X))
    options = {"early_stopping": True, "n_iter_no_change": 2, "solver": "lbfgs"}
    expected = SoftmaxRegression(**options).fit(*here[:2], X_val=here[0][::2], y_val=here[1][::2])
    X_val, y_val = in_library(library, here[0][::2]), here[1][::2]
    found = SoftmaxRegression(**options).fit(X, targets, X_val=X_val, y_val=y_val)
    assert found.history_["validation_loss"] == expected.history_["validation_loss"]
    assert_same_bits(found.coef_, expected.coef_, Place.of(X))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_streams(n_classes, library_and_dtype):
    library, dtype = library_and_dtype
    X, y, weights = table(n_classes, dtype)
    weights[100:140] = 0
    expected, found = (SoftmaxRegression(solver=SGD(batch_size=20)) for _ in range(2))
    for some in np.split(np.arange(N_ROWS), 3):
        there, here = there_and_here(library, X[some], y[some], weights[some])
        expected.partial_fit(*here[:2], range(n_classes), here[2])
        found.partial_fit(*there[:2], in_library(library, np.arange(n_classes)), there[2])
        for name in ("coef_", "intercept_", "classes_", "n_iter_"):
            assert_same_bits(getattr(found, name), getattr(expected, name), Place.of(there[0]))
    assert found.loss_curve_.tolist() == expected.loss_curve_.tolist()


def test_searches_and_scorers_that_look_at_rows(library_and_dtype):
    library, dtype = library_and_dtype
    (X, y, weights), here = there_and_here(library, *table(3, dtype))

    def of_rows(model, X, y):
        assert type(X) is type(y) is np.ndarray
        return float((model.predict(X) == y)[X[:, 0] > 0].mean())

    groups = np.arange(N_ROWS) % 7
    for weighs, options in (
        (False, {"scoring": of_rows}),
        (True, {"scoring": "neg_log_loss", "l1_ratios": [0.5, 1]}),
    ):
        search = SoftmaxRegressionCV(Cs=[0.01, 1.0], cv=GroupKFold(3), **options)
        expected = clone(search).fit(*here[: 2 + weighs], groups=groups)
        found = clone(search).fit(*(X, y, weights)[: 2 + weighs], groups=groups)
        for name in ("scores_", "coefs_paths_", "n_iter_"):
            assert type(getattr(found, name)) is np.ndarray
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
        for name in ("coef_", "intercept_", "classes_"):
            assert_same_bits(getattr(found, name), getattr(expected, name), Place.of(X))
    assert found.score(X, y) == pytest.approx(expected.score(*here[:2]), rel=1e-6)


@pytest.mark.parametrize("options", [{}, {"l1_ratio": 0, "Cs": [0.01, 1.0]}, {"grouped": True}])
def test_paths(options, library_and_dtype):
    library, dtype = library_and_dtype
    (X, y, weights), here = there_and_here(library, *table(3, dtype))
    options = {"Cs": 5, **options}
    expected = softmax_path(*here[:2], sample_weight=here[2], **options)
    found = softmax_path(X, y, sample_weight=weights, **options)
    for name in ("coefs", "intercepts", "objective", "n_iter"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    C = float(expected.Cs[-1])
    for method in ("decision_function", "predict_proba", "predict"):
        theirs = getattr(expected, method)(here[0], C)
        assert_same_bits(getattr(found, method)(X, C), theirs, Place.of(X))


def test_inference(library_and_dtype):
    library, dtype = library_and_dtype
    (X, y, weights), here = there_and_here(library, *table(3, dtype))
    options = {"weights_are": "frequencies"}
    expected = SoftmaxRegression(C=np.inf).fit(*here).inference(*here, **options)
    found = SoftmaxRegression(C=np.inf).fit(X, y, weights).inference(X, y, weights, **options)
    np.testing.assert_allclose(found.std_err, expected.std_err, rtol=1e-6)
    if Place.of(X).has_float64:
        np.testing.assert_array_equal(found.coef, expected.coef)
        np.testing.assert_array_equal(found.std_err, expected.std_err)
        ours, theirs = found.predict_interval(X), expected.predict_interval(here[0])
        np.testing.assert_array_equal(ours.low, theirs.low)
    firth = SoftmaxRegression(C=np.inf, bias_reduction="firth")
    found = clone(firth).fit(X, y).bias_reduced_inference(X, y)
    expected = clone(firth).fit(*here[:2]).bias_reduced_inference(*here[:2])
    np.testing.assert_allclose(found.std_err, expected.std_err, rtol=1e-6)


def test_a_column_far_from_zero_has_its_intercept_in_float64_where_there_is_one(library):
    X, y, _ = table(3, "f4")
    X[:, 2] += 1000
    (X, y), here = there_and_here(library, X, y)
    expected = SoftmaxRegression().fit(*here)
    assert expected.intercept_.dtype == np.float64
    found = SoftmaxRegression().fit(X, y)
    for name in ("coef_", "intercept_"):
        assert_same_bits(getattr(found, name), getattr(expected, name), Place.of(X))
    answer, theirs = np.asarray(found.predict_proba(X)), expected.predict_proba(here[0])
    held = as_held(Place.of(X), theirs)
    assert answer.dtype == held.dtype
    np.testing.assert_allclose(answer, held, atol=0 if held.dtype == np.float64 else 1e-3)


def test_labels_that_are_text(library):
    X, y, _ = table(3, "f4")
    (X,), (here,) = there_and_here(library, X)
    names = np.array(["a", "b", "c"])[y]
    expected = SoftmaxRegression().fit(here, names)
    found = SoftmaxRegression().fit(X, names)
    assert type(found.classes_) is np.ndarray
    assert found.predict(X).tolist() == expected.predict(here).tolist()
    assert found.score(X, names) == expected.score(here, names)
    assert found.score(X, list(names)) == expected.score(here, names)


def test_chunks(library):
    (X, y, weights), here = there_and_here(library, *table(3, "f4"))

    def cut(*arrays):
        halves = slice(0, 150), slice(150, N_ROWS)
        return lambda: (tuple(array[some, ...] for array in arrays) for some in halves)

    expected = SoftmaxRegression().fit(Chunks(cut(*here)))
    found = SoftmaxRegression().fit(Chunks(cut(X, y, weights)))
    np.testing.assert_array_equal(found.coef_, expected.coef_)


class Watched:
    """Predicts and scores the rows that callbacks are shown, in every iteration."""

    max_propagation_depth = None

    def setup(self, estimator, context):
        self.values, self.scores, self.metadata = [], [], None

    def teardown(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context): ...

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        if context.task_name == "iteration" and fitted_estimator is not None:
            self.values.append(fitted_estimator.predict_proba(X))
            self.scores.append(fitted_estimator.score(X, y))
            self.metadata = metadata


def test_callbacks_are_shown_rows_in_their_place(library_and_dtype):
    pytest.importorskip("sklearn.callback", reason="needs scikit-learn 1.9")
    library, dtype = library_and_dtype
    (X, y, weights), here = there_and_here(library, *table(3, dtype))
    watched, expected = Watched(), Watched()
    SoftmaxRegression(solver="lbfgs").set_callbacks(watched).fit(X, y, weights)
    SoftmaxRegression(solver="lbfgs").set_callbacks(expected).fit(*here)
    assert watched.scores == expected.scores
    if Place.of(X).has_float64:  # coefficients are in it on the way
        assert_same_bits(watched.values[-1], expected.values[-1], Place.of(X))
    of_rows = watched.metadata["sample_weight"]
    assert Place.of(of_rows) == Place.of(X)
    np.testing.assert_allclose(np.asarray(of_rows), here[2], rtol=1e-6)
    search = SoftmaxRegressionCV(Cs=[0.1], cv=2, scoring="accuracy").set_callbacks(watched)
    answer = search.fit(X, y).predict_proba(X)
    np.testing.assert_allclose(np.asarray(watched.values[-1]), np.asarray(answer), rtol=1e-5)

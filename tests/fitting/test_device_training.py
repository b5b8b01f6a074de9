"""Fits to rows on a device are those to the same rows in memory."""

from functools import partial

import numpy as np
import pytest
from on_device import place_of, places, training_there
from parted import whole

from sk_softmax import SoftmaxRegression
from sk_softmax.estimators.input.parameters import for_data, settings_of
from sk_softmax.fitting import held_out, margins, multipliers, separating_columns
from sk_softmax.fitting.device_answers import ANSWERS
from sk_softmax.fitting.fit import fit_params
from sk_softmax.fitting.prepared import objective_values, prepared
from sk_softmax.objective import cheaper
from sk_softmax.parts import device_rows
from sk_softmax.parts.device_data import DeviceData
from sk_softmax.parts.device_rows import DeviceRows

N_ROWS = 600

# Relative differences of values; params are compared with the root of them.
TOLERANCES = {np.float64: 1e-10, np.float32: 1e-6}


def table(n_classes, n_features=6, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N_ROWS, n_features)) * np.geomspace(0.1, 30, n_features)
    logits = X @ rng.normal(size=(n_features, n_classes)) + 2 * rng.gumbel(
        size=(N_ROWS, n_classes)
    )
    return X.astype(dtype), logits.argmax(axis=1), rng.uniform(0.2, 3, N_ROWS)


def fitted(estimator, training, held=None):
    settings = for_data(settings_of(estimator), training.n_features, training.classes)
    n_outputs = len(training.classes) if len(training.classes) > 2 else 1
    start = np.zeros((n_outputs, training.n_features + estimator.fit_intercept))
    return fit_params(settings, training, start, held)


def assert_same_fit(estimator, training, name, *, rtol=1e-10, same_path=True):
    """Values agree to ``rtol``; params to its root, of the largest."""
    there = training_there(training, place_of(name))
    expected, found = (fitted(estimator, some) for some in (training, there))
    assert found.solution.status is expected.solution.status
    value = expected.solution.evaluation.value
    assert found.solution.evaluation.value == pytest.approx(value, rel=rtol, abs=1e-12)
    size = 1 + np.abs(expected.params).max()
    np.testing.assert_allclose(found.params, expected.params, rtol=0, atol=rtol**0.5 * size)
    assert found.params.dtype == expected.params.dtype
    assert found.seen.weight == pytest.approx(expected.seen.weight, rel=1e-12)
    if same_path:
        assert found.solution.n_iter == expected.solution.n_iter
        gap = expected.duality_gap
        assert found.duality_gap == pytest.approx(gap, rel=0.02, abs=max(1e-9, rtol))
    return expected, found


OPTIONS = {
    "L-BFGS": {"solver": "lbfgs"},
    "Newton": {"solver": "newton-cholesky"},
    "gradient descent": {"solver": "gd", "max_iter": 30},
    "L1": {"l1_ratio": 1.0, "C": 0.05},
    "elastic net by proximal L-BFGS": {"l1_ratio": 0.5, "solver": "proximal-lbfgs", "C": 0.01},
    "grouped": {"l1_ratio": 1.0, "grouped": True, "C": 0.05},
    "bounds": {"lower_bounds": 0.0},
    "no penalty": {"C": np.inf},
    "no intercept": {"fit_intercept": False},
    "balanced classes": {"class_weight": "balanced"},
    "smoothed": {"label_smoothing": 0.1},
    "bias reduction": {"bias_reduction": "firth", "C": np.inf},
    "sgd": {"solver": "sgd", "max_iter": 5, "random_state": 0},
    "adam": {"solver": "adam", "max_iter": 5, "random_state": 0},
    "rmsprop": {"solver": "rmsprop", "max_iter": 5, "random_state": 0},
}


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("place", [name for name in places() if name != "strict:device2"])
def test_every_kind_of_fit(place, option, n_classes, dtype):
    X, y, weights = table(n_classes, dtype=dtype)
    tol = 1e-8 if dtype == np.float64 else 1e-6
    estimator = SoftmaxRegression(**{"tol": tol} | OPTIONS[option])
    if estimator.solver in ("sgd", "adam", "rmsprop"):  # whose steps suit such columns
        X /= X.std(axis=0)
    training = whole(X, y, weights)
    is_exact = dtype == np.float64
    assert_same_fit(estimator, training, place, rtol=TOLERANCES[dtype], same_path=is_exact)


@pytest.mark.parametrize("device", ["no_float64", "no_x64"])
@pytest.mark.parametrize("option", OPTIONS)
def test_devices_without_float64(option, device):
    X, y, weights = table(3, dtype=np.float32)
    weights = weights.astype(np.float32).astype(np.float64)
    estimator = SoftmaxRegression(**{"tol": 1e-6, "C": 1.0} | OPTIONS[option])
    # array_api_strict's searchsorted makes integers that its device without them does not have.
    if device == "no_x64" and option == "balanced classes":
        pytest.skip("weights are searched with searchsorted")
    training = whole(X, y, None if device == "no_x64" else weights)
    name = f"strict:{device}"
    if np.inf == estimator.C:
        with pytest.raises(ValueError, match=r"needs float64, which .* does not have.*finite C"):
            fitted(estimator, training_there(training, place_of(name)))
        return
    there = training_there(training, place_of(name))
    expected, found = (fitted(estimator, some) for some in (training, there))
    value = expected.solution.evaluation.value
    assert found.solution.evaluation.value == pytest.approx(value, rel=1e-6)
    assert found.solution.status is expected.solution.status


def test_columns_of_extreme_size_need_float64():
    X, y, _ = table(3, dtype=np.float32)
    X[:, 1] *= 1e20
    training = training_there(whole(X, y), place_of("strict:no_float64"))
    with pytest.raises(ValueError, match="columns far from zero or of extreme size"):
        fitted(SoftmaxRegression(), training)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("options", [{}, {"l1_ratio": 1.0, "C": 0.05}, {"solver": "sgd"}])
def test_columns_far_from_zero_are_shifted(dtype, options):
    X, y, weights = table(3)
    X[:, 2] += 1e4
    X[:, 4] += 2015
    weights[:50] = 0
    training = whole(X.astype(dtype), y, weights)
    estimator = SoftmaxRegression(tol=1e-6, max_iter=20, random_state=0, **options)
    rtol = 1e-5 if dtype == np.float32 else 1e-9
    expected, found = assert_same_fit(
        estimator, training, "strict:device1", rtol=rtol, same_path=False
    )
    np.testing.assert_allclose(found.shift.of_columns, expected.shift.of_columns, rtol=1e-6)
    assert bool(found.shift.of_columns[2]) == ("solver" not in options)


def test_weighted_rows_are_picked_for_the_shift_as_in_memory():
    X, y, weights = table(3)
    X[:, 1] += 1e6
    X, y, weights = (np.concatenate([part] * 12) for part in (X, y, weights))
    training = whole(X, y, weights)  # more rows than are needed
    settings = settings_of(SoftmaxRegression())
    expected, found = (
        prepared(settings, some).shift.of_columns
        for some in (training, training_there(training, place_of("strict:device1")))
    )
    np.testing.assert_array_equal(found, expected)
    assert found[1] == pytest.approx(1e6, rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_and_an_offset(n_classes, smoothing):
    X, y, weights = table(n_classes)
    rng = np.random.default_rng(1)
    targets = 0.8 * np.eye(n_classes)[y] + 0.2 * rng.dirichlet(np.ones(n_classes), N_ROWS)
    offset = rng.normal(size=(N_ROWS, n_classes if n_classes > 2 else 1))
    for options in ({}, {"class_weight": "balanced"}, {"l1_ratio": 1, "C": 0.1}):
        estimator = SoftmaxRegression(tol=1e-9, label_smoothing=smoothing, **options)
        assert_same_fit(estimator, whole(X, targets, weights, offset), "strict:device1")


def test_class_weights_that_leave_nothing_or_overflow_are_errors():
    X, y, weights = table(3)
    weights = np.where(y == 0, weights, 0.0)
    training = training_there(whole(X, y, weights), place_of("strict:device1"))
    with pytest.raises(ValueError, match="leave every row without weight"):
        fitted(SoftmaxRegression(class_weight={0: 0, 1: 1, 2: 1}), training)
    with pytest.raises(ValueError, match="more than the largest number"):
        fitted(SoftmaxRegression(class_weight={0: 1e308, 1: 1, 2: 1}), training)


def test_separated_rows_are_found_out():
    X, _, _ = table(2)
    y = (X[:, 0] > 0).astype(int)
    _, found = assert_same_fit(SoftmaxRegression(C=np.inf), whole(X, y), "strict:device1")
    assert found.solution.status.name == "SEPARATED"
    X, y, weights = table(3)
    X[:, 0] = np.where(y == 2, np.abs(X[:, 0]), 0.0)
    estimator = SoftmaxRegression(C=np.inf)
    _, found = assert_same_fit(estimator, whole(X, y, weights), "strict:device1", rtol=1e-6)
    assert found.solution.status.name == "SEPARATED"


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_wide_rows_are_fitted_in_their_coordinates(dtype, monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 500)).astype(dtype)
    y, weights = rng.integers(3, size=80), rng.uniform(0.5, 2, 80)
    training = whole(X, y, weights)
    rtol = 1e-10 if dtype == np.float64 else 1e-6
    copied = []
    values = DeviceRows.values

    def noted(self, *some):
        found = values(self, *some)
        copied.append(found.size)
        return found

    monkeypatch.setattr(DeviceRows, "values", noted)
    assert_same_fit(SoftmaxRegression(), training, "strict:device1", rtol=rtol)
    balanced = SoftmaxRegression(class_weight="balanced")
    assert_same_fit(balanced, training, "strict:device1", rtol=rtol)


@pytest.mark.parametrize("option", OPTIONS)
def test_rows_in_many_blocks(option, monkeypatch):
    monkeypatch.setattr(device_rows, "MOST_BYTES", 1)
    monkeypatch.setattr(device_rows, "LEAST_ROWS", 150)
    training = whole(*table(3))
    there = training_there(training, place_of("strict:device1"))
    assert len(there.rows(settings_of(SoftmaxRegression())).bounds()) == 4
    # Each block draws its own rows for curvature.
    assert_same_fit(
        SoftmaxRegression(**OPTIONS[option]), training, "strict:device1", same_path=False
    )


@pytest.mark.parametrize("place", ["strict:device1", "strict:CPU_DEVICE"])
def test_validation_rows_lie_there_too(place):
    X, y, _ = table(3)
    held = whole(*table(3, seed=1))
    estimator = SoftmaxRegression(solver="lbfgs", early_stopping=True, n_iter_no_change=2)
    training = whole(X, y)
    expected = fitted(estimator, training, held)
    there = place_of(place)
    found = fitted(estimator, training_there(training, there), training_there(held, there))
    assert found.best_iteration == expected.best_iteration
    for ours, theirs in zip(found.solution.records, expected.solution.records, strict=True):
        assert ours.validation_loss == pytest.approx(theirs.validation_loss, rel=1e-10)
        assert ours.validation_accuracy == pytest.approx(theirs.validation_accuracy, rel=1e-12)


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_large_rows_begin_on_a_sample_and_in_float32_on_the_device(dtype, monkeypatch):
    monkeypatch.setattr(cheaper, "FEWEST_NUMBERS", 1000)
    X, y, weights = table(3, dtype=dtype)
    X, y, weights = (np.concatenate([part] * 20) for part in (X, y, weights))
    widths = set()
    ask = DeviceData.ask

    def noted(self, question, passes=1.0):
        widths.add((self.rows.n_rows, self.rows.dtype.name))
        return ask(self, question, passes)

    monkeypatch.setattr(DeviceData, "ask", noted)
    estimator = SoftmaxRegression(solver="lbfgs", tol=1e-8 if dtype == np.float64 else 1e-6)
    training = whole(X, y, weights)
    rtol = TOLERANCES[dtype]
    assert_same_fit(estimator, training, "strict:device1", rtol=rtol, same_path=False)
    n_rows = {n for n, _ in widths}
    assert min(n_rows) < len(X) / 8
    assert max(n_rows) == len(X)
    assert (len(X), "float32") in widths


def test_values_of_the_objective():
    training = whole(*table(3))
    settings = settings_of(SoftmaxRegression())
    points = np.random.default_rng(0).normal(size=(4, 3, 7))
    expected, found = (
        objective_values(settings, some, points)
        for some in (training, training_there(training, place_of("strict:device1")))
    )
    np.testing.assert_allclose(found, expected, rtol=1e-13)


# --- the questions that only a fit asks ---

RNG = np.random.default_rng(5)
MASK = RNG.random((3, N_ROWS)) < 0.3
PARAMS, STEP = RNG.normal(size=(2, 3, 7))

QUESTIONS = {
    held_out.loss_and_hits: {"params": PARAMS},
    margins.kinds_of_rows: {},
    margins.largest_values: {},
    margins.margins_of_rows: {"params": PARAMS},
    margins.sum_of_margins: {"mask": MASK},
    margins.grams_of_pairs: {"mask": MASK},
    multipliers.gradient_of_rows: {"params": PARAMS},
    multipliers.largest_change: {"params": PARAMS, "step": STEP},
    multipliers.largest_logits: {"params": PARAMS},
    separating_columns.extremes_of_classes: {},
}


def flat(answer):
    """Lists hold the results of blocks or of parts."""
    return [
        np.concatenate([np.atleast_1d(one) for one in part], axis=-1)
        if isinstance(part, list)
        else part
        for part in answer
    ]


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.__name__)
@pytest.mark.parametrize("given", ["labels", "probabilities"])
@pytest.mark.parametrize("place", ["strict:device1", *places()[3:]])
def test_devices_answer_like_numpy(place, given, question, n_classes, dtype):
    X, y, weights = table(n_classes, dtype=dtype)
    weights[:100] = 0
    if given == "probabilities":
        y = np.where(np.arange(n_classes) == y[:, None], 0.75, 0.25 / max(n_classes - 2, 1))
        y[:, 2:] = 0
        y /= y.sum(axis=1, keepdims=True)
    arguments = dict(QUESTIONS[question])
    for name, value in arguments.items():
        n_outputs = n_classes if n_classes > 2 else 1
        arguments[name] = value[: n_classes if name == "mask" else n_outputs]
    settings = settings_of(SoftmaxRegression())
    training = whole(X, y, weights)
    expected, found = (
        flat(prepared(settings, some).objective.data.ask(partial(question, **arguments)))
        for some in (training, training_there(training, place_of(place)))
    )
    rtol = 1e-12 if dtype == np.float64 else 1e-4
    for ours, theirs in zip(found, expected, strict=True):
        finite = np.abs(np.where(np.isfinite(theirs), theirs, 0)).max()
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol * finite)


def test_all_questions_of_a_fit_have_an_answer():
    in_fitting = {
        function
        for module in (held_out, margins, multipliers, separating_columns)
        for function in vars(module).values()
        if getattr(function, "__module__", "") == module.__name__
        and (function.__doc__ or "").startswith("Question:")
    }
    assert in_fitting == set(QUESTIONS)
    assert in_fitting <= set(ANSWERS)

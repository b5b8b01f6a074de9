"""Fits to rows in parts are those to the same rows in one place."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from parted import cut, questions_of, whole

from sk_softmax import SoftmaxRegression, fitting
from sk_softmax.estimators.input.parameters import for_data, settings_of
from sk_softmax.fitting import finite_optimum
from sk_softmax.fitting.fit import fit_params
from sk_softmax.fitting.prepared import prepared
from sk_softmax.parts import LocalParts

N_ROWS = 600
EDGES = [0, 1, 130, 130, 400, 401, N_ROWS]  # one row alone, and an empty part


def table(n_classes, n_features=6, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N_ROWS, n_features)) * np.geomspace(0.1, 30, n_features)
    logits = X @ rng.normal(size=(n_features, n_classes)) + 2 * rng.gumbel(
        size=(N_ROWS, n_classes)
    )
    return X, logits.argmax(axis=1), rng.uniform(0.2, 3, N_ROWS)


def fitted(estimator, training):
    settings = for_data(settings_of(estimator), training.n_features, training.classes)
    n_outputs = len(training.classes) if len(training.classes) > 2 else 1
    start = np.zeros((n_outputs, training.n_features + estimator.fit_intercept))
    return fit_params(settings, training, start)


def assert_same_fit(estimator, training, edges=EDGES, rtol=1e-9, atol=1e-6, determined=np.asarray):
    """Values agree to ``rtol``, and what is determined of params to ``atol`` of the largest."""
    expected, found = (fitted(estimator, some) for some in (training, cut(training, edges)))
    assert found.solution.status is expected.solution.status
    value = expected.solution.evaluation.value
    assert found.solution.evaluation.value == pytest.approx(value, rel=rtol, abs=1e-12)
    size = 1 + np.abs(expected.params).max()
    ours, theirs = determined(found.params), determined(expected.params)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=atol * size)
    assert found.params.dtype == expected.params.dtype
    assert found.seen.n_rows == expected.seen.n_rows
    assert found.seen.weight == pytest.approx(expected.seen.weight, rel=1e-12)
    return expected, found


OPTIONS = {
    "L-BFGS": {"solver": "lbfgs"},
    "Newton": {"solver": "newton-cholesky"},
    "gradient descent": {"solver": "gd", "max_iter": 30},
    "L1": {"l1_ratio": 1.0, "C": 0.05},
    "elastic net by proximal L-BFGS": {"l1_ratio": 0.5, "solver": "proximal-lbfgs", "tol": 1e-9},
    "grouped": {"l1_ratio": 1.0, "grouped": True, "C": 0.05},
    "bounds": {"lower_bounds": 0.0, "tol": 1e-9},
    "no penalty": {"C": np.inf},
    "no intercept": {"fit_intercept": False},
    "balanced classes": {"class_weight": "balanced"},
    "smoothed": {"label_smoothing": 0.1},
    "bias reduction": {"bias_reduction": "firth", "C": np.inf},
}


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", OPTIONS)
def test_every_kind_of_fit(name, n_classes):
    X, y, weights = table(n_classes)
    estimator = SoftmaxRegression(**{"tol": 1e-8} | OPTIONS[name])
    expected, found = assert_same_fit(estimator, whole(X, y, weights))
    assert found.solution.n_iter == expected.solution.n_iter
    passes = [fit.solution.records[-1].passes for fit in (expected, found)]
    assert passes[0] == pytest.approx(passes[1], rel=0.02)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix, sp.csc_matrix])
@pytest.mark.parametrize("options", [{}, {"l1_ratio": 1.0, "C": 0.05}])
def test_columns_far_from_zero_are_shifted_by_what_parts_sum_up(kind, dtype, options):
    X, y, weights = table(3)
    X[:, 2] += 1e4
    X[:, 4] += 2015
    training = whole(kind(X.astype(dtype)), y, weights)
    estimator = SoftmaxRegression(tol=1e-6, **options)
    rtol = 1e-5 if dtype == np.float32 else 2e-6
    _, found = assert_same_fit(estimator, training, rtol=rtol, atol=1e-5)
    assert found.shift.of_columns[2] == pytest.approx(1e4, rel=0.01)


def test_the_shift_is_the_weighted_mean_of_all_rows():
    X, y, weights = table(3)
    X[:, 1] += 1e6
    weights[:300] = 0
    training = cut(whole(X, y, weights), EDGES)
    settings = settings_of(SoftmaxRegression())
    shift = prepared(settings, training).shift
    assert shift.of_columns[1] == pytest.approx(np.average(X[:, 1], weights=weights), rel=1e-14)


def test_probabilities_and_an_offset():
    X, y, weights = table(3)
    rng = np.random.default_rng(1)
    targets = 0.8 * np.eye(3)[y] + 0.2 * rng.dirichlet(np.ones(3), N_ROWS)
    offset = rng.normal(size=(N_ROWS, 3))
    offset[:1] = 0  # all of the first part
    for estimator in (
        SoftmaxRegression(tol=1e-9),
        SoftmaxRegression(tol=1e-9, class_weight="balanced"),
        SoftmaxRegression(tol=1e-9, l1_ratio=1, C=0.1),
    ):
        assert_same_fit(estimator, whole(X, targets, weights, offset))


def test_separated_rows_are_found_out():
    X, _, _ = table(2)
    y = (X[:, 0] > 0).astype(int)
    _, found = assert_same_fit(SoftmaxRegression(C=np.inf), whole(X, y))
    assert found.solution.status.name == "SEPARATED"
    # One column tells one class of three apart, in part: only a proof or a programme finds it.
    X, y, _ = table(3)
    X[:, 0] = np.where(y == 2, np.abs(X[:, 0]), 0.0)
    _, found = assert_same_fit(SoftmaxRegression(C=np.inf), whole(X, y))
    assert found.solution.status.name == "SEPARATED"
    # Two columns do so together: only the programme finds it.
    X, y, _ = table(3)
    X[:, 1] = np.where(y == 2, np.abs(X[:, 1]), 0.0) - X[:, 0]
    for dtype in (np.float32, np.float64):
        settings = SoftmaxRegression(C=np.inf)
        _, found = assert_same_fit(settings, whole(X.astype(dtype), y), rtol=1e-3, atol=0.1)
        assert found.solution.status.name == "SEPARATED"


def test_two_columns_that_separate_together_are_found_out():
    """A linear programme decides, whose conditions are gathered from the parts."""
    X, _, _ = table(3)
    coins = np.random.default_rng(1).integers(1, 3, N_ROWS)
    y = np.where(X[:, 0] + X[:, 1] > 0, 0, coins)
    _, found = assert_same_fit(SoftmaxRegression(C=np.inf), whole(X, y), rtol=1e-6, atol=1.0)
    assert found.solution.status.name == "SEPARATED"


def test_validation_rows_may_lie_in_parts():
    X, y, _ = table(3)
    held_out = whole(*table(3, seed=1)[:2])
    estimator = SoftmaxRegression(solver="lbfgs", early_stopping=True, n_iter_no_change=2)
    training = whole(X, y)
    settings = for_data(settings_of(estimator), X.shape[1], training.classes)
    start = np.zeros((3, X.shape[1] + 1))
    expected = fit_params(settings, training, start, held_out)
    found = fit_params(settings, cut(training, EDGES), start, cut(held_out, EDGES))
    assert found.best_iteration == expected.best_iteration
    for ours, theirs in zip(found.solution.records, expected.solution.records, strict=True):
        assert ours.validation_loss == pytest.approx(theirs.validation_loss, rel=1e-6)
        assert ours.validation_accuracy == pytest.approx(theirs.validation_accuracy, rel=1e-12)


def test_a_diagonal_is_measured_on_all_rows(monkeypatch):
    from sk_softmax.fitting import curvature_sample

    monkeypatch.setattr(curvature_sample, "SAMPLE_BYTES", 4 * 1100 * 20)  # a few rows
    rng = np.random.default_rng(0)
    columns = (1100 * rng.random((2000, 10)) ** 3).astype(int)  # most of them rare
    X = sp.csr_array((np.ones(20_000), columns.ravel(), 10 * np.arange(2001)), shape=(2000, 1100))
    X.sum_duplicates()
    y = (X @ rng.normal(size=(1100, 3)) + rng.gumbel(size=(2000, 3))).argmax(axis=1)
    estimator = SoftmaxRegression(solver="lbfgs", C=10.0)
    training = whole(X, y)
    expected, found = (
        fitted(estimator, some) for some in (training, cut(training, [0, 600, 2000]))
    )
    assert found.solution.n_iter <= 1.2 * expected.solution.n_iter


def test_large_rows_begin_on_a_sample_and_measure_curvature_there(monkeypatch):
    from sk_softmax.fitting import curvature_sample
    from sk_softmax.objective import approximate_hessian, cheaper

    monkeypatch.setattr(cheaper, "FEWEST_NUMBERS", 1000)
    X, y, _ = table(3)
    training, edges = whole(np.tile(X, (20, 1)), np.tile(y, 20)), [20 * edge for edge in EDGES]
    parted = cut(training, edges)
    asked = []
    ask = type(parted.given_parts).ask

    def noting(self, question):
        inner = question.keywords["question"]
        asked.append(getattr(inner, "func", inner).__name__)
        return ask(self, question)

    monkeypatch.setattr(type(parted.given_parts), "ask", noting)
    monkeypatch.setattr(curvature_sample, "SAMPLE_BYTES", 4 * 6 * 3000)
    estimator = SoftmaxRegression(solver="lbfgs", tol=1e-8)
    _, found = assert_same_fit(estimator, training, edges, rtol=1e-7, atol=1e-4)
    assert "gathered" in asked
    assert not set(asked) & {
        approximate_hessian.weighted_grams.__name__,
        approximate_hessian.drawn_grams.__name__,
        "gram_of_rows",
    }
    # Iterations on the sample ask no part.
    evaluations = asked.count("loss_and_gradient")
    assert evaluations < found.solution.n_iter
    # Passes over rows in float32 count too, and those over samples as the share that they are.
    assert evaluations <= found.solution.records[-1].passes + 1 < found.solution.n_iter


def test_every_question_of_a_fit_has_been_put_to_parts(monkeypatch):
    asked = set()
    ask = LocalParts.ask

    def noting(self, question):
        inner = pickle.loads(pickle.dumps(question)).keywords["question"]
        asked.add(getattr(inner, "func", inner).__name__)
        return ask(self, question)

    monkeypatch.setattr(LocalParts, "ask", noting)
    monkeypatch.setattr(finite_optimum, "CHEAP", 0)
    test_separated_rows_are_found_out()
    test_validation_rows_may_lie_in_parts()
    X, y, weights = table(3)
    # Two columns depend on one another, and no penalty: a proof needs the null space, in which
    # params are not determined. The change of logits by the first column, and so the second, is.
    X[:, 1] = 2 * X[:, 0]

    def determined(params):
        return np.column_stack([params[:, 0] + 2 * params[:, 1], params[:, 2:]])

    free = SoftmaxRegression(C=np.inf)
    assert_same_fit(free, whole(X, y, weights), atol=1e-3, determined=determined)
    monkeypatch.setattr(finite_optimum, "CHEAP", 1e9)
    assert_same_fit(free, whole(X, y, weights), atol=1e-3, determined=determined)
    # The first is of detection, which takes rows in one place, the second of folds.
    assert {f.__name__ for f in questions_of(fitting)} - asked == {"grams_of_pairs", "masses_of"}

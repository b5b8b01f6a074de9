"""An unpenalised fit ends as converged only if its optimum is finite."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_iris

from sk_softmax import SoftmaxRegression
from sk_softmax.fitting import finite_optimum, multipliers
from sk_softmax.fitting.multipliers import is_proven_by_some, largest_change
from sk_softmax.fitting.separating_columns import tells_a_class_apart
from sk_softmax.inference import detect_separation
from sk_softmax.objective import RegressionObjective, targets_of
from sk_softmax.rows import rows_of

SOLVERS = ["auto", "lbfgs", "newton-cholesky", "proximal-newton", "proximal-lbfgs"]
FORMS = [np.asarray, sp.csr_matrix, sp.csc_matrix]
SENTENCE = "perfectly separated by parameters without a penalty"


def table(n_classes, n_rows=300, n_features=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_features))
    logits = 0.5 * X @ rng.normal(size=(n_features, n_classes))
    return X, (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)


def with_dummy(n_classes, second=False, **size):
    X, y = table(n_classes, **size)
    dummy = (y == 0) & (np.arange(len(y)) % 5 == 0)
    if second:
        dummy[np.flatnonzero(y == 1)[0]] = True
    return np.column_stack([X, dummy]), y


def turned(X, y):
    """The same rows in other columns, of which none separates on its own."""
    return X @ (np.eye(X.shape[1]) + np.tri(X.shape[1], k=-1).T), y


def fitted(X, y, **parameters):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = SoftmaxRegression(**{"C": np.inf, **parameters}).fit(X, y)
    return model, " ".join(str(warning.message) for warning in caught)


def data_of(X, y, n_classes, weights=None):
    rows = rows_of(X, n_classes, has_intercept=True, n_threads=1)
    targets = targets_of(y, n_classes)
    return RegressionObjective(rows, targets, n_classes, np.inf, weights).data


@pytest.fixture
def asked(monkeypatch):
    """How often a linear programme was asked."""
    calls = []

    def counted(*arguments):
        calls.append(arguments)
        return programme(*arguments)

    programme = finite_optimum._is_separated
    monkeypatch.setattr(finite_optimum, "_is_separated", counted)
    return calls


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_dummy_of_one_class_is_noticed(solver, form, dtype, n_classes):
    X, y = with_dummy(n_classes)
    model, message = fitted(form(X.astype(dtype)), y, solver=solver)
    assert SENTENCE in message
    assert not model.converged_
    assert np.isfinite(model.coef_).all()
    model, message = fitted(form(X[:, :-1].astype(dtype)), y, solver=solver)
    assert not message
    assert model.converged_


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("tol", [1e-4, 1e-6, 1e-8])
def test_iris_and_a_dummy_that_two_classes_have(solver, tol):
    table = with_dummy(3, second=True)
    for X, y in (load_iris(return_X_y=True), table, turned(*table)):
        model, message = fitted(X, y, solver=solver, tol=tol)
        assert SENTENCE in message
        assert not model.converged_


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_features_without_a_penalty(solver, n_classes):
    X, y = with_dummy(n_classes)
    free = [0, 1, 1, 1, 0]
    model, message = fitted(X, y, C=1.0, penalty_factor=free, solver=solver)
    assert SENTENCE in message
    model, message = fitted(X, y, C=1.0, penalty_factor=[0, 0, 1, 1, 1], solver=solver)
    assert not message
    assert model.converged_
    if solver in ("auto", "proximal-newton", "proximal-lbfgs"):
        lasso = dict(C=1.0, l1_ratio=1.0, solver=solver)
        assert SENTENCE in fitted(X, y, penalty_factor=free, **lasso)[1]
        assert not fitted(X, y, penalty_factor=[0, 0, 1, 1, 1], **lasso)[1]


def test_what_is_decided_without_a_programme(asked):
    for n_classes in (2, 3, 7):
        X, y = table(n_classes, n_rows=2000, n_features=10)
        rare = np.where((y == 0) & (np.arange(2000) % 50 > 0), 1, y)
        for model, message in (
            fitted(X, y),
            fitted(X + 1e6, y),
            fitted(X.astype(np.float32), y),
            fitted(np.column_stack([X, X[:, 0] - X[:, 1], np.ones(2000), np.zeros(2000)]), y),
            fitted(X, rare, solver="lbfgs"),
            fitted(X, y, class_weight="balanced"),
            fitted(X, y, tol=1e-2),
            fitted(X, np.eye(n_classes)[y] * 0.9 + 0.1 / n_classes),
            fitted(X, y, C=1.0),
            fitted(X, y, label_smoothing=0.1),
        ):
            assert not message
            assert model.converged_
        # A column that separates on its own is noticed first.
        assert SENTENCE in fitted(*with_dummy(n_classes))[1]
    assert not asked
    assert SENTENCE in fitted(*turned(*with_dummy(3)))[1]
    assert len(asked) == 1


def test_what_is_never_asked(asked):
    X, y = with_dummy(3)
    fitted(X, y, C=1e6)
    fitted(X, y, lower_bounds=-50.0, upper_bounds=50.0)
    fitted(X, y, label_smoothing=0.1)
    fitted(X, y, max_iter=2)
    fitted(X, y, solver="sgd", max_iter=2)
    assert not asked


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_no_params_prove_what_is_wrong(n_classes):
    """Where a direction separates, the Newton step changes some logit by 1 at any params."""
    X, y = with_dummy(n_classes, n_rows=200)
    data = data_of(X, y, n_classes)
    free = np.ones(data.shape[1], dtype=bool)
    rng = np.random.default_rng(1)
    for scale in (0.0, 0.1, 1.0, 3.0):
        params = scale * rng.normal(size=data.shape)
        gradient = multipliers.gradient_of_rows(data, params)[0]
        step = finite_optimum.newton_step(data, free, params, gradient)
        assert max(largest_change(data, params, step)[0]) >= 1 - 1e-6
        assert not is_proven_by_some(data, free, params, gradient)


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_multipliers_add_up_to_nothing(n_classes, weighted):
    """``sum_i s_i sum_k [p_ik (1 - v_ik) - y_ik] e_k (x) x_i = 0``, written out."""
    X, y = table(n_classes, n_rows=150)
    weights = np.random.default_rng(0).integers(0, 3, 150).astype(float) if weighted else None
    data = data_of(X, y, n_classes, weights)
    model = SoftmaxRegression(C=np.inf, tol=1e-3).fit(X, y, sample_weight=weights)
    params = model.params_.astype(float)
    gradient = multipliers.gradient_of_rows(data, params)[0]
    step = finite_optimum.newton_step(data, np.ones(5, dtype=bool), params, gradient)
    design = np.column_stack([X, np.ones(150)])
    logits, along = design @ params.T, design @ step.T
    if n_classes == 2:
        logits, along = (np.column_stack([np.zeros(150), one]) for one in (logits, along))
    p = np.exp(logits)
    p /= p.sum(axis=1, keepdims=True)
    v = along - (p * along).sum(axis=1, keepdims=True)
    s = np.ones(150) if weights is None else weights / weights.mean()
    total = (s[:, None] * (p * (1 - v) - np.eye(n_classes)[y])).T @ design
    assert np.abs(total).max() < 1e-9
    others = (np.eye(n_classes)[y] == 0) & (s[:, None] > 0)
    found = max(largest_change(data, params, step)[0])
    assert found == pytest.approx(max(v[others].max(), 0.0), abs=1e-12)
    assert found < 0.5
    # It is at most the Newton decrement times the largest norm of (e_k - e_l) (x) x.
    outer = p[:, :, None] * (np.eye(n_classes) - p[:, None, :])
    hessian = sum(
        weight * np.kron(curvature, np.outer(x, x))
        for weight, curvature, x in zip(s, outer, design, strict=True)
    )
    inverse = np.linalg.pinv(hessian, hermitian=True)
    slope = ((s[:, None] * (p - np.eye(n_classes)[y])).T @ design).ravel()
    decrement = np.sqrt(slope @ inverse @ slope)
    pairs = [
        np.eye(n_classes)[k] - np.eye(n_classes)[j] for k in range(n_classes) for j in range(k)
    ]
    norms = [
        np.sqrt(a @ inverse @ a) for x in design for pair in pairs for a in [np.kron(pair, x)]
    ]
    assert found <= decrement * max(norms) * (1 + 1e-9)


@pytest.mark.parametrize("n_classes", [2, 4, 10])
def test_some_of_the_rows_prove_it_for_all(n_classes, monkeypatch):
    monkeypatch.setattr(multipliers, "ENOUGH", 1024)
    X, y = table(n_classes, n_rows=8192, n_features=12)
    model, _ = fitted(X, y, solver="lbfgs")
    data = data_of(X, y, n_classes)
    free = np.ones(data.shape[1], dtype=bool)
    params = model.params_.astype(float)
    gradient = multipliers.gradient_of_rows(data, params)[0]
    assert is_proven_by_some(data, free, params, gradient)
    # Not far from the optimum, nor where a column is zero in the rows that are tried.
    far = np.zeros_like(params)
    assert not is_proven_by_some(data, free, far, multipliers.gradient_of_rows(data, far)[0])
    tried = multipliers.SomeRows(data, free, params).rows
    rare = np.setdiff1d(np.flatnonzero(y == 0), tried)[:20]
    dummy = np.zeros(8192)
    dummy[rare] = 1.0
    X = np.column_stack([X, dummy])
    data = data_of(X, y, n_classes)
    params = np.insert(params, 12, 0.0, axis=1)
    params[0, 12] = 8.0 if n_classes > 2 else -8.0
    gradient = multipliers.gradient_of_rows(data, params)[0]
    assert not is_proven_by_some(data, np.ones(14, dtype=bool), params, gradient)


def tried(data, params, monkeypatch):
    """Whether some rows prove it at these params, and how many were tried in turn."""
    sizes, made = [], multipliers.SomeRows

    def counted(*arguments):
        sizes.append(arguments[3])
        return made(*arguments)

    monkeypatch.setattr(multipliers, "SomeRows", counted)
    gradient = multipliers.gradient_of_rows(data, params)[0]
    is_proven = is_proven_by_some(data, np.ones(data.shape[1], dtype=bool), params, gradient)
    monkeypatch.setattr(multipliers, "SomeRows", made)
    return is_proven, sizes


@pytest.mark.parametrize("n_classes", [2, 3])
def test_more_rows_prove_what_the_first_leave_open(n_classes, monkeypatch):
    monkeypatch.setattr(multipliers, "ENOUGH", 1024)
    X, y = table(n_classes, n_rows=8192, n_features=6)
    # A category that none of the first rows has.
    whole = data_of(X, y, n_classes)
    first = multipliers.SomeRows(whole, np.ones(7, dtype=bool), np.zeros(whole.shape)).rows
    dummy = np.zeros(8192)
    dummy[np.setdiff1d(np.arange(8192), first)[::20]] = 1.0
    rare = np.column_stack([X, dummy])
    params = fitted(rare, y)[0].params_.astype(float)
    is_proven, sizes = tried(data_of(rare, y, n_classes), params, monkeypatch)
    assert is_proven
    assert sizes[0] == len(first) < sizes[-1] <= 8192
    # A point at which the first rows change a logit by more than is proven, and all of them less.
    data, params = data_of(X, y, n_classes), fitted(X, y)[0].params_.astype(float)
    is_proven, sizes = tried(data, 0.97 * params, monkeypatch)
    assert is_proven
    assert len(sizes) > 1
    # Where all rows would not be enough, no more are tried.
    is_proven, sizes = tried(data, 0.0 * params, monkeypatch)
    assert not is_proven
    assert len(sizes) == 1


def test_rows_without_curvature_prove_nothing():
    """A dummy so far out that its rows have no curvature beside the others is not dependent."""
    X, y = with_dummy(3)
    data = data_of(X, y, 3)
    params = fitted(X[:, :-1], y, tol=1e-12)[0].params_.astype(float)
    for size in (25.0, 30.0, 36.0, 60.0):
        there = np.insert(params, 4, [size, 0.0, 0.0], axis=1)
        assert not finite_optimum.is_proven(data, np.ones(6, dtype=bool), there)


def test_a_dependent_column_that_was_rounded_does_not_separate():
    """What is left of it in float32 is one more column, of noise, that may tell rows apart."""
    rng = np.random.default_rng(0)
    for seed in range(30):
        X, y = table(2, n_rows=14, n_features=3, seed=seed)
        wide = np.column_stack([X, 2 * X[:, 0] - X[:, 1], X @ rng.normal(size=(3, 3))])
        for solver in ("auto", "lbfgs"):
            ours = fitted(wide.astype(np.float32), y, solver=solver)[1]
            assert (SENTENCE in ours) == (detect_separation(X, y).kind != "none")


def test_a_problem_too_large_stays_as_it_was(monkeypatch):
    monkeypatch.setattr(finite_optimum, "MOST_ENTRIES", 5)
    model, message = fitted(*turned(*with_dummy(3)))
    assert not message
    assert model.converged_


def test_a_programme_without_an_answer_changes_nothing(monkeypatch):
    def fails(*_, **__):
        return type("Answer", (), {"x": None, "message": "time is up"})()

    monkeypatch.setattr("sk_softmax.fitting.separating_directions.linprog", fails)
    model, message = fitted(*turned(*with_dummy(3)))
    assert not message
    assert model.converged_


# --- single columns -----------------------------------------------------------------------------


def columns_apart(X, y, n_classes, weights=None, *, has_intercept=True):
    rows = rows_of(X, n_classes, has_intercept=has_intercept, n_threads=1)
    targets = targets_of(y, n_classes)
    data = RegressionObjective(rows, targets, n_classes, np.inf, weights).data
    free = np.ones(data.shape[1], dtype=bool)
    return tells_a_class_apart(data, free)[: X.shape[1]].tolist()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_columns_that_separate_on_their_own(form):
    y = np.array([0, 0, 1, 1, 2, 2])
    X = np.array(
        [
            # at the end, touching, never with 1, 0 alone, equal, overlapping, between the others
            [0, 1, 1, 1, 5, 0, 0],
            [1, 1, 0, 0, 5, 2, 4],
            [2, 1, 0, 0, 5, 1, 2],
            [3, 2, 0, 0, 5, 2, 3],
            [4, 2, 1, 0, 5, 3, 1],
            [5, 3, 0, 0, 5, 1, 5],
        ],
        dtype=float,
    )
    assert columns_apart(form(X), y, 3) == [True, True, True, True, False, False, False]
    weights = np.array([1.0, 1, 1, 1, 1, 0])
    assert columns_apart(form(X), y, 3, weights)[5]
    none = columns_apart(form(X), y, 3, has_intercept=False)
    assert none == [False, False, True, True, False, False, False]
    assert columns_apart(form(X - 2.5), y, 3, has_intercept=False)[0] is False
    signs = np.array([[-1.0], [0], [0], [2], [1], [1]])
    assert columns_apart(form(signs), y, 3, has_intercept=False) == [True]


@pytest.mark.parametrize("seed", range(40))
def test_a_column_that_separates_is_no_false_alarm(seed):
    rng = np.random.default_rng(seed)
    K = rng.integers(2, 4)
    X = rng.integers(-1, 3, (8, 3)).astype(float)
    y = np.concatenate([np.arange(K), rng.integers(0, K, 8 - K)])
    fit_intercept = bool(seed % 2)
    alone = columns_apart(X, y, K, has_intercept=fit_intercept)
    for column, is_apart in zip(X.T, alone, strict=True):
        found = detect_separation(column[:, None], y, fit_intercept=fit_intercept)
        assert found.kind != "none" or not is_apart
        # With two classes there is no other way for one column to separate.
        assert K > 2 or is_apart == (found.kind != "none")


@pytest.mark.parametrize("n_classes", [2, 3])
def test_categories_too_many_for_the_programme(n_classes):
    """One column a category, of which some never occur with one of the classes."""
    rng = np.random.default_rng(0)
    categories = rng.integers(0, 1500, 30_000)
    X = sp.csr_matrix((np.ones(30_000), (np.arange(30_000), categories)))
    y = rng.integers(0, n_classes, 30_000)
    model, message = fitted(X, y)
    lacking = {(c, k) for c in range(1500) for k in range(n_classes)} - set(
        zip(categories.tolist(), y.tolist(), strict=True)
    )
    assert bool(lacking) == (SENTENCE in message) == (not model.converged_)
    y[categories == 7] = 0
    _, message = fitted(X, y)
    assert SENTENCE in message

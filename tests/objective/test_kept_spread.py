"""What an evaluation keeps of few rows, so that a Hessian there needs no logits of its own."""

import numpy as np
import pytest
import scipy.sparse as sp

from sk_softmax import SoftmaxRegression
from sk_softmax.interfaces import Status
from sk_softmax.objective import RegressionObjective, data_term, targets_of
from sk_softmax.rows import DenseRows, rows_of
from sk_softmax.solvers import NewtonCholesky

N_ROWS, N_FEATURES = 90, 4


def problem(n_classes, *, targets="labels", weighted=False, sparse=False, dtype=np.float64):
    rng = np.random.default_rng(n_classes)
    X = rng.normal(size=(N_ROWS, N_FEATURES)).astype(dtype)
    given = np.arange(N_ROWS) % n_classes
    if targets == "probabilities":
        given = rng.dirichlet(np.ones(n_classes), size=N_ROWS)
    of_rows = targets_of(given, n_classes, 0.2 if targets == "smoothed" else 0.0)
    rows = rows_of(sp.csr_matrix(X) if sparse else X, 3, has_intercept=True, n_threads=2)
    weights = rng.random(N_ROWS) * 3 if weighted else None
    return RegressionObjective(rows, of_rows, n_classes, 2.0, weights)


def points(objective, n_points):
    return np.random.default_rng(0).normal(size=(n_points, *objective.shape))


def may_not_compute_logits(monkeypatch):
    def fail(*_):
        raise AssertionError("logits were computed")

    monkeypatch.setattr(data_term.DataTerm, "logits", fail)


CASES = [
    dict(targets=targets, weighted=weighted, sparse=sparse, dtype=dtype)
    for targets, weighted, sparse, dtype in [
        ("labels", False, False, np.float64),
        ("labels", True, False, np.float64),
        ("labels", True, True, np.float64),
        ("labels", True, False, np.float32),
        ("smoothed", True, False, np.float64),
        ("probabilities", False, True, np.float64),
    ]
]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("n_blocks", [1, 9])
def test_a_hessian_where_the_last_evaluation_was_needs_no_logits(
    n_classes, n_blocks, case, monkeypatch
):
    monkeypatch.setattr(DenseRows, "_rows_per_block", lambda self: N_ROWS // n_blocks)
    objective, fresh = problem(n_classes, **case), problem(n_classes, **case)
    here, there = points(objective, 2)
    objective.evaluate(there)
    objective.evaluate(here)
    anew = fresh.hessian(here).matrix
    may_not_compute_logits(monkeypatch)
    kept = objective.hessian(here).matrix
    tolerance = 1e-6 if case["dtype"] == np.float32 else 1e-13
    np.testing.assert_allclose(kept, anew, rtol=tolerance, atol=tolerance)
    np.testing.assert_array_equal(objective.hessian(here).matrix, kept)  # nothing was overwritten


@pytest.mark.parametrize("n_classes", [2, 4])
def test_what_is_kept_is_never_used_elsewhere(n_classes):
    objective, fresh = problem(n_classes), problem(n_classes)
    here, there = points(objective, 2)
    wanted = [fresh.hessian(params).matrix for params in (here, there)]
    objective.evaluate(here)
    np.testing.assert_array_equal(objective.hessian(there).matrix, wanted[1])
    objective.evaluate(there)
    np.testing.assert_array_equal(objective.hessian(here).matrix, wanted[0])

    # Nor on other rows or features, or with other weights.
    objective.evaluate(here)
    some = np.arange(30)
    others = [
        (objective.on(objective.rows.subset(some), some), here),
        (objective.of_features(np.array([0, 2])), here[:, [0, 2, 4]]),
    ]
    for other, params in others:
        assert other.hessian(params).matrix.shape == (params.size,) * 2
        np.testing.assert_allclose(
            other.hessian(params).matrix @ np.ones(params.size) * 1e-6,
            other.evaluate(params + 1e-6).gradient.ravel()
            - other.evaluate(params).gradient.ravel(),
            rtol=1e-4,
            atol=1e-10,
        )


def test_params_that_are_only_equal_are_looked_at_anew(monkeypatch):
    """Equal arrays might be compared, but that takes as long as what it saves."""
    objective = problem(3)
    (here,) = points(objective, 1)
    objective.evaluate(here)
    may_not_compute_logits(monkeypatch)
    with pytest.raises(AssertionError, match="logits were computed"):
        objective.hessian(here.copy())


def test_many_rows_keep_nothing(monkeypatch):
    monkeypatch.setattr(data_term, "MOST_SPREAD", 3 * N_ROWS - 1)
    objective = problem(3)
    (here,) = points(objective, 1)
    objective.evaluate(here)
    may_not_compute_logits(monkeypatch)
    with pytest.raises(AssertionError, match="logits were computed"):
        objective.hessian(here)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_hessian_counts_as_a_pass_even_so(n_classes):
    objective = problem(n_classes)
    (here,) = points(objective, 1)
    objective.evaluate(here)
    assert objective.passes == 1
    objective.hessian(here)
    assert objective.passes == 2


@pytest.mark.parametrize("n_classes", [3, 5])
def test_nothing_cancels_in_the_hessian_where_one_class_is_nearly_certain(n_classes):
    objective = problem(n_classes)
    objective = objective.with_penalty(np.inf)
    here = np.zeros(objective.shape)
    here[0, -1] = 40.0  # the other classes have a probability of 4e-18
    n_columns = here.shape[1]
    blocks = objective.hessian(here).matrix.reshape(n_classes, n_columns, n_classes, n_columns)
    design = objective.rows.take(np.arange(N_ROWS)).design()
    gram = design.T @ design / N_ROWS
    rare = np.exp(-40.0)
    np.testing.assert_allclose(blocks[0, :, 0], (n_classes - 1) * rare * gram, rtol=1e-12)
    np.testing.assert_allclose(blocks[1, :, 1], rare * gram, rtol=1e-12)
    np.testing.assert_allclose(blocks[0, :, 1], -rare * gram, rtol=1e-12)


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("rows_per_block", [400, 30])
def test_fits_are_the_same_on_any_number_of_threads(n_classes, rows_per_block, monkeypatch):
    monkeypatch.setattr(DenseRows, "_rows_per_block", lambda self: rows_per_block)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 6))
    y = (X @ rng.normal(size=(6, n_classes)) + rng.gumbel(size=(400, n_classes))).argmax(axis=1)
    alone, together = (
        SoftmaxRegression(solver="newton-cholesky", n_jobs=n_jobs).fit(X, y) for n_jobs in (1, 3)
    )
    np.testing.assert_array_equal(alone.params_, together.params_)
    assert alone.duality_gap_ == together.duality_gap_
    assert [r.value for r in alone.records_] == [r.value for r in together.records_]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("size", [1e-3, 0.3])
def test_a_hessian_is_at_least_the_last_divided_by_what_it_fell_by(n_classes, case, size):
    objective = problem(n_classes, **case)
    since, step = points(objective, 2)
    there = since + size * step
    objective.evaluate(since)
    before = objective.hessian(since).matrix
    objective.evaluate(there)
    fall = objective.hessian_fall(since, there)
    assert 1 < fall < np.exp(40 * size)
    slack = 1e-5 if case["dtype"] == np.float32 else 1e-12
    difference = fall * objective.hessian(there).matrix - before
    assert np.linalg.eigvalsh(difference)[0] > -slack


def test_of_other_points_it_is_not_known_how_much_a_hessian_fell():
    objective = problem(3)
    first, second, third = points(objective, 3)
    assert objective.hessian_fall(first, second) == np.inf
    for params in (first, second, third):
        objective.evaluate(params)
    assert objective.hessian_fall(second, third) < np.inf
    assert objective.hessian_fall(first, second) == np.inf
    assert objective.hessian_fall(first, third) == np.inf
    assert objective.hessian_fall(second.copy(), third) == np.inf


def test_nearly_certain_rows_do_not_make_it_known():
    objective = problem(2)
    certain, more = 1e3 * points(objective, 1)[0], 2e3 * points(objective, 1)[0]
    objective.evaluate(certain)
    objective.evaluate(more)
    assert objective.hessian_fall(certain, more) == np.inf


def test_a_fit_by_newton_measures_no_hessian_where_it_ends(monkeypatch, solve):
    asked = []
    measure = RegressionObjective.hessian

    def hessian(self, params):
        asked.append(params)
        return measure(self, params)

    monkeypatch.setattr(RegressionObjective, "hessian", hessian)
    solution = solve(NewtonCholesky(), problem(3), tol=1e-6)
    assert solution.status is Status.CONVERGED
    assert len(asked) == solution.n_iter  # none at the end
    exact = measure(problem(3), solution.params)
    gradient = solution.evaluation.gradient
    left = 0.5 * np.vdot(gradient, exact.solve(gradient))
    assert left <= solution.suboptimality <= 1e-6 * solution.evaluation.value

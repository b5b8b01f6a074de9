"""Folds evaluated in one pass are the folds."""

import numpy as np
import pytest
import scipy.sparse as sp

from sk_softmax.interfaces import EvaluateAt, Evaluation
from sk_softmax.objective import (
    FoldObjectives,
    HeldOut,
    PenaltyForm,
    RegressionObjective,
    cheaper_together,
    targets_of,
)
from sk_softmax.objective.shared_curvature import MOST_AGE, MOST_PASSES
from sk_softmax.rows import rows_of

N_ROWS = 5000


@pytest.fixture
def folds(overlapping_classes):
    """Three folds, the last of which knows two of three classes."""
    X, y = overlapping_classes(3, n_rows=N_ROWS, n_features=60)
    rng = np.random.default_rng(0)
    masks = [rng.uniform(0.5, 2, N_ROWS) * (np.arange(N_ROWS) % 3 != i) for i in range(3)]
    masks[2] = masks[2] * (y != 2)

    def make(kind, n_threads=1):
        rows = rows_of(kind(X), 8, has_intercept=True, n_threads=n_threads)
        targets = [targets_of(y, 3), targets_of(y, 3, 0.1), targets_of(np.minimum(y, 1), 2)]
        n_classes = [3, 3, 2]
        objectives = [
            RegressionObjective(rows, t, k, 1.0, mask)
            for t, k, mask in zip(targets, n_classes, masks, strict=True)
        ]
        held_out = [HeldOut(np.sort(rng.permutation(N_ROWS)[:n])) for n in (2000, 7, 1)]
        return FoldObjectives(objectives, held_out), objectives, held_out

    return X, make


@pytest.mark.parametrize("kind", [np.array, sp.csr_matrix, lambda X: X.astype(np.float32)])
def test_one_pass_gives_value_gradient_and_logits_of_each_fold(kind, folds):
    X, make = folds
    together, alone, held_out = make(kind)
    rng = np.random.default_rng(1)
    points = [rng.normal(size=objective.shape) for objective in alone]
    tolerance = 1e-4 if together[0].rows.dtype == np.float32 else 1e-11
    answers = together.evaluate({n: EvaluateAt(p) for n, p in enumerate(points)})
    for number, params in enumerate(points):
        expected = alone[number].evaluate(params)
        assert answers[number].value == pytest.approx(expected.value, rel=tolerance)
        np.testing.assert_allclose(answers[number].gradient, expected.gradient, atol=tolerance)
        logits = params[:, :-1] @ X[held_out[number].rows].T + params[:, -1:]
        seen = together.held_out_logits(number, params)
        np.testing.assert_allclose(seen, logits, atol=100 * tolerance)


def test_folds_ask_when_they_like(folds):
    X, make = folds
    together, alone, held_out = make(np.array)
    narrowed = FoldObjectives([view.objective for view in cheaper_together(alone)])
    points = [np.full(objective.shape, 0.1) for objective in alone]
    first = together.evaluate({1: EvaluateAt(points[1])})
    assert list(first) == [1]
    narrow = narrowed.evaluate({1: EvaluateAt(points[1])})
    other = together.evaluate({2: EvaluateAt(points[2])})
    assert narrow[1].value == pytest.approx(first[1].value, rel=1e-6)
    assert narrow[1].value != first[1].value  # of rows in float32
    assert other[2].value == pytest.approx(alone[2].evaluate(points[2]).value, rel=1e-12)
    # Narrowed rows leave the logits alone; other params make them out of date.
    assert held_out[1].logits_at(points[1]) is not None
    elsewhere = points[1] + 1
    assert held_out[1].logits_at(elsewhere) is None
    logits = elsewhere[:, :-1] @ X[held_out[1].rows].T + elsewhere[:, -1:]
    np.testing.assert_allclose(together.held_out_logits(1, elsewhere), logits, atol=1e-10)


def test_the_same_to_the_last_bit_for_any_number_of_threads(folds):
    _, make = folds
    results = []
    for n_threads in (1, 2, 3):
        together, alone, _ = make(np.array, n_threads)
        questions = {n: EvaluateAt(np.full(o.shape, 0.1)) for n, o in enumerate(alone)}
        results.append(together.evaluate(questions))
    for other in results[1:]:
        for number, answer in results[0].items():
            assert other[number].value == answer.value
            np.testing.assert_array_equal(other[number].gradient, answer.gradient)


@pytest.fixture
def alike(overlapping_classes):
    """Three folds with the same classes, and a fourth with targets of its own."""
    X, y = overlapping_classes(3, n_rows=2000, n_features=20)
    rows = rows_of(X, 12, has_intercept=True, n_threads=1)
    shared = targets_of(y, 3)
    targets = [shared, shared, shared, targets_of(y, 3)]
    factor = np.linspace(0.5, 2, 20)

    def make(C):
        folds = [
            RegressionObjective(
                rows, t, 3, C, 1.0 * (np.arange(2000) % 4 != i), PenaltyForm(factors=factor)
            )
            for i, t in enumerate(targets)
        ]
        return FoldObjectives(folds)

    points = list(np.random.default_rng(0).normal(size=(4, 3, 21)))
    return make, points


def test_a_shared_curvature_is_the_mean_of_those_at_each_folds_params(alike):
    make, points = alike
    alone, together = make(1.0), make(1.0)
    together.share_curvature()
    together.evaluate({n: EvaluateAt(p) for n, p in enumerate(points)})
    own = [alone[n].curvature(p).diagonal for n, p in enumerate(points)]
    found = [together[n].curvature(p) for n, p in enumerate(points)]
    assert found[0] is found[1] is found[2]
    np.testing.assert_allclose(found[0].diagonal, np.mean(own[:3], axis=0), rtol=1e-10)
    np.testing.assert_allclose(found[3].diagonal, own[3], rtol=1e-12)
    # Exact, or as a diagonal, it is a fold's own.
    np.testing.assert_allclose(together[1].curvature(points[1], exact=True).diagonal, own[1])
    assert together[1].curvature(points[1], as_diagonal=True) is not found[1]


def test_a_shared_curvature_ends_with_its_passes(alike):
    make, points = alike
    together = make(1.0)
    together.share_curvature()
    questions = {n: EvaluateAt(p) for n, p in enumerate(points)}
    seen = []
    for _ in range(MOST_PASSES + 1):
        together.evaluate(questions)
        seen.append(together[0].curvature(points[0]))
        if len(seen) <= MOST_PASSES:
            assert together[1].curvature(points[1]) is seen[-1]
    assert len({id(curvature) for curvature in seen[:-1]}) == -(-MOST_PASSES // (MOST_AGE + 1))
    assert together[1].curvature(points[1]) is not seen[-1]


def test_an_evaluation_follows_from_that_under_another_penalty(alike):
    make, points = alike
    before, after = make(1e-3), make(10.0)
    for number, params in enumerate(points):
        here = before[number].evaluate(params)
        found = after[number].evaluation_from(params, here, before[number].penalty)
        expected = after[number].evaluate(params)
        assert found.value == pytest.approx(expected.value, rel=1e-12)
        np.testing.assert_allclose(found.gradient, expected.gradient, atol=1e-13)


def test_what_is_known_is_answered_once_and_only_about_the_same_params(alike):
    make, points = alike
    together = make(1.0)
    told = Evaluation(-1.0, np.zeros((3, 21)))
    together.know(0, points[0], told)
    together.know(1, points[1], told)
    copy = points[1].copy()
    answers = together.evaluate({0: EvaluateAt(points[0]), 1: EvaluateAt(copy)})
    assert answers[0] is told
    assert answers[1].value > 0
    assert together.evaluate({0: EvaluateAt(points[0])})[0].value > 0

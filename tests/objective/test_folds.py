"""Folds evaluated in one pass are the folds."""

import numpy as np
import pytest
import scipy.sparse as sp

from sk_softmax.interfaces import EvaluateAt
from sk_softmax.objective import (
    FoldObjectives,
    HeldOut,
    RegressionObjective,
    cheaper_together,
    targets_of,
)
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

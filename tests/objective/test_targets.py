"""Every form of targets means the same thing as the probabilities written out."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from sk_softmax.objective import RegressionObjective, targets_of
from sk_softmax.rows import rows_of

N_ROWS = 50


def forms(n_classes, dtype=np.float64):
    """``(targets, the probabilities they mean)``."""
    rng = np.random.default_rng(0)
    labels = rng.integers(n_classes, size=N_ROWS)
    one_hot, shares = np.eye(n_classes)[labels], rng.dirichlet(np.ones(n_classes), N_ROWS)
    for given, meant in [(labels, one_hot), (shares.astype(dtype), shares)]:
        yield targets_of(given, n_classes), meant
        yield targets_of(given, n_classes, 0.2), 0.8 * meant + 0.2 / n_classes


@pytest.mark.parametrize("n_classes", [2, 5])
@pytest.mark.parametrize("weighted", [False, True])
def test_value_and_gradient_are_those_of_the_definition(n_classes, weighted):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(N_ROWS, 3))
    weights = rng.random(N_ROWS) if weighted else None
    s = np.ones(N_ROWS) if weights is None else weights
    rows = rows_of(X, n_classes, has_intercept=True, n_threads=1)
    for targets, meant in forms(n_classes):
        objective = RegressionObjective(rows, targets, n_classes, 2.0, weights)
        params = rng.normal(size=objective.shape)
        here = objective.evaluate(params)
        logits = X @ params[:, :-1].T + params[:, -1]
        if n_classes == 2:
            logits = np.column_stack([np.zeros(N_ROWS), logits])
        losses = -(meant * log_softmax(logits, axis=1)).sum(axis=1)
        penalty = (params[:, :-1] ** 2).sum() / (2 * 2.0 * s.sum())
        assert here.value == pytest.approx(s @ losses / s.sum() + penalty, rel=1e-12)
        residuals = (softmax(logits, axis=1) - meant)[:, n_classes - len(params) :] * s[:, None]
        expected = residuals.T @ np.column_stack([X, np.ones(N_ROWS)]) / s.sum()
        expected[:, :-1] += params[:, :-1] / (2.0 * s.sum())
        np.testing.assert_allclose(here.gradient, expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("n_classes", [2, 5])
def test_parts_and_totals(n_classes):
    rng = np.random.default_rng(2)
    some, weights = rng.permutation(N_ROWS)[:20], rng.random(N_ROWS)
    logits = rng.normal(size=(n_classes, N_ROWS))
    for targets, meant in forms(n_classes):
        np.testing.assert_allclose(targets.totals(None), meant.sum(axis=0), rtol=1e-6)
        np.testing.assert_allclose(targets.totals(weights), weights @ meant, rtol=1e-6)
        part, z = targets.at(some), np.ascontiguousarray(logits[:, some])
        np.testing.assert_allclose(part.expected(z), (z.T * meant[some]).sum(axis=1), rtol=1e-6)
        np.testing.assert_allclose(part.of_class(1), meant[some, 1], rtol=1e-6)
        left = z.copy()
        part.subtract_from(left)
        np.testing.assert_allclose(left, z - meant[some].T, rtol=1e-6, atol=1e-12)


def test_the_loss_of_a_label_keeps_its_digits_where_the_logits_are_large():
    rows = rows_of(np.array([[1.0], [-1.0]]), 1, has_intercept=False, n_threads=1)
    objective = RegressionObjective(rows, np.array([1, 0]), 2, np.inf)
    for size in (40.0, 600.0):
        assert objective.evaluate(np.array([[size]])).value == pytest.approx(np.exp(-size))
        assert objective.evaluate(np.array([[-size]])).value == pytest.approx(size)

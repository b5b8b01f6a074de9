"""Losses and residuals of two classes to the last digits, compared with those of wider numbers."""

import numpy as np
import pytest

from sk_softmax.objective.cross_entropy import TwoClassCrossEntropy
from sk_softmax.objective.targets import Labels, Probabilities

LOG_ODDS = np.array([0.0, -0.0, 1e-9, -1e-9, 0.3, -0.3, 4.0, -4.0, 30.0, -30.0, 600.0, -600.0])


def exact(log_odds, positive):
    """Losses, residuals and ``p (1 - p)`` in extended precision, for a label each in its own way.

    The residual of a label is plus or minus the probability of the other class.
    """
    z, y = log_odds.astype(np.longdouble), positive.astype(np.longdouble)
    of_second, of_first = 1 / (1 + np.exp(-z)), 1 / (1 + np.exp(z))
    losses = y * np.log1p(np.exp(-z)) + (1 - y) * np.log1p(np.exp(z))
    return losses, (1 - y) * of_second - y * of_first, of_second * of_first


@pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18, reason="needs extended precision")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("label", [0, 1])
def test_labels_lose_no_digit(dtype, label):
    log_odds = LOG_ODDS.astype(dtype)
    log_odds = log_odds[np.abs(log_odds) < np.log(np.finfo(dtype).max)]
    targets = Labels(np.full(len(log_odds), label), 2)
    found = TwoClassCrossEntropy().loss_and_residuals(
        log_odds[None].copy(), targets, with_spread=True
    )
    expected = exact(log_odds, np.full(len(log_odds), label))
    eps = np.finfo(dtype).eps
    for values, exactly in zip((found.losses, *found[1:]), expected, strict=True):
        assert values.dtype == dtype
        np.testing.assert_allclose(values.ravel(), exactly, rtol=4 * eps)


@pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18, reason="needs extended precision")
def test_probabilities_as_targets():
    positive = np.linspace(0, 1, len(LOG_ODDS))
    targets = Probabilities(np.column_stack([1 - positive, positive]))
    found = TwoClassCrossEntropy().loss_and_residuals(LOG_ODDS[None].copy(), targets)
    losses, residuals, _ = exact(LOG_ODDS, positive)
    np.testing.assert_allclose(found.losses, losses, rtol=1e-15)
    np.testing.assert_allclose(found.residuals[0], residuals, rtol=1e-15, atol=2e-16)

"""Cross-entropy of a block of class-major logits on a device: losses, residuals and curvature.

The formulas are those of ``objective.cross_entropy``. Logits may be changed by a function that is
given them: memory for new arrays costs more than what is computed. Those of libraries whose arrays
cannot be changed are not.
"""

from __future__ import annotations

from typing import Any

from sk_softmax.parts.device_arrays import Place
from sk_softmax.parts.device_targets import DeviceTargets


class DeviceCrossEntropy:
    """The loss on a device: one row of logits per class, or a single row of log-odds.

    Parameters
    ----------
    place : Place
        Where the logits are.
    n_outputs : int
        Rows of logits; 1 for two classes.
    """

    def __init__(self, place: Place, n_outputs: int) -> None:
        self._xp = place.xp
        self._widest = place.widest
        self.of_two = n_outputs == 1

    def loss_and_residuals(self, logits: Any, targets: DeviceTargets) -> tuple[Any, Any]:
        """Return losses ``(n_rows,)`` and residuals ``(n_outputs, n_rows)`` in nats."""
        xp = self._xp
        if self.of_two:
            return self._of_log_odds(logits, targets)
        logits -= xp.max(logits, axis=0, keepdims=True)
        own = targets.dense(logits.dtype)
        expected = targets.expected(logits, own)
        odds = xp.exp(logits)
        normaliser = xp.sum(odds, axis=0, keepdims=True)
        losses = xp.log(normaliser[0, :])
        losses -= expected
        odds /= normaliser
        odds -= own
        return losses, odds

    def _of_log_odds(self, log_odds: Any, targets: DeviceTargets) -> tuple[Any, Any]:
        xp = self._xp
        positive = targets.of_second(log_odds.dtype)
        odds, likelier = self._odds_and_likelier(log_odds)
        # log(1 + exp(z)) = max(z, 0) + log(1 + exp(-|z|)), and 2 max(z, 0) = z + |z|
        losses = xp.log1p(odds)
        losses += (log_odds + xp.abs(log_odds)) / 2
        losses -= positive * log_odds
        odds *= likelier
        residuals = xp.where(log_odds > 0, likelier, odds)
        residuals -= positive
        return losses[0, :], residuals

    def _odds_and_likelier(self, log_odds: Any) -> tuple[Any, Any]:
        """Return the odds of the less likely of two classes, and the probability of the other."""
        odds = self._xp.exp(-self._xp.abs(log_odds))
        return odds, 1 / (1 + odds)

    def probabilities(self, logits: Any) -> Any:
        """Return probabilities of all classes, shape ``(n_classes, n_rows)``."""
        xp = self._xp
        if self.of_two:
            odds, likelier = self._odds_and_likelier(logits)
            less = odds * likelier
            is_second = logits > 0
            second, first = (
                xp.where(is_second, likelier, less),
                xp.where(is_second, less, likelier),
            )
            return xp.concat([first, second], axis=0)
        logits -= xp.max(logits, axis=0, keepdims=True)
        odds = xp.exp(logits)
        odds /= xp.sum(odds, axis=0, keepdims=True)
        return odds

    def curvatures(self, logits: Any) -> Any:
        """Return the diagonal of each row's Hessian in its logits, ``(n_outputs, n_rows)``."""
        if self.of_two:
            odds, likelier = self._odds_and_likelier(logits)
            return odds * likelier * likelier
        probabilities = self.probabilities(logits)
        probabilities *= 1 - probabilities
        return probabilities

    def spread(self, logits: Any) -> Any:
        """Return the probabilities of all classes; of two classes ``p (1 - p)``."""
        return self.curvatures(logits) if self.of_two else self.probabilities(logits)

    def log_probabilities(self, logits: Any) -> Any:
        """Return log-probabilities of all classes in the widest type, ``(n_classes, n_rows)``."""
        xp = self._xp
        logits = xp.astype(logits, self._widest, copy=False)
        if self.of_two:
            logits = xp.concat([xp.zeros_like(logits), logits], axis=0)
        logits = logits - xp.max(logits, axis=0, keepdims=True)
        logits -= xp.log(xp.sum(xp.exp(logits), axis=0, keepdims=True))
        return logits

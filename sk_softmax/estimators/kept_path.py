"""The parameters on the way of a fit: after each iteration, or after each minibatch too."""

from __future__ import annotations

from sk_softmax.fitting.driver import ParamsThere
from sk_softmax.interfaces import Array, IterationRecord


class KeptPath:
    """The params of a fit in order, each of shape ``(n_outputs, n_columns)``."""

    def __init__(self) -> None:
        self.params: list[Array] = []
        self._is_known = False

    def keep_iteration(self, record: IterationRecord, params: ParamsThere) -> bool:
        """Keep the params of an iteration, or of the start; return False: never stop a fit."""
        self.params.append(params())
        self._is_known = True
        return False

    def keep_minibatch(self, params: Array) -> None:
        """Keep the params at which a minibatch is asked for, where its predecessor led.

        Those of the first minibatch of an epoch are those of the iteration before.
        """
        if not self._is_known:
            self.params.append(params)
        self._is_known = False

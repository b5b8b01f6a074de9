"""The objective of a stream: rows come once, in chunks, and earlier rows are not kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array, Evaluation
from sk_softmax.objective.data_term import DataTerm
from sk_softmax.objective.penalties import PenaltyForm
from sk_softmax.objective.regression import RegressionObjective


@dataclass(frozen=True, slots=True)
class Seen:
    """How much of a stream has been learned from."""

    n_rows: int = 0
    weight: float = 0.0
    """Sum of the weights of these rows."""


class StreamObjective(RegressionObjective):
    """A chunk of a stream as part of all rows so far.

    The penalty, which must be smooth, is that of all rows so far: by default
    ``|coef|^2 / (2 C S)``, where ``S`` is the sum of the weights of all rows up to the end of a
    minibatch. The weight of a row is divided by the mean of these weights. So the chunks that a
    stream is cut into do not affect the result, as long as the minibatches are the same.

    Parameters
    ----------
    data : DataTerm
        The rows of the chunk, with their targets, relative weights and offset.
    C : float
        Inverse strength of the penalty; ``inf`` means none.
    sample_weight : ndarray of float64, shape (n_rows,), or None
        The weights of the chunk's rows; None gives every row the weight 1.
    before : Seen
        What was seen of the stream before the chunk.
    form : PenaltyForm
        The form of the penalty, which must be smooth.
    """

    def __init__(
        self,
        data: DataTerm,
        C: float,
        sample_weight: NDArray[np.float64] | None,
        before: Seen,
        form: PenaltyForm,
    ) -> None:
        total = float(data.n_rows if sample_weight is None else sample_weight.sum())
        self._begin(data, total, C, form)
        self._C = C
        self._before = before
        # The objective of a chunk drops weights that are all equal; in a stream their size counts,
        # because those of another chunk may differ.
        self._weight_in_chunk = None if sample_weight is None else np.cumsum(sample_weight)
        self._mean_in_chunk = 1.0 if sample_weight is None else float(sample_weight.mean())

    def seen_after(self, n_rows: int) -> Seen:
        """Return what will have been seen after the first ``n_rows`` rows of the chunk."""
        weight = float(n_rows)
        if self._weight_in_chunk is not None:
            weight = float(self._weight_in_chunk[n_rows - 1])
        return Seen(self._before.n_rows + n_rows, self._before.weight + weight)

    def minibatch(self, params: Array, indices: NDArray[np.intp]) -> Evaluation:
        """Return value and gradient estimated from the next rows of the chunk."""
        seen = self.seen_after(int(indices[-1]) + 1)
        if seen.weight == 0:
            return Evaluation(0.0, np.zeros_like(params))
        scale = self._mean_in_chunk * seen.n_rows / seen.weight / len(indices)
        strength = 1 / self._C / seen.weight
        penalty = self.form.penalty(strength, self.shape, self.rows.n_features)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
            loss, gradient = self._sum_of(params, indices)
            gradient = scale * np.ascontiguousarray(gradient, dtype=np.float64)
            of_penalty = penalty.add_smooth_gradient(params, gradient)
            return Evaluation(scale * float(loss) + of_penalty, gradient)

"""The loss with Jeffreys' penalty: half the logarithm of the determinant of the information.

``F = sum_i s_i CE_i / S - (log det I(params) - log det I(0)) / (2 S)``,  ``S = sum_i s_i``

``I(0)`` is that without an offset. The minimum is the estimate of Firth (1993, Biometrika 80),
which removes the term of order ``1 / S`` from the bias and is finite for separated classes too.
For more than two classes it is that of Kosmidis and Firth (2011, Biometrika 98). Unlike the other
objectives it changes if all weights are multiplied by a number: a weight says how many rows a row
stands for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from sk_softmax.interfaces import Array, Block, Curvature, Evaluation
from sk_softmax.objective.curvature import FullHessian
from sk_softmax.objective.data_term import DataTerm
from sk_softmax.objective.evaluation import loss_and_gradient
from sk_softmax.objective.exact_hessian import HESSIAN_CHUNK, hessian_of_rows

# A column depends on earlier ones if they leave at most this share of its mean square.
DEPENDENT = 1e-12


@dataclass(frozen=True, eq=False)
class Information:
    """The Fisher information at some params, among the parameters that are determined.

    These are the log odds against the first class (for two classes the log odds of the second) in
    the columns that do not depend on others.
    """

    params: Array
    whole: Array
    """Among all parameters, shape ``(n_outputs * n_columns, n_outputs * n_columns)``, with weights
    of mean 1."""

    inverse: Array | None
    """Shape ``(n_determined, n_determined)``; None if it is singular to working precision."""

    log_det: float
    """Minus infinity if it is singular."""


class JeffreysObjective:
    """The objective of bias reduction; it answers questions about values and the information.

    Parameters
    ----------
    data : DataTerm
        Rows, targets and weights. Rows in float32 are read in float64.
    total_weight : float
        ``S``.
    """

    def __init__(self, data: DataTerm, total_weight: float) -> None:
        self.data = data.in_float64()
        self.total_weight = total_weight
        self._last: Information | None = None
        self._evaluated: tuple[Array, Evaluation] | None = None

    @property
    def passes(self) -> float:
        """Passes over the whole data so far."""
        return self.data.passes

    def answer(self, question: Any) -> Any:
        """Answer a question of a search."""
        return question.put_to(self)

    @cached_property
    def determined(self) -> NDArray[np.bool_]:
        """Which parameters are log odds in independent columns, ``(n_outputs, n_columns)``."""
        mask = np.zeros(self.data.shape, dtype=bool)
        mask[min(len(mask) - 1, 1) :, independent_columns(self.data.gram)] = True
        return mask

    @cached_property
    def _log_det_at_zero(self) -> float:
        """That at zero coefficients, beside no offset: all classes are equally likely."""
        n_classes, n_outputs = self.data.loss.n_classes, self.data.loss.n_outputs
        of_row = (np.eye(n_outputs) - (n_outputs > 1) / n_classes) / n_classes
        if n_outputs == 1:
            of_row = of_row / n_classes
        whole = np.kron(of_row, self.data.gram * self.data.n_rows)
        picked = np.flatnonzero(self.determined)
        return _inverse_and_log_det(whole[np.ix_(picked, picked)])[1]

    def information(self, params: Array) -> Information:
        """Return the information at params of shape ``(n_outputs, n_columns)``."""
        if self._last is not None and np.array_equal(self._last.params, params):
            return self._last
        (whole,) = self.data.ask(partial(hessian_of_rows, params=params))
        picked = np.flatnonzero(self.determined)
        inverse, log_det = _inverse_and_log_det(whole[np.ix_(picked, picked)])
        self._last = Information(params.copy(), whole, inverse, log_det)
        return self._last

    def log_det(self, params: Array) -> float:
        """Return ``log det I`` of the determined parameters, for the weights as they are."""
        scale = self.total_weight / self.data.n_rows
        n_determined = int(self.determined.sum())
        return self.information(params).log_det + n_determined * float(np.log(scale))

    def covariance(self, params: Array) -> Array:
        """Return ``I^-1`` of the determined parameters; an error if it is singular."""
        inverse = self.information(params).inverse
        if inverse is None:
            raise np.linalg.LinAlgError("The information is singular to working precision.")
        return inverse * (self.data.n_rows / self.total_weight)

    def evaluate(self, params: Array) -> Evaluation:
        """Return value and gradient in nats a row; infinity where the information is singular.

        The last answer is kept: a step that is taken is asked about once more.
        """
        if self._evaluated is None or not np.array_equal(self._evaluated[0], params):
            self._evaluated = params.copy(), self._evaluation(params)
        return self._evaluated[1]

    def _evaluation(self, params: Array) -> Evaluation:
        """Return value and gradient at params of shape ``(n_outputs, n_columns)``."""
        information = self.information(params)
        loss, gradient = self.data.ask(partial(loss_and_gradient, params=params))
        if information.inverse is None:
            return Evaluation(np.inf, np.full(self.data.shape, np.inf))
        inverse = np.zeros((self.determined.size,) * 2)
        picked = np.flatnonzero(self.determined)
        inverse[np.ix_(picked, picked)] = information.inverse
        (pull,) = self.data.ask(partial(half_log_det_gradient, params=params, inverse=inverse))
        value = float(loss) / self.data.n_rows
        value -= (information.log_det - self._log_det_at_zero) / (2 * self.total_weight)
        return Evaluation(value, gradient / self.data.n_rows - pull / self.total_weight)

    def hessian(self, params: Array) -> Curvature:
        """Return the information, for steps of Fisher's scoring.

        It is the Hessian up to terms of order 1 in the sum over all rows.
        """
        whole = self.information(params).whole / self.data.n_rows
        information = FullHessian(whole, self.data.shape[0])
        return information if self._span is None else InSpan(information, self._span)

    @cached_property
    def _span(self) -> Array | None:
        """The projection of a class's parameters on what rows determine; None if they do all.

        Shape ``(n_columns, n_columns)``, orthogonal in units of the columns.
        """
        gram = self.data.gram
        if self.determined.any(axis=0).all():
            return None
        scale = np.sqrt(np.where(gram.diagonal() > 0, gram.diagonal(), 1.0))
        values, vectors = np.linalg.eigh(gram / scale[:, None] / scale)
        kept = vectors[:, values > DEPENDENT * values.max()]
        return np.asarray((kept @ kept.T) / scale[:, None] * scale)

    def curvature(self, params: Array, *_: Any, **__: Any) -> Curvature:
        """Return the same: a judge asks for it where it knows no Hessian."""
        return self.hessian(params)

    def hessian_fall(self, *_: Any) -> float:
        """Return infinity: it is not known how the information changes."""
        return np.inf

    def gap(self, *_: Any) -> float:
        """Return infinity: there is no bound from duality."""
        return np.inf


class InSpan:
    """An information whose steps have no part that changes no logit.

    Where columns depend on one another, rounding would fill such parts, and with them the
    probabilities of further rows.
    """

    def __init__(self, information: FullHessian, span: Array) -> None:
        self.diagonal: Array = information.diagonal
        self._information = information
        self._span = span

    def solve(self, gradient: Array) -> Array:
        """Return ``I^-1 gradient`` in the span of the rows, shape ``(n_outputs, n_columns)``."""
        return np.asarray(self._information.solve(gradient) @ self._span.T)


def independent_columns(gram: Array) -> NDArray[np.intp]:
    """Return columns that do not depend on one another, and that others depend on; ascending.

    From a Gram matrix of shape ``(n_columns, n_columns)``, by Cholesky with pivots.
    """
    diagonal = gram.diagonal()
    used = np.flatnonzero(diagonal > 0)
    scale = 1 / np.sqrt(diagonal[used])
    unit = gram[np.ix_(used, used)] * scale[:, None] * scale
    _, pivots, rank, _ = scipy.linalg.lapack.dpstrf(unit, tol=DEPENDENT, lower=1)
    return np.sort(used[pivots[:rank] - 1])


def _inverse_and_log_det(matrix: Array) -> tuple[Array | None, float]:
    """Return the inverse of a matrix and the logarithm of its determinant.

    None and minus infinity if the matrix, of shape ``(n, n)``, is not positive definite to working
    precision.
    """
    diagonal = matrix.diagonal()
    if not (np.isfinite(matrix).all() and (diagonal > 0).all()):
        return None, -np.inf
    scale = 1 / np.sqrt(diagonal)
    factor, failed = scipy.linalg.lapack.dpotrf(matrix * scale[:, None] * scale, lower=1)
    if failed or factor.diagonal().min() ** 2 <= len(matrix) * np.finfo(np.float64).eps:
        return None, -np.inf
    log_det = 2 * float(np.log(factor.diagonal()).sum()) + float(np.log(diagonal).sum())
    inverse, _ = scipy.linalg.lapack.dpotri(factor, lower=1)
    lower = np.tril(inverse)
    whole = lower + np.tril(inverse, -1).T
    return whole * scale[:, None] * scale, log_det


def half_log_det_gradient(data: DataTerm, params: Array, inverse: Array) -> tuple[Any, ...]:
    """Question: the gradient of ``log det I / 2``, of shape ``(n_outputs, n_columns)``.

    With ``Q_ab = x' (I^-1)_ab x``, a row adds ``s p_k / 2 [Q_kk - 2 (Qp)_k - sum_a p_a Q_aa + 2
    p'Qp]`` to the score of class ``k``. ``inverse``, of shape ``(n_outputs * n_columns, n_outputs
    * n_columns)``, is that of the information with the same weights, and zero for parameters that
    are not determined.
    """
    prepared = data.rows.prepare(params)
    pull = _of_two_classes if data.loss.n_outputs == 1 else _of_more_classes

    def term(block: Block) -> tuple[Any, ...]:
        probabilities = data.loss.probabilities(data.logits(block, prepared))
        residuals = pull(probabilities, block.design(), inverse)
        return (block.pull_back(data.weighted(residuals, block)),)

    return data.rows.sum(term)


def _of_two_classes(probabilities: Array, design: Array, inverse: Array) -> Array:
    """Return ``p (1 - p) Q (1 / 2 - p)`` of each row, shape ``(1, n_rows)``."""
    no, yes = probabilities
    leverage = np.einsum("ij,ij->i", design @ inverse, design)
    return np.asarray(no * yes * leverage * (0.5 - yes))[None, :]


def _of_more_classes(probabilities: Array, design: Array, inverse: Array) -> Array:
    """Return what rows add to the scores, less their weights; shape ``(n_classes, n_rows)``."""
    n_classes, n_rows = probabilities.shape
    n_columns = design.shape[1]
    blocks = inverse.reshape(n_classes, n_columns, n_classes, n_columns)
    pull = np.empty((n_classes, n_rows))
    step = max(HESSIAN_CHUNK // len(inverse), 1)
    for first in range(0, n_rows, step):
        part = slice(first, first + step)
        X, p = design[part], probabilities[:, part]
        V = (p.T[:, :, None] * X[:, None, :]).reshape(len(X), -1)
        mixed = np.einsum("ikj,ij->ki", (V @ inverse).reshape(len(X), n_classes, -1), X)
        own = np.array([np.einsum("ij,ij->i", X @ blocks[k, :, k], X) for k in range(n_classes)])
        common = 2 * (p * mixed).sum(axis=0) - (p * own).sum(axis=0)
        pull[:, part] = p / 2 * (own - 2 * mixed + common)
    return pull

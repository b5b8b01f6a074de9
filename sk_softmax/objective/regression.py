"""The objective of softmax regression: one pass over the rows for value and gradient."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, eigsh

from sk_softmax.interfaces import (
    ActiveHessian,
    Array,
    Block,
    Curvature,
    Evaluation,
    Rows,
    Term,
)
from sk_softmax.objective.active_hessian import active_hessian
from sk_softmax.objective.approximate_hessian import approximate_hessian, shared_diagonal
from sk_softmax.objective.cross_entropy import cross_entropy_of
from sk_softmax.objective.curvature import FullHessian
from sk_softmax.objective.penalty import ElasticNet
from sk_softmax.objective.targets import Labels, Targets

# The Hessian's factors of a block, [p_1 X, ..., p_K X], are built for this many numbers at a time.
HESSIAN_CHUNK = 2**18


class RegressionObjective:
    """``F = sum_i s_i CE_i / sum_i s_i + penalty(coef) / (C sum_i s_i)``, in nats a row.

    By default the penalty is ``|coef|^2 / 2``. A part of it with a kink is kept in ``l1`` and is
    in no answer but that of :meth:`value`. This is the objective of ``LogisticRegression`` divided
    by ``C sum_i s_i``, so that its value can be compared between data sets of different size.

    Parameters
    ----------
    rows : Rows
        The data.
    targets : Targets, or ndarray of int of shape (n_rows,)
        Probabilities of the classes for each row, or its class ``0 .. n_classes - 1``.
    n_classes : int
        Two classes share one row of parameters, the log-odds of class 1.
    C : float
        Inverse strength of the penalty; ``inf`` means none.
    sample_weight : ndarray of float64, shape (n_rows,), or None
        ``s_i``, not negative, with a positive sum.
    penalty : ElasticNet, optional
        The form of the penalty.
    """

    def __init__(
        self,
        rows: Rows,
        targets: Targets | NDArray[np.intp],
        n_classes: int,
        C: float,
        sample_weight: NDArray[np.float64] | None = None,
        penalty: ElasticNet | None = None,
    ) -> None:
        self.rows = rows
        if isinstance(targets, np.ndarray):
            targets = Labels(targets, n_classes)
        self.targets: Targets = targets
        self.loss = cross_entropy_of(n_classes)
        self.total_weight = float(rows.n_rows if sample_weight is None else sample_weight.sum())
        self.form = ElasticNet() if penalty is None else penalty
        self._penalise(C)
        self.relative_weight = _relative(sample_weight, rows)
        self._passes = 0.0
        self._drafts: Sequence[RegressionObjective] = ()
        self._all_rows: RegressionObjective | None = None

    def _penalise(self, C: float) -> None:
        strength = 1 / C / self.total_weight
        if not np.isfinite(strength):
            raise ValueError(f"C={C!r} is too small: 1 / (C times the sum of weights) overflows.")
        self.penalty = self.form.smooth_part(strength, self.rows.n_features)
        self.l1 = self.form.l1_part(strength, self.rows.n_features, self.rows.n_columns)

    def with_penalty(self, C: float) -> RegressionObjective:
        """Return the same with another strength of the penalty, and without drafts."""
        other = copy.copy(self)
        other._passes, other._drafts = 0.0, ()
        other._penalise(C)
        return other

    def of_features(self, features: NDArray[np.intp]) -> RegressionObjective:
        """Return the same loss of these features alone, for a penalty yet to be set."""
        other = self.on(self.rows.columns(features))
        other.form = self.form.of_features(features)
        return other.with_penalty(np.inf)

    @property
    def passes(self) -> float:
        """How often the whole data have been read so far."""
        n_rows = self.rows.n_rows
        return self._passes + sum(d.passes * d.rows.n_rows / n_rows for d in self._drafts)

    def begin_with(self, drafts: Sequence[RegressionObjective]) -> None:
        """Let solvers ask these first."""
        self._drafts = drafts

    def damp_like(self, all_rows: RegressionObjective) -> None:
        """Take over the Gram matrix of more rows than those with weight here, measured once."""
        self._all_rows = all_rows

    def draft(self, number: int | None) -> RegressionObjective:
        """Return the draft of this number, itself for None."""
        return self if number is None else self._drafts[number]

    def on(self, rows: Rows, indices: Any = slice(None)) -> RegressionObjective:
        """Return the same objective on other rows, those of these indices or in another width."""
        other = copy.copy(self)
        for measured in ("gram", "mean_square"):
            vars(other).pop(measured, None)
        other.rows, other.targets = rows, self.targets.at(indices)
        other._passes, other._drafts = 0.0, ()
        if self.relative_weight is not None:
            other.relative_weight = self.relative_weight[indices].astype(rows.dtype)
        return other

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of params."""
        return self.loss.n_outputs, self.rows.n_columns

    @property
    def resolution(self) -> float:
        """The change in value that rounding can hide, relative to the larger of it and one nat.

        However small the losses are, each is the logarithm of a sum that is 1 or more.
        """
        return 4 * float(np.finfo(self.rows.dtype).eps)

    @property
    def separated_below(self) -> float:
        """A value below this proves that no finite optimum exists.

        Then no row's loss reaches log 2, so every row's own class has probability above 1/2: all
        rows are classified correctly, and without a penalty scaling the parameters up lowers the
        loss without end.
        """
        is_penalised = self.penalty.strongest > 0 or self.l1 is not None
        if is_penalised or not self.targets.are_labels:
            return -np.inf
        weight = self.relative_weight
        least = 1.0 if weight is None else float(weight[weight > 0].min())
        return float(np.log(2)) * least / self.rows.n_rows

    def value(self, params: Array) -> float:
        """Return ``F`` with all of the penalty."""
        return self.evaluate(params).value + self.kink_at(params)

    def penalty_at(self, params: Array) -> float:
        """Return all of the penalty in nats a row."""
        return self.penalty.value(params) + self.kink_at(params)

    def kink_at(self, params: Array) -> float:
        """Return the part of the penalty that no other answer holds."""
        return 0.0 if self.l1 is None else self.l1.value(params)

    def evaluate(self, params: Array) -> Evaluation:
        """Value and gradient over all rows."""
        prepared = self.rows.prepare(params)
        loss, gradient = self.sum(lambda block: self._loss_and_gradient(block, prepared))
        return self.evaluation(params, loss, gradient, self.rows.n_rows)

    def minibatch(self, params: Array, indices: NDArray[np.intp]) -> Evaluation:
        """Value and gradient estimated from rows drawn uniformly, without bias."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
            self._passes += len(indices) / self.rows.n_rows
            prepared = self.rows.prepare(params)
            loss, gradient = self._loss_and_gradient(self.rows.take(indices), prepared)
            return self.evaluation(params, loss, gradient.astype(np.float64), len(indices))

    def curvature(
        self, params: Array, damping: float = 0.0, *, as_diagonal: bool = False
    ) -> Curvature:
        """Return an approximate Hessian without the curvature between classes."""
        if as_diagonal:
            return shared_diagonal(self, params, damping)
        return approximate_hessian(self, params, damping)

    @cached_property
    def gram(self) -> Array:
        """``X' diag(s) X / sum(s)``, shape ``(n_columns, n_columns)``; kept once measured.

        The narrowed rows' will do: it only damps matrices that are measured anew.
        """
        if self._all_rows is not None:
            return self._all_rows.gram
        if self._drafts and self._drafts[-1].rows.n_rows == self.rows.n_rows:
            return self._drafts[-1].gram

        (gram,) = self.sum(lambda block: (block.gram(self._share_of_rows(block)),))
        return np.asarray(gram)

    @cached_property
    def mean_square(self) -> Array:
        """Diagonal of :attr:`gram`, shape ``(n_columns,)``."""
        if self._all_rows is not None:
            return self._all_rows.mean_square
        (diagonal,) = self.sum(lambda block: (block.gram_diagonal(self._share_of_rows(block)),))
        return np.asarray(diagonal)

    def _share_of_rows(self, block: Block) -> Array:
        """Weights ``s_i / sum(s)``; dividing them and not the sum, squares overflow later."""
        return self.weighted(np.full(block.n_rows, 1 / self.rows.n_rows, self.rows.dtype), block)

    def hessian(self, params: Array) -> Curvature:
        """Return the exact Hessian, ``n_outputs * n_columns`` on a side."""
        prepared = self.rows.prepare(params)
        n_outputs, n_columns = self.shape
        (matrix,) = self.sum(lambda block: (self._block_hessian(block, prepared),))
        matrix /= self.rows.n_rows
        diagonal = np.einsum("ii->i", matrix)  # a view, in either memory order
        diagonal += np.concatenate([self.penalty.diagonal(n_columns)] * n_outputs)
        return FullHessian(matrix, n_outputs)

    def active_hessian(
        self, params: Array, active: NDArray[np.bool_], damping: float = 0.0
    ) -> ActiveHessian:
        """Return the Hessian among some of the parameters."""
        return active_hessian(self, params, active, damping)

    def largest_curvature(self) -> float:
        """Bound of the Hessian's largest eigenvalue: Boehning's, from the Gram matrix's largest.

        Lanczos iterations find that one to a thousandth, from below; a hundredth is added.
        """
        n_columns = self.rows.n_columns

        def multiply(vector: Array) -> Array:
            prepared = self.rows.prepare(vector.reshape(1, -1))

            def term(block: Block) -> tuple[Array]:
                return (block.pull_back(self.weighted(block.logits(prepared), block)),)

            (product,) = self.sum(term)
            return np.asarray(product[0] / self.rows.n_rows)

        start = np.random.default_rng(0).standard_normal(n_columns)
        image = multiply(start)
        if not np.isfinite(image).all():
            return np.inf
        if n_columns == 1 or not image.any():
            largest = float(image[0] / start[0])
        else:
            gram = LinearOperator((n_columns, n_columns), matvec=multiply, dtype=np.float64)
            largest = float(
                eigsh(gram, k=1, v0=start, tol=1e-3, which="LA", return_eigenvectors=False)[0]
            )
        return 1.01 * self.loss.largest_curvature * largest + self.penalty.strongest

    def sum(self, term: Term, rows_per_block: int = 0) -> tuple[Any, ...]:
        """Sum a term over all rows, which is one pass."""
        self.count(1)
        return self.rows.sum(term, rows_per_block)

    def count(self, passes: float) -> None:
        """Say that so much of the data has been read."""
        self._passes += passes

    def weighted(self, values: Array, block: Block) -> Array:
        """Multiply values, whose last axis is the block's rows, by the rows' weights."""
        if self.relative_weight is None:
            return values
        return values * self.relative_weight[block.rows]

    def _loss_and_gradient(self, block: Block, prepared: Any) -> tuple[float, Array]:
        losses, residuals = self.loss.loss_and_residuals(
            block.logits(prepared), self.targets.at(block.rows)
        )
        if self.relative_weight is not None:
            losses = self.weighted(losses, block)
            residuals = self.weighted(residuals, block)
        return losses.sum(dtype=np.float64), block.pull_back(residuals)

    def evaluation(self, params: Array, loss: float, gradient: Array, n_rows: int) -> Evaluation:
        """Return the evaluation that sums over so many rows add up to; takes the gradient over."""
        gradient = np.ascontiguousarray(gradient)
        with np.errstate(over="ignore", invalid="ignore"):
            gradient /= n_rows
            self.penalty.add_gradient(params, gradient)
            return Evaluation(float(loss) / n_rows + self.penalty.value(params), gradient)

    def _block_hessian(self, block: Block, prepared: Any) -> Array:
        """Sum of ``(diag(p_i) - p_i p_i') (x) x_i x_i'``, as two matrix products.

        With ``V = [p_1 X, ..., p_K X]`` the second part is ``V'V``, and the diagonal blocks of the
        first stand side by side in ``X'V``.
        """
        n_outputs, n_columns = self.shape
        logits = block.logits(prepared)
        if n_outputs == 1:
            return block.gram(self.weighted(self.loss.curvatures(logits)[0], block))
        probabilities = self.loss.probabilities(logits)
        design = block.design()
        if self.relative_weight is not None:
            design = design * np.sqrt(self.relative_weight[block.rows])[:, None]
        total = np.zeros((n_outputs * n_columns,) * 2)
        diagonal_blocks = np.zeros((n_columns, n_outputs, n_columns))
        chunk = max(HESSIAN_CHUNK // (n_outputs * n_columns), 1)
        for first in range(0, block.n_rows, chunk):
            part = slice(first, first + chunk)
            X = design[part]
            V = (probabilities.T[part, :, None] * X[:, None, :]).reshape(len(X), -1)
            diagonal_blocks += (X.T @ V).reshape(diagonal_blocks.shape)
            total -= V.T @ V
        blocks = total.reshape(n_outputs, n_columns, n_outputs, n_columns)
        every = np.arange(n_outputs)
        blocks[every, :, every, :] += diagonal_blocks.transpose(1, 0, 2)
        return total


def _relative(sample_weight: NDArray[np.float64] | None, rows: Rows) -> Array | None:
    """Weights divided by their mean, so that neither huge nor tiny ones overflow; None if equal.

    Equal weights change the strength of the penalty and nothing else.
    """
    if sample_weight is None or np.ptp(sample_weight) == 0:
        return None
    relative = sample_weight / sample_weight.mean()
    return np.asarray(relative, dtype=rows.dtype)

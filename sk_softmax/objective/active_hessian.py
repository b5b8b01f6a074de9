"""The Hessian among the active parameters of a sparse solution, as a matrix or without one."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sk_softmax.interfaces import ActiveHessian, Array, Block
from sk_softmax.objective.data_term import DataQuestion, DataTerm
from sk_softmax.objective.pair_hessian import hessian_of_pairs
from sk_softmax.objective.stacked_terms import stacked_logits

Mask = NDArray[np.bool_]

# Active parameters up to which the matrix is formed, which pays off because a solver applies it
# hundreds of times. With more the matrix would take more than 288 MB, and several times as much
# while it is summed.
MOST_ACTIVE = 6000

# Parameters up to which a Hessian among all of them is summed over pairs of classes. Milliseconds
# of one, so and class by class: 10,000 x 10 with 3 classes (33 parameters) 0.9 and 8.5, 20,000 x
# 16 with 6 classes (102) 9.7 and 30, cover types (385) 84 and 145, digits (650) 21 and 27. More
# would take four times the memory of the matrix with two classes.
MOST_IN_PAIRS = 1000

# A share of a block's curvature. Rows whose class is nearly certain have hardly any curvature. The
# rows of least curvature that together have less than this share are left out of the block's
# matrix products and enter the diagonal alone.
NEGLIGIBLE = 1e-3


def active_hessian(
    data: DataTerm,
    params: Array,
    l2: Array,
    active: Mask,
    damping: float,
    *,
    exact: bool = False,
) -> ActiveHessian:
    """Return the Hessian among the parameters that the mask picks.

    Parameters
    ----------
    data : DataTerm
        The loss whose curvature it is.
    params : ndarray of shape (n_outputs, n_columns)
        Where it is measured.
    l2 : ndarray of shape (n_columns,)
        The diagonal of the penalty's Hessian for one class: ``Penalty.l2``.
    active : ndarray of bool, shape (n_outputs, n_columns)
        Which parameters it is about.
    damping : float
        What part of the rows' mean curvature to add to the curvature of each row, in the diagonal
        alone.
    exact : bool, default=False
        Leave no row out of a matrix.
    """
    columns = np.flatnonzero(active.any(axis=0))
    if active.sum() <= MOST_ACTIVE:
        if exact and active.size <= MOST_IN_PAIRS and active.all():
            question = partial(hessian_of_pairs, params=params)
        else:
            question = partial(
                hessian_among, params=params, active=active, columns=columns, exact=exact
            )
        return FormedHessian(_matrix(data, question, l2, active, columns, damping))
    return AppliedHessian(data, params, l2, active, columns, damping)


class FormedHessian:
    """The Hessian among the active parameters as a matrix, shape ``(n_active, n_active)``."""

    def __init__(self, matrix: Array) -> None:
        self._matrix = matrix
        self.diagonal = matrix.diagonal()

    def multiply(self, direction: Array) -> Array:
        """Return ``H direction``, both of shape ``(n_active,)``."""
        return np.asarray(self._matrix @ direction)

    def matrix(self) -> Array:
        """Return ``H``."""
        return self._matrix


class AppliedHessian:
    """The Hessian without a matrix: each product is one pass over the rows.

    The pass reads only columns with an active parameter, and the intercept.
    """

    def __init__(
        self,
        data: DataTerm,
        params: Array,
        l2: Array,
        active: Mask,
        columns: NDArray[np.intp],
        damping: float,
    ) -> None:
        n_features = data.n_features
        has_intercept = data.shape[1] > n_features
        features = columns[columns < n_features]
        self._data = data
        self._columns = np.append(features, n_features) if has_intercept else features
        self._some = data.of_features(features)
        self._params = params[:, self._columns]
        self._active = active[:, self._columns]
        curvatures, diagonal = self._diagonal()
        extra = l2[self._columns]
        if damping:
            extra = extra + damping * curvatures[:, None] * data.mean_square[self._columns]
        self._extra = np.broadcast_to(extra, diagonal.shape)
        self.diagonal = (diagonal + self._extra)[self._active]

    def multiply(self, direction: Array) -> Array:
        """Return ``H direction``, both of shape ``(n_active,)``."""
        full = np.zeros_like(self._params)
        full[self._active] = direction
        (product,) = self._ask(partial(hessian_times, params=self._params, direction=full))
        product = product / self._data.n_rows + self._extra * full
        return np.asarray(product[self._active])

    def matrix(self) -> None:
        """Return None, because the matrix is not formed."""
        return

    def _diagonal(self) -> tuple[Array, Array]:
        """Return the mean curvature of each class, and the diagonal of the loss's Hessian.

        Shapes ``(n_outputs,)`` and ``(n_outputs, n_columns active)``.
        """
        curvature, diagonal = self._ask(partial(diagonal_of_hessian, params=self._params))
        return curvature / self._data.n_rows, diagonal / self._data.n_rows

    def _ask(self, question: DataQuestion) -> tuple[Any, ...]:
        """Ask about the active columns, and count the share of the data that they are."""
        self._data.count(len(self._columns) / self._data.shape[1])
        return self._some.ask(question)


def hessian_times(data: DataTerm, params: Array, direction: Array) -> tuple[Any, ...]:
    """Question: the sum of the rows' weighted Hessians, times a direction.

    ``params``, ``direction`` and the answer have shape ``(n_outputs, n_columns)``.
    """
    prepared = data.rows.prepare(np.concatenate([params, direction]))

    def term(block: Block) -> tuple[Array]:
        product, (here,) = stacked_logits([data], block, prepared)
        change = product[len(here) :]
        if len(here) == 1:
            change *= data.loss.curvatures(here)
        else:
            probabilities = data.loss.probabilities(here)
            change -= np.einsum("ki,ki->i", probabilities, change)
            change *= probabilities
        return (block.pull_back(data.weighted(change, block)),)

    return data.rows.sum(term)


def diagonal_of_hessian(data: DataTerm, params: Array) -> tuple[Any, ...]:
    """Question: the sums of the rows' curvatures, and the diagonal of their Hessian.

    Shapes ``(n_outputs,)``, a sum for each class, and ``(n_outputs, n_columns)``.
    """
    prepared = data.rows.prepare(params)

    def term(block: Block) -> tuple[Array, Array]:
        weights = data.weighted(data.loss.curvatures(data.logits(block, prepared)), block)
        diagonal = np.stack([block.gram_diagonal(row) for row in weights])
        return weights.sum(axis=1), diagonal

    return data.rows.sum(term)


def _matrix(
    data: DataTerm,
    question: DataQuestion,
    l2: Array,
    active: Mask,
    columns: NDArray[np.intp],
    damping: float,
) -> Array:
    """Return the Hessian of the mean loss and the penalty among the active parameters.

    Shape ``(n_active, n_active)``. ``question`` is :func:`hessian_among` of them, ``active`` has
    shape ``(n_outputs, n_columns)``, ``l2`` has ``(n_columns,)``, and ``columns`` holds the
    numbers of those columns with an active parameter.
    """
    matrix, rest, curvature = data.ask(question)
    diagonal = np.einsum("ii->i", matrix)  # a view
    if damping:
        rest = rest + damping * curvature[:, None] * data.mean_square[columns]
    diagonal += rest[active[:, columns]]
    matrix /= data.n_rows
    diagonal += np.broadcast_to(l2, active.shape)[active]
    return np.asarray(matrix)


def hessian_among(
    data: DataTerm,
    params: Array,
    active: Mask,
    columns: NDArray[np.intp],
    exact: bool = False,
) -> tuple[Any, ...]:
    """Question: ``sum_i s_i (diag(p_i) - p_i p_i') (x) x_i x_i'`` among active parameters.

    Three sums: this one over the rows that are kept, shape ``(n_active, n_active)``; its diagonal
    over the rows with negligible curvature, shape ``(n_outputs, n_columns active)``; and the
    curvatures of all rows, shape ``(n_outputs,)``.
    """
    prepared = data.rows.prepare(params)
    negligible = 0.0 if exact else NEGLIGIBLE
    of_class = [np.flatnonzero(row) for row in active[:, columns]]

    def term(block: Block) -> tuple[Array, Array, Array]:
        # For two classes the single row of parameters belongs to the second class.
        p = data.loss.probabilities(data.logits(block, prepared))[-len(active) :]
        s = data.weighted(np.ones(block.n_rows, dtype=p.dtype), block)
        curvatures = s * p * (1 - p)
        kept, left_out = _by_curvature(curvatures.sum(axis=0), negligible)
        X = block.part(kept, columns)
        among = _among_classes(X, p[:, kept], s[kept], of_class)
        rest = curvatures[:, left_out] @ _squared(block.part(left_out, columns))
        return among, np.asarray(rest), curvatures.sum(axis=1)

    return data.rows.sum(term, rows_per_block=int(active.sum()))


def _by_curvature(
    curvature: Array, negligible: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows to keep, and those with a negligible share of the block's curvature.

    ``curvature`` has shape ``(n_rows,)``; both results are numbers of rows in ascending order.
    """
    order = np.argsort(curvature, kind="stable")
    n_out = int(np.searchsorted(np.cumsum(curvature[order]), negligible * curvature.sum()))
    return np.sort(order[n_out:]), np.sort(order[:n_out])


def _among_classes(X: Any, p: Array, s: Array, of_class: list[NDArray[np.intp]]) -> Array:
    """Return ``sum_i s_i (diag(p_i) - p_i p_i') (x) x_i x_i'``, shape ``(n_active, n_active)``.

    Let ``V = [p_1 X_1, ..., p_K X_K]``, where ``X_k`` are the active columns of class ``k``. The
    blocks of two different classes are those of ``-V'V``. The block of class ``k`` with itself is
    computed as ``X_k' diag(p_k (1 - p_k)) X_k``: as a sum of both terms it would lose digits to
    cancellation.

    Parameters
    ----------
    X : array or sparse matrix of shape (n_rows, n_columns active)
        The rows that are kept.
    p : ndarray of shape (n_outputs, n_rows)
        Probabilities.
    s : ndarray of shape (n_rows,)
        Weights.
    of_class : list of ndarrays of int
        The active columns of each class, as positions in ``X``.
    """
    parts, of_itself = [], []
    for own, p_k in zip(of_class, p, strict=True):
        some = X[:, own]
        of_itself.append(_gram(_times(some, np.sqrt(s * p_k * (1 - p_k)))))
        if len(p) > 1:
            parts.append(_times(some, np.sqrt(s) * p_k))
    if len(p) == 1:
        return of_itself[0]
    matrix = _gram(_side_by_side(parts))
    np.negative(matrix, out=matrix)
    first = 0
    for block in of_itself:
        place = slice(first, first + len(block))
        matrix[place, place] = block
        first += len(block)
    return matrix


def _times(X: Any, weights: Array) -> Any:
    """Return ``diag(weights) X`` for ``X`` of shape ``(n_rows, n)``, sparse if ``X`` is."""
    return X.multiply(weights[:, None]).tocsr() if sp.issparse(X) else X * weights[:, None]


def _side_by_side(parts: list[Any]) -> Any:
    """Return matrices of ``n_rows`` rows each as one, sparse if they are."""
    return sp.hstack(parts, format="csr") if sp.issparse(parts[0]) else np.hstack(parts)


def _gram(V: Any) -> Array:
    """Return ``V' V``, dense, shape ``(n, n)`` for ``V`` of shape ``(n_rows, n)``."""
    gram = V.T @ V
    return np.asarray(gram.toarray() if sp.issparse(gram) else gram)


def _squared(X: Any) -> Any:
    """Return the square of each entry, sparse if ``X`` is."""
    return X.multiply(X) if sp.issparse(X) else X * X

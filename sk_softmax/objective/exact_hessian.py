"""The exact Hessian, and a bound of its eigenvalues."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh

from sk_softmax.interfaces import Array, Block
from sk_softmax.objective.curvature import FullHessian
from sk_softmax.objective.data_term import DataTerm

# The Hessian's factors of a block, [p_1 X, ..., p_K X], are built for this many numbers at a time.
HESSIAN_CHUNK = 2**18


def exact_hessian(data: DataTerm, params: Array, penalty: Array) -> FullHessian:
    """Return the Hessian of the mean loss plus a penalty.

    Parameters
    ----------
    data : DataTerm
        The loss.
    params : ndarray of shape (n_outputs, n_columns)
        Where.
    penalty : ndarray of shape (n_columns,)
        The penalty's Hessian for one class, a diagonal.
    """
    n_outputs, _ = data.shape
    (matrix,) = data.ask(partial(hessian_of_rows, params=params))
    matrix /= data.n_rows
    diagonal = np.einsum("ii->i", matrix)  # a view, in either memory order
    diagonal += np.concatenate([penalty] * n_outputs)
    return FullHessian(matrix, n_outputs)


def hessian_of_rows(data: DataTerm, params: Array) -> tuple[Any, ...]:
    """Answer the sum of the rows' weighted Hessians, ``n_outputs * n_columns`` on a side."""
    prepared = data.rows.prepare(params)
    return data.rows.sum(lambda block: (_block_hessian(data, block, prepared),))


def _block_hessian(data: DataTerm, block: Block, prepared: Any) -> Array:
    """Sum of ``(diag(p_i) - p_i p_i') (x) x_i x_i'``, as two matrix products.

    With ``V = [p_1 X, ..., p_K X]`` the second part is ``V'V``, and the diagonal blocks of the
    first stand side by side in ``X'V``.
    """
    n_outputs, n_columns = data.shape
    logits = data.logits(block, prepared)
    if n_outputs == 1:
        return block.gram(data.weighted(data.loss.curvatures(logits)[0], block))
    probabilities = data.loss.probabilities(logits)
    design = block.design()
    if data.relative_weight is not None:
        design = design * np.sqrt(data.relative_weight[block.rows])[:, None]
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


def largest_curvature(data: DataTerm) -> float:
    """Bound of the largest eigenvalue that the Hessian of the mean loss has anywhere.

    It is Boehning's, from the largest eigenvalue of the Gram matrix. Lanczos iterations find that
    one to a thousandth, from below; a hundredth is added.
    """
    _, n_columns = data.shape

    def multiply(vector: Array) -> Array:
        (product,) = data.ask(partial(gram_times, vector=vector))
        return np.asarray(product[0] / data.n_rows)

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
    return 1.01 * data.loss.largest_curvature * largest


def gram_times(data: DataTerm, vector: Array) -> tuple[Any, ...]:
    """Answer ``X' diag(s) X vector``, shape ``(1, n_columns)``."""
    prepared = data.rows.prepare(vector.reshape(1, -1))
    # Not logits: a direction has no offset.
    return data.rows.sum(
        lambda block: (block.pull_back(data.weighted(block.logits(prepared), block)),)
    )

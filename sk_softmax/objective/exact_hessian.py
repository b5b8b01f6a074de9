"""The exact Hessian, and a bound on its eigenvalues."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh

from sk_softmax.interfaces import Array, Block
from sk_softmax.objective.curvature import FullHessian
from sk_softmax.objective.data_term import DataTerm

# Numbers in a piece of a block's matrix [p_1 X, ..., p_K X]: 2 MiB in float64.
HESSIAN_CHUNK = 2**18


def exact_hessian(data: DataTerm, params: Array, l2: Array) -> FullHessian:
    """Return the Hessian of the mean loss plus a penalty.

    Parameters
    ----------
    data : DataTerm
        The loss whose Hessian it is.
    params : ndarray of shape (n_outputs, n_columns)
        Where it is computed.
    l2 : ndarray of shape (n_columns,)
        The diagonal of the penalty's Hessian for one class: ``Penalty.l2``.
    """
    n_outputs, _ = data.shape
    (matrix,) = data.ask(partial(hessian_of_rows, params=params))
    matrix /= data.n_rows
    diagonal = np.einsum("ii->i", matrix)  # a view, in C and in F order
    diagonal += np.concatenate([l2] * n_outputs)
    return FullHessian(matrix, n_outputs)


def hessian_of_rows(data: DataTerm, params: Array) -> tuple[Any, ...]:
    """Question: the sum of the rows' weighted Hessians.

    Shape ``(n_outputs * n_columns, n_outputs * n_columns)``, from params of shape ``(n_outputs,
    n_columns)``.
    """
    prepared = data.rows.prepare(params)
    return data.rows.sum(lambda block: (_block_hessian(data, block, prepared),))


def _block_hessian(data: DataTerm, block: Block, prepared: Any) -> Array:
    """Return ``sum_i s_i (diag(p_i) - p_i p_i') (x) x_i x_i'`` over the rows of a block.

    Shape ``(n_outputs * n_columns, n_outputs * n_columns)``, from two matrix products. With ``V =
    [p_1 X, ..., p_K X]``, of shape ``(n_rows, n_outputs * n_columns)``, the second part of the sum
    is ``V'V``. The first part has a block for each class, and these stand side by side in ``X'V``.
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
    """Return a bound on the largest eigenvalue that the Hessian of the mean loss has anywhere.

    The bound is Boehning's, from the largest eigenvalue of the Gram matrix. Lanczos iterations
    find that eigenvalue from below, to a thousandth; a hundredth is added.
    """
    _, n_columns = data.shape

    def multiply(vector: Array) -> Array:
        """Return the mean Gram matrix times a vector, both of shape ``(n_columns,)``."""
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
    """Question: ``X' diag(s) X vector``, shape ``(1, n_columns)``."""
    prepared = data.rows.prepare(vector.reshape(1, -1))
    # The block's product and not the term's logits: what a term may add to the logits of params
    # has no place in the product with a direction.
    return data.rows.sum(
        lambda block: (block.pull_back(data.weighted(block.logits(prepared), block)),)
    )

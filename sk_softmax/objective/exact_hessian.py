"""The exact Hessian, and a bound on its eigenvalues."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh

from sk_softmax.interfaces import Array, Block
from sk_softmax.objective.curvature import FullHessian
from sk_softmax.objective.data_term import DataTerm

# Numbers in a piece of a block's matrix [p_1 X, ..., p_K X]: 512 KiB in float64, which stay in
# cache between two products. Milliseconds with 2^18, 2^16 and 2^14: 5,000 x 55, 3 classes 11, 5.5
# and 6.0; 3,000 x 55, 7 classes 21, 20 and 30; 20,000 x 11, 20 classes 54, 54 and 69.
HESSIAN_CHUNK = 2**16


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
    diagonal = np.einsum("ii->i", matrix).reshape(n_outputs, -1)  # a view, in C and in F order
    diagonal += l2
    return FullHessian(matrix, n_outputs)


def hessian_of_rows(data: DataTerm, params: Array) -> tuple[Any, ...]:
    """Question: the sum of the rows' weighted Hessians.

    Shape ``(n_outputs * n_columns, n_outputs * n_columns)``, from params of shape ``(n_outputs,
    n_columns)``. With more than two classes it is made of the sum ``G`` of the rows' ``pp' (x)
    xx'``. The blocks of two different classes are those of ``-G``, and each row of blocks adds up
    to zero, because the probabilities add up to 1: ``sum_l p_k p_l = p_k``. So no second product
    is needed for ``X' diag(p_k) X``, and nothing cancels where one class is nearly certain.
    """
    n_outputs, n_columns = data.shape
    spread = data.spread_at(params)
    (matrix,) = data.rows.sum(lambda block: (_block_products(data, block, spread(block)),))
    if n_outputs > 1:
        blocks = matrix.reshape(n_outputs, n_columns, n_outputs, n_columns)
        of_one_class = np.einsum("kikj->kij", blocks)  # a view
        of_one_class[:] = 0.0
        total = blocks.sum(axis=2)
        np.negative(matrix, out=matrix)
        of_one_class[:] = total
    return (matrix,)


def _block_products(data: DataTerm, block: Block, spread: Array) -> Array:
    """Return ``sum_i s_i (p_i p_i') (x) x_i x_i'`` over the rows of a block.

    Shape ``(n_outputs * n_columns, n_outputs * n_columns)``, from one product with ``V = [p_1 X,
    ..., p_K X]'``, of shape ``(n_outputs * n_columns, n_rows)``. ``spread`` has shape
    ``(n_outputs, n_rows)``. For two classes the result is the Hessian of the block.
    """
    if len(spread) == 1:
        return block.gram(data.weighted(spread[0], block))
    n_outputs, n_columns = data.shape
    if data.relative_weight is not None:
        spread = spread * np.sqrt(data.relative_weight[block.rows])
    design = block.design()
    total = np.zeros((n_outputs * n_columns,) * 2)
    chunk = max(HESSIAN_CHUNK // (n_outputs * n_columns), 1)
    for first in range(0, block.n_rows, chunk):
        part = slice(first, first + chunk)
        X = np.ascontiguousarray(design[part].T)
        V = (spread[:, None, part] * X).reshape(n_outputs * n_columns, -1)
        # np.matmul keeps Python's lock where the result has less than 500 numbers.
        total += np.dot(V, V.T)
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

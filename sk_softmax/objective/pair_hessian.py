"""The Hessian among all parameters of a model with few, from its pairs of classes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np

from sk_softmax.interfaces import Array, Block
from sk_softmax.objective.data_term import DataTerm

# Rows whose products are formed at a time, so that these stay in cache: of 10,000 x 10 with 3
# classes 0.60 ms with 1,024 rows and 0.76 ms with 256; all rows at once took 5.2 ms.
ROWS_AT_A_TIME = 1024

# Classes up to which each pair is weighted on its own: of 10,000 x 10 with 3 classes 0.60 ms, and
# 1.00 ms as one product of all classes; of 20,000 x 16 with 6 classes 10.0 and 9.0 ms.
FEW_CLASSES = 3


def hessian_of_pairs(data: DataTerm, params: Array) -> tuple[Any, ...]:
    """Question: ``sum_i s_i (diag(p_i) - p_i p_i') (x) x_i x_i'`` among all parameters.

    The answer is like that of ``hessian_among``, without rows of negligible curvature: shapes
    ``(n_outputs * n_columns, n_outputs * n_columns)``, ``(n_outputs, n_columns)`` and
    ``(n_outputs,)``. ``params`` has shape ``(n_outputs, n_columns)``.
    """
    if len(params) == 1 and data.rows.dtype == np.float64:
        return _of_two_classes(data, params)
    nothing, prepared = np.zeros(params.shape), data.rows.prepare(params)

    def term(block: Block) -> tuple[Array, Array, Array]:
        p = data.loss.probabilities(data.logits(block, prepared))
        curvatures = data.weighted(p * (1 - p), block).sum(axis=1)
        # In float32 rounding gave flat directions a negative curvature.
        p = p.astype(np.float64, copy=False)
        if data.relative_weight is not None:
            p *= np.sqrt(data.relative_weight[block.rows])
        products = (_of_pairs if len(p) <= FEW_CLASSES else _of_all)(block, p, params.shape[1])
        return _hessian(products, len(params)), nothing, curvatures[-len(params) :]

    return data.rows.sum(term)


def _of_two_classes(data: DataTerm, params: Array) -> tuple[Any, ...]:
    """Return the answer for two classes, whose Hessian is a single Gram matrix.

    ``params`` has shape ``(1, n_columns)``. Of 3,000 x 40 it takes 0.39 ms, and 0.61 ms as the
    product of a pair; of 1,000 x 10 0.040 and 0.064.
    """
    spread = data.spread_at(params)

    def term(block: Block) -> tuple[Array, Array, Array]:
        weights = data.weighted(spread(block), block)
        return block.gram(weights[0]), np.zeros(params.shape), weights.sum(axis=1)

    return data.rows.sum(term)


def _of_pairs(block: Block, p: Array, n_columns: int) -> Array:
    """Return ``sum_i p_ki p_li x_i x_i'`` for each pair of classes ``k < l``, each on its own.

    Parameters
    ----------
    block : Block
        The rows.
    p : ndarray of shape (n_classes, n_rows)
        Probabilities, times the root of each row's weight.
    n_columns : int
        How many columns the rows have.

    Returns
    -------
    products : ndarray of shape (n_classes, n_columns, n_classes, n_columns)
        Only the entries of pairs ``k < l`` have a meaning.
    """
    pairs = list(combinations(range(len(p)), 2))
    of_pairs = np.zeros((len(pairs), n_columns, n_columns))
    for x, q in _some_at_a_time(block, p):
        weights = np.array([q[k] * q[m] for k, m in pairs])
        weighted = (weights[:, None, :] * x).reshape(len(pairs) * n_columns, -1)
        of_pairs += (weighted @ x.T).reshape(of_pairs.shape)
    products = np.empty((len(p), n_columns) * 2)
    for product, (k, m) in zip(of_pairs, pairs, strict=True):
        products[k, :, m] = product
    return products


def _of_all(block: Block, p: Array, n_columns: int) -> Array:
    """Return what :func:`_of_pairs` does, from one product of all classes."""
    products = np.zeros((len(p) * n_columns,) * 2)
    for x, q in _some_at_a_time(block, p):
        weighted = (q[:, None, :] * x).reshape(len(products), -1)
        products += weighted @ weighted.T
    return products.reshape((len(p), n_columns) * 2)


def _some_at_a_time(block: Block, p: Array) -> Iterator[tuple[Array, Array]]:
    """Yield some of the rows, ``(n_columns, n_some)``, and of ``p``, ``(n_classes, n_some)``."""
    for start in range(0, block.n_rows, ROWS_AT_A_TIME):
        some = slice(start, start + ROWS_AT_A_TIME)
        yield block.transposed(some).astype(np.float64, copy=False), p[:, some]


def _hessian(products: Array, n_outputs: int) -> Array:
    """Return the Hessian, ``(n_outputs * n_columns,) * 2``, from :func:`_of_pairs`.

    The blocks of two different classes are minus the products. The block of class ``k`` with
    itself is the sum of its products, because ``p_k (1 - p_k) = sum_l p_k p_l`` over the other
    classes: as a difference ``p_k - p_k^2`` it would lose digits to cancellation.
    """
    n_classes, n_columns = products.shape[:2]
    blocks = np.zeros_like(products)
    for k, m in combinations(range(n_classes), 2):
        product = products[k, :, m]
        blocks[k, :, m], blocks[m, :, k] = -product, -product.T
        blocks[k, :, k] += product
        blocks[m, :, m] += product
    some = blocks[-n_outputs:, :, -n_outputs:]
    return np.ascontiguousarray(some).reshape(n_outputs * n_columns, -1)

"""Value and gradient of the loss: both from one pass over the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array, Block
from sk_softmax.objective.data_term import DataTerm


def loss_and_gradient(data: DataTerm, params: Array) -> tuple[Any, ...]:
    """Question: the sums of the rows' weighted losses and of their gradients.

    A number, and the shape of params. The spread of few rows is kept for a Hessian there.
    """
    prepared = data.rows.prepare(params)
    sums, spreads = data.rows.collect(
        lambda block: _loss_and_gradient_of_block(data, block, prepared, data.keeps_spread)
    )
    if data.keeps_spread:
        data.keep_spread(params, spreads)
    return sums


def loss_and_gradient_of_some(
    data: DataTerm, params: Array, indices: NDArray[np.intp]
) -> tuple[Any, ...]:
    """Question: the same sums over the rows of these numbers, of all rows, in any order."""
    block, prepared = data.rows.take(data.among(indices)), data.rows.prepare(params)
    sums, _ = _loss_and_gradient_of_block(data, block, prepared)
    return sums


def _loss_and_gradient_of_block(
    data: DataTerm, block: Block, prepared: Any, with_spread: bool = False
) -> tuple[tuple[float, Array], Array | None]:
    """Return the sums of the weighted losses of a block's rows and of their gradients.

    A number, and shape ``(n_outputs, n_columns)`` in the width of the rows; and beside these sums
    the spread of the rows, ``(n_outputs, n_rows)``, if it is asked for.
    """
    losses, residuals, spread = data.loss.loss_and_residuals(
        data.logits(block, prepared), data.targets.at(block.rows), with_spread=with_spread
    )
    losses, residuals = data.weighted(losses, block), data.weighted(residuals, block)
    return (losses.sum(dtype=np.float64), block.pull_back(residuals)), spread

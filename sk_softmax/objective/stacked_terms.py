"""Several data terms on the same rows, whose params are stacked: one product gives all logits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sk_softmax.interfaces import Array, Block
from sk_softmax.objective.data_term import DataTerm, Matrices


def stacked_logits(
    terms: Sequence[DataTerm], block: Block, prepared: Any
) -> tuple[Array, list[Array]]:
    """Return the logits of several terms on the same rows, from one product.

    Parameters
    ----------
    terms : sequence of DataTerm
        The terms; each has its own form of the loss.
    block : Block
        Some of their rows.
    prepared : object
        The params of all terms, one below the other, from ``Rows.prepare``. Further rows of params
        may follow below.

    Returns
    -------
    product : ndarray of shape (n_stacked, n_rows)
        The rows times all params, class-major, with the offsets of the terms.
    logits : list of ndarrays of shape (n_outputs, n_rows)
        The logits of each term, as views of the product.
    """
    product = block.logits(prepared)
    logits, first = [], 0
    for term in terms:
        end = first + term.loss.n_outputs
        logits.append(term.with_offset(product[first:end], block))
        first = end
    return product, logits


class MeanTerm(DataTerm):
    """The mean of several data terms on the same rows, whose curvature is measured.

    Params are those of all terms, one below the other; the shape is that of a single term.
    """

    def __init__(self, terms: Sequence[DataTerm]) -> None:
        first = terms[0]
        super().__init__(
            first.rows,
            first.targets,
            first.loss,
            first_row=first.first_row,
            n_rows=first.n_rows,
        )
        self._terms = terms
        self.damp_like(first)

    def curvatures_at(self, params: Array, matrices: Matrices) -> Callable[[Block], Array]:
        """Return a function from a block to the mean of its rows' weights over the terms."""
        prepared = self.rows.prepare(params)

        def mean(block: Block) -> Array:
            _, logits = stacked_logits(self._terms, block, prepared)
            weights = [
                term.weighted(matrices(term.loss.curvatures(of_term)), block)
                for term, of_term in zip(self._terms, logits, strict=True)
            ]
            return np.asarray(sum(weights[1:], weights[0]) / len(weights))

        return mean

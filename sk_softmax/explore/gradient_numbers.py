"""One gradient step in numbers, as the lecture writes it: ``X'(A - Y) / n``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sk_softmax.explore.methods import has_l1
from sk_softmax.explore.rows_of_view import Codes, Numbers, Prepared
from sk_softmax.explore.view import View
from sk_softmax.functional import softmax, softmax_layer_gradient

ROWS_SHOWN = 3


@dataclass(frozen=True)
class GradientNumbers:
    """What the panel of the gradient shows; one column a class, a single one for two classes."""

    data: Numbers
    """``X'(A - Y) / n``, shape ``(n_features + 1, n_outputs)``, the intercept last."""

    penalty: Numbers
    """The gradient of the penalty, of the same shape."""

    shown: Codes
    """The numbers of a few rows, shape ``(n_shown,)``."""

    rows: Numbers
    """These rows of ``X``, shape ``(n_shown, n_features)``."""

    outputs: Numbers
    """These rows of ``A``, shape ``(n_shown, n_outputs)``."""

    targets: Numbers
    """These rows of ``Y``."""

    @property
    def total(self) -> Numbers:
        """The gradient of the objective."""
        return self.data + self.penalty


def gradient_numbers(view: View, rows: Prepared, params: Numbers) -> GradientNumbers:
    """Return the gradient at params of shape ``(n_outputs, n_features + 1)``.

    With L1 the penalty's part is that of its squares alone: absolute values have no gradient at
    zero.
    """
    binary = rows.n_outputs == 1
    whole = np.vstack([np.zeros_like(params), params]) if binary else params
    coef, intercept = softmax_layer_gradient(rows.X, rows.Y, whole[:, :-1], whole[:, -1])
    shown = _rows_of_all_classes(rows.labels)
    outputs = softmax(rows.X[shown] @ whole[:, :-1].T + whole[:, -1])
    first = 1 if binary else 0  # of two classes the lecture shows the second
    squares = 1 - view.l1_ratio if has_l1(view) else 1.0
    penalty = np.zeros_like(params)
    penalty[:, :-1] = squares * params[:, :-1] / (view.C * len(rows.X))
    return GradientNumbers(
        data=np.column_stack([coef, intercept])[first:].T,
        penalty=penalty.T,
        shown=shown,
        rows=rows.X[shown],
        outputs=outputs[:, first:],
        targets=rows.Y[shown, first:],
    )


def _rows_of_all_classes(labels: Codes) -> Codes:
    """Return the numbers of :data:`ROWS_SHOWN` rows: the first of each class, then others."""
    _, firsts = np.unique(labels, return_index=True)
    others = np.setdiff1d(np.arange(len(labels)), firsts)
    return np.sort(np.concatenate([firsts, others])[:ROWS_SHOWN])

"""What each question about the data is answered by where the rows lie on a device.

Every question that a fit asks is in this table. One that is not is an error that names it: rows
are never copied to the host to answer it there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_softmax.fitting import held_out, margins, multipliers, separating_columns
from sk_softmax.objective import (
    active_hessian,
    approximate_hessian,
    data_term,
    duality,
    evaluation,
    exact_hessian,
    intercepts,
    jeffreys,
    pair_hessian,
)
from sk_softmax.parts import (
    device_duality,
    device_evaluation,
    device_grams,
    device_hessians,
    device_jeffreys,
    device_margins,
)
from sk_softmax.parts.device_data import Answers, DeviceData


def kinds_of_rows(data: DeviceData) -> tuple[Any, ...]:
    """Answer ``margins.kinds_of_rows``."""
    found = []
    for inside, own in device_margins.classes_inside(data):
        kinds = np.where(inside, np.int8(margins.INSIDE), np.int8(margins.OUTSIDE))
        kinds[own, np.arange(len(own))] = margins.ABSENT
        kinds[:, own < 0] = margins.ABSENT
        found.append(kinds)
    return (found,)


ANSWERS: Answers = {
    evaluation.loss_and_gradient: device_evaluation.loss_and_gradient,
    evaluation.loss_and_gradient_of_some: device_evaluation.loss_and_gradient_of_some,
    data_term.totals_of_classes: device_evaluation.totals_of_classes,
    data_term.gram_of_rows: device_grams.gram_of_rows,
    data_term.mean_square_of_rows: device_grams.mean_square_of_rows,
    data_term.mean_of_rows: device_grams.mean_of_rows,
    intercepts.sums_of_intercepts: device_evaluation.sums_of_intercepts,
    approximate_hessian.diagonal_of_mean: device_grams.diagonal_of_mean,
    approximate_hessian.diagonal_and_sums_of_mean: device_grams.diagonal_and_sums_of_mean,
    approximate_hessian.weighted_grams: device_grams.weighted_grams,
    approximate_hessian.drawn_grams: device_grams.drawn_grams,
    exact_hessian.hessian_of_rows: device_hessians.hessian_of_rows,
    exact_hessian.gram_times: device_grams.gram_times,
    pair_hessian.hessian_of_pairs: device_hessians.hessian_of_pairs,
    active_hessian.hessian_among: device_hessians.hessian_among,
    active_hessian.hessian_times: device_hessians.hessian_times,
    active_hessian.diagonal_of_hessian: device_hessians.diagonal_of_hessian,
    duality.held_by_few_rows: device_duality.held_by_few_rows,
    duality.moved_in_few_rows: device_duality.moved_in_few_rows,
    duality.moved_in_all_rows: device_duality.moved_in_all_rows,
    jeffreys.half_log_det_gradient: device_jeffreys.half_log_det_gradient,
    held_out.loss_and_hits: device_evaluation.loss_and_hits,
    margins.kinds_of_rows: kinds_of_rows,
    margins.largest_values: device_margins.largest_values,
    margins.margins_of_rows: device_margins.margins_of_rows,
    margins.sum_of_margins: device_margins.sum_of_margins,
    margins.grams_of_pairs: device_margins.grams_of_pairs,
    multipliers.gradient_of_rows: device_evaluation.gradient_of_rows,
    multipliers.largest_change: device_margins.largest_change,
    multipliers.largest_logits: device_margins.largest_logits,
    separating_columns.extremes_of_classes: device_margins.extremes_of_classes,
}

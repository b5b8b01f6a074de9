"""Where fits of folds start, and what they are told of the fits before them."""

from dataclasses import dataclass

import numpy as np
import pytest

from sk_softmax.fitting.fold_starts import SEEN, Starts
from sk_softmax.objective import FoldObjectives, RegressionObjective
from sk_softmax.objective.penalties import PenaltyForm
from sk_softmax.rows import rows_of


@dataclass
class Strength:
    """The part of the settings that starts depend on."""

    C: float
    l1_ratio: float = 0.0


@pytest.fixture
def objectives(overlapping_classes):
    """A function from C to two folds' objectives."""
    X, y = overlapping_classes(3, n_rows=60)
    rows = rows_of(X, 6, has_intercept=True, n_threads=1)

    def make(C, form=None):
        weights = [1.0 * (np.arange(60) % 2 == number) for number in range(2)]
        return FoldObjectives([RegressionObjective(rows, y, 3, C, w, form) for w in weights])

    return make


def ended(starts, folds, C, seed):
    """End fits at params drawn anew, and return them."""
    rng = np.random.default_rng(seed)
    params = [rng.normal(size=folds[number].shape) for number in range(2)]
    starts.ended_at(Strength(C), params)
    evaluations = [folds[number].evaluate(there) for number, there in enumerate(params)]
    starts.know([folds[number].penalty for number in range(2)], evaluations)
    return params


def test_gradients_at_the_last_ends_are_those_under_the_new_penalty(objectives):
    starts = Starts(2)
    ends = [ended(starts, objectives(C), C, seed) for seed, C in enumerate([1e-3, 0.01, 0.1])]
    folds = objectives(1.0)
    for number in range(2):
        seen = starts.seen(Strength(1.0), number, folds[number])
        assert len(seen) == SEEN == 2
        for (params, gradient), of_folds in zip(seen, ends[1:], strict=True):
            np.testing.assert_array_equal(params, of_folds[number])
            expected = folds[number].evaluate(params).gradient
            np.testing.assert_allclose(gradient, expected, atol=1e-12)


def test_ends_of_far_stronger_penalties_are_not_told(objectives):
    starts = Starts(2)
    for seed, C in enumerate([1e-3, 0.1]):
        ended(starts, objectives(C), C, seed)
    folds = objectives(10.0)
    (told,) = starts.seen(Strength(10.0), 0, folds[0])
    np.testing.assert_array_equal(told[0], starts.of(Strength(0.1), objectives(0.1))[0])
    assert starts.seen(Strength(np.inf), 0, folds[0]) == []


def test_under_kinks_no_end_is_told(objectives):
    starts = Starts(2)
    ended(starts, objectives(0.1), 0.1, 0)
    folds = objectives(1.0, PenaltyForm(l1_ratio=0.5))
    assert starts.seen(Strength(1.0, 0.5), 0, folds[0]) == []

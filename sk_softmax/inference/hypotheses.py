"""Hypotheses that are asked about often: a feature, two outcomes, a smaller model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.inference.chi_square import ChiSquareTest, ChiSquareTests, wald_test
from sk_softmax.inference.estimate import Estimate
from sk_softmax.inference.likelihood import Likelihood


def column_numbers(named: Sequence[Any], columns: Sequence[str]) -> NDArray[np.intp]:
    """Return the numbers of columns that are named, or given by their numbers."""
    found = []
    for name in named:
        if isinstance(name, str):
            if name not in columns:
                raise ValueError(f"{name!r} is not a feature; the features are {list(columns)!r}.")
            found.append(list(columns).index(name))
        elif isinstance(name, int | np.integer) and 0 <= name < len(columns):
            found.append(int(name))
        else:
            raise ValueError(f"{name!r} is neither the name nor the number of a feature.")
    return np.array(found, dtype=np.intp)


def feature_tests(
    estimate: Estimate,
    names: Sequence[str],
    groups: Mapping[str, Sequence[Any]],
) -> ChiSquareTests:
    """Return for each feature the Wald test that it has no effect on any class.

    Parameters
    ----------
    estimate : Estimate
        The coefficients.
    names : sequence of str
        Of the features.
    groups : mapping of str to sequence
        Features that are tested together, under the name of the group, which takes the place of
        the first of them.
    """
    together = {name: column_numbers(group, names) for name, group in groups.items()}
    grouped: dict[int, str] = {}
    for name, members in together.items():
        for member in members:
            if int(member) in grouped:
                raise ValueError(f"{names[member]!r} is in two groups.")
            grouped[int(member)] = name
    tests, every = {}, np.eye(len(estimate.outcomes.others))
    for column, name in enumerate(names):
        group = grouped.get(column, name)
        if group in tests:
            continue
        members = together[group] if column in grouped else np.array([column])
        functions = estimate.of_classes(every, estimate.estimable(members))
        tests[group] = wald_test(estimate, functions, name=group)
    return ChiSquareTests(list(tests.values()))


def combine_outcomes(estimate: Estimate, n_features: int, pairs: Any = None) -> ChiSquareTests:
    """Return for pairs of classes the Wald test that no feature tells them apart.

    ``pairs`` holds pairs of numbers of classes; all pairs if None.
    """
    outcomes = estimate.outcomes
    whole = np.zeros((len(outcomes.classes), len(outcomes.others)))
    whole[outcomes.others] = np.eye(len(outcomes.others))
    slopes = estimate.estimable(np.arange(n_features))
    labels = outcomes.classes.tolist()
    tests = []
    for a, b in combinations(range(len(labels)), 2) if pairs is None else pairs:
        functions = estimate.of_classes((whole[a] - whole[b])[None], slopes)
        tests.append(wald_test(estimate, functions, name=f"{labels[a]} = {labels[b]}"))
    return ChiSquareTests(tests)


def nested(
    larger: Likelihood, smaller: Likelihood, columns: tuple[set[str], set[str]]
) -> ChiSquareTest:
    """Return the likelihood-ratio test of two models of the same rows (Wilks, 1938).

    ``columns`` are the names of both models' columns, those of the larger first.
    """
    for likelihood in (larger, smaller):
        likelihood.require_proper("A likelihood-ratio test")
    same_rows = np.isclose(larger.n_observations, smaller.n_observations, rtol=1e-9)
    first, second = larger.class_totals, smaller.class_totals
    same_classes = len(first) == len(second) and np.allclose(first, second, rtol=1e-9)
    if not (same_rows and same_classes):
        raise ValueError(
            "A likelihood-ratio test compares models of the same rows; these have different "
            "numbers of observations in their classes."
        )
    if not _are_equal(larger.null_with_offset, smaller.null_with_offset):
        raise ValueError(
            "A likelihood-ratio test compares models of the same rows; these have different "
            "offsets, or one of them has none."
        )
    if not columns[1] <= columns[0]:
        raise ValueError(
            f"The models are not nested: {sorted(columns[1] - columns[0])!r} are columns of the "
            "smaller model alone."
        )
    df = larger.n_parameters - smaller.n_parameters
    statistic = 2 * (larger.log_likelihood - smaller.log_likelihood)
    if df <= 0 or statistic < -1e-6:
        raise ValueError(
            "The models are not nested: the one with more coefficients must have a log likelihood "
            "that is at least as high."
        )
    return ChiSquareTest("likelihood ratio", max(statistic, 0.0), df)


def _are_equal(first: float | None, second: float | None) -> bool:
    """Whether two numbers, or none, are equal up to rounding."""
    if first is None or second is None:
        return first is second
    return bool(np.isclose(first, second, rtol=1e-9, atol=0.0))


def against_null(likelihood: Likelihood) -> ChiSquareTest:
    """Return the likelihood-ratio test of the model against its intercepts alone."""
    likelihood.require_proper("A likelihood-ratio test")
    statistic = 2 * (likelihood.log_likelihood - likelihood.null)
    return ChiSquareTest(
        "likelihood ratio against intercepts alone", statistic, likelihood.n_slopes
    )

"""Estimates of the covariance of the coefficients.

With ``A`` the curvature of the mean objective and ``n`` rows, all are ``A^-1 / n`` or a sandwich
``A^-1 M A^-1``: Huber (1967, Proceedings of the Fifth Berkeley Symposium 1) and White (1982,
Econometrica 50); for clusters Liang and Zeger (1986, Biometrika 73).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sk_softmax.inference.factored import Factored, Singular, mirrored
from sk_softmax.inference.refusals import check_groups
from sk_softmax.inference.request import Request
from sk_softmax.inference.sample import Sample
from sk_softmax.inference.second_moments import (
    Coordinates,
    cluster_scores,
    second_moment,
)
from sk_softmax.interfaces import Array


@dataclass(frozen=True, eq=False)
class Covariance:
    """A covariance of the parameters, and how many independent pieces it was made of."""

    matrix: Array
    """Shape ``(n_parameters, n_parameters)``."""

    n_clusters: int | None
    """None without clusters."""


def covariance_of(
    sample: Sample,
    coordinates: Coordinates,
    params: Array,
    curvature: Factored,
    request: Request,
) -> Covariance:
    """Return the covariance that was asked for.

    ``params``, of shape ``(n_outputs, n_columns)``, are those of the optimum; ``curvature`` is
    used up.
    """
    if request.covariance == "hessian":
        return Covariance(_from_information(sample, coordinates, curvature, request), None)
    if request.covariance == "opg":
        curvature.forget()
        meat = _meat(sample, coordinates, params)
        try:
            inverse = Factored(meat).inverse()
        except Singular as error:
            raise ValueError(
                "The outer product of the scores is singular: there are fewer rows than "
                "coefficients, or a class hardly occurs. Choose another covariance."
            ) from error
        inverse /= sample.times_mean
        return Covariance(inverse, None)
    n_clusters = None
    if request.covariance == "cluster":
        meat, n_clusters = _meat_of_clusters(sample, coordinates, params, request.groups)
    else:
        meat = mirrored(_meat(sample, coordinates, params))
        meat /= sample.times_mean
    matrix = curvature.sandwiched(meat)
    matrix *= _factor(sample.n_observations, n_clusters, coordinates.n_parameters, request)
    return Covariance(matrix, n_clusters)


def _from_information(
    sample: Sample, coordinates: Coordinates, curvature: Factored, request: Request
) -> Array:
    """Return ``A^-1 / n``, or with a penalty and over samples ``A^-1 (A - L) A^-1 / n``."""
    inverse = curvature.inverse()
    if sample.is_penalised and request.penalised == "sampling":
        inverse -= inverse @ _penalty_times(sample, coordinates, inverse)
    inverse /= sample.times_mean
    return inverse


def _penalty_times(sample: Sample, coordinates: Coordinates, matrix: Array) -> Array:
    """Return the Hessian of the penalty times a matrix of shape ``(n_parameters, ...)``."""
    n_classes, n_kept = len(coordinates.outcomes.classes), len(coordinates.kept)
    by_class = matrix.reshape(n_classes - 1, n_kept, -1)
    l2 = sample.objective.penalty.l2[coordinates.kept]
    scaled = by_class * l2[:, None]
    if n_classes > 2:
        scaled -= scaled.sum(axis=0) / n_classes
    return np.asarray(scaled.reshape(matrix.shape))


def _meat(sample: Sample, coordinates: Coordinates, params: Array) -> Array:
    """Return the mean product of the scores, its upper triangle filled."""
    data = sample.objective.data
    as_labels = sample.are_distributions and not sample.are_probabilities
    return second_moment(
        data,
        params,
        coordinates,
        "labelled scores" if as_labels else "scores",
        power=2 if sample.are_probabilities else 1,
    )


def _meat_of_clusters(
    sample: Sample, coordinates: Coordinates, params: Array, groups: Any
) -> tuple[Array, int]:
    """Return the sum over clusters of the products of their scores, and how many there are.

    It is divided by the square of the number of rows, as the mean objective is by the number.
    """
    data = sample.objective.data
    numbers, n_clusters = check_groups(groups, data.n_rows)
    scores = cluster_scores(data, params, coordinates, numbers, n_clusters)
    scores /= data.n_rows
    return scores.T @ scores, n_clusters


def _factor(n: float, n_clusters: int | None, k: int, request: Request) -> float:
    """Return the correction of a sandwich for small samples; ``k`` parameters."""
    if n <= k and request.covariance != "HC0" and request.small_sample is None:
        raise ValueError(
            f"n = {n:g} observations and k = {k} coefficients leave no factor n / (n - k): choose "
            "covariance='HC0' or small_sample='stata'."
        )
    is_stata = request.small_sample == "stata"
    if n_clusters is not None:
        of_clusters = n_clusters / (n_clusters - 1)
        return of_clusters if is_stata else of_clusters * (n - 1) / (n - k)
    if request.covariance == "HC0":
        return 1.0
    return n / (n - 1) if is_stata else n / (n - k)

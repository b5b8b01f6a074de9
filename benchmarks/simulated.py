"""Evaluations and fits with workers in this process that count what they are sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from benchmarks.cost_model import Cluster, Envelopes, Shape, traffic_of_evaluation
from benchmarks.counting_workers import CountingWorkers, Traffic
from benchmarks.data import made_up
from sk_softmax import SoftmaxRegression
from sk_softmax.estimators.input.parameters import settings_of
from sk_softmax.fitting.fit import fit_params
from sk_softmax.fitting.parted_training import PartedTrainingSet
from sk_softmax.fitting.settings import TrainingSet
from sk_softmax.interfaces import Array
from sk_softmax.objective.evaluation import loss_and_gradient
from sk_softmax.parts import Summary


def cut(X: Array, y: Array, n_parts: int, edges: Sequence[int], *, by_tree: bool):
    """Return rows in so many parts, as a training set, and the workers on which they lie."""
    classes = np.arange(y.max() + 1)
    bounds = np.linspace(0, len(X), n_parts + 1).astype(int)
    parts = [TrainingSet(X[a:b], y[a:b], None, classes) for a, b in pairwise(bounds)]
    workers = CountingWorkers(parts, edges, by_tree=by_tree)
    summaries = [Summary.of(part.X, part.given, None, classes) for part in parts]
    training = PartedTrainingSet(
        workers,
        _as_given,
        Summary.joined([summary for summary in summaries if summary.n_rows]),
        [summary.n_rows for summary in summaries],
        classes,
        has_weights=False,
        has_offset=False,
    )
    return training, workers


def _as_given(part: TrainingSet, number: int) -> TrainingSet:
    return part


def traffic_of_one_evaluation(
    shape: Shape, n_parts: int, edges: Sequence[int], *, by_tree: bool
) -> Traffic:
    """Return what workers in this process send to evaluate value and gradient once."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((shape.n_rows, shape.n_features))
    y = np.arange(shape.n_rows) % shape.n_classes
    training, workers = cut(X, y, n_parts, edges, by_tree=by_tree)
    settings = settings_of(SoftmaxRegression(n_jobs=1))
    rows = training.rows(settings)
    objective = training.objective(settings, rows)
    objective.data.ask(partial(loss_and_gradient, params=np.zeros(objective.shape)))
    return workers.traffic


def check(
    shape: Shape, envelopes: Envelopes, n_parts: int, edges: Sequence[int], *, by_tree: bool
) -> Traffic:
    """Return what is sent for one evaluation, after a comparison with the model.

    It is an error if a single message or byte differs.
    """
    found = traffic_of_one_evaluation(shape, n_parts, edges, by_tree=by_tree)
    expected = traffic_of_evaluation(shape, envelopes, edges, n_parts, by_tree=by_tree)
    if found != expected:
        raise AssertionError(f"{shape}: the model says {expected}, and {found} was sent.")
    return found


@dataclass(frozen=True)
class CountedFit:
    """What a fit asked of its workers."""

    shape: Shape
    n_iter: int
    evaluations: int
    """Questions for value and gradient."""

    others: int
    """All other questions."""

    traffic: Traffic


def counted_fit(shape: Shape, cluster: Cluster) -> CountedFit:
    """Fit made-up rows in float32 by L-BFGS, answered to the caller directly; count questions."""
    X, y = made_up(shape.n_rows, shape.n_features, shape.n_classes, spread=2.0)
    X = X.astype(np.float32)
    training, workers = cut(X, y, cluster.n_parts, cluster.edges, by_tree=False)
    settings = settings_of(SoftmaxRegression(solver="lbfgs", n_jobs=1))
    fitted = fit_params(settings, training, np.zeros((shape.n_outputs, shape.n_columns)))
    inner = [question.keywords["question"] for question in workers.traffic.questions]
    names = [getattr(question, "func", question).__name__ for question in inner]
    evaluations = names.count(loss_and_gradient.__name__)
    return CountedFit(
        shape,
        fitted.solution.n_iter,
        evaluations,
        len(names) - evaluations,
        workers.traffic,
    )

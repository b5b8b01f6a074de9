"""What a question to rows on many workers costs: messages and bytes exactly, times as estimates.

Parts and workers are numbered from 0, and a worker holds consecutive parts. The answers of parts
are added up one fixed binary tree over part numbers (``sk_softmax.parts.tree``), so that a worker
hands on the sums of whole branches: one, if it holds ``2^k`` parts from a multiple of ``2^k`` on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.counting_workers import Flow, Traffic

NUMBER = 8
"""Bytes of a number in params and answers, which are in float64."""


@dataclass(frozen=True)
class Shape:
    """The rows of a problem, and the shape of its params."""

    n_rows: int
    n_features: int
    n_classes: int

    @property
    def n_outputs(self) -> int:
        return self.n_classes if self.n_classes > 2 else 1

    @property
    def n_columns(self) -> int:
        """With an intercept."""
        return self.n_features + 1

    @property
    def n_parameters(self) -> int:
        return self.n_outputs * self.n_columns

    def __str__(self) -> str:
        return f"p={self.n_features:,}, K={self.n_classes:,}"


@dataclass(frozen=True)
class Envelopes:
    """Bytes of the pickles around arrays, without the whole numbers whose size depends on them."""

    question: int
    """Of a question for value and gradient."""

    part: int
    """Of the answer of a single part."""

    branch: int
    """Of a sum of several."""


def bytes_of_whole(number: int) -> int:
    """Return the bytes that pickle takes for a whole number from 0 to 2^31 - 1."""
    return 2 if number < 2**8 else 3 if number < 2**16 else 5


def branches(first: int, last: int, n_parts: int) -> list[tuple[int, int]]:
    """Return the branches whose parts are ``first`` to ``last - 1``: level, and number there.

    A branch of level ``l`` covers the ``2^l`` parts from a multiple of ``2^l`` on. Beyond the last
    part there is nothing to wait for, as if parts without rows followed.
    """
    end = 2 ** (n_parts - 1).bit_length() if last == n_parts else last
    found = []
    while first < min(last, end):
        level = (first & -first).bit_length() - 1 if first else end.bit_length()
        while first + 2**level > end:
            level -= 1
        found.append((level, first >> level))
        first += 2**level
    return found


def question_flow(shape: Shape, envelopes: Envelopes, n_workers: int) -> Flow:
    """Return what goes out with one question for value and gradient."""
    around = envelopes.question + bytes_of_whole(shape.n_outputs) + bytes_of_whole(shape.n_columns)
    return Flow(n_workers, n_workers * around, n_workers * NUMBER * shape.n_parameters)


def answer_flow(shape: Shape, envelopes: Envelopes, first: int, last: int, n_parts: int) -> Flow:
    """Return what one message holds that answers for these parts."""
    sizes = bytes_of_whole(shape.n_outputs) + bytes_of_whole(shape.n_columns)
    flow = Flow(messages=1)
    for level, number in branches(first, last, n_parts):
        is_part = level == 0 or (number << level) == n_parts - 1
        node = bytes_of_whole(level) + bytes_of_whole(number)
        flow.envelope += (envelopes.part if is_part else envelopes.branch) + node + sizes
        # The loss of a part is an array of one number, and a sum of them a number in the pickle.
        flow.payload += NUMBER * (shape.n_parameters + is_part)
    return flow


def traffic_of_evaluation(
    shape: Shape, envelopes: Envelopes, edges: Sequence[int], n_parts: int, *, by_tree: bool
) -> Traffic:
    """Return what one evaluation by all workers sends.

    Parameters
    ----------
    shape : Shape
        The problem.
    envelopes : Envelopes
        Measured.
    edges : sequence of int
        Number of the first part of each worker.
    n_parts : int
        Number of parts.
    by_tree : bool
        Whether answers go up a tree of workers, or each to the caller.
    """
    n_workers, bounds = len(edges), [*edges, n_parts]
    traffic = Traffic(out=question_flow(shape, envelopes, n_workers))
    if not by_tree:
        for first, last in pairwise(bounds):
            traffic.back += answer_flow(shape, envelopes, first, last, n_parts)
        return traffic
    for worker in range(1, n_workers):  # each sends the sum of its subtree to the root of another
        after = min(worker + (worker & -worker), n_workers)
        sums = answer_flow(shape, envelopes, bounds[worker], bounds[after], n_parts)
        traffic.between += sums
    traffic.back += answer_flow(shape, envelopes, 0, n_parts, n_parts)
    return traffic


@dataclass(frozen=True)
class Constants:
    """Measured on one machine."""

    row: dict[tuple[int, int, str], float]
    """Processor seconds of value and gradient for a row, by features, classes and width."""

    added_byte: float
    """Processor seconds to add a byte of one answer to another."""

    task: float
    """Seconds of a task that does nothing."""

    envelopes: Envelopes


@dataclass(frozen=True)
class Cluster:
    """What is assumed of a cluster."""

    n_workers: int
    n_threads: int
    """Of a worker, all of which are assumed to be equally fast."""

    link: float
    """Bytes a second over the link of the caller, and over that of any worker."""

    parts_per_worker: int = 8

    @property
    def edges(self) -> range:
        return range(0, self.n_workers * self.parts_per_worker, self.parts_per_worker)

    @property
    def n_parts(self) -> int:
        return self.n_workers * self.parts_per_worker


@dataclass(frozen=True)
class Estimate:
    """Estimated seconds of an evaluation."""

    compute: float
    """On the workers."""

    overhead: float
    """Of the tasks."""

    link: float
    """In which bytes pass the links."""

    adding: float
    """In which answers of different workers are added."""

    @property
    def total(self) -> float:
        return self.compute + self.overhead + self.link + self.adding


def estimate(
    shape: Shape, width: str, constants: Constants, cluster: Cluster, *, by_tree: bool
) -> Estimate:
    """Return the estimated seconds of one evaluation."""
    traffic = traffic_of_evaluation(
        shape, constants.envelopes, cluster.edges, cluster.n_parts, by_tree=by_tree
    )
    of_row = constants.row[shape.n_features, shape.n_classes, width]
    answer = NUMBER * shape.n_parameters
    # One after the other: the sums of all workers at the caller, or one at each level of a tree.
    levels = math.ceil(math.log2(cluster.n_workers))
    in_turn = levels if by_tree else cluster.n_workers - 1
    one_after_another = traffic.out.bytes + traffic.back.bytes + by_tree * levels * answer
    return Estimate(
        of_row * shape.n_rows / (cluster.n_workers * cluster.n_threads),
        # A task asks a worker, and by tree another adds the sums of each two.
        constants.task * (cluster.n_workers + by_tree * (cluster.n_workers - 1)),
        one_after_another / cluster.link,
        constants.added_byte * answer * in_turn,
    )

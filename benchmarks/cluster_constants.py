"""The constants of the cost model, measured on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.cost_model import Constants, Envelopes, Shape, bytes_of_whole
from benchmarks.counting_workers import sent
from sk_softmax.objective.evaluation import loss_and_gradient
from sk_softmax.objective.regression import RegressionObjective
from sk_softmax.parts.part import answer
from sk_softmax.parts.tree import grown
from sk_softmax.rows import rows_of

REPEATS = 7
"""The least of so many times counts."""

NUMBERS_OF_ROWS = 2**24
"""Numbers of the rows that a pass is timed on: 128 MiB in float64. At least FEWEST rows."""

FEWEST = 2000
PER_WORKER = 60
"""Empty questions for each number of workers, the quickest of which counts."""


def measured(
    shapes: list[Shape], widths: tuple[str, ...], numbers_of_workers: tuple[int, ...]
) -> tuple[Constants, dict[int, float]]:
    """Return the constants, and the time of an empty question by the number of workers."""
    row = {
        (shape.n_features, shape.n_classes, width): seconds_of_row(shape, width)
        for shape in shapes
        for width in widths
    }
    empty = seconds_of_empty_questions(numbers_of_workers)
    slope = np.polyfit(list(empty), list(empty.values()), 1)[0]
    return Constants(row, seconds_of_added_byte(shapes), float(slope), envelopes()), empty


def seconds_of_row(shape: Shape, width: str, n_numbers: int = NUMBERS_OF_ROWS) -> float:
    """Return the processor seconds of value and gradient for a row, on one thread."""
    n_rows = max(n_numbers // shape.n_features, FEWEST)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, shape.n_features), dtype=width)
    y = rng.integers(0, shape.n_classes, n_rows)
    rows = rows_of(X, shape.n_outputs, has_intercept=True, n_threads=1)
    objective = RegressionObjective(rows, y, shape.n_classes, 1.0)
    params = rng.standard_normal(objective.shape) / np.sqrt(shape.n_features)
    return _least(lambda: objective.evaluate(params)) / n_rows


def seconds_of_added_byte(shapes: list[Shape]) -> float:
    """Return the processor seconds to add a byte of one answer to another, of the largest."""
    size = max(shape.n_parameters for shape in shapes)
    answers = [(number, (0.0, np.ones(size))) for number in range(8)]  # more than caches hold
    return _least(lambda: grown(answers, len(answers))) / (8 * size * (len(answers) - 1))


def _least(call: Callable[[], Any]) -> float:
    """Return the least processor seconds of a call on one thread."""
    seconds = []
    with threadpool_limits(1):
        call()
        for _ in range(REPEATS):
            start = time.process_time()
            call()
            seconds.append(time.process_time() - start)
    return min(seconds)


def envelopes() -> Envelopes:
    """Return the bytes of the pickles around arrays, without the whole numbers in them."""
    params = np.zeros((3, 4))
    inner = partial(loss_and_gradient, params=params)
    sizes = sum(map(bytes_of_whole, params.shape))
    nodes = 2 * bytes_of_whole(0)
    _, question = sent(partial(answer, view=(), question=inner))
    _, part = sent(((0, 0), (np.zeros(()), params)))
    _, branch = sent(((0, 0), (np.float64(0), params)))
    return Envelopes(
        question.envelope - sizes, part.envelope - sizes - nodes, branch.envelope - sizes - nodes
    )


def seconds_of_empty_questions(numbers_of_workers: tuple[int, ...]) -> dict[int, float]:
    """Return the least processor seconds in which so many dask workers answer with a zero.

    The workers are threads of this process: their time, the scheduler's and the client's is added
    up. Workers in processes of their own work at the same time.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise ImportError(
            "--scale measures the overhead of dask's tasks, and distributed is not installed: "
            "pip install distributed."
        ) from error
    found = {}
    for n_workers in numbers_of_workers:
        with (
            LocalCluster(
                n_workers=n_workers, threads_per_worker=1, processes=False, dashboard_address=None
            ) as cluster,
            Client(cluster) as client,
        ):
            addresses = [worker.address for worker in cluster.workers.values()]
            found[n_workers] = min(_asked(client, addresses) for _ in range(PER_WORKER))
    return found


def _asked(client: Any, addresses: list[str]) -> float:
    """Return the processor seconds of a question: a task a worker, which may be moved."""
    start = time.process_time()
    tasks = [
        client.submit(_zero, number, workers=[address], allow_other_workers=True, pure=False)
        for number, address in enumerate(addresses)
    ]
    sum(client.gather(tasks))
    return time.process_time() - start


def _zero(number: int) -> float:
    return 0.0

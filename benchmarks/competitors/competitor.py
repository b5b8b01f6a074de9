"""What an adapter has to provide."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

PENALTIES = ("none", "l2", "l1")


@dataclass(frozen=True)
class Task:
    """What is to be fitted: rows, labels ``0 .. K-1``, and the penalty."""

    X: Any
    y: np.ndarray
    C: float = 1.0
    l1_ratio: float = 0.0

    @property
    def n_classes(self) -> int:
        return int(self.y.max()) + 1

    @property
    def n_parameters(self) -> int:
        return (self.X.shape[1] + 1) * (1 if self.n_classes == 2 else self.n_classes)

    @property
    def penalty(self) -> str:
        """Which of ``PENALTIES``."""
        if np.isinf(self.C):
            return "none"
        return "l1" if self.l1_ratio else "l2"


Fit = Callable[[Task, Any, int], tuple[np.ndarray, np.ndarray]]
"""A function of a task, an effort and a number of threads that returns ``coef`` and ``intercept``.

Their shapes are (K, n_features) and (K,), or (1, n_features) and (1,) for K = 2. BLAS and OpenMP
are limited to that number of threads already; only libraries with threads of their own need it."""


class Missing(Exception):
    """A library is not installed; the message is a line for the report."""


@dataclass(frozen=True)
class Run:
    """One fit: its seconds and what came out."""

    seconds: float
    coef: np.ndarray
    intercept: np.ndarray


class Contender(Protocol):
    """What can be measured: another library, or a version of this package.

    An integer effort is a number of iterations; the time of a fit is about proportional to it. Any
    other effort is a tolerance. Each effort takes longer and comes closer to the optimum.
    """

    name: str
    efforts: Sequence[Any]

    def can_fit(self, task: Task) -> bool:
        """Whether this can fit such a task in reasonable memory."""
        ...

    def run(self, task: Task, effort: Any, n_threads: int) -> Run:
        """Fit from a cold start."""
        ...


@dataclass(frozen=True)
class Competitor:
    """A way to fit in another library."""

    name: str
    fit: Fit
    efforts: Sequence[Any]
    penalties: tuple[str, ...] = ("none", "l2")
    takes_sparse: bool = True
    most_classes: float = np.inf
    most_classes_l1: float = np.inf
    most_hessian_columns: float = np.inf
    """Most parameters for a method that forms a full Hessian."""

    limits_threads: Callable[[int], Any] = nullcontext
    """From a number of threads to a context that limits a library's own threads."""

    def can_fit(self, task: Task) -> bool:
        return (
            task.penalty in self.penalties
            and task.n_classes <= self.most_classes
            and (task.penalty != "l1" or task.n_classes <= self.most_classes_l1)
            and task.n_parameters <= self.most_hessian_columns
            and (self.takes_sparse or not sp.issparse(task.X))
        )

    def run(self, task: Task, effort: Any, n_threads: int) -> Run:
        with threadpool_limits(n_threads), self.limits_threads(n_threads):
            start = time.perf_counter()
            coef, intercept = self.fit(task, effort, n_threads)
            seconds = time.perf_counter() - start
        return Run(seconds, coef, intercept)


def doubling(first: int = 5, times: int = 14) -> list[int]:
    """Return limits on the iterations, each twice the last."""
    return [first * 2**k for k in range(times)]


def tolerances(most: int = 9) -> list[float]:
    """Return 1e-1, 1e-2, ..."""
    return [10.0**-k for k in range(1, most + 1)]

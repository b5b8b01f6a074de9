"""The loop that the stochastic solvers share: epochs of minibatches and an update rule."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import (
    Array,
    EvaluateAt,
    EvaluateMinibatch,
    Lesson,
    Problem,
    Progress,
    Search,
    Solution,
    Status,
)
from sk_softmax.solvers.options import Options
from sk_softmax.solvers.schedules import AUTO, ROWS_PER_EPOCH, SCHEDULES, schedule_of

HEADING = "Parameters\n----------\n"
"""The options below are inserted after this heading in the docstring of a solver."""

SHARED_OPTIONS = """\
batch_size : int, default=%(batch_size)r
    Rows in a minibatch; the last of an epoch may be smaller.
learning_rate : float, default=%(learning_rate)r
    Step size before the schedule.
schedule : {"auto", "constant", "inverse_scaling", "cosine"}, default="%(schedule)s"
    Factor of the learning rate: 1, ``1 / sqrt(1 + epochs)``, or half a cosine down to 0 at
    the last epoch. ``"auto"`` is the cosine in ``fit`` and inverse scaling in
    ``partial_fit``, where 10,000 rows count as an epoch.
shuffle : bool, default=%(shuffle)r
    Draw a new order of the rows for every epoch.
initial_scale : float, default=%(initial_scale)r
    Standard deviation of the normal distribution that a cold start is drawn from; 0 starts
    from zeros.
"""
"""What the docstring of every minibatch solver says about the options that all of them have."""

S = TypeVar("S", bound="MinibatchSolver")


@dataclass(repr=False)
class MinibatchSolver(Options):
    """Epochs of minibatches; a subclass defines how a gradient becomes an update.

    An update rule is a pair of pure functions. ``init`` makes its first state. ``update`` turns a
    gradient and a state into a direction to step along and the next state. The docstring of a
    subclass lists its own options; :func:`with_shared_options` adds those below.

    ``max_iter`` counts epochs, and all of them are run. ``tol`` does not apply, because a
    stochastic solver does not see the whole gradient.
    """

    batch_size: int = 32
    learning_rate: float = 0.1
    schedule: Literal["auto", "constant", "inverse_scaling", "cosine"] = "auto"
    shuffle: bool = True
    initial_scale: float = 0.0

    is_stochastic: ClassVar[bool] = True
    takes_shifted_rows: ClassVar[bool] = False
    default_max_iter: ClassVar[int] = 100

    def init(self, params: Array) -> Any:
        """Return the rule's first state for params of shape ``(n_outputs, n_columns)``."""
        raise NotImplementedError

    def update(self, gradient: Array, state: Any) -> tuple[Array, Any]:
        """Return the direction to step along and the next state.

        The direction is like ``gradient``, of shape ``(n_outputs, n_columns)``; the step is minus
        the step size times the direction.
        """
        raise NotImplementedError

    def check(self) -> None:
        """Check the options."""
        self._require_positive_integer("batch_size")
        self._require_positive("learning_rate")
        names = [AUTO, *SCHEDULES]
        known = isinstance(self.schedule, str) and self.schedule in names
        self._require("schedule", known, f"one of {', '.join(map(repr, names))}")
        self._require_bool("shuffle")
        self._require_nonnegative("initial_scale")

    def minimize(self, problem: Problem) -> Search:
        """Yield questions and return the solution."""
        # 1. Start from zeros, from params that were given, or from N(0, initial_scale^2).
        params = problem.start
        if not (params.any() or problem.start_is_given):
            params = self.first_params(params, problem.random)
        start = yield EvaluateAt(params)
        stopped = yield Progress.of(0, params, start, 0.0)
        state = self.init(params)
        schedule = schedule_of(self.schedule, problem.max_iter)
        first, before, finite = params, params, params
        epoch = 0

        # 2. Each epoch sees every row once.
        while epoch < problem.max_iter and not stopped:
            total = 0.0
            for done, indices in self._batches(problem):
                here = yield EvaluateMinibatch(params, indices)
                total += here.value * len(indices)
                size = self.learning_rate * schedule(epoch + done / problem.n_rows)
                params, state = self._moved(params, here.gradient, state, size)
            epoch += 1
            mean = total / problem.n_rows
            stopped = yield Progress(epoch, params, mean, np.nan, size)
            if not (np.isfinite(mean) and np.isfinite(params).all()):
                break
            before, finite = finite, params

        # 3. Only an evaluation on all rows shows whether the value has decreased. If a logit
        #    overflows there, go back: the epoch that began one epoch earlier had finite logits in
        #    all of its minibatches.
        for kept in (finite, before, first):
            end = yield EvaluateAt(kept)
            if end.is_finite:
                break
        if kept is not params or not end.value <= start.value:
            return Solution(kept, end, Status.DIVERGED, epoch, np.nan)
        status = Status.EPOCHS_DONE if epoch == problem.max_iter else Status.STOPPED
        return Solution(params, end, status, epoch, np.nan)

    def first_params(self, zeros: Array, random: np.random.Generator) -> Array:
        """Return where a fit without earlier params starts.

        ``zeros`` and the result have shape ``(n_outputs, n_columns)``.
        """
        if self.initial_scale == 0:
            return zeros
        return random.normal(0, self.initial_scale, zeros.shape)

    def learn(self, params: Array, rule: Any, n_rows_before: int, n_rows: int) -> Lesson:
        """Yield the minibatches of a chunk and return what was learned."""
        schedule = schedule_of(self.schedule, None)
        rule = self.init(params) if rule is None else rule
        total = 0.0
        for first in range(0, n_rows, self.batch_size):
            indices = np.arange(first, min(first + self.batch_size, n_rows))
            here = yield EvaluateMinibatch(params, indices)
            total += here.value * len(indices)
            size = self.learning_rate * schedule((n_rows_before + first) / ROWS_PER_EPOCH)
            params, rule = self._moved(params, here.gradient, rule, size)
        return params, rule, total / n_rows

    def _moved(self, params: Array, gradient: Array, state: Any, size: float) -> tuple[Array, Any]:
        """Return params after a step, and the next state of the rule."""
        # An overflow here is detected at the end of an epoch or a chunk.
        with np.errstate(over="ignore", invalid="ignore"):
            direction, state = self.update(gradient, state)
            return params - size * direction, state

    def _batches(self, problem: Problem) -> Iterator[tuple[int, NDArray[np.intp]]]:
        """Yield the batches of an epoch: how many rows came before each, and its rows."""
        order = np.arange(problem.n_rows)
        if self.shuffle:
            problem.random.shuffle(order)
        for first in range(0, problem.n_rows, self.batch_size):
            yield first, order[first : first + self.batch_size]


def with_shared_options(solver: type[S]) -> type[S]:
    """Add ``SHARED_OPTIONS``, with the class's defaults, before the options in its docstring."""
    if solver.__doc__:  # python -OO strips it
        shared = SHARED_OPTIONS % vars(solver())
        solver.__doc__ = inspect.cleandoc(solver.__doc__).replace(HEADING, HEADING + shared)
    return solver

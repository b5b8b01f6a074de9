"""Tasks of dask that look at given parts, and make others of them."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import uuid4

import dask
import numpy as np
from dask.delayed import delayed

from sk_softmax.parts.dask_memory import bytes_when_kept
from sk_softmax.parts.given import GivenPart
from sk_softmax.parts.protocol import Answer, PartQuestion
from sk_softmax.parts.tree import joined
from sk_softmax.rows import single_threaded_blas, threads_allowed


def leaf(value: Any) -> Any:
    """Return a value as a delayed object, which dask does not look into."""
    return delayed(value, name=f"softmax-value-{uuid4().hex}", traverse=False)


def call(function: Callable[..., Any], *arguments: Any, name: str) -> Any:
    """Return the task to call a function; the name is the first part of its key."""
    key = f"softmax-{name}-{uuid4().hex}"
    return delayed(_called, pure=False)(function, *arguments, dask_key_name=key)


def given_task(number: int, *pieces: Any) -> Any:
    """Return the task that makes the given part of this number; pieces may be delayed."""
    return call(GivenPart, number, *pieces, name="given")


def looked_at(tasks: Sequence[Any], function: Callable[[Any], Any]) -> list[Any]:
    """Return tasks of what a function returns of parts."""
    look = leaf(function)
    return [call(look, task, name="look") for task in tasks]


def with_bytes(function: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, int]]:
    """Return a function that returns the bytes of a given part's rows too."""
    return partial(_with_bytes, function=function)


def _with_bytes(part: GivenPart, function: Callable[[Any], Any]) -> tuple[Any, int]:
    return function(part), bytes_when_kept(part.X)


def measured(question: PartQuestion) -> PartQuestion:
    """Return a question about given parts that is answered with the bytes of rows at the end."""
    return partial(_measured, question=question)


def _measured(part: GivenPart, question: PartQuestion) -> Answer | None:
    n_bytes = bytes_when_kept(part.X)
    answer = question(part)
    return None if answer is None else (*answer, n_bytes)


def made(
    given: Sequence[Any], make: Callable[[Any, int], Any], n_threads: int | None = None
) -> list[Any]:
    """Return tasks that make parts of given ones, each with this many threads."""
    making = leaf(partial(_made, make=make, n_threads=n_threads))
    return [call(making, task, number, name="make") for number, task in enumerate(given)]


def _made(part: Any, number: int, make: Callable[[Any, int], Any], n_threads: int | None) -> Any:
    with threads_allowed(n_threads):
        return make(part, number)


def answered(tasks: Sequence[Any], question: PartQuestion) -> Any:
    """Return the task of the answers of parts, added up the fixed tree; the answer may be None."""
    asked = leaf(question)
    branches = [call(asked, task, name="answer") for task in tasks]
    while len(branches) > 1:
        pairs = [branches[i : i + 2] for i in range(0, len(branches), 2)]
        branches = [call(_sum, *pair, name="sum") if pair[1:] else pair[0] for pair in pairs]
    return branches[0]


def _sum(first: Answer | None, second: Answer | None) -> Answer | None:
    """Return the sum of two siblings of the tree, neither of which is changed."""
    if first is not None:
        first = tuple([a.copy() if isinstance(a, np.ndarray) else a for a in first])
    return joined([{(0, 0): first}, {(0, 1): second}], 2)[1, 0]


def _called(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function returns, computed as it is in memory."""
    with single_threaded_blas(), np.errstate(all="ignore"):
        return function(*arguments)


class Kept:
    """A part in the memory of a worker.

    Parameters
    ----------
    part : object
        The part.
    n_bytes : int
        What dask counts for it: nothing if its rows are those of a user's own collection.
    """

    def __init__(self, part: Any, n_bytes: int) -> None:
        self.part, self.n_bytes = part, n_bytes

    def __sizeof__(self) -> int:
        return object.__sizeof__(self) + self.n_bytes

    def __reduce__(self) -> Any:
        # In one piece: arrays that dask sends one by one arrive at odd addresses, from which
        # NumPy copies them for every product.
        return _unpickled, (pickle.dumps(self.part, protocol=5),)


def _unpickled(pickled: bytes) -> Kept:
    return Kept(pickle.loads(pickled), len(pickled))  # a copy, whatever the rows were before


def kept(given: Sequence[Any], make: Callable[[Any, int], Any], *, is_counted: bool) -> list[Any]:
    """Return tasks that make parts of given ones, to be kept by workers.

    ``is_counted`` is whether dask counts their bytes in any case, and not only those of copies.
    """
    making = leaf(partial(_kept, make=make, is_counted=is_counted))
    return [call(making, task, number, name="part") for number, task in enumerate(given)]


def looked_at_kept(futures: Sequence[Any], function: Callable[[Any], Any]) -> list[Any]:
    """Return tasks of what a function returns of parts that workers keep."""
    return looked_at(futures, partial(_of_kept, function=function))


def _of_kept(kept: Kept, function: Callable[[Any], Any]) -> Any:
    return function(kept.part)


def kept_of_kept(futures: Sequence[Any], make: Callable[[Any, int], Any]) -> list[Any]:
    """Return tasks that make parts of parts that workers keep, to be kept too."""
    making = leaf(partial(_kept_of_kept, make=make))
    return [call(making, future, number, name="part") for number, future in enumerate(futures)]


def _kept_of_kept(kept: Kept, number: int, make: Callable[[Any, int], Any]) -> Kept:
    return Kept(make(kept.part, number), kept.n_bytes)


def moved(future: Any, worker: str) -> Any:
    """Return the task to bring a kept part to a worker; it may go elsewhere if that is lost."""
    with dask.annotate(workers=[worker], allow_other_workers=True):
        return call(_same, future, name="part")


def _same(kept: Kept) -> Kept:
    return kept


def _kept(given: Any, number: int, make: Callable[[Any, int], Any], is_counted: bool) -> Kept:
    """Return a part on a worker, which reads it with as many threads as it has."""
    import distributed

    part = _made(given, number, make, distributed.get_worker().state.nthreads)
    is_copy = (
        not hasattr(given.X, "flags") or given.X.dtype.kind != "f" or not given.X.flags.aligned
    )
    return Kept(part, bytes_when_kept(given.X) if is_counted or is_copy else 0)

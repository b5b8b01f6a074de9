"""Parts that dask computes when they are asked, and the choice of where others are kept."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import dask
from dask.utils import format_bytes

from sk_softmax.parts.dask_clients import await_workers, client_for, on_workers
from sk_softmax.parts.dask_memory import MOST_FILLED, memory_here, memory_of_workers
from sk_softmax.parts.dask_tasks import answered, kept, leaf, looked_at, made
from sk_softmax.parts.dask_workers import WorkerParts
from sk_softmax.parts.local import LocalParts
from sk_softmax.parts.protocol import Answer, PartQuestion, Parts
from sk_softmax.parts.tree import total

log = logging.getLogger("sk_softmax")


class Place(Protocol):
    """Where tasks are computed, and parts kept."""

    def compute(self, tasks: Sequence[Any]) -> list[Any]:
        """Return the results of tasks, which come to this process."""
        ...

    def hold(self, tasks: Sequence[Any]) -> list[Any]:
        """Return tasks that are computed once, and whose results stay where they are."""
        ...

    def memory(self) -> tuple[str, int]:
        """Return whose memory holds what is kept, and how many bytes it has."""
        ...

    def keep(
        self, given: Sequence[Any], make: Callable[[Any, int], Any], rows: Sequence[Any]
    ) -> Parts:
        """Return parts that are made of given ones, and stay where they are.

        ``rows`` are the keys of the rows in the user's own collection.
        """
        ...


class Here:
    """The process of the caller, with whatever scheduler dask uses in it."""

    def compute(self, tasks: Sequence[Any]) -> list[Any]:
        """Return the results of tasks."""
        try:
            return list(dask.compute(*tasks))
        except ValueError as error:
            if "Missing dependency" not in str(error):
                raise
            raise RuntimeError(
                "Rows were persisted by a dask client that is closed, so they are gone. Open a "
                "client, build and persist the collections again, and fit while it is open."
            ) from error

    def hold(self, tasks: Sequence[Any]) -> list[Any]:
        """Return tasks that have been computed once."""
        return [leaf(result) for result in self.compute(tasks)]

    def memory(self) -> tuple[str, int]:
        """Return whose memory this is, and how many bytes it has."""
        return "this process", memory_here()

    def keep(
        self, given: Sequence[Any], make: Callable[[Any, int], Any], rows: Sequence[Any]
    ) -> Parts:
        """Return parts in the memory of this process."""
        return LocalParts(self.compute(made(given, make)))


class OnWorkers:
    """The workers of a client.

    Parameters
    ----------
    client : distributed.Client
        The client.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def compute(self, tasks: Sequence[Any]) -> list[Any]:
        """Return the results of tasks."""
        return on_workers(self._client, tasks)

    def hold(self, tasks: Sequence[Any]) -> list[Any]:
        """Return tasks whose results stay with the workers that compute them."""
        return list(self._client.persist(list(tasks)))

    def memory(self) -> tuple[str, int]:
        """Return whose memory this is, and how many bytes it has."""
        await_workers(self._client)
        n_workers, memory = memory_of_workers(self._client)
        return f"{n_workers} workers", memory

    def keep(
        self, given: Sequence[Any], make: Callable[[Any, int], Any], rows: Sequence[Any]
    ) -> WorkerParts:
        """Return parts that stay with the workers that make them."""
        is_persisted = all(key in self._client.futures for key in rows)
        return WorkerParts(self._client, kept(given, make, is_counted=not is_persisted))


def place_of(tasks: Sequence[Any]) -> Place:
    """Return where dask would compute these tasks now: on a client's workers, or here."""
    client = client_for(tasks)
    return Here() if client is None else OnWorkers(client)


class DaskParts:
    """Parts that are computed anew whenever they are asked.

    Parameters
    ----------
    tasks : sequence of delayed objects
        The parts.
    rows : sequence of keys
        Those of the rows in the user's own collection.
    known_bytes : int, optional
        The size of all rows, where it is known before they are read.
    """

    def __init__(
        self, tasks: Sequence[Any], rows: Sequence[Any] = (), known_bytes: int | None = None
    ) -> None:
        self.n_parts = len(tasks)
        self._tasks, self._rows, self._known_bytes = list(tasks), rows, known_bytes
        self._held: list[Any] | None = None
        self._n_bytes: int | None = None

    def each(self, function: Callable[[Any], Any]) -> list[Any]:
        """Return what a function returns of each part.

        What was computed for it is held until parts are made of it, if its size is known and there
        is memory for it: so its source is read once.
        """
        place = place_of(self._tasks)
        if self._known_bytes is not None and _fits(self._known_bytes, place.memory()[1]):
            self._held = place.hold(self._tasks)
        found = place.compute(looked_at(self._held or self._tasks, function))
        self._n_bytes = sum(n_bytes for _, n_bytes in found)
        return [result for result, _ in found]

    def ask(self, question: PartQuestion) -> Answer:
        """Return the answers of all parts, added up by dask along the fixed tree."""
        (answer,) = place_of(self._tasks).compute([answered(self._tasks, question)])
        return total({((self.n_parts - 1).bit_length(), 0): answer}, self.n_parts)

    def made_into(self, make: Callable[[Any, int], Any]) -> Parts:
        """Return parts that are made of these.

        They are kept if they fit into half of the memory there, and otherwise made anew whenever
        they are asked.
        """
        if self._n_bytes is None:
            self.each(_nothing_of)
        assert self._n_bytes is not None
        place, held = place_of(self._tasks), self._held or self._tasks
        self.release()
        whose, memory = place.memory()
        sizes = format_bytes(self._n_bytes), whose, format_bytes(memory)
        if _fits(self._n_bytes, memory):
            log.info("Checked rows, %s, are kept in the memory of %s, %s.", *sizes)
            return place.keep(held, make, self._rows)
        log.info(
            "Checked rows, %s, exceed half of the memory of %s, %s, and are read anew in each "
            "pass.",
            *sizes,
        )
        return DaskParts(made(self._tasks, make, n_threads=1), self._rows)

    def release(self) -> None:
        """Give back what is held."""
        self._held = None


def _fits(n_bytes: int, memory: int) -> bool:
    """Whether so many bytes may be kept in a memory of so many."""
    return n_bytes <= MOST_FILLED * memory


def _nothing_of(part: Any) -> None:
    """Return nothing."""

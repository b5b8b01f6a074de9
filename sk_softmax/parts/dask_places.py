"""Where dask computes tasks, and keeps parts: on the workers of a client, or in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import dask

from sk_softmax.parts.dask_clients import await_workers, client_for, needs_workers, on_workers
from sk_softmax.parts.dask_memory import memory_here, memory_of_workers
from sk_softmax.parts.dask_tasks import kept, leaf, made
from sk_softmax.parts.dask_workers import WorkerParts
from sk_softmax.parts.local import LocalParts
from sk_softmax.parts.protocol import Parts


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
            if not needs_workers(tasks[0]):
                raise
            raise RuntimeError(
                "Rows were persisted by a dask client that is closed, or that dask is told not to "
                "use. Build and persist the collections with a client that is open, and fit while "
                "it is."
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

"""The client of dask's workers: whether there is one, and what goes wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import CancelledError
from typing import Any

import distributed
from dask.base import get_scheduler

# Seconds in which a first worker has to join, for example one of a cluster that grows on demand.
PATIENCE = 60


def client_for(tasks: Sequence[Any]) -> Any:
    """Return the client on whose workers dask would compute tasks now; None without one."""
    client = getattr(get_scheduler(collections=tasks), "__self__", None)
    if not isinstance(client, distributed.Client):
        return None
    if client.asynchronous:
        raise TypeError(
            "The dask client is asynchronous, and the fit waits for its answers: open it without "
            "asynchronous=True."
        )
    return client


def check_open(client: Any) -> None:
    """Raise an error if a client is closed."""
    if client.status == "closed":
        raise RuntimeError(
            "The dask client was closed before the fit had ended, and the rows are gone with it. "
            "Open a client, build the collections again, and keep it open until fit returns."
        )


def needs_workers(task: Any) -> bool:
    """Whether a task starts from what workers of some client keep, or kept."""
    try:
        return bool(distributed.futures_of(task))
    except CancelledError:
        return True


def await_workers(client: Any) -> None:
    """Wait for a first worker; it is an error if none joins."""
    check_open(client)
    if client.nthreads():
        return
    task = client.submit(int, pure=False)  # a cluster that grows on demand grows
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError as error:
        raise RuntimeError(
            f"The dask client has no worker, and none joined in {PATIENCE} s. Start some, for "
            "example with cluster.scale(2), and fit again."
        ) from error
    finally:
        task.release()


def on_workers(client: Any, tasks: Sequence[Any]) -> list[Any]:
    """Return the results of tasks, computed by workers."""
    check_open(client)
    futures = client.compute(list(tasks))
    wait_for(client, futures)
    return list(client.gather(futures))


def wait_for(client: Any, futures: Sequence[Any]) -> None:
    """Wait for results, which are numbered as partitions are; an error names the partition.

    It is an error if all workers leave meanwhile and none joins.
    """
    is_done = False
    while not is_done:
        await_workers(client)
        try:
            distributed.wait(futures, timeout=PATIENCE)
            is_done = True
        except TimeoutError:
            continue
        except CancelledError as error:
            check_open(client)
            raise _lost(futures) from error
    for number, future in enumerate(futures):
        if future.status == "error":
            _raise(future.exception(), number)
        if future.status != "finished":
            check_open(client)
            raise _lost(futures)


def _lost(futures: Sequence[Any]) -> RuntimeError:
    """Return the error that rows cannot be computed again."""
    number = next((i for i, f in enumerate(futures) if f.status in ("cancelled", "lost")), 0)
    return RuntimeError(
        f"Partition {number} was lost with its worker and cannot be computed again: its rows were "
        "scattered or made by this process, not read from a source. Build the collections from a "
        "source that every worker can read, or scatter again, and fit again."
    )


def _raise(error: BaseException, number: int) -> None:
    """Raise the error of a partition."""
    if isinstance(error, distributed.KilledWorker):
        raise RuntimeError(
            f"Partition {number} cannot be computed: every worker that tried was lost "
            "(KilledWorker), as happens where memory runs out. Make partitions smaller, or give "
            "workers more memory."
        ) from error
    raise error

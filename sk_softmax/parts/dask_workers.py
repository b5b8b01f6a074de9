"""Parts kept by the workers of a running dask client: one call a worker answers a question.

A question is put to each worker that keeps parts by ``Client.run``, and is computed in the
worker's own threads. A task a worker was rejected: its way leads through the batches of messages
of client, scheduler and workers, of which the client sends one in 10 ms. Milliseconds of an empty
question with 16 parts and 2 workers, on two loaded processors: 4.2 by calls, 20 by tasks.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from sk_softmax.parts.dask_balance import moves
from sk_softmax.parts.dask_clients import check_open, on_workers, wait_for
from sk_softmax.parts.dask_tasks import kept_of_kept, looked_at_kept, moved
from sk_softmax.parts.protocol import Answer, PartQuestion
from sk_softmax.parts.tree import Branches, grown, joined, total
from sk_softmax.parts.worker_memory import kept_memory
from sk_softmax.rows import single_threaded_blas

# A question that loses a worker is asked again so often at most, after waits that double from
# FIRST_WAIT seconds: 6 s in all, in which the scheduler hears of a loss that a call met first.
MOST_ATTEMPTS, FIRST_WAIT = 8, 0.05

SECONDS_WITHOUT_TASK = 30.0


class WorkerParts:
    """Parts that workers keep.

    They need not stay with the workers that made them. If one is lost, the scheduler has its parts
    made anew elsewhere, and only they are asked again; the answer is the same to the last bit.

    Parameters
    ----------
    client : distributed.Client
        The client.
    tasks : sequence of delayed objects
        The parts, each a :class:`Kept`.
    """

    is_read_anew = False

    def __init__(self, client: Any, tasks: Sequence[Any]) -> None:
        self.n_parts = len(tasks)
        self._client = client
        self._sign_of_life: Any = None
        self._last_sign = time.monotonic()
        self._futures = client.compute(list(tasks))
        self._settle()
        self._share_out()

    def each(self, function: Callable[[Any], Any]) -> list[Any]:
        """Return what a function returns of each part."""
        return on_workers(self._client, looked_at_kept(self._futures, function))

    def made_into(self, make: Callable[[Any, int], Any]) -> WorkerParts:
        """Return parts that are made of these, and kept too."""
        return WorkerParts(self._client, kept_of_kept(self._futures, make))

    def release(self) -> None:
        """Let the workers drop these parts."""
        for future in self._futures:
            future.release()
        self._futures = []

    def ask(self, question: PartQuestion) -> Answer:
        """Return the answers of all parts, added up along the fixed tree."""
        self._show_life()
        branches: Branches = {}
        missing: Sequence[int] = range(self.n_parts)
        for attempt in range(MOST_ATTEMPTS):
            check_open(self._client)
            if attempt:
                time.sleep(FIRST_WAIT * 2 ** (attempt - 1))
            if attempt or any(future.status != "finished" for future in self._futures):
                self._settle()
            found, missing = self._answers(question, missing)
            branches = joined([branches, *found], self.n_parts)
            if not missing:
                return total(branches, self.n_parts)
        raise RuntimeError(
            f"Partition {missing[0]} was asked {MOST_ATTEMPTS} times, and no worker that keeps it "
            "answered. The workers' logs say why; a fit that begins anew finds its rows where "
            "they are then."
        )

    def _show_life(self) -> None:
        """Submit a task now and then: calls are none, and an idle cluster may close itself."""
        if time.monotonic() - self._last_sign > SECONDS_WITHOUT_TASK:
            self._last_sign = time.monotonic()
            self._sign_of_life = self._client.submit(int, pure=False)

    def _share_out(self) -> None:
        """Move parts from workers that have many of them to those that have few."""
        moving = moves(self._workers, self._client.nthreads())
        for number, worker in moving.items():
            task = moved(self._futures[number], worker)
            self._futures[number] = self._client.compute(task)
        if moving:
            self._settle()

    def _settle(self) -> None:
        """Wait until all parts are made, and find the workers that keep them."""
        wait_for(self._client, self._futures)
        self._keys = [future.key for future in self._futures]
        places = self._client.who_has(self._futures)
        self._workers = [next(iter(places.get(key, ())), "") for key in self._keys]

    def _answers(
        self, question: PartQuestion, numbers: Sequence[int]
    ) -> tuple[list[Branches], list[int]]:
        """Return the branches that hold some parts, and the numbers of parts without answer."""
        keys_of: dict[str, dict[int, Any]] = {}
        for number in numbers:
            worker = self._workers[number]
            if worker:
                keys_of.setdefault(worker, {})[number] = self._keys[number]
        found: list[Branches] = []
        for reply in self._replies(question, keys_of):
            if isinstance(reply, dict):
                found.append(reply)
            elif isinstance(reply, Exception) and not isinstance(reply, OSError):
                raise reply
        # A branch covers the parts from its node down, and only whole branches are answered.
        held = {number for branches in found for number in _covered(branches, self.n_parts)}
        return found, [number for number in numbers if number not in held]

    def _replies(
        self, question: PartQuestion, keys_of: Mapping[str, Mapping[int, Any]]
    ) -> list[Any]:
        """Return what each worker replies: branches, None where a part is missing, or an error.

        All workers are called that the scheduler has now: it would try for 30 s to reach one that
        it was told to call, and that has left.
        """
        try:
            replies: dict[str, Any] = self._client.run(
                answers_there, question, keys_of, self.n_parts, on_error="return"
            )
        except Exception as error:
            check_open(self._client)
            if not isinstance(error, OSError):
                raise
            return []  # the scheduler does not answer
        return list(replies.values())


def _covered(branches: Branches, n_parts: int) -> list[int]:
    """Return the numbers of the parts that branches cover."""
    spans = [range(i << level, min((i + 1) << level, n_parts)) for level, i in branches]
    return [number for span in spans for number in span]


# --- on a worker ---------------------------------------------------------------------------------


async def answers_there(
    question: PartQuestion,
    keys_of: Mapping[str, Mapping[int, Any]],
    n_parts: int,
    dask_worker: Any = None,
) -> Branches | None:
    """Return the fewest branches that hold a worker's parts; None if some part is not there.

    ``keys_of`` gives each worker its parts' numbers and keys. They are asked one after the other
    in one of the worker's threads.
    """
    keys = keys_of.get(dask_worker.address)
    if keys is None:
        return None
    loop, threads = asyncio.get_running_loop(), dask_worker.executors["default"]
    return await loop.run_in_executor(
        threads, _branches, question, dask_worker.data, keys, n_parts
    )


def _branches(
    question: PartQuestion, data: Mapping[Any, Any], keys: Mapping[int, Any], n_parts: int
) -> Branches | None:
    if not all(key in data for key in keys.values()):
        return None
    answers = ((number, question(data[key].part)) for number, key in keys.items())
    with single_threaded_blas(), kept_memory, np.errstate(all="ignore"):
        return grown(answers, n_parts)

"""Workers in this process to which everything is sent as bytes, and which count them.

A question goes out to every worker in one message. Each worker adds up the answers of its parts
and sends one message back: to the caller, or up a binary tree of workers, whose root answers.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sk_softmax.parts.protocol import Answer, PartQuestion
from sk_softmax.parts.tree import Branches, grown, joined, total


@dataclass
class Flow:
    """Messages over one kind of link."""

    messages: int = 0
    envelope: int = 0
    """Bytes of pickles without the numbers of arrays."""

    payload: int = 0
    """Bytes of the numbers of arrays, which are sent beside the pickle (protocol 5)."""

    @property
    def bytes(self) -> int:
        return self.envelope + self.payload

    def __iadd__(self, other: Flow) -> Flow:
        self.messages += other.messages
        self.envelope += other.envelope
        self.payload += other.payload
        return self


@dataclass
class Traffic:
    """What was sent since the workers began."""

    out: Flow = field(default_factory=Flow)
    """From the caller to the workers."""

    between: Flow = field(default_factory=Flow)
    """From worker to worker."""

    back: Flow = field(default_factory=Flow)
    """From workers to the caller."""

    questions: list[PartQuestion] = field(default_factory=list, compare=False)
    """All that were asked, in order."""


def sent(value: Any) -> tuple[Any, Flow]:
    """Return a value as it arrives, and the bytes that it took in no message of its own."""
    buffers: list[pickle.PickleBuffer] = []
    envelope = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    arrived = [bytearray(buffer.raw()) for buffer in buffers]
    flow = Flow(0, len(envelope), sum(map(len, arrived)))
    return pickle.loads(envelope, buffers=arrived), flow


class CountingWorkers:
    """Parts that lie on workers, consecutive ones on the same worker.

    Parameters
    ----------
    parts : sequence
        The parts, in the order of their rows.
    edges : sequence of int
        Numbers of the first part of each worker, ascending from 0.
    by_tree : bool
        Whether answers go up a tree of workers; otherwise each goes to the caller.
    """

    is_read_anew = False

    def __init__(
        self,
        parts: Sequence[Any],
        edges: Sequence[int],
        *,
        by_tree: bool,
        traffic: Traffic | None = None,
    ) -> None:
        self._parts, self._edges, self._by_tree = parts, [*edges, len(parts)], by_tree
        self.n_parts, self.n_workers = len(parts), len(edges)
        self.traffic = Traffic() if traffic is None else traffic

    def each(self, function: Callable[[Any], Any]) -> list[Any]:
        """Return what a function returns of each part."""
        found: list[Any] = []
        for worker in range(self.n_workers):
            arrived = self._told(function)
            own = [arrived(self._parts[number]) for number in self._numbers(worker)]
            own, flow = sent(own)
            self.traffic.back += flow
            self.traffic.back.messages += 1
            found += own
        return found

    def ask(self, question: PartQuestion) -> Answer:
        """Return the answers of all parts, added up."""
        back = self.traffic.back
        self.traffic.questions.append(question)
        if self._by_tree:
            size = 2 ** (self.n_workers - 1).bit_length()
            held = self._passed_on(self._sum_of(question, 0, size), back)
        else:
            held = {}
            for worker in range(self.n_workers):
                arrived = self._passed_on(self._own_sum(question, worker), back)
                held = joined([held, arrived], self.n_parts)
        return total(held, self.n_parts)

    def made_into(self, make: Callable[[Any, int], Any]) -> CountingWorkers:
        """Return parts that are made of these on the same workers; it is not counted."""
        parts = [make(part, number) for number, part in enumerate(self._parts)]
        edges = self._edges[:-1]
        return CountingWorkers(parts, edges, by_tree=self._by_tree, traffic=self.traffic)

    def release(self) -> None:
        """Nothing is to be given back."""

    def _numbers(self, worker: int) -> range:
        return range(self._edges[worker], self._edges[worker + 1])

    def _told(self, function: Any) -> Any:
        """Return a function as it arrives at a worker."""
        arrived, flow = sent(function)
        self.traffic.out += flow
        self.traffic.out.messages += 1
        return arrived

    def _own_sum(self, question: PartQuestion, worker: int) -> Branches:
        """Return the answers of a worker's own parts, added up as far as they go."""
        arrived = self._told(question)
        answers = ((number, arrived(self._parts[number])) for number in self._numbers(worker))
        return grown(answers, self.n_parts)

    def _sum_of(self, question: PartQuestion, first: int, size: int) -> Branches:
        """Return the sum of so many workers, which the first of them holds.

        It asks the first half, is sent the sum of the second half by the first worker of that, and
        adds it. The halves are summed one after the other, so that few sums are held at a time.
        """
        if size == 1:
            return self._own_sum(question, first)
        half = size // 2
        branches = self._sum_of(question, first, half)
        if first + half < self.n_workers:
            others = self._sum_of(question, first + half, half)
            arrived = self._passed_on(others, self.traffic.between)
            branches = joined([branches, arrived], self.n_parts)
        return branches

    def _passed_on(self, branches: Branches, link: Flow) -> Branches:
        """Return branches as they arrive in one message, each in a frame of its own."""
        arrived: Branches = {}
        for branch in branches.items():
            (node, answer), flow = sent(branch)
            link += flow
            arrived[node] = None if answer is None else tuple(map(_as_made_here, answer))
        link.messages += 1
        return arrived


def _as_made_here(value: Any) -> Any:
    """Return an array that was sent with the dtype object of arrays that were not.

    Its own dtype object would be pickled beside that of others when it is sent again.
    """
    is_array = isinstance(value, np.ndarray) and value.dtype == np.float64
    return value.view(np.float64) if is_array else value

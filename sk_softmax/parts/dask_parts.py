"""Parts that dask computes whenever they are asked: those given, and those that are not kept."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from dask.utils import format_bytes

from sk_softmax.parts.dask_memory import fits
from sk_softmax.parts.dask_places import place_of
from sk_softmax.parts.dask_tasks import answered, looked_at, made, measured, with_bytes
from sk_softmax.parts.protocol import Answer, PartQuestion, Parts
from sk_softmax.parts.tree import total

log = logging.getLogger("sk_softmax")


class DaskParts:
    """Parts that are computed anew whenever they are asked.

    Parameters
    ----------
    tasks : sequence of delayed objects
        The parts.
    """

    is_read_anew = True

    def __init__(self, tasks: Sequence[Any]) -> None:
        self.n_parts = len(tasks)
        self.tasks = list(tasks)

    def each(self, function: Callable[[Any], Any]) -> list[Any]:
        """Return what a function returns of each part."""
        return place_of(self.tasks).compute(looked_at(self.tasks, function))

    def ask(self, question: PartQuestion) -> Answer:
        """Return the answers of all parts, added up by dask along the fixed tree."""
        (answer,) = place_of(self.tasks).compute([answered(self.tasks, question)])
        return total({((self.n_parts - 1).bit_length(), 0): answer}, self.n_parts)

    def made_into(self, make: Callable[[Any, int], Any]) -> Parts:
        """Return parts that are made of these whenever they are asked."""
        return DaskParts(made(self.tasks, make, n_threads=1))

    def release(self) -> None:
        """Nothing is kept."""


class GivenDaskParts(DaskParts):
    """Parts as a user gave them.

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
        self, tasks: Sequence[Any], rows: Sequence[Any], known_bytes: int | None = None
    ) -> None:
        super().__init__(tasks)
        self._as_given, self._rows, self._known_bytes = self.tasks, rows, known_bytes
        self._n_bytes: int | None = None

    def each(self, function: Callable[[Any], Any]) -> list[Any]:
        """Return what a function returns of each part."""
        self._hold()
        found = super().each(with_bytes(function))
        self._n_bytes = sum(n_bytes for _, n_bytes in found)
        return [result for result, _ in found]

    def ask(self, question: PartQuestion) -> Answer:
        """Return the answers of all parts, added up by dask along the fixed tree."""
        self._hold()
        if self._n_bytes is not None:
            return super().ask(question)
        *answer, n_bytes = super().ask(measured(question))
        self._n_bytes = int(n_bytes)
        return tuple(answer)

    def made_into(self, make: Callable[[Any, int], Any]) -> Parts:
        """Return parts that are made of these.

        They are kept if they fit into half of the memory there, and otherwise made anew whenever
        they are asked.
        """
        if self._n_bytes is None:
            self.ask(_no_answer)
        assert self._n_bytes is not None
        tasks, place = self.tasks, place_of(self.tasks)
        self.release()
        whose, memory = place.memory()
        sizes = format_bytes(self._n_bytes), whose, format_bytes(memory)
        if fits(self._n_bytes, memory):
            log.info("Checked rows, %s, are kept in the memory of %s, %s.", *sizes)
            return place.keep(tasks, make, self._rows)
        log.info(
            "Checked rows, %s, exceed half of the memory of %s, %s, and are read anew in each "
            "pass.",
            *sizes,
        )
        return super().made_into(make)

    def _hold(self) -> None:
        """Have the parts computed once, until others are made of them.

        So their source is read once. Only if their size is known, and there is memory for them.
        """
        if self.tasks is self._as_given and self._known_bytes is not None:
            place = place_of(self.tasks)
            if fits(self._known_bytes, place.memory()[1]):
                self.tasks = place.hold(self.tasks)

    def release(self) -> None:
        """Give back what is held."""
        self.tasks = self._as_given


def _no_answer(part: Any) -> Answer:
    """Answer nothing."""
    return ()

"""Parts that are read anew in each pass, one after the other, and dropped when they have answered.

No more than one part is in memory, so that a fit's memory does not depend on how many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any, Protocol

from sk_softmax.parts.protocol import Answer, PartQuestion
from sk_softmax.parts.reading_speed import ReadingSpeed
from sk_softmax.parts.tree import grown, joined, total

# More parts than there are: as long as their number is not known, every part may have a sibling.
UNKNOWN = 2**62


class Source(Protocol):
    """Where parts come from, as often as they are asked for."""

    speed: ReadingSpeed
    """What has been read."""

    def read(self) -> Generator[Any]:
        """Yield the parts in the order of their rows, the same ones in every pass."""
        ...


class PartsReadAnew:
    """Parts that a source yields in each pass; one pass answers one question.

    Parameters
    ----------
    source : Source
        Where the parts come from.
    steps : tuple of callables
        What is made of each, one after the other, from the part and its number.
    """

    is_read_anew = True

    def __init__(self, source: Source, steps: tuple[Callable[[Any, int], Any], ...] = ()) -> None:
        self.source = source
        self._steps = steps
        self.n_parts = 0
        """How many there were in the last pass; zero before the first."""

    def _answers(self, function: Callable[[Any], Any]) -> Iterator[tuple[int, Any]]:
        """Yield the number of each part, and what a function returns of it."""
        number = 0
        with closing(self.source.read()) as parts:  # files are closed after an error too
            for part in parts:
                for step in self._steps:
                    part = step(part, number)
                answer = function(part)
                del part  # before the next is read
                yield number, answer
                number += 1
        self.n_parts = number

    def each(self, function: Callable[[Any], Any]) -> list[Any]:
        """Return what a function returns of each part."""
        return [answer for _, answer in self._answers(function)]

    def ask(self, question: PartQuestion) -> Answer:
        """Return the answers of all parts, added up as they come."""
        branches = grown(self._answers(question), UNKNOWN)
        return total(joined([branches], self.n_parts), self.n_parts)

    def made_into(self, make: Callable[[Any, int], Any]) -> PartsReadAnew:
        """Return parts that are made of these in each pass."""
        return PartsReadAnew(self.source, (*self._steps, make))

    def release(self) -> None:
        """Nothing is to be given back, because nothing is kept."""

"""Parts in the memory of this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sk_softmax.parts.protocol import Answer, PartQuestion
from sk_softmax.parts.tree import grown, total


class LocalParts:
    """Parts in a sequence, asked one after the other.

    Parameters
    ----------
    parts : sequence
        The parts, in the order of their rows; at least one.
    """

    is_read_anew = False

    def __init__(self, parts: Sequence[Any]) -> None:
        self._parts = parts
        self.n_parts = len(parts)

    def each(self, function: Callable[[Any], Any]) -> list[Any]:
        """Return what a function returns of each part."""
        return [function(part) for part in self._parts]

    def ask(self, question: PartQuestion) -> Answer:
        """Return the answers of all parts, added up."""
        answers = ((number, question(part)) for number, part in enumerate(self._parts))
        return total(grown(answers, self.n_parts), self.n_parts)

    def made_into(self, make: Callable[[Any, int], Any]) -> LocalParts:
        """Return parts that are made of these, and kept."""
        return LocalParts([make(part, number) for number, part in enumerate(self._parts)])

    def release(self) -> None:
        """Nothing is to be given back: what is kept is dropped with this object."""

"""What every place offers where parts lie: in memory, in a file, on the workers of a cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

Answer: TypeAlias = tuple[Any, ...]
"""What a part answers: numbers and arrays, which are added up, and lists, which are joined."""

PartQuestion: TypeAlias = Callable[[Any], Answer | None]
"""A function from a part to its answer; a partial of a module-level function, to be pickled.

A part without rows has no answer.
"""


class Parts(Protocol):
    """Numbered objects that lie apart: the parts of a data set, in the order of their rows."""

    n_parts: int

    is_read_anew: bool
    """Whether every question reads all rows again, however few of them it looks at."""

    def each(self, function: Callable[[Any], Any]) -> list[Any]:
        """Return what a function returns of each part, in the order of the parts.

        The results are brought to the caller, so they should be small.
        """
        ...

    def ask(self, question: PartQuestion) -> Answer:
        """Return the answers of all parts, added up one fixed tree over their numbers.

        The order of the sum depends on neither where the parts lie nor how many workers add.
        """
        ...

    def made_into(self, make: Callable[[Any, int], Any]) -> Parts:
        """Return parts that are made of these, from the part and its number.

        They are kept where they lie if there is memory for them, and otherwise made anew in each
        pass.
        """
        ...

    def release(self) -> None:
        """Give back what is kept of these parts."""
        ...

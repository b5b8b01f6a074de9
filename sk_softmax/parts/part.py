"""A part of a data set, and the forms in which its rows are read."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from sk_softmax.objective import DataTerm

# Forms of its rows that a part keeps: those of one objective in float64, narrowed, and with the
# features of a working set. A form with some features may hold a copy of them.
MOST_KEPT = 3

_numbers = itertools.count()


@dataclass(frozen=True, eq=False)
class Step:
    """One step from rows as they are given to the form in which they are read."""

    kind: Literal["shifted", "columns", "narrowed", "widened", "folded"]
    """A method of rows; the last is one of rows that are split among folds."""

    value: Any = None
    """Its argument, if it has one."""

    number: int = field(default_factory=lambda: next(_numbers))
    """Tells steps apart, so that a part knows the forms that it keeps."""

    def of(self, data: Any) -> Any:
        """Return the data term of rows after this step."""
        if self.kind == "columns":
            return data.of_features(self.value)
        if self.kind == "folded":
            return data.folded(self.value)
        arguments = () if self.value is None else (self.value,)
        return data.on(getattr(data.rows, self.kind)(*arguments))


View: TypeAlias = Sequence[Step]
"""The steps to the form in which rows are read, from that in which they are given."""


class Part:
    """The data term of a part of all rows, or what the data terms of all folds are made of.

    Parameters
    ----------
    data : DataTerm, object with a method ``folded``, or None
        Rows in the form in which they are given, with ``first_row`` and ``n_rows`` set. None if
        the part has no rows.
    """

    def __init__(self, data: Any) -> None:
        self._data = _without_spread(data)
        self._kept: dict[tuple[int, ...], Any] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: no form that is made from another."""
        return {"_data": self._data, "_kept": {}}

    @property
    def is_empty(self) -> bool:
        """Whether the part has no rows."""
        return self._data is None

    def seen(self, view: View) -> Any:
        """Return the data term of rows in this form, which is kept for the next question."""
        key = tuple(step.number for step in view)
        if not key:
            assert not self.is_empty
            return self._data
        found = self._kept.pop(key, None)
        if found is None:
            found = _without_spread(view[-1].of(self.seen(view[:-1])))
        self._kept[key] = found  # now the last that was asked for
        while len(self._kept) > MOST_KEPT:
            self._kept.pop(next(iter(self._kept)))
        return found


def _without_spread(data: Any) -> Any:
    """Have a term keep no spread: its bits would depend on whether params come as a copy."""
    if isinstance(data, DataTerm):
        data.keeps_spread = False
    return data


def answer(part: Part, view: View, question: Any) -> tuple[Any, ...] | None:
    """Return a part's answer to a question about its rows in some form; None if it has none."""
    if part.is_empty:
        return None
    found: tuple[Any, ...] = question(part.seen(view))
    return found

"""A user's rows in parts, as they were given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sk_softmax.parts.protocol import Parts


@dataclass(frozen=True, eq=False)
class GivenPart:
    """One part as it was given, before anything is checked."""

    number: int
    """Among all parts."""

    X: Any
    y: Any
    sample_weight: Any = None
    offset: Any = None


@dataclass(frozen=True, eq=False)
class Collection:
    """All parts as they were given."""

    parts: Parts
    """Where they are; each is a :class:`GivenPart`."""

    template: Any
    """No rows, or a few, with the columns and column names of all."""

    y_columns: Any
    """Names of the columns of ``y`` where they are classes; None where it has no names."""

    has_weights: bool
    has_offset: bool
    word: str
    """What an error calls a part: "partition", "chunk"."""

    classes: Any = None
    """The labels, where they are known before any part is read."""

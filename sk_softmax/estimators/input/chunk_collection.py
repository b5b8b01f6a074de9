"""A user's chunks as rows in parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sk_softmax.estimators.input.label_types import declared_classes
from sk_softmax.parts import ChunkPasses, Chunks, Collection, PartsReadAnew, columns_of


def collection_of_chunks(
    chunks: Chunks, beside: dict[str, Any], tell: Callable[[str], object] | None
) -> Collection:
    """Return chunks as rows in parts, read anew in each pass.

    Parameters
    ----------
    chunks : Chunks
        The rows.
    beside : dict of str to object
        What else was passed to ``fit``, by name; all has to be None.
    tell : callable or None
        Is given lines about the rows that are read a second.
    """
    for name, value in beside.items():
        if value is not None:
            raise TypeError(
                f"{name} is in the chunks where X are Chunks, and must not be passed beside them: "
                "a chunk is (X, y), (X, y, sample_weight) or (X, y, sample_weight, offset)."
            )
    passes = ChunkPasses(chunks)
    passes.speed.tell = tell
    first = passes.first()
    y_columns = columns_of(first.y)
    classes = None if chunks.classes is None else declared_classes(chunks.classes)
    if y_columns is None and chunks.classes is not None:
        y_columns = np.asarray(chunks.classes).tolist()
    return Collection(
        PartsReadAnew(passes),
        _without_rows(first.X) if chunks.template is None else chunks.template,
        y_columns,
        first.sample_weight is not None,
        first.offset is not None,
        "chunk",
        classes,
    )


def _without_rows(X: Any) -> Any:
    """Return the columns of a chunk without its rows; a frame stays one."""
    return X[:0] if hasattr(X, "shape") else np.asarray(X)[:0]

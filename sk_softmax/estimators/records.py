"""The records of an estimator: one per iteration of a fit, or one per chunk of a stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from sk_softmax.interfaces import IterationRecord

# Calls of partial_fit whose records are kept, 2.6 MB: a stream may never end.
MOST_RECORDS = 10_000


def with_chunk(
    records: Sequence[IterationRecord], value: float, seconds: float
) -> list[IterationRecord]:
    """Return the records of a stream after one more chunk, the latest MOST_RECORDS of them.

    Parameters
    ----------
    records : sequence of IterationRecord
        One for each chunk before; none at the start of a stream.
    value : float
        The mean of the objective over the chunk's minibatches, in nats a row.
    seconds : float
        How long the chunk took.
    """
    before = records[-1] if records else None
    n_chunks = 1 if before is None else before.iteration + 1
    record = IterationRecord(
        iteration=n_chunks,
        value=value,
        gradient_norm=np.nan,
        step_size=np.nan,
        passes=n_chunks,
        seconds=seconds + (0.0 if before is None else before.seconds),
    )
    return [*records, record][-MOST_RECORDS:]


def by_column(records: Sequence[IterationRecord]) -> dict[str, list[float]]:
    """Return the records as a dict of lists, one for each field."""
    names = [field.name for field in fields(IterationRecord)]
    return {name: [getattr(record, name) for record in records] for name in names}

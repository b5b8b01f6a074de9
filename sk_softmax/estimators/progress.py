"""The lines that a fit prints with ``verbose``."""

from __future__ import annotations

from functools import partial

import numpy as np

from sk_softmax.fitting.driver import Observer, ParamsThere
from sk_softmax.fitting.parted_training import PartedTrainingSet
from sk_softmax.fitting.prepared import AnyTrainingSet
from sk_softmax.interfaces import IterationRecord
from sk_softmax.parts import PartsReadAnew, ReadingSpeed


def progress_of(training: AnyTrainingSet) -> Observer:
    """Return the observer that prints one line for each iteration of a fit to these rows.

    Where rows are read anew in each pass, a line says how many were read a second.
    """
    if isinstance(training, PartedTrainingSet):
        parts = training.given_parts
        if isinstance(parts, PartsReadAnew):
            return partial(print_progress, speed=parts.source.speed)
    return print_progress


def print_progress(
    record: IterationRecord, params: ParamsThere, speed: ReadingSpeed | None = None
) -> bool:
    """Print one line for an iteration; return False, because printing never stops a fit."""
    line = (
        f"{record.iteration:6d}  F {record.value:.8g}  |gradient| {record.gradient_norm:.2e}  "
        f"step {record.step_size:.2e}  {record.passes:.1f} passes  {record.seconds:.2f} s"
    )
    if speed is not None:
        line += speed.since_asked()
    if not np.isnan(record.validation_loss):
        line += (
            f"  validation: loss {record.validation_loss:.6g}, "
            f"accuracy {record.validation_accuracy:.4f}"
        )
    print(line)
    return False

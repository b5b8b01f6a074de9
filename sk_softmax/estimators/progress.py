"""The lines that a fit prints with ``verbose``."""

from __future__ import annotations

import numpy as np

from sk_softmax.fitting.driver import ParamsThere
from sk_softmax.interfaces import IterationRecord


def print_progress(record: IterationRecord, params: ParamsThere) -> bool:
    """Print one line for an iteration; return False, because printing never stops a fit."""
    line = (
        f"{record.iteration:6d}  F {record.value:.8g}  |gradient| {record.gradient_norm:.2e}  "
        f"step {record.step_size:.2e}  {record.passes:.1f} passes  {record.seconds:.2f} s"
    )
    if not np.isnan(record.validation_loss):
        line += (
            f"  validation: loss {record.validation_loss:.6g}, "
            f"accuracy {record.validation_accuracy:.4f}"
        )
    print(line)
    return False

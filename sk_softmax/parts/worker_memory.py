"""Memory that a question frees and takes again in each block of rows, kept while it is answered.

dask's nannies start workers with ``MALLOC_TRIM_THRESHOLD_=65536``: the C library gives memory back
to the kernel as soon as it is freed, and with it the logits of every block. An evaluation of
500,000 rows with 50 features and 5 classes took 8,774 page faults on two workers and 1.5 times the
processor time that it takes in memory; without the setting 1 fault and 1.2 times.
"""

from __future__ import annotations

import ctypes
import os
import threading
from typing import Any

SETTING = "MALLOC_TRIM_THRESHOLD_"

# The parameters' numbers in malloc.h of the GNU C library, and the threshold from which it maps
# memory of its own for an array: that which holds once the other is set, and one above any array
# of a block.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
MAPPED_FROM, MAPPED_FROM_HERE = 2**17, 2**25
TRIMMED_FROM_HERE = 2**30


class _KeptMemory:
    """Has the C library keep freed memory while one or more questions are inside.

    Where a process was started without the setting, or with another C library, nothing changes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                _set(TRIMMED_FROM_HERE, MAPPED_FROM_HERE)
            self._inside += 1

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                trimmed_from = os.environ.get(SETTING, "")
                mapped_from = os.environ.get("MALLOC_MMAP_THRESHOLD_", str(MAPPED_FROM))
                if trimmed_from.isdecimal() and mapped_from.isdecimal():
                    _set(int(trimmed_from), int(mapped_from))


def _set(trimmed_from: int, mapped_from: int) -> None:
    """Set the bytes from which freed memory is given back, and from which arrays are mapped."""
    if not os.environ.get(SETTING, "").isdecimal() or _mallopt is None:
        return
    _mallopt(M_TRIM_THRESHOLD, trimmed_from)
    _mallopt(M_MMAP_THRESHOLD, mapped_from)


def _found() -> Any:
    """Return the function of the GNU C library; None where there is another one."""
    try:
        return ctypes.CDLL(None).mallopt if ctypes.CDLL(None).gnu_get_libc_version else None
    except (AttributeError, OSError, TypeError):
        return None


_mallopt = _found()

kept_memory = _KeptMemory()
"""A context in which freed memory is kept; several threads may be inside."""

"""Whether a file's rows fit into the memory that is free."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from sk_softmax.demonstration.csv_file import GZIP
from sk_softmax.demonstration.reading import PARQUET

COMPRESSED = 4
"""Bytes of numbers for each byte of a file that is compressed, as Parquet is too."""

SHARE = 4
"""A table is read whole if it takes at most one in so many bytes that are free: the folds of a
cross-validation and the library that reads it take as many again."""


def bytes_of_rows(path: Path) -> int:
    """Return about how many bytes the rows of a file take in memory."""
    size = path.stat().st_size
    with path.open("rb") as file:
        begin = file.read(len(PARQUET))
    return size * COMPRESSED if begin == PARQUET or begin[:2] == GZIP else size


def free_bytes() -> int | None:
    """Return how many bytes of memory are free, and allowed; None if that is not known."""
    known = [n for n in (_of_machine(), _of_control_group()) if n is not None]
    return min(known) if known else None


def _of_machine() -> int | None:
    with suppress(OSError, IndexError, ValueError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    with suppress(AttributeError, OSError, ValueError):
        return int(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2)
    return None


def _of_control_group() -> int | None:
    """Return what a container may still take; None without a limit."""
    group = Path("/sys/fs/cgroup")
    with suppress(OSError, ValueError):
        limit = int((group / "memory.max").read_text())
        return max(limit - int((group / "memory.current").read_text()), 0)
    return None


def why_in_chunks(path: Path) -> str | None:
    """Return why a file is read some rows at a time, in words; None if memory holds it."""
    free = free_bytes()
    if free is None or not path.is_file():
        return None
    needed = bytes_of_rows(path)
    if SHARE * needed <= free:
        return None
    return f"its rows take about {_readable(needed)}, and {_readable(free)} of memory are free"


def _readable(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e8 else f"{n_bytes / 1e6:.1f} MB"

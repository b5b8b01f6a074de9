"""Text of a file, such as the name of a column, as it is printed."""

from __future__ import annotations

LONGEST = 60
"""Most characters of a name to print; the text of a cell has no limit."""


def on_one_line(name: str) -> str:
    """Return a name without line ends, and with its end left out if it is long."""
    line = " ".join(name.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 3] + "..."

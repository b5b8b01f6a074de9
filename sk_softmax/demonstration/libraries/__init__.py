"""The libraries that can read a user's table: one file each, and a table of their names."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from sk_softmax.demonstration.errors import CommandError
from sk_softmax.demonstration.libraries.interface import Library, NotParsed, Parsed

__all__ = ["LIBRARIES", "Library", "NotParsed", "Parsed", "installed_library"]

LIBRARIES = {"polars": "by_polars", "pyarrow": "by_pyarrow", "pandas": "by_pandas"}
"""The module of each library. The first that can be imported reads."""


def installed_library(path: Path) -> tuple[str, Library]:
    """Return the name of the library that is to read a file, and what it does."""
    for name, module in LIBRARIES.items():
        try:
            library: Library = import_module(f"{__name__}.{module}").LIBRARY
        except ImportError:
            continue
        return name, library
    raise CommandError(
        f"{path} cannot be read without polars, pyarrow or pandas; install polars by: "
        'pip install "sk-softmax[cli]"'
    )

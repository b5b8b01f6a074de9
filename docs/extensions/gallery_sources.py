"""The examples as sphinx-gallery wants them: copies whose first sentence is a heading.

The scripts in ``examples/`` are written to be read and run by themselves. They begin with a
sentence, where sphinx-gallery wants a heading, and save their pictures in the folder they run in.
"""

from __future__ import annotations

import ast
import shutil
from pathlib import Path


def written(examples: Path, header: Path, folder: Path) -> Path:
    """Write copies of all examples and of the gallery's header; return their folder."""
    copies = folder / "examples"
    shutil.rmtree(copies, ignore_errors=True)
    copies.mkdir(parents=True)
    shutil.copy(header, copies / "GALLERY_HEADER.rst")
    for path in sorted(examples.glob("*.py")):
        (copies / path.name).write_text(with_heading(path.read_text()))
    return copies


def with_heading(source: str) -> str:
    """Return a script whose docstring's first sentence is a heading and a command a literal."""
    docstring = ast.get_docstring(ast.parse(source), clean=False)
    if docstring is None:
        raise ValueError("An example of the gallery needs a docstring.")
    title, _, rest = docstring.partition("\n")
    title = title.rstrip(".")
    rest = rest.replace("\nRun: ", "\nRun it: ``", 1)
    before, marked, command = rest.partition("Run it: ``")
    if marked:
        command, _, after = command.partition("\n")
        rest = f"{before}{marked}{command}``\n{after}"
    return source.replace(docstring, f"{title}\n{'=' * len(title)}\n{rest}", 1)

"""Which options of the command go together: one without what it refers to is an error."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from sk_softmax.demonstration.errors import CommandError

OF_DATA = ("target", "save", "keep", "inference", "in_chunks", "save_summary")
"""Options that say what to do with a file of data."""

FLAGS = ("inference", "in_chunks", "force")
"""Options without a value."""


def check_use(options: argparse.Namespace) -> None:
    """Raise a :class:`CommandError` for an option without use.

    Parameters
    ----------
    options : argparse.Namespace
        The options of the command, each None, False or empty if it is not given.
    """
    given = {name for name, value in vars(options).items() if value not in (None, False, [])}
    for name in OF_DATA:
        if name in given and "data" not in given:
            raise CommandError(f"{_option(name)} needs a file of data: data.csv {_shown(name)}")
    for holds, message in _RULES:
        if holds(given):
            raise CommandError(message)


_RULES: list[tuple[Callable[[set[str]], bool], str]] = [
    (
        lambda given: "predict" in given and "data" in given,
        "--predict takes the rows of its own file, and data.csv is a file to learn from: give one "
        "of the two",
    ),
    (
        lambda given: "predict" in given and "model" not in given,
        "--predict needs --model, the file that --save has kept",
    ),
    (
        lambda given: "model" in given and "predict" not in given,
        "--model needs --predict, the file of rows to predict",
    ),
    (
        lambda given: "output" in given and "predict" not in given,
        "--output needs --predict, whose labels and probabilities it keeps",
    ),
    (
        lambda given: "save_summary" in given and "inference" not in given,
        "--save-summary needs --inference, whose summary it keeps",
    ),
    (
        lambda given: {"save", "inference"} <= given,
        "--save keeps the tuned pipeline, which --inference does not fit; --save-summary keeps "
        "its summary",
    ),
    (
        lambda given: {"in_chunks", "inference"} <= given,
        "--inference needs all rows in memory, and cannot read --in-chunks",
    ),
    (
        lambda given: {"in_chunks", "keep"} <= given,
        "--keep is about columns that are left out, and --in-chunks leaves none out",
    ),
    (
        lambda given: "force" in given and not given & {"save", "save_summary", "output"},
        "--force needs --save or --save-summary or --output, whose file it is to replace",
    ),
]
"""When options do not go together, and what to say then."""


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _shown(name: str) -> str:
    """Return how to write an option, with a value if it takes one."""
    return _option(name) if name in FLAGS else f"{_option(name)} ..."

"""A summary as a file: a page of HTML to read, or a table of CSV to go on with."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from sk_softmax.demonstration.errors import CommandError
from sk_softmax.inference import Inference
from sk_softmax.inference.chi_square import ChiSquareTests

PAGE, TABLE = (".html", ".htm"), (".csv",)
"""Suffixes of the names of files, which say what is written."""

HEADER = ["class", "column", "coef", "std_err", "z", "p_value", "low", "high"]
"""Columns of the CSV file; the last two are the ends of the interval of 95 %."""

TESTS = "Does a column matter at all? Wald tests over all classes, all values of a text together"
"""Title of the tests."""

STYLE = (
    ":root { color-scheme: light dark } body { font-family: sans-serif; margin: 1.2em; "
    "line-height: 1.35 } td:first-child, th:first-child { position: sticky; left: 0; "
    "background: Canvas }"
)
"""Of the page besides that of the summary: a phone keeps the names of the rows in sight."""


def check_suffix(path: Path) -> None:
    """Raise a :class:`CommandError` for a name that does not say what to write."""
    if path.suffix.lower() not in (*PAGE, *TABLE):
        raise CommandError(f"{path} names no kind of summary: its name ends in .html or .csv")


def as_text(
    path: Path, inference: Inference, tests: ChiSquareTests, told: Sequence[str], names: list[str]
) -> str:
    """Return what a file of this name holds.

    Parameters
    ----------
    path : Path
        The name of the file.
    inference : Inference
        The coefficients.
    tests : ChiSquareTests
        Of the columns; they are on the page only.
    told : sequence of str
        Lines on the data, for the page.
    names : list of str
        Whole names of the columns of coefficients, for the table.
    """
    if path.suffix.lower() in TABLE:
        return _table(inference, names)
    return _page(inference, tests, told)


def _page(inference: Inference, tests: ChiSquareTests, told: Sequence[str]) -> str:
    """Return a document of HTML with everything that is printed."""
    rows = [("", "chi2", "df", "p")]
    rows += [(t.name, f"{t.statistic:.4f}", f"{t.df}", f"{t.p_value:.4g}") for t in tests]
    lines = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows[1:]]
    head = "".join(f"<th>{cell}</th>" for cell in rows[0])
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Softmax regression</title>\n<style>{STYLE}</style>\n</head>\n<body>",
            *(f"<p>{escape(line)}</p>" for line in told),
            inference.summary()._repr_html_(),
            f'<div class="sk-softmax-summary">\n<table>\n<caption>{escape(TESTS)}</caption>',
            f"<tr>{head}</tr>",
            *(f"<tr>{line}</tr>" for line in lines),
            "</table>\n</div>\n</body>\n</html>\n",
        ]
    )


def _table(inference: Inference, names: list[str]) -> str:
    """Return a line of CSV for each class and column, empty where nothing is determined."""
    ends = inference.conf_int()
    figures = [inference.coef, inference.std_err, inference.z, inference.p_value]
    every = np.stack([*figures, ends[..., 0], ends[..., 1]], axis=-1)
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    writer.writerow(HEADER)
    for outcome, rows in zip(inference.outcomes, every.tolist(), strict=True):
        for name, row in zip(names, rows, strict=True):
            writer.writerow([outcome, name, *("" if np.isnan(cell) else cell for cell in row)])
    return lines.getvalue()

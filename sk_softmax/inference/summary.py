"""An inference to look at: what it is of, the fit as a whole, and one table for each class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from sk_softmax.inference.reported import Reported
from sk_softmax.inference.request import KINDS
from sk_softmax.interfaces import Array

MOST_DECIMALS, LARGEST = 9, 1e9
"""Most decimals, and largest number, that are written without an exponent."""


STYLE = (
    ".sk-softmax-summary { overflow-x: auto } "
    ".sk-softmax-summary table { border-collapse: collapse; margin: 0.8em 0; width: auto; "
    "font-variant-numeric: tabular-nums } "
    ".sk-softmax-summary caption { text-align: left; font-weight: bold; "
    "padding: 0.2em 0 } "
    ".sk-softmax-summary th, .sk-softmax-summary td { text-align: right; white-space: nowrap; "
    "padding: 0.1em 0 0.1em 1.2em; min-width: 5.2em } "
    ".sk-softmax-summary th { border-bottom: 1px solid; font-weight: normal } "
    ".sk-softmax-summary th:first-child, .sk-softmax-summary td:first-child { text-align: left; "
    "padding-left: 0 }"
)
"""Of the tables as HTML: in the colours of the page, and wide ones scroll on a phone."""


@dataclass(frozen=True)
class Table:
    """The coefficients of one class."""

    title: str
    heads: tuple[str, ...]
    names: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Summary:
    """Text by ``str`` and ``print``, and HTML in a notebook."""

    title: str
    facts: tuple[tuple[str, str], ...]
    """What is measured, and its value."""

    tables: tuple[Table, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([*self._top(), *self._blocks(), *self.notes])

    def __repr__(self) -> str:
        return str(self)

    def _top(self) -> list[str]:
        """Return the title, and the facts two in a line."""
        lines, half = [self.title], -(-len(self.facts) // 2)
        left, right = self.facts[:half], self.facts[half:]
        wide = [max((len(name) for name, _ in side), default=0) for side in (left, right)]
        deep = max((len(value) for _, value in left), default=0)
        for number, (name, value) in enumerate(left):
            line = f"{name:{wide[0]}}  {value:>{deep}}"
            if number < len(right):
                line += f"    {right[number][0]:{wide[1]}}  {right[number][1]}"
            lines.append(line)
        return lines

    def _blocks(self) -> list[str]:
        """Return the tables, all with columns of one width."""
        if not self.tables:
            return []
        heads = self.tables[0].heads
        name_width = max(len(name) for table in self.tables for name in table.names)
        widths = [
            max(len(head), *(len(row[place]) for table in self.tables for row in table.cells))
            for place, head in enumerate(heads)
        ]
        rule = "-" * (name_width + sum(widths) + 2 * len(widths))
        lines = []
        for table in self.tables:
            lines += [rule, table.title]
            rows = [("", heads), *zip(table.names, table.cells, strict=True)]
            for name, cells in rows:
                values = (f"  {cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
                lines.append(f"{name:{name_width}}" + "".join(values))
        return [*lines, rule]

    def _repr_html_(self) -> str:
        parts = [f"<p><b>{escape(self.title)}</b></p>", f"<style>{STYLE}</style>"]
        parts += ['<div class="sk-softmax-summary">', "<table>"]
        for name, value in self.facts:
            parts.append(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>")
        parts.append("</table>")
        for table in self.tables:
            parts += ["<table>", f"<caption>{escape(table.title)}</caption>"]
            parts.append(_html_row("th", ("", *table.heads)))
            for name, cells in zip(table.names, table.cells, strict=True):
                parts.append(_html_row("td", (name, *cells)))
            parts.append("</table>")
        parts += ["</div>", *(f"<p>{escape(note)}</p>" for note in self.notes)]
        return "\n".join(parts)


def _html_row(tag: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def summary_of(inference: Reported, level: float) -> Summary:
    """Return the summary of an inference, with intervals of this level."""
    title = "Softmax regression: maximum likelihood"
    if inference.is_penalised:
        title = (
            "PENALISED softmax regression: an L2 penalty draws coefficients towards zero; errors "
            f"are of the {inference.request.penalised} distribution"
        )
    facts = [*_counts(inference), *_of_likelihood(inference)]
    return Summary(title, tuple(facts), _tables(inference, level), tuple(_notes(inference)))


def _counts(inference: Reported) -> list[tuple[str, str]]:
    """Return what was counted, and how the covariance was estimated."""
    facts = [
        ("Observations", f"{inference.n_observations:g}"),
        ("Coefficients", f"{inference.n_parameters}"),
        ("Df model", f"{inference.df_model}"),
        ("Df residuals", f"{inference.df_resid:g}"),
        ("Covariance", inference.request.covariance),
    ]
    if inference.n_clusters is not None:
        facts.append(("Clusters", f"{inference.n_clusters}"))
    return facts


def _of_likelihood(inference: Reported) -> list[tuple[str, str]]:
    """Return what is known of the likelihood; less where it is none."""
    likelihood = inference.likelihood
    name = "Log pseudolikelihood" if likelihood.why_not else "Log likelihood"
    facts = [(name, f"{inference.log_likelihood:.4f}")]
    if likelihood.has_intercept:
        facts.append((f"{name}, null", f"{likelihood.null:.4f}"))
        facts.append(("McFadden's pseudo R2", f"{inference.pseudo_r2.mcfadden:.5f}"))
    if not likelihood.why_not:
        facts += [("AIC", f"{inference.aic:.4f}"), ("BIC", f"{inference.bic:.4f}")]
    return facts


def _tables(inference: Reported, level: float) -> tuple[Table, ...]:
    """Return one table a class."""
    percent = f"{100 * level:g}%"
    heads = ["coef", "std err", "z", f"[{percent}", f"{percent}]"]
    ends = inference.conf_int(level)
    columns = [inference.coef, inference.std_err, inference.z, ends[..., 0], ends[..., 1]]
    if inference.has_p_values:
        heads.insert(3, "p")
        columns.insert(3, inference.p_value)
    every = np.stack(columns, axis=-1)
    outcomes = inference.outcomes
    titles = [_title(inference, outcome) for outcome in outcomes]
    return tuple(
        Table(title, tuple(heads), inference.columns, _cells(rows, heads))
        for title, rows in zip(titles, every, strict=True)
    )


def _title(inference: Reported, outcome: Any) -> str:
    """Return the title of a class's table, on one line whatever the labels hold."""
    title = f"{outcome} against {inference.reference}"
    if inference.reference == "mean" and len(inference.outcomes) == len(inference.classes):
        title = f"{outcome} against the mean of all classes"
    return " ".join(title.split())


def _cells(rows: Array, heads: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return the cells of a table; coefficients that are not determined have none.

    All numbers of a row are rounded to four digits of its standard error, and written with an
    exponent if they would take more than ``MOST_DECIMALS`` decimals or be above ``LARGEST``.
    """
    return tuple(_row(row, heads) for row in rows)


def _row(row: Array, heads: Sequence[str]) -> tuple[str, ...]:
    """Return the cells of one coefficient."""
    std_err = row[heads.index("std err")]
    decimals = 4
    if np.isfinite(std_err) and std_err > 0:
        decimals = 3 - int(np.floor(np.log10(std_err)))
    measured = [value for value, head in zip(row, heads, strict=True) if head not in ("z", "p")]
    is_long = decimals > MOST_DECIMALS or bool((np.abs(measured) > LARGEST).any())
    write = _with_exponent if is_long else _without_exponent
    cells = []
    for value, head in zip(row, heads, strict=True):
        if np.isnan(value):
            cells.append("")
        elif head in ("z", "p"):
            is_tiny = head == "p" and value < 1e-4
            cells.append(f"{value:.1e}" if is_tiny else f"{value:.{ {'z': 3, 'p': 4}[head] }f}")
        else:
            cells.append(write(value, decimals))
    return tuple(cells)


def _without_exponent(value: float, decimals: int) -> str:
    return f"{value:.{max(decimals, 0)}f}"


def _with_exponent(value: float, decimals: int) -> str:
    """Return a number rounded to so many decimals, which may be negative, with an exponent."""
    if value == 0 or not np.isfinite(value):
        return f"{value:g}"
    digits = int(np.floor(np.log10(abs(value)))) + decimals
    return f"{value:.{min(max(digits, 0), 16)}e}"


def _notes(inference: Reported) -> list[str]:
    """Return sentences on what a reader has to know."""
    request = inference.request
    notes = [f"Standard errors: {KINDS[request.covariance]}."]
    if request.covariance in ("HC1", "cluster") and request.small_sample == "stata":
        notes = [f"Standard errors: {KINDS[request.covariance]}; factor as in Stata."]
    if len(inference.classes) > 2 and inference.reference == "mean":
        notes.append(
            "Coefficients add up to zero over the classes: their covariance is singular, of rank "
            f"{inference.n_parameters}."
        )
    if inference.dependent_columns:
        names = ", ".join(inference.dependent_columns)
        notes.append(
            f"Not determined, because each depends linearly on others: {names}. Probabilities and "
            "tests that do not depend on the choice are given."
        )
    if not inference.has_p_values:
        notes.append("No p-values, because of the penalty; allow_penalty=True gives them.")
    notes.append(
        f"The coefficients moved by at most {inference.moved:.2g} standard errors from the fit to "
        "the optimum."
    )
    return notes

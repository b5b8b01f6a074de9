"""How sure the coefficients of a user's own file are: the summary that ``--inference`` prints."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sk_softmax.demonstration.errors import CommandError
from sk_softmax.demonstration.left_out import described, without_useless
from sk_softmax.demonstration.one_line import on_one_line
from sk_softmax.demonstration.own_units import MOST_CATEGORIES, OwnUnits, in_own_units
from sk_softmax.demonstration.saving import Place
from sk_softmax.demonstration.summary_file import TESTS, as_text, check_suffix
from sk_softmax.demonstration.table import Table, read_table
from sk_softmax.estimators import SoftmaxRegression
from sk_softmax.inference import Inference, Separation, detect_separation
from sk_softmax.inference.chi_square import ChiSquareTests
from sk_softmax.inference.reported import column_names

NAMED = 10
"""Most pairs of classes, and most features, that a message names."""


def show_standard_errors(
    path: Path,
    target: str | None,
    save: Path | None = None,
    force: bool = False,
    keep: Sequence[str] = (),
) -> None:
    """Print the summary of an unpenalised model of a user's file, and save it.

    The comparison with ``LogisticRegression`` is not run: it standardises and penalises.

    Parameters
    ----------
    path : Path
        A CSV file with a header, or a Parquet file.
    target : str or None
        The column of labels.
    save : Path, optional
        Where to save the summary, by the suffix of its name as HTML or as CSV.
    force : bool, default=False
        Whether a file that is there may be replaced; the input never is.
    keep : sequence of str, optional
        Columns that are not left out, whatever they hold; without two values they are all the
        same.

    Raises
    ------
    CommandError
        If the file, the column or its labels cannot be used, or the place to save to; and if the
        coefficients have no standard errors, as where classes are separated. It says why.
    """
    if save is not None:
        check_suffix(save)
    place = None if save is None else Place(save, [path], force)
    table, why = without_useless(read_table(path, target), keep)
    columns = in_own_units(table)
    told = [*_told(table, columns, path, target), *described(why)]
    print("\n".join(told), flush=True)
    inference = _inference(columns, table.y)
    every = inference.feature_tests(columns.groups)
    tests = ChiSquareTests([replace(one, name=on_one_line(one.name)) for one in every])
    print(f"\n{inference}\n\n{TESTS}\n{tests}")
    if place is not None and save is not None:
        names = list(column_names(columns.names, has_intercept=True))
        place.save_text(as_text(save, inference, tests, told, names))
        print(f"\nThe summary is in {save}.")


def _told(table: Table, columns: OwnUnits, path: Path, target: str | None) -> list[str]:
    """Return lines on the data and on what has become of its columns."""
    lines = table.described(path, target)
    if table.n_missing:
        lines += [
            "A missing number is the median of its column, a missing text a value of its own:",
            "standard errors take these for observed, and tend to be too small.",
        ]
    lines.append("Numbers are in their own units.")
    if columns.compared_with:
        values = _listed([f"{name} {value!r}" for name, value in columns.compared_with.items()])
        lines.append(f"Values of text are compared with the first of their column: {values}")
    if columns.rare:
        lines.append(
            f"All but the {MOST_CATEGORIES - 1} commonest values count as one, in: "
            f"{_listed(columns.rare)}"
        )
    if columns.constant:
        lines.append(f"Left out, with one value in all rows: {_listed(columns.constant)}")
    return lines


def _inference(columns: OwnUnits, y: Any) -> Inference:
    """Return how sure the coefficients of an unpenalised fit are, with the names of the file."""
    model = SoftmaxRegression(C=np.inf)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the error says more
        model.fit(columns.X, y)
    try:
        if not model.converged_:
            found = detect_separation(columns.X, y)
            if found.kind != "none":
                raise CommandError(_why_none(found, columns.names))
        inference = model.inference(columns.X, y)
    except (ArithmeticError, MemoryError, ValueError) as error:
        raise CommandError(f"there are no standard errors: {error}") from error
    shown = [on_one_line(name) for name in columns.names]
    return replace(inference, columns=column_names(shown, has_intercept=True))


def _why_none(found: Separation, names: Sequence[str]) -> str:
    """Return which classes are separated by which features, and what to do."""
    pairs = _listed([f"{first!r} from {second!r}" for first, second in found.class_pairs])
    features = [repr(names[number]) for number in found.features]
    growing = _listed([*features, "the intercept"] if found.intercept else features)
    return (
        "there are no standard errors, because classes are told apart without a mistake "
        f"({found.kind} separation), so that coefficients grow without end. Classes: {pairs}, in "
        f"{len(found.rows)} of {found.n_rows} rows. Without a finite estimate: {growing}. Leave "
        "out such columns or put classes together; in Python, SoftmaxRegression(C=numpy.inf, "
        "bias_reduction='firth') has finite estimates"
    )


def _listed(names: Sequence[str]) -> str:
    """Return the first of some names on one line."""
    named = ", ".join(on_one_line(name) for name in names[:NAMED])
    return f"{named} and {len(names) - NAMED} more" if len(names) > NAMED else named

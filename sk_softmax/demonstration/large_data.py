"""The demonstration on a user's file that memory does not hold."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline

from sk_softmax.demonstration.errors import CommandError
from sk_softmax.demonstration.file_in_pieces import FileInPieces
from sk_softmax.demonstration.named_columns import NamedColumns
from sk_softmax.demonstration.saving import Place
from sk_softmax.demonstration.survey import HELD_OUT, Survey, surveyed
from sk_softmax.demonstration.telling_features import show_telling_features
from sk_softmax.estimators import SoftmaxRegression
from sk_softmax.parts import Chunks


def show_large_data(
    path: Path,
    target: str | None,
    save: Path | None = None,
    force: bool = False,
    why: str | None = None,
) -> None:
    """Fit to a file that is read some rows at a time, and print what the fit achieved.

    One row in HELD_OUT is held out and scored afterwards. Numbers are standardised, a missing one
    counts as the mean. ``LogisticRegression`` cannot be compared: it needs all rows in memory.

    Parameters
    ----------
    path : Path
        A CSV file with a header, or a Parquet file. All columns besides the target hold numbers.
    target : str or None
        The column of labels.
    save : Path, optional
        Where to save the pipeline, by joblib.
    force : bool, default=False
        Whether a file that is there may be replaced; the input never is.
    why : str, optional
        Why the file is read in chunks, in words.

    Raises
    ------
    CommandError
        If the file, the column or its labels cannot be used, or the place to save to; the message
        is one line.
    """
    place = None if save is None else Place(save, [path], force)
    survey = surveyed(FileInPieces(path, target))
    print("\n".join(_told(survey, why)), flush=True)
    pipeline, seconds = _fitted(survey)
    model = pipeline[-1]
    held_out = _scores(survey, model)
    print(f"\n{_figures(model, held_out, seconds)}")
    show_telling_features(model, survey.file.names)
    if place is not None:
        place.save(pipeline)
        print(
            f"\nThe pipeline is in {save}. To predict a file of other rows:\n"
            f"  python -m sk_softmax --predict new.csv --model {save}"
        )


def _told(survey: Survey, why: str | None) -> list[str]:
    """Return lines on the data and on what is done with it."""
    file = survey.file
    n_classes = len(set(survey.classes.values()))
    lines = [
        f"{file.path}: {survey.n_rows} rows, {len(file.names)} columns of numbers, target "
        f"{file.target!r} with {n_classes} classes",
        "It is read in chunks, some rows at a time" + ("" if why is None else f": {why}") + ".",
        f"One row in {HELD_OUT} is held out and scored at the end. C is 1, and is not tuned.",
    ]
    if survey.n_missing:
        lines.append(f"{survey.n_missing} missing values are imputed by the mean of their column")
    if survey.n_unlabelled:
        lines.append(f"{survey.n_unlabelled} rows without a label are left out")
    lines.append(f"always the commonest class: accuracy {survey.commonest:.4f}\n")
    return lines


def _fitted(survey: Survey) -> tuple[Pipeline, float]:
    """Return a pipeline fitted to the rows that are not held out, and the seconds that it took."""
    model = SoftmaxRegression(verbose=1)
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is printed
        try:
            model.fit(Chunks(partial(survey.rows, held_out=False)))
        except ValueError as error:
            raise CommandError(f"{survey.file.path} cannot be fitted to: {error}") from error
    seconds = time.perf_counter() - started
    names = NamedColumns(survey.file.names, (), str(survey.file.target)).fit(None)
    preprocess = Pipeline([("names", names), *survey.preprocess.steps])
    return Pipeline([("preprocess", preprocess), ("classify", model)]), seconds


@dataclass(frozen=True)
class _HeldOut:
    """Scores of the rows held out."""

    n_rows: int
    accuracy: float
    log_loss: float
    """In nats a row."""


def _scores(survey: Survey, model: SoftmaxRegression) -> _HeldOut:
    """Return the scores of the rows held out, in one pass over the file."""
    n_rows, n_hits, loss = 0, 0, 0.0
    for X, y in survey.rows(held_out=True):
        log_p = model.predict_log_proba(X)
        own = np.searchsorted(model.classes_, y)
        every = np.arange(len(y))
        n_rows += len(y)
        n_hits += int((log_p.argmax(axis=1) == own).sum())
        loss -= float(log_p[every, own].sum())
    if not n_rows:
        return _HeldOut(0, np.nan, np.nan)
    return _HeldOut(n_rows, n_hits / n_rows, loss / n_rows)


def _figures(model: SoftmaxRegression, held_out: _HeldOut, seconds: float) -> str:
    """Return what a fit achieved, a line for each figure."""
    figures = {
        "objective reached (nats a row)": f"{model.loss_curve_[-1]:.8f}",
        "converged": "yes" if model.converged_ else "no",
        "iterations": f"{model.n_iter_[0]}",
        "seconds": f"{seconds:.1f}",
        "rows held out": f"{held_out.n_rows}",
        "accuracy there": f"{held_out.accuracy:.4f}",
        "log loss there (nats a row)": f"{held_out.log_loss:.4f}",
    }
    return "\n".join(f"{label:<44}{value:>20}" for label, value in figures.items())

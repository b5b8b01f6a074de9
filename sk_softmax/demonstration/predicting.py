"""Labels and probabilities of a file of new rows, by a pipeline that the command saved."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import joblib  # comes with scikit-learn, which depends on it
import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from sk_softmax.demonstration.columns import Column, Text
from sk_softmax.demonstration.errors import CommandError
from sk_softmax.demonstration.named_columns import NamedColumns
from sk_softmax.demonstration.one_line import on_one_line
from sk_softmax.demonstration.reading import read_features
from sk_softmax.demonstration.saving import Place

PREDICTION = "prediction"
"""The name of the column of labels; that of a probability is ``P(label)``."""

NEW_SHOWN = 5
"""Most new values of a column of text to name."""


def show_predictions(
    path: Path, model: Path, output: Path | None = None, force: bool = False
) -> None:
    """Write the label and the probability of each class for every row of a file, as CSV.

    Parameters
    ----------
    path : Path
        A CSV file with a header, or a Parquet file, with the columns of the fit in any order.
    model : Path
        What ``--save`` kept.
    output : Path, optional
        Where to write, by default standard output. There is a line for each row, in their order.
    force : bool, default=False
        Whether a file that is there may be replaced; the inputs never are.

    Raises
    ------
    CommandError
        If a file or a column cannot be used, or the place to write to; the message is one line.
    """
    place = None if output is None else Place(output, [path, model], force)
    pipeline = _loaded(model)
    columns: NamedColumns = pipeline[0][0]
    texts = list(columns.text)
    numbers = [name for name in columns.names if name not in set(texts)]
    read = read_features(path, numbers, texts)
    _tell_of_new_values(pipeline, texts, read)
    probabilities = pipeline.predict_proba({name: _rows(read[name]) for name in columns.names})
    text = _as_csv(pipeline.classes_, probabilities)
    if place is None:
        sys.stdout.write(text)
        return
    place.save_text(text)
    print(f"{len(probabilities)} predictions are in {output}, in the order of the rows")


def _loaded(path: Path) -> Any:
    """Return a pipeline that ``--save`` kept."""
    if not path.is_file():
        raise CommandError(f"{path} does not exist, or is not a file")
    try:
        pipeline = joblib.load(path)
    except Exception as error:  # what is no pickle can raise anything
        raise CommandError(f"{path} cannot be loaded: {error}") from error
    is_ours = (
        isinstance(pipeline, Pipeline)
        and isinstance(pipeline[0], Pipeline)
        and isinstance(pipeline[0][0], NamedColumns)
    )
    if not is_ours:
        raise CommandError(
            f"{path} holds {type(pipeline).__name__}, and not a pipeline that --save has kept"
        )
    return pipeline


def _rows(column: Column) -> NDArray[Any]:
    return column.rows() if isinstance(column, Text) else column


def _tell_of_new_values(pipeline: Any, texts: Sequence[str], read: Mapping[str, Column]) -> None:
    """Say on standard error which texts were not there when the model was fitted."""
    if not texts:
        return
    encoder = pipeline[0][-1].named_transformers_["text"][-1]
    for name, values in zip(texts, encoder.categories_, strict=True):
        column, known = read[name], set(values.tolist())
        assert isinstance(column, Text)
        new = [value for value in column.distinct if value not in known]
        if new:
            more = f" and {len(new) - NEW_SHOWN} more" if len(new) > NEW_SHOWN else ""
            listed = ", ".join(repr(on_one_line(value)) for value in new[:NEW_SHOWN])
            print(
                f"sk_softmax: column {on_one_line(name)!r} has values that the file of the fit "
                f"did not have, and that count as rare or as none: {listed}{more}",
                file=sys.stderr,
            )


def _as_csv(classes: Sequence[Any], probabilities: NDArray[Any]) -> str:
    """Return a header, and a line of CSV for each row."""
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow([PREDICTION, *(f"P({label})" for label in classes)])
    best = np.asarray(classes)[probabilities.argmax(axis=1)]
    for label, row in zip(best.tolist(), probabilities.tolist(), strict=True):
        writer.writerow([label, *(f"{probability:.9g}" for probability in row)])
    return lines.getvalue()

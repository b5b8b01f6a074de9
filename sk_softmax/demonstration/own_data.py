"""The demonstration on a user's own CSV file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib  # comes with scikit-learn, which depends on it
import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sk_softmax.demonstration.comparison import compare
from sk_softmax.demonstration.table_file import Table, TableError, read_table

FEATURES_SHOWN = 5
"""Most features to name for each class."""


def show_own_data(path: Path, target: str | None, save: Path | None = None) -> None:
    """Compare both classifiers on a CSV file, print the telling features, save the best fit.

    Parameters
    ----------
    path : Path
        A CSV file with a header.
    target : str or None
        The column of labels.
    save : Path, optional
        Where to save the tuned pipeline, by joblib.

    Raises
    ------
    TableError
        If the file, the column or its labels cannot be used; the message is one line.
    """
    if save is not None and not save.absolute().parent.is_dir():
        raise TableError(f"{save} cannot be written: its folder does not exist")
    table = read_table(path, target)
    classes, counts = np.unique(table.y, return_counts=True)
    print(
        f"{path}: {len(table.y)} rows, {len(table.numeric)} columns of numbers and "
        f"{len(table.text)} of text, target {target!r} with {len(classes)} classes"
    )
    if table.n_missing:
        print(f"{table.n_missing} missing values are imputed")
    if table.n_unlabelled:
        print(f"{table.n_unlabelled} rows without a label are left out")
    print(f"always the commonest class: accuracy {counts.max() / counts.sum():.4f}\n")
    ours, _ = compare(
        lambda: _preprocess(table), table.X, table.y, n_splits=min(5, int(counts.min()))
    )
    best: Pipeline = ours.search.best_estimator_
    _show_telling_features(best, table)
    if save is not None:
        joblib.dump(best, save)
        print(
            f"\nThe pipeline with the best C is in {save}. Load it with joblib.load and predict "
            f"rows\ngiven as an object array of these columns: {', '.join(table.names)}"
        )


def _preprocess(table: Table) -> Any:
    """Return an unfitted transformer: numbers imputed and standardised, text one-hot encoded.

    A missing text is a value of its own.
    """
    numbers = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
    )
    text = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="missing"),
        OneHotEncoder(max_categories=100, handle_unknown="infrequent_if_exist"),
    )
    return ColumnTransformer(
        [("numbers", numbers, table.numeric), ("text", text, table.text)],
        verbose_feature_names_out=False,
    )


def _show_telling_features(pipeline: Pipeline, table: Table) -> None:
    """Print the largest coefficients of each class."""
    model = pipeline[-1]
    names = pipeline[0].get_feature_names_out(table.names)
    # Two classes share one row of coefficients: the log-odds of the second class.
    coef = model.coef_ if len(model.classes_) > 2 else np.vstack([-model.coef_, model.coef_])
    print(
        f"\nMost telling features at C={model.C:g}: change of a class's logit by one standard "
        "deviation\nof a number, or by a value of a text"
    )
    width = max(len(str(label)) for label in model.classes_) + 2
    for label, row in zip(model.classes_, coef, strict=True):
        order = np.argsort(-np.abs(row), kind="stable")[:FEATURES_SHOWN]
        told = ", ".join(f"{names[i]} {row[i]:+.2f}" for i in order)
        print(f"  {label!s:<{width}}{told}")

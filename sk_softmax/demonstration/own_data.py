"""The demonstration on a user's own file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sk_softmax.demonstration.comparison import compare
from sk_softmax.demonstration.saving import Place
from sk_softmax.demonstration.table import Table, read_table
from sk_softmax.demonstration.telling_features import show_telling_features


def show_own_data(
    path: Path, target: str | None, save: Path | None = None, force: bool = False
) -> None:
    """Compare both classifiers on a user's file, print the telling features, save the best fit.

    Parameters
    ----------
    path : Path
        A CSV file with a header, or a Parquet file.
    target : str or None
        The column of labels.
    save : Path, optional
        Where to save the tuned pipeline, by joblib.
    force : bool, default=False
        Whether a file that is there may be replaced; the input never is.

    Raises
    ------
    CommandError
        If the file, the column or its labels cannot be used, or the place to save to; the message
        is one line.
    """
    place = None if save is None else Place(save, path, force)
    table = read_table(path, target)
    print("\n".join(table.described(path, target)))
    counts = np.unique(table.y, return_counts=True)[1]
    print(f"always the commonest class: accuracy {counts.max() / counts.sum():.4f}\n")
    ours, _ = compare(
        lambda: _preprocess(table), table.X, table.y, n_splits=min(5, int(counts.min()))
    )
    best: Pipeline = ours.search.best_estimator_
    _show_telling_features(best, table)
    if place is not None:
        place.save(best)
        array = "an object array" if table.text else "an array"
        print(
            f"\nThe pipeline with the best C is in {save}. Load it with joblib.load and predict "
            f"rows\ngiven as {array} of these columns: {', '.join(table.names)}"
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
    names = _feature_names(pipeline[0], table)
    show_telling_features(pipeline[-1], names)


def _feature_names(preprocess: ColumnTransformer, table: Table) -> list[str]:
    """Return the names of what the classifier sees.

    The transformer itself refuses to tell them where two are the same, as with a column ``a_b``
    beside a value ``b`` of a column ``a``.
    """
    names = [table.names[i] for i in table.numeric]
    if table.text:
        text = preprocess.named_transformers_["text"]
        names += text.get_feature_names_out([table.names[i] for i in table.text]).tolist()
    return names

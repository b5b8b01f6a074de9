"""The demonstration on a user's own file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sk_softmax.demonstration.comparison import compare
from sk_softmax.demonstration.left_out import described, without_useless
from sk_softmax.demonstration.named_columns import NamedColumns
from sk_softmax.demonstration.one_line import on_one_line
from sk_softmax.demonstration.own_units import MOST_CATEGORIES
from sk_softmax.demonstration.rare_values import features_of_text
from sk_softmax.demonstration.saving import Place
from sk_softmax.demonstration.table import Table, read_table
from sk_softmax.demonstration.telling_features import show_telling_features


def show_own_data(
    path: Path,
    target: str | None,
    save: Path | None = None,
    force: bool = False,
    keep: Sequence[str] = (),
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
    keep : sequence of str, optional
        Columns that are not left out, whatever they hold.

    Raises
    ------
    CommandError
        If the file, the column or its labels cannot be used, or the place to save to; the message
        is one line.
    """
    place = None if save is None else Place(save, [path], force)
    table, why = without_useless(read_table(path, target), keep)
    print("\n".join([*table.described(path, target), *described(why)]))
    counts = np.unique(table.y, return_counts=True)[1]
    commonest = counts.max() / counts.sum()
    print(f"always the commonest class: accuracy {commonest:.4f}\n", flush=True)
    ours, _ = compare(
        lambda: _preprocess(table, str(target)),
        table.X,
        table.y,
        n_splits=min(5, int(counts.min())),
    )
    best: Pipeline = ours.search.best_estimator_
    _show_telling_features(best, table)
    if place is not None:
        place.save(best)
        print(
            f"\nThe pipeline with the best C is in {save}. To predict a file of other rows:\n"
            f"  python -m sk_softmax --predict new.csv --model {save}\n"
            "In Python, joblib.load gives it back. It takes frames with columns of these names, "
            "in any order:\n"
            f"  {', '.join(on_one_line(name) for name in table.names)}"
        )


def _preprocess(table: Table, target: str) -> Any:
    """Return an unfitted transformer of frames, whose columns it knows by name.

    Numbers are imputed and standardised, text is one-hot encoded. A missing text is a value of
    its own.
    """
    numbers = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
    )
    text = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="missing"),
        OneHotEncoder(max_categories=MOST_CATEGORIES, handle_unknown="infrequent_if_exist"),
    )
    by_kind = ColumnTransformer(
        [("numbers", numbers, table.numeric), ("text", text, table.text)],
        verbose_feature_names_out=False,
    )
    names = NamedColumns(table.names, [table.names[j] for j in table.text], target)
    return make_pipeline(names, by_kind)


def _show_telling_features(pipeline: Pipeline, table: Table) -> None:
    """Print the largest coefficients of each class."""
    names = _feature_names(pipeline[0][-1], table)
    show_telling_features(pipeline[-1], names)


def _feature_names(preprocess: ColumnTransformer, table: Table) -> list[str]:
    """Return the names of what the classifier sees.

    The transformer itself refuses to tell them where two are the same, as with a column ``a_b``
    beside a value ``b`` of a column ``a``.
    """
    names = [table.names[i] for i in table.numeric]
    if table.text:
        encoder = preprocess.named_transformers_["text"][-1]
        names += features_of_text(encoder, [table.names[i] for i in table.text])
    return names

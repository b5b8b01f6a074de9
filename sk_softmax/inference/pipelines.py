"""The inference of a fitted Pipeline, with the columns of an encoded feature tested together.

What the steps do is read from what every scikit-learn transformer tells of itself: the names of
its columns, and for one-hot encoders and column transformers their public attributes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from sk_softmax.inference.reported import column_names
from sk_softmax.inference.result import Inference
from sk_softmax.interfaces.given import MatrixLike

Groups: TypeAlias = dict[str, list[int]]
"""Numbers of the columns that each encoded feature has become."""


def of_pipeline(
    pipeline: Any,
    X: MatrixLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    **options: Any,
) -> Inference:
    """Return the inference of a fitted Pipeline whose last step is a ``SoftmaxRegression``.

    Parameters
    ----------
    pipeline : sklearn.pipeline.Pipeline
        Fitted to these rows.
    X : array-like or sparse matrix of shape (n_rows, n_features)
        Rows as the Pipeline takes them.
    y : array-like
        Their targets.
    sample_weight : array-like of shape (n_rows,), optional
        Their weights.
    **options : dict
        Passed to ``SoftmaxRegression.inference``.

    Returns
    -------
    inference : Inference
        Of the last step. Columns have the names that the steps before give them, and
        ``feature_tests`` tests the columns of each one-hot encoded feature together. Methods that
        take rows, such as ``predict_interval``, take them as the Pipeline does.
        (``marginal_effects`` are those of the columns that the last step is given.)

    Raises
    ------
    ValueError
        If the last step has no method ``inference``, and for the reasons that this has.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sk_softmax import SoftmaxRegression
    >>> from sk_softmax.inference import of_pipeline
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> X, y = X.iloc[50:, 2:], y[50:]
    >>> pipeline = make_pipeline(StandardScaler(), SoftmaxRegression(C=np.inf)).fit(X, y)
    >>> inference = of_pipeline(pipeline, X, y)
    >>> inference.columns
    ('petal length (cm)', 'petal width (cm)', 'intercept')
    >>> inference.z.round(2)
    array([[2.5 , 2.78, 0.78]])
    """
    steps = getattr(pipeline, "steps", None)
    if not steps or not hasattr(steps[-1][1], "inference"):
        raise ValueError(
            "of_pipeline needs a fitted Pipeline whose last step is a SoftmaxRegression; this is "
            f"{pipeline!r}."
        )
    model = steps[-1][1]
    if len(steps) == 1:
        whole: Inference = model.inference(X, y, sample_weight, **options)
        return whole
    before = pipeline[:-1]
    inference: Inference = model.inference(before.transform(X), y, sample_weight, **options)
    names = _names_out(before, len(inference.features))
    columns = inference.columns
    if names is not None:
        columns = column_names(names, inference.estimate.has_intercept)
    features = columns[: len(inference.features)]
    groups = tuple(
        (name, tuple(features[number] for number in members))
        for name, members in _groups_of(before).items()
        if len(members) > 1
    )
    return replace(
        inference,
        columns=columns,
        read=partial(_transformed, before, inference.read),
        groups=groups,
    )


def _transformed(before: Any, read: Any, X: Any) -> Any:
    """Return rows as the last step reads them, from rows as the Pipeline takes them."""
    return read(before.transform(X))


def _names_out(transformer: Any, n_columns: int) -> Sequence[str] | None:
    """Return the names of a transformer's columns; None if it does not tell them."""
    try:
        names = transformer.get_feature_names_out()
    except (AttributeError, ValueError):
        return None
    return tuple(map(str, names)) if len(names) == n_columns else None


def _groups_of(transformer: Any) -> Groups:
    """Return the columns that each one-hot encoded feature has become in the end."""
    if hasattr(transformer, "steps"):
        return _of_steps([step for _, step in transformer.steps])
    if hasattr(transformer, "output_indices_") and hasattr(transformer, "named_transformers_"):
        return _of_column_transformer(transformer)
    if hasattr(transformer, "categories_") and hasattr(transformer, "drop_idx_"):
        return _of_encoder(transformer)
    return {}


def _of_steps(steps: Sequence[Any]) -> Groups:
    """Return the groups after several steps; a step that mixes columns leaves none."""
    groups: Groups = {}
    for step in steps:
        if step is None or isinstance(step, str):  # "passthrough"
            continue
        made = _groups_of(step)
        keeps = _keeps_columns(step)
        groups = made if made or not keeps else groups
    return groups


def _keeps_columns(step: Any) -> bool:
    """Whether the columns of a step are those that it is given, under the same names."""
    given = getattr(step, "feature_names_in_", None)
    if given is None:
        given = [f"x{number}" for number in range(getattr(step, "n_features_in_", 0))]
    names = _names_out(step, len(given))
    return names is not None and list(names) == [str(name) for name in given]


def _of_column_transformer(transformer: Any) -> Groups:
    """Return the groups of all parts of a column transformer, by their places in its output."""
    groups: Groups = {}
    for name, part in transformer.named_transformers_.items():
        places = np.arange(*transformer.output_indices_[name].indices(2**62))
        for feature, members in _groups_of(part).items():
            unique = feature if feature not in groups else f"{name}__{feature}"
            groups[unique] = [int(places[member]) for member in members]
    return groups


def _of_encoder(encoder: Any) -> Groups:
    """Return the columns of each feature of a one-hot encoder, which come in its order."""
    names = getattr(encoder, "feature_names_in_", None)
    if names is None:
        names = [f"x{number}" for number in range(encoder.n_features_in_)]
    infrequent = getattr(encoder, "infrequent_categories_", [None] * len(names))
    dropped = [None] * len(names) if encoder.drop_idx_ is None else encoder.drop_idx_
    groups: Groups = {}
    first = 0
    for name, categories, rare, drop in zip(
        names, encoder.categories_, infrequent, dropped, strict=True
    ):
        n_columns = len(categories) - (drop is not None)
        if rare is not None:
            n_columns -= len(rare) - 1
        groups[str(name)] = list(range(first, first + n_columns))
        first += n_columns
    return groups

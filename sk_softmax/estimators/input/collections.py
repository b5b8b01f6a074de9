"""Whether a user's rows lie in parts, and where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sk_softmax.estimators.input.chunk_collection import collection_of_chunks
from sk_softmax.fitting.parted_training import PartedTrainingSet
from sk_softmax.fitting.prepared import AnyTrainingSet
from sk_softmax.fitting.settings import Settings
from sk_softmax.parts import ONLY_FIT, Chunks, Collection


def collection_of(
    X: Any, y: Any, sample_weight: Any, offset: Any, *, verbose: bool = False
) -> Collection | None:
    """Return a user's rows, targets, weights and offset in parts; None if X is in one place.

    With ``verbose`` the rows that are read a second are printed.
    """
    if isinstance(X, Collection):
        return X
    if isinstance(X, Chunks):
        beside = {"y": y, "sample_weight": sample_weight, "offset": offset}
        return collection_of_chunks(X, beside, print if verbose else None)
    if isinstance(X, Iterator) and y is None:
        raise TypeError(
            f"X is a {type(X).__name__}, which can be read once only, and a fit reads its rows "
            "many times: pass Chunks(read), with a function that returns the chunks anew in each "
            "call."
        )
    if is_in_dask(X):
        from sk_softmax.parts.dask_collections import in_dask

        return in_dask(X, y, sample_weight, offset)
    return None


def is_in_dask(X: Any) -> bool:
    """Whether these rows are a collection of dask, which is not imported for anything else."""
    return type(X).__module__.partition(".")[0] in ("dask", "dask_expr")


def refuse_parts(estimator: Any, X: Any, y: Any) -> None:
    """Raise an error if rows lie in parts, where all of them are needed in one place."""
    if isinstance(X, Chunks):
        raise TypeError(ONLY_FIT)
    if isinstance(X, Collection):
        raise TypeError(
            f"{type(estimator).__name__} needs X as an array or a sparse matrix there, not in "
            "parts: only fits, paths and cross-validations take rows in parts."
        )
    if is_in_dask(X):
        raise TypeError(
            f"X is a dask collection, and {type(estimator).__name__} needs all rows in one place "
            "there: pass X.compute() if they fit into memory. Fits, paths, cross-validations, "
            "predictions and score take dask collections."
        )


def check_solver(settings: Settings, training: AnyTrainingSet) -> None:
    """Raise an error if the solver draws rows one by one and they lie in parts."""
    if isinstance(training, PartedTrainingSet) and settings.solver.is_stochastic:
        raise ValueError(
            f"The solver {type(settings.solver).__name__} draws rows one by one, which cannot be "
            "done where they lie in parts. Choose 'lbfgs', or learn from one part after the "
            "other: for X_part, y_part in parts: model.partial_fit(X_part, y_part, "
            "classes=classes)."
        )

"""A user's dask collections as parts: cut alike, and not computed."""

from __future__ import annotations

from typing import Any

import numpy as np
from dask.core import flatten

from sk_softmax.parts.dask_cut import Cut, by_row, is_array, is_frame, lengths_of, pieces_of
from sk_softmax.parts.dask_parts import GivenDaskParts
from sk_softmax.parts.dask_tasks import given_task
from sk_softmax.parts.given import Collection


def in_dask(X: Any, y: Any, sample_weight: Any, offset: Any) -> Collection:
    """Return a dask array or frame, and what belongs to its rows, in parts that dask computes.

    Parameters
    ----------
    X : dask array or dask frame of shape (n_samples, n_features)
        The rows; each block of rows, or partition, is a part.
    y, sample_weight, offset : dask array, dask frame, dask series or array-like
        Dask collections have as many parts as ``X``. Arrays of known chunks are cut as ``X`` is,
        and so is what is in the memory of this process.
    """
    if y is None:
        raise ValueError("y is missing: rows in dask collections need their labels to be fitted.")
    columns = getattr(y, "columns", None)
    X, pieces = in_pieces(X, {"y": y, "sample_weight": sample_weight, "offset": offset})
    tasks = [given_task(number, *some) for number, some in enumerate(zip(*pieces, strict=True))]
    return Collection(
        GivenDaskParts(tasks, list(flatten(X.__dask_keys__())), _known_bytes(X)),
        X._meta if is_frame(X) else np.empty((0, X.shape[1]), dtype=X.dtype),
        None if columns is None or callable(columns) else list(columns),
        sample_weight is not None,
        offset is not None,
        "partition",
    )


def in_pieces(X: Any, others: dict[str, Any]) -> tuple[Any, list[list[Any]]]:
    """Return rows with the columns of a row in one chunk, and the pieces of all parts.

    These are a list for ``X`` and one for each of the others, which are called by their names.
    """
    check_rows(X)
    named = {name: by_row(values) for name, values in {"X": X, **others}.items()}
    X = named.pop("X")
    cut = Cut.of(X, named.values())
    return X, [pieces_of(X), *(cut.pieces(values, name) for name, values in named.items())]


def check_rows(X: Any) -> None:
    """Raise an error if a collection is no array or frame of rows."""
    if is_frame(X) and X.ndim == 2:
        return
    if not is_array(X):
        raise TypeError(
            f"X is a {type(X).__name__} of dask: rows are taken from a dask array or a dask frame "
            "with two dimensions."
        )
    if X.ndim != 2:
        raise ValueError(
            f"Expected 2D array, got {X.ndim}D array instead: X has shape {X.shape}. A single "
            "feature is X.reshape(-1, 1)."
        )
    if np.isnan(X.shape[1]):
        raise ValueError("The number of columns of X is not known: call X.compute_chunk_sizes().")


def _known_bytes(X: Any) -> int | None:
    """Return the size of all rows where it is known before they are read."""
    if is_array(X) and lengths_of(X) is not None and isinstance(X._meta, np.ndarray):
        return int(X.nbytes)
    return None

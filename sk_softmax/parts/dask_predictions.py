"""What a function returns of the rows of dask collections: an array that is not computed yet."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import dask.array
import numpy as np
from dask.highlevelgraph import HighLevelGraph
from numpy.typing import NDArray

from sk_softmax.parts.dask_collections import in_pieces
from sk_softmax.parts.dask_cut import is_frame, lengths_of


def mapped(function: Callable[[Any, Any], NDArray[Any]], X: Any, offset: Any = None) -> Any:
    """Return a dask array of what a function returns of rows and their offset.

    Parameters
    ----------
    function : callable
        From rows, an array, sparse matrix or frame, and their offset to an array with one row for
        each of them. It is called at once with two rows, so that it raises its errors at once.
    X : dask array or dask frame of shape (n_samples, n_features)
        The rows.
    offset : dask array, dask frame or array-like, optional
        What belongs to them.

    Returns
    -------
    results : dask array
        In as many chunks as ``X`` has parts. Lengths that are unknown of ``X``, as those of a
        frame, are unknown here.
    """
    if is_frame(X):
        # Reads the columns that are asked for. Optimised, a frame of few columns of a file would
        # have fewer partitions: dask reads several files at once.
        X = X.simplify()
    X, (rows, offsets) = in_pieces(X, {"offset": offset})
    nothing = function(_example(X), _example(offset))[:0]
    name = f"softmax-predictions-{uuid4().hex}"
    task = partial(_of_part, function=function, nothing=nothing)
    columns = (0,) * (nothing.ndim - 1)
    inputs = [rows] if offset is None else [rows, offsets]
    graph = {
        (name, number, *columns): (task, *(getattr(piece, "key", piece) for piece in pieces))
        for number, pieces in enumerate(zip(*inputs, strict=True))
    }
    collections = [piece for pieces in inputs for piece in pieces if hasattr(piece, "key")]
    layered = HighLevelGraph.from_collections(name, graph, dependencies=collections)
    lengths = lengths_of(X) or (np.nan,) * len(rows)
    chunks = lengths, *((length,) for length in nothing.shape[1:])
    return dask.array.Array(layered, name, chunks, meta=nothing)


def _of_part(
    X: Any,
    offset: Any = None,
    *,
    function: Callable[[Any, Any], NDArray[Any]],
    nothing: NDArray[Any],
) -> NDArray[Any]:
    """Return what a function returns of a part; ``nothing`` if it has no rows."""
    return function(X, offset) if X.shape[0] else nothing


def _example(values: Any) -> Any:
    """Return two rows of the type of these."""
    if values is None:
        return None
    if is_frame(values):
        from dask.dataframe.utils import meta_nonempty

        rows = meta_nonempty(values._meta)  # the second row may have missing values
        return rows.iloc[[0, 0]]
    dtype = getattr(values, "dtype", np.float64)
    return np.zeros((2, *np.shape(values)[1:]), dtype=dtype)

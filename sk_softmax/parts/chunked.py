"""A user's rows in chunks, which are read anew whenever they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NoReturn

from numpy.typing import ArrayLike

from sk_softmax.parts.parquet import ParquetFiles, ParquetRows
from sk_softmax.parts.sliced import CHUNK_BYTES, Sliceable, Slices

ONLY_FIT = (
    "Chunks are rows that are read some at a time, which SoftmaxRegression.fit alone can do, as "
    "fit(chunks) or as its X_val. Predict, or call partial_fit, one chunk after the other: for X, "
    "y in chunks: model.partial_fit(X, y, classes=classes). To choose C, fit one model for each C "
    "with X_val and compare their history_['validation_loss'][-1]; for a path or a "
    "cross-validation load as many rows as memory holds."
)
"""What is said where rows are needed in one place."""


class Chunks:
    """Rows in chunks, for data that memory does not hold: ``SoftmaxRegression().fit(chunks)``.

    A fit reads all chunks once for each pass over the data, one after the other, and keeps none
    of them, however small they are. It needs memory for one chunk, for what is computed from it,
    and for a sample of rows of 16 MiB. Chunks of about 10 MB are large enough to be quick. Rows
    that memory does hold are fitted faster as one array, and so is a memory-mapped array,
    ``numpy.load(path, mmap_mode="r")``, which is given to ``fit`` as it is. Without a penalty, a
    fit to more than a million rows times classes does not run the linear programme that decides
    about separation where the proof of an optimum fails: see ``SoftmaxRegression.converged_``.

    Parameters
    ----------
    factory : callable or iterable
        A function without arguments that returns the chunks from the first to the last, anew in
        each call; or an object that can be iterated over again and again, such as a list or a
        ``torch.utils.data.DataLoader``. Every pass has to have the same rows, in chunks of the
        same lengths, and in the same order (a fit under an L2 penalty takes another order too). A
        chunk is a tuple ``(X, y)``, ``(X, y, sample_weight)`` or ``(X, y, sample_weight,
        offset)``, in the forms that :meth:`SoftmaxRegression.fit` takes; a ``sample_weight`` of
        None is none. All chunks have weights or none, and an offset or none. Arrays may be written
        to again once the next chunk is asked for.
    classes : array-like of shape (n_classes,), optional
        The labels, each of which has to occur; any other is an error. By default they are those
        that occur. For a ``y`` of probabilities without column names they are the classes of its
        columns.

    See Also
    --------
    Chunks.from_parquet : Chunks of Parquet files.
    Chunks.from_arrays : Chunks of whatever can be sliced: Zarr arrays, HDF5 data sets.

    Notes
    -----
    A CSV file in chunks by pandas, of features that are numbers::

        def read():
            for frame in pandas.read_csv(path, chunksize=100_000):
                yield frame[features], frame["label"]

    Examples
    --------
    >>> import numpy as np
    >>> from sk_softmax import Chunks, SoftmaxRegression
    >>> def factory():
    ...     for seed in range(3):
    ...         X = np.random.default_rng(seed).normal(size=(100, 2))
    ...         yield X, (X.sum(axis=1) > X[:, 0] ** 2).astype(int)
    >>> model = SoftmaxRegression().fit(Chunks(factory))
    >>> model.predict([[0.5, 1.0], [0.0, -1.0]])
    array([1, 0])
    """

    def __init__(
        self,
        factory: Callable[[], Iterable[Any]] | Iterable[Any],
        classes: ArrayLike | None = None,
    ):
        if isinstance(factory, Iterator):
            raise TypeError(
                f"Chunks are read once for each pass over the data, and a {_name(factory)} can be "
                "read once only: pass the function that returns it, Chunks(read) and not "
                "Chunks(read())."
            )
        if not (callable(factory) or isinstance(factory, Iterable)):
            raise TypeError(
                "Chunks needs a function that returns the chunks, or an object to iterate over, "
                f"and not a {_name(factory)}."
            )
        self.factory = factory
        self.classes = classes
        self.template: Any = None
        """No rows, with the names of the columns; None for those of the first chunk."""

    @classmethod
    def from_arrays(
        cls,
        X: Sliceable,
        y: Sliceable,
        sample_weight: Sliceable | None = None,
        offset: Sliceable | None = None,
        *,
        classes: ArrayLike | None = None,
        chunk_bytes: int = CHUNK_BYTES,
    ) -> Chunks:
        """Return chunks of whatever can be sliced by rows.

        Such as Zarr arrays and data sets of HDF5. A memory-mapped array needs no chunks.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows: anything with a ``shape`` whose slices ``X[first:last]`` are arrays or sparse
            matrices.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Labels, or probabilities; an array, or stored like ``X``.
        sample_weight, offset : array-like, optional
            Of the rows: see :meth:`SoftmaxRegression.fit`.
        classes : array-like of shape (n_classes,), optional
            See :class:`Chunks`.
        chunk_bytes : int, default=8388608
            Bytes of ``X`` in a chunk at most, in float64. If ``X`` is stored in chunks, as many
            of them as these bytes hold are read at once, and one at least.

        Returns
        -------
        chunks : Chunks
            For ``SoftmaxRegression().fit(chunks)``.
        """
        return cls(Slices(X, y, sample_weight, offset, chunk_bytes), classes)

    @classmethod
    def from_parquet(
        cls,
        paths: ParquetFiles,
        target: str | Sequence[str],
        *,
        columns: Sequence[str] | None = None,
        sample_weight: str | None = None,
        batch_rows: int | None = None,
        classes: ArrayLike | None = None,
    ) -> Chunks:
        """Return chunks of Parquet files; needs pyarrow.

        A fit has the names of the columns as ``feature_names_in_``. Missing values are errors that
        name the chunk.

        Parameters
        ----------
        paths : path, list of paths or pyarrow.dataset.Dataset
            A file, a folder or several files with the same columns; or a data set, which may be
            filtered.
        target : str or list of str
            The column of labels, numbers or text; or the columns of probabilities, whose names
            are the classes.
        columns : list of str, optional
            The features, which have to be numbers; by default all other columns.
        sample_weight : str, optional
            The column of weights.
        batch_rows : int, optional
            Rows in a chunk; by default those of 8 MiB. The reader holds about one row group of the
            columns that are read as well.
        classes : array-like of shape (n_classes,), optional
            See :class:`Chunks`.

        Returns
        -------
        chunks : Chunks
            For ``SoftmaxRegression().fit(chunks)``.
        """
        factory = ParquetRows(paths, target, columns, sample_weight, batch_rows)
        chunks = cls(factory, factory.target_names if classes is None else classes)
        chunks.template = factory.template
        return chunks

    def __iter__(self) -> Iterator[Any]:
        """Return the chunks of one pass."""
        return iter(self.factory() if callable(self.factory) else self.factory)

    # What needs all rows at once asks for one of these first.

    def __len__(self) -> NoReturn:
        raise TypeError(ONLY_FIT)

    def __array__(self, *arguments: Any, **options: Any) -> NoReturn:
        raise TypeError(ONLY_FIT)

    def __bool__(self) -> bool:
        return True


def _name(value: Any) -> str:
    return type(value).__name__

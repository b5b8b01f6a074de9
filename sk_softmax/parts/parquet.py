"""Chunks of Parquet files, read by pyarrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from os import PathLike
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_softmax.parts.sliced import CHUNK_BYTES


class DataSet(Protocol):
    """A ``pyarrow.dataset.Dataset``, which may be filtered."""

    @property
    def schema(self) -> Any:
        """Names and types of the columns."""
        ...

    def to_batches(self, *, columns: Any, batch_size: Any) -> Any:
        """Return an iterator over the rows, some at a time."""
        ...


ParquetFiles: TypeAlias = "str | PathLike[str] | Sequence[str | PathLike[str]] | DataSet"
"""A file, a folder, several files, or a data set."""


class ParquetRows:
    """A factory of chunks of a Parquet data set: the same rows in each chunk in every pass.

    Parameters
    ----------
    files : path, sequence of paths or pyarrow.dataset.Dataset
        What is read.
    target : str or sequence of str
        The column of labels, or the columns of probabilities.
    columns : sequence of str, optional
        The features; all other columns by default.
    sample_weight : str, optional
        The column of weights.
    batch_rows : int, optional
        Rows of a chunk, by default those of 8 MiB.
    """

    def __init__(
        self,
        files: ParquetFiles,
        target: str | Sequence[str],
        columns: Sequence[str] | None,
        sample_weight: str | None,
        batch_rows: int | None,
    ) -> None:
        self._dataset = _dataset_of(files)
        self._target = target
        self._weight = sample_weight
        schema = self._dataset.schema
        targets = [target] if isinstance(target, str) else list(target)
        beside = targets if sample_weight is None else [*targets, sample_weight]
        if columns is None:
            columns = [name for name in schema.names if name not in beside]
        self.names = list(columns)
        _check_columns(schema, self.names, beside)
        self._read = [*self.names, *beside]
        self._dtype = _dtype_of(schema, self.names)
        default = CHUNK_BYTES // (self._dtype.itemsize * len(self.names))
        self._n_rows = max(default, 1) if batch_rows is None else batch_rows

    @property
    def template(self) -> Any:
        """A table without rows that has the features as columns."""
        import pyarrow as pa

        return pa.schema([(name, pa.float64()) for name in self.names]).empty_table()

    @property
    def target_names(self) -> list[str] | None:
        """The columns of probabilities; None where there is a column of labels."""
        return None if isinstance(self._target, str) else list(self._target)

    def __call__(self) -> Iterator[tuple[Any, ...]]:
        """Yield the chunks of one pass."""
        for table in self._tables():
            X = self._matrix(table, self.names, self._dtype)
            if isinstance(self._target, str):
                y = labels_of(table[self._target])
            else:
                y = self._matrix(table, list(self._target), np.dtype(np.float64))
            if self._weight is None:
                yield X, y
            else:
                yield X, y, self._matrix(table, [self._weight], np.dtype(np.float64))[:, 0]

    def _tables(self) -> Iterator[Any]:
        """Yield tables of as many rows each, wherever the reader of the files cuts them."""
        import pyarrow as pa

        waiting: list[Any] = []
        n_rows = 0
        for batch in _batches(self._dataset, self._read, self._n_rows):
            waiting.append(batch)
            n_rows += batch.num_rows
            while n_rows >= self._n_rows:
                table = pa.Table.from_batches(waiting)
                waiting = table.slice(self._n_rows).to_batches()
                n_rows -= self._n_rows
                yield table.slice(0, self._n_rows)
        if n_rows:
            yield pa.Table.from_batches(waiting)

    @staticmethod
    def _matrix(table: Any, names: list[str], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return columns as numbers, NaN where a value is missing."""
        import pyarrow as pa

        width = pa.from_numpy_dtype(dtype)
        # Column after column, as they come.
        X = np.empty((table.num_rows, len(names)), dtype, order="F")
        for j, name in enumerate(names):
            X[:, j] = table[name].cast(width, safe=False).to_numpy()
        return X


def _dataset_of(files: Any) -> Any:
    """Return a data set of Parquet files, or the one that was given."""
    try:
        import pyarrow.dataset as ds
    except ImportError as error:
        raise ImportError(
            "Chunks.from_parquet needs pyarrow, which is not installed: pip install pyarrow."
        ) from error
    if isinstance(files, ds.Dataset):
        return files
    if isinstance(files, list | tuple):
        return ds.dataset([str(path) for path in files], format="parquet")
    return ds.dataset(str(files), format="parquet")


def _batches(dataset: Any, columns: list[str], n_rows: int) -> Any:
    """Return the batches of a data set; one is read ahead, and no more is held."""
    import pyarrow.dataset as ds

    options = {}
    if isinstance(getattr(dataset, "format", None), ds.ParquetFileFormat):
        options["fragment_scan_options"] = ds.ParquetFragmentScanOptions(pre_buffer=False)
    return dataset.to_batches(
        columns=columns, batch_size=n_rows, batch_readahead=1, fragment_readahead=1, **options
    )


def _check_columns(schema: Any, features: list[str], beside: list[str]) -> None:
    """Raise an error that names a column that is not there or cannot be a feature."""
    from pyarrow import types

    for name in (*features, *beside):
        if name not in schema.names:
            raise ValueError(f"There is no column {name!r}; the columns are {schema.names}.")
    if not features:
        raise ValueError(f"There is no column besides {beside}, so that there are no features.")
    both = sorted(set(features) & set(beside))
    if both:
        raise ValueError(f"Column {both[0]!r} cannot be a feature and target or weight at once.")
    numbers = (types.is_integer, types.is_floating, types.is_decimal, types.is_boolean)
    for name in features:
        kind = schema.field(name).type
        if not any(is_kind(kind) for is_kind in numbers):
            raise TypeError(
                f"Column {name!r} is of type {kind}, and features are numbers. Encode it first, "
                "for example by one column of 0 and 1 for each of its values, or leave it out: "
                "name the columns to read as columns=[...]."
            )


def _dtype_of(schema: Any, names: list[str]) -> np.dtype[Any]:
    """Return float32 if all columns are so or narrower, and float64 otherwise."""
    from pyarrow import types

    kinds = [schema.field(name).type for name in names]
    narrow = all(types.is_float32(kind) or types.is_float16(kind) for kind in kinds)
    return np.dtype(np.float32 if narrow else np.float64)


def labels_of(column: Any) -> NDArray[Any]:
    """Return a column of labels: numbers as they are, text as objects, None where missing."""
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind):
        return np.asarray(column.to_numpy())
    encoded = column.combine_chunks().dictionary_encode()
    values = np.array([*encoded.dictionary.to_pylist(), None], dtype=object)
    return np.asarray(values[np.asarray(encoded.indices.fill_null(len(values) - 1))])

"""The user's own file as data of the page; it is read again when it has changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import scipy.sparse as sp

from sk_softmax.demonstration import CommandError
from sk_softmax.demonstration.own_units import in_own_units
from sk_softmax.demonstration.table import read_table
from sk_softmax.explore.datasets import DataSet

MOST_CLASSES = 50
MOST_COLUMNS = 2_000
"""Of features, after text is one-hot encoded: the page lists them by name."""


class OwnFile:
    """A CSV or Parquet file.

    Parameters
    ----------
    path : Path
        The file. It is named in no message and no answer: a page or a link shows no path.
    target : str or None
        The column of labels.
    """

    def __init__(self, path: Path, target: str | None) -> None:
        self._path = path
        self._target = target
        self._read: tuple[tuple[int, int], DataSet] | None = None

    def stamp(self) -> tuple[int, int]:
        """Return what changes when the file does: its time in nanoseconds and its size in bytes.

        Zeros, if there is no such file.
        """
        try:
            status = self._path.stat()
        except OSError:
            return (0, 0)
        return (status.st_mtime_ns, status.st_size)

    def data_set(self) -> DataSet:
        """Return the rows; a :class:`CommandError` says why they cannot be used."""
        stamp = self.stamp()
        if self._read is None or self._read[0] != stamp:
            try:
                self._read = (stamp, _data_set(self._path, self._target))
            except CommandError as error:
                raise CommandError(str(error).replace(str(self._path), "the file")) from None
        return self._read[1]


def _data_set(path: Path, target: str | None) -> DataSet:
    """Read a file, with numbers in their own units and text one-hot encoded."""
    table = read_table(path, target)
    classes, labels = np.unique(table.y, return_inverse=True)
    if len(classes) > MOST_CLASSES:
        raise CommandError(
            f"the target column {target!r} holds {len(classes)} classes, and the page shows up to "
            f"{MOST_CLASSES}: choose a column with fewer"
        )
    units = in_own_units(table)
    if len(units.names) > MOST_COLUMNS:
        raise CommandError(
            f"{path} has {len(units.names)} features, and the page takes up to {MOST_COLUMNS}: "
            "leave out columns"
        )
    X = units.X.toarray() if sp.issparse(units.X) else units.X
    lines = table.described(path, target)
    names = tuple(map(str, classes))
    return DataSet(
        title="your file",
        X=np.ascontiguousarray(X, dtype=np.float64),
        labels=labels.astype(np.intp),
        classes=names,
        columns=tuple(units.names),
        note="; ".join([lines[0].replace(f"{path}: ", ""), *lines[1:]]) + ".",
        code=(
            f"file = OwnFile(Path({path.name!r}), {target!r})  # in the folder of this program\n"
            "data = file.data_set()\n"
            "X, labels, classes, columns = data.X, data.labels, data.classes, data.columns\n"
        ),
        usual_classes="all",
        usual_columns=(0, 1) if len(units.names) > 1 else (0,),
    )

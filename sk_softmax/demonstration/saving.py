"""Where a result is saved: checked before the work, and replaced as a whole or not."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import joblib  # comes with scikit-learn, which depends on it

from sk_softmax.demonstration.errors import CommandError


class Place:
    """A file to save to, which can be written and may be.

    Parameters
    ----------
    path : Path
        The file. A symbolic link stays one, and the file that it leads to is replaced.
    inputs : sequence of Path
        The files that are read, which are never replaced.
    force : bool
        Whether another file that exists may be replaced.

    Raises
    ------
    CommandError
        If it cannot be written or may not be.
    """

    def __init__(self, path: Path, inputs: Sequence[Path], force: bool) -> None:
        self._path = path
        self._file = Path(os.path.realpath(path))
        self._inputs = inputs
        self._force = force
        try:
            self._check()
            # To write a file is the one way to know that it can be done: permissions do not tell
            # of file systems that are read-only, nor of names that are too long.
            beside = self._beside()
            beside.touch(exist_ok=False)
            beside.unlink()
        except OSError as error:
            raise self._not_written(error) from None

    def save(self, pipeline: Any) -> None:
        """Save a pipeline by joblib."""
        self._write(lambda beside: joblib.dump(pipeline, beside))

    def save_text(self, text: str) -> None:
        """Save text in UTF-8, its line ends as they are."""
        self._write(lambda beside: beside.write_bytes(text.encode()))

    def _write(self, write: Callable[[Path], object]) -> None:
        """Write a file beside the place, and move it there by renaming."""
        beside = self._beside()
        try:
            beside.touch(exist_ok=False)
            write(beside)
            self._check()  # minutes have passed
            os.replace(beside, self._file)
        except OSError as error:
            raise self._not_written(error) from None
        finally:
            beside.unlink(missing_ok=True)

    def _check(self) -> None:
        file = self._file
        if not file.parent.is_dir():
            raise self._refused("its folder does not exist")
        if file.is_dir():
            raise self._refused("it is a folder")
        if not os.path.lexists(file):
            return
        if any(one.exists() and file.samefile(one) for one in self._inputs):
            raise self._refused("it is the input")
        if not file.is_file():
            raise self._refused("it is not a regular file")
        if not self._force:
            raise self._refused("it exists; --force replaces it")

    def _beside(self) -> Path:
        """Return a new name in the same folder; by its suffix joblib chooses a compression."""
        return self._file.with_name(f".{secrets.token_hex(8)}{self._file.suffix}")

    def _refused(self, why: str) -> CommandError:
        return CommandError(f"{self._path} cannot be written: {why}")

    def _not_written(self, error: OSError) -> CommandError:
        return self._refused(error.strerror or str(error))

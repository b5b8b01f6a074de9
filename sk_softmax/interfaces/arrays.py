"""Types of arrays of numbers, and of what picks rows."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
"""Floating-point numbers; the docstring of each function says in which shape."""

Index: TypeAlias = "slice | NDArray[np.intp]"
"""Which rows: a slice, or an array of their numbers."""

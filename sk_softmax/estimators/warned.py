"""Warnings that point to the user's line, not to what lies between it and the package."""

from __future__ import annotations

import sys
import warnings

INSIDE = ("sk_softmax", "sklearn.callback")
"""Packages whose lines a warning does not point to; scikit-learn's callbacks wrap ``fit``."""


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the innermost line outside the package."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and _is_inside(frame.f_globals.get("__name__", "")):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def _is_inside(module: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in INSIDE)

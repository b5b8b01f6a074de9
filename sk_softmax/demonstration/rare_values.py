"""Names of one-hot encoded values; that of the rare ones, which count as one, is in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def rare_values(encoder: Any) -> list[set[str]]:
    """Return the values of each column that a fitted ``OneHotEncoder`` takes for one."""
    # An encoder that was not asked to has no such attribute.
    rare = getattr(encoder, "infrequent_categories_", [None] * len(encoder.categories_))
    return [set() if values is None else set(values.tolist()) for values in rare]


def features_of_text(encoder: Any, columns: Sequence[str]) -> list[str]:
    """Return the names of the features that a fitted ``OneHotEncoder`` makes of these columns.

    That of a value is ``column_value``. The rare values of a column have one feature, which comes
    last, and whose name says how many they are.
    """
    names = []
    for column, values, rare in zip(
        columns, encoder.categories_, rare_values(encoder), strict=True
    ):
        names += [f"{column}_{value}" for value in values.tolist() if value not in rare]
        if rare:
            names.append(f"{column}_(one of {len(rare)} rare values)")
    return names

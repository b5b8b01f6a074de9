"""The columns of a table as regression tables have them: in own units, none implied by others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder

from sk_softmax.demonstration.columns import Numbers
from sk_softmax.demonstration.errors import CommandError
from sk_softmax.demonstration.rare_values import features_of_text, rare_values
from sk_softmax.demonstration.table import Table

MOST_CATEGORIES = 100
"""Most values of a column of text to tell apart; rarer ones count as one value."""

DENSE = 0.3
"""Share of numbers besides zero from which rows are an array."""


@dataclass(frozen=True)
class OwnUnits:
    """Rows of numbers, and where they come from."""

    X: Any
    """An array or a CSR matrix of shape ``(n_rows, n_features)``, without missing values."""

    names: list[str]
    """Of the features."""

    groups: dict[str, list[int]]
    """By the name of each column of text, the numbers of its features."""

    compared_with: dict[str, str]
    """By the name of each column of text, its value without a feature."""

    constant: list[str]
    """Columns with one value in all rows, which have no feature."""

    rare: list[str]
    """Columns of text whose rarer values count as one."""


def in_own_units(table: Table) -> OwnUnits:
    """Return columns of numbers as they are, and those of text one-hot encoded.

    Missing numbers are imputed by the median of their column, and a missing text is a value of its
    own. All features of a one-hot encoded column would add up to the intercept, so the first
    value in alphabetical order has none: the coefficients of the others compare with it.

    Raises
    ------
    CommandError
        If no column has two different values.
    """
    numeric = [j for j in table.numeric if _varies(table.X[:, j].astype(np.float64))]
    kept = set(numeric)
    names = [table.names[j] for j in numeric]
    blocks, groups, compared_with, rare = [], {}, {}, []
    if numeric:
        blocks.append(SimpleImputer(strategy="median").fit_transform(table.X[:, numeric]))
    for j in table.text:
        block, values, first, has_rare = _encoded(table.X[:, [j]], table.names[j])
        if not values:
            continue
        rare += [table.names[j]] if has_rare else []
        kept.add(j)
        groups[table.names[j]] = list(range(len(names), len(names) + len(values)))
        compared_with[table.names[j]] = first
        names += values
        blocks.append(block)
    if not blocks:
        raise CommandError("no column besides the target has two different values")
    constant = [name for j, name in enumerate(table.names) if j not in kept]
    return OwnUnits(_side_by_side(blocks), names, groups, compared_with, constant, rare)


def _varies(numbers: Numbers) -> bool:
    """Whether two rows have different numbers; a median takes the place of missing ones."""
    known = numbers[~np.isnan(numbers)]
    return len(known) > 0 and bool(known.min() < known.max())


def _encoded(column: NDArray[Any], name: str) -> tuple[Any, list[str], str, bool]:
    """Return one column of text one-hot encoded, and how its features are called.

    Beside their names this is the value that has no feature, and whether rare values are one.
    ``column`` has shape ``(n_rows, 1)``.
    """
    filled = SimpleImputer(strategy="constant", fill_value="missing").fit_transform(column)
    encoder = OneHotEncoder(max_categories=MOST_CATEGORIES)
    block = encoder.fit_transform(filled)
    first, *others = features_of_text(encoder, [name])
    return block[:, 1:], others, first[len(name) + 1 :], bool(rare_values(encoder)[0])


def _side_by_side(blocks: list[Any]) -> Any:
    """Return blocks of columns as one array, or as a CSR matrix if most of it is zero."""
    if not any(sp.issparse(block) for block in blocks):
        return np.hstack(blocks)
    joined = sp.hstack([sp.csr_matrix(block) for block in blocks], format="csr")
    return joined.toarray() if joined.nnz > DENSE * np.prod(joined.shape) else joined

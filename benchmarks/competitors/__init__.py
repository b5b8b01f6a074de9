"""Other libraries, one adapter file each, with one interface for all of them."""

from __future__ import annotations

from benchmarks.competitors import (
    adelie,
    intelex,
    mlxtend,
    pytorch,
    scikit_learn,
    skglm,
    statsmodels,
)
from benchmarks.competitors.competitor import Competitor, Missing

ADAPTERS = [scikit_learn, intelex, pytorch, skglm, adelie, statsmodels, mlxtend]


def installed() -> tuple[list[Competitor], list[str]]:
    """Return the competitors that are installed, and a line for each library that is not."""
    found: list[Competitor] = []
    missing: list[str] = []
    for adapter in ADAPTERS:
        try:
            found += adapter.competitors()
        except Missing as reason:
            missing.append(str(reason))
    return found, missing

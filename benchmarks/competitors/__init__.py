"""Other libraries, one adapter file each, with one interface for all of them."""

from __future__ import annotations

import os

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
    """Return the competitors that are installed, and a line for each library that is not.

    Raises
    ------
    RuntimeError
        If an import has bound this process to fewer cores: times on all threads would be void.
    """
    before = _cores()
    found: list[Competitor] = []
    missing: list[str] = []
    for adapter in ADAPTERS:
        try:
            found += adapter.competitors()
        except Missing as reason:
            missing.append(str(reason))
        if _cores() != before:
            raise RuntimeError(f"{adapter.__name__} has bound this process to cores {_cores()}")
    return found, missing


def _cores() -> set[int]:
    """Return the cores on which this process may run; none where the system does not tell."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()

"""What one could use instead: one adapter file each, one way to run them all."""

from __future__ import annotations

from benchmarks.competitors import intelex, mlxtend, pytorch, scikit_learn, sk_softmax
from benchmarks.competitors.competitor import Competitor, Missing

ADAPTERS = [sk_softmax, scikit_learn, intelex, pytorch, mlxtend]


def installed() -> tuple[list[Competitor], list[str]]:
    """Return the competitors that can run here, and a line on each library that cannot."""
    found: list[Competitor] = []
    missing: list[str] = []
    for adapter in ADAPTERS:
        try:
            found += adapter.competitors()
        except Missing as reason:
            missing.append(str(reason))
    return found, missing

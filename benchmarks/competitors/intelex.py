"""scikit-learn-intelex's LogisticRegression."""

from __future__ import annotations

from functools import partial

from benchmarks.competitors.competitor import Competitor, Missing
from benchmarks.competitors.scikit_learn import fit


def competitors() -> list[Competitor]:
    try:
        from sklearnex.linear_model import LogisticRegression
    except ImportError as error:
        raise Missing(f"scikit-learn-intelex is not installed ({error}): left out") from error
    return [
        Competitor(
            "intelex lbfgs",
            partial(fit, solver="lbfgs", kind=LogisticRegression),
            [5 * 2**k for k in range(14)],
            patience=2.2,
        )
    ]

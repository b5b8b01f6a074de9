"""scikit-learn-intelex's LogisticRegression."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks.competitors.competitor import Competitor, Missing, doubling
from benchmarks.competitors.scikit_learn import fit


@contextmanager
def _limits(n_threads: int) -> Iterator[None]:
    """Limit TBB's threads, which threadpoolctl does not know."""
    import daal4py

    daal4py.daalinit(n_threads)
    yield


def competitors() -> list[Competitor]:
    try:
        import daal4py  # noqa: F401
        from sklearnex.linear_model import LogisticRegression
    except ImportError as error:
        raise Missing(f"scikit-learn-intelex is not installed ({error}): left out") from error

    return [
        Competitor(
            "intelex lbfgs",
            partial(fit, solver="lbfgs", kind=LogisticRegression),
            doubling(),
            limits_threads=_limits,
        )
    ]

"""adelie's grpnet; the effort is its tolerance.

With more than two classes its penalty takes all coefficients of a feature as one group.
"""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np

from benchmarks.competitors.competitor import Competitor, Missing, Task

# Unless this is set, its import binds the process, and all that it starts, to a single core.
os.environ.setdefault("OMP_PROC_BIND", "FALSE")


def fit(task: Task, tol: float, n_threads: int) -> tuple[np.ndarray, np.ndarray]:
    coefs, intercepts = path(task, np.array([task.C]), tol, n_threads)
    return coefs[0], intercepts[0]


def path(task: Task, Cs: np.ndarray, tol: float, n_threads: int) -> tuple[np.ndarray, np.ndarray]:
    """Return ``coefs`` (n_Cs, n_outputs, n_features) and ``intercepts`` (n_Cs, n_outputs)."""
    import adelie

    X = np.asfortranarray(task.X)
    n_rows, n_features = X.shape
    n_outputs = 1 if task.n_classes == 2 else task.n_classes
    # Its multinomial loss is the mean cross-entropy over the number of classes.
    strengths = 1 / (np.asarray(Cs) * n_rows * n_outputs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        state = adelie.grpnet(
            X=adelie.matrix.dense(X, n_threads=n_threads),
            glm=_loss(task, n_outputs, X.dtype.type),
            alpha=float(task.l1_ratio),
            penalty=np.ones(n_features, dtype=X.dtype),
            lmda_path=strengths.astype(X.dtype),
            tol=tol,
            irls_tol=tol,
            n_threads=n_threads,
            early_exit=False,
            progress_bar=False,
        )
    if len(state.lmdas) != len(Cs):
        raise RuntimeError(f"adelie: {len(state.lmdas)} of {len(Cs)} penalties were fitted")
    coefs = state.betas.toarray().reshape(len(Cs), n_features, n_outputs)
    return coefs.transpose(0, 2, 1), np.reshape(state.intercepts, (len(Cs), n_outputs))


def _loss(task: Task, n_outputs: int, dtype: Any) -> Any:
    import adelie

    if n_outputs == 1:
        return adelie.glm.binomial(task.y.astype(dtype), dtype=dtype)
    return adelie.glm.multinomial(np.eye(n_outputs, dtype=dtype)[task.y], dtype=dtype)


def competitors() -> list[Competitor]:
    try:
        import adelie  # noqa: F401
    except ImportError as error:
        raise Missing(f"adelie is not installed ({error}): left out") from error
    efforts = [10.0**-k for k in range(3, 14)]
    return [
        Competitor("adelie", fit, efforts, ("l2", "l1"), takes_sparse=False, most_classes_l1=2)
    ]

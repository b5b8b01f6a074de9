"""statsmodels' MNLogit, without a penalty; the effort is the limit on Newton's iterations."""

from __future__ import annotations

import warnings

import numpy as np

from benchmarks.competitors.competitor import Competitor, Missing, Task


def fit(task: Task, max_iter: int, n_threads: int) -> tuple[np.ndarray, np.ndarray]:
    from statsmodels.api import MNLogit

    design = np.column_stack([np.ones(len(task.y)), task.X])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MNLogit(task.y, design)
        found = model.fit(method="newton", maxiter=max_iter, disp=False, warn_convergence=False)
    params = np.asarray(found.params).T  # (n_classes - 1, 1 + n_features): the first class is 0
    if task.n_classes > 2:
        params = np.vstack([np.zeros_like(params[:1]), params])
    return params[:, 1:], params[:, 0]


def competitors() -> list[Competitor]:
    try:
        import statsmodels.api  # noqa: F401
    except ImportError as error:
        raise Missing(f"statsmodels is not installed ({error}): left out") from error
    return [
        Competitor(
            "statsmodels MNLogit",
            fit,
            [1, 2, 4, 8, 16, 32, 64],
            ("none",),
            takes_sparse=False,
            most_hessian_columns=1000,
        )
    ]

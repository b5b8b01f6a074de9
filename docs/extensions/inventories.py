"""Where other projects document what our pages refer to.

Sphinx would fetch these addresses from each project's site. Written down here, they need no
network, and a name that is not among them is shown without a link.
"""

from __future__ import annotations

import zlib
from pathlib import Path

OUTSIDE = {
    "sklearn": (
        "https://scikit-learn.org/stable/",
        {
            "py:class modules/generated/$.html#$": [
                "sklearn.ensemble.StackingClassifier",
                "sklearn.inspection.DecisionBoundaryDisplay",
                "sklearn.linear_model.LogisticRegression",
                "sklearn.linear_model.LogisticRegressionCV",
                "sklearn.linear_model.SGDClassifier",
                "sklearn.model_selection.GridSearchCV",
                "sklearn.model_selection.StratifiedKFold",
                "sklearn.pipeline.Pipeline",
                "sklearn.preprocessing.StandardScaler",
            ],
            "py:function modules/generated/$.html#$": [
                "sklearn.metrics.accuracy_score",
                "sklearn.metrics.log_loss",
                "sklearn.utils.estimator_checks.check_estimator",
            ],
            "py:exception modules/generated/$.html#$": [
                "sklearn.exceptions.ConvergenceWarning",
            ],
            "std:label modules/model_evaluation.html#accuracy-score": ["accuracy_score"],
            "std:label metadata_routing.html#metadata-routing": ["metadata_routing"],
        },
    ),
    "numpy": (
        "https://numpy.org/doc/stable/",
        {"py:class reference/generated/$.html#$": ["numpy.ndarray", "numpy.memmap"]},
    ),
    "scipy": (
        "https://docs.scipy.org/doc/scipy/",
        {"py:class reference/generated/$.html#$": ["scipy.sparse.csr_array"]},
    ),
    "pandas": (
        "https://pandas.pydata.org/docs/",
        {"py:class reference/api/$.html#$": ["pandas.DataFrame"]},
    ),
    "statsmodels": (
        "https://www.statsmodels.org/stable/",
        {
            "py:class generated/$.html#$": [
                "statsmodels.discrete.discrete_model.MNLogit",
                "statsmodels.discrete.discrete_model.Logit",
            ]
        },
    ),
}
"""A project's address, and for each domain, role and pattern of addresses the names documented."""


def written(folder: Path) -> dict[str, tuple[str, str]]:
    """Write an inventory of each project into a folder; return what ``intersphinx`` is to know."""
    folder.mkdir(parents=True, exist_ok=True)
    mapping = {}
    for project, (address, names) in OUTSIDE.items():
        path = folder / f"{project}.inv"
        path.write_bytes(_inventory(project, names))
        mapping[project] = (address, str(path))
    return mapping


def _inventory(project: str, names: dict[str, list[str]]) -> bytes:
    """Return names in the format of ``objects.inv``, version 2."""
    head = (
        "# Sphinx inventory version 2\n"
        f"# Project: {project}\n"
        "# Version: \n"
        "# The remainder of this file is compressed using zlib.\n"
    )
    lines = []
    for where, documented in names.items():
        role, address = where.split()
        shown = "scikit-learn's user guide" if role == "std:label" else "-"
        lines += [f"{name} {role} 1 {address} {shown}\n" for name in documented]
    return head.encode() + zlib.compress("".join(lines).encode())

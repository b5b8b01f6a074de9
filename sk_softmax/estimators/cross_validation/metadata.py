"""Metadata of a cross-validation, for its splitter and for its scorer, by scikit-learn's rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sklearn
from sklearn.utils import Bunch
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from sk_softmax.fitting.settings import Weights


def router_of(estimator: Any, splitter: Any, scorer: Any) -> MetadataRouter:
    """Return where metadata go: from ``fit`` to both, and from ``score`` to the scorer.

    Parameters
    ----------
    estimator : SoftmaxRegressionCV
        The estimator that is given the metadata.
    splitter : object
        Its parameter ``cv``.
    scorer : callable
        Its scorer.
    """
    to_splitter = MethodMapping().add(caller="fit", callee="split")
    to_scorer = MethodMapping().add(caller="fit", callee="score")
    to_scorer.add(caller="score", callee="score")
    router = MetadataRouter(owner=type(estimator).__name__).add_self_request(estimator)
    router.add(splitter=splitter, method_mapping=to_splitter)
    return router.add(scorer=scorer, method_mapping=to_scorer)


def routed(estimator: Any, weights: Weights | None, metadata: Mapping[str, Any]) -> Any:
    """Return the metadata for the splitter and for the scorer.

    Without routing the splitter gets ``groups``, and the scorer the weights.

    Parameters
    ----------
    estimator : SoftmaxRegressionCV
        The estimator that is given the metadata.
    weights : ndarray of shape (n_rows,), or None
        The sample weights.
    metadata : mapping
        What else was given to ``fit``.

    Raises
    ------
    ValueError
        If there is other metadata than ``groups`` without routing.
    """
    if routing_is_enabled():
        given = {} if weights is None else {"sample_weight": weights}
        return process_routing(estimator, "fit", **metadata, **given)
    unknown = sorted(set(metadata) - {"groups"})
    if unknown:
        raise ValueError(
            f"Passing {', '.join(unknown)} to {type(estimator).__name__}.fit is only supported if "
            "enable_metadata_routing=True: set it with sklearn.set_config, or pass "
            "sample_weight and groups alone."
        )
    to_scorer = {} if weights is None else {"sample_weight": weights}
    return Bunch(splitter=Bunch(split=dict(metadata)), scorer=Bunch(score=to_scorer))


def routing_is_enabled() -> bool:
    """Whether scikit-learn's metadata routing is switched on."""
    return bool(sklearn.get_config()["enable_metadata_routing"])

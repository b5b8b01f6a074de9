"""From training rows to their folds and the scorer of fits, wherever the rows are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import check_cv

from sk_softmax.estimators.cross_validation.parted_scores import PartedScores, held_out_question
from sk_softmax.estimators.cross_validation.parted_splits import row_split
from sk_softmax.estimators.cross_validation.scoring import FoldScores
from sk_softmax.estimators.cross_validation.splits import (
    check_bounds_fit,
    check_trains,
    folds_of,
    numbers_of_rows,
)
from sk_softmax.fitting.class_weight import weighted_by_class
from sk_softmax.fitting.device_training import DeviceTrainingSet
from sk_softmax.fitting.fold_path import AnyFolds
from sk_softmax.fitting.folded_set import FoldedSet
from sk_softmax.fitting.folds_in_parts import FoldInParts, FoldsInParts
from sk_softmax.fitting.folds_on_device import FoldOnDevice, FoldsOnDevice
from sk_softmax.fitting.parted_training import PartedTrainingSet
from sk_softmax.fitting.prepared import AnyTrainingSet
from sk_softmax.fitting.settings import Settings, TrainingSet, Weights, hard_labels


@dataclass(frozen=True)
class ScoredFolds:
    """How rows are split, and how the fits of folds are scored."""

    cv: Any
    """The estimator's parameter ``cv``."""

    scoring: Any
    """The estimator's parameter ``scoring``, or "accuracy" for None and for the default."""

    settings: Settings
    """The settings that all fits share."""

    model_of: Callable[[float, float], Any]
    """A function from ``C`` and ``l1_ratio`` to an estimator that is not fitted yet."""

    metadata: Mapping[str, Any]
    """What was given to ``fit`` beside rows, labels and weights."""

    route: Callable[[Weights | None, Mapping[str, Any]], Any]
    """A function from weights and metadata to what the splitter and the scorer get of them, as
    :func:`sklearn.utils.metadata_routing.process_routing` returns it."""

    def of(self, training: AnyTrainingSet) -> tuple[AnyFolds, FoldScores | PartedScores]:
        """Return the rows and their folds, and the scorer of fits."""
        if isinstance(training, PartedTrainingSet):
            return self._in_parts(training)
        if isinstance(training, DeviceTrainingSet):
            return self._on_device(training)
        return self._in_memory(training)

    def _in_memory(self, training: TrainingSet) -> tuple[FoldedSet, FoldScores]:
        routed = self.route(training.weights, self.metadata)
        labels = training.classes[hard_labels(training.given)]
        splits = self._splits(training.X, labels, routed.splitter.split)
        weighted = weighted_by_class(self.settings, training)
        n_classes = len(training.classes)
        folds = folds_of(splits, weighted.given, weighted.weights, n_classes)
        check_bounds_fit(self.settings.lower_bounds, folds, n_classes)
        scores = FoldScores(self.scoring, training, folds, routed.scorer.score, self.model_of)
        return FoldedSet(weighted, folds), scores

    def _in_parts(self, training: PartedTrainingSet) -> tuple[FoldsInParts, PartedScores]:
        if self.metadata:
            raise ValueError(
                f"{', '.join(sorted(self.metadata))} would be split with the rows, which lie in "
                "parts: of metadata, they take sample_weight alone."
            )
        weights = np.ones(1) if training.has_weights else None  # the parts have them
        weighs = "sample_weight" in self.route(weights, {}).scorer.score
        question = held_out_question(self.scoring, training, weighs=weighs)
        split = row_split(self.cv, training)
        check = self._check_of(len(training.classes))
        folds = FoldsInParts.of(self.settings, training, split, question, check)
        return folds, PartedScores(self.scoring, folds, self.model_of, weighs=weighs)

    def _on_device(self, training: DeviceTrainingSet) -> tuple[FoldsOnDevice, PartedScores]:
        # Labels and weights are copied to the host to split them.
        routed = self.route(training.weights_on_host, self.metadata)
        of_scorer = set(routed.scorer.score)
        if of_scorer - {"sample_weight"}:
            raise ValueError(
                f"{', '.join(sorted(of_scorer - {'sample_weight'}))} would be passed to the "
                "scorer with the rows held out, which lie on a device: there it takes "
                "sample_weight alone."
            )
        weighs = "sample_weight" in of_scorer
        question = held_out_question(self.scoring, training, weighs=weighs)
        labels = training.classes[hard_labels(training.given_on_host)]
        splits = numbers_of_rows(self._splits(training.X, labels, routed.splitter.split))
        check = self._check_of(len(training.classes))
        folds = FoldsOnDevice.of(self.settings, training, splits, question, check)
        return folds, PartedScores(self.scoring, folds, self.model_of, weighs=weighs)

    def _splits(self, X: Any, labels: NDArray[Any], routed: Mapping[str, Any]) -> list[Any]:
        """Return pairs of the rows to train on and to score."""
        splitter = check_cv(self.cv, labels, classifier=True)
        return list(splitter.split(X, labels, **routed))

    def _check_of(self, n_classes: int) -> Callable[[Sequence[FoldInParts | FoldOnDevice]], None]:
        """Return a check of folds by their classes, of ``n_classes`` in all of the data."""

        def check(folds: Sequence[FoldInParts | FoldOnDevice]) -> None:
            for fold in folds:
                check_trains(fold.number, fold.present)
            check_bounds_fit(self.settings.lower_bounds, folds, n_classes)

        return check

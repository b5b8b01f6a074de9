"""From a user's X, y and weights to a training set: the one place where they are checked."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from sk_softmax.estimators.input.collections import collection_of, refuse_parts
from sk_softmax.estimators.input.dispatch import as_numpy, is_computed_there, place_of
from sk_softmax.estimators.input.dispatched_rows import dispatched_training_set
from sk_softmax.estimators.input.given_parts import parted_training_set
from sk_softmax.estimators.input.label_types import check_labels
from sk_softmax.estimators.input.labels import column_names, encoded, given_for
from sk_softmax.estimators.input.offsets import checked_offset, refuse_offset, require_offset
from sk_softmax.estimators.input.parameters import for_data, settings_of
from sk_softmax.estimators.input.rows import are_probabilities, checked_weights, validated
from sk_softmax.fitting.prepared import AnyTrainingSet
from sk_softmax.fitting.settings import Settings, TrainingSet
from sk_softmax.parts import ONLY_FIT, Chunks
from sk_softmax.parts.device_arrays import on_host


def training_set_anywhere(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    offset: Any = None,
    **options: Any,
) -> AnyTrainingSet:
    """Return the same as :func:`training_set` does, from rows in memory, in parts or on a device.

    Which of them may lie on a device is an option of :func:`training_set`.
    """
    verbose = bool(getattr(estimator, "verbose", 0)) and options.get("reset", True)
    collection = collection_of(X, y, sample_weight, offset, verbose=verbose)
    if collection is not None:
        options.pop("takes_devices", None)
        return parted_training_set(estimator, collection, **options)
    return training_set(estimator, X, y, sample_weight, offset=offset, **options)


def any_training_set(*given: Any, **options: Any) -> AnyTrainingSet:
    """Return the same for several fits; chunks are an error.

    They would be read anew in each of many passes.
    """
    if any(isinstance(argument, Chunks) for argument in given):
        raise TypeError(ONLY_FIT)
    return training_set_anywhere(*given, takes_devices=True, **options)


def training_set(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    classes: NDArray[Any] | None = None,
    reset: bool = True,
    y_name: str = "y",
    may_weigh_nothing: bool = False,
    offset: Any = None,
    offset_name: str = "offset",
    takes_devices: bool = False,
) -> TrainingSet:
    """Return checked rows, their targets and weights, and the classes.

    Parameters
    ----------
    estimator : estimator
        The estimator that stores or knows the features; errors name its class.
    X : array-like or sparse matrix of shape (n_samples, n_features)
        The rows.
    y : array-like of shape (n_samples,) or (n_samples, n_classes)
        Labels, or the probability of each class.
    sample_weight : array-like of shape (n_samples,), optional
        Weights, not negative.
    classes : ndarray of shape (n_classes,), optional
        The classes, if they are known; labels must be among them.
    reset : bool, default=True
        Whether the estimator stores these features. Otherwise they are compared with the features
        that it has stored.
    y_name : str, default="y"
        The name of ``y`` in errors about labels.
    may_weigh_nothing : bool, default=False
        Whether all weights may be zero.
    offset : array-like of shape (n_samples,) or (n_samples, n_classes), optional
        What is added to the logits; the first form is for two classes.
    offset_name : str, default="offset"
        The name of ``offset`` in errors.
    takes_devices : bool, default=False
        Whether rows may lie where NumPy cannot view them; otherwise they are an error.

    Returns
    -------
    training : TrainingSet or DeviceTrainingSet
        What a model is fitted to or evaluated on.
    """
    refuse_parts(estimator, X, y)
    if takes_devices and is_computed_there(X):
        there: Any = dispatched_training_set(
            estimator,
            X,
            y,
            sample_weight,
            offset,
            classes=classes,
            reset=reset,
            y_name=y_name,
            may_weigh_nothing=may_weigh_nothing,
            offset_name=offset_name,
        )
        return there  # type: ignore[no-any-return]
    if y is None:  # scikit-learn's words come first
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target y "
            "is None. Rows that are read in chunks together with their y are passed as "
            "sk_softmax.Chunks(read)."
        )
    y, sample_weight, offset = as_numpy(y), as_numpy(sample_weight), as_numpy(offset)
    names, place = column_names(y), place_of(X)
    if not are_probabilities(y):
        check_labels(y, y_name)
    X, y = validated(estimator, X, y, reset=reset)
    weights = None
    if sample_weight is not None:
        weights = checked_weights(sample_weight, X.shape[0], may_be_zero=may_weigh_nothing)
    if classes is None:
        classes, given = encoded(estimator, y, names)
    else:
        given = given_for(estimator, y, names, classes, y_name)
    added = checked_offset(offset, X.shape[0], classes, X.dtype, name=offset_name)
    return TrainingSet(X, given, weights, classes, added, place)


def fitted_to(
    estimator: Any, X: Any, y: Any, sample_weight: Any, offset: Any
) -> tuple[Settings, TrainingSet]:
    """Return the settings of a fitted estimator and the rows it was fitted to, checked again."""
    settings = settings_of(estimator, draw_seed=False)
    classes = on_host(estimator.classes_)
    settings = for_data(settings, estimator.n_features_in_, classes)
    require_offset(offset, needs=estimator._has_offset, what="its inference")
    refuse_offset(offset, needs=estimator._has_offset)
    data = training_set(
        estimator, X, y, sample_weight, classes=classes, reset=False, offset=offset
    )
    return settings, data

"""Whether scikit-learn's array API dispatch is on for an array, and where it is computed on."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import get_config

from sk_softmax.parts.device_arrays import (
    Place,
    host_view,
    is_in_host_memory,
    is_on_device,
    on_host,
)


def is_dispatched(array: Any) -> bool:
    """Whether an array is not NumPy's, and answers about it are in its namespace and place."""
    return bool(get_config()["array_api_dispatch"]) and is_on_device(array)


def place_of(array: Any) -> Place | None:
    """Return where answers about an array belong; None for NumPy's memory."""
    return Place.of(array) if is_dispatched(array) else None


def is_computed_there(array: Any) -> bool:
    """Whether an array that is dispatched lies where NumPy cannot view it."""
    return is_dispatched(array) and not is_in_host_memory(array)


def as_numpy(array: Any) -> Any:
    """Return an array that is dispatched as one of NumPy's; anything else as it is.

    It is a view of one in the host's memory, and a copy of one elsewhere.
    """
    if not is_dispatched(array):
        return array
    return host_view(array) if is_in_host_memory(array) else on_host(array)


def rows_for_numpy(X: Any) -> Any:
    """Return X as it is, or NumPy's view of an X that is dispatched and in the host's memory.

    Raise an error if it lies elsewhere.
    """
    if not is_dispatched(X):
        return X
    if is_in_host_memory(X):
        return host_view(X)
    place = Place.of(X)
    raise ValueError(
        f"X is an array of {place.xp.__name__} on {place.device}, and here rows are read in "
        "NumPy: fits, paths, cross-validations, partial_fit, objective, score and predictions "
        "compute on a device, inference does not. Pass X as an array of NumPy's, for example "
        "X.cpu().numpy() of PyTorch."
    )


def check_readable(X: Any) -> None:
    """Raise an error if X is on a device whose arrays NumPy cannot read; dispatch is off."""
    if not is_on_device(X):
        return
    try:
        np.asarray(X)
    except (TypeError, RuntimeError, ValueError) as error:
        raise TypeError(
            f"X is an array of {type(X).__module__} that NumPy cannot read ({error}). Switch on "
            "computations on its device with sklearn.set_config(array_api_dispatch=True), after "
            "SCIPY_ARRAY_API=1 in the environment of Python, or pass an array of NumPy's."
        ) from error

"""Whether scikit-learn's array API dispatch is on for an array, and what is said if it is not."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import get_config

from sk_softmax.parts.device_arrays import Place, is_on_device, on_host


def is_dispatched(array: Any) -> bool:
    """Whether an array is not NumPy's, and computed on where it lies."""
    return bool(get_config()["array_api_dispatch"]) and is_on_device(array)


def as_numpy(array: Any) -> Any:
    """Return an array that is dispatched as one of NumPy's; anything else as it is."""
    return on_host(array) if is_dispatched(array) else array


def refuse_devices(X: Any) -> None:
    """Raise an error if X lies on a device, where rows are read in NumPy."""
    if not is_dispatched(X):
        return
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

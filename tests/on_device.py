"""The same objective on rows of a device, for tests: array_api_strict has several."""

import os
from contextlib import suppress

import numpy as np
import pytest

if np.lib.NumpyVersion(np.__version__) < "2.0.0":
    pytest.skip("array_api_strict needs NumPy 2", allow_module_level=True)
pytest.importorskip("array_api_strict")
pytest.importorskip("array_api_compat")

from sk_softmax.fitting.device_answers import ANSWERS
from sk_softmax.fitting.device_training import DeviceTrainingSet
from sk_softmax.objective import DataTerm
from sk_softmax.parts.device_arrays import Place
from sk_softmax.parts.device_data import DeviceData
from sk_softmax.parts.device_rows import DeviceRows
from sk_softmax.parts.device_targets import DeviceTargets

# Parameters of fits, by their name, that are tried wherever rows lie.
FITS = {
    "auto": {},
    "Newton": {"solver": "newton-cholesky"},
    "L-BFGS": {"solver": "lbfgs"},
    "gd": {"solver": "gd", "max_iter": 20},
    "sgd": {"solver": "sgd", "max_iter": 5, "random_state": 0},
    "adam": {"solver": "adam", "max_iter": 5, "random_state": 0},
    "L1": {"l1_ratio": 1, "C": 0.1},
    "grouped": {"l1_ratio": 1, "C": 0.1, "grouped": True},
    "bounds": {"lower_bounds": 0},
    "no penalty": {"C": np.inf},
    "bias reduction": {"C": np.inf, "bias_reduction": "firth"},
    "balanced": {"class_weight": "balanced"},
    "class weights": {"class_weight": {0: 1, 1: 2.5}},
    "no intercept": {"fit_intercept": False},
    "smoothed": {"label_smoothing": 0.1},
    "factors": {"penalty_factor": [1, 2, 0, 1, 1]},
    "path": {"keep_path": True, "solver": "lbfgs"},
    "early stopping": {"early_stopping": True, "random_state": 0},
}


def places():
    """Names of libraries that are installed, and of the devices that are tried."""
    import array_api_compat  # noqa: F401

    names = ["strict:CPU_DEVICE", "strict:device1", "strict:device2"]
    with suppress(ImportError):
        import torch

        torch.set_num_threads(1)
        names.append("torch:cpu")
    if os.environ.get("SK_SOFTMAX_TEST_JAX"):  # which compiles for minutes
        import jax

        jax.config.update("jax_enable_x64", True)
        names.append("jax:cpu")
    return names


def place_of(name):
    """The namespace and the device of a name."""
    library, device = name.split(":")
    if library == "strict":
        import array_api_strict as xp

        return Place(xp, xp.Device(device))
    if library == "jax":
        import jax

        return Place.of(jax.numpy.zeros(1))
    import torch
    from array_api_compat import torch as xp

    return Place(xp, torch.device(device))


def there(place, values):
    """An array of NumPy's on the device."""
    if values is None:
        return None
    if values.dtype.kind == "i":
        return place.indices(values)
    if values.dtype == np.float64 and not place.has_float64:
        values = values.astype(np.float32)
    return place.xp.asarray(np.array(values), device=place.device)


def on_device(objective, X, given, place, smoothing=0.0):
    """The objective of a data term in memory, with its weights and offset, on a device.

    ``given`` are its labels or probabilities before they are smoothed.
    """
    data = objective.data
    assert type(data) is DataTerm
    has_intercept = data.rows.n_columns > data.rows.n_features
    rows = DeviceRows(there(place, X), data.loss.n_outputs, has_intercept=has_intercept)
    targets = DeviceTargets(place, there(place, given), data.loss.n_classes, smoothing)
    weight, offset = there(place, data.relative_weight), there(place, data.offset)
    return objective.of_data(DeviceData(rows, targets, data.loss, ANSWERS, weight, offset))


def training_there(training, place):
    """A training set in memory on a device."""
    arrays = (training.X, training.given, training.weights)
    X, given, weights = (there(place, array) for array in arrays)
    return DeviceTrainingSet(X, given, weights, training.classes, there(place, training.offset))


WIDTHS_IN_PLACES = [
    (name, dtype)
    for name in places()
    for dtype in ("float64", "float32")
    if name in ("strict:device1", "torch:cpu", "jax:cpu")
]
"""What estimators are tried with: names of places, and of types."""


def moved(place, *arrays):
    """Arrays of NumPy's in a place."""
    return [place.moved(array) for array in arrays]


def assert_there(array, place, dtype=None):
    """Check that an array lies in a place, and has a type of this name."""
    assert place.device == type(place).of(array).device
    assert place.xp is type(place).of(array).xp
    if dtype is not None:
        assert array.dtype == getattr(place.xp, dtype)

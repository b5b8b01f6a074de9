"""Arrays of other libraries that lie in the host's memory, for tests of NumPy's views of them."""

from contextlib import suppress

import numpy as np
from on_device import place_of

from sk_softmax import SoftmaxRegression
from sk_softmax.estimators.input.training_set import training_set_anywhere
from sk_softmax.parts.device_arrays import Place

N_ROWS = 300


def libraries():
    """Names of the libraries that are installed."""
    names = ["array_api_strict"]
    with suppress(ImportError):
        import torch

        torch.set_num_threads(1)
        names.append("torch")
    with suppress(ImportError):
        import jax  # noqa: F401

        names.append("jax")
    return names


def in_library(name, values):
    """A copy of NumPy's values as an array of a library, in the host's memory."""
    values = np.array(values)
    if name == "array_api_strict":
        return place_of("strict:CPU_DEVICE").xp.asarray(values)
    if name == "torch":
        import torch

        return torch.from_numpy(values)
    import jax

    return jax.numpy.array(values)


def seen_by_numpy(array):
    """NumPy's array of the same numbers at the same address, by the library's own means."""
    found = np.asarray(array)
    if type(array).__module__.startswith("jax"):
        assert found.ctypes.data == array.unsafe_buffer_pointer()
    return found


def as_held(place, values):
    """NumPy's values in the type in which a place holds them."""
    narrow = values.dtype == np.float64 and not place.has_float64
    return values.astype(np.float32) if narrow else values


def assert_same_bits(ours, theirs, place):
    """Check that an array lies in a place, and is one of NumPy's to the last bit."""
    theirs = as_held(place, np.asarray(theirs))
    assert Place.of(ours) == place
    found = np.asarray(ours)
    if theirs.dtype != np.int64 or place.has_float64:  # JAX has them in 32 bits otherwise
        assert found.dtype == theirs.dtype
    np.testing.assert_array_equal(found, theirs)


def table(n_classes=3, dtype="f8"):
    """Rows, labels and weights of NumPy's."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 5)) * np.geomspace(0.3, 4, 5)
    logits = X @ rng.normal(size=(5, n_classes)) + 2 * rng.gumbel(size=(N_ROWS, n_classes))
    return X.astype(dtype), logits.argmax(axis=1), rng.uniform(0.2, 3, N_ROWS)


def there_and_here(library, *arrays):
    """Arrays of a library, and NumPy's of the same numbers, in the widths of the library."""
    there = [None if array is None else in_library(library, array) for array in arrays]
    return there, [None if array is None else seen_by_numpy(array) for array in there]


def checked(X, y, **options):
    """What is fitted to of these rows."""
    return training_set_anywhere(SoftmaxRegression(), X, y, takes_devices=True, **options)

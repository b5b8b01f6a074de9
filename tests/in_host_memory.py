"""Arrays of other libraries that lie in the host's memory, for tests of NumPy's views of them."""

from contextlib import suppress

import numpy as np
from on_device import place_of

from sk_softmax.parts.device_arrays import Place


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

"""Arrays of any library with the array API: where they lie, NumPy's views, ways to the host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array

# Devices of the host's memory by their numbers in DLPack: its own, and pages of it that CUDA or
# ROCm holds in place. NumPy views arrays of all three.
OF_HOST = {1, 3, 11}

# Libraries whose arrays do not say that they have the array API, or have not always said so.
WITHOUT_PROTOCOL = {"torch", "cupy", "dpnp", "jax", "jaxlib"}


def compat() -> Any:
    """Return ``array_api_compat``, which gives all libraries the same functions."""
    try:
        import array_api_compat
    except ImportError as error:
        raise ImportError(
            "Arrays on a device are fitted to with the functions of the array API standard, which "
            "needs array-api-compat: pip install 'sk-softmax[array-api]'."
        ) from error
    return array_api_compat


@dataclass(frozen=True, eq=False)
class Place:
    """A namespace of array functions, and a device on which its arrays lie."""

    xp: Any
    device: Any

    @classmethod
    def of(cls, array: Any) -> Place:
        """Return where an array lies."""
        return cls(compat().array_namespace(array), compat().device(array))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Place) and self.xp is other.xp and self.device == other.device

    __hash__ = None  # type: ignore[assignment]

    @cached_property
    def has_float64(self) -> bool:
        """Whether the device computes in float64."""
        info = self.xp.__array_namespace_info__()
        if "float64" not in info.dtypes(device=self.device, kind="real floating"):
            return False
        try:
            return bool(self.xp.zeros(1, dtype=self.xp.float64, device=self.device).dtype.itemsize)
        except (TypeError, RuntimeError):  # a device of torch on which only some types exist
            return False
        except AttributeError:  # a type that does not know its size
            return True

    @cached_property
    def widest(self) -> Any:
        """The widest floating-point type of the device."""
        return self.xp.float64 if self.has_float64 else self.xp.float32

    @cached_property
    def integers(self) -> Any:
        """The type of indices on the device."""
        defaults = self.xp.__array_namespace_info__().default_dtypes(device=self.device)
        return defaults["indexing"]

    def width(self, dtype: Any) -> Any:
        """Return the floating-point type of the namespace for one of NumPy's."""
        return self.xp.float64 if np.dtype(dtype) == np.float64 else self.xp.float32

    def floats(self, values: Any, dtype: Any) -> Any:
        """Return an array of NumPy's on the device, in the width of ``dtype`` of NumPy."""
        with np.errstate(over="ignore"):  # solvers test for the infinities that follow
            host = np.array(values, dtype=dtype)
        return self.xp.asarray(host, dtype=self.width(dtype), device=self.device)

    def wide(self, values: Any) -> Any:
        """Return an array of NumPy's on the device, in the widest type."""
        return self.floats(values, np.float64 if self.has_float64 else np.float32)

    def indices(self, numbers: Any) -> Any:
        """Return whole numbers of NumPy's on the device."""
        host = np.array(numbers, dtype=np.int64)
        return self.xp.asarray(host, dtype=self.integers, device=self.device)

    def mask(self, values: NDArray[np.bool_]) -> Any:
        """Return booleans of NumPy's on the device."""
        return self.xp.asarray(np.array(values), dtype=self.xp.bool, device=self.device)

    def counted(self, first: int, n: int) -> Any:
        """Return ``n`` whole numbers from ``first`` on."""
        return self.xp.arange(first, first + n, dtype=self.integers, device=self.device)

    def total(self, values: Any) -> Any:
        """Return the sum of all values in the widest type, a number on the device."""
        return self.xp.sum(values, dtype=self.widest)

    def moved(self, array: Any) -> Any:
        """Return an array of any library and device here; itself if it is here already."""
        if is_on_device(array) and Place.of(array) == self:
            return array
        host = on_host(array)
        if host.dtype == np.float64 and not self.has_float64:
            host = host.astype(np.float32)
        if not host.flags.writeable or any(stride < 0 for stride in host.strides):
            host = host.copy()  # PyTorch takes neither
        return self.xp.asarray(host, device=self.device)


def is_on_device(array: Any) -> bool:
    """Whether an array is of a library with the array API other than NumPy and dask.

    Nothing is imported to tell.
    """
    kind = type(array)
    roots = {base.__module__.partition(".")[0] for base in kind.__mro__}
    if roots & {"numpy", "dask"}:
        return False
    return hasattr(kind, "__array_namespace__") or bool(roots & WITHOUT_PROTOCOL)


def is_in_host_memory(array: Any) -> bool:
    """Whether an array of another library lies in the host's memory, where NumPy can view it.

    array_api_strict says so of all its devices; those that stand for others have another name.
    """
    try:
        kind, _ = array.__dlpack_device__()
        return int(kind) in OF_HOST and "cpu" in str(compat().device(array)).lower()
    except (AttributeError, BufferError, RuntimeError, TypeError, ValueError):
        return False  # a library without the protocol, or an array that lies in no one place


def host_view(array: Any) -> NDArray[Any]:
    """Return NumPy's view of an array that lies in the host's memory.

    A tensor of PyTorch is viewed without its gradient, and copied if its numbers are stored with
    the opposite sign, which the protocol does not carry over. Floating-point types that NumPy
    lacks, such as bfloat16, are copied to the widest of the library.
    """
    if compat().is_torch_array(array):
        array = array.detach().resolve_conj().resolve_neg()
    place = Place.of(array)
    xp = place.xp
    try:
        view: NDArray[Any] = np.from_dlpack(array)
    except (BufferError, RuntimeError) as error:
        is_float = xp.isdtype(array.dtype, "real floating")
        if not is_float or array.dtype in (xp.float32, xp.float64):
            raise TypeError(
                f"NumPy cannot view this array of {xp.__name__} on {place.device} ({error}): pass "
                "a dense one."
            ) from error
        view = np.from_dlpack(xp.astype(array, place.widest))
    return view


def on_host(array: Any) -> NDArray[Any]:
    """Return an array of any library as one of NumPy's; copied from a device if it lies on one."""
    if isinstance(array, np.ndarray) or not is_on_device(array):
        return np.asarray(array)
    known = compat()
    if known.is_torch_array(array):
        array = array.detach().cpu().numpy()
    elif known.is_cupy_array(array):
        array = array.get()
    elif hasattr(array, "asnumpy"):  # dpnp
        array = array.asnumpy()
    elif known.is_array_api_strict_namespace(known.array_namespace(array)):
        xp = known.array_namespace(array)
        array = known.to_device(array, xp.Device("CPU_DEVICE"))
    host = np.asarray(array)
    return host if host.flags.writeable else host.copy()  # those of JAX may only be read


def together_on_host(place: Place, arrays: Sequence[Any]) -> list[Array]:
    """Return arrays of one device and type as NumPy's, from a single copy to the host."""
    flat = [place.xp.reshape(array, (-1,)) for array in arrays]
    host = on_host(place.xp.concat(flat) if len(flat) > 1 else flat[0])
    ends = np.cumsum([part.shape[0] for part in flat])
    pieces = np.split(host, ends[:-1])
    return [piece.reshape(a.shape) for piece, a in zip(pieces, arrays, strict=True)]

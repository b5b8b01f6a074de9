"""The latest results by what they depend on, so that a slider computes only what it changes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """Up to ``most`` results; the one asked for longest ago goes first. Any thread may ask."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._results: OrderedDict[Hashable, T] = OrderedDict()
        self._changing = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the result of this key, made if it is not there."""
        with self._changing:
            if key in self._results:
                self._results.move_to_end(key)
                return self._results[key]
        result = make()
        with self._changing:
            self._results[key] = result
            self._results.move_to_end(key)
            if len(self._results) > self._most:
                self._results.popitem(last=False)
        return result

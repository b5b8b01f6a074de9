"""One answer of the page, part by part: the paths come first, then the surface beneath them."""

from __future__ import annotations

import queue
import threading
import time
import traceback
from collections.abc import Callable, Iterator

from sk_softmax.explore.laboratory import Laboratory, Scene
from sk_softmax.explore.methods import METHODS
from sk_softmax.explore.parsers import ImpossibleValue
from sk_softmax.explore.parts import (
    Part,
    data_part,
    frame_part,
    key_of,
    path_part,
    refused_part,
    surface_part,
)
from sk_softmax.explore.paths import Refused
from sk_softmax.explore.view import View

SECONDS_WITHOUT_NEWS = 0.1
"""After which an answer says how far it is."""

Emit = Callable[[Part], None]
Wanted = Callable[[], bool]


class NotWanted(Exception):
    """The page has asked for something newer, or is closed."""


class Newest:
    """The newest request of each tab, by number; older ones are not wanted any more."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def announce(self, tab: str, number: int) -> None:
        """Note a request; one with a lower number than another is old when it arrives."""
        self._numbers[tab] = max(number, self._numbers.get(tab, number))

    def is_newest(self, tab: str, number: int) -> bool:
        """Whether no newer one has come from this tab."""
        return self._numbers.get(tab) == number


def answered(
    laboratory: Laboratory, view: View, has: frozenset[str], emit: Emit, wanted: Wanted
) -> None:
    """Emit the parts of an answer; ``has`` holds the keys of parts that the page has already."""
    started = time.perf_counter()
    try:
        scene = laboratory.scene(view)
        if key_of(scene.key) not in has:
            emit(data_part(scene))
        emit(frame_part(view, scene))
        for name in view.solvers:
            emit(_path(name, laboratory, view, scene, emit, wanted))
        emit({"part": "paths"})  # that was the last of them
        _surface(laboratory, view, scene, has, emit, wanted)
    except ImpossibleValue as error:
        emit({"part": "impossible", "field": error.field, "message": str(error)})
    except NotWanted:
        return
    emit({"part": "done", "milliseconds": round(1e3 * (time.perf_counter() - started), 1)})


def _path(
    name: str, laboratory: Laboratory, view: View, scene: Scene, emit: Emit, wanted: Wanted
) -> Part:
    """Return the path of a solver, or why there is none, telling how far it is meanwhile."""
    latest = time.perf_counter()

    def watch(done: int) -> bool:
        nonlocal latest
        now = time.perf_counter()
        if now - latest > SECONDS_WITHOUT_NEWS:
            latest = now
            emit(
                {
                    "part": "progress",
                    "what": METHODS[name].label,
                    "share": done / max(view.epochs, 1),
                }
            )
        return not wanted()

    def part() -> Part:
        try:
            path = laboratory.path(name, view, scene, watch)
        except Refused as error:
            return refused_part(name, str(error))
        if not wanted():
            raise NotWanted  # it may be a piece of the path, and is not kept
        return path_part(name, view, scene, path)

    options = tuple(getattr(view, control) for control in METHODS[name].reads)
    return laboratory.path_parts.get((name, scene.path_key, options), part)


def _surface(
    laboratory: Laboratory,
    view: View,
    scene: Scene,
    has: frozenset[str],
    emit: Emit,
    wanted: Wanted,
) -> None:
    if not wanted():
        raise NotWanted
    key = key_of(scene.surface_key)
    if key in has:
        emit({"part": "surface", "key": key})
        return
    if len(scene.rows.X) > 10_000:
        emit({"part": "progress", "what": "loss surface", "share": None})
    emit(surface_part(*laboratory.surface(view, scene), key))


def stream(
    laboratory: Laboratory, view: View, has: frozenset[str], wanted: Wanted
) -> Iterator[Part]:
    """Yield the parts of an answer as they are computed, in a thread of its own."""
    parts: queue.Queue[Part | None] = queue.Queue()

    def work() -> None:
        try:
            answered(laboratory, view, has, parts.put, wanted)
        except Exception as error:
            traceback.print_exc()  # for the terminal: a page is told the last line of it
            message = f"{type(error).__name__}: {error}"
            parts.put({"part": "failed", "message": message})
        finally:
            parts.put(None)

    threading.Thread(target=work, name="explore answer", daemon=True).start()
    while (part := parts.get()) is not None:
        yield part

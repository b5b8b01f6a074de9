"""The page's server: files of the page without a token, answers with it."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from sk_softmax.demonstration import CommandError
from sk_softmax.explore.answers import Newest, stream
from sk_softmax.explore.guard import Application, Guard
from sk_softmax.explore.html_file import PAGE_FILES, html_file, page_file
from sk_softmax.explore.laboratory import Laboratory
from sk_softmax.explore.parsers import ImpossibleValue
from sk_softmax.explore.parts import gradient_part
from sk_softmax.explore.python_code import python_code
from sk_softmax.explore.view import view_of

KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}

INSTALL = (
    'The page needs {}, which is not installed. Install it by: pip install "sk-softmax[explore]"'
)


def application(laboratory: Laboratory, port: int, token: str) -> Application:
    """Return the guarded ASGI application.

    Raises
    ------
    CommandError
        If Starlette or plotly is not installed; the message says how to install it.
    """
    try:
        from starlette.applications import Starlette
        from starlette.routing import Route
    except ImportError:
        raise CommandError(INSTALL.format("Starlette")) from None
    served = {"/": _static("index.html"), "/plotly.min.js": plotly_file()}
    served |= {f"/{name}": _static(name) for name in PAGE_FILES}
    routes = [Route(path, _file_answer(*what)) for path, what in served.items()]
    newest = Newest()
    routes += [
        Route("/answer", _answers(laboratory, newest)),
        Route("/gradient", _gradient(laboratory), methods=["POST"]),
        Route("/code", _code(laboratory)),
        Route("/file", _exported(laboratory)),
    ]
    return Guard(Starlette(routes=routes), port, token, frozenset(served))


def plotly_file() -> tuple[bytes, str]:
    """Return ``plotly.min.js`` as the wheel of plotly carries it, and its kind."""
    try:
        path = resources.files("plotly") / "package_data" / "plotly.min.js"
        return path.read_bytes(), KINDS[".js"]
    except (ImportError, OSError):
        raise CommandError(INSTALL.format("plotly")) from None


def _static(name: str) -> tuple[bytes, str]:
    return page_file(name).encode(), KINDS[Path(name).suffix]


def _file_answer(content: bytes, kind: str) -> Any:
    """Return an endpoint that answers with a file of the page."""
    from starlette.responses import Response

    async def answer(request: Any) -> Any:
        return Response(content, media_type=kind)

    return answer


def _answers(laboratory: Laboratory, newest: Newest) -> Any:
    """Return the endpoint of views: lines of JSON, each a part, as they are computed."""
    from starlette.responses import StreamingResponse

    async def answer(request: Any) -> Any:
        query = dict(request.query_params)
        tab, number = query.get("tab", ""), _number_of(query)
        has = frozenset(query.get("has", "").split(","))
        newest.announce(tab, number)
        gone = threading.Event()

        def wanted() -> bool:
            return newest.is_newest(tab, number) and not gone.is_set()

        try:
            parts = stream(laboratory, view_of(query), has, wanted)
        except ImpossibleValue as error:
            parts = iter([_impossible(error)])
        return StreamingResponse(_lines(parts, gone), media_type="application/x-ndjson")

    return answer


async def _lines(parts: Iterator[Any], gone: threading.Event) -> AsyncIterator[str]:
    """Yield a line for each part; note when nobody reads any more."""
    from starlette.concurrency import iterate_in_threadpool

    try:
        async for part in iterate_in_threadpool(parts):
            yield json.dumps(part, allow_nan=False) + "\n"
    finally:
        gone.set()


def _number_of(query: dict[str, str]) -> int:
    """Return the number of a request, 0 if it has none."""
    text = query.get("number", "")
    return int(text) if text.isascii() and text.isdigit() else 0


def _gradient(laboratory: Laboratory) -> Any:
    """Return the endpoint of the gradient at params that the page sends as a flat list."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import JSONResponse

    def numbers(query: dict[str, str], flat: list[float]) -> Any:
        try:
            view = view_of(query)
            scene = laboratory.scene(view)
            try:
                params = np.array(flat, dtype=np.float64).reshape(scene.best.params_.shape)
            except (ValueError, TypeError):
                params = np.empty((0, 0))  # refused below, with the shape that is needed
            return gradient_part(laboratory.gradient(view, scene, params), view.learning_rate)
        except ImpossibleValue as error:
            return _impossible(error)

    async def answer(request: Any) -> Any:
        try:
            flat = json.loads(await request.body())
        except ValueError:
            flat = []  # refused, with the shape that is needed
        return JSONResponse(await run_in_threadpool(numbers, dict(request.query_params), flat))

    return answer


def _code(laboratory: Laboratory) -> Any:
    """Return the endpoint of the Python that reproduces a view."""
    from starlette.responses import JSONResponse

    def answer(request: Any) -> Any:
        try:
            view = view_of(dict(request.query_params))
            return JSONResponse({"code": python_code(view, laboratory.scene(view))})
        except ImpossibleValue as error:
            return JSONResponse(_impossible(error))

    return answer


def _exported(laboratory: Laboratory) -> Any:
    """Return the endpoint of a view as a page of its own, for which no server is needed."""
    from starlette.responses import HTMLResponse, JSONResponse

    plotly = plotly_file()[0].decode()
    one = threading.Lock()

    def answer(request: Any) -> Any:
        query = dict(request.query_params)
        try:
            with one:
                return HTMLResponse(html_file(laboratory, query, plotly))
        except ImpossibleValue as error:
            return JSONResponse(_impossible(error), status_code=422)

    return answer


def _impossible(error: ImpossibleValue) -> dict[str, str]:
    return {"part": "impossible", "field": error.field, "message": str(error)}

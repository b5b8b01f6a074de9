"""Who is let in: this machine's own browser, with the token of the link; and what it may load."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

HOST = "127.0.0.1"
"""The only address that the page is served at: no other machine reaches it."""

TOKEN_HEADER = "x-explore-token"

# Plotly makes style elements as it draws, so styles may be inline; scripts may not, and nothing
# is asked of any other machine. Images are drawn in the page and downloads made there.
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Guard:
    """Passes a request on if its Host, its origin and, for data, its token are right.

    A page of another site whose name is made to lead to this machine (DNS rebinding) still says
    its own name as Host. The page itself and its scripts hold no data and need no token.

    Parameters
    ----------
    application : ASGI application
        What is guarded.
    port : int
        The port of the page.
    token : str
        What a request for data must send in the header ``X-Explore-Token``.
    open_paths : frozenset of str
        Paths that need no token.
    """

    def __init__(
        self, application: Application, port: int, token: str, open_paths: frozenset[str]
    ) -> None:
        self._application = application
        self._hosts = {f"{name}:{port}" for name in (HOST, "localhost")}
        if port == 80:
            self._hosts |= {HOST, "localhost"}
        self._token = token
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            return  # there are no web sockets, and nothing to do at start and end
        refusal = self._refusal(scope)
        if refusal is not None:
            await _refuse(send, *refusal)
            return

        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_encoded(HEADERS)]
            await send(message)

        await self._application(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Return status and sentence, or None if the request is let in."""
        headers = {name.decode("latin-1"): value for name, value in scope["headers"]}
        host = headers.get("host", b"").decode("latin-1").lower()
        if host not in self._hosts:
            return 421, f"This page is at {HOST} alone: open the address that was printed."
        origin = headers.get("origin")
        if origin is not None and origin.decode("latin-1").lower() != f"http://{host}":
            return 403, "Another site may not ask for this."
        if scope["path"] in self._open_paths:
            return None
        token = headers.get(TOKEN_HEADER, b"")
        if not secrets.compare_digest(token, self._token.encode()):
            return 403, (
                "The token of this page is missing or old: open the address that the command "
                "printed when it started."
            )
        return None


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


async def _refuse(send: Send, status: int, sentence: str) -> None:
    """Send a refusal as plain text."""
    headers = _encoded({**HEADERS, "content-type": "text/plain; charset=utf-8"})
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": sentence.encode()})

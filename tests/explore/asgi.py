"""Requests to an ASGI application without a network: what a test sends, what comes back."""

import asyncio
import json as json_
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass
class Answer:
    status_code: int
    headers: dict
    text: str

    def json(self):
        return json_.loads(self.text)


class Client:
    """Sends requests to an application with a Host of its own."""

    def __init__(self, application, host):
        self._application = application
        self._host = host

    def get(self, path, *, params=None, headers=None):
        return self.request("GET", path, params=params, headers=headers)

    def post(self, path, *, params=None, headers=None, json=None):
        return self.request("POST", path, params=params, headers=headers, json=json)

    def leave(self, path, *, params=None, headers=None):
        """Ask for an answer and go away when its first part comes."""
        return self.request("GET", path, params=params, headers=headers, leaves=True)

    def request(self, method, path, *, params=None, headers=None, json=None, leaves=False):
        given = {"Host": self._host, **(headers or {})}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": urlencode(params or {}).encode(),
            "headers": [(k.lower().encode(), v.encode()) for k, v in given.items()],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 8765),
        }
        body = b"" if json is None else json_.dumps(json).encode()
        # In a thread of its own: a browser driven by tests before these has a loop in this one.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, self._exchange(scope, body, leaves)).result()

    async def _exchange(self, scope, body, leaves):
        sent, messages, gone = False, [], asyncio.Event()

        async def receive():
            nonlocal sent
            if sent:
                await gone.wait()
                return {"type": "http.disconnect"}
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message):
            messages.append(message)
            if leaves and message.get("body"):
                gone.set()

        await self._application(scope, receive, send)
        start, *rest = messages
        return Answer(
            start["status"],
            {name.decode().lower(): value.decode() for name, value in start["headers"]},
            b"".join(message.get("body", b"") for message in rest).decode(),
        )

"""A server of the page and a browser to open it in."""

import os
import shutil
import subprocess
import sys

import pytest

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium():
    """The system's Chromium; the tests are skipped where there is none.

    They have a process of their own: Playwright keeps an event loop running and takes Ctrl-C over,
    and other tests start loops and press Ctrl-C.
    """
    if os.environ.get("SK_SOFTMAX_BROWSER") != "1":
        pytest.skip("run in a process of its own: SK_SOFTMAX_BROWSER=1 pytest tests/explore")
    for package in ("starlette", "uvicorn", "plotly"):
        pytest.importorskip(package, reason='the page needs pip install "sk-softmax[explore]"')
    api = pytest.importorskip(
        "playwright.sync_api",
        reason='Playwright drives the browser: pip install "sk-softmax[browser]"',
    )
    found = [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")]
    path = next(filter(None, found), None)
    if path is None:
        pytest.skip("no Chromium is installed: on Debian, apt-get install chromium")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Served:
    """The command in a process of its own, with the address that it prints."""

    def __init__(self, *arguments):
        command = [sys.executable, "-m", "sk_softmax", "explore", "--no-browser", "--port", "0"]
        env = {k: v for k, v in os.environ.items() if k != "SK_SOFTMAX_DATA"}
        self._process = subprocess.Popen(
            [*command, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=env,
        )
        first = self._process.stdout.readline()
        assert "http://127.0.0.1:" in first, first + self._process.stdout.read()
        self.address = first.split()[-1]
        self.origin = self.address.split("/?")[0].split("/#")[0]
        self.token = self.address.split("#")[1]

    def link(self, query="", *, token=True):
        return f"{self.origin}/{'?' + query if query else ''}{'#' + self.token if token else ''}"

    def end(self):
        """Stop the command and return what it printed after the address."""
        self._process.terminate()
        return self._process.communicate(timeout=20)[0]


@pytest.fixture(scope="session")
def served():
    """A server of the page without a file of one's own; it must not print an error."""
    server = Served()
    yield server
    printed = server.end()
    assert "Traceback" not in printed, printed


@pytest.fixture
def serving():
    """``serving(file, "--target", column)``: a server of a file of one's own."""
    servers = []

    def start(*arguments):
        servers.append(Served(*arguments))
        return servers[-1]

    yield start
    for server in servers:
        printed = server.end()
        assert "Traceback" not in printed, printed


@pytest.fixture
def opened(chromium, served):
    """``opened(query)``: a page at a view, drawn; at the end no console error may have come.

    The browser forgets the token after each test.
    """
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    wrong = []

    def open_(query="", *, server=served, token=True, busy=True):
        page = context.new_page()
        page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        own = (server.origin, "data:", "blob:")
        page.on("request", lambda r: None if r.url.startswith(own) else wrong.append(r.url))
        page.goto(server.link(query, token=token))
        if busy:
            settle(page)
        return page

    open_.context = context
    yield open_
    context.close()
    assert not wrong


def settle(page):
    """Wait until an answer is drawn."""
    page.wait_for_selector("body[data-busy=no]", timeout=30_000)
    page.evaluate("new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))")

"""``python -m sk_softmax explore``: serve the page to this machine's browser."""

from __future__ import annotations

import argparse
import secrets
import socket
import sys
import webbrowser
from contextlib import suppress
from pathlib import Path

from sk_softmax.demonstration import CommandError
from sk_softmax.explore.guard import HOST
from sk_softmax.explore.laboratory import Laboratory
from sk_softmax.explore.own_file import OwnFile
from sk_softmax.explore.server import INSTALL, application

PORT = 8765
"""Where the page is unless it is taken; links of a lesson name it."""


def explore(arguments: list[str]) -> int:
    """Serve the page until it is interrupted; return the exit status, 2 if it cannot begin."""
    options = _parser().parse_args(arguments)
    try:
        return _serve(options)
    except CommandError as error:
        print("sk_softmax explore:", " ".join(str(error).split()), file=sys.stderr)
        return 2


def _serve(options: argparse.Namespace) -> int:
    """Check what is asked, print the address, and serve."""
    own = _own_file(options)
    listening = _listening(options.port)
    with listening:
        port = listening.getsockname()[1]
        token = secrets.token_urlsafe(24)
        page = application(Laboratory(own), port, token)
        try:
            import uvicorn
        except ImportError:
            raise CommandError(INSTALL.format("uvicorn")) from None
        settings = uvicorn.Config(
            page,
            log_level="warning",
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        address = address_of(port, token, own)
        print(
            f"The page is at {address}\nIt is for this machine alone. Ctrl+C ends it.", flush=True
        )
        if not options.no_browser and not webbrowser.open(address):
            print("No browser could be opened: open the address above in one.", flush=True)
        with suppress(KeyboardInterrupt):  # after it has shut down
            uvicorn.Server(settings).run(sockets=[listening])
    return 0


def address_of(port: int, token: str, own: OwnFile | None) -> str:
    """Return the address of the page.

    The token is behind ``#``, which a browser sends to no server and no other page; the link that
    the page shows afterwards is without it.
    """
    view = "" if own is None else "?data=own"
    return f"http://{HOST}:{port}/{view}#token={token}"


def _own_file(options: argparse.Namespace) -> OwnFile | None:
    """Return the user's file, read once so that what is wrong with it is said at once."""
    if options.data is None:
        if options.target is not None:
            raise CommandError("--target needs a file of data: explore data.csv --target COLUMN")
        return None
    own = OwnFile(options.data, options.target)
    own.data_set()
    return own


def _listening(asked: int | None) -> socket.socket:
    """Return a socket on this machine's own address, at the port asked for or a free one."""
    for port in (PORT, 0) if asked is None else (asked,):
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
        except (OSError, OverflowError) as error:
            listening.close()
            reason = getattr(error, "strerror", None) or error
            failure = f"port {port} cannot be used ({reason}): choose another, or 0 for any"
        else:
            listening.listen(64)
            return listening
    raise CommandError(failure)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sk_softmax explore",
        description="Open the lecture as a page to play with: the loss surface, the paths of the "
        "solvers, the data and the boundary move together.",
    )
    parser.add_argument(
        "data",
        nargs="?",
        type=Path,
        help="a CSV file in UTF-8 with a header, compressed by gzip or not, or a Parquet file",
    )
    parser.add_argument("--target", metavar="COLUMN", help="the column of labels")
    parser.add_argument(
        "--no-browser", action="store_true", help="print the address, open no browser"
    )
    parser.add_argument(
        "--port",
        type=int,
        help=f"where to serve the page; by default {PORT}, or if it is taken any free port",
    )
    return parser

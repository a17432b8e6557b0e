"""The server of the local page: loopback only, one process."""

import socket
import webbrowser
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

from firstshell.errors import InputError
from firstshell.web.app import create_app
from firstshell.web.protocol import MOST_WAITING, PatientProtocol
from firstshell.web.service import Service

HOST = "127.0.0.1"


def serve(service: Service, port: int = 0, *, say: Callable[[str], None], open_browser: bool = False) -> None:
    """Serve the page until interrupted.

    port : 0 takes a free one
    say : is told the address once it can be visited

    Raises InputError for a port that cannot be had.
    """
    with bound(port) as listening:
        url = f"http://{HOST}:{listening.getsockname()[1]}/"
        say(url)
        if open_browser:
            webbrowser.open(url)
        uvicorn.Server(settings(create_app(service))).run(sockets=[listening])


def settings(app: Starlette, *, log_level: str = "warning") -> uvicorn.Config:
    """Return how the application is served."""
    return uvicorn.Config(
        app,
        http=PatientProtocol,
        log_level=log_level,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        limit_concurrency=4 * MOST_WAITING,
        timeout_graceful_shutdown=2,
    )


def bound(port: int) -> socket.socket:
    """Return a socket that listens on a port of the loopback interface; InputError when it is taken."""
    listening = socket.socket()
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        listening.listen(128)
    except (OSError, OverflowError) as error:
        listening.close()
        raise InputError(f"cannot listen on port {port}: {error}", remedy="Give another --port, or 0") from None
    return listening

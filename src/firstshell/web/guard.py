"""What stands between the page and other pages: hosts, origins, and what a browser may do with an answer."""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST = re.compile(r"(localhost|127\.0\.0\.1)(:\d{1,5})?")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
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
OWN = "x-firstshell"
"""A header of every request of the page. No browser lets another page send one of its own without being allowed to."""
BODIES = ("application/json", "application/octet-stream")
"""Types of what is sent; other origins may not send these without being allowed to, which they never are."""


class Guard:
    """Middleware that answers this machine's own page only.

    A Host that is not this machine is a name that someone pointed here (DNS rebinding). An Origin that is not the page
    itself, a header of the browser that names another site, and a request without the header `OWN` come from another
    page; a link may show the page. All else is refused with 403, and a body of another type than `BODIES` with 415.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refused = _refused(scope["method"], scope["path"], Headers(scope=scope))
        answer = self.app
        if refused is not None:
            status, what = refused
            answer = JSONResponse(
                {"error": {"what": what, "remedy": "Use the page that firstshell serve names"}}, status
            )
        await answer(scope, receive, guarded)


def _refused(method: str, path: str, headers: Headers) -> tuple[int, str] | None:
    """Return status and reason when a request is not from this machine's own page."""
    host = headers.get("host", "")
    if not HOST.fullmatch(host) or len(headers.getlist("host")) != 1:
        return 403, "this page answers to 127.0.0.1 and localhost only"
    reads = method in ("GET", "HEAD")
    link = reads and path == "/" and headers.get("sec-fetch-mode") == "navigate"  # which shows the page and no more
    own_site = headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    own_origin = headers.get("origin") in (None, f"http://{host}")
    asked_by_page = OWN in headers or not path.startswith("/api/")
    if not (link or (own_site and own_origin and asked_by_page)):
        return 403, "requests of other pages are refused"
    kind = headers.get("content-type", "").partition(";")[0].strip()
    if not reads and kind not in BODIES:
        return 415, "what is sent must be JSON or bytes"
    return None

"""The REST API of the Materials Project: one request at a time, tried again where that can help.

Key and address are found as by mp-api: MP_API_KEY, or PMG_MAPI_KEY in pymatgen's settings; MP_API_ENDPOINT. Why mp-api
itself is not used: docs/decisions/materials-project-client.md.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import os
import ssl
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPErrorProcessor, OpenerDirector, ProxyHandler, Request, build_opener

from firstshell import __version__
from firstshell.errors import InputError

ENDPOINT = "https://api.materialsproject.org/"
KEY_LENGTH = 32
GET_A_KEY = "Get a free key at https://next-gen.materialsproject.org/api and set MP_API_KEY to it"
LATER = "Run the same command again later; what was fetched is kept"

MAX_BYTES = 200_000_000
"""Largest answer; a hundred documents with spectra are a few MB."""
MAX_SECONDS = 600.0
"""Longest time for one answer, however steadily it drips."""
MAX_WAIT = 300.0
"""Longest pause in seconds that the server may ask for (Retry-After)."""
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP statuses that pass: too many requests, and servers that are busy or restarting."""


@dataclass(frozen=True)
class Answer:
    """One answer: `body` as it came (unpacked), and the JSON object `content` in it."""

    body: bytes
    content: dict[str, Any]

    @classmethod
    def read(cls, body: bytes) -> Answer:
        """Parse a body; InputError when it is no JSON object."""
        try:
            content = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise InputError(f"the answer is not JSON ({str(error)[:80]})", remedy=LATER) from error
        if not isinstance(content, dict):
            raise InputError("the answer is not a JSON object", remedy=LATER)
        return cls(body, content)


@dataclass(frozen=True)
class Api:
    """The API at one address, for one user.

    endpoint : https address; plain http is taken for this machine alone, so that no key travels in the clear
    key : the user's key; no message shows it
    tries : how often a request is made that fails for a reason that may pass
    pause : s, before the second try; doubled before each one after
    timeout : s without a byte after which a connection is given up
    """

    endpoint: str
    key: str = field(repr=False)
    tries: int = 6
    pause: float = 1.0
    timeout: float = 60.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "endpoint", _checked_endpoint(self.endpoint))
        if not self.key:
            raise InputError("no key for the Materials Project", remedy=GET_A_KEY)
        if len(self.key) != KEY_LENGTH or not (self.key.isascii() and self.key.isalnum()):
            raise InputError(
                f"the key for the Materials Project is not {KEY_LENGTH} letters and digits, as keys of its present "
                f"API are (it has {len(self.key)} characters)",
                remedy=GET_A_KEY,
            )

    @classmethod
    def from_settings(cls, endpoint: str = "") -> Api:
        """Return the API with the user's key and address, found as mp-api finds them; InputError without a key."""
        key = os.environ.get("MP_API_KEY", "")
        if not key:
            from pymatgen.core import SETTINGS

            key = str(SETTINGS.get("PMG_MAPI_KEY") or "")
        return cls(endpoint or os.environ.get("MP_API_ENDPOINT") or ENDPOINT, key.strip())

    def get(self, path: str, params: Mapping[str, Any], say: Callable[[str], object] = lambda _: None) -> Answer:
        """Return the answer to one GET request.

        path : below the endpoint, such as "materials/xas/"
        params : of the query; None values are left out
        say : called with why a request is made again

        Raises InputError for a key that is refused, a request that is refused, and a server that does not answer in
        `tries` tries.
        """
        query = urlencode({name: value for name, value in params.items() if value is not None})
        url = self.endpoint + path + (f"?{query}" if query else "")
        opener = _opener(self.endpoint)
        for attempt in range(self.tries):
            try:
                return self._get_once(opener, url)
            except _MayPassError as error:
                wait, reason = max(self.pause * 2**attempt, error.wait), str(error)
            if attempt + 1 == self.tries or wait > MAX_WAIT:
                asks = f" and asks to wait {wait:.0f} s" if wait > MAX_WAIT else f" ({attempt + 1} tries)"
                raise InputError(f"the Materials Project does not answer: {reason}{asks}", remedy=LATER)
            say(f"{reason}; again in {wait:.0f} s")
            time.sleep(wait)
        raise AssertionError("no tries")

    def _get_once(self, opener: OpenerDirector, url: str) -> Answer:
        headers = {
            "X-API-KEY": self.key,
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": f"firstshell/{__version__}",
        }
        try:
            with opener.open(Request(url, headers=headers), timeout=self.timeout) as response:
                status, answered, body = response.status, response.headers, _read(response)
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, URLError) and isinstance(error.reason, ssl.SSLCertVerificationError):
                raise InputError(
                    f"the server's certificate is not trusted: {error.reason.verify_message}",
                    remedy="Ask whoever runs this network; SSL_CERT_FILE names further certificates",
                ) from error
            raise _MayPassError(f"the connection failed ({_cause(error)})") from error
        if status in (401, 403):
            raise InputError(f"the Materials Project refuses the key (HTTP {status})", remedy=GET_A_KEY)
        if status in AGAIN:
            raise _MayPassError(f"HTTP {status}", _retry_after(answered.get("Retry-After")))
        if status != 200:
            raise InputError(
                f"the Materials Project refuses the request {urlsplit(url).path}: HTTP {status}{self._detail(body)}",
                remedy="Its API may have changed: look for a newer firstshell",
            )
        try:
            return Answer.read(body)
        except InputError as error:
            raise _MayPassError(error.what) from error

    def _detail(self, body: bytes) -> str:
        """Return what the server says of an error, on one short line and without the key."""
        try:
            detail = Answer.read(body).content.get("detail", "")
        except InputError:
            return ""
        text = " ".join(str(detail).replace(self.key, "***").split())
        return f" ({text[:200]})" if text else ""


class _MayPassError(Exception):
    """A failure that another attempt may cure.

    wait : s, what the server asks to wait
    """

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class _AsIs(HTTPErrorProcessor):
    """Hand over every answer: nothing is raised, and no redirection is followed, which would take the key along."""

    def http_response(self, request: Request, response: Any) -> Any:  # noqa: ARG002  the base class's signature
        return response

    https_response = http_response


def _opener(endpoint: str) -> OpenerDirector:
    # A proxy is for what lies beyond this machine.
    return build_opener(_AsIs, ProxyHandler({})) if _is_local(endpoint) else build_opener(_AsIs)


def _checked_endpoint(text: str) -> str:
    remedy = f"Give the address of the API, such as {ENDPOINT}"
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment
        parts.port  # noqa: B018  raises for what is no port
    except ValueError:
        known = False
    if not known or not text.isascii() or not text.isprintable() or " " in text or parts.username is not None:
        raise InputError(f"{text[:80]!r} is not the address of an API", remedy=remedy)
    if parts.scheme == "http" and not _is_local(text):
        raise InputError(f"{text[:80]!r} would send the key unencrypted", remedy="Write it with https")
    return text if text.endswith("/") else f"{text}/"


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _read(response: Any) -> bytes:
    """Return the body, unpacked; what ends early may be asked for again."""
    parts: list[bytes] = []
    size, end = 0, time.monotonic() + MAX_SECONDS
    while part := response.read(1 << 16):
        parts.append(part)
        size += len(part)
        _check_size(size)
        if time.monotonic() > end:
            raise _MayPassError(f"the answer took longer than {MAX_SECONDS:g} s")
    if response.length:
        raise _MayPassError("the connection was cut")
    body = b"".join(parts)
    if response.headers.get("Content-Encoding", "").lower() != "gzip":
        return body
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        body = unpacker.decompress(body, MAX_BYTES + 1)
    except zlib.error as error:
        raise _MayPassError("the answer came damaged") from error
    _check_size(len(body))
    if not unpacker.eof:
        raise _MayPassError("the connection was cut")
    return body


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise InputError(
            f"an answer of over {MAX_BYTES / 1e6:.0f} MB", remedy="Is MP_API_ENDPOINT the Materials Project?"
        )


def _retry_after(text: str | None) -> float:
    """Return the seconds that a Retry-After header asks for, given as a number or a date; 0 where it says nothing."""
    text = (text or "").strip()
    if text.isdecimal() and len(text) < 10:
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0


def _cause(error: BaseException) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    return str(getattr(reason, "strerror", None) or reason or type(reason).__name__)[:120]

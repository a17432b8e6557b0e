"""The page as a web application: its files, and the requests that they make."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from threading import Thread
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from firstshell.errors import InputError
from firstshell.measured.read import ReadParams
from firstshell.web.guard import Guard
from firstshell.web.jobs import NotReadyError
from firstshell.web.limits import TooLargeError, TooSlowError, in_time
from firstshell.web.payload import refusal
from firstshell.web.service import Service

TYPES = {"html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
THREADS = 4
"""Requests that are worked on at once; others wait."""
Endpoint = Callable[[Request], Awaitable[Response]]


def create_app(service: Service, *, warm: bool = True) -> Starlette:
    """Return the application.

    warm : load data and libraries in the background as soon as the server runs
    """
    limits = service.limits

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
        if warm:
            Thread(target=service.warm, daemon=True).start()
        yield {"threads": anyio.CapacityLimiter(THREADS)}

    async def about(request: Request) -> Response:
        return JSONResponse(await in_time(limits.answering, service.about, request.state.threads))

    async def upload(request: Request) -> Response:
        content, query = await _body(request, limits.file, limits.receiving), request.query_params
        how = ReadParams(query.get("format") or None, query.get("columns") or None)
        return JSONResponse(
            await in_time(
                limits.reading, lambda: service.upload(content, query.get("name", ""), how), request.state.threads
            )
        )

    async def structure(request: Request) -> Response:
        content, name = await _body(request, limits.structure, limits.receiving), request.query_params.get("name", "")
        return JSONResponse(
            await in_time(limits.reading, lambda: service.structure(content, name), request.state.threads)
        )

    def endpoint_of(work: Callable[[bytes], Any], kind: str = "application/json") -> Endpoint:
        """Return an endpoint that does some work on the body it is sent."""

        async def endpoint(request: Request) -> Response:
            body = await _body(request, limits.question, limits.receiving)
            found = await in_time(limits.answering, lambda: work(body), request.state.threads)
            return JSONResponse(found) if kind == "application/json" else Response(found, media_type=kind)

        return endpoint

    async def cloud(request: Request) -> Response:
        metal, inputs, radiation = (request.query_params.get(name, "") for name in ("metal", "inputs", "radiation"))
        found = await in_time(limits.answering, lambda: service.cloud(metal, inputs, radiation), request.state.threads)
        return JSONResponse(found)

    async def progress(_: Request) -> Response:
        return JSONResponse(service.progress())

    posts = {
        "files": upload,
        "structures": structure,
        "match": endpoint_of(service.matches),
        "stop": endpoint_of(service.stop),
        "examples": endpoint_of(service.example),
        "forget": endpoint_of(service.forget),
        "answers": endpoint_of(service.answers),
        "evidence": endpoint_of(service.evidence),
        "table": endpoint_of(service.table, "text/csv"),
    }
    gets = {"about": about, "cloud": cloud, "progress": progress}
    routes = [Route(f"/api/{name}", with_error_replies(each), methods=["POST"]) for name, each in posts.items()]
    routes += [Route(f"/api/{name}", with_error_replies(each), methods=["GET"]) for name, each in gets.items()]
    return Starlette(routes=_pages() + routes, middleware=[Middleware(Guard)], lifespan=lifespan)


def with_error_replies(endpoint: Endpoint) -> Endpoint:
    """Return the endpoint with its errors in plain words: 4xx with what and remedy, 503 when late, 500 for a fault."""

    async def checked(request: Request) -> Response:
        try:
            return await endpoint(request)
        except NotReadyError:
            return JSONResponse({"training": True}, 202)
        except ClientDisconnect:  # the client is gone
            return Response(status_code=400)
        except InputError as error:
            return JSONResponse({"error": refusal(error)}, 413 if isinstance(error, TooLargeError) else 422)
        except TooSlowError as error:
            remedy = "Give fewer spectra or smaller files, or try again"
            return JSONResponse({"error": {"what": str(error), "remedy": remedy}}, 503)
        except Exception:
            logging.getLogger("firstshell.web").exception("the page met a fault")
            remedy = "The terminal that firstshell serve runs in says more; please report it"
            return JSONResponse({"error": {"what": "firstshell met a fault of its own", "remedy": remedy}}, 500)

    return checked


async def _body(request: Request, limit: int, seconds: float) -> bytes:
    """Return what is sent, within its limits; what is over them is not read on."""
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > limit:
        raise _too_large(limit)
    parts, total = [], 0
    try:
        with anyio.fail_after(seconds):
            async for part in request.stream():
                total += len(part)
                if total > limit:
                    raise _too_large(limit)
                parts.append(part)
    except TimeoutError:
        raise TooSlowError(f"nothing whole arrived within {seconds:g} s") from None
    return b"".join(parts)


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"over {limit / 1e6:g} MB were sent", remedy="Give smaller files, or fewer spectra")


def _pages() -> list[Route]:
    """Return a route for each file of the page, read once: no request names a path."""
    routes = []
    for file in (files("firstshell.web") / "static").iterdir():
        kind = TYPES.get(file.name.rpartition(".")[2])
        if kind is not None:
            content = file.read_bytes()
            path = "/" if file.name == "index.html" else f"/static/{file.name}"
            routes.append(Route(path, _page(Response(content, media_type=kind)), methods=["GET"]))
    return routes


def _page(response: Response) -> Endpoint:
    async def page(_: Request) -> Response:
        return response

    return page

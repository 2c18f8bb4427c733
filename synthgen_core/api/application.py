"""The application: who may ask, how errors look, how much a request may bring, and a page that lists what there is."""

import hmac
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from synthgen_core import __version__
from synthgen_core.api import routes_catalogue, routes_datasets, routes_jobs, routes_system
from synthgen_core.api.bodies import Problem
from synthgen_core.api.listing import listing
from synthgen_core.errors import (
    AccessError,
    ConfigError,
    ConflictError,
    DatabaseError,
    InvalidExampleError,
    NotFoundError,
    PausedError,
    ProviderRefusedError,
    ProviderUnavailableError,
    SynthGenError,
    trace_of,
)
from synthgen_core.workspace import Workspace

LOG = logging.getLogger(__name__)
LEAST_TOKEN = 16
"""Characters; a shorter one could be guessed."""
MB = 1 << 20
MOST_JSON_MB = 16
"""Of a body that is not an upload."""
STATUS: dict[type[SynthGenError], tuple[HTTPStatus, str]] = {
    NotFoundError: (HTTPStatus.NOT_FOUND, "not_found"),
    InvalidExampleError: (HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_example"),
    ConfigError: (HTTPStatus.UNPROCESSABLE_ENTITY, "invalid"),
    ConflictError: (HTTPStatus.CONFLICT, "conflict"),
    PausedError: (HTTPStatus.CONFLICT, "paused"),
    AccessError: (HTTPStatus.FORBIDDEN, "forbidden"),
    ProviderRefusedError: (HTTPStatus.BAD_GATEWAY, "provider_refused"),
    ProviderUnavailableError: (HTTPStatus.SERVICE_UNAVAILABLE, "provider_unavailable"),
    DatabaseError: (HTTPStatus.SERVICE_UNAVAILABLE, "database"),
}
"""Our errors -> the status, and the code, of an answer; the first that fits."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def make_api(open_workspace: Callable[[], Workspace], token: str, *, hosts: frozenset[str] = frozenset()) -> FastAPI:
    """The API over the workspace that ``open_workspace`` gives, at paths without the ``/api`` before them.

    ``hosts``: the names under which it may be asked for; empty: any. Raises ConfigError for a token that is too short.
    """
    if len(token) < LEAST_TOKEN:
        raise ConfigError(
            f"The API needs a token of at least {LEAST_TOKEN} characters.",
            'Make one with: python -c "import secrets; print(secrets.token_urlsafe(32))", and set it as API_TOKEN.',
        )
    bearer = HTTPBearer(auto_error=False, description="The token that is set as API_TOKEN.")

    def check_token(given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> None:
        if given is None or not hmac.compare_digest(given.credentials.encode(), token.encode()):
            raise HTTPException(HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})

    api = FastAPI(
        title="SynthGen",
        version=__version__,
        description="The Dataset Creator's HTTP API. Long work answers 202 with a job, whose state is under /tasks.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        servers=[{"url": "/api"}],
        root_path_in_servers=False,
        responses={"4XX": {"model": Problem}, "5XX": {"model": Problem}},
        generate_unique_id_function=lambda route: route.name,
    )
    api.state.workspace = open_workspace
    for routes in (routes_catalogue, routes_jobs, routes_datasets, routes_system):
        api.include_router(routes.router, dependencies=[Depends(check_token)])
    api.add_exception_handler(SynthGenError, _ours)
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(RequestValidationError, _unfit)
    api.add_exception_handler(Exception, _unforeseen)
    api.add_middleware(Bounds, hosts=hosts, most=lambda: open_workspace().settings.import_max_file_mb * MB)

    @api.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(listing(api.openapi()), headers={"Content-Security-Policy": POLICY})

    return api


def alone(api: FastAPI) -> Starlette:
    """An application that is nothing but this API, under ``/api``."""
    return Starlette(routes=[Mount("/api", app=api)], exception_handlers={HTTPException: _http})


def problem(status: int, code: str, message: str, hint: str = "") -> JSONResponse:
    """An answer to a request that failed: the same shape for all."""
    body = {"error": {"code": code, "message": message, "hint": hint}}
    return JSONResponse(body, status)


def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, SynthGenError)
    kinds = (found for kind, found in STATUS.items() if isinstance(error, kind))
    status, code = next(kinds, (HTTPStatus.INTERNAL_SERVER_ERROR, "failed"))
    return problem(status, code, error.message, error.hint)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    hints = {
        HTTPStatus.UNAUTHORIZED: "Send the header “Authorization: Bearer”, with the token that is set as API_TOKEN.",
        HTTPStatus.NOT_FOUND: "The page /api/docs lists what there is.",
        HTTPStatus.METHOD_NOT_ALLOWED: "The page /api/docs lists what there is.",
    }
    answer = problem(status, status.name.lower(), f"{status.phrase}.", hints.get(status, ""))
    answer.headers.update(error.headers or {})
    return answer


def _unfit(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = jsonable_encoder(error.errors()[0], custom_encoder={bytes: repr})
    where = ".".join(str(part) for part in first["loc"])
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", f"{where}: {first['msg']}.", "See /api/docs.")


def _unforeseen(request: Request, error: Exception) -> Response:
    LOG.error("%s %s failed:\n%s", request.method, request.url.path, trace_of(error))
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "Something went wrong that should not.", "The app's log has it."
    )


class Bounds:
    """Refuses a request for another host, and one that brings more than it may; what was declared, and what comes."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str], most: Callable[[], int]) -> None:
        self._app, self._hosts, self._most = app, hosts, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if self._hosts and not host.endswith("]") and host.rpartition(":")[1]:
            host = host.rpartition(":")[0]
        if self._hosts and host not in self._hosts:
            refusal = problem(HTTPStatus.MISDIRECTED_REQUEST, "wrong_host", f"“{host}” is not asked for here.")
            await refusal(scope, receive, send)
            return
        is_upload = headers.get(b"content-type", b"").startswith(b"multipart/")
        most = self._most() + MB if is_upload else MOST_JSON_MB * MB
        too_large = problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "too_large",
            f"The request has more than {most // MB:,} MB.",
            "IMPORT_MAX_FILE_MB bounds an upload." if is_upload else "",
        )
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > most:
            await too_large(scope, receive, send)
            return
        came, is_over, has_answered = 0, False, False

        async def bounded() -> Message:
            nonlocal came, is_over
            message = await receive()
            came += len(message.get("body", b""))
            if came > most:
                is_over = True
                raise _TooLargeError
            return message

        async def watched(message: Message) -> None:
            nonlocal has_answered
            if has_answered or not is_over:  # else it is the answer to a body that broke off
                has_answered = True
                await send(message)

        try:
            await self._app(scope, bounded, watched)
        except _TooLargeError:
            LOG.info("a body of more than %s bytes was not read on", most)
        if is_over and not has_answered:
            await too_large(scope, receive, send)


class _TooLargeError(Exception):
    """More came than was allowed."""

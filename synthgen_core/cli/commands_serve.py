"""The command that starts the app together with the HTTP API, or the API alone."""

import argparse
import sys

from synthgen_core.cli.commands_providers import settings_of
from synthgen_core.cli.output import DONE
from synthgen_core.errors import ConfigError
from synthgen_core.settings import ROOT
from synthgen_core.workspace import Workspace, shared_workspace

LOOPBACK = ("127.0.0.1", "localhost", "::1")
NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""Under which an API that only this computer reaches may be asked for: a page elsewhere must not reach it by a name of
its own (DNS rebinding)."""


def serve_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``serve`` takes."""
    parser.add_argument("--api", action="store_true", help="the app, and the HTTP API under /api")
    parser.add_argument("--api-only", action="store_true", help="the HTTP API alone")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at (default: this computer only)")
    parser.add_argument("--port", type=int, default=8501, help="the port (default 8501)")


def serve(options: argparse.Namespace) -> int:
    """Run until Ctrl-C. Raises ConfigError without a choice, a token, or the packages that it takes."""
    if not (options.api or options.api_only):
        raise ConfigError(
            "“serve” is for the HTTP API.", "Add --api or --api-only; the app alone is started by “make run”."
        )
    settings = settings_of(options)
    is_local = options.host in LOOPBACK
    try:
        import uvicorn
        from starlette.routing import Mount
        from starlette.types import ASGIApp

        from synthgen_core.api import alone, make_api
    except ImportError as error:
        raise ConfigError(
            f"The HTTP API needs the package {error.name}.", 'Install it with: pip install "fastapi==0.165.0"'
        ) from error

    def place() -> Workspace:
        return shared_workspace(settings)

    api = make_api(place, settings.api_token, hosts=NAMES if is_local else frozenset())
    place()  # what keeps it from opening is said now, not at the first request
    if not is_local:
        print(f"The API listens at {options.host}: whoever has the token can do everything.", file=sys.stderr)
    app: ASGIApp = alone(api)
    if not options.api_only:
        from streamlit.starlette import App

        app = App(ROOT / "streamlit_app.py", routes=[Mount("/api", app=api)])
    print(f"http://{options.host}:{options.port}/api/docs lists what the API does.", file=sys.stderr)
    uvicorn.run(app, host=options.host, port=options.port, log_level="warning", access_log=False)
    return DONE

"""The HTTP API for scripts and pipelines: thin routes over the same actions as the pages and the command line.

Needs the optional packages of ``pip install "synthgen[api]"``, and a token. A new endpoint is a function in one of the
``routes_*`` modules.
"""

from synthgen_core.api.application import alone, make_api

__all__ = ["alone", "make_api"]

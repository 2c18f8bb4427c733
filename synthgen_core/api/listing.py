"""The page that lists all endpoints: plain HTML, drawn from the OpenAPI document, that asks no other computer."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; text-transform: capitalize; }
summary { cursor: pointer; padding: .4rem 0; }
code, pre { font: 13px/1.4 ui-monospace, monospace; }
pre { overflow: auto; max-height: 30rem; }
b { display: inline-block; width: 4.5rem; font-family: ui-monospace, monospace; }
details { border-bottom: 1px solid #8884; }
.soft { opacity: .75; }
"""


def listing(document: Mapping[str, Any]) -> str:
    """The page."""
    return "".join(_page(document))


def _page(document: Mapping[str, Any]) -> Iterator[str]:
    info = document["info"]
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])} API</title>'
    yield f"<style>{STYLE}</style></head><body><h1>{escape(info['title'])} API {escape(info['version'])}</h1>"
    yield f"<p>{escape(info['description'])}</p><p>Every request needs the header <code>Authorization: Bearer</code> "
    yield "with the token that is set as <code>API_TOKEN</code>. As OpenAPI: <code>/api/openapi.json</code>.</p>"
    schemas = document["components"]["schemas"]
    groups: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).append((method.upper(), path, operation))
    for name, operations in groups.items():
        yield f"<h2>{escape(name)}</h2>"
        for method, path, operation in operations:
            yield from _operation(method, path, operation, schemas)
    yield "</body></html>"


def _operation(method: str, path: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    yield f"<details><summary><b>{method}</b><code>/api{escape(path)}</code> "
    yield f'<span class="soft">{escape(operation["description"].partition(chr(10))[0])}</span></summary>'
    for parameter in operation.get("parameters", ()):
        said = json.dumps(parameter["schema"], ensure_ascii=False)
        yield f"<p><code>{escape(parameter['name'])}</code> ({parameter['in']}): <code>{escape(said)}</code></p>"
    for content in operation.get("requestBody", {}).get("content", {}).values():
        yield from _schema("Request", content["schema"], schemas)
    for status, answer in operation["responses"].items():
        for content in answer.get("content", {}).values():
            if status.startswith("2"):
                yield from _schema(f"Answer {status}", content["schema"], schemas)
    yield "</details>"


def _schema(title: str, schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    name = str(schema.get("$ref") or schema.get("items", {}).get("$ref", "")).rpartition("/")[2]
    shown = schemas.get(name, schema)
    yield f"<p>{escape(title)} {escape(name)}</p><pre>{escape(json.dumps(shown, ensure_ascii=False, indent=2))}</pre>"

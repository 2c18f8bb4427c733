"""The HTTP API over a real socket: every endpoint, every refusal, and its own description of itself."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2 as httpx
import orjson
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from synthgen_core.api import alone, make_api
from synthgen_core.errors import ConfigError
from synthgen_core.settings import load_settings
from synthgen_core.workspace import Workspace, open_workspace
from tests.core.actions.support import add_dataset
from tests.support.replies import MODEL
from tests.support.server import ModelServer

TOKEN = "a token of the tests only"
SECONDS = 60.0
Ask = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def model() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, model: ModelServer) -> Iterator[Workspace]:
    given = {"LLM_PROVIDER": "openai", "OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "sk-secret-key"}
    opened = open_workspace(load_settings(given | {"DATA_DIR": str(tmp_path_factory.mktemp("api"))}))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setenv(name, value)
        yield opened
    opened.close()


@pytest.fixture(scope="module")
def address(place: Workspace) -> Iterator[str]:
    """Where the API listens, as ``serve --api-only`` would have it."""
    api = make_api(lambda: place, TOKEN, hosts=frozenset({"127.0.0.1"}))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(alone(api), log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/api"
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=SECONDS) as opened:
        yield opened


def finished(client: httpx.Client, job: httpx.Response) -> dict[str, Any]:
    """The job of an answer, once it has ended."""
    assert job.status_code == 202, job.text
    end = time.monotonic() + SECONDS
    while (told := client.get(f"/tasks/{job.json()['id']}").json())["status"] in ("pending", "running"):
        assert time.monotonic() < end
        time.sleep(0.02)
    return dict(told)


def test_a_dataset_is_made_looked_at_changed_taken_and_deleted(client: httpx.Client) -> None:
    body = {
        "domain": "Customer Support",
        "subdomain": "Technical Support",
        "num_examples": 3,
        "seed": 1,
        "name": "Mine",
    }
    started = client.post("/generator/start", json=body)
    job = finished(client, started)
    assert (job["status"], job["done"], job["kind"]) == ("completed", 3, "generation")
    assert client.get(f"/generator/status/{job['id']}").json() == job
    number = job["dataset_id"]
    listed = client.get("/datasets", params={"domain": "support", "format": "chat"}).json()
    assert number in [row["id"] for row in listed["datasets"]]
    dataset = client.get(f"/datasets/{number}").json()
    assert (dataset["name"], dataset["example_count"]) == ("Mine", 3)
    page = client.get(f"/datasets/{number}/examples", params={"limit": 2, "offset": 1}).json()
    assert (page["total"], [row["example_index"] for row in page["examples"]]) == (3, [1, 2])

    example = page["examples"][0]
    content = example["content"]
    content["messages"][-1]["content"] = "Changed through the API, and long enough."
    update = {"content": content, "quality_score": 8.5, "revision": example["revision"]}
    changed = client.put(f"/examples/{example['id']}", json=update)
    assert changed.status_code == 200, changed.text
    assert changed.json()["content"] == content
    assert changed.json()["quality_score"] is None, "a person's score is not the judge's"
    again = client.put(f"/examples/{example['id']}", json=update | {"content": page["examples"][1]["content"]})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "conflict")
    late = client.put(f"/examples/{example['id']}", json={"quality_score": 2, "revision": example["revision"]})
    assert late.status_code == 409, "a score is of the content that was read"
    assert client.put(f"/examples/{example['id']}", json={"quality_score": 2}).status_code == 200
    nameless = update | {"revision": changed.json()["revision"], "author": " \0"}
    assert client.put(f"/examples/{example['id']}", json=nameless).status_code == 422
    assert client.delete(f"/examples/{example['id']}").status_code == 204
    assert client.get(f"/examples/{example['id']}").json()["status"] == "removed"

    lines = client.get(f"/datasets/{number}/download").content.splitlines()
    assert len([orjson.loads(line) for line in lines]) == 2
    assert client.delete(f"/datasets/{number}").status_code == 204
    assert client.get(f"/datasets/{number}").status_code == 404
    assert client.delete(f"/tasks/{job['id']}").status_code == 204
    assert client.get(f"/tasks/{job['id']}").status_code == 404


def test_a_file_is_uploaded_merged_sampled_and_converted(client: httpx.Client, place: Workspace) -> None:
    rows = b"".join(orjson.dumps({"instruction": f"Count to {n}.", "output": "1, 2"}) + b"\n" for n in range(9))
    job = finished(client, client.post("/datasets/upload", files={"file": ("../a b.jsonl", rows)}))
    (made,) = client.get(f"/tasks/{job['id']}/datasets").json()
    assert (made["name"], made["example_count"], made["format"]) == ("a b", 9, "instruction")
    other = add_dataset(place, "other", 2)

    def result_of(path: str, **body: object) -> dict[str, int]:
        job = finished(client, client.post(f"/utils/{path}", json=body))
        (result,) = client.get(f"/tasks/{job['id']}/datasets").json()
        return dict(result)

    sampled = result_of("sample", dataset_id=made["id"], sample_size=4, seed=7)
    assert sampled["example_count"] == 4
    assert result_of("convert", dataset_id=made["id"], target_format="chat")["example_count"] == 9
    assert result_of("merge", dataset_ids=[made["id"], sampled["id"]], name="Both")["example_count"] == 13
    mixed = client.post("/utils/merge", json={"dataset_ids": [made["id"], other], "name": "Mixed"})
    assert (mixed.status_code, mixed.json()["error"]["code"]) == (422, "invalid")
    same = client.post("/datasets/upload", files={"file": ("a.jsonl", rows)})
    assert (same.status_code, same.json()["error"]["code"]) == (409, "conflict")
    assert not list(place.settings.uploads_dir.glob("*")), "a refused upload does not stay"


def test_rules_and_a_judge_run_and_are_cancelled(client: httpx.Client, place: Workspace, model: ModelServer) -> None:
    number = add_dataset(place, "judged", 3)
    rules = finished(client, client.post("/rules/start", json={"dataset_id": number}))
    assert rules["status"] == "completed"
    gate = threading.Event()
    model.choose = lambda call: replace(model.usual, until=gate)
    started = client.post("/quality/start", json={"dataset_id": number, "auto_fix": True, "auto_remove": False})
    assert started.status_code == 202, started.text
    number = started.json()["id"]
    assert client.post(f"/quality/cancel/{number}").status_code == 200
    gate.set()
    told = finished(client, started)
    assert told["status"] == "cancelled"
    assert set(told["counters"]) >= {"processed", "kept", "fixed", "removed", "failed"}
    assert client.get(f"/quality/status/{rules['id']}").status_code == 404, "that is another kind of job"


def test_the_catalogue_the_providers_and_the_settings_are_told(client: httpx.Client, model: ModelServer) -> None:
    assert len(client.get("/domains").json()) == 12
    subdomains = client.get("/domains/Customer Support/subdomains").json()
    assert "technical_support" in [row["slug"] for row in subdomains]
    assert client.get("/domains/support").json()["name"] == "Customer Support"
    assert {"embedded", "ollama", "openai", "anthropic"} <= {row["type"] for row in client.get("/providers").json()}
    assert client.get("/providers/openai/models").json() == [MODEL]
    current = client.get("/providers/current").json()
    assert (current["provider"], current["base_url"]) == ("openai", model.url)
    assert "secret" not in str(current)
    told = client.post("/providers/configure", json={"provider": "groq", "model": "llama", "is_default": False}).json()
    assert (told["provider"], told["model"]) == ("groq", "llama")
    values = {row["name"]: row["value"] for row in client.put("/settings", json={"settings": {"WORKERS": 3}}).json()}
    assert values["WORKERS"] == 3
    assert {row["name"]: row["value"] for row in client.get("/settings").json()} == values
    assert "sk-secret-key" not in client.get("/settings").text
    assert client.get("/system/status").json()["disk"]["total"] > 0


@pytest.mark.parametrize("header", [None, "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ü"])
def test_nobody_is_served_without_the_token(address: str, header: str | None, place: Workspace) -> None:
    given = {} if header is None else {"Authorization": header.encode()}
    for method, path in (("GET", "/datasets"), ("POST", "/generator/start"), ("DELETE", "/datasets/1")):
        answer = httpx.request(method, address + path, headers=given)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["error"]["code"] == "unauthorized"
    assert httpx.get(f"{address}/docs").status_code == 200, "what there is, is no secret"


def test_a_short_token_is_refused(place: Workspace) -> None:
    for token in ("", "fifteen letters"):
        with pytest.raises(ConfigError, match="at least 16"):
            make_api(lambda: place, token)


def test_another_host_is_not_served(client: httpx.Client) -> None:
    for host in ("evil.test", "127.0.0.1.evil.test", "evil.test:8501", ""):
        assert client.get("/domains", headers={"Host": host}).status_code in (400, 421), host


BAD = [
    ("GET", "/nothing", None, 404, "not_found"),
    ("PUT", "/datasets", None, 405, "method_not_allowed"),
    ("GET", "/datasets/0", None, 422, "invalid"),
    ("GET", "/datasets/99999999999999999999", None, 422, "invalid"),
    ("GET", "/datasets?domain=nonsense", None, 404, "not_found"),
    ("GET", "/domains/nonsense", None, 404, "not_found"),
    ("GET", "/providers/nonsense/models", None, 404, "not_found"),
    ("POST", "/generator/start", {"domain": "support"}, 422, "invalid"),
    ("POST", "/generator/start", {"domain": "support", "subdomain": "refunds", "num_examples": 0}, 422, "invalid"),
    ("POST", "/generator/start", {"domain": "support", "subdomain": "refunds", "nonsense": 1}, 422, "invalid"),
    ("PUT", "/settings", {"settings": {"OPENAI_API_KEY": "sk-x"}}, 422, "invalid"),
    ("PUT", "/settings", {"settings": {"WORKERS": 10**6}}, 422, "invalid"),
    ("POST", "/datasets/upload", None, 422, "invalid"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "code"), BAD)
def test_every_error_has_the_same_shape(
    client: httpx.Client, method: str, path: str, body: object, status: int, code: str
) -> None:
    answer = client.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert (error["code"], set(error)) == (code, {"code", "message", "hint"})


def test_what_is_too_large_is_refused_declared_or_not(client: httpx.Client) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(20):
            yield b" " * (1 << 20)

    assert client.put("/settings", content=b" " * (17 << 20)).status_code == 413
    assert client.put("/settings", content=chunks()).status_code == 413


def test_the_page_that_lists_the_endpoints_asks_nobody_else(client: httpx.Client) -> None:
    page = client.get("/docs")
    assert "/api/generator/start" in page.text
    assert "://" not in page.text
    assert "<script" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


def test_the_readme_lists_every_endpoint(client: httpx.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    told = {f"{method.upper()} /api{path}" for path, methods in paths.items() for method in methods}
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert {
        line.strip("| `").split("`")[0] for line in readme.splitlines() if "` |" in line and "/api/" in line
    } == told


# -- what it says of itself


def operations() -> dict[str, schemathesis.APIOperation]:
    """Every operation that starts no long work."""

    def nowhere() -> Workspace:
        raise AssertionError

    described = schemathesis.openapi.from_dict(make_api(nowhere, TOKEN).openapi())
    found = (each.ok() for each in described.exclude(path_regex="/start$").get_all_operations())
    return {f"{each.method.upper()} {each.path}": each for each in found}


OPERATIONS = operations()
"""Not checked is ``positive_data_acceptance``: a body of the right shape may still name what is not there."""


@pytest.mark.parametrize("name", OPERATIONS)
def test_answers_are_as_the_description_says(name: str, address: str) -> None:
    @given(case=OPERATIONS[name].as_strategy())
    @settings(max_examples=8, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def check(case: schemathesis.Case) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        case.call_and_validate(base_url=address, headers=headers, excluded_checks=[positive_data_acceptance])

    check()

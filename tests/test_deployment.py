"""The ways to run the app: what their files name is there, and they agree with each other."""

import re
from pathlib import Path

import pytest
import yaml

from synthgen_core.settings import SETTINGS

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICE = (ROOT / "deploy" / "synthgen.service").read_text(encoding="utf-8")
NGINX = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
DEPLOYMENT = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")


def test_the_image_starts_the_app_as_a_user_without_rights() -> None:
    instructions = [line.partition(" ")[0] for line in DOCKERFILE.splitlines() if re.match(r"[A-Z]+ ", line)]
    assert instructions.index("USER") < instructions.index("CMD")
    assert "streamlit_app.py" in DOCKERFILE
    assert (ROOT / "streamlit_app.py").exists()
    assert "HEALTHCHECK" in instructions


def test_nothing_that_the_app_needs_is_kept_out_of_the_image_and_no_secret_gets_in() -> None:
    needed = {"streamlit_app.py", "pages", "synthgen_core", "static", "requirements.txt", ".streamlit", "data/samples"}
    assert not needed & set(IGNORED)
    assert {".env", ".streamlit/secrets.toml", ".git", "data/*"} <= set(IGNORED)


def test_compose_opens_the_app_to_this_computer_only() -> None:
    services = COMPOSE["services"]
    assert services["app"]["ports"] == ["127.0.0.1:8501:8501"]
    assert [service for service, said in services.items() if "ports" in said] == ["app"]
    assert {name for said in services.values() for name in said.get("profiles", ())} == {"postgres", "ollama"}
    for said in services.values():
        for volume in said["volumes"]:
            assert volume.partition(":")[0] in COMPOSE["volumes"]
    assert set(services["app"]["environment"]) <= set(SETTINGS)


def test_the_service_writes_into_its_own_folders_only() -> None:
    said = dict(re.findall(r"^(\w+)=(.*)$", SERVICE, re.MULTILINE))
    assert said["User"] == "synthgen"
    assert said["Environment"] == "DATA_DIR=/var/lib/synthgen"
    assert said["ReadWritePaths"].split() == [f"/var/lib/{said['StateDirectory']}", f"-/home/{said['User']}/.cache"]
    assert f"useradd --system --create-home {said['User']}" in DEPLOYMENT
    assert "--server.address 127.0.0.1" in said["ExecStart"]


def test_the_proxy_takes_uploads_as_large_as_the_app_does() -> None:
    config = (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    largest = re.search(r"maxUploadSize = (\d+)", config)
    assert largest is not None
    assert f"client_max_body_size {largest[1]}m;" in NGINX


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`(deploy/[\w.]+|compose\.yaml)`", DEPLOYMENT))))
def test_a_file_that_the_page_names_is_there(path: str) -> None:
    assert (ROOT / path).exists()

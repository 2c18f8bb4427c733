"""The dashboard: totals, what happened lately, how this computer does, and whether everything is in place."""

import os
import platform
import tomllib
from dataclasses import dataclass
from pathlib import Path

from synthgen_core import __version__
from synthgen_core.access import is_loopback, is_on
from synthgen_core.actions.jobs import JobView, get_active_tasks, get_all_tasks
from synthgen_core.actions.providers import choose_provider, model_table, open_provider
from synthgen_core.errors import SynthGenError
from synthgen_core.models import Dataset
from synthgen_core.settings import ROOT, SETTINGS, Settings, read_environment
from synthgen_core.system import Share, get_cpu_usage, get_disk_usage, get_memory_usage
from synthgen_core.workspace import Workspace, open_workspace


@dataclass(frozen=True, slots=True)
class Overview:
    """What the dashboard shows, at one moment."""

    totals: dict[str, int]
    domains: list[tuple[str, int, int]]
    """(domain name, datasets, active examples), the largest first."""
    recent: list[Dataset]
    active: list[JobView]
    ended: list[JobView]


@dataclass(frozen=True, slots=True)
class SystemStatus:
    """Load, memory and disk; None where it is not available."""

    cpu: float | None
    memory: Share | None
    disk: Share | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report."""

    name: str
    is_fine: bool
    text: str


def get_overview(workspace: Workspace, *, recent: int = 5) -> Overview:
    """Totals over all datasets outside the trash, the newest datasets and jobs."""
    database = workspace.database
    names = {domain.slug: domain.name for domain in workspace.catalogue}
    counts = [(names.get(slug, slug), datasets, examples) for slug, datasets, examples in database.get_domain_counts()]
    ended = [view for view in get_all_tasks(workspace, limit=recent + 10) if not view.job.status.is_active]
    return Overview(
        database.get_totals(), counts, database.get_datasets(limit=recent), get_active_tasks(workspace), ended[:recent]
    )


def get_system_status(workspace: Workspace) -> SystemStatus:
    """This computer's state, read now; takes a tenth of a second."""
    return SystemStatus(get_cpu_usage(), get_memory_usage(), get_disk_usage(workspace.settings.data_dir))


def examine(settings: Settings) -> list[Finding]:
    """What is configured, reachable and writable; never raises."""
    set_ = [name for name in SETTINGS if read_environment().get(name)]
    findings = [
        Finding("version", True, f"{__version__}, Python {platform.python_version()}, {platform.system()}"),
        Finding("settings", True, f"from the environment or .env: {', '.join(set_) or 'none'}"),
        _examine_folder(settings.data_dir),
        _examine_access(settings, listening_address()),
    ]
    try:
        workspace = open_workspace(settings)
    except SynthGenError as error:
        findings.append(Finding("database", False, str(error)))
    else:
        totals = workspace.database.get_totals()
        kind = workspace.database.engine.dialect.name
        findings.append(
            Finding("database", True, f"{kind}, {totals['datasets']} datasets, {totals['examples']} examples")
        )
        problems = " ".join(str(problem) for problem in workspace.catalogue.problems)
        findings.append(Finding("domains", not problems, problems or f"{len(workspace.catalogue.domains)} domains"))
        workspace.close()
    try:
        choice = choose_provider(settings)
        findings.append(Finding("provider", True, f"{choice.config.type}, {choice.config.model}. {choice.reason}"))
        open_provider(choice.config, model_table(settings)).close()
    except SynthGenError as error:
        findings.append(Finding("model", False, str(error)))
    else:
        findings.append(Finding("model", True, "answers, or can be fetched"))
    return findings


def listening_address(root: Path = ROOT) -> str:
    """Where the app is set to listen, by the environment or by ``.streamlit/config.toml``; a command line that says
    otherwise is not known here. Empty: neither says anything, or the file cannot be read, which the app says itself."""
    if address := os.environ.get("STREAMLIT_SERVER_ADDRESS", ""):
        return address
    try:
        config = tomllib.loads((root / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(config.get("server", {}).get("address", ""))


def _examine_access(settings: Settings, address: str) -> Finding:
    if is_on(settings):
        return Finding("access", True, "whoever opens the app is asked who they are")
    if address and not is_loopback(address):
        return Finding(
            "access",
            False,
            f"the app is set to listen on {address}, and asks nobody who they are. Set ACCESS_PASSWORD, or have it "
            "listen on 127.0.0.1.",
        )
    return Finding("access", True, "nobody is asked who they are: let only this computer reach the app")


def _examine_folder(folder: Path) -> Finding:
    probe = folder / f".doctor-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        return Finding("data folder", False, f"{folder} cannot be written: {error.strerror}. Set DATA_DIR to another.")
    disk = get_disk_usage(folder)
    free = f"{(disk.total - disk.used) / 2**30:.1f} GiB free" if disk else "free space not available"
    return Finding("data folder", True, f"{folder}, {free}")

"""What this computer says of itself: load, memory, disk, and which processes live. Sole user of psutil."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

import psutil

CPU_SAMPLE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Share:
    """How much of something is in use, in bytes."""

    used: int
    total: int

    @property
    def percent(self) -> float:
        """Used of total, 0-100."""
        return 100 * self.used / self.total if self.total else 0.0


def get_cpu_usage() -> float | None:
    """Load of all cores over the last tenth of a second, 0-100; None where it cannot be read."""
    try:
        return float(psutil.cpu_percent(interval=CPU_SAMPLE_SECONDS))
    except (psutil.Error, OSError):
        return None


def get_memory_usage() -> Share | None:
    """Memory that programs hold and could not get more of; None where it cannot be read."""
    try:
        memory = psutil.virtual_memory()
    except (psutil.Error, OSError):
        return None
    return Share(memory.total - memory.available, memory.total)


def get_disk_usage(path: Path) -> Share | None:
    """The disk that holds this path (or its nearest parent that exists); None where it cannot be read."""
    try:
        while not path.exists() and path != path.parent:
            path = path.parent
        disk = psutil.disk_usage(str(path))
    except (psutil.Error, OSError):
        return None
    return Share(disk.used, disk.used + disk.free)


def this_process() -> str:
    """A name for this process that no other has, on any computer, at any time: ``host:pid:start``."""
    pid = os.getpid()
    return f"{platform.node()}:{pid}:{psutil.Process(pid).create_time():.2f}"


def is_dead(owner: str) -> bool:
    """Whether the process of this name ended. False where that cannot be known: it ran on another computer."""
    try:
        host, pid, start = owner.rsplit(":", 2)
        if host != platform.node():
            return False
        return abs(psutil.Process(int(pid)).create_time() - float(start)) > 1
    except psutil.NoSuchProcess:
        return True
    except (psutil.Error, ValueError, OverflowError):
        return False

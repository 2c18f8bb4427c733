"""What this computer says of itself is real, and a process is known again."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from synthgen_core.system import (
    Share,
    get_cpu_usage,
    get_disk_usage,
    get_memory_usage,
    is_dead,
    this_process,
)


def test_load_memory_and_disk_are_real_numbers(tmp_path: Path) -> None:
    cpu, memory, disk = get_cpu_usage(), get_memory_usage(), get_disk_usage(tmp_path)
    assert cpu is not None
    assert 0 <= cpu <= 100
    for share in (memory, disk):
        assert share is not None
        assert 0 < share.used < share.total
        assert 0 < share.percent < 100


def test_a_folder_that_is_not_there_yet_is_on_its_parent_s_disk(tmp_path: Path) -> None:
    there, not_yet = get_disk_usage(tmp_path), get_disk_usage(tmp_path / "a" / "b")
    assert there is not None
    assert not_yet is not None
    assert there.total == pytest.approx(not_yet.total, rel=0.05)


def test_a_share_of_nothing_is_no_share() -> None:
    assert Share(0, 0).percent == 0
    assert Share(1, 4).percent == 25


def test_this_process_is_alive_and_keeps_its_name() -> None:
    assert this_process() == this_process()
    assert this_process().startswith(f"{platform.node()}:{os.getpid()}:")
    assert not is_dead(this_process())


def test_a_process_is_dead_once_it_ended() -> None:
    code = "from synthgen_core.system import this_process; print(this_process(), flush=True); input()"
    run = [sys.executable, "-c", code]
    with subprocess.Popen(run, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        assert not is_dead(name)
        process.communicate("\n", timeout=30)
    assert is_dead(name)


def test_another_process_with_the_same_number_is_not_it() -> None:
    host, pid, start = this_process().rsplit(":", 2)
    assert is_dead(f"{host}:{pid}:{float(start) - 1000}")


@pytest.mark.parametrize("owner", ["another-host:1:1.00", "", "nobody", "a:b", f"{platform.node()}:x:y"])
def test_what_cannot_be_known_is_not_called_dead(owner: str) -> None:
    assert not is_dead(owner)

"""Processes of one server, found by a mark in their environment: some of them leave their parent."""

import contextlib
import os
import pathlib
import signal
import time

from ..machine import cpu_seconds

MARK = "CLARY_BENCH_SERVER"


def _parent(process: pathlib.Path) -> int:
    return int((process / "stat").read_text().rpartition(")")[2].split()[1])


def marked(mark: str) -> set[int]:
    """Those with the mark and all below them: some begin with an environment of their own."""
    wanted = f"{MARK}={mark}".encode()
    found, parents = set(), {}
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            pid = int(process.name)
            parents[pid] = _parent(process)
            if wanted in (process / "environ").read_bytes().split(b"\0"):
                found.add(pid)
    while below := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= below
    return found


def cpu_of(pids: set[int]) -> float:
    total = 0.0
    for pid in pids:
        with contextlib.suppress(OSError):
            total += cpu_seconds(pid)
    return total


def pss_mib(pids: set[int]) -> float:
    """Proportional set size: what processes share counts once."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total / 1024


def end(mark: str, seconds: float = 10) -> None:
    """Asks all of them to end, and ends those that have not after so long."""
    for with_signal, limit in ((signal.SIGTERM, seconds), (signal.SIGKILL, 5)):
        for pid in marked(mark):
            with contextlib.suppress(OSError):
                os.kill(pid, with_signal)
        deadline = time.monotonic() + limit
        while _running(mark) and time.monotonic() < deadline:
            time.sleep(0.05)


def _running(mark: str) -> bool:
    """Whether one is there that has not ended; a child that has, and was not waited for, has no environment."""
    return bool(marked(mark))

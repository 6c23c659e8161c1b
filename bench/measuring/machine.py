"""What this machine says of its processes and its disk."""

import os
import pathlib
import socket

TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and of its threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mib(pid: int, field: str = "VmRSS") -> float:
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"process {pid} has no {field}")


def busy_seconds() -> float:
    """Processor time of everything on this machine so far."""
    user, nice, system, *_ = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    return (int(user) + int(nice) + int(system)) / TICKS


def disk_flushes(folder: pathlib.Path) -> int:
    """How often the disk under a folder was told to keep what it has; 0 where that is not counted."""
    device = os.stat(folder).st_dev
    known = pathlib.Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve()
    disk = known.parent if (known / "partition").exists() else known
    fields = (disk / "stat").read_text().split() if (disk / "stat").exists() else []
    return int(fields[15]) if len(fields) > 15 else 0

"""bench/results.md."""

import dataclasses
import datetime
import os
import pathlib
import platform
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True)
class Row:
    path: str            # what was measured
    result: str          # median (interval), with its unit
    target: str          # DESIGN 14, or ""
    verdict: str         # "holds", "missed", "undecided", ""
    ceiling: str = ""    # what the machine does at best, in the same run
    cpu: str = ""        # CPU seconds, the load generator's share
    note: str = ""


def machine() -> list[str]:
    cpu = next((line.partition(":")[2].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    release = pathlib.Path("/etc/os-release").read_text()
    system = next(line.partition("=")[2].strip('"') for line in release.splitlines() if line.startswith("PRETTY_NAME"))
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    return [f"{cpu}, {os.cpu_count()} cores, {memory:.1f} GiB",
            f"{system}, Linux {platform.release()}, Python {platform.python_version()}",
            f"commit {commit or 'unknown'}, preset bench (-O2)"]


def write(path: pathlib.Path, rows: list[Row], tables: list[str], failures: list[str], pairs: int,
          loads: tuple[float, float]) -> None:
    date = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    lines = ["# Results", "", "Written by `bench/run`; do not edit.", "", f"- {date}", *(f"- {line}" for line in machine()),
             f"- Other work on the machine: load average {loads[0]:.1f} before, {loads[1]:.1f} after",
             f"- A number is a median with its 95 % interval (order statistics); a ratio is of {pairs} pairs that alternate,",
             "  or of as many as are said below.",
             "  A target holds when the whole interval does, and is undecided when the interval has it inside.", "",
             "| Path | Result | Target | | Ceiling in the same run | CPU |", "|---|---|---|---|---|---|"]
    for row in rows:
        lines.append(f"| {row.path} | {row.result} | {row.target} | {row.verdict} | {row.ceiling} | {row.cpu} |")
    for table in tables:
        lines += ["", table]
    notes = [f"- {row.path}: {row.note}" for row in rows if row.note]
    if notes:
        lines += ["", "## How it was measured", "", *notes]
    if failures:
        lines += ["", "## Not measured", "", *(f"- {failure}" for failure in failures)]
    path.write_text("\n".join(lines) + "\n")

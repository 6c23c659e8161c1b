"""The server's start with many jobs stored."""

import sqlite3
import time

from .context import Context
from .jobs import REFUSED_IMAGE
from .machine import resident_mib
from .report import Row
from .statistics import verdict

MADE = 1_000  # by CreateTrainingJob; the others are copies of these


def _copy_rows(index: sqlite3.Connection, table: str, copies: int) -> None:
    """Each row so many times more, with "-1", "-2", ... after the job's name wherever it stands, and after its gang's."""
    columns = [name for _, name, *_ in index.execute(f"PRAGMA table_info({table})") if name != "id"]
    renamed = {"name": "name || '-' || n", "gang": "gang || '-' || n"}
    for text in ("arn", "request", "spec"):
        renamed[text] = f"replace({text}, name, name || '-' || n)"
    index.execute(f"""
        WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
        INSERT INTO {table} ({", ".join(columns)}) SELECT {", ".join(renamed.get(name, name) for name in columns)}
        FROM {table}, numbers""", (copies,))


def fill(context: Context, count: int) -> str:
    """Stores so many finished jobs, and stops the server. The name of the last one."""
    made = min(MADE, count)
    names = [f"stored-{number:06}" for number in range(made)]
    requests = context.tools.requests("store", [context.jobs.raw_request(name, image=REFUSED_IMAGE) for name in names])
    context.load(requests, connections=32, count=made)
    context.jobs.wait_for_all("stored-")
    context.server.stop()
    copies = count // made - 1
    if copies == 0:
        return names[-1]
    with sqlite3.connect(context.server.data / "meta.db") as index:
        for table in ("jobs", "job_events"):
            _copy_rows(index, table, copies)
    index.close()
    return f"{names[-1]}-{copies}"


def start(context: Context) -> None:
    """How long a server with many jobs takes to be ready, beside one that has none."""
    count = context.sizes.stored_jobs
    full, empty, memory = [], [], []
    with context.own_server("stored") as own, context.own_server("nothing") as bare:
        last = fill(own, count)
        own.server.start()
        described = own.jobs.describe(last)
        if (described["TrainingJobName"], described["TrainingJobStatus"]) != (last, "Failed"):
            raise RuntimeError(f"{last} is {described['TrainingJobStatus']}")
        own.server.stop()
        bare.server.stop()
        for _ in range(context.pairs):
            for server, seconds in ((own.server, full), (bare.server, empty)):
                server.start()
                seconds.append(server.start_seconds)
                time.sleep(0.2)
                if server is own.server:
                    memory.append(resident_mib(server.pid))
                server.stop()
    result, nothing, resident = context.estimate(full), context.estimate(empty), context.estimate(memory)
    context.rows.append(Row(
        f"server start with {count:,} jobs stored, to its ready line", f"{result.text(0, 1e3)} ms", "≤ 150 ms",
        verdict(result, at_most=0.150), f"with none: {nothing.text(0, 1e3)} ms", f"{resident.text(1)} MiB resident",
        note=f"{min(count, MADE):,} jobs were made by CreateTrainingJob and have ended, the others are copies of their rows in "
             "meta.db; its pages are cached."))

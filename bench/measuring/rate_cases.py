"""Many jobs that do nothing, beside each other."""

import shutil
import subprocess
import time

from .context import Context
from .machine import busy_seconds
from .report import Row
from .statistics import verdict

AT_A_TIME = 8
# A machine of two cores has room for one ml.m5.large otherwise.
CONFIG = f"[jobs]\novercommit = {AT_A_TIME}\n"
BARE = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-all", "--die-with-parent", "true"]


def _bare_rate(count: int) -> float:
    """How many sandboxes with `true` in them a second, so many at a time."""
    numbers = "\n".join(map(str, range(count)))
    began = time.perf_counter()
    subprocess.run(["xargs", "-P", str(AT_A_TIME), "-n", "1", *BARE], input=numbers, text=True, check=True)
    return count / (time.perf_counter() - began)


def true_jobs(context: Context) -> None:
    """All are submitted at once; so many run at a time. One value is the rate of a part of them, in the order of their ends."""
    count, parts = context.sizes.true_jobs, context.pairs
    with context.own_server("true", CONFIG) as own:
        own.jobs.run(own.jobs.put_script("pass"))  # the environment is looked at
        requests = context.tools.requests("true", [own.jobs.raw_request(f"true-{number:06}", command=("true",))
                                                   for number in range(count)])
        busy, began = busy_seconds(), time.time()
        sent = own.load(requests, connections=32, count=count)
        own.jobs.wait_for_all("true-", pause=0.1)
        busy = busy_seconds() - busy
        summaries = list(own.jobs.summaries("true-"))
        for job in summaries:
            if job["TrainingJobStatus"] != "Completed":
                raise RuntimeError(own.jobs.describe(job["TrainingJobName"])["FailureReason"])
        ends = [began, *sorted(job["TrainingEndTime"] for job in summaries)]
        marks = [ends[count * part // parts] for part in range(parts + 1)]
        sizes = [count * (part + 1) // parts - count * part // parts for part in range(parts)]
        if len(summaries) != count:
            raise RuntimeError(f"{len(summaries)} of {count} jobs are listed")
    rate = context.estimate([size / (later - earlier) for size, earlier, later in zip(sizes, marks, marks[1:], strict=False)])
    whole = count / (ends[-1] - began)
    ceiling = "bubblewrap is not installed"
    if shutil.which("bwrap"):
        bare = context.estimate([_bare_rate(max(AT_A_TIME, count // parts)) for _ in range(parts)])
        ceiling = f"bare `bwrap ... true`, {AT_A_TIME} at a time: {bare.text(0)} /s"
    context.rows.append(Row(
        f"{count:,} jobs of `true`, {AT_A_TIME} at a time", f"{rate.text(1)} /s", "≥ 30 /s", verdict(rate, at_least=30), ceiling,
        f"{busy / count * 1e3:.0f} ms of the machine a job",
        note=f"all submitted at once on 32 connections ({sent.rate:,.0f} /s); a value is the rate of one of {parts} parts, in "
             f"the order of their ends; from the first call to the last end: {whole:.1f} /s. Everything by default but "
             f"`jobs.overcommit = {AT_A_TIME}`."))

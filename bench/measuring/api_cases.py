"""Describe with a full store, the server's memory, its start."""

import random
import time

from .context import Context, cpu_text
from .jobs import REFUSED_IMAGE
from .report import Row
from .server import Server, resident_mib
from .statistics import verdict


def fill_store(context: Context) -> list[str]:
    """So many finished jobs: they ask for what cannot run here, so they fail at once."""
    names = [f"finished-{number:05}" for number in range(context.job_count)]
    requests = [context.server.raw_call(context.key, "sagemaker", "CreateTrainingJob",
                                        context.jobs.request(name, image=REFUSED_IMAGE)) for name in names]
    context.load(context.tools.requests("create", requests), connections=16, count=len(requests))
    for status in ("InProgress", "Stopping"):
        while context.server.call(context.key, "sagemaker", "ListTrainingJobs", StatusEquals=status,
                                  NameContains="finished-", MaxResults=1)["TrainingJobSummaries"]:
            time.sleep(0.5)
    return names


def describe(context: Context, names: list[str]) -> None:
    chosen = random.Random(7).sample(names, min(2000, len(names)))
    requests = context.tools.requests("describe", [
        context.server.raw_call(context.key, "sagemaker", "DescribeTrainingJob", {"TrainingJobName": name}) for name in chosen])
    reply = context.server.call(context.key, "sagemaker", "DescribeTrainingJob", TrainingJobName=chosen[0])
    context.load(requests)
    loads, ceilings = context.pairs_with_nginx(requests, repr(reply).encode())
    rate = context.estimate([load.rate for load in loads])
    p99 = context.estimate([load.p99_ms for load in loads])
    ceiling = "nginx is not installed"
    if ceilings:
        ratio = context.estimate([load.rate / best.rate for load, best in zip(loads, ceilings, strict=True)])
        best = context.estimate([load.rate for load in ceilings])
        ceiling = f"nginx, a static file: {best.text(0)} /s; ratio {ratio.text(3)}"
    what = f"DescribeTrainingJob, signed, {context.job_count:,} jobs in the store"
    context.rows.append(Row(f"{what}, 8 connections", f"{rate.text(0)} /s", "≥ 10,000 /s", verdict(rate, at_least=10_000),
                            ceiling, cpu_text(loads), note="load generator and server share the machine's cores."))
    context.rows.append(Row(f"{what}, p99", f"{p99.text(2)} ms", "≤ 5 ms", verdict(p99, at_most=5)))


def at_rest(context: Context) -> None:
    """Memory with a full store: after all that was measured, and after a start."""
    time.sleep(5)
    used = resident_mib(context.server.pid)
    context.server.stop()
    starts, fresh = [], []
    for _ in range(max(context.pairs, 15)):
        server = Server(context.server.program, context.server.data)
        server.start()
        starts.append(server.start_seconds)
        time.sleep(0.2)
        fresh.append(resident_mib(server.pid))
        server.stop()
    context.server.start()
    memory, start = context.estimate(fresh), context.estimate(starts)
    what = f"{context.job_count:,} finished jobs"
    context.rows.append(Row(f"server at rest, {what}: resident memory after a start", f"{memory.text(1)} MiB", "≤ 60 MiB",
                            verdict(memory, at_most=60)))
    context.rows.append(Row(f"server at rest, {what}: resident memory 5 s after everything above", f"{used:.1f} MiB", "≤ 60 MiB",
                            "holds" if used <= 60 else "missed", note="one value, not a median."))
    context.rows.append(Row(f"server start with {what}, to its ready line", f"{start.text(0, 1e3)} ms", "", ""))

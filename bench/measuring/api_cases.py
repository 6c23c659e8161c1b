"""CreateTrainingJob, Describe with a full store, the server's memory."""

import random
import time

from .context import Context, batch_text, cpu_text
from .jobs import REFUSED_IMAGE
from .machine import disk_flushes, resident_mib
from .report import Row
from .statistics import verdict

CONNECTIONS = 32


def create(context: Context) -> list[str]:
    """So many finished jobs, made by CreateTrainingJob: they ask for what cannot run here, so they fail at once."""
    count, parts = context.sizes.jobs, context.pairs
    names = [f"finished-{number:06}" for number in range(count)]
    sync_file = context.folder / "sync"
    loads, ratios, syncs, flushes = [], [], [], 0
    for part in range(parts):
        chosen = names[count * part // parts:count * (part + 1) // parts]
        requests = context.tools.requests("create", [context.jobs.raw_request(name, image=REFUSED_IMAGE) for name in chosen])
        before = disk_flushes(context.folder)
        loads.append(context.load(requests, connections=CONNECTIONS, count=len(chosen)))
        flushes += disk_flushes(context.folder) - before
        context.jobs.wait_for_all("finished-")
        syncs.append(context.tools.ceiling("sync", sync_file))
        ratios.append(loads[-1].rate / (CONNECTIONS / syncs[-1]))
    rate, ratio, sync = context.estimate([load.rate for load in loads]), context.estimate(ratios), context.estimate(syncs)
    context.rows.append(Row(
        f"CreateTrainingJob, durable, {CONNECTIONS} connections ÷ ({CONNECTIONS} ÷ one fdatasync)", ratio.text(2), "≥ 0.6",
        verdict(ratio, at_least=0.6), f"fdatasync {sync.text(2, 1e3)} ms; the server {rate.text(0)} /s"
        f"{batch_text(loads, flushes)}", cpu_text(loads),
        note="the ceiling supposes that every commit takes all that can wait; meanwhile the jobs fail one after the other, for "
             "they name an image that cannot run here, and each failure is a durable change of its own."))
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
    what = f"DescribeTrainingJob, signed, {context.sizes.jobs:,} jobs in the store"
    context.rows.append(Row(f"{what}, 8 connections", f"{rate.text(0)} /s", "≥ 15,000 /s", verdict(rate, at_least=15_000),
                            ceiling, cpu_text(loads), "the jobs were made by CreateTrainingJob; load generator and server share "
                            "the machine's cores."))
    context.rows.append(Row(f"{what}, p99", f"{p99.text(2)} ms", "≤ 5 ms", verdict(p99, at_most=5)))


def at_rest(context: Context) -> None:
    """Memory with a full store: after all that was measured, and after a start."""
    time.sleep(5)
    used = resident_mib(context.server.pid)
    context.server.stop()
    fresh = []
    for _ in range(context.pairs):
        context.server.start()
        time.sleep(0.2)
        fresh.append(resident_mib(context.server.pid))
        context.server.stop()
    context.server.start()
    memory = context.estimate(fresh)
    what = f"{context.sizes.jobs:,} finished jobs"
    context.rows.append(Row(f"server at rest, {what}: resident memory after a start", f"{memory.text(1)} MiB", "≤ 60 MiB",
                            verdict(memory, at_most=60)))
    context.rows.append(Row(f"server at rest, {what}: resident memory 5 s after everything above", f"{used:.1f} MiB", "≤ 60 MiB",
                            "holds" if used <= 60 else "missed", note="one value, not a median."))

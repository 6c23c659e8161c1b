"""S3: large objects and small ones."""

import os

from .context import Context, batch_text, cpu_text
from .machine import disk_flushes
from .report import Row
from .statistics import verdict

LARGE = 64 << 20
S3RVER_PUTS = 823  # of 1 KiB a second, on another machine of two cores


def large_objects(context: Context) -> None:
    body = os.urandom(LARGE)
    put = context.tools.requests("put-large", [context.server.raw(context.key, "s3", "PUT", "/bench/large", body=body)])
    get = context.tools.requests("get-large", [context.server.raw(context.key, "s3", "GET", "/bench/large")])
    plain = context.folder / "plain"
    puts, gets, put_ratios, get_ratios, put_best, get_best = [], [], [], [], [], []
    for _ in range(context.pairs + 1):
        puts.append(context.load(put, connections=1, count=1))
        written = context.tools.ceiling("put", plain, "--bytes", LARGE)
        put_best.append(max(written, context.tools.ceiling("md5", "--bytes", LARGE)))
        gets.append(context.load(get, connections=1, count=1))
        get_best.append(context.tools.ceiling("get", plain))
        put_ratios.append(put_best[-1] / puts[-1].seconds)
        get_ratios.append(get_best[-1] / gets[-1].seconds)
    plain.unlink()
    # The first pair warmed caches.
    for name, loads, ratios, best, ceiling in (
            ("PUT", puts, put_ratios, put_best, "max(write + fsync, MD5)"),
            ("GET", gets, get_ratios, get_best, "read + CRC-32C + send")):
        ratio = context.estimate(ratios[1:])
        speed = context.estimate([LARGE / 1e6 / load.seconds for load in loads[1:]])
        bound = context.estimate([LARGE / 1e6 / seconds for seconds in best[1:]])
        context.rows.append(Row(f"S3 {name} 64 MiB ÷ {ceiling}", f"{ratio.text(2)}", "≥ 0.8", verdict(ratio, at_least=0.8),
                                f"{bound.text(0)} MB/s; the server {speed.text(0)} MB/s",
                                f"{sum(load.server_cpu for load in loads[1:]) / len(loads[1:]):.2f} s of the server an object, "
                                f"{sum(load.load_cpu for load in loads[1:]) / len(loads[1:]):.2f} s of the load generator"))


def small_puts(context: Context) -> None:
    body = os.urandom(1024)
    requests = context.tools.requests("put-small", [
        context.server.raw(context.key, "s3", "PUT", f"/bench/kib/{number:05}", body=body) for number in range(8000)])
    loads, ratios, syncs, flushes = [], [], [], 0
    for _ in range(context.pairs):
        before = disk_flushes(context.folder)
        loads.append(context.load(requests, connections=32))
        flushes += disk_flushes(context.folder) - before
        syncs.append(context.tools.ceiling("sync", context.folder / "sync"))
        ratios.append(loads[-1].rate / (32 / syncs[-1]))
    rate, ratio = context.estimate([load.rate for load in loads]), context.estimate(ratios)
    sync = context.estimate(syncs)
    context.rows.append(Row("S3 1 KiB PUT, durable, 32 connections ÷ (32 ÷ one fdatasync)", ratio.text(2), "≥ 0.6",
                            verdict(ratio, at_least=0.6), f"fdatasync {sync.text(2, 1e3)} ms; the server {rate.text(0)} /s"
                            f"{batch_text(loads, flushes)}", cpu_text(loads),
                            note="the ceiling supposes that every commit takes all 32 that can wait."))
    context.rows.append(Row(f"S3 1 KiB PUT, durable, 32 connections ÷ s3rver's {S3RVER_PUTS} /s",
                            context.estimate([load.rate / S3RVER_PUTS for load in loads]).text(2), "≥ 3",
                            verdict(rate, at_least=3 * S3RVER_PUTS), f"the server {rate.text(0)} /s", "",
                            "s3rver's figure is a given one, not of this run."))


def small_gets(context: Context) -> None:
    body = os.urandom(1024)
    context.jobs.put("one-kib", body)
    requests = context.tools.requests("get-small", [context.server.raw(context.key, "s3", "GET", "/bench/one-kib")])
    loads, ceilings = context.pairs_with_nginx(requests, body)
    rate = context.estimate([load.rate for load in loads])
    ceiling = "nginx is not installed"
    if ceilings:
        ceiling = f"nginx: {context.estimate([load.rate for load in ceilings]).text(0)} /s"
    context.rows.append(Row("S3 GET 1 KiB, signed, 8 connections", f"{rate.text(0)} /s", "≥ 20,000 /s",
                            verdict(rate, at_least=20_000), ceiling, cpu_text(loads)))

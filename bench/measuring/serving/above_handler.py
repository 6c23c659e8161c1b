"""What Clary adds to a Python handler: latency, CPU, its start, memory; and what batches gain."""

import os
import subprocess
import time

from ..context import Context, cpu_text
from ..report import Row
from ..statistics import verdict
from .bench_place import ServingPlace

BATCHES = {"SAGEMAKER_HANDLER": "service.py:handle", "SAGEMAKER_TS_BATCH_SIZE": "32"}
ALONE = {"SAGEMAKER_HANDLER": "service.py:handle", "SAGEMAKER_TS_BATCH_SIZE": "1"}


def added(context: Context) -> None:
    """Latency over a direct call, CPU over the handler's own, memory after it."""
    place = ServingPlace(context)
    delays, handler_delays, used, handler_used, loads = [], [], [], [], []
    with place.python_server("lenet") as server:
        server.warm_up()
        for _ in range(context.pairs):
            one = server.load(1, seconds=place.seconds)
            direct = place.bare_handler("lenet", processes=1)
            handler_delays.append(direct["p50"])
            delays.append(one.p50_ms / 1e3 - direct["p50"])
            loads.append(server.load(8, seconds=place.seconds))
            both = place.bare_handler("lenet")
            handler_used.append(both["cpu"])
            used.append(loads[-1].cpu_each - both["cpu"])
        all_mib, own_mib = server.pss_mib(), server.own_pss_mib()
    delay, cpu = context.estimate(delays), context.estimate(used)
    context.rows.append(Row(
        "LeNet through a Python handler, latency above a direct call, one connection, p50", f"{delay.text(3, 1e3)} ms",
        "≤ 0.15 ms", verdict(delay, at_most=0.15e-3), f"the direct call {context.estimate(handler_delays).text(3, 1e3)} ms"))
    context.rows.append(Row(
        "LeNet through a Python handler, CPU of the server a request above the handler's, 8 connections",
        f"{cpu.text(0, 1e6)} µs", "≤ 60 µs", verdict(cpu, at_most=60e-6),
        f"the handler in two processes without a server {context.estimate(handler_used).text(0, 1e6)} µs", cpu_text(loads)))
    context.rows.append(Row("LeNet through a Python handler, two workers: PSS of all processes after the loads",
                            f"{all_mib:.0f} MiB", "≤ 300 MiB", "holds" if all_mib <= 300 else "missed", note="one value."))
    context.rows.append(Row("the model server alone: PSS of its own process after the loads", f"{own_mib:.0f} MiB", "≤ 30 MiB",
                            "holds" if own_mib <= 30 else "missed", note="one value."))


def _import_seconds(place: ServingPlace) -> float:
    began = time.perf_counter()
    subprocess.run([place.python, "-c", "import torch"], check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    return time.perf_counter() - began


def cold_starts(context: Context) -> None:
    """From the start of the process to the first answer to a request."""
    place = ServingPlace(context)
    above, imports, engines = [], [], []
    for _ in range(context.pairs):
        imports.append(_import_seconds(place))
        with place.python_server("lenet") as server:
            above.append(server.start_seconds - imports[-1])
        with place.engine_server("lenet", "model.pt2") as server:
            engines.append(server.start_seconds)
    imported, more, engine = context.estimate(imports), context.estimate(above), context.estimate(engines)
    context.rows.append(Row("model server, from its start to the first answer, Python handler, above `import torch`",
                            f"{more.text(2)} s", "≤ 0.2 s", verdict(more, at_most=0.2),
                            f"`python -c 'import torch'`: {imported.text(2)} s",
                            note="asked every 5 ms with a request; files are in the page cache."))
    context.rows.append(Row("model server, from its start to the first answer, torch engine", f"{engine.text(2)} s", "≤ 0.4 s",
                            verdict(engine, at_most=0.4)))


def batches(context: Context) -> None:
    """The same service file with batches of up to 32 and without, both running."""
    place = ServingPlace(context)
    files = place.service_files("lenet")
    taken: dict[int, list] = {1: [], 64: []}
    with place.clary("lenet", files, **BATCHES) as batched, place.clary("lenet", files, **ALONE) as alone:
        for server in (batched, alone):
            server.warm_up()
            server.load(64, seconds=2)
        for _ in range(context.pairs):
            for connections, pairs in taken.items():
                pairs.append((batched.load(connections, seconds=place.seconds), alone.load(connections, seconds=place.seconds)))
    for connections, target in ((64, 1.5), (1, 1.0)):
        pairs = taken[connections]
        ratio = context.estimate([one.rate / other.rate for one, other in pairs])
        rates = [context.estimate([pair[which].rate for pair in pairs]).text(0) for which in (0, 1)]
        # No slower is measured to a twentieth: two servers that do the same differ by as much.
        least = target if target > 1 else 0.95
        context.rows.append(Row(
            f"LeNet, batches ÷ no batches, {connections} connection{'s' * (connections > 1)}", ratio.text(2),
            f"≥ {target}" if target > 1 else "no slower (≥ 0.95)", verdict(ratio, at_least=least),
            f"with batches {rates[0]} /s, without {rates[1]} /s", cpu_text([pair[0] for pair in pairs]),
            note="a service file (`handle(data, context)`), SAGEMAKER_TS_BATCH_SIZE=32 and 1."))

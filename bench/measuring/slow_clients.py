"""Describe while a thousand clients upload at 1 KiB a second and ten thousand are connected and silent."""

import contextlib
import random
import resource
import socket
import threading
import time
from collections.abc import Iterator

from .context import Context
from .machine import resident_mib
from .report import Row
from .statistics import verdict

IDLE = 10_000
UPLOADS = 1_000
PIECE = 1024
BODY = bytes(120 * PIECE)  # two minutes long


def connect(context: Context, held: contextlib.ExitStack) -> socket.socket:
    return held.enter_context(socket.create_connection(("127.0.0.1", context.server.port), timeout=30))


@contextlib.contextmanager
def uploads(context: Context) -> Iterator[None]:
    """Each has sent its head; a thread sends every one a piece in every second."""
    done = threading.Event()
    with contextlib.ExitStack() as held:
        slow = []
        for number in range(UPLOADS):
            request = context.server.raw(context.key, "s3", "PUT", f"/bench/slow/{number}", body=BODY)
            slow.append(connect(context, held))
            slow[-1].sendall(request[:-len(BODY)])

        def feed() -> None:
            while True:
                began = time.perf_counter()
                for connection in slow:
                    connection.sendall(bytes(PIECE))
                if done.wait(max(0.0, 1 - (time.perf_counter() - began))):
                    return

        feeder = threading.Thread(target=feed)
        feeder.start()
        try:
            yield
        finally:
            done.set()
            feeder.join()


def describe(context: Context, names: list[str]) -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    chosen = random.Random(7).sample(names, min(2000, len(names)))
    requests = context.tools.requests("describe-beside", [
        context.server.raw_call(context.key, "sagemaker", "DescribeTrainingJob", {"TrainingJobName": name}) for name in chosen])
    context.load(requests)
    before = resident_mib(context.server.pid)
    with contextlib.ExitStack() as held:
        for _ in range(IDLE):
            connect(context, held)
        with uploads(context):
            loads = [context.load(requests) for _ in range(context.pairs)]
            during = resident_mib(context.server.pid)
    rate, p99 = context.estimate([load.rate for load in loads]), context.estimate([load.p99_ms for load in loads])
    context.rows.append(Row(f"DescribeTrainingJob beside {UPLOADS:,} uploads at 1 KiB/s and {IDLE:,} idle connections, p99",
                            f"{p99.text(2)} ms", "≤ 5 ms", verdict(p99, at_most=5), f"{rate.text(0)} /s; the server "
                            f"{before:.0f} MiB before, {during:.0f} MiB meanwhile"))

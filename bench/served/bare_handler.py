"""The handler without a server: python bare_handler.py MODEL_FOLDER PROCESSES SECONDS.

Each process calls it again and again with body.npy. One line of JSON: calls a second of all, CPU seconds a call, median seconds
of a call.
"""

import concurrent.futures
import json
import multiprocessing
import pathlib
import statistics
import sys
import time

import handler

_all_ready = None


def take_barrier(barrier) -> None:
    global _all_ready
    _all_ready = barrier


def measure(folder: str, seconds: float) -> tuple[float, float, float]:
    """Calls a second, CPU seconds a call, median seconds of a call."""
    model, body = handler.load(folder), (pathlib.Path(folder) / "body.npy").read_bytes()
    for _ in range(5):
        handler.answer(body, model)
    _all_ready.wait(60)
    times, used = [], time.process_time()
    began = before = time.perf_counter()
    while before - began < seconds:
        handler.answer(body, model)
        now = time.perf_counter()
        times.append(now - before)
        before = now
    return len(times) / (before - began), (time.process_time() - used) / len(times), statistics.median(times)


def main(folder: str, processes: int, seconds: float) -> None:
    several = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(processes, several, take_barrier, (several.Barrier(processes),)) as pool:
        found = [each.result() for each in [pool.submit(measure, folder, seconds) for _ in range(processes)]]
    rates, used, middles = zip(*found, strict=True)
    print(json.dumps({"rate": sum(rates), "cpu": statistics.mean(used), "p50": statistics.median(middles)}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))

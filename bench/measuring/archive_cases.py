"""model.tar.gz of large weights: packed at a job's end, unpacked at the start of another, beside Python's tarfile."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator

from .context import Context
from .host_watch import HostWatch
from .jobs import FIRST_LINE
from .machine import cpu_seconds
from .report import Row
from .statistics import verdict

BLOCK_MIB = 4  # beyond deflate's window: one block again and again packs no better than different ones
MOST_SECONDS = 150
SAMPLE_MIB = 128  # that Python's tarfile packs and unpacks
MIB_IN_MB = 1.048576

WEIGHTS = """
import array, random
block = array.array('f', (random.gauss(0, 0.02) for _ in range({floats}))).tobytes()
with open('{path}', 'wb') as file:
    for _ in range({blocks}):
        file.write(block)
"""


def weights_script(path: object, mib: int) -> str:
    """A script that writes 32-bit floats as a trained layer has them."""
    return WEIGHTS.format(floats=(BLOCK_MIB << 20) // 4, path=path, blocks=max(1, mib // BLOCK_MIB))


def _python_seconds(folder: pathlib.Path, weights: pathlib.Path) -> dict[str, float]:
    """What Python's tarfile takes to pack the sample and to unpack it, as it does unless it is told otherwise."""
    packed, unpacked = folder / "python.tar.gz", folder / "unpacked"
    began = time.perf_counter()
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(weights, "weights")
    packing = time.perf_counter() - began
    os.sync()
    began = time.perf_counter()
    with tarfile.open(packed) as archive:
        archive.extractall(unpacked, filter="data")
    unpacking = time.perf_counter() - began
    shutil.rmtree(unpacked)
    packed.unlink()
    return {"packing": packing, "unpacking": unpacking}


def _phase_seconds(job: dict, status: str) -> float:
    step = next(each for each in job["SecondaryStatusTransitions"] if each["Status"] == status)
    return step["EndTime"] - step["StartTime"]


class Ways:
    """What was seen of packing and unpacking, a MiB."""

    def __init__(self) -> None:
        self.seconds, self.python = {"packing": [], "unpacking": []}, {"packing": [], "unpacking": []}
        self.host_cpu, self.server_cpu = dict.fromkeys(self.seconds, 0.0), dict.fromkeys(self.seconds, 0.0)
        self.memory_mib = dict.fromkeys(self.seconds, 0.0)

    @contextlib.contextmanager
    def watched(self, way: str, context: Context) -> Iterator[None]:
        before = cpu_seconds(context.server.pid)
        with HostWatch(context.server.data) as host:
            yield
        self.server_cpu[way] += cpu_seconds(context.server.pid) - before
        self.host_cpu[way] += host.cpu_seconds
        self.memory_mib[way] = max(self.memory_mib[way], host.mib)


def _measure(context: Context, ways: Ways, weights: pathlib.Path, sample_mib: int) -> None:
    mib, jobs = context.sizes.weights_mib, context.jobs
    keep = f"open('/opt/ml/model/train.py', 'w').write({FIRST_LINE!r})\n"
    packer = jobs.put_script(weights_script("/opt/ml/model/weights", mib) + keep)
    nothing = jobs.put_script(FIRST_LINE)
    jobs.run(nothing)
    for _ in context.rounds(MOST_SECONDS):
        with ways.watched("packing", context):
            _, _, name = jobs.run(packer)
        ways.seconds["packing"].append(_phase_seconds(jobs.describe(name), "Uploading") / mib)
        model = f"output/{name}/output/model.tar.gz"
        os.sync()
        plain = jobs.seconds_to_first_line(nothing)
        with ways.watched("unpacking", context):
            ways.seconds["unpacking"].append((jobs.seconds_to_first_line(model) - plain) / mib)
        jobs.remove(model)
        os.sync()
        for way, taken in _python_seconds(context.folder, weights).items():
            ways.python[way].append(taken / sample_mib)


def archives(context: Context) -> None:
    mib = context.sizes.weights_mib
    sample_mib = min(mib, SAMPLE_MIB)
    weights = context.folder / "weights"
    subprocess.run([context.python, "-c", weights_script(weights, sample_mib)], check=True)
    ways = Ways()
    with context.own_server("archive") as own:
        _measure(own, ways, weights, sample_mib)
    weights.unlink()
    notes = {
        "packing": "model.tar.gz from the script's end to the object in the bucket (the phase Uploading)",
        "unpacking": "the archive as a job's sources, to the first line, above a job with small sources",
    }
    for way, least in (("packing", 8), ("unpacking", 2)):
        taken, pairs = ways.seconds[way], len(ways.seconds[way])
        ratio = context.estimate([theirs / ours for theirs, ours in zip(ways.python[way], taken, strict=True)])
        best = context.estimate([MIB_IN_MB / seconds for seconds in ways.python[way]])
        speed = context.estimate([MIB_IN_MB / seconds for seconds in taken])
        name = f"{way} {mib:,} MiB of weights"
        context.rows.append(Row(
            f"{name}, speed ÷ Python's tarfile", ratio.text(2), f"≥ {least}", verdict(ratio, at_least=least),
            f"tarfile: {best.text(0)} MB/s; a job {speed.text(0)} MB/s",
            f"{ways.host_cpu[way] / pairs:.1f} s of the host program, {ways.server_cpu[way] / pairs:.1f} s of the server a job",
            f"{notes[way]}; tarfile on {sample_mib} MiB of the same; {pairs} pairs."))
        peak = ways.memory_mib[way]
        context.rows.append(Row(f"{name}, most memory of the job's host program", f"{peak:.0f} MiB", "≤ 64 MiB",
                                "holds" if peak <= 64 else "missed", note="the greatest VmHWM of all pairs."))

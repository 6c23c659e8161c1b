"""Jobs: how soon they start, what they cost, and channels of many files."""

import os
import shutil
import subprocess
import time

from .context import Context
from .jobs import FIRST_LINE, bare_seconds_to_first_line, source_archive, work_script
from .report import Row
from .statistics import verdict


def first_line(context: Context) -> None:
    context.jobs.put("source/first.tar.gz", source_archive(FIRST_LINE))
    script = "source/first.tar.gz"
    context.jobs.seconds_to_first_line(script)  # the environment is looked at, files are read for the first time
    measured, bare = [], []
    for _ in range(context.pairs):
        measured.append(context.jobs.seconds_to_first_line(script))
        bare.append(bare_seconds_to_first_line(context.python, context.folder))
    result, alone = context.estimate(measured), context.estimate(bare)
    context.rows.append(Row(
        "CreateTrainingJob → the script's first line", f"{result.text(0, 1e3)} ms", "≤ 150 ms",
        verdict(result, at_most=0.150), f"bare `python train.py`: {alone.text(0, 1e3)} ms",
        note="from just before the call is sent to the script's first statement, one clock; no requirements, no channel."))


def _calibrated_rounds(context: Context) -> int:
    """Rounds of work that take about job_seconds alone."""
    script = context.folder / "work.py"
    script.write_text(work_script(2_000_000))
    began = time.perf_counter()
    subprocess.run([context.python, script], check=True, stdout=subprocess.DEVNULL)
    return int(2_000_000 * context.job_seconds / (time.perf_counter() - began))


def wall_ratio(context: Context) -> None:
    rounds = _calibrated_rounds(context)
    work = work_script(rounds)
    script = context.folder / "work.py"
    script.write_text(work)
    context.jobs.put("source/script.tar.gz", source_archive(work))
    ratios, surplus = [], []
    for _ in range(context.pairs):
        _, job, _ = context.jobs.run("source/script.tar.gz")
        began = time.perf_counter()
        subprocess.run([context.python, script], check=True, stdout=subprocess.DEVNULL)
        alone = time.perf_counter() - began
        ratios.append(job / alone)
        surplus.append(job - alone)
    ratio, more = context.estimate(ratios), context.estimate(surplus)
    at_a_minute = context.estimate([1 + seconds / 60 for seconds in surplus])
    is_minute = context.job_seconds >= 60
    context.rows.append(Row(
        f"wall time of a job ÷ of the bare script, {context.job_seconds:.0f} s of work", ratio.text(3),
        "≤ 1.05 for one minute", verdict(ratio if is_minute else at_a_minute, at_most=1.05),
        f"a job takes {more.text(0, 1e3)} ms more",
        note="" if is_minute else f"the verdict is of 1 + (what a job takes more) ÷ 60 s: {at_a_minute.text(4)}; "
                                  "`--job-seconds 60` measures whole minutes."))


def small_files(context: Context) -> None:
    """A channel of many small files: the first time, and again."""
    count, body = context.file_count, b"x" * 512
    tree = context.folder / "tree"
    tree.mkdir()
    requests = []
    for number in range(count):
        name = f"{number // 1000:03}/{number:06}.txt"
        requests.append(context.server.raw(context.key, "s3", "PUT", f"/bench/small/{name}", body=body))
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_bytes(body)
    context.load(context.tools.requests("small", requests), connections=32, count=count)
    context.jobs.put("source/first.tar.gz", source_archive(FIRST_LINE))
    context.jobs.put("empty/one.txt", b"x")
    script = "source/first.tar.gz"
    first, again, copied = [], [], []
    for number in range(context.pairs):
        empty = context.jobs.seconds_to_first_line(script, "empty/")
        context.jobs.put("small/changed", b"%d" % number)  # so the tree is made anew
        os.sync()  # a job syncs its own files: it shall not wait for those of `cp -r`
        made = context.jobs.seconds_to_first_line(script, "small/") - empty
        os.sync()
        began = time.perf_counter()
        subprocess.run(["cp", "-r", tree, context.folder / "copy"], check=True)
        copied.append(time.perf_counter() - began)
        shutil.rmtree(context.folder / "copy")
        first.append(made / copied[-1])
        os.sync()
        empty_again = context.jobs.seconds_to_first_line(script, "empty/")
        again.append(context.jobs.seconds_to_first_line(script, "small/") - empty_again)
    shutil.rmtree(tree)
    ratio, later = context.estimate(first), context.estimate(again)
    name = f"channel of {count:,} small files"
    context.rows.append(Row(f"{name}, first time ÷ `cp -r`", ratio.text(2), "≤ 1.3", verdict(ratio, at_most=1.3),
                            f"`cp -r`: {context.estimate(copied).text(2)} s",
                            note="time to the first line above that of a job with an empty channel."))
    context.rows.append(Row(f"{name}, again, above an empty channel", f"{later.text(1, 1e3)} ms", "≤ 20 ms",
                            verdict(later, at_most=0.020)))

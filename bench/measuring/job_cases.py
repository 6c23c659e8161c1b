"""Jobs: how soon they start, what they cost, how many of them a second."""

import subprocess
import time

from .context import Context
from .jobs import FIRST_LINE, bare_seconds_to_first_line, work_script
from .report import Row
from .statistics import verdict


def first_line(context: Context) -> None:
    script = context.jobs.put_script(FIRST_LINE)
    context.jobs.seconds_to_first_line(script)  # the environment is looked at, files are read for the first time
    measured, bare = [], []
    for _ in range(max(context.pairs, context.sizes.first_jobs)):
        measured.append(context.jobs.seconds_to_first_line(script))
        bare.append(bare_seconds_to_first_line(context.python, context.folder))
    more = context.estimate([job - alone for job, alone in zip(measured, bare, strict=True)])
    whole, alone = context.estimate(measured), context.estimate(bare)
    p99 = sorted(measured)[int(0.99 * (len(measured) - 1))]
    name = "CreateTrainingJob → the script's first line"
    context.rows.append(Row(
        f"{name}, above the bare interpreter", f"{more.text(0, 1e3)} ms", "≤ 60 ms", verdict(more, at_most=0.060),
        f"bare `python train.py`: {alone.text(0, 1e3)} ms; the job {whole.text(0, 1e3)} ms",
        note=f"from just before the call is sent to the script's first statement, one clock; {len(measured)} pairs; "
             "no requirements, no channel."))
    context.rows.append(Row(f"{name}, p99 of {len(measured)} jobs", f"{p99 * 1e3:.0f} ms", "≤ 150 ms",
                            "holds" if p99 <= 0.150 else "missed",
                            note="one value, not a median; the interpreter's start is in it."))


def _calibrated_rounds(context: Context) -> int:
    """Rounds of work that take about job_seconds alone."""
    script = context.folder / "work.py"
    script.write_text(work_script(2_000_000))
    began = time.perf_counter()
    subprocess.run([context.python, script], check=True, stdout=subprocess.DEVNULL)
    return int(2_000_000 * context.sizes.job_seconds / (time.perf_counter() - began))


def wall_ratio(context: Context) -> None:
    rounds = _calibrated_rounds(context)
    work = work_script(rounds)
    script = context.folder / "work.py"
    script.write_text(work)
    key = context.jobs.put_script(work)
    ratios, surplus = [], []
    for _ in range(context.pairs):
        _, job, _ = context.jobs.run(key)
        began = time.perf_counter()
        subprocess.run([context.python, script], check=True, stdout=subprocess.DEVNULL)
        alone = time.perf_counter() - began
        ratios.append(job / alone)
        surplus.append(job - alone)
    ratio, more = context.estimate(ratios), context.estimate(surplus)
    at_a_minute = context.estimate([1 + seconds / 60 for seconds in surplus])
    is_minute = context.sizes.job_seconds >= 60
    context.rows.append(Row(
        f"wall time of a job ÷ of the bare script, {context.sizes.job_seconds} s of work", ratio.text(3),
        "≤ 1.02 for one minute", verdict(ratio if is_minute else at_a_minute, at_most=1.02),
        f"a job takes {more.text(0, 1e3)} ms more",
        note="" if is_minute else f"the verdict is of 1 + (what a job takes more) ÷ 60 s: {at_a_minute.text(4)}; "
                                  "`--size job_seconds=60` measures whole minutes."))

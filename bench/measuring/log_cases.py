"""A job's printed lines: how fast they are taken, and what printing costs the script."""

import itertools
import os
import pathlib
import subprocess
import time

from .context import Context
from .machine import busy_seconds
from .report import Row
from .statistics import verdict

MOST_SECONDS = 100
LINES_A_SECOND = 10_000
SHELL = ["bash", "-o", "pipefail", "-c"]
ALONE, PIPED = 'exec "$1" "$2"', '"$1" "$2" | cat'

# Prints as fast as it can; the lines are made before.
FLOOD = """
import sys, time
pieces = ['\\n'.join('%08d epoch 3 loss 0.693147' % n for n in range(first, min(first + 2000, {count}))) + '\\n'
          for first in range(0, {count}, 2000)]
sys.stdout.reconfigure(line_buffering=False, write_through=False)
print('BEGIN %.6f' % time.time(), flush=True)
for piece in pieces:
    sys.stdout.write(piece)
"""

# Works, and prints a line after every round.
STEADY = """
import time
began = time.perf_counter()
x = 1
for line in range({count}):
    for i in range({rounds}):
        x = (x * 1103515245 + 12345) % 2147483648
    print('step', line, 'loss', x, flush=True)
print('TOOK %.6f' % (time.perf_counter() - began), flush=True)
"""


def _bare_flood_seconds(context: Context, script: pathlib.Path, taken: pathlib.Path) -> float:
    """From the script's first line to the end of a `cat` that takes its output."""
    with taken.open("wb") as file:
        subprocess.run([*SHELL, PIPED, "bash", context.python, script], check=True, stdout=file)
    ended = time.time()
    with taken.open() as file:
        return ended - float(file.readline().split()[1])


def _check_lines(context: Context, name: str, count: int) -> None:
    """That the log has each line, once and in order."""
    lines = itertools.chain.from_iterable(context.jobs.pages_of_lines(name, startFromHead=True))
    following = 0
    for line in lines:
        if not line.endswith(" loss 0.693147"):
            continue  # Clary's own, and the first
        if int(line[:8]) != following:
            raise RuntimeError(f"job {name}: after line {following} comes '{line[:60]}'")
        following += 1
    if following != count:
        raise RuntimeError(f"job {name}: {following} of {count} lines are in its log")


def flood(context: Context) -> None:
    """One host's lines, until all of them are in the server."""
    count = context.sizes.log_lines
    script, taken = context.folder / "flood.py", context.folder / "flood.txt"
    script.write_text(FLOOD.format(count=count))
    rates, bare, used = [], [], 0.0
    with context.own_server("logs") as own:
        key, few = own.jobs.put_script(FLOOD.format(count=count)), own.jobs.put_script(FLOOD.format(count=1))

        def seconds(script_key: str) -> tuple[float, str]:
            _, _, name = own.jobs.run(script_key)
            return own.jobs.describe(name)["TrainingEndTime"] - own.jobs.number_in_line(name, "BEGIN", from_head=True), name

        seconds(few)
        for _ in context.rounds(MOST_SECONDS):
            ending, _ = seconds(few)
            busy = busy_seconds()
            whole, name = seconds(key)
            used += busy_seconds() - busy
            rates.append(count / (whole - ending))
            _check_lines(own, name, count)
            os.sync()
            bare.append(count / _bare_flood_seconds(context, script, taken))
    taken.unlink()
    rate, best = context.estimate(rates), context.estimate(bare)
    context.rows.append(Row(
        f"log lines of one host, {count:,} of 30 bytes", f"{rate.text(0)} /s", "≥ 500,000 /s without loss",
        verdict(rate, at_least=500_000), f"bare `python train.py | cat > file`: {best.text(0)} /s",
        f"{used / len(rates) / count * 1e6:.2f} µs of the machine a line, script and job included",
        "from the first line printed to the job's end, less what that takes when one line is printed; each run's lines are "
        f"read back, every one, in order; {len(rates)} pairs."))


def _bare_steady_seconds(context: Context, text: str, command: str = ALONE) -> float:
    script, taken = context.folder / "steady.py", context.folder / "steady.txt"
    script.write_text(text)
    with taken.open("wb") as file:
        subprocess.run([*SHELL, command, "bash", context.python, script], check=True, stdout=file)
    return float(taken.read_text().rpartition("TOOK ")[2])


def steady(context: Context) -> None:
    """A script that prints 10,000 lines a second, alone and as a job; both say how long they took."""
    count = LINES_A_SECOND * context.sizes.print_seconds
    rounds = 1000
    for _ in range(3):
        took = _bare_steady_seconds(context, STEADY.format(count=LINES_A_SECOND // 2, rounds=rounds))
        rounds = max(1, int(rounds * 0.5 / took))
    text = STEADY.format(count=count, rounds=rounds)
    ratios, alone, piped = [], [], []
    with context.own_server("steady") as own:
        key = own.jobs.put_script(text)
        for _ in range(context.pairs):
            _, _, name = own.jobs.run(key)
            job = own.jobs.number_in_line(name, "TOOK", from_head=False)
            alone.append(_bare_steady_seconds(context, text))
            ratios.append(job / alone[-1])
            piped.append(_bare_steady_seconds(context, text, PIPED) / alone[-1])
    ratio, printed = context.estimate(ratios), context.estimate([count / took for took in alone])
    context.rows.append(Row(
        "a script that prints 10,000 lines a second, its time in a job ÷ alone", ratio.text(3), "≤ 1.02",
        verdict(ratio, at_most=1.02), f"bare `python train.py > file`: {printed.text(0)} lines/s; "
        f"`python train.py | cat > file` ÷ that: {context.estimate(piped).text(3)}",
        note=f"the script times itself, without the interpreter's start; each line is flushed; {context.sizes.print_seconds} s."))

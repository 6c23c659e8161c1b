"""Channels: many small files, and one object that is large."""

import os
import pathlib
import shutil
import sqlite3
import subprocess
import time

from .context import Context
from .jobs import FIRST_LINE
from .report import Row
from .statistics import verdict

BIG = "big/object"
SIZE_LINE = "import os\nprint('SIZE', os.path.getsize('/opt/ml/input/data/train/object'))\n"


def _above_empty(context: Context, script: str, channel: str, number: int) -> tuple[float, float]:
    """Seconds to the first line above those with an empty channel, and those; the order changes from one pair to the next."""
    taken = {}
    for each in (channel, "empty/") if number % 2 else ("empty/", channel):
        taken[each] = context.jobs.seconds_to_first_line(script, each)
    return taken[channel] - taken["empty/"], taken["empty/"]


def small_files(context: Context) -> None:
    """A channel of many small files: the first time, and again."""
    count, body = context.sizes.files, b"x" * 512
    tree = context.folder / "tree"
    tree.mkdir()
    requests = []
    for number in range(count):
        name = f"{number // 1000:03}/{number:06}.txt"
        requests.append(context.server.raw(context.key, "s3", "PUT", f"/bench/small/{name}", body=body))
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_bytes(body)
    context.load(context.tools.requests("small", requests), connections=32, count=count)
    context.jobs.put("empty/one.txt", b"x")
    script = context.jobs.put_script(FIRST_LINE)
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
        again.append(_above_empty(context, script, "small/", number)[0])
    shutil.rmtree(tree)
    ratio, later = context.estimate(first), context.estimate(again)
    name = f"channel of {count:,} small files"
    context.rows.append(Row(f"{name}, first time ÷ `cp -r`", ratio.text(2), "≤ 1.3", verdict(ratio, at_most=1.3),
                            f"`cp -r`: {context.estimate(copied).text(2)} s",
                            note="time to the first line above that of a job with an empty channel."))
    context.rows.append(Row(f"{name}, again, above an empty channel", f"{later.text(1, 1e3)} ms", "≤ 20 ms",
                            verdict(later, at_most=0.020)))


def _lengthen(data: pathlib.Path, size: int) -> None:
    """Makes the object BIG of a server that is stopped `size` bytes long: a hole, so that nobody has to write it."""
    with sqlite3.connect(data / "objects/index.db") as index:
        (name,) = index.execute("SELECT file FROM objects WHERE key = ?", (BIG.encode(),)).fetchone()
        index.execute("UPDATE objects SET size = ? WHERE key = ?", (size, BIG.encode()))
    index.close()
    os.truncate(data / "objects/bodies" / name[:2] / name, size)


def big_object(context: Context) -> None:
    """A channel that is one large object, each time as if it were the first."""
    size = context.sizes.big_gb * 10**9
    with context.own_server("big") as own:
        own.jobs.put(BIG, bytes(1 << 20))
        own.jobs.put("empty/one.txt", b"x")
        own.server.stop()
        _lengthen(own.server.data, size)
        own.server.start()
        script = own.jobs.put_script(SIZE_LINE + FIRST_LINE)
        _, _, name = own.jobs.run(script, "big/")
        if own.jobs.number_in_line(name, "SIZE", from_head=True) != size:
            raise RuntimeError(f"the job did not see {size} bytes")
        script = own.jobs.put_script(FIRST_LINE)
        own.jobs.seconds_to_first_line(script, "empty/")
        more, alone = [], []
        for number in range(own.pairs):
            own.jobs.put("empty/changed", b"%d" % number)  # so the trees are made anew
            own.jobs.put("big/changed", b"%d" % number)
            surplus, empty = _above_empty(own, script, "big/", number)
            more.append(surplus)
            alone.append(empty)
    surplus, empty = context.estimate(more), context.estimate(alone)
    context.rows.append(Row(
        f"channel of one object of {context.sizes.big_gb} GB, first time, above an empty channel", f"{surplus.text(1, 1e3)} ms",
        "as an empty one (≤ 20 ms)", verdict(surplus, at_most=0.020), f"to the first line with an empty channel: "
        f"{empty.text(0, 1e3)} ms", note="the object is uploaded small and made long by a hole in its file while the server is "
        "stopped, so that nothing of that size is written; the job sees all of its bytes."))

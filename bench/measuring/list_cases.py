"""S3: listing a bucket of a million keys."""

import concurrent.futures
import random

from .context import Context, cpu_text
from .report import Row
from .statistics import verdict

PIECE = 50_000   # keys that are put in one go
PER_FOLDER = 1_000
PAGES = 250      # of a load that lists one page after the other


def key_of(number: int) -> str:
    return f"list/{number // PER_FOLDER:05}/{number % PER_FOLDER:03}"


def fill(context: Context) -> None:
    """So many keys, by PutObject. The next requests are signed while some are sent."""
    count = context.sizes.keys

    def prepared(start: int):
        return context.tools.requests(f"keys-{start // PIECE % 2}", [
            context.server.raw(context.key, "s3", "PUT", f"/bench/{key_of(number)}", body=b"x")
            for number in range(start, min(start + PIECE, count))])

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        following = pool.submit(prepared, 0)
        for start in range(0, count, PIECE):
            requests = following.result()
            if start + PIECE < count:
                following = pool.submit(prepared, start + PIECE)
            context.load(requests, connections=64, count=min(PIECE, count - start))


def _page(context: Context, **query: str) -> bytes:
    named = {name.replace("_", "-"): value for name, value in query.items()}
    return context.server.raw(context.key, "s3", "GET", "/bench", query={"list-type": "2", **named})


def pages(context: Context) -> None:
    """Whole pages: one after the other as a client lists them, and at random by two clients."""
    count = context.sizes.keys
    last = max(count - 1000, 1)
    places = random.Random(7).sample(range(last), min(1000, last))
    anywhere = context.tools.requests("list", [_page(context, start_after=key_of(place)) for place in places])
    content = context.server.ask(context.key, "s3", "GET", "/bench", query={"list-type": "2", "start-after": key_of(count // 2)})
    context.load(anywhere)
    loads, ceilings = context.pairs_with_nginx(anywhere, content, connections=2)
    walks = []
    for number in range(context.pairs):
        first = number * PAGES * 1000 % max(count - PAGES * 1000, 1)
        walk = context.tools.requests("walk", [_page(context, start_after=key_of(first + page * 1000 - 1)) if first + page else
                                               _page(context) for page in range(min(PAGES, count // 1000))])
        walks.append(context.load(walk, connections=1, count=min(PAGES, count // 1000)))
    ceiling = "nginx is not installed"
    if ceilings:
        ceiling = f"nginx, the same page as a file: {context.estimate([load.rate * 1000 for load in ceilings]).text(0)} keys/s"
    for what, taken, beside in (("one after the other", walks, ""), ("anywhere, 2 connections", loads, ceiling)):
        keys = context.estimate([load.rate * 1000 for load in taken])
        context.rows.append(Row(f"S3 ListObjectsV2 of {count:,} keys, pages of 1,000, {what}", f"{keys.text(0)} keys/s",
                                "≥ 250,000 keys/s", verdict(keys, at_least=250_000), beside, cpu_text(taken)))


def first_page(context: Context) -> None:
    count = context.sizes.keys
    folders = max(count // PER_FOLDER, 1)
    chance = random.Random(8)

    def folder() -> str:
        return f"list/{chance.randrange(folders):05}/"

    def key() -> str:
        return key_of(chance.randrange(count))

    kinds = {
        "start-after": lambda: {"start_after": key()},
        "prefix": lambda: {"prefix": folder()},
        "prefix that matches nothing": lambda: {"prefix": folder() + "none"},
        "prefix and delimiter": lambda: {"prefix": folder()[:-3], "delimiter": "/"},
        "delimiter and start-after": lambda: {"prefix": "list/", "delimiter": "/", "start_after": key()},
        "delimiter in a key's midst": lambda: {"prefix": folder(), "delimiter": str(chance.randrange(10))},
    }
    for name, query in kinds.items():
        requests = context.tools.requests("first-page", [_page(context, **query()) for _ in range(300)])
        context.load(requests, connections=1, seconds=0.1)
        loads = [context.load(requests, connections=1, seconds=0.3) for _ in range(context.pairs)]
        p99 = context.estimate([load.p99_ms for load in loads])
        mean = context.estimate([1e3 / load.rate for load in loads])
        path = f"S3 ListObjectsV2 of {count:,} keys, first page, {name} anywhere, p99"
        context.rows.append(Row(path, f"{p99.text(2)} ms", "≤ 5 ms", verdict(p99, at_most=5), f"mean {mean.text(2)} ms",
                                cpu_text(loads)))


def listing(context: Context) -> None:
    with context.own_server("keys") as own:
        fill(own)
        pages(own)
        first_page(own)

"""LeNet through a Python handler, beside every peer: throughput, then latencies at one rate for all."""

import dataclasses
import subprocess

from ..context import Context, cpu_text
from ..load import Load
from ..peers.catalog import PEERS
from ..peers.installation import NotInstalled
from ..report import Row
from ..statistics import verdict
from .bench_place import ServingPlace
from .peers_table import ServerFigures, table
from .running import NotStarted, Running

TARGETS = {1: 1.7, 8: 1.6, 64: 1.6}  # connections: at least so many times the best peer
SHARE = 0.7                          # of the best peer's load, at which latencies are compared
PACED_CONNECTIONS = 64
MOST_SECONDS = 60                    # of paced pairs with one peer
# A peer that ends, closes connections or does not answer is named with why; the others are measured.
FAILURES = (NotInstalled, NotStarted, RuntimeError, OSError, subprocess.SubprocessError)


@dataclasses.dataclass
class Compared:
    ours: ServerFigures
    theirs: ServerFigures


def _take(place: ServingPlace, server: Running, figures: ServerFigures) -> None:
    for connections in TARGETS:
        figures.loads[connections].append(server.load(connections, seconds=place.seconds))


def _throughput(place: ServingPlace, ours: Running, theirs: Running) -> Compared:
    compared = Compared(ServerFigures("Clary"), ServerFigures(theirs.name))
    theirs.warm_up()
    if theirs.answer != ours.answer:
        raise NotStarted(f"{theirs.name} answers {theirs.answer[:80]!r}, Clary {ours.answer[:80]!r}")
    for _ in range(place.context.pairs):
        _take(place, ours, compared.ours)
        _take(place, theirs, compared.theirs)
    for server, figures in ((ours, compared.ours), (theirs, compared.theirs)):
        figures.starts.append(server.start_seconds)
        figures.pss_mib = server.pss_mib()
    return compared


def _paced(place: ServingPlace, ours: Running, theirs: Running, compared: Compared, rate: float) -> None:
    theirs.warm_up()
    compared.theirs.starts.append(theirs.start_seconds)
    for _ in place.context.rounds(MOST_SECONDS):
        pair = [server.load(PACED_CONNECTIONS, seconds=place.seconds, rate=rate, may_refuse=True) for server in (ours, theirs)]
        compared.ours.paced.append(pair[0])
        compared.theirs.paced.append(pair[1])


def _ceilings(place: ServingPlace, answer: bytes) -> tuple[dict[int, list[Load]], list[float]]:
    """nginx with a fixed answer, by connections; calls a second of the bare handler in two processes."""
    context = place.context
    fixed: dict[int, list[Load]] = {connections: [] for connections in TARGETS}
    bare = []
    with place.fixed_answer(answer) as nginx:
        for _ in context.rounds(MOST_SECONDS):
            bare.append(place.bare_handler("lenet")["rate"])
            for connections, loads in fixed.items():
                if nginx:
                    requests = context.tools.requests("fixed", [place.raw("lenet", nginx.port)])
                    loads.append(context.tools.load(nginx.port, requests, connections=connections, seconds=place.seconds))
    return fixed, bare


def measure(context: Context) -> None:
    place = ServingPlace(context)
    found: dict[str, Compared] = {}
    absent: dict[str, str] = {}
    with place.python_server("lenet") as ours:
        ours.warm_up()
        for peer in PEERS:
            try:
                with place.peer(peer) as theirs:
                    found[peer.name] = _throughput(place, ours, theirs)
            except FAILURES as error:
                absent[peer.name] = str(error)
            print(f"  {peer.name}: {absent.get(peer.name) or 'measured'}", flush=True)
        if not found:
            raise RuntimeError(f"no peer could be measured: {absent}")
        fixed, bare = _ceilings(place, ours.answer)
        rate = SHARE * max(figures.theirs.rate(each) for figures in found.values() for each in TARGETS)
        for peer in PEERS:
            if peer.name in found:
                try:
                    with place.peer(peer) as theirs:
                        _paced(place, ours, theirs, found[peer.name], rate)
                except FAILURES as error:
                    absent[peer.name] = f"with requests at a fixed rate: {error}"
    _throughput_rows(context, found, fixed, bare)
    _latency_row(context, found, rate)
    context.tables.append(table([each.ours for each in found.values()], [each.theirs for each in found.values()], absent, fixed,
                                bare, rate, {peer.name: peer.remark for peer in PEERS}))


def _throughput_rows(context: Context, found: dict[str, Compared], fixed: dict[int, list[Load]], bare: list[float]) -> None:
    handler = context.estimate(bare)
    for connections, target in TARGETS.items():
        best = max(found, key=lambda name: found[name].theirs.rate(connections))
        ours, theirs = found[best].ours.loads[connections], found[best].theirs.loads[connections]
        ratio = context.estimate([mine.rate / other.rate for mine, other in zip(ours, theirs, strict=True)])
        mine, other = (context.estimate([load.rate for load in loads]) for loads in (ours, theirs))
        nginx = "nginx is not installed"
        if fixed[connections]:
            nginx = f"nginx, a fixed answer: {context.estimate([load.rate for load in fixed[connections]]).text(0)} /s"
        context.rows.append(Row(
            f"LeNet through a Python handler, {connections} connection{'s' * (connections > 1)} ÷ the best peer ({best})",
            ratio.text(2), f"≥ {target}", verdict(ratio, at_least=target),
            f"the server {mine.text(0)} /s, the peer {other.text(0)} /s; the bare handler in two processes {handler.text(0)} "
            f"calls/s; {nginx}", cpu_text(ours),
            note="pairs of loads that alternate, both servers running; two workers each, one thread of torch each; NPY in, JSON "
                 "out; every peer stands in the table below."))


def _latency_row(context: Context, found: dict[str, Compared], rate: float) -> None:
    ratios = {name: context.estimate([mine.p99_ms / other.p99_ms for mine, other in
                                      zip(each.ours.paced, each.theirs.paced, strict=True)])
              for name, each in found.items() if each.theirs.paced}
    nearest = max(ratios, key=lambda name: ratios[name].median)
    ours, theirs = (context.estimate([load.p99_ms for load in loads])
                    for loads in (found[nearest].ours.paced, found[nearest].theirs.paced))
    context.rows.append(Row(
        f"LeNet through a Python handler at {rate:,.0f} requests/s, p99 ÷ that of the nearest peer ({nearest})",
        ratios[nearest].text(2), "< 1", verdict(ratios[nearest], at_most=1), f"{ours.text(2)} ms; the peer {theirs.text(2)} ms",
        cpu_text(found[nearest].ours.paced),
        note=f"{SHARE:.0%} of the best peer's requests/s, at even distances on {PACED_CONNECTIONS} connections, sent when they "
             "are due and not when the last was answered; a latency begins when its request was due. The nearest peer is the one "
             "with the greatest ratio."))

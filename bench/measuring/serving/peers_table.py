"""The table of all servers."""

import dataclasses
import statistics

from ..load import Load
from ..statistics import median_interval

CONNECTIONS = (1, 8, 64)


@dataclasses.dataclass
class ServerFigures:
    name: str
    loads: dict[int, list[Load]] = dataclasses.field(default_factory=lambda: {each: [] for each in CONNECTIONS})
    paced: list[Load] = dataclasses.field(default_factory=list)
    starts: list[float] = dataclasses.field(default_factory=list)  # seconds to the first answer
    pss_mib: float = 0.0

    def rate(self, connections: int) -> float:
        return statistics.median(load.rate for load in self.loads[connections])


def _together(all_of: list[ServerFigures]) -> ServerFigures:
    merged = ServerFigures(all_of[0].name, starts=all_of[0].starts[:1], pss_mib=max(each.pss_mib for each in all_of))
    for figures in all_of:
        merged.paced += figures.paced
        for connections, loads in figures.loads.items():
            merged.loads[connections] += loads
    return merged


def _paced_text(loads: list[Load]) -> str:
    if not loads:
        return ""
    late, refused = (sum(getattr(load, name) for load in loads) for name in ("unanswered", "refused"))
    asked = sum(load.replies for load in loads) + late
    more = f"; {late / asked:.0%} unanswered" if late > asked / 100 else ""
    more += f"; {refused / asked:.0%} refused" if refused else ""
    return f"{median_interval([load.p99_ms for load in loads]).text(1)} ms{more}"


def _line(figures: ServerFigures, remark: str) -> str:
    rates = [median_interval([load.rate for load in figures.loads[each]]).text(0) for each in CONNECTIONS]
    used = median_interval([load.cpu_each for load in figures.loads[8]]).text(0, 1e6)
    delay = median_interval([load.p50_ms for load in figures.loads[1]]).text(2)
    start = statistics.median(figures.starts)
    return (f"| {figures.name} | {' | '.join(rates)} | {used} µs | {delay} ms | {_paced_text(figures.paced)} | "
            f"{figures.pss_mib:,.0f} MiB | {start:.1f} s | {remark} |")


def table(ours: list[ServerFigures], theirs: list[ServerFigures], absent: dict[str, str], fixed: dict[int, list[Load]],
          bare: list[float], rate: float, remarks: dict[str, str]) -> str:
    """ours: against each peer. absent: what was not measured, and why."""
    lines = ["## LeNet through a Python handler, every server", "",
             f"Requests/s by connections, CPU of all the server's processes a request at 8, latency at 1, p99 at {rate:,.0f} "
             "requests/s, PSS after the loads, seconds from its start to its first answer (median of at most two).", "",
             "| Server | 1 | 8 | 64 | CPU | p50 | p99 | PSS | start | |", "|---|---|---|---|---|---|---|---|---|---|",
             _line(_together(ours), "two workers; SageMaker's functions")]
    lines += [_line(figures, remarks.get(figures.name, "")) for figures in theirs]
    lines += [f"| {name} | | | | | | | | | not measured: {why.replace('|', '/')} |" for name, why in absent.items()]
    if all(fixed.values()):
        rates = [median_interval([load.rate for load in fixed[each]]).text(0) for each in CONNECTIONS]
        lines.append(f"| nginx | {' | '.join(rates)} | | | | | | a fixed answer: the ceiling of HTTP |")
    handler = median_interval(bare).text(0)
    lines.append(f"| the bare handler | | {handler} | | | | | | | two processes, without a server: the ceiling of Python |")
    return "\n".join(lines)

"""What every case gets."""

import dataclasses
import pathlib

from .jobs import Jobs
from .load import Load, Tools
from .report import Row
from .server import Nginx, Server
from .signing import Key
from .statistics import Estimate, median_interval


@dataclasses.dataclass
class Context:
    server: Server
    key: Key
    tools: Tools
    jobs: Jobs
    folder: pathlib.Path
    pairs: int        # alternating pairs per ratio
    job_count: int    # finished jobs in the store
    file_count: int   # of the channel of small files
    job_seconds: float
    python: str       # what the jobs' default environment runs
    rows: list[Row] = dataclasses.field(default_factory=list)

    def estimate(self, values: list[float]) -> Estimate:
        return median_interval(values)

    def load(self, requests: pathlib.Path, *, connections: int = 8, seconds: float = 1.0, count: int = 0) -> Load:
        return self.tools.load(self.server.port, requests, connections=connections, seconds=seconds, count=count,
                               server_pid=self.server.pid)

    def pairs_with_nginx(self, requests: pathlib.Path, content: bytes) -> tuple[list[Load], list[Load]]:
        """Loads of the server and, alternating with them, of nginx serving `content` as a static file; none without nginx."""
        nginx = Nginx(self.folder, {"file": content}) if Nginx.installed() else None
        loads, ceilings = [], []
        try:
            if nginx:
                static = self.tools.requests("nginx", [nginx.raw_get("file")])
            for _ in range(self.pairs):
                loads.append(self.load(requests))
                if nginx:
                    ceilings.append(self.tools.load(nginx.port, static, connections=8))
        finally:
            if nginx:
                nginx.stop()
        return loads, ceilings


def cpu_text(loads: list[Load]) -> str:
    """CPU seconds of server and load generator, and the generator's share."""
    server = sum(load.server_cpu for load in loads)
    generator = sum(load.load_cpu for load in loads)
    replies = sum(load.replies for load in loads)
    share = generator / (server + generator) if server + generator else 0.0
    return f"{server / replies * 1e6:,.0f} µs a request; load generator {share:.0%} of both"

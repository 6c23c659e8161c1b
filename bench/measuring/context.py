"""What every case gets."""

import contextlib
import dataclasses
import pathlib
import shutil
import time
from collections.abc import Iterator

from .jobs import Jobs
from .load import Load, Tools
from .peers.nginx import Nginx
from .report import Row
from .server import Server
from .signing import Key
from .sizes import Sizes
from .statistics import Estimate, median_interval

FEWEST_PAIRS = 7  # six have an interval


@dataclasses.dataclass
class Context:
    server: Server
    key: Key
    tools: Tools
    jobs: Jobs
    folder: pathlib.Path
    pairs: int          # alternating pairs per ratio
    sizes: Sizes
    python: str         # what the jobs' default environment runs
    client_python: str  # one that has boto3
    moto_python: str    # one that has moto's server; "": none
    peers_folder: str   # where environments of model servers are kept; "": the cache folder
    rows: list[Row] = dataclasses.field(default_factory=list)
    tables: list[str] = dataclasses.field(default_factory=list)  # sections of their own, after the rows

    def estimate(self, values: list[float]) -> Estimate:
        return median_interval(values)

    def rounds(self, seconds: float) -> Iterator[int]:
        """The numbers of the pairs of what takes long: no more begin, after the first few, once so much time has passed."""
        began = time.perf_counter()
        for number in range(self.pairs):
            if number >= FEWEST_PAIRS and time.perf_counter() - began > seconds:
                return
            yield number

    @contextlib.contextmanager
    def own_server(self, name: str, config: str = "", variables: dict[str, str] | None = None) -> Iterator["Context"]:
        """The same with a server, a bucket and data of its own, which are gone at the end. variables: of its environment."""
        data = self.folder / name
        server = Server(self.server.program, data, config, variables)
        try:
            server.start()
            key = server.key
            jobs = Jobs(server, key)
            jobs.make_bucket()
            yield dataclasses.replace(self, server=server, key=key, jobs=jobs)
        finally:
            server.stop()
            shutil.rmtree(data, ignore_errors=True)

    def load(self, requests: pathlib.Path, *, connections: int = 8, seconds: float = 1.0, count: int = 0) -> Load:
        return self.tools.load(self.server.port, requests, connections=connections, seconds=seconds, count=count,
                               server_pid=self.server.pid)

    def pairs_with_nginx(self, requests: pathlib.Path, content: bytes, connections: int = 8) -> tuple[list[Load], list[Load]]:
        """Loads of the server and, alternating with them, of nginx serving `content` as a static file; none without nginx."""
        nginx = Nginx(self.folder, {"file": content}) if Nginx.installed() else None
        loads, ceilings = [], []
        try:
            if nginx:
                static = self.tools.requests("nginx", [nginx.raw_get("file")])
            for _ in range(self.pairs):
                loads.append(self.load(requests, connections=connections))
                if nginx:
                    ceilings.append(self.tools.load(nginx.port, static, connections=connections))
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


def batch_text(loads: list[Load], flushes: int) -> str:
    """How many requests shared one wait for the disk, as far as the disk counts."""
    return f"; {sum(load.replies for load in loads) / flushes:.1f} requests a flush of the disk" if flushes else ""

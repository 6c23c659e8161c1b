"""clary_load and clary_ceiling, called."""

import dataclasses
import json
import pathlib
import subprocess
from collections.abc import Callable

from .machine import cpu_seconds


@dataclasses.dataclass(frozen=True)
class Load:
    rate: float          # replies a second
    seconds: float
    p50_ms: float
    p99_ms: float
    load_cpu: float      # CPU seconds of the load generator
    server_cpu: float    # and of the server meanwhile; 0 when it was not asked for
    replies: int
    refused: int = 0     # of them
    unanswered: int = 0  # due and without a reply at the end; with a rate only

    @property
    def cpu_each(self) -> float:
        """CPU seconds of the server a request."""
        return self.server_cpu / self.replies if self.replies else 0.0

    @property
    def load_share(self) -> float:
        """The load generator's part of the CPU time that both used."""
        used = self.load_cpu + self.server_cpu
        return self.load_cpu / used if used else 0.0


class Tools:
    def __init__(self, build: pathlib.Path, folder: pathlib.Path):
        self._build, self._folder = build, folder

    def requests(self, name: str, requests: list[bytes]) -> pathlib.Path:
        path = self._folder / f"{name}.requests"
        with path.open("wb") as file:
            for request in requests:
                file.write(b"%d\n" % len(request))
                file.write(request)
        return path

    def load(self, port: int, requests: pathlib.Path, *, connections: int, seconds: float = 1.0, count: int = 0,
             rate: float = 0, server_pid: int = 0, server_cpu: Callable[[], float] | None = None,
             may_refuse: bool = False) -> Load:
        """rate: requests a second whether or not replies come; 0: as fast as they do. server_cpu: seconds so far, where the
        server is more than one process."""
        used = server_cpu or (lambda: cpu_seconds(server_pid) if server_pid else 0.0)
        command = [self._build / "bench/clary_load", "--port", str(port), "--requests", requests]
        command += ["--connections", str(connections)]
        command += ["--count", str(count)] if count else ["--seconds", str(seconds)]
        command += ["--rate", str(rate)] if rate else []
        before = used()
        done = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        after = used()
        if done["refused"] and not may_refuse:
            raise RuntimeError(f"{requests.name}: {done['refused']} of {done['replies']} requests were refused")
        return Load(rate=done["replies"] / done["seconds"], seconds=done["seconds"], p50_ms=done["p50_ms"],
                    p99_ms=done["p99_ms"], load_cpu=done["cpu_seconds"], server_cpu=after - before, replies=done["replies"],
                    refused=done["refused"], unanswered=done["unanswered"])

    def ceiling(self, *arguments: object) -> float:
        command = [self._build / "bench/clary_ceiling", *map(str, arguments)]
        return float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)

    def decode(self, path: pathlib.Path, seconds: float) -> float:
        """Seconds that the model server's reader takes for a JSON body."""
        command = [self._build / "bench/clary_decode", path, "--seconds", str(seconds)]
        return float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)

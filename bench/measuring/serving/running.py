"""A server of one model: started, asked, loaded, looked at, ended. Clary's or a peer's."""

import http.client
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import uuid

from ..load import Load, Tools
from ..peers import processes
from ..peers.installation import Installation
from ..peers.peer import Peer, Place
from ..peers.ports import low_port
from ..signing import raw_request

START_SECONDS = 120
SERVED = pathlib.Path(__file__).resolve().parents[2] / "served"
NPY = {"Content-Type": "application/x-npy", "Accept": "application/json"}


class NotStarted(Exception):
    """What a server said instead of serving."""


class Running:
    """command: made for a Place. The block's end ends all its processes and removes its folder."""

    def __init__(self, tools: Tools, name: str, place: Place, command: list[str], path: str, variables: dict[str, str]):
        self.name, self.port, self.path = name, place.port, path
        self._tools, self._place, self._mark = tools, place, uuid.uuid4().hex
        self._body, self._pids = (place.model / "body.npy").read_bytes(), set()
        environment = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH")}
        environment |= {"PYTHONPATH": str(place.served), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1",
                        "SERVED_MODEL": str(place.model), "PATH": f"{place.python.parent}:{environment['PATH']}",
                        "TEMP": str(place.folder), "TMPDIR": str(place.folder), "BENTOML_HOME": str(place.folder),
                        processes.MARK: self._mark, **variables}
        self._began = time.perf_counter()
        with open(place.folder / "log", "ab") as log:
            self._process = subprocess.Popen(command, env=environment, cwd=place.folder, stdin=subprocess.DEVNULL, stdout=log,
                                             stderr=log, start_new_session=True)
        self.start_seconds = 0.0  # to the first answer
        self.answer = b""

    def __enter__(self) -> "Running":
        try:
            self.answer = self._first_answer()
        except BaseException:
            self.stop()
            raise
        self.start_seconds = time.perf_counter() - self._began
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _first_answer(self) -> bytes:
        said = "nothing listened"
        while time.perf_counter() - self._began < START_SECONDS:
            if self._process.poll() is not None:
                said = f"it ended with {self._process.returncode}"
                break
            try:
                status, text = self.ask()
                if status == 200:
                    return text
                said = f"{status} {text[:200]!r}"
            except OSError as error:
                said = str(error)
            except http.client.HTTPException as error:
                said = repr(error)
            time.sleep(0.005)
        log = (self._place.folder / "log").read_text(errors="replace").strip().splitlines()
        raise NotStarted(f"{self.name} did not start: {said}; {log[-1][:200] if log else 'no word'}")

    def ask(self) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("POST", self.path, self._body, NPY)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def warm_up(self, seconds: float = 2) -> None:
        """Until every worker has worked. Their processes are known afterwards."""
        self.load(8, seconds=seconds, may_refuse=True)
        self._pids = processes.marked(self._mark)

    def load(self, connections: int, *, seconds: float, rate: float = 0, may_refuse: bool = False) -> Load:
        head = {"host": f"127.0.0.1:{self.port}", **NPY}
        requests = self._tools.requests(f"served-{self._mark}", [raw_request("POST", self.path, {}, head, self._body)])
        return self._tools.load(self.port, requests, connections=connections, seconds=seconds, rate=rate,
                                may_refuse=may_refuse, server_cpu=lambda: processes.cpu_of(self._pids))

    def pss_mib(self) -> float:
        return processes.pss_mib(processes.marked(self._mark))

    def own_pss_mib(self) -> float:
        """Of the process that was started, without those below it."""
        return processes.pss_mib({self._process.pid})

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
        processes.end(self._mark)
        self._process.wait(10)
        shutil.rmtree(self._place.folder, ignore_errors=True)


def start_peer(tools: Tools, installation: Installation, peer: Peer, model: pathlib.Path) -> Running:
    """Not yet ready: that is when the block is entered. NotInstalled."""
    python = installation.python_of(peer)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="clary-peer-", dir="/tmp"))  # Ray's sockets want a short path
    place = Place(python=python, folder=folder, model=model, served=SERVED, port=low_port())
    return Running(tools, peer.name, place, peer.command(place), peer.path, dict(peer.variables))

"""A real `clary model-server` on a free port, with a model folder of its own."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import textwrap
import threading
import time

from clary_server import CLARY, JOBS_VENV

START_SECONDS = 20
LOAD_SECONDS = 60  # import of a framework included


class Answer:
    def __init__(self, response: http.client.HTTPResponse):
        self.status = response.status
        self.reason = response.reason
        self.headers = response.headers
        self.body = response.read()

    @property
    def text(self) -> str:
        return self.body.decode()

    def message(self) -> str:
        """Of a refusal of the server's own."""
        return json.loads(self.body)["message"]


class ModelServer:
    def __init__(self, folder: pathlib.Path, script: str | None, *options: str, source: str = "",
                 interpreter: str | pathlib.Path = JOBS_VENV, environment: dict[str, str] | None = None):
        self.folder = folder
        self.model = folder / "model"
        self.log = folder / "log"
        if script is not None:
            (self.model / "code").mkdir(parents=True)
            (self.model / "code/inference.py").write_text(textwrap.dedent(script))
        self._command = [CLARY, "model-server", source or self.model, "--listen", "127.0.0.1:0", "--data", folder / "data",
                         "--interpreter", interpreter, *options]
        self._environment = {**os.environ, **(environment or {})}

    def start(self) -> "ModelServer":
        """Starts it; returns when it listens."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self._command, env=self._environment, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=log)
        ready, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        line = self.process.stdout.readline().decode() if ready else ""
        found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", line)
        assert found, f"{line!r}\n{self.said()}"
        self.port = int(found[1])
        self.lines: list[str] = []  # of its standard output: the access log, and what handlers print
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def _read(self) -> None:
        with self.process.stdout as output:
            self.lines += (line.decode().rstrip("\n") for line in output)

    def ready(self) -> "ModelServer":
        """Starts it and waits until /ping is 200."""
        self.start()
        self.wait_for(lambda: self.ping().status == 200)
        return self

    def said(self) -> str:
        return self.log.read_text()

    def wait_for(self, holds, seconds: float = LOAD_SECONDS) -> None:
        """Polls: what is asked is another process."""
        deadline = time.monotonic() + seconds
        while not holds():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.02)

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(self, method: str, path: str, body: bytes | str | None = None, **headers: str) -> Answer:
        connection = self.connect()
        try:
            fields = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body=body, headers=fields)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def ping(self) -> Answer:
        return self.ask("GET", "/ping")

    def invoke(self, body: bytes | str = "[1]", content_type: str = "application/json", **headers: str) -> Answer:
        return self.ask("POST", "/invocations", body, Content_Type=content_type, **headers)

    def metric(self, line: str) -> float:
        """The value of a sample, named with its labels."""
        text = self.ask("GET", "/metrics").text
        found = re.search(rf"^{re.escape(line)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    def workers(self) -> list[int]:
        """Pids of its workers: grandchildren of the server."""
        return [worker for child in children(self.process.pid) for worker in children(child) if is_running(worker)]

    def stop(self, with_signal: int = signal.SIGTERM) -> int:
        self.process.send_signal(with_signal)
        status = self.process.wait(35)
        self._reader.join(10)
        return status


def children(pid: int) -> list[int]:
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # the thread has ended
            found += [int(number) for number in task.read_text().split()]
    return found


def is_running(pid: int) -> bool:
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"

"""A real `clary serve` on a free port: started, stopped, killed, started again on the same data."""

import os
import pathlib
import select
import signal
import socket
import ssl
import subprocess
import urllib.request

import boto3
from botocore.config import Config

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLARY = pathlib.Path(os.environ.get("CLARY_PROGRAM", ROOT / "build/release/clary"))
JOBS_VENV = ROOT / ".venv"  # the environment that jobs run in: it has torch
V3_PYTHON = str(ROOT / ".venv-v3/bin/python")  # has SDK v3, scikit-learn and XGBoost
START_SECONDS = 20

# Errors surface at once, and nothing is asked of AWS.
ONCE = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60)


class StartError(Exception):
    """The server ended before it was ready: its exit status and what it said."""

    def __init__(self, status: int, said: str):
        super().__init__(f"exit status {status}: {said}")
        self.status = status
        self.said = said


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, data: pathlib.Path, *options: str, config: str = "", port: int = 0, host: str = "127.0.0.1",
                 environment: dict[str, str] | None = None, prefix: tuple[str, ...] = ()):
        self.data = data
        self.host = host
        self.port = port or free_port()
        self.secure = "--tls" in options or "--tls-cert" in options
        self.url = f"{'https' if self.secure else 'http'}://{'127.0.0.1' if host == '0.0.0.0' else host}:{self.port}"
        self.bundle = data / "tls/bundle.pem"  # whom to trust, when it is secure
        self.log = data.with_suffix(".log")
        self._prefix = list(prefix)
        self._options = list(options)
        self._environment = environment or {}
        self._process: subprocess.Popen | None = None
        self._client_environment: dict[str, str] = {}
        if config:
            path = data.with_suffix(".toml")
            path.write_text(config)
            self._options += ["--config", str(path)]

    def start(self, **more: str) -> "Server":
        """Starts it and waits until it says that it is ready. more: environment for this start only."""
        environment = {**os.environ, "VIRTUAL_ENV": str(JOBS_VENV), **self._environment, **more}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._prefix, CLARY, "serve", "--data", self.data, "--listen", f"{self.host}:{self.port}", *self._options],
                env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        stdout = self._process.stdout
        ready, _, _ = select.select([stdout], [], [], START_SECONDS)
        line = stdout.readline().decode() if ready else ""
        if not line:
            self._process.kill()
            raise StartError(self._process.wait(), self.log.read_text())
        self.ready_line = line
        return self

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        self._process.terminate()
        return self.wait_for_end()

    def kill(self) -> None:
        self._process.kill()
        self.wait_for_end()

    def end_hosts(self) -> None:
        """Ends the job hosts that outlive a server, as they should, but not the tests."""
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
                if "host" in words[:3] and any(word.startswith(f"{self.data}/gangs/") for word in words):
                    os.kill(int(process.name), signal.SIGKILL)
            except OSError:
                pass  # it has ended meanwhile

    def wait_for_end(self, seconds: float = 30) -> int:
        status = self._process.wait(seconds)
        self._process.stdout.close()
        return status

    def pid(self) -> int:
        return self._process.pid

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def environment(self) -> dict[str, str]:
        """What `eval "$(clary env)"` makes of this process's environment."""
        if not self._client_environment:
            script = 'eval "$("$1" env --data "$2")" && env -0'
            shown = subprocess.run(["bash", "-c", script, "bash", CLARY, self.data], check=True, stdout=subprocess.PIPE)
            entries = shown.stdout.decode().split("\0")
            self._client_environment = dict(entry.split("=", 1) for entry in entries if entry)
        return {**self._client_environment, "AWS_ENDPOINT_URL": self.url}

    def client(self, service: str, config: Config = ONCE, **changes: str):
        return boto3.client(service, config=config, **{**self._arguments(), **changes})

    def resource(self, service: str):
        return boto3.resource(service, config=ONCE, **self._arguments())

    def _arguments(self) -> dict[str, str]:
        environment = self.environment()
        return {
            "endpoint_url": self.url,
            "region_name": environment["AWS_DEFAULT_REGION"],
            "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
            **({"verify": str(self.bundle)} if self.secure else {}),
        }

    def get(self, path: str, **headers: str) -> str:
        request = urllib.request.Request(self.url + path, headers=headers)
        trust = ssl.create_default_context(cafile=self.bundle) if self.secure else None
        with urllib.request.urlopen(request, timeout=10, context=trust) as answer:
            return answer.read().decode()

    def cli(self, *arguments: str, check: bool = True, prefix: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
        """A command of clary's own, about this server's data."""
        environment = {**self.environment(), "VIRTUAL_ENV": str(JOBS_VENV), "CLARY_DATA": str(self.data)}
        return subprocess.run([*prefix, CLARY, *arguments], env=environment, check=check, capture_output=True, text=True,
                              timeout=60)

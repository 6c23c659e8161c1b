"""The server under measurement, and nginx beside it: started, asked for their CPU time and memory, stopped."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

from .signing import Key, encoded, raw_request, sign

TICKS = os.sysconf("SC_CLK_TCK")
TARGETS = {"sagemaker": "SageMaker", "logs": "Logs_20140328"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and of its threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mib(pid: int) -> float:
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"process {pid} has no VmRSS")


class Server:
    """`clary serve` on a data directory of its own."""

    def __init__(self, program: pathlib.Path, data: pathlib.Path):
        self.program, self.data, self.port = program, data, free_port()
        self.start_seconds = 0.0
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        began = time.perf_counter()
        command = [self.program, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.port}"]
        environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
        with open(f"{self.data}.log", "ab") as log:
            self._process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                             stderr=log)
        if not self._process.stdout.readline():
            raise RuntimeError(f"the server did not start: see {self.data}.log")
        self.start_seconds = time.perf_counter() - began

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
            self._process.stdout.close()
            self._process = None

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def key(self) -> Key:
        script = 'eval "$("$1" env --data "$2")" && echo "$AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY"'
        command = ["bash", "-c", script, "bash", self.program, self.data]
        shown = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        return Key(*shown.stdout.split())

    def raw(self, key: Key, service: str, method: str, path: str, *, query: dict[str, str] | None = None,
            headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
        """A whole signed request as it goes over the wire."""
        signed = sign(key, service, method, f"127.0.0.1:{self.port}", path, query or {}, headers or {}, body)
        return raw_request(method, path, query or {}, signed, body)

    def raw_call(self, key: Key, service: str, operation: str, members: dict) -> bytes:
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{TARGETS[service]}.{operation}"}
        return self.raw(key, service, "POST", "/", headers=headers, body=json.dumps(members).encode())

    def call(self, key: Key, service: str, operation: str, **members) -> dict:
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{TARGETS[service]}.{operation}"}
        answer = self.ask(key, service, "POST", "/", headers=headers, body=json.dumps(members).encode())
        return json.loads(answer or b"{}")

    def ask(self, key: Key, service: str, method: str, path: str, *, query: dict[str, str] | None = None,
            headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
        signed = sign(key, service, method, f"127.0.0.1:{self.port}", path, query or {}, headers or {}, body)
        url = f"http://127.0.0.1:{self.port}{path}" + ("?" + encoded(query) if query else "")
        request = urllib.request.Request(url, data=body if method in ("POST", "PUT") else None, headers=signed, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode(errors='replace')}") from error


class Nginx:
    """nginx serving static files of one folder: what a well-made server does with the same bytes and no work."""

    def __init__(self, folder: pathlib.Path, files: dict[str, bytes]):
        self.port = free_port()
        root = folder / "nginx"
        shutil.rmtree(root, ignore_errors=True)
        (root / "files").mkdir(parents=True)
        for name, content in files.items():
            (root / "files" / name).write_bytes(content)
        places = " ".join(f"{name}_temp_path {root}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;" if os.geteuid() == 0 else ""
        (root / "nginx.conf").write_text(
            f"{user} daemon off; worker_processes {os.cpu_count()}; pid {root}/pid; error_log {root}/error.log;\n"
            f"events {{ worker_connections 1024; }}\n"
            f"http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; {places}\n"
            f"server {{ listen 127.0.0.1:{self.port}; root {root}/files; open_file_cache max=1000; }} }}\n")
        self._process = subprocess.Popen([self._program(), "-c", f"{root}/nginx.conf"])
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError("nginx did not start")

    @staticmethod
    def _program() -> str | None:
        return shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")

    @classmethod
    def installed(cls) -> bool:
        return cls._program() is not None

    def raw_get(self, name: str) -> bytes:
        return f"GET /{name} HTTP/1.1\r\nhost: 127.0.0.1:{self.port}\r\n\r\n".encode()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)

"""What the server is compared with: nginx and moto, started beside it."""

import os
import pathlib
import shutil
import socket
import subprocess
import time

from .machine import free_port


def wait_for_port(port: int, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port} after {seconds:.0f} s")


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
        wait_for_port(self.port)

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


class Moto:
    """moto's server, run by a Python that has it."""

    def __init__(self, python: str, folder: pathlib.Path):
        self.port = free_port()
        with open(folder / "moto.log", "ab") as log:
            self._process = subprocess.Popen([python, "-m", "moto.server", "-p", str(self.port)], stdout=log, stderr=log)
        wait_for_port(self.port)

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)

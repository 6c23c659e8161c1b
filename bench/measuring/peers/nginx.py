"""nginx: what a well-made server does with the same bytes and no work."""

import os
import pathlib
import shutil
import subprocess

from ..machine import free_port
from .ports import wait_for_port


class Nginx:
    """Serves static files of one folder, and a text at each path of `fixed`, whatever the request's body."""

    def __init__(self, folder: pathlib.Path, files: dict[str, bytes], fixed: dict[str, str] | None = None):
        self.port = free_port()
        root = folder / "nginx"
        shutil.rmtree(root, ignore_errors=True)
        (root / "files").mkdir(parents=True)
        for name, content in files.items():
            (root / "files" / name).write_bytes(content)
        places = " ".join(f"{name}_temp_path {root}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        answers = " ".join(f"location = {path} {{ default_type application/json; return 200 '{text}'; }}"
                           for path, text in (fixed or {}).items())
        user = "user root;" if os.geteuid() == 0 else ""
        (root / "nginx.conf").write_text(
            f"{user} daemon off; worker_processes {os.cpu_count()}; pid {root}/pid; error_log {root}/error.log;\n"
            f"events {{ worker_connections 1024; }}\n"
            f"http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; {places}\n"
            f"server {{ listen 127.0.0.1:{self.port}; root {root}/files; open_file_cache max=1000; {answers} }} }}\n")
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

"""The server under measurement: started, called, stopped."""

import json
import os
import pathlib
import subprocess
import time
import urllib.error
import urllib.request

from .machine import free_port
from .signing import Key, encoded, raw_request, sign

TARGETS = {"sagemaker": "SageMaker", "logs": "Logs_20140328"}


class Server:
    """`clary serve` on a data directory of its own. config: the text of its settings; "": the defaults. variables: added to its
    environment."""

    def __init__(self, program: pathlib.Path, data: pathlib.Path, config: str = "", variables: dict[str, str] | None = None):
        self.program, self.data, self.port, self.config = program, data, free_port(), config
        self.start_seconds, self._variables = 0.0, variables or {}
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        began = time.perf_counter()
        command = [self.program, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.port}"]
        if self.config:
            settings = pathlib.Path(f"{self.data}.toml")
            settings.write_text(self.config)
            command += ["--config", settings]
        environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"} | self._variables
        with open(f"{self.data}.log", "ab") as log:
            self._process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                             stderr=log)
        if not self._process.stdout.readline():
            raise RuntimeError(f"the server did not start: {pathlib.Path(f'{self.data}.log').read_text()[-500:]}")
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

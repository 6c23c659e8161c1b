"""An HTTP server of this process alone, for scripts that ask their model at context.rest_uri. It listens on 127.0.0.1, on a port
the kernel chooses, and answers nobody who calls it by another name: a page in a browser cannot."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable
from urllib.parse import urlsplit

from ..answer import Answer
from .errors import refusal

_MOST_BYTES = 1 << 30


class Loopback:
    """answer(method, path, body): called in a thread of each connection."""

    def __init__(self, answer: Callable[[str, str, bytes], Answer]):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("_Bound", (_Handler,), {"ask": staticmethod(answer)}))
        self._server.daemon_threads = True
        self.address = f"http://localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, name="loopback", daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    ask: Callable[[str, str, bytes], Answer]

    def do_GET(self):
        self._reply("GET")

    def do_POST(self):
        self._reply("POST")

    def log_message(self, *_):
        """Not logged: the request that came from outside is."""

    def _reply(self, method: str) -> None:
        length = self.headers.get("Content-Length", "0")
        port = self.server.server_port
        if self.headers.get("Host") not in (f"localhost:{port}", f"127.0.0.1:{port}") or self.headers.get("Origin"):
            self.close_connection = True
            return self._send(refusal(403, "this address is the model's own"))
        if not length.isdigit() or int(length) > _MOST_BYTES or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            return self._send(refusal(411, "a Content-Length is wanted, of 1 GiB at most"))
        body = self.rfile.read(int(length))
        try:
            found = self.ask(method, urlsplit(self.path).path, body)
        except Exception as error:  # of a version that cannot be loaded
            found = refusal(500, str(error))
        self._send(found)

    def _send(self, found: Answer) -> None:
        self.send_response(found.status)
        self.send_header("Content-Type", found.content_type or "application/json")
        self.send_header("Content-Length", str(len(found.body)))
        self.end_headers()
        self.wfile.write(found.body)

"""Requests as bytes on a socket, well signed or not at all, and what must be true of every answer to them."""

import datetime
import hashlib
import hmac
import re
import socket
import time
from dataclasses import dataclass, field
from urllib.parse import quote, unquote_to_bytes

from clary_server import Server

REGION = "us-east-1"
STATUS_LINE = re.compile(rb"HTTP/1\.1 [1-5][0-9][0-9] [ -~]+")
FIELD_LINE = re.compile(rb"[A-Za-z0-9-]+: [\t -~]*")
SECONDS_TO_ANSWER = 1.0


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float
    rest: bytes = b""  # what came after it until the end of the connection


@dataclass
class Request:
    """A signed request; each part may be replaced by a wrong one."""

    method: str = "POST"
    target: str = "/"
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    service: str = "sagemaker"
    payload_hash: str = ""  # x-amz-content-sha256; of the body when empty
    time: str = ""  # X-Amz-Date; now when empty
    scope_date: str = ""
    authorization: str = ""  # a format string: {key} {scope} {signed} {signature}
    framing: str = "length"  # or "none": the headers say it, or nobody
    secret: str = ""

    def encode(self, server: Server) -> bytes:
        environment = server.environment()
        moment = self.time or datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{self.scope_date or moment[:8]}/{REGION}/{self.service}/aws4_request"
        digest = self.payload_hash or hashlib.sha256(self.body).hexdigest()
        fields = {"host": f"127.0.0.1:{server.port}", "x-amz-date": moment}
        fields |= {name.lower(): value for name, value in self.headers.items()}
        if self.service == "s3":
            fields["x-amz-content-sha256"] = digest
        covered = {name: value for name, value in fields.items() if name == "host" or name.startswith("x-amz-")}
        signed = ";".join(sorted(covered))
        path, _, query = self.target.partition("?")
        if self.service == "s3":
            path = quote(unquote_to_bytes(path), safe="/-_.~")
        in_query = (part.partition("=")[::2] for part in query.split("&") if part)
        pairs = "&".join(sorted("=".join(quote(unquote_to_bytes(text), safe="-_.~") for text in pair) for pair in in_query))
        canonical = "\n".join([self.method, path, pairs, *(f"{name}:{covered[name].strip()}" for name in sorted(covered)),
                               "", signed, digest])
        to_sign = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = b"AWS4" + (self.secret or environment["AWS_SECRET_ACCESS_KEY"]).encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        shape = self.authorization or "AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={signed}, Signature={signature}"
        fields["authorization"] = shape.format(
            key=environment["AWS_ACCESS_KEY_ID"], scope=scope, signed=signed,
            signature=hmac.new(key, to_sign.encode(), "sha256").hexdigest())
        if self.framing == "length":
            fields["content-length"] = str(len(self.body))
        lines = [f"{self.method} {self.target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body


def read_answer(connection: socket.socket, began: float) -> Answer | None:
    """One answer and whatever follows it; None when the connection ended without one."""
    connection.settimeout(10)
    received = b""
    while True:
        while b"\r\n\r\n" not in received:
            try:
                piece = connection.recv(65536)
            except ConnectionResetError:
                piece = b""
            if not piece:
                assert not received, received
                return None
            received += piece
        head, _, rest = received.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 100 "):
            break
        received = rest
    lines = head.split(b"\r\n")
    assert STATUS_LINE.fullmatch(lines[0]), lines[0]
    assert all(FIELD_LINE.fullmatch(line) for line in lines[1:]), head
    headers = dict(line.decode().lower().split(": ", 1) for line in lines[1:])
    status = int(lines[0].split()[1])
    length = 0 if status == 204 else int(headers["content-length"])
    while len(rest) < length:
        piece = connection.recv(65536)
        assert piece, "the answer's body ended early"
        rest += piece
    return Answer(status, headers, rest[:length], time.monotonic() - began, rest[length:])


def send(server: Server, *pieces: bytes, half_close: bool = False) -> Answer | None:
    """Sends the pieces on a connection of their own, closes its sending half when asked to, and takes the answer."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        began = time.monotonic()
        try:
            for piece in pieces:
                connection.sendall(piece)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has answered and closed already
        answer = read_answer(connection, began)
        if answer is None:
            return None
        try:
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                answer.rest += piece
        except OSError:
            pass
        return answer


def is_refused(server: Server, *pieces: bytes, may_just_close: bool = False, half_close: bool = False) -> Answer | None:
    """The one answer, a 4xx within a second; with may_just_close the end of the connection will do."""
    answer = send(server, *pieces, half_close=half_close)
    if answer is not None and answer.seconds > SECONDS_TO_ANSWER:  # the machine may have been busy with something else
        answer = send(server, *pieces, half_close=half_close)
    assert server.running(), server.log.read_text()[-2000:]
    if answer is None:
        assert may_just_close, "the connection ended without an answer"
        return None
    assert 400 <= answer.status < 500, (answer.status, answer.body[:300])
    assert answer.seconds <= SECONDS_TO_ANSWER
    assert not answer.rest, answer.rest[:300]
    return answer

"""HTTP as no client sends it: request lines, headers, framing, smuggling, and connections that do not go on."""

import socket
import time

import pytest
from hostile import Request, is_refused, send

HOST = b"Host: 127.0.0.1\r\n"
END = b"\r\n\r\n"

REQUEST_LINES = [
    b"GET", b"GET ", b"GET /", b"GET / ", b"GET /\t", b"/ HTTP/1.1", b" GET / HTTP/1.1", b"GET  / HTTP/1.1", b"GET /  HTTP/1.1",
    b"GET / HTTP/1.1 ", b"GET / HTTP/1.1 x", b"GET\t/\tHTTP/1.1", b"GET / http/1.1", b"GET / HTTP/2.0", b"GET / HTTP/0.9",
    b"GET / HTTP/3", b"GET / HTTP/1.10", b"GET / HTTP/1.", b"GET / HTTP/.1", b"GET / HTTP/x.y", b"GET / HTTP/11", b"GET / HTTPS/1.1",
    b"GET / HTTP 1.1", b"GET / HTTP/-1.1", b"GET /a b HTTP/1.1", b"GET /\x01 HTTP/1.1", b"GET /\x7f HTTP/1.1",
    b"GET /\x00 HTTP/1.1", b"GET /\xff\xfe HTTP/1.1", b"G(T / HTTP/1.1", b"G\x00T / HTTP/1.1", b"G:T / HTTP/1.1", b"G\x80T / HTTP/1.1",
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1", b"G" * 70_000 + b" / HTTP/1.1", b"CONNECT example.org:443 HTTP/1.1", b"TRACE / HTTP/1.1",
    b"OPTIONS * HTTP/1.1", b"GET http://example.org/ HTTP/1.1", b"GET example HTTP/1.1", b"GET //example.org/ HTTP/1.1",
    b"GET /% HTTP/1.1", b"GET /%zz HTTP/1.1", b"GET /%0 HTTP/1.1", b"GET /%00 HTTP/1.1", b"GET /%ff%fe HTTP/1.1", b"GET /? HTTP/1.1",
    b"GET /?%=%&=&&&== HTTP/1.1", b"GET /?" + b"a=b&" * 10_000 + b" HTTP/1.1", b"GET /#fragment HTTP/1.1",
    b"GET /healthz/../_clary/jobs/x HTTP/1.1", b"GET /_clary/../../etc/passwd HTTP/1.1", b"GET /_clary/credentials HTTP/1.1",
    b"GET /_clary/jobs/..%2f..%2fetc%2fpasswd HTTP/1.1", b"POST /_clary/reset HTTP/1.1", b"get /metrics HTTP/1.1",
    b"DELETE /_clary/ HTTP/1.1", b"PROPFIND / HTTP/1.1", b"PRI * HTTP/2.0",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xa5" * 200, b"SSH-2.0-OpenSSH_9.2", b"\x00" * 100, b"\xff" * 100,
    b"HELO example.org", b"*1\r\n$4\r\nPING", b"EHLO\nGET / HTTP/1.1",
]

HEADERS = [
    b"NoColon", b": no name", b"Space : x", b"A B: x", b"A(B): x", b"\x00: x", b"A\x80: x", b"A: x\x00y", b"A: x\x01y", b"A: x\x7f",
    b"A: x\ry", b" Folded: first", b"A: x\r\n folded", b"A: x\r\n\tfolded", b"A: x\n\nGET / HTTP/1.1", b"A:" + b"x" * 70_000,
    b"A" * 70_000 + b": x", b"\r\n".join(b"A: x" for _ in range(400)), b"Host: second", b"Host: 127.0.0.1\r\nHost: third",
    b"Content-Length: -1", b"Content-Length: +1", b"Content-Length: 1 2", b"Content-Length: 0x10", b"Content-Length: 1e3",
    b"Content-Length: abc", b"Content-Length:", b"Content-Length: 1,1", b"Content-Length: 1, 2", b"Content-Length: 1;2",
    b"Content-Length: 18446744073709551616", b"Content-Length: 99999999999999999999999999", b"Content-Length: 18446744073709551615",
    b"Content-Length: 5\r\nContent-Length: 5", b"Content-Length: 5\r\nContent-Length: 6", b"Content-Length: 1.0",
    b"Content-Length: \xd9\xa1", b"Content-Length : 5",
    b"Transfer-Encoding: gzip", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, gzip",
    b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: xchunked", b"Transfer-Encoding: chunked;q=1",
    b"Transfer-Encoding: \x0bchunked", b"Transfer-Encoding: chunked\x0b", b"Transfer-Encoding: identity",
    b"Transfer-Encoding: , chunked", b"Transfer-Encoding: \"chunked\"", b"Transfer-Encoding:", b"Transfer-Encoding : chunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nContent-Length: 5", b"Content-Length: 5\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", b"Transfer-Encoding\t: chunked", b"Transfer_Encoding: chunked",
    b"Expect: 200-ok", b"Expect: 100-continue, 100-continue", b"Connection: close, keep-alive, upgrade\r\nUpgrade: h2c",
    b"Upgrade: websocket\r\nConnection: Upgrade", b"Proxy-Connection: x\r\nTE: trailers", b"Range: bytes=0-0,0-0,0-0,0-0",
    b"X-Amz-Target: SageMaker.ListTrainingJobs", b"Origin: http://evil.example", b"Cookie: " + b"a=b; " * 5000,
]

HOSTS = [b"", b"Host:\r\n", b"Host: a b\r\n", b"Host: evil.example\r\n", b"Host: a/b\r\n", b"Host: user@127.0.0.1\r\n",
         b"Host: 127.0.0.1:99999\r\n", b"Host: [::1\r\n", b"Host: \x00\r\n", b"Host: " + b"a." * 5000 + b"\r\n"]

CHUNKED = [
    b"g\r\n", b"-1\r\na\r\n", b"+1\r\na\r\n", b"0x1\r\na\r\n\r\n", b" 1\r\na\r\n0\r\n\r\n", b"\r\n", b"ffffffffffffffff1\r\n", b"ffffffffffffffffffff\r\n",
    b"1\r\nab\r\n0\r\n\r\n", b"1\r\na0\r\n\r\n", b"2\r\na\r\n0\r\n\r\n\r\n", b"1;" + b"x" * 9000 + b"\r\na\r\n0\r\n\r\n", b"1;a=\x00\r\na\r\n0\r\n\r\n",
    b"1\na\n0\n\n\r\n\r\n", b"1\ra\r0\r\r", b"1\r\na\r\n0\r\nbad trailer\r\n\r\n", b"1\r\na\r\n0\r\nA: " + b"x" * 70_000 + b"\r\n\r\n", b"0" * 9000,
    b"1\r\na\r\n0\r\n: x\r\n\r\n", b"\xff\r\na\r\n", b"1.0\r\na\r\n", b"1,1\r\na\r\n",
]

# What a front server that reads the framing otherwise would take for a second request.
SECOND = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
SMUGGLED = [
    b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: xchunked\r\nContent-Length: 3\r\n\r\n0\r\n", b"Transfer-Encoding : chunked\r\nContent-Length: 3\r\n\r\n0\r\n",
    b"Transfer-Encoding: chunked\r\n Content-Length: 3\r\n\r\n0\r\n\r\n", b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
    b"Content-Length: 0, 44\r\n\r\n", b"Content-Length: 0\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"X: y\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", b"Content-Length: 00x\r\n\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n\r\n0\r\n\r\n", b"Transfer-Encoding:\x0bchunked\r\nContent-Length: 3\r\n\r\n0\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n1;\n" + b"a\r\n0\r\n\r\n", b"Content-Length: 5\r\nContent-length: 5 \r\n\r\nhello",
]

INCOMPLETE = [b"", b"G", b"GET / HT", b"GET / HTTP/1.1\r", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost", b"GET / HTTP/1.1\r\n" + HOST,
              b"PUT /bucket/k HTTP/1.1\r\n" + HOST + b"Content-Length: 5", b"\r\n", b"\r\n\r\n\r\n", b"POST / HTTP/1.1\r\n" + HOST + b"A: b\r\n\r"]


def numbered(cases: list[bytes]) -> list:
    return [pytest.param(case, id=f"{number}") for number, case in enumerate(cases)]


@pytest.mark.parametrize("line", numbered(REQUEST_LINES))
def test_a_request_line(fortress, line):
    is_refused(fortress, line + b"\r\n" + HOST + b"\r\n")


@pytest.mark.parametrize("headers", numbered(HEADERS))
def test_a_header(fortress, headers):
    is_refused(fortress, b"POST / HTTP/1.1\r\n" + HOST + headers + END)


@pytest.mark.parametrize("host", numbered(HOSTS))
def test_a_host(fortress, host):
    is_refused(fortress, b"GET /bucket HTTP/1.1\r\n" + host + b"\r\n")


def put(fortress, **headers: str) -> bytes:
    request = Request("PUT", "/bucket/chunks", service="s3", payload_hash="UNSIGNED-PAYLOAD", headers=headers, framing="none")
    return request.encode(fortress)


@pytest.mark.parametrize("body", numbered(CHUNKED))
def test_a_chunk(fortress, body):
    is_refused(fortress, put(fortress, **{"Transfer-Encoding": "chunked"}), body)


@pytest.mark.parametrize("framing", numbered(SMUGGLED))
def test_smuggling(fortress, framing):
    answer = is_refused(fortress, b"POST / HTTP/1.1\r\n" + HOST + framing + SECOND)
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("start", numbered(INCOMPLETE))
def test_a_head_that_ends_in_its_middle(fortress, start):
    is_refused(fortress, start, half_close=True, may_just_close=True)


@pytest.mark.parametrize("body", numbered([b"", b"a", b"3\r\nab", b"3\r\nabc\r\n", b"3\r\nabc\r\n0\r\n"]))
def test_a_chunked_body_that_ends_in_its_middle(fortress, body):
    is_refused(fortress, put(fortress, **{"Transfer-Encoding": "chunked"}), body, half_close=True, may_just_close=True)
    assert fortress.client("s3").list_objects_v2(Bucket="bucket", Prefix="chunks")["KeyCount"] == 0


@pytest.mark.parametrize("length", [1, 1000, 10**9, 5 * 2**30])
def test_a_body_shorter_than_it_says(fortress, length):
    is_refused(fortress, put(fortress, **{"Content-Length": str(length)}), b"a" * min(length - 1, 500), half_close=True, may_just_close=True)
    assert fortress.client("s3").list_objects_v2(Bucket="bucket", Prefix="chunks")["KeyCount"] == 0


def test_those_who_send_a_byte_at_a_time_and_those_who_send_nothing_keep_nobody_waiting(fortress):
    starts = [b"", b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nA: ", put(fortress, **{"Content-Length": "100"}),
              put(fortress, **{"Transfer-Encoding": "chunked"}) + b"64\r\na"]
    slow = []
    for start in starts * 50:
        connection = socket.create_connection(("127.0.0.1", fortress.port))
        connection.sendall(start)
        slow.append(connection)
    for connection in slow[1::6]:
        connection.sendall(b"E")
    began = time.monotonic()
    assert send(fortress, b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n").status == 200
    assert time.monotonic() - began < 1
    for connection in slow:
        connection.close()


def test_requests_in_a_row_on_one_connection_are_answered_in_their_order(fortress):
    with socket.create_connection(("127.0.0.1", fortress.port), timeout=10) as connection:
        for line in (b"GET /healthz HTTP/1.1", b"GET /bucket HTTP/1.1", b"GET"):
            connection.sendall(line + b"\r\n" + HOST + b"\r\n")
        received = b""
        while piece := connection.recv(65536):
            received += piece
    assert [int(part[:3]) for part in received.split(b"HTTP/1.1 ")[1:]] == [200, 403, 400]

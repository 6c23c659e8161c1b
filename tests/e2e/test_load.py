"""Many clients at once, most of them slow: the others are answered, and nothing grows. How fast is the matter of bench/.

CLARY_LOAD=10 makes them 10,000 that are idle and 1,000 that upload.
"""

import contextlib
import os
import pathlib
import resource
import socket

import pytest
from hostile import Request, read_answer, send
from training import wait_until

SCALE = int(os.environ.get("CLARY_LOAD", "1"))
IDLE = 1_000 * SCALE
SLOW = 100 * SCALE
PIECE = b"s" * 1024
PIECES = 4
LIST = Request(body=b"{}", headers={"X-Amz-Target": "SageMaker.ListTrainingJobs", "Content-Type": "application/x-amz-json-1.1"})
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.fixture
def many_descriptors():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert before[1] >= 2 * IDLE, f"this test needs a hard limit of {2 * IDLE} descriptors"
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def resident_bytes(server) -> int:
    status = pathlib.Path(f"/proc/{server.pid()}/status").read_text()
    return 1024 * int(status.split("VmRSS:")[1].split()[0])


def test_idle_connections_cost_little(fortress, many_descriptors):
    with contextlib.ExitStack() as held:
        for number in range(IDLE):
            connection = held.enter_context(socket.create_connection(("127.0.0.1", fortress.port)))
            if number % 10 == 0:  # it has been of use, and is kept
                connection.sendall(HEALTH)
                assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert send(fortress, LIST.encode(fortress)).status == 200
        assert resident_bytes(fortress) < 256 << 20
    assert send(fortress, LIST.encode(fortress)).status == 200


def test_slow_uploads_keep_nobody_waiting(fortress, many_descriptors):
    with contextlib.ExitStack() as held:
        uploads = []
        for number in range(SLOW):
            head = Request("PUT", f"/bucket/slow/{number}", service="s3", payload_hash="UNSIGNED-PAYLOAD", framing="none",
                           headers={"Content-Length": str(PIECES * len(PIECE))})
            connection = held.enter_context(socket.create_connection(("127.0.0.1", fortress.port)))
            connection.sendall(head.encode(fortress))
            uploads.append(connection)
        for _ in range(PIECES):
            assert send(fortress, LIST.encode(fortress)).status == 200
            assert fortress.client("s3").list_objects_v2(Bucket="bucket", Prefix="slow/")["KeyCount"] == 0
            for connection in uploads:
                connection.sendall(PIECE)
        assert {read_answer(connection, 0).status for connection in uploads} == {200}
    s3 = fortress.client("s3")
    assert s3.list_objects_v2(Bucket="bucket", Prefix="slow/")["KeyCount"] == SLOW
    assert s3.get_object(Bucket="bucket", Key="slow/7")["Body"].read() == PIECE * PIECES


def test_a_key_that_asks_for_too_much_is_told_to_slow_down(new_server):
    server = new_server(config="[server]\nrequests_per_key = 3\n").start()
    server.client("s3").create_bucket(Bucket="bucket")
    with contextlib.ExitStack() as held:
        for number in range(3):
            head = Request("PUT", f"/bucket/{number}", service="s3", payload_hash="UNSIGNED-PAYLOAD", framing="none",
                           headers={"Content-Length": "10", "Expect": "100-continue"})
            connection = held.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            connection.sendall(head.encode(server))
            assert connection.recv(4096).startswith(b"HTTP/1.1 100 ")  # it has its place
        answer = send(server, Request("GET", "/bucket?list-type=2", service="s3").encode(server))
        assert answer.status == 503 and b"<Code>SlowDown</Code>" in answer.body
        answer = send(server, LIST.encode(server))
        assert answer.status == 400 and b"ThrottlingException" in answer.body
        assert send(server, HEALTH).status == 200
    wait_until(lambda: send(server, LIST.encode(server)).status == 200, 10, "a place")

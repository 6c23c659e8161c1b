"""The Python side of a model server alone: frames, the fork server and its workers, without the C++ program."""

import array
import os
import signal
import socket
import types

import pytest
from clary_serving import frames, preload, streams, worker
from clary_serving.handlers.answer import Answer, Request
from worker_processes import ask, connections


@pytest.mark.parametrize("size", [0, 1, 70, frames.SHARED_FROM_BYTES - 1, frames.SHARED_FROM_BYTES, 5 << 20])
def test_a_frame_arrives_as_it_was_sent(size):
    ours, theirs = connections()
    body = os.urandom(size)
    fields = [("content-type", "text/csv; x=é"), ("empty", ""), ("content-type", "second")]
    ours.send(frames.REQUEST, fields, body)
    ours.send(frames.ANSWER)
    first, second = theirs.receive(), theirs.receive()
    assert (first.kind, first.fields, bytes(first.body)) == (frames.REQUEST, fields, body)
    assert (second.kind, second.fields, second.body) == (frames.ANSWER, [], b"")
    assert first.get("content-type") == "text/csv; x=é" and first.get("absent") is None


def test_a_frame_is_written_as_the_format_says():
    """The same bytes as in src/serving/worker_frame_test.cc."""
    left, right = socket.socketpair()
    sample = b"\x01\x07\0\0\x14\0\0\0\x03\0\0\0\0\0\0\0" + b"id\0r1\0accept\0text/*\0" + b"abc"
    frames.Connection(left).send(frames.REQUEST, [("id", "r1"), ("accept", "text/*")], b"abc")
    assert right.recv(1000) == sample


def test_bodies_small_and_shared_arrive_in_their_order():
    ours, theirs = connections()
    bodies = [os.urandom(size) for size in (3, 100_000, 5, 70_000, 200_000, 0)]
    for body in bodies:
        ours.send(frames.REQUEST, (), body)
    assert [bytes(theirs.receive().body) for _ in bodies] == bodies


def test_the_end_between_frames_is_no_error_and_inside_one_it_is():
    ours, theirs = connections()
    ours.send(frames.ANSWER)
    ours.close()
    assert theirs.receive().kind == frames.ANSWER
    assert theirs.receive() is None
    left, right = socket.socketpair()
    left.sendall(b"\x01\x07\0\0")
    left.close()
    with pytest.raises(frames.FrameError):
        frames.Connection(right).receive()


@pytest.mark.parametrize("head", [
    b"\2\7\0\0" + bytes(12), b"\1\7\2\0" + bytes(12), b"\1\7\0\1" + bytes(12), b"\1\7\0\0\xff\xff\xff\xff" + bytes(8),
    b"\1\7\0\0\0\0\0\0" + b"\xff" * 8, b"\1\7\0\0\3\0\0\0" + bytes(8) + b"abc", b"\1\7\0\0\2\0\0\0" + bytes(8) + b"a\0",
    b"\1\7\1\0" + bytes(4) + b"\1" + bytes(7)])
def test_what_is_no_frame_is_refused(head):
    left, right = socket.socketpair()
    left.sendall(head)
    with pytest.raises(frames.FrameError):
        frames.Connection(right).receive()


def test_a_shared_body_shorter_than_announced_is_refused():
    left, right = socket.socketpair()
    descriptor = os.memfd_create("short")
    os.write(descriptor, b"abc")
    head = b"\1\7\1\0" + bytes(4) + (4096).to_bytes(8, "little")
    left.sendmsg([head], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))])
    os.close(descriptor)
    with pytest.raises(frames.FrameError):
        frames.Connection(right).receive()


def test_a_nul_in_a_field_is_refused():
    with pytest.raises(ValueError, match="NUL"):
        connections()[0].send(frames.ANSWER, [("content-type", "a\0b")])


ECHO = """
    import json, os, sys, time
    def model_fn(model_dir): return os.path.basename(model_dir)
    def input_fn(body, content_type): return body
    def predict_fn(data, model):
        if data == "exit": sys.exit(3)
        if data == "crash": os.abort()
        if data == "raise": raise ValueError("boom predict")
        return [model, len(data), type(data).__name__]
    def output_fn(prediction, accept): return json.dumps(prediction), accept
"""


def test_a_worker_answers_what_the_functions_return(workers, tmp_path):
    connection, _, ready = workers(ECHO).start()
    assert ready.kind == frames.READY and ready.get("failure") is None and int(ready.get("load_us")) >= 0
    answer = ask(connection, b"abc")
    assert (answer.get("status"), answer.get("content-type")) == ("200", "application/json")
    assert bytes(answer.body).decode() == f'["{tmp_path.name}", 3, "str"]'
    assert int(answer.get("handler_us")) > 0


def test_what_the_functions_raise_is_an_answer_and_the_worker_goes_on(workers):
    connection, _, _ = workers(ECHO).start()
    answer = ask(connection, b"raise")
    assert answer.get("status") == "500" and bytes(answer.body).startswith(b"boom predict\nTraceback")
    assert ask(connection, b"abc").get("status") == "200"


def test_a_long_message_fits_into_the_fields():
    told = "x" * (2 << 20)
    answer = Answer(500, None, f"{told}\n".encode(), told)
    assert sum(len(value) for _, value in worker._fields_of(answer)) < 5000
    [(_, reason)] = worker._failure(types.SimpleNamespace(failure=answer))
    assert told.startswith(reason) and len(reason) < 5000


def test_pieces_are_sent_as_one_body():
    assert streams.whole(map(bytes, [b"ab", b"c"])) == b"abc"
    assert streams.whole(b"abc") == b"abc"


def test_a_request_says_where_it_was_sent():
    sent = frames.Frame(frames.REQUEST, [("id", "1"), ("path", "/predictions/a?x=1"), ("method", "PUT")], b"")
    request = worker._request(sent, Request)
    assert (request.path, request.method) == ("/predictions/a?x=1", "PUT")
    request = worker._request(frames.Frame(frames.REQUEST, [], b""), Request)
    assert (request.path, request.method) == ("/invocations", "POST")


@pytest.mark.parametrize("body, how", [(b"exit", "exit 3"), (b"crash", f"signal {signal.SIGABRT.value}")])
def test_what_ends_a_worker_ends_its_connection_only(workers, body, how):
    both = workers(ECHO)
    first, first_pid, _ = both.start()
    second, _, _ = both.start()
    assert ask(first, body) is None
    assert both.how_ended(first_pid) == how
    assert ask(second, b"abc").get("status") == "200"


def test_a_large_body_is_shared_in_both_directions(workers):
    connection, _, _ = workers("""
        def model_fn(model_dir): return None
        def input_fn(body, content_type): return bytes(body)
        def predict_fn(data, model): return data[::-1]
        def output_fn(prediction, accept): return prediction, "application/x"
    """).start()
    body = os.urandom(3 << 20)
    answer = ask(connection, body, content_type="application/octet-stream")
    assert answer.get("status") == "200", bytes(answer.body)[-2000:]
    assert bytes(answer.body) == body[::-1]


def test_a_model_that_cannot_be_loaded_says_why_and_each_request_tries_again(workers, tmp_path):
    connection, _, ready = workers("""
        import os
        def model_fn(model_dir):
            if not os.path.exists(os.path.join(model_dir, "weights")): raise RuntimeError("boom model")
            return 1
        def predict_fn(data, model): return [model]
    """).start()
    assert ready.kind == frames.READY and ready.get("failure").startswith('RuntimeError: boom model (File "'), ready
    assert "line 4, in model_fn" in ready.get("failure")
    answer = ask(connection, b"[1]")
    assert answer.get("status") == "500" and bytes(answer.body).startswith(b"boom model\n")
    assert "boom model" in answer.get("failure")
    (tmp_path / "weights").write_text("")
    answer = ask(connection, b"[1]")
    assert answer.get("failure") is None, bytes(answer.body)


def test_the_script_does_not_see_clarys_own_modules(workers):
    connection, _, ready = workers("""
        def model_fn(model_dir):
            import handlers  # the user's own, which is missing
    """).start()
    assert "No module named 'handlers'" in ready.get("failure")
    del connection


def test_imports_are_made_once_before_the_fork(workers):
    both = workers("""
        import numpy
        def model_fn(model_dir): return None
        def predict_fn(data, model): return numpy.random.rand(4).tolist()
    """)
    assert both.preloaded.kind == frames.PRELOADED and both.preloaded.get("modules") == "numpy"
    drawn = [bytes(ask(both.start()[0], b"[1]").body) for _ in range(2)]
    assert drawn[0] != drawn[1], "forked workers draw the same random numbers"


def test_workers_end_when_their_server_is_gone(workers):
    server = workers(ECHO)
    connection, _, _ = server.start()
    server.process.kill()
    server.expected_status = -signal.SIGKILL
    assert connection.receive() is None


def test_what_is_imported_beforehand(tmp_path):
    assert preload.wanted(tmp_path, {}) == []
    (tmp_path / "model.pth").write_bytes(b"")
    assert preload.wanted(tmp_path, {}) == ["numpy", "torch"]
    (tmp_path / "serve.py").write_text("import os, torch.nn as nn\nfrom sklearn import svm\nfrom .numpy import x\n")
    assert preload.wanted(tmp_path, {"SAGEMAKER_PROGRAM": "serve.py"}) == ["torch", "sklearn"]
    (tmp_path / "src").mkdir()
    (tmp_path / "src/main.py").write_text("import PIL.Image\n")
    assert preload.wanted(tmp_path, {"SAGEMAKER_PROGRAM": "src/main.py"}) == ["torch", "sklearn", "PIL"]
    (tmp_path / "broken.py").write_text("import scipy\n(")
    assert preload.wanted(tmp_path, {"SAGEMAKER_PROGRAM": "serve.py"}) == ["torch", "sklearn"]
    assert preload.import_known(["numpy", "no_such_module"]) == ["numpy"]

"""Answers in pieces of `clary model-server`: sent as the handler yields them, and what ends them too early."""

import http.client
import itertools
import socket
import tarfile
import textwrap

import pytest
from model_server import ModelServer

YIELDS = """
    import os, time
    def model_fn(model_dir): return model_dir
    def input_fn(body, content_type): return body
    def predict_fn(data, model):
        try:
            for i in range(10_000 if data == "many" else 3):
                if data == "raise at once" or (i == 2 and data == "raise midway"): raise ValueError("boom piece")
                if i == 2 and data == "exit midway": os._exit(3)
                while i == 1 and data == "wait" and not os.path.exists(os.path.join(model, "go")): time.sleep(0.01)
                while i == 1 and data == "loop": pass
                yield "x" * 100_000 if data == "many" else f"piece {i}"
        finally:
            open(os.path.join(model, "closed"), "w").close()
"""
SECONDS = 30


@pytest.fixture
def new_model_server(tmp_path):
    """Makes model servers of one worker, in service; ends what still runs."""
    made = []
    numbers = itertools.count(1)

    def make(script: str | None = YIELDS, *options: str, **more) -> ModelServer:
        folder = tmp_path / f"server-{next(numbers)}"
        folder.mkdir()
        made.append(ModelServer(folder, script, "--workers", "1", *options, **more))
        return made[-1].ready()

    yield make
    for each in made:
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait(10)


def broken_off(server: ModelServer, body: str) -> bytes:
    """What came of an answer that ended without its last chunk."""
    with pytest.raises(http.client.IncompleteRead) as caught:
        server.invoke(body)
    return caught.value.partial


@pytest.mark.parametrize("accept, form", [("text/event-stream", "data: piece {}\n\n"), ("text/plain", "piece {}")])
def test_each_piece_comes_when_it_is_yielded(new_model_server, accept, form):
    server = new_model_server()
    connection = server.connect()
    connection.request("POST", "/invocations", body="wait", headers={"Content-Type": "application/json", "Accept": accept})
    answer = connection.getresponse()
    assert answer.read(len(form.format(0))).decode() == form.format(0)
    assert not (server.model / "closed").exists(), "the function has not ended"
    (server.model / "go").touch()
    assert (answer.status, answer.read().decode()) == (200, form.format(1) + form.format(2))
    connection.close()


def test_it_is_chunked_and_the_connection_goes_on(new_model_server):
    server = new_model_server()
    connection = server.connect()
    for _ in range(2):
        connection.request("POST", "/invocations", body="all", headers={"Content-Type": "application/json"})
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Transfer-Encoding"]) == (200, "chunked")
        assert answer.read() == b"piece 0piece 1piece 2"
    connection.close()
    assert server.stop() == 0
    assert len([line for line in server.lines if '"POST /invocations" 200' in line and "out=21" in line]) == 2


def test_what_is_raised_before_the_first_piece_is_a_500(new_model_server):
    answer = new_model_server().invoke("raise at once")
    assert answer.status == 500 and answer.text.startswith("boom piece\nTraceback")


@pytest.mark.parametrize("body, deaths", [("raise midway", 0), ("exit midway", 1)])
def test_what_ends_it_midway_breaks_it_off(new_model_server, body, deaths):
    server = new_model_server()
    assert broken_off(server, body) == b"piece 0piece 1"
    assert server.invoke("all").body == b"piece 0piece 1piece 2", "a worker goes on"
    assert server.metric("clary_model_worker_deaths_total") == deaths
    assert server.stop() == 0
    [line] = [line for line in server.lines if "broken-off" in line]
    assert "out=14" in line
    assert ("ValueError: boom piece" in server.said()) == (body == "raise midway")


def test_a_piece_that_takes_too_long_breaks_it_off(new_model_server):
    server = new_model_server(YIELDS, "--timeout", "1")
    assert broken_off(server, "loop") == b"piece 0"
    server.wait_for(lambda: server.metric("clary_model_worker_deaths_total") == 1)
    assert server.invoke("all").status == 200


def test_a_client_that_goes_stops_the_function(new_model_server):
    server = new_model_server()
    connection = server.connect()
    connection.request("POST", "/invocations", body="many", headers={"Content-Type": "application/json"})
    assert connection.getresponse().read(10) == b"x" * 10
    connection.close()
    server.wait_for((server.model / "closed").exists)
    assert server.invoke("all").status == 200
    assert server.metric("clary_model_worker_deaths_total") == 0


def test_a_client_that_stops_reading_loses_the_rest(new_model_server):
    server = new_model_server(YIELDS, "--timeout", "1")
    with socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as client:
        client.sendall(b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                       b"Content-Length: 4\r\n\r\nmany")
        server.wait_for((server.model / "closed").exists)
        assert server.invoke("all").status == 200, "the worker is free again"
    assert server.metric("clary_model_worker_deaths_total") == 0


def test_sigterm_answers_a_stream_to_its_end(new_model_server):
    server = new_model_server()
    connection = server.connect()
    connection.request("POST", "/invocations", body="wait", headers={"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert answer.read(7) == b"piece 0"
    server.process.terminate()
    server.wait_for(lambda: refuses(server.port))
    (server.model / "go").touch()
    assert answer.read() == b"piece 1piece 2"
    assert server.process.wait(SECONDS) == 0


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=SECONDS).close()
    except ConnectionRefusedError:
        return True
    return False


def test_an_archives_handler_sends_intermediate_answers(new_model_server, tmp_path):
    (tmp_path / "handler.py").write_text(textwrap.dedent("""
        from ts.handler_utils.utils import send_intermediate_predict_response
        def handle(data, context):
            if data is None: return None
            for i in range(2):
                send_intermediate_predict_response([f"piece {i}"], context.request_ids, "Intermediate Prediction success",
                                                   200, context)
            return ["piece 2"]
    """))
    (tmp_path / "MAR-INF").mkdir()
    (tmp_path / "MAR-INF/MANIFEST.json").write_text('{"model": {"modelName": "m", "handler": "handler.py:handle"}}')
    packed = tmp_path / "m.tar.gz"
    with tarfile.open(packed, "w:gz") as archive:
        for name in ("handler.py", "MAR-INF"):
            archive.add(tmp_path / name, arcname=name)
    server = new_model_server(None, source=str(packed))
    answer = server.ask("POST", "/predictions/m", "x")
    assert (answer.status, answer.headers["Transfer-Encoding"]) == (200, "chunked")
    assert answer.body == b"piece 0piece 1piece 2"


def test_pings_that_succeed_are_told_only_where_they_are_asked_for(new_model_server):
    quiet, told = new_model_server(YIELDS), new_model_server(YIELDS, "--access-log-pings")
    for server in (quiet, told):
        assert server.ping().status == 200 and server.ask("GET", "/v2/health/ready").status == 200
        assert server.invoke("all").status == 200
        assert server.stop() == 0
        assert any('"POST /invocations" 200' in line for line in server.lines)
    assert not any("/ping" in line and " 200 " in line for line in quiet.lines)
    assert any('"GET /ping" 200' in line for line in told.lines)
    assert any('"GET /v2/health/ready" 200' in line for line in told.lines)

"""`clary model-server` alone: a real program, real workers, small handlers without a framework."""

import concurrent.futures
import itertools
import json
import os
import resource
import signal
import socket
import subprocess
import tarfile
import threading
import time

import pytest
from clary_server import CLARY
from model_server import ModelServer, is_running

HANDLER = """
    import json, os, sys, time
    def model_fn(model_dir): return {"sleeping": os.path.join(model_dir, "sleeping"), "pid": os.getpid()}
    def input_fn(body, content_type): return body
    def predict_fn(data, model):
        text = data if isinstance(data, str) else ""
        if text.startswith("sleep"):
            open(model["sleeping"], "w").close()
            time.sleep(float(text.split()[1]))
        if text == "crash": os.abort()
        if text == "exit": sys.exit(3)
        if text == "raise": raise ValueError("boom predict")
        if text == "loop":
            while True: pass
        if text == "print": print("a line of the handler")
        return {"length": len(data), "pid": model["pid"], "type": type(data).__name__}
    def output_fn(prediction, accept): return json.dumps(prediction), accept
"""


@pytest.fixture
def new_model_server(tmp_path):
    """Makes model servers, not yet started; ends what still runs."""
    made = []
    numbers = itertools.count(1)

    def make(script: str | None, *options: str, **more) -> ModelServer:
        folder = tmp_path / f"server-{next(numbers)}"
        folder.mkdir()
        made.append(ModelServer(folder, script, *options, **more))
        return made[-1]

    yield make
    for each in made:
        process = getattr(each, "process", None)
        if process is not None and process.poll() is None:
            process.kill()
            process.wait(10)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One for the tests that leave it as it was: two workers."""
    server = ModelServer(tmp_path_factory.mktemp("model-server"), HANDLER, "--workers", "2", "--timeout", "3").ready()
    yield server
    assert server.stop() == 0


def test_a_request_is_answered_by_the_handler(shared):
    answer = shared.invoke("abc", X_Request_Id="me-1")
    assert answer.status == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json" and answer.headers["X-Request-Id"] == "me-1"
    assert json.loads(answer.body) | {"pid": 0} == {"length": 3, "pid": 0, "type": "str"}


def test_ping_has_no_body_and_unknown_paths_are_named(shared):
    assert (shared.ping().status, shared.ping().body) == (200, b"")
    assert shared.ask("GET", "/nowhere").status == 404
    assert shared.ask("GET", "/invocations").headers["Allow"] == "POST"


def test_what_the_handler_raises_is_a_500_with_its_traceback(shared):
    answer = shared.invoke("raise")
    assert answer.status == 500 and answer.reason == "boom predict"
    assert answer.text.startswith("boom predict\nTraceback") and "inference.py" in answer.text
    assert answer.headers["Content-Type"] is None


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 5_000_000])
def test_bodies_of_every_size(shared, size):
    answer = shared.invoke(os.urandom(size), content_type="application/octet-stream")
    assert answer.status == 200, answer.text
    assert json.loads(answer.body)["length"] == size


def test_a_chunked_body(shared):
    connection = shared.connect()
    connection.request("POST", "/invocations", body=iter([b"ab", b"c" * 100_000]), encode_chunked=True,
                       headers={"Transfer-Encoding": "chunked", "Content-Type": "application/json"})
    assert json.loads(connection.getresponse().read())["length"] == 100_002


def test_both_workers_work_at_a_time(shared):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        both = list(pool.map(shared.invoke, ["sleep 0.3"] * 2))
    assert len({json.loads(answer.body)["pid"] for answer in both}) == 2


@pytest.mark.parametrize("body, said", [("crash", "SIGABRT"), ("exit", "exit status 3")])
def test_a_worker_that_ends_fails_its_request_and_is_replaced(shared, body, said):
    deaths = shared.metric("clary_model_worker_deaths_total")
    answer = shared.invoke(body)
    assert answer.status == 500 and said in answer.message()
    assert json.loads(answer.body)["type"] == "ModelError"
    assert shared.metric("clary_model_worker_deaths_total") == deaths + 1
    shared.wait_for(lambda: shared.metric('clary_model_workers{state="ready"}') == 2)
    assert shared.invoke("abc").status == 200


def test_a_handler_that_never_ends_is_ended(shared):
    before = set(shared.workers())
    answer = shared.invoke("loop")
    assert answer.status == 504 and "3" in answer.message()
    shared.wait_for(lambda: shared.metric('clary_model_workers{state="ready"}') == 2)
    assert len(before - set(shared.workers())) == 1
    assert shared.invoke("abc").status == 200


def test_an_idle_worker_that_is_killed_costs_no_request(shared):
    for pid in shared.workers():
        os.kill(pid, signal.SIGKILL)
    assert [shared.invoke("abc").status for _ in range(10)] == [200] * 10


def test_workers_killed_under_load_fail_their_own_requests_only(shared):
    stop = threading.Event()
    statuses = []

    def load():
        while not stop.is_set():
            statuses.append(shared.invoke("sleep 0.01").status)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    kills = 0
    for _ in range(5):
        shared.wait_for(lambda: len(shared.workers()) == 2)
        os.kill(shared.workers()[0], signal.SIGKILL)
        kills += 1
        wanted = len(statuses) + 20
        shared.wait_for(lambda wanted=wanted: len(statuses) >= wanted)
    stop.set()
    for thread in threads:
        thread.join()
    failed = [status for status in statuses if status != 200]
    assert set(failed) <= {500} and len(failed) <= kills, failed


def test_a_page_in_a_browser_may_not_ask(shared):
    assert shared.ask("GET", "/ping", Host="evil.example").status == 403
    assert shared.invoke("abc", Origin="http://evil.example").status == 403


def test_metrics_have_a_histogram_per_stage(shared):
    shared.invoke("abc")
    for stage in ("queue", "handler", "total"):
        assert shared.metric(f'clary_model_stage_seconds_count{{stage="{stage}"}}') >= 1


def test_not_ready_until_the_model_is_loaded(new_model_server):
    server = new_model_server("""
        import os, time
        def model_fn(model_dir):
            while not os.path.exists(os.path.join(model_dir, "go")): time.sleep(0.01)
        def predict_fn(data, model): return [1]
    """).start()
    assert server.ping().status == 503 and "being loaded" in server.ping().message()
    refused = server.invoke()
    assert refused.status == 503 and refused.headers["Retry-After"]
    (server.model / "go").touch()
    server.wait_for(lambda: server.ping().status == 200)
    assert server.invoke().status == 200
    assert server.stop() == 0


def test_a_model_that_cannot_be_loaded_says_why_until_it_can(new_model_server):
    server = new_model_server("""
        import os
        def model_fn(model_dir):
            if not os.path.exists(os.path.join(model_dir, "weights")): raise RuntimeError("boom model")
        def predict_fn(data, model): return [1]
    """, "--workers", "1").start()
    server.wait_for(lambda: "boom model" in server.ping().text)
    assert server.ping().status == 503
    answer = server.invoke()
    assert answer.status == 500 and answer.text.startswith("boom model\nTraceback")
    assert "boom model" in server.said()
    (server.model / "weights").touch()
    server.wait_for(lambda: server.ping().status == 200)
    assert server.invoke().status == 200


def test_a_full_queue_is_refused_at_once(new_model_server):
    server = new_model_server(HANDLER, "--workers", "1", "--queue", "1").ready()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(server.invoke, ["sleep 1"] * 8))
    statuses = sorted(answer.status for answer in answers)
    assert statuses[:2] == [200, 200] and set(statuses[2:]) <= {200, 503} and 503 in statuses
    refused = next(answer for answer in answers if answer.status == 503)
    assert "queue is full" in refused.message() and int(refused.headers["Retry-After"]) >= 1


def test_a_body_beyond_the_limit_is_413_and_is_not_read(new_model_server):
    server = new_model_server(HANDLER, environment={"SAGEMAKER_MAX_PAYLOAD_IN_MB": "1"}).ready()
    assert server.invoke(b"x" * (1 << 20), content_type="a/b").status == 200
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        client.sendall(b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1073741824\r\n\r\n")
        assert b" 413 " in client.recv(4096).split(b"\r\n")[0]
    assert server.invoke("abc").status == 200


def test_who_has_gone_is_not_worked_for(new_model_server):
    server = new_model_server(HANDLER, "--workers", "1").ready()
    busy = threading.Thread(target=server.invoke, args=["sleep 1"])
    busy.start()
    server.wait_for((server.model / "sleeping").exists)
    gone = server.connect()
    gone.request("POST", "/invocations", body="exit", headers={"Content-Type": "application/json"})
    server.wait_for(lambda: server.metric("clary_model_waiting") == 1)
    gone.close()
    busy.join()
    server.wait_for(lambda: server.metric("clary_model_dropped_total") == 1)
    assert server.metric("clary_model_worker_deaths_total") == 0


def test_sigterm_answers_what_is_under_way(new_model_server):
    server = new_model_server(HANDLER, "--workers", "1").ready()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(server.invoke, "sleep 1") for _ in range(2)]
        server.wait_for(lambda: server.metric("clary_model_waiting") == 1)
        workers = server.workers()
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 30
        assert [answer.result().status for answer in answers] == [200, 200]
    assert not any(is_running(pid) for pid in workers)
    assert [line for line in server.lines if '"POST /invocations" 200' in line and "handler=" in line]
    assert list((server.folder / "data/model-server").iterdir()) == []


def test_nothing_is_left_of_a_killed_server(new_model_server):
    server = new_model_server(HANDLER, "--workers", "2").ready()
    busy = server.connect()
    busy.request("POST", "/invocations", body="loop", headers={"Content-Type": "application/json"})
    workers = server.workers()
    server.process.kill()
    server.process.wait(10)
    deadline = time.monotonic() + 20
    while any(is_running(pid) for pid in workers):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_a_handler_prints_is_on_the_servers_output(new_model_server):
    server = new_model_server(HANDLER, "--workers", "1").ready()
    assert server.invoke("print").status == 200
    server.stop()
    assert "a line of the handler" in server.lines


def test_an_archive(new_model_server, tmp_path):
    packed = tmp_path / "model.tar.gz"
    made = new_model_server(HANDLER)
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(made.model, arcname=".")
    server = new_model_server(None, source=str(packed)).ready()
    assert server.invoke("abc").status == 200
    assert server.stop() == 0
    assert list((server.folder / "data/model-server").iterdir()) == []


def test_an_archive_in_the_own_store(new_model_server, server, tmp_path):
    packed = tmp_path / "model.tar.gz"
    made = new_model_server(HANDLER)
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(made.model, arcname=".")
    s3 = server.client("s3")
    s3.create_bucket(Bucket="models-to-serve")
    s3.upload_file(str(packed), "models-to-serve", "a/model.tar.gz")
    s3.upload_file(str(made.model / "code/inference.py"), "models-to-serve", "b/code/inference.py")
    for source in ("s3://models-to-serve/a/model.tar.gz", "s3://models-to-serve/b/"):
        from_store = new_model_server(None, source=source, environment=server.environment()).ready()
        assert from_store.invoke("abc").status == 200
        assert from_store.stop() == 0


def refused(*arguments: str) -> tuple[int, str]:
    done = subprocess.run([CLARY, "model-server", *arguments], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr


def test_what_cannot_be_served_says_so(tmp_path):
    data = ["--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0"]
    (tmp_path / "model.mar").write_bytes(b"PK")
    hostile = tmp_path / "hostile.tar.gz"
    with tarfile.open(hostile, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("../outside"))
    for source, said in [("absent", "absent"), ("model.mar", "not a zip archive"), ("hostile.tar.gz", "../outside")]:
        status, text = refused(str(tmp_path / source), *data)
        assert status == 1 and said in text
    assert not (tmp_path / "outside").exists()
    for interpreter in ("/no/py", "no-such-python", str(tmp_path)):
        status, text = refused(str(tmp_path), *data, "--interpreter", interpreter)
        assert status == 2 and f"interpreter '{interpreter}'" in text, text
    (tmp_path / "model").mkdir()
    assert refused(str(tmp_path / "model"), "--listen", "0.0.0.0:0")[0] == 2
    assert refused(str(tmp_path / "model"), "--workers", "many")[0] == 2
    assert refused()[0] == 2


def test_a_port_in_use(new_model_server, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        (tmp_path / "model").mkdir()
        status, said = refused(str(tmp_path / "model"), "--data", str(tmp_path / "data"), "--listen",
                               f"127.0.0.1:{taken.getsockname()[1]}")
    assert status == 1 and "in use" in said


def test_an_interpreter_that_is_none(new_model_server):
    server = new_model_server(HANDLER, interpreter="/bin/true").start()
    server.wait_for(lambda: "could not be loaded" in server.ping().text)
    assert server.invoke().status == 503
    assert server.stop() == 0


def test_workers_have_the_limit_of_open_files_that_the_server_began_with(new_model_server):
    """The server itself takes all it may have; programs that use select(2) break beyond 1024."""
    server = new_model_server("""
        import resource
        def model_fn(model_dir): return None
        def input_fn(body, content_type): return body
        def predict_fn(data, model): return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        def output_fn(prediction, accept): return str(prediction), accept
    """, "--workers", "1")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (700, hard))
    try:
        server.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    server.wait_for(lambda: server.ping().status == 200)
    assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)[0] > 700
    assert server.invoke("x").text == "700"
    assert server.stop() == 0

"""`clary model-server` on a folder whose files change while it serves."""

import itertools
import textwrap
import threading

import pytest
from model_server import ModelServer

# Answers who it is; a call `wait` waits in the handler until the file `go` is there.
SCRIPT = """
    import os, time
    def model_fn(model_dir): return model_dir
    def input_fn(body, content_type): return body
    def predict_fn(data, model):
        if data == "wait":
            open(os.path.join(model, "waits"), "w").close()
            while not os.path.exists(os.path.join(model, "go")): time.sleep(0.01)
        return NAME
    def output_fn(prediction, accept): return prediction, "text/plain"
"""


def named(name: str) -> str:
    return f"NAME = {name!r}\n" + textwrap.dedent(SCRIPT)


def write(server: ModelServer, text: str) -> None:
    (server.model / "code/inference.py").write_text(text)


@pytest.fixture
def new_model_server(tmp_path):
    """Makes model servers in service; ends what still runs."""
    made = []
    numbers = itertools.count(1)

    def make(script: str | None, *options: str, **more) -> ModelServer:
        folder = tmp_path / f"server-{next(numbers)}"
        folder.mkdir()
        made.append(ModelServer(folder, script, *options, **more))
        return made[-1].ready()

    yield make
    for each in made:
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait(10)


def test_a_changed_model_is_served_and_no_request_fails(new_model_server):
    server = new_model_server(named("first"), "--workers", "2")
    before = server.workers()
    answers: list[tuple[int, str]] = []
    done = threading.Event()

    def load() -> None:
        while not done.is_set():
            answer = server.invoke()
            answers.append((answer.status, answer.text))

    callers = [threading.Thread(target=load) for _ in range(3)]
    for caller in callers:
        caller.start()
    write(server, named("the second one"))
    server.wait_for(lambda: server.invoke().text == "the second one")
    server.wait_for(lambda: not set(before) & set(server.workers()))
    done.set()
    for caller in callers:
        caller.join()
    assert {status for status, _ in answers} == {200}
    assert {text for _, text in answers} == {"first", "the second one"}
    assert "code/inference.py" in server.said() and "the changed model is served" in server.said()
    assert server.stop() == 0


def test_a_broken_one_leaves_the_one_before_and_the_log_says_why(new_model_server):
    server = new_model_server(named("first"), "--workers", "1")
    write(server, named("broken") + "\nraise RuntimeError('boom at import')\n")
    server.wait_for(lambda: "the one before goes on" in server.said())
    assert "boom at import" in server.said()
    assert (server.ping().status, server.invoke().text) == (200, "first")
    write(server, named("mended"))
    server.wait_for(lambda: server.invoke().text == "mended")
    assert server.stop() == 0


def test_the_one_before_answers_what_it_has_begun(new_model_server):
    server = new_model_server(named("first"), "--workers", "2")
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(server.invoke("wait").text))
    waiting.start()
    server.wait_for((server.model / "waits").exists)
    write(server, named("the second one"))
    server.wait_for(lambda: server.invoke().text == "the second one")
    (server.model / "go").touch()
    waiting.join()
    assert answers == ["first"]
    server.wait_for(lambda: len(server.workers()) == 2)
    assert server.stop() == 0


def test_it_can_be_switched_off(new_model_server):
    server = new_model_server(named("first"), "--workers", "1")
    other = new_model_server(None, "--workers", "1", "--no-reload", source=str(server.model))
    for name in ("the second one", "the third and last one"):
        write(server, named(name))
        server.wait_for(lambda name=name: server.invoke().text == name)
    assert other.invoke().text == "first"
    assert "loaded again" not in other.said()

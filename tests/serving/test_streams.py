"""Answers in pieces, as a worker sends them: frames alone, without the C++ program."""

import pytest
from clary_serving import frames, streams
from worker_processes import ask, connections

YIELDS = """
    import os
    def model_fn(model_dir): return model_dir
    def input_fn(body, content_type): return body
    def predict_fn(data, model):
        many = 100_000 if data == "many" else 3
        try:
            for i in range(many):
                if data == "raise at once" or (data == "raise midway" and i == 2): raise ValueError("boom piece")
                if data == "exit midway" and i == 2: os._exit(3)
                yield "" if data == "with empty ones" else f"<{i}>"
                if data == "with empty ones": yield "x"
        finally:
            open(os.path.join(model, "closed"), "w").close()
    def output_fn(prediction, accept): return prediction, "text/event-stream"
"""


def rest(connection):
    """The pieces after the first, and the last frame; its fields."""
    pieces = []
    while True:
        frame = connection.receive()
        if frame is None or frame.kind != frames.PIECE:
            return pieces, frame
        pieces.append(bytes(frame.body))


def test_the_answer_begins_with_its_first_piece(workers):
    connection, _, _ = workers(YIELDS).start()
    answer = ask(connection, b"abc")
    assert (answer.kind, answer.get("status"), answer.get("more")) == (frames.ANSWER, "200", "1")
    assert (answer.get("content-type"), bytes(answer.body)) == ("text/event-stream", b"<0>")
    pieces, end = rest(connection)
    assert (pieces, end.kind, end.fields) == ([b"<1>", b"<2>"], frames.END, [])
    assert bytes(ask(connection, b"abc").body) == b"<0>", "the worker goes on"


def test_empty_pieces_are_not_sent(workers):
    connection, _, _ = workers(YIELDS).start()
    assert bytes(ask(connection, b"with empty ones").body) == b"x"
    assert rest(connection)[0] == [b"x", b"x"]


def test_what_is_raised_before_the_first_piece_is_the_answer(workers):
    connection, _, _ = workers(YIELDS).start()
    answer = ask(connection, b"raise at once")
    assert (answer.get("status"), answer.get("more")) == ("500", None)
    assert bytes(answer.body).startswith(b"boom piece\nTraceback")


def test_what_is_raised_midway_is_told_and_logged(workers, capfd):
    connection, _, _ = workers(YIELDS).start()
    assert ask(connection, b"raise midway").get("more") == "1"
    pieces, end = rest(connection)
    assert (pieces, end.kind, end.get("broken")) == ([b"<1>"], frames.END, "ValueError: boom piece")
    assert ask(connection, b"abc").get("status") == "200"
    said = capfd.readouterr().err
    assert "Traceback" in said and "boom piece" in said


def test_a_worker_that_ends_midway_gives_no_end(workers):
    server = workers(YIELDS)
    connection, pid, _ = server.start()
    ask(connection, b"exit midway")
    assert rest(connection) == ([b"<1>"], None)
    assert server.how_ended(pid) == "exit 3"


def test_a_caller_that_has_gone_stops_the_function(workers, tmp_path):
    connection, _, _ = workers(YIELDS).start()
    assert ask(connection, b"many").get("more") == "1"
    connection.send(frames.STOP)
    pieces, end = rest(connection)
    assert end.kind == frames.END and len(pieces) < 99_999
    assert ask(connection, b"abc").get("status") == "200"
    assert (tmp_path / "closed").exists(), "its finally has not run"


def test_a_stop_that_crosses_the_end_is_ignored(workers):
    connection, _, _ = workers(YIELDS).start()
    ask(connection, b"abc")
    rest(connection)
    connection.send(frames.STOP)
    assert ask(connection, b"abc").get("status") == "200"


def test_a_large_piece_is_shared():
    ours, theirs = connections()
    first, more = streams.begin(iter([b"a", b"x" * (1 << 20)]))
    assert first == b"a"
    streams.send_rest(ours, more)
    assert rest(theirs)[0] == [b"x" * (1 << 20)]


EARLY = """
    from ts.handler_utils.utils import send_intermediate_predict_response
    def handle(data, context):
        if data is None: return None
        text = data[0]["body"]
        if text == "raise at once": raise ValueError("boom early")
        context.set_response_content_type(0, "text/x")
        for i in range(2):
            send_intermediate_predict_response([f"<{i}>"], context.request_ids, "success", 200, context)
        if text == "raise": raise ValueError("boom early")
        if text == "yield": return [(piece for piece in ("<a>", "", "<b>"))]
        return [""] if text == "nothing more" else ["<end>"]
"""


@pytest.fixture
def early(workers, tmp_path):
    (tmp_path / "MAR-INF").mkdir()
    (tmp_path / "MAR-INF/MANIFEST.json").write_text('{"model": {"modelName": "m", "handler": "inference.py:handle"}}')
    return workers(EARLY).start()[0]


@pytest.mark.parametrize("body, last", [(b"x", [b"<end>"]), (b"nothing more", []), (b"yield", [b"<a>", b"<b>"])])
def test_what_a_handler_sends_before_its_end_comes_at_once(early, body, last):
    answer = ask(early, body, content_type="text/plain")
    assert (answer.get("status"), answer.get("more"), answer.get("content-type")) == ("200", "1", "text/x")
    assert bytes(answer.body) == b"<0>"
    pieces, end = rest(early)
    assert (pieces, end.kind, end.fields) == ([b"<1>", *last], frames.END, [])


def test_a_handler_that_fails_after_it_has_sent_breaks_its_answer_off(early):
    assert ask(early, b"raise at once", content_type="text/plain").get("status") == "503"
    assert ask(early, b"raise", content_type="text/plain").get("more") == "1"
    pieces, end = rest(early)
    assert (pieces, end.kind, end.get("broken")) == ([b"<1>"], frames.END, "Prediction failed")
    assert ask(early, b"x", content_type="text/plain").get("status") == "200"


def test_a_function_that_fails_among_several_costs_its_own_request_alone(workers, tmp_path):
    (tmp_path / "MAR-INF").mkdir()
    (tmp_path / "MAR-INF/MANIFEST.json").write_text('{"model": {"modelName": "m", "handler": "inference.py:handle"}}')
    connection = workers("""
        def handle(data, context):
            return None if data is None else [pieces(part["body"]) for part in data]
        def pieces(text):
            yield "<"
            if text == "bad": raise ValueError("boom piece")
            yield text
    """).start()[0]
    for body in (b"one", b"bad"):
        connection.send(frames.REQUEST, [("id", "1"), ("content-type", "text/plain"), ("batch", "2")], body)
    good, bad = connection.receive(), connection.receive()
    assert (good.get("status"), bytes(good.body)) == ("200", b"<one")
    assert bad.get("status") == "500" and bytes(bad.body).startswith(b"boom piece\nTraceback")


@pytest.mark.parametrize("body, first", [(b"abc", b"abc"), (iter([b"", b""]), b""), (iter([]), b"")])
def test_bodies_without_more(body, first):
    assert streams.begin(body) == (first, None)


def test_pieces_of_one_among_several_answers_are_sent_as_one_body():
    assert streams.whole(map(bytes, [b"ab", b"c"])) == b"abc"
    assert streams.whole(b"abc") == b"abc"

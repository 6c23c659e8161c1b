"""One worker: loads the model and answers requests, one batch after the other, until its connection ends.

What the user's functions raise is an answer; what ends them (sys.exit, a crash) ends this process, and the model
server says so to whoever asked.
"""

import os
import re
import sys
import time
import traceback

from clary_serving import frames, streams

HEADER = "h:"
MOST_TOLD = 4096  # characters of a reason: longer ones fit into no head of an answer
_PLACE = re.compile(r'\s+File ".*", line \d+')


def run(connection, model_dir):
    """Returns the status to exit with."""
    _seed_anew()
    started = time.perf_counter()
    try:
        from clary_serving import handlers
        from clary_serving.handlers.answer import Request

        model = handlers.load_model(model_dir, environ=os.environ)
    except Exception as error:  # not the user's: a model that cannot be loaded is one that says why
        connection.send(frames.FAILED, [("message", one_line(str(error)) or type(error).__name__)],
                        traceback.format_exc().encode("utf-8", "replace"))
        return 1
    fields = [("load_us", _microseconds_since(started)), ("batches", "1" if model.takes_batches else "0")]
    connection.send(frames.READY, fields + _failure(model))
    while True:
        batch = _receive_batch(connection)
        if not batch:
            return 0
        started = time.perf_counter()
        rest = None
        early = streams.Early(connection, lambda answer: _fields_of(answer) + _failure(model))
        model.send_early = early.send if len(batch) == 1 else None
        try:
            answers = model.invoke_batch([_request(frame, Request) for frame in batch])
            if len(answers) != len(batch):
                raise RuntimeError(f"{len(answers)} answers to {len(batch)} requests")
            if early.has_begun:
                early.end(answers[0])
                replies = []
            elif len(batch) == 1:
                body, rest = streams.begin(answers[0].body)
                more = [] if rest is None else [("more", "1")]
                replies = [(_fields_of(answers[0]) + more, body)]
            else:
                replies = [_whole(answer) for answer in answers]
        except Exception as error:
            if early.has_begun:
                raise  # what was begun cannot be answered otherwise: the server sees this process end
            replies = [_failed(error)] * len(batch)
        count = len(batch)
        answers = batch = None  # and with them what they share with the server
        last = [("handler_us", _microseconds_since(started))] + _failure(model)
        sent = [_send(connection, fields + last, body) for fields, body in replies[:count]]
        replies = body = None
        if rest is not None and all(sent):
            streams.send_rest(connection, rest)
        rest = None  # a function that was not run to its end is closed here


def one_line(text):
    return " ".join(text.replace("\0", " ").split())


def _request(frame, kind):
    headers = {}
    for name, value in frame.fields:
        if name.startswith(HEADER):
            headers.setdefault(name[len(HEADER):], value)
    return kind(frame.body, frame.get("content-type"), frame.get("accept"), headers, frame.get("id", ""),
                frame.get("path", "/invocations"), frame.get("method", "POST"))


def _fields_of(answer):
    fields = [("status", str(int(answer.status)))]
    if answer.content_type is not None:
        fields.append(("content-type", str(answer.content_type)))
    if answer.phrase:
        fields.append(("phrase", answer.phrase[:MOST_TOLD]))
    fields += [(HEADER + str(name), str(value)) for name, value in answer.headers]
    stages = getattr(answer, "stages", None) or {}
    return fields + [(f"{stage}_us", str(int(seconds * 1e6))) for stage, seconds in stages.items()]


def _whole(answer):
    """One of several; what the making of its pieces raises costs the others nothing."""
    try:
        return _fields_of(answer), streams.whole(answer.body)
    except Exception as error:
        return _failed(error)


def _failed(error):
    return [("status", "500")], f"{error}\n{traceback.format_exc()}".encode("utf-8", "replace")


def _failure(model):
    """Why the model is not loaded, in one line; no field once it is."""
    if model.failure is None:
        return []
    told = bytes(model.failure.body).decode("utf-8", "replace").strip().splitlines()
    places = [line.strip() for line in told if _PLACE.match(line)]
    if places:  # with a traceback: what was raised stands below its last place
        raised = len(told) - next(i for i, line in enumerate(reversed(told)) if line[:1] == " ")
        reason = f"{one_line(' '.join(told[raised:]))[:MOST_TOLD]} ({places[-1][:MOST_TOLD]})"
    else:
        reason = one_line(told[0])[:MOST_TOLD] if told else ""
    return [("failure", reason or "the model's code gives no reason")]


def _receive_batch(connection):
    """The requests that belong together; none at the end of the connection."""
    first = connection.receive()
    while first is not None and first.kind == frames.STOP:  # it crossed the answer's end
        first = connection.receive()
    if first is None:
        return []
    batch = [first]
    while len(batch) < int(first.get("batch", "1")):
        following = connection.receive()
        if following is None:
            return []
        batch.append(following)
    for frame in batch:
        if frame.kind != frames.REQUEST:
            raise frames.FrameError(f"a frame of kind {frame.kind} is not for a worker")
    return batch


def _send(connection, fields, body):
    """Whether it could be sent as it is."""
    try:
        connection.send(frames.ANSWER, fields, body)
        return True
    except ValueError as error:  # fields that no frame can carry
        connection.send(frames.ANSWER, [("status", "500")], f"{error}\n".encode("utf-8", "replace"))
        return False


def _microseconds_since(started):
    return str(int((time.perf_counter() - started) * 1e6))


def _seed_anew():
    """Forked workers would all draw the same numbers; Python's own generator sees to itself."""
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()

"""Answers whose body is still being made when it begins: each piece is sent as the user's code gives it.

The first piece is waited for, so that what the code raises before it is an answer of its own.
"""

import traceback

from clary_serving import frames


def begin(body):
    """The first piece that is not empty, and the iterator of those that follow; None for a body that is whole."""
    if not hasattr(body, "__next__"):
        return body, None
    first = _next(body)
    return (b"", None) if first is None else (first, body)


def whole(body):
    """All pieces together: of one answer among several that are sent when all are there."""
    return b"".join(body) if hasattr(body, "__next__") else body


def send_rest(connection, pieces):
    """Until the last one, or until the server wants no more: its caller has gone. What the code raises is logged, and
    the server told that the body is not complete."""
    fields = []
    while True:
        try:
            piece = _next(pieces)
        except Exception as error:
            traceback.print_exc()
            fields = [("broken", _one_line(error))]
            break
        if piece is None or _is_stopped(connection):
            break
        connection.send(frames.PIECE, (), piece)
    connection.send(frames.END, fields)


class Early:
    """The answer to the only request of a call, whose pieces the user's code may send before it returns the last one."""

    def __init__(self, connection, fields_of):
        self._connection, self._fields_of = connection, fields_of
        self._wanted = True
        self.has_begun = False

    def send(self, answer):
        """A piece; the first one with the answer's head."""
        if not len(answer.body):
            return
        if not self.has_begun:
            self._connection.send(frames.ANSWER, self._fields_of(answer) + [("more", "1")], answer.body)
            self.has_begun = True
        elif self._wanted and not _is_stopped(self._connection):
            self._connection.send(frames.PIECE, (), answer.body)
        else:
            self._wanted = False  # it is said once

    def end(self, answer):
        """What the code has returned in the end; an answer that is no success says why the body is not complete."""
        if answer.status >= 400:
            told = answer.phrase or f"the handler answered {answer.status} in the end"
            self._connection.send(frames.END, [("broken", told)])
        elif hasattr(answer.body, "__next__"):
            send_rest(self._connection, answer.body if self._wanted else iter(()))
        else:
            self.send(answer)
            self._connection.send(frames.END)


def _next(pieces):
    """None after the last one; an empty one would be taken for the end of a chunked body."""
    for piece in pieces:
        if len(piece):
            return piece
    return None


def _is_stopped(connection):
    """Whether the server wants no more pieces, or has gone itself."""
    if not connection.has_input():
        return False
    frame = connection.receive()
    if frame is not None and frame.kind != frames.STOP:
        raise frames.FrameError(f"a frame of kind {frame.kind} within an answer")
    return True


def _one_line(error):
    told = f"{type(error).__name__}: {error}".encode("utf-8", "replace").decode("utf-8")
    return " ".join(told.replace("\0", " ").split())

"""What a model is asked and what it answers, as plain values: nothing here knows sockets or HTTP framing."""

from __future__ import annotations

import traceback
from typing import Iterator, Mapping, NamedTuple


class Request(NamedTuple):
    """One request of a batch. headers: as the client sent them, any case. path: with or without a query."""

    body: bytes | memoryview
    content_type: str | None = None
    accept: str | None = None
    headers: Mapping[str, str] = {}
    request_id: str = ""
    path: str = "/invocations"
    method: str = "POST"


class Answer(NamedTuple):
    """content_type: None where no Content-Type is to be sent. phrase: the reason phrase, "" for the status's usual one;
    one line. headers: further ones that the user's code has set. stages: seconds spent in decode, predict and encode, as far
    as they can be told apart. body: an iterator where the user's function yields; each piece runs the user's code, which may
    raise, and is to be sent as it comes."""

    status: int
    content_type: str | None
    body: bytes | Iterator[bytes]
    phrase: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    stages: Mapping[str, float] = {}


def one_line(text: str) -> str:
    """Fit for a reason phrase or a header's value: every line break becomes a space."""
    return text.replace("\r", " ").replace("\n", " ")


def error_answer(error: Exception, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """An exception of the user's code as SageMaker's toolkits answer it: 500, or status and phrase of the exception where
    it is a BaseInferenceToolkitError (of whichever package); the body is the message, then the traceback. To be called
    while the exception is handled."""
    status, message = 500, str(error)
    phrase = message
    if any(kind.__name__ == "BaseInferenceToolkitError" for kind in type(error).__mro__):
        status, message, phrase = error.status_code, str(error.message), str(error.phrase)
    body = f"{message}\n{traceback.format_exc()}"
    return Answer(status, None, body.encode("utf-8", "backslashreplace"), one_line(phrase), headers)

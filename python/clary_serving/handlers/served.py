"""What every kind of model offers to the worker that runs it."""

from __future__ import annotations

from typing import Callable, Mapping, Sequence

from .answer import Answer, Request
from .routes import INVOCATIONS


class ServedModel:
    """failure: why the model could not be loaded, as the answer a client would get; None once it is loaded. A request to a
    model that failed tries to load it again.
    takes_batches: whether one call of the user's code may get several requests.
    send_early: takes a piece of the only request's answer before the call has returned the last one, with the status and
    headers that it has so far; None: whoever calls takes whole answers.
    What the user's code does wrong is an answer, never an exception; SystemExit and KeyboardInterrupt pass through."""

    failure: Answer | None = None
    takes_batches = False
    send_early: Callable[[Answer], None] | None = None

    def invoke(self, body: bytes | memoryview, *, content_type: str | None = None, accept: str | None = None,
               headers: Mapping[str, str] | None = None, context=None, path: str = INVOCATIONS, method: str = "POST") -> Answer:
        """context: one that the caller has filled for this request (Context.begin); None: the model's own, begun with the
        headers. The body is read during the call only."""
        raise NotImplementedError

    def invoke_batch(self, requests: Sequence[Request]) -> list[Answer]:
        """One answer per request, in order."""
        return [self.invoke(one.body, content_type=one.content_type, accept=one.accept, headers=one.headers,
                            path=one.path, method=one.method) for one in requests]

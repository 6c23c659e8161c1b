"""Pieces of an answer that a handler sends before it returns the last one: TorchServe's send_intermediate_predict_response."""

from __future__ import annotations

import itertools
from typing import Callable, Iterator, Sequence

from .answer import Answer


def send_intermediate_predict_response(ret: Sequence, req_ids: Sequence, message: str, code: int, context=None) -> None:
    """ret: a piece for each request of the call, in their order; what a handler may return for one. message and code: of a
    success; what has gone wrong is to be raised. context: that the handler was called with."""
    early = getattr(context, "intermediate", None)
    if early is None:
        raise ValueError("send_intermediate_predict_response: it wants the context of the call, while that lasts")
    if not isinstance(ret, (list, tuple)) or len(ret) != len(req_ids):
        raise ValueError(f"send_intermediate_predict_response: a list of {len(req_ids)} pieces is wanted, one for each request")
    if not 200 <= int(code) < 300:
        raise ValueError(f"send_intermediate_predict_response: {code} {message}: raise an exception instead")
    for index, piece in enumerate(ret):
        early.add(index, piece)


class EarlyPieces:
    """Of one call. make: the answer that a piece of a request would be alone. send: takes each at once; None: they are kept,
    and come at the head of the answer."""

    def __init__(self, make: Callable[[object, int], Answer], send: Callable[[Answer], None] | None):
        self._make, self._send = make, send
        self._kept: dict[int, list[bytes]] = {}

    def add(self, index: int, piece) -> None:
        answer = self._make(piece, index)
        if answer.status >= 400 or isinstance(answer.body, Iterator):
            raise ValueError(f"send_intermediate_predict_response: {type(piece).__name__} cannot be sent")
        if self._send is not None:
            self._send(answer)
        else:
            self._kept.setdefault(index, []).append(answer.body)

    def put_before(self, index: int, answer: Answer) -> Answer:
        kept = self._kept.get(index)
        if not kept or answer.status >= 400:
            return answer
        whole = itertools.chain(kept, answer.body) if isinstance(answer.body, Iterator) else b"".join([*kept, answer.body])
        return answer._replace(body=whole)

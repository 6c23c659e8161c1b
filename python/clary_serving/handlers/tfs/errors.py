"""Refusals as TensorFlow Serving writes them: a canonical code, which gives the HTTP status, and a sentence."""

from __future__ import annotations

import json

from ..answer import Answer, Refused

# google.rpc.Code -> HTTP, as TensorFlow Serving maps them.
STATUSES = {1: 499, 2: 500, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429, 9: 400, 10: 409, 11: 400, 12: 501, 13: 500, 14: 503,
            15: 500, 16: 401}
INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION, UNIMPLEMENTED, INTERNAL = 3, 5, 9, 12, 13


class ServingError(Refused):
    """code: google.rpc.Code."""

    def __init__(self, message: str, code: int = INVALID_ARGUMENT):
        super().__init__(message, STATUSES.get(code, 500))


def invalid(*parts) -> ServingError:
    return ServingError("".join(str(part) for part in parts))


def refusal(status: int, message: str) -> Answer:
    body = json.dumps({"error": message}, indent=4, ensure_ascii=False)
    return Answer(status, "application/json", body.encode("utf-8", "replace"))


def answer_of(error: ServingError) -> Answer:
    return refusal(error.status, error.message)

"""Which contract a request's path belongs to: SageMaker's and TorchServe's calls, TensorFlow Serving's REST contract, or the V2
inference protocol."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from .answer import Answer

INVOCATIONS = "/invocations"
CALL, EXPLAIN, TFS, V2, NONE = "call", "explain", "tfs", "v2", "none"
INFER, METADATA, READY, SERVER, LIVE = "infer", "metadata", "ready", "server", "live"

_TORCHSERVE = re.compile(r"/(predictions|explanations)/([^/]+)(?:/([^/]+))?")
_V2_MODEL = re.compile(r"/v2/models/([^/]+)(?:/versions/([^/]+))?(?:/(infer|ready))?/?")
_V2_SERVER = {"/v2": SERVER, "/v2/": SERVER, "/v2/health/live": LIVE, "/v2/health/ready": READY}


class Route(NamedTuple):
    """model, version: "" where the path names none. verb: of the V2 protocol."""

    kind: str
    model: str = ""
    version: str = ""
    verb: str = ""


def of(method: str, path: str) -> Route:
    path = path.partition("?")[0]
    if path == INVOCATIONS:
        return Route(CALL) if method == "POST" else Route(NONE)
    if path.lower().startswith("/v1/models"):
        return Route(TFS)
    if path in _V2_SERVER:
        return Route(V2, verb=_V2_SERVER[path]) if method == "GET" else Route(NONE)
    found = _V2_MODEL.fullmatch(path)
    if found:
        name, version, verb = (part and _plain(part) or "" for part in found.groups())
        fits = method == ("POST" if verb == INFER else "GET")
        return Route(V2, name, version, verb or METADATA) if fits else Route(NONE)
    found = _TORCHSERVE.fullmatch(path)
    if found and method in ("POST", "GET", "PUT", "OPTIONS"):
        return Route(CALL if found.group(1) == "predictions" else EXPLAIN, _plain(found.group(2)), _plain(found.group(3) or ""))
    return Route(NONE)


def refusal(status: int, kind: str, message: str) -> Answer:
    """In the form of Multi Model Server and TorchServe."""
    body = json.dumps({"code": status, "type": kind, "message": message}, indent=2) + "\n"
    return Answer(status, "application/json", body.encode("utf-8", "replace"))


def not_found(method: str, path: str) -> Answer:
    if path.partition("?")[0] == INVOCATIONS:
        return refusal(405, "MethodNotAllowedException", "Requested method is not allowed, please refer to API document.")
    return refusal(404, "ResourceNotFoundException", "Requested resource is not found, please refer to API document.")


def _plain(part: str) -> str:
    from urllib.parse import unquote

    return unquote(part)

"""inference.py of SageMaker's TensorFlow container: `handler(data, context)`, or `input_handler(data, context)` before the model
and `output_handler(response, context)` after it."""

from __future__ import annotations

import io
import json
from typing import Mapping, NamedTuple

from ..answer import Answer, one_line
from ..context import header
from ..pieces import wire_bytes
from . import rest
from .catalog import Catalog
from .invocations import CUSTOM_ATTRIBUTES, attributes_of, path_of
from .loopback import Loopback


class RequestContext(NamedTuple):
    """What handlers get to know. rest_uri: TensorFlow Serving's REST contract for the model that the request means. There is no
    gRPC: grpc_port, grpc_uri and channel are None."""

    model_name: str | None
    model_version: str | None
    method: str | None
    rest_uri: str
    grpc_port: str | None
    channel: object
    custom_attributes: str | None
    request_content_type: str
    accept_header: str
    content_length: int

    @property
    def grpc_uri(self):
        return self.grpc_port


class Response:
    """The model's answer, with what scripts use of `requests`: status_code, ok, reason, url, headers, content, text, json()."""

    encoding = "utf-8"

    def __init__(self, found: Answer, url: str):
        self.status_code, self.content, self.url = found.status, bytes(found.body), url
        self.reason = found.phrase or ("OK" if found.status == 200 else "Error")
        self.headers = {"Content-Type": found.content_type, "Content-Length": str(len(self.content))}

    @property
    def ok(self) -> bool:
        return self.status_code < 400

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    def json(self, **options):
        return json.loads(self.content, **options)

    def iter_content(self, chunk_size=1, decode_unicode=False):
        for start in range(0, len(self.content), chunk_size or len(self.content) or 1):
            yield self.content[start:start + (chunk_size or len(self.content))]

    def raise_for_status(self):
        if not self.ok:
            raise RuntimeError(f"{self.status_code} {self.reason}: {self.text}")


class Handlers:
    """Of a module. Errors: NotImplementedError where it has neither form."""

    def __init__(self, module, catalog: Catalog):
        self._catalog = catalog
        self._handler = getattr(module, "handler", None)
        self._before, self._after = getattr(module, "input_handler", None), getattr(module, "output_handler", None)
        if self._handler is None and (self._before is None or self._after is None):
            raise NotImplementedError("Handlers are not implemented correctly in user script.")
        # Only a `handler` asks the model by itself, over HTTP.
        self._loopback = Loopback(lambda *asked: rest.answer(catalog, *asked)) if self._handler is not None else None

    def answer(self, body, content_type: str | None, accept: str | None, headers: Mapping[str, str]) -> Answer:
        """Raises what the handlers raise."""
        attributes = attributes_of(headers)
        path = path_of(attributes, self._catalog.default)
        base = self._loopback.address if self._loopback is not None else "http://localhost"
        named = [attributes.get(name) for name in ("tfs-model-name", "tfs-model-version", "tfs-method")]
        context = RequestContext(*named, base + path, None, None, header(headers, CUSTOM_ATTRIBUTES),
                                 content_type or "application/json", accept or "application/json", len(body))
        data = io.BytesIO(body)
        if self._handler is not None:
            result = self._handler(data, context)
        else:
            asked = _request_bytes(self._before(data, context))
            result = self._after(Response(rest.answer(self._catalog, "POST", path, asked), context.rest_uri), context)
        if not isinstance(result, tuple) or len(result) != 2:
            raise ValueError("the handler must return a pair: the body and its content type")
        found, kind = result
        return Answer(200, one_line(str(kind)) if kind else None, wire_bytes(found))


def _request_bytes(value) -> bytes:
    """What input_handler returned, as the body of the request to the model."""
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, str):
        return value.encode("utf-8")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f"input_handler returned {type(value).__name__}: the model takes JSON as str or bytes")

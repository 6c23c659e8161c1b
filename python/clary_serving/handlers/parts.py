"""A request as Multi Model Server and TorchServe hand it to handlers: a dict from part names to values. A plain body is the
part "body"; the fields of a form keep their names."""

from __future__ import annotations

import json
from typing import Any


def request_parts(body: bytes | memoryview, content_type: str | None, decode: bool) -> dict[str, Any]:
    """decode: whether JSON becomes an object and text a str, as both servers do unless they are told not to; JSON that cannot
    be parsed stays bytes."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return _form(bytes(body), content_type, decode)
    if kind == "application/x-www-form-urlencoded":
        from urllib.parse import parse_qsl

        return dict(parse_qsl(str(body, "utf-8"), keep_blank_values=True))
    return {"body": _value(bytes(body), content_type, decode)}


def _value(data: bytes, content_type: str | None, decode: bool):
    if decode and content_type == "application/json":
        try:
            return json.loads(data)
        except ValueError:
            return data
    if decode and (content_type or "").startswith("text"):
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return data
    return data


def _form(body: bytes, content_type: str, decode: bool) -> dict[str, Any]:
    from email import message_from_bytes, policy

    head = "Content-Type: {}\r\n\r\n".format(content_type.replace("\r", " ").replace("\n", " ")).encode("latin-1", "replace")
    message = message_from_bytes(head + body, policy=policy.HTTP)
    parts = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if name:
            own_type = part.get_content_type() if part["content-type"] else None
            parts[name] = _value(part.get_payload(decode=True) or b"", own_type, decode)
    return parts

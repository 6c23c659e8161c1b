"""JSON documents as TensorFlow Serving reads them and speaks of them: the sentences are its parser's."""

from __future__ import annotations

import base64
import binascii
import json

from .errors import ServingError, invalid

_MOST_SHOWN = 2000  # characters of a value within a sentence
_SENTENCES = (
    ("Expecting value", "Invalid value."),
    ("Expecting property name", "Missing a name for object member."),
    ("Illegal trailing comma", "Missing a name for object member."),
    ("Expecting ':'", "Missing a colon after a name of object member."),
    ("Unterminated string", "Missing a closing quotation mark in string."),
    ("Invalid control character", "Invalid encoding in string."),
    ("Invalid \\u", "Incorrect hex digit after \\u escape in string."),
    ("Invalid \\", "Invalid escape character in string."),
    ("Extra data", "The document root must not be followed by other values."),
)


def parse(body: bytes | memoryview) -> dict:
    """The object that a request is. Errors: ServingError."""
    try:
        text = str(body, "utf-8")
    except UnicodeDecodeError as error:
        raise invalid("JSON Parse error: Invalid encoding in string. at offset: ", error.start) from None
    if not text.strip():
        raise ServingError("JSON Parse error: The document is empty")
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        at_end = error.msg.startswith("Unterminated")
        offset = len((text if at_end else text[:error.pos]).encode("utf-8"))
        raise invalid("JSON Parse error: ", _sentence(text, error), " at offset: ", offset) from None
    except RecursionError:
        raise ServingError("JSON Parse error: the document is nested too deeply") from None
    except ValueError as error:  # a number of more digits than Python converts
        raise ServingError(f"JSON Parse error: {error}") from None
    if not isinstance(document, dict):
        raise invalid("JSON Value: ", shown(document), " Is not object")
    return document


def _sentence(text: str, error: json.JSONDecodeError) -> str:
    for beginning, sentence in _SENTENCES:
        if error.msg.startswith(beginning):
            return sentence
    inside_object = _innermost(text[:error.pos]) == "{"
    return "Missing a comma or {} after an {}.".format(*(("}", "object member") if inside_object else ("]", "array element")))


def _innermost(text: str) -> str:
    """The bracket that is open at the end of a text that is JSON until there."""
    opened, quoted, escaped = [], False, False
    for one in text:
        if quoted:
            escaped, quoted = one == "\\" and not escaped, one != '"' or escaped
        elif one == '"':
            quoted = True
        elif one in "[{":
            opened.append(one)
        elif one in "]}" and opened:
            opened.pop()
    return opened[-1] if opened else ""


def shown(value) -> str:
    """A value within a sentence, cut where it is long."""
    try:
        text = json.dumps(value, indent=4, ensure_ascii=False)
    except RecursionError:
        text = "..."
    return text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "..."


def type_name(value) -> str:
    if value is None or isinstance(value, bool):
        return {None: "Null", True: "True", False: "False"}[value]
    return {dict: "Object", list: "Array", str: "String"}.get(type(value), "Number")


def is_base64(value) -> bool:
    """Whether it is {"b64": "..."}, which stands for bytes."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def from_base64(value: dict) -> bytes:
    """Errors: ServingError."""
    if not is_base64(value):
        raise invalid("JSON Value: ", shown(value), " not formatted correctly for base64 data")
    text = "".join(value["b64"].split())
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ServingError("Unable to base64 decode") from None


def signature_name(document: dict, default: str) -> str:
    name = document.get("signature_name", default)
    if not isinstance(name, str):
        raise invalid("JSON Value: ", shown(document), " not formatted correctly. 'signature_name' key must be a string value.")
    return name or default

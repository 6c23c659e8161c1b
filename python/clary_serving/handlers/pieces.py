"""What users' functions return, as bodies: whole ones, and those that come in pieces because the function yields."""

from __future__ import annotations

from collections.abc import Iterator

from . import encoder
from .default_inference_handler import encode_first

EVENTS = "text/event-stream"
_PLAIN = (bytes, bytearray, memoryview, str)


def wire_bytes(result) -> bytes:
    """What output_fn returned as a body: bytes as they are, str as UTF-8, anything else as JSON."""
    if isinstance(result, bytes):
        return result
    if isinstance(result, str):
        return result.encode("utf-8")
    if isinstance(result, (bytearray, memoryview)):
        return bytes(result)
    try:
        return encoder.to_json(result).encode("utf-8")
    except (TypeError, ValueError) as error:
        raise TypeError(f"the handler returned {type(result).__name__}, which cannot be sent: it must be bytes, str "
                        f"or what JSON can hold ({error})") from None


def comes_in_pieces(result) -> bool:
    """Whether a function yields: a generator, or any other iterator. Lists, arrays and tensors do not."""
    return isinstance(result, Iterator)


def body_of(result) -> bytes | Iterator[bytes]:
    """The body of what output_fn or transform_fn returned; an iterator gives the bytes of each piece."""
    return map(wire_bytes, result) if comes_in_pieces(result) else wire_bytes(result)


def default_output(predictions: Iterator, accept: str) -> Iterator[bytes]:
    """Pieces of a predict_fn that yields, where the user has no output_fn: text and bytes as they are; other values one line of
    JSON or CSV each, as the client accepts. text/event-stream: an event for each."""
    for piece in predictions:
        if accept == EVENTS:
            text = piece if isinstance(piece, str) else wire_bytes(piece).decode("utf-8", "replace")
            yield "".join(f"data: {line}\n" for line in text.split("\n")).encode("utf-8") + b"\n"
        elif isinstance(piece, _PLAIN):
            yield wire_bytes(piece)
        else:
            found = wire_bytes(encode_first(piece, accept)[0])
            yield found if found.endswith(b"\n") or found.startswith(b"\x93NUMPY") else found + b"\n"

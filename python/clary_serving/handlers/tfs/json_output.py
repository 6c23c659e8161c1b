"""Answers as TensorFlow Serving writes them: its layout, and the fewest of 6 or 9 (double: 17) digits that keep a
number."""

from __future__ import annotations

import base64
import json
from typing import Mapping

from .errors import ServingError, invalid

_INDENT = "    "
_LONG = {"float32": "%.9g", "float64": "%.17g", "float16": "%.9g"}


def predictions(outputs: Mapping[str, object]) -> bytes:
    """By rows: {"predictions": [...]}, an object for each row where there are several outputs. Errors: ServingError."""
    if not outputs:
        raise ServingError("Cannot convert empty tensor map to JSON")
    count = None
    for name, array in outputs.items():
        if not array.ndim:
            raise invalid("Tensor name: ", name, " has no shape information ")
        if count is not None and count != array.shape[0]:
            raise invalid("Tensor name: ", name, " has inconsistent batch size: ", array.shape[0], " expecting: ", count)
        count = array.shape[0]
    texts = {name: _texts(name, array, 2 if len(outputs) == 1 else 3) for name, array in outputs.items()}
    if len(outputs) == 1:
        rows = [_single_line(row) for row in next(iter(texts.values()))]
        inside = ", ".join(rows) + ("\n" + _INDENT if rows else "")
    else:
        names = [(json.dumps(name, ensure_ascii=False), rows) for name, rows in texts.items()]
        objects = [",\n".join(f"{_INDENT * 3}{name}: {_single_line(rows[at])}" for name, rows in names)
                   for at in range(count or 0)]
        inside = ",".join(f"\n{_INDENT * 2}{{\n{one}\n{_INDENT * 2}}}" for one in objects) + ("\n" + _INDENT if objects else "")
    return _bytes(f'{{\n{_INDENT}"predictions": [{inside}]\n}}')


def columns(outputs: Mapping[str, object]) -> bytes:
    """By columns: {"outputs": ...}. Errors: ServingError."""
    if not outputs:
        raise ServingError("Cannot convert empty tensor map to JSON")
    if len(outputs) == 1:
        name, array = next(iter(outputs.items()))
        return _bytes(f'{{\n{_INDENT}"outputs": {_lines(_texts(name, array, 0), 1)}\n}}')
    members = [f"{_INDENT * 2}{json.dumps(name, ensure_ascii=False)}: {_lines(_texts(name, array, 0), 2)}"
               for name, array in outputs.items()]
    return _bytes("{{\n{0}\"outputs\": {{\n{1}\n{0}}}\n}}".format(_INDENT, ",\n".join(members)))


def results(rows: list[str]) -> bytes:
    """{"results": [...]} of classify: a row is one line."""
    return _bytes('{{\n{0}"results": [{1}\n{0}]\n}}'.format(_INDENT, ", ".join(rows)))


def regressions(numbers: list[str]) -> bytes:
    return _bytes('{{\n{}"results": [{}]\n}}'.format(_INDENT, ", ".join(numbers)))


def numbers(array) -> list[str]:
    """Floats as text."""
    import numpy

    flat = array.ravel()
    texts = [f"{value:.6g}" for value in flat.tolist()]
    back = numpy.array([float(text) for text in texts]).astype(flat.dtype)
    long = _LONG[str(flat.dtype)]
    for at in numpy.flatnonzero(back != flat):
        texts[at] = long % flat[at]
    return [text if "." in text or "e" in text else _plain(text) for text in texts]


def _plain(text: str) -> str:
    return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(text) or text + ".0"


def _texts(name: str, array, level: int):
    """Nested lists of the values' texts, a text where there is no axis. level: of indentation around a base64 object."""
    import numpy

    if array.dtype.kind == "f" and str(array.dtype) in _LONG:
        flat = numbers(array)
    elif array.dtype.kind in "iu":
        flat = list(map(str, array.ravel().tolist()))
    elif array.dtype.kind == "b":
        flat = ["true" if value else "false" for value in array.ravel().tolist()]
    elif array.dtype.kind in "OSU":
        flat = [_string(value, name.endswith("_bytes"), level) for value in array.ravel().tolist()]
    elif str(array.dtype) == "bfloat16":
        flat = numbers(array.astype(numpy.float32))
    else:
        raise invalid("Failed to write JSON value for tensor type: ", array.dtype)
    if not array.ndim:
        return flat[0]
    filled = numpy.empty(len(flat), dtype=object)
    filled[:] = flat
    return filled.reshape(array.shape).tolist()


def _string(value, as_bytes: bool, level: int) -> str:
    data = value if isinstance(value, bytes) else str(value).encode("utf-8")
    if not as_bytes:
        return json.dumps(data.decode("utf-8", "surrogateescape"), ensure_ascii=False)
    inner, outer = _INDENT * (level + 1), _INDENT * level
    return f'{{\n{inner}"b64": "{base64.b64encode(data).decode()}"\n{outer}}}'


def _single_line(value) -> str:
    return value if isinstance(value, str) else "[" + ", ".join(map(_single_line, value)) + "]"


def _lines(value, level: int) -> str:
    if isinstance(value, str):
        return value
    if not value:
        return "[]"
    inner = "\n" + _INDENT * (level + 1)
    return "[" + ",".join(inner + _lines(one, level + 1) for one in value) + "\n" + _INDENT * level + "]"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")

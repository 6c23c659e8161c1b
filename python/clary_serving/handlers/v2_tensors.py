"""Tensors of the V2 inference protocol: its datatypes, and JSON values to arrays and back."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Callable, Iterable, NamedTuple

from .answer import Refused

DATATYPES = {"BOOL": "bool", "UINT8": "uint8", "UINT16": "uint16", "UINT32": "uint32", "UINT64": "uint64", "INT8": "int8",
             "INT16": "int16", "INT32": "int32", "INT64": "int64", "FP16": "float16", "FP32": "float32", "FP64": "float64",
             "BYTES": "string"}
_NAMES = {dtype: name for name, dtype in DATATYPES.items()}
_KINDS = {"b": "b", "u": "iu", "i": "iu", "f": "iuf"}  # of the type asked for: kinds that JSON's values may have
_MOST_VALUES = 1 << 31


class V2Error(Refused):
    """Answered as {"error": message}."""


class Model(NamedTuple):
    """What the protocol needs of a model. inputs, outputs: with name, dtype (numpy's, "string" for bytes) and shape (None: any);
    empty where the model does not say. run: arrays by name -> arrays by name.
    version: the one that answers, of versions."""

    name: str
    platform: str
    inputs: Iterable[Any]
    outputs: Iterable[Any]
    run: Callable[[dict], dict]
    version: str = "1"
    versions: tuple[str, ...] = ("1",)


def datatype_of(dtype: str) -> str:
    return _NAMES.get(dtype, dtype.upper())


def described(tensors) -> list[dict]:
    return [{"name": one.name, "datatype": datatype_of(one.dtype), "shape": [-1] if one.shape is None else list(one.shape)}
            for one in tensors]


def array_of(where: str, tensor: dict):
    """The array of one element of `inputs`. Errors: V2Error."""
    import numpy

    for key, kind, told in (("name", str, "a string"), ("shape", list, "a list"), ("datatype", str, "a string")):
        if not isinstance(tensor.get(key), kind):
            raise V2Error(f"{where}: '{key}' must be {told}")
    shape, datatype = tensor["shape"], tensor["datatype"]
    if datatype not in DATATYPES:
        raise V2Error(f"{where}: datatype {datatype!r}: one of {', '.join(DATATYPES)}")
    if not all(type(size) is int and 0 <= size < 1 << 63 for size in shape) or len(shape) > 32:
        raise V2Error(f"{where}: shape {shape}: sizes must be whole numbers from 0 to 2^63 - 1, 32 of them at most")
    parameters = tensor.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise V2Error(f"{where}: 'parameters' must be an object")
    if "binary_data_size" in parameters:
        raise V2Error(f"{where}: binary data is not spoken here; 'data' must be a list")
    if "data" not in tensor:
        raise V2Error(f"{where}: 'data' is missing")
    count = 1
    for size in shape:
        count *= size
    flat = _flat(tensor["data"]) if isinstance(tensor["data"], list) else [tensor["data"]]
    if count != len(flat) or count > _MOST_VALUES:
        raise V2Error(f"{where}: shape {shape} has {count} values, 'data' has {len(flat)}")
    if datatype == "BYTES":
        found = _bytes(where, flat, parameters.get("content_type") == "base64")
    else:
        found = _numbers(where, flat, datatype, numpy.dtype(DATATYPES[datatype]))
    try:
        return found.reshape(shape)
    except ValueError:  # without values, but with sizes whose product numpy cannot hold
        raise V2Error(f"{where}: shape {shape} is beyond what an array may have") from None


def _numbers(where: str, flat: list, datatype: str, dtype):
    import numpy

    wanted = {bool} if dtype.kind == "b" else {int, float} if dtype.kind == "f" else {int}
    odd = next((one for one in flat if type(one) not in wanted), None) if not set(map(type, flat)) <= wanted else None
    if odd is not None or None in flat:
        raise V2Error(f"{where}: {_shown(odd)} is no {datatype}")
    if dtype.kind in "iu" and flat:
        limits = numpy.iinfo(dtype)
        for one in (min(flat), max(flat)):
            if not limits.min <= one <= limits.max:
                raise V2Error(f"{where}: {one} does not fit {datatype}")
    try:
        return numpy.array(flat, dtype=dtype)
    except OverflowError:
        raise V2Error(f"{where}: a number does not fit {datatype}") from None


def _bytes(where: str, flat: list, encoded: bool):
    import numpy

    found = numpy.empty(len(flat), dtype=object)
    for at, one in enumerate(flat):
        if not isinstance(one, str):
            raise V2Error(f"{where}: {_shown(one)} is no BYTES: a string is wanted")
        try:
            found[at] = base64.b64decode(one, validate=True) if encoded else one.encode("utf-8", "surrogatepass")
        except (binascii.Error, ValueError):
            raise V2Error(f"{where}: a value that is not base64") from None
    return found


def _flat(data: list) -> list:
    """Nested lists in the order of their values."""
    while any(isinstance(one, list) for one in data):
        data = [inner for one in data for inner in (one if isinstance(one, list) else [one])]
    return data


def _shown(value) -> str:
    import json

    text = json.dumps(value)
    return text if len(text) <= 80 else text[:80] + "..."


def tensor_of(name: str, array) -> dict:
    """An element of `outputs`. Bytes that are no UTF-8 are base64, and the parameters say so. Errors: V2Error."""
    import numpy

    array = numpy.asarray(array)
    if array.dtype.kind in "OSU":
        texts, encoded = _texts(name, array.ravel().tolist())
        found = {"name": name, "shape": list(array.shape), "datatype": "BYTES", "data": texts}
        return {**found, "parameters": {"content_type": "base64"}} if encoded else found
    if str(array.dtype) not in _NAMES:
        raise V2Error(f"output {name!r}: the protocol has no datatype for {array.dtype}", 500)
    return {"name": name, "shape": list(array.shape), "datatype": _NAMES[str(array.dtype)], "data": array.ravel().tolist()}


def _texts(name: str, values: list) -> tuple[list[str], bool]:
    if not all(isinstance(one, (str, bytes)) for one in values):
        raise V2Error(f"output {name!r} holds objects, which are no tensor", 500)
    raw = [one.encode("utf-8", "surrogatepass") if isinstance(one, str) else one for one in values]
    try:
        return [one.decode("utf-8") for one in raw], False
    except UnicodeDecodeError:
        return [base64.b64encode(one).decode() for one in raw], True

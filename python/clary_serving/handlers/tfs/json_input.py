"""Tensors of a predict request: `instances`, a row for each, or `inputs`, a column for each name. What cannot be a tensor is
refused in TensorFlow Serving's words."""

from __future__ import annotations

from typing import Mapping

from .errors import INVALID_ARGUMENT, ServingError, invalid
from .json_text import from_base64, is_base64, shown, type_name
from .session import Tensor, array

_WHOLE = {"int8": (-(1 << 7), (1 << 7) - 1), "int16": (-(1 << 15), (1 << 15) - 1), "int32": (-(1 << 31), (1 << 31) - 1),
          "int64": (-(1 << 63), (1 << 63) - 1), "uint8": (0, (1 << 8) - 1), "uint16": (0, (1 << 16) - 1),
          "uint32": (0, (1 << 32) - 1), "uint64": (0, (1 << 64) - 1)}
# Largest number, and largest whole number that keeps its value.
_DECIMAL = {"float16": (65504.0, (1 << 11) - 1), "float32": (3.4028234663852886e38, (1 << 24) - 1),
            "float64": (1.7976931348623157e308, (1 << 53) - 1)}
_INFINITE = float("inf")


def tensors_of(document: dict, inputs: Mapping[str, Tensor]) -> tuple[dict[str, object], bool]:
    """Arrays by name, and whether the request is by rows. Errors: ServingError."""
    rows, columns = "instances" in document, "inputs" in document
    if rows and columns:
        raise _malformed(document, "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ")
    if rows:
        instances = document["instances"]
        if not isinstance(instances, list):
            raise _malformed(document, "Excepting 'instances' to be an list/array")
        if not instances:
            raise _malformed(document, "No values in 'instances' array")
        return _of_rows(instances, inputs), True
    if columns:
        return _of_columns(document["inputs"], inputs), False
    raise ServingError("Missing 'inputs' or 'instances' key")


def _of_rows(instances: list, inputs: Mapping[str, Tensor]) -> dict[str, object]:
    if not isinstance(instances[0], dict) and len(inputs) > 1:
        raise ServingError("instances is a plain list, but expecting list of objects as multiple input tensors required as per "
                           "tensorinfo_map")
    if not _is_named(instances[0]):
        named = next((index for index, one in enumerate(instances) if _is_named(one)), None)
        if named is not None:
            raise invalid("Expecting value/list but got object at item ", named, " of input list")
        tensor = next(iter(inputs.values()))
        return {tensor.name: _rows(instances, tensor, "")}
    for index, one in enumerate(instances):
        if not _is_named(one):
            raise invalid("Expecting object but got list at item ", index, " of input list")
        for name in one:
            if name not in inputs:
                raise _in_row(index, f" key: {name}", f"JSON object: does not have named input: {name}")
        if len(one) != len(inputs):
            raise invalid("Failed to process element: ", index, " of 'instances' list. JSON object: ", shown(one),
                          " keys must be equal to: ", ",".join(sorted(inputs)))
    return {name: _rows([one[name] for one in instances], tensor, f" key: {name}") for name, tensor in inputs.items()}


def _rows(values: list, tensor: Tensor, where: str):
    """Every row is a tensor of one and the same shape."""
    found = _at_once(values, tensor)
    if found is not None:
        return found
    arrays, shape = [], None
    for index, value in enumerate(values):
        try:
            one, own_shape = tensor_of(value, tensor)
        except ServingError as error:
            raise _in_row(index, where, error.message) from None
        if shape is not None and shape != own_shape:
            size, own_size = _size(shape), _size(own_shape)
            told = (f"Expecting tensor size: {size} but got: {own_size}" if size != own_size else
                    f"Expecting shape {_shape_text(shape)} but got: {_shape_text(own_shape)}")
            raise _in_row(index, where, told)
        shape = own_shape
        arrays.append(one)
    import numpy

    return numpy.stack(arrays)


def _of_columns(value, inputs: Mapping[str, Tensor]) -> dict[str, object]:
    if not _is_named(value):
        if len(inputs) > 1:
            raise ServingError("inputs is a plain value/list, but expecting an object as multiple input tensors required as per "
                               "tensorinfo_map")
        tensor = next(iter(inputs.values()))
        return {tensor.name: _whole(value, tensor)}
    for name in inputs:
        if name not in value:
            raise invalid("Missing named input: ", name, " in 'inputs' object.")
    return {name: _whole(value[name], tensor) for name, tensor in inputs.items()}


def _whole(value, tensor: Tensor):
    found = _at_once(value, tensor)
    return tensor_of(value, tensor)[0] if found is None else found


def _at_once(values, tensor: Tensor):
    """The array, by numpy alone; None where the values are to be looked at one by one."""
    import numpy

    if tensor.dtype not in _DECIMAL and tensor.dtype not in _WHOLE:
        return None
    try:
        found = numpy.array(values)
    except (ValueError, OverflowError):
        return None
    if found.size == 0 or found.dtype.kind not in ("iu" if tensor.dtype in _WHOLE else "iuf") or _has_bool(values):
        return None
    with numpy.errstate(all="ignore"):
        least, most = found.min(), found.max()
    if tensor.dtype in _WHOLE:
        low, high = _WHOLE[tensor.dtype]
        return found.astype(tensor.dtype) if low <= int(least) and int(most) <= high else None
    limit = _DECIMAL[tensor.dtype][1]
    return found.astype(tensor.dtype) if -limit <= least and most <= limit else None


def _has_bool(values) -> bool:
    """Whether true or false stands among numbers: numpy takes them for 1 and 0."""
    if isinstance(values, list):
        if values and isinstance(values[0], list):
            return any(map(_has_bool, values))
        return bool in set(map(type, values))
    return isinstance(values, bool)


def tensor_of(value, tensor: Tensor) -> tuple[object, tuple[int, ...]]:
    """One value as an array, and its shape. Errors: ServingError that names what does not fit."""
    shape, inner = [], value
    while isinstance(inner, list):
        shape.append(len(inner))
        inner = inner[0] if inner else None
        if not shape[-1]:
            break
    flat: list = []
    _fill(value, 0, shape, tensor, flat)
    import numpy

    filled = numpy.empty(len(flat), dtype=object)
    filled[:] = flat
    return array(filled.reshape(shape) if shape else flat[0], tensor).reshape(shape), tuple(shape)


def _fill(value, level: int, shape: list, tensor: Tensor, flat: list) -> None:
    if not isinstance(value, list):
        if level != len(shape):
            raise invalid("JSON Value: ", shown(value), " found at incorrect level: ", level + 1,
                          " in the JSON DOM. Expected at level: ", len(shape))
        flat.append(_scalar(value, tensor))
        return
    if level >= len(shape):
        raise invalid("Encountered list at unexpected level: ", level, " expected < ", len(shape))
    if len(value) != shape[level]:
        raise invalid("Encountered list at unexpected size: ", len(value), " at level: ", level, " expected size: ", shape[level])
    for one in value:
        _fill(one, level + 1, shape, tensor, flat)


def _scalar(value, tensor: Tensor):
    dtype = tensor.dtype
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if dtype in _DECIMAL and number:
        most, most_whole = _DECIMAL[dtype]
        fits = abs(value) <= most_whole if isinstance(value, int) else (
            value != value or abs(value) == _INFINITE or abs(value) <= most)
        if not fits:
            raise invalid("Cannot convert JSON value: ", shown(value), " to ", tensor.dtype_text, " without loss of precision.")
        return value
    if dtype in _WHOLE and number and isinstance(value, int) and _WHOLE[dtype][0] <= value <= _WHOLE[dtype][1]:
        return value
    if dtype == "bool" and isinstance(value, bool):
        return value
    if dtype == "string" and isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if dtype == "string" and isinstance(value, dict):
        return from_base64(value)
    if dtype not in _DECIMAL and dtype not in _WHOLE and dtype not in ("bool", "string"):
        raise ServingError(f"Conversion of JSON Value: {shown(value)} to type: {tensor.dtype_text}", 12)
    raise invalid("JSON Value: ", shown(value), " Type: ", type_name(value), " is not of expected type: ", tensor.dtype_text)


def _is_named(value) -> bool:
    return isinstance(value, dict) and not is_base64(value)


def _in_row(index: int, where: str, told: str) -> ServingError:
    return ServingError(f"Failed to process element: {index}{where} of 'instances' list. Error: INVALID_ARGUMENT: {told}",
                        INVALID_ARGUMENT)


def _malformed(document: dict, told: str) -> ServingError:
    return invalid("JSON Value: ", shown(document), " ", told)


def _size(shape) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def _shape_text(shape) -> str:
    return "[" + ",".join(map(str, shape)) + "]"

"""Predictions to response bodies, as SageMaker's inference toolkit encodes them."""

import io
import json

from . import content_types
from .errors import UnsupportedFormatError


def encode(array_like, content_type):
    """JSON and CSV give str, NPY gives bytes. Errors: UnsupportedFormatError; TypeError and ValueError where the value has no
    such form."""
    write = _WRITERS.get(content_type)
    if write is None:
        raise UnsupportedFormatError(content_type)
    return write(array_like)


def to_json(value):
    """Arrays and tensors wherever they stand in the value become lists."""
    return json.dumps(value, default=_as_list)


def _as_list(value):
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _csv(array_like):
    import numpy

    stream = io.StringIO()
    numpy.savetxt(stream, array_like, delimiter=",", fmt="%s")
    return stream.getvalue()


def _npy(array_like):
    import numpy

    stream = io.BytesIO()
    numpy.save(stream, array_like)
    return stream.getvalue()


_WRITERS = {content_types.JSON: to_json, content_types.CSV: _csv, content_types.NPY: _npy}
SUPPORTED_CONTENT_TYPES = set(_WRITERS)

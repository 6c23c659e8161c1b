"""Request bodies to arrays, as SageMaker's inference toolkit decodes them. The environment's numpy does the work, and scipy
for sparse matrices; neither is imported before a body asks for it."""

import io
import json

from . import content_types, csv_text, npy
from .errors import UnsupportedFormatError


def decode(obj, content_type):
    """obj: str, bytes or memoryview. Errors: UnsupportedFormatError; what the format's own reader raises."""
    read = _READERS.get(content_type)
    if read is None:
        raise UnsupportedFormatError(content_type)
    return read(obj)


def _json(text):
    import numpy

    return numpy.array(json.loads(bytes(text) if isinstance(text, memoryview) else text))


def _npz(body):
    import scipy.sparse

    return scipy.sparse.load_npz(io.BytesIO(body))


_READERS = {
    content_types.JSON: _json,
    content_types.CSV: csv_text.read,
    content_types.NPY: npy.read,
    content_types.NPZ: _npz,
}
SUPPORTED_CONTENT_TYPES = set(_READERS)

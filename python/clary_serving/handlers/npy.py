"""NPY bodies. An array of plain numbers is copied once, straight out of the body; its size is checked against the body
before anything is allocated. Python objects (pickles run code as they are read) are refused unless asked for with
CLARY_SERVING_ALLOW_PICKLE=true in the environment."""

import ast
import functools
import io
import os

_MAGIC = b"\x93NUMPY"
_HEADER_LIMIT = 10_000  # bytes: a header is an expression to be parsed
_ASK = "set CLARY_SERVING_ALLOW_PICKLE=true in the model's environment to read pickles"


def read(body):
    """The array in a body (bytes or memoryview), writable and independent of it.
    Errors: ValueError with a sentence."""
    view = memoryview(body)
    if bytes(view[:6]) != _MAGIC:
        return _read_other(view)
    start = 10 if len(view) > 6 and view[6] == 1 else 12
    length = int.from_bytes(view[8:start], "little")
    if len(view) < start + length:
        raise ValueError("application/x-npy: the body ends within the header")
    if length > _HEADER_LIMIT:
        raise ValueError(f"application/x-npy: a header of {length} bytes; {_HEADER_LIMIT} at most")
    dtype, fortran_order, shape, count = _layout(bytes(view[start:start + length]), int(view[6]))
    if dtype.hasobject:
        return _read_pickle(view, "the array holds Python objects")
    return _copy(view[start + length:], dtype, fortran_order, shape, count)


def _copy(data, dtype, fortran_order, shape, count):
    import numpy

    if count * dtype.itemsize > len(data):
        raise ValueError(f"application/x-npy: shape {shape} of {dtype} takes {count * dtype.itemsize} bytes, "
                         f"the body has {len(data)}")
    if count * dtype.itemsize == 0:
        return numpy.zeros(shape, dtype)
    flat = numpy.frombuffer(data, dtype, count).copy()
    return flat.reshape(shape[::-1]).transpose() if fortran_order else flat.reshape(shape)


@functools.lru_cache(maxsize=64)  # requests of one client have the same header, or one of a few
def _layout(header, version):
    """dtype, Fortran order, shape, number of elements."""
    from numpy.lib import format as npy_format

    try:
        fields = ast.literal_eval(header.decode("utf-8" if version >= 3 else "latin-1").strip())
        dtype = npy_format.descr_to_dtype(fields["descr"])
        fortran_order, shape = fields["fortran_order"], fields["shape"]
        whole = isinstance(shape, tuple) and all(type(size) is int and size >= 0 for size in shape)
    except (ValueError, SyntaxError, TypeError, KeyError, AttributeError, RecursionError, MemoryError) as error:
        raise ValueError(f"application/x-npy: the header cannot be read: {error}") from None
    if not whole or len(shape) > 32 or not isinstance(fortran_order, bool):
        raise ValueError(f"application/x-npy: the header has shape {shape!r}, fortran_order {fortran_order!r}")
    count = 1
    for size in shape:
        count *= size
    return dtype, fortran_order, shape, count


def _read_other(view):
    if bytes(view[:2]) == b"PK":  # an NPZ archive, as numpy.load takes it
        import numpy

        return numpy.load(io.BytesIO(view), allow_pickle=False)
    return _read_pickle(view, "the body is not an NPY array")


def _read_pickle(view, found):
    import numpy

    if os.environ.get("CLARY_SERVING_ALLOW_PICKLE", "").lower() not in ("true", "1"):
        raise ValueError(f"application/x-npy: {found}; {_ASK}")
    return numpy.load(io.BytesIO(view), allow_pickle=True)

"""Bodies of the tables, and how a table names what came back."""

import io

import numpy

JSON, CSV, NPY, NPZ = "application/json", "text/csv", "application/x-npy", "application/x-npz"


def npy(dtype, values) -> bytes:
    out = io.BytesIO()
    numpy.save(out, numpy.array(values, dtype))
    return out.getvalue()


def seen(answer) -> str:
    """The body as a table states it: an NPY array by type, shape and values, anything else as text."""
    if not answer.body.startswith(b"\x93NUMPY"):
        return answer.text
    array = numpy.load(io.BytesIO(answer.body), allow_pickle=True)
    return f"npy {array.dtype.str if array.dtype.kind in 'US' else array.dtype} {array.shape} {array.tolist()}"


def unsupported(content_type) -> str:
    return (f"Content type {content_type} is not supported by this framework.\n\n"
            "            Please implement input_fn to to deserialize the request data or an output_fn to\n"
            "            serialize the response. For more information, see the SageMaker Python SDK README.")


def fails_with(answer, message: str, status: int = 500, phrase: str | None = None) -> None:
    """An exception's answer: message, then traceback; the phrase is the message on one line; no Content-Type."""
    assert answer.status == status
    assert answer.text.startswith(message), answer.text
    assert "\nTraceback (most recent call last):\n" in answer.text
    assert answer.content_type is None
    told = answer.text[:answer.text.index("\nTraceback (most recent")]
    assert answer.phrase == (phrase or told.replace("\n", " ").replace("\r", " "))

"""NPY bodies that lie about themselves, and pickles, which run code as they are read."""

import json
import os
import pickle
import struct

import numpy
import pytest
from bodies import JSON, NPY, fails_with, npy

REFUSED = "application/x-npy: "
ASK = "; set CLARY_SERVING_ALLOW_PICKLE=true in the model's environment to read pickles\n"


def header(text: str, data: bytes = b"", version: int = 1) -> bytes:
    size = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + size + text.encode() + data


def layout(shape: str, descr: str = "'<f4'", order: str = "False") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}}}"


class Bomb:
    """Unpickled, it makes a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.fixture
def identity(model):
    return model.script("import torch\ndef model_fn(model_dir): return torch.nn.Identity()\n")


LIES = [
    (header(layout("(1000000000000,)"), b"1234"), "shape (1000000000000,) of float32 takes 4000000000000 bytes, the body has 4"),
    (header(layout("(2,)"), b"1234"), "shape (2,) of float32 takes 8 bytes, the body has 4"),
    (header(layout("(10**3,)")), "the header cannot be read"),
    (header(layout("(-1,)"), b"1234"), "the header has shape (-1,), fortran_order False"),
    (header(layout("(-1, -1)"), b"1234"), "the header has shape (-1, -1)"),
    (header(layout("(True,)"), b"1234"), "the header has shape (True,)"),
    (header(layout("3"), b"1234"), "the header has shape 3"),
    (header(layout("(1,)", order="1"), b"1234"), "the header has shape (1,), fortran_order 1"),
    (header(layout("(" + "1," * 33 + ")"), b"1234"), "the header has shape"),
    (header(layout("(1,)", "'no'"), b"1234"), "the header cannot be read"),
    (header("{}"), "the header cannot be read"),
    (header("[" * 5000), "the header cannot be read"),
    (header("__import__('os').abort()"), "the header cannot be read"),
    (header(" " * 20000, version=2), "a header of 20000 bytes; 10000 at most"),
    (b"\x93NUMPY\x01\x00", "the body ends within the header"),
    (b"\x93NUMPY", "the body ends within the header"),
    (npy("f4", [1])[:40], "the body ends within the header"),
    (b"garbage", "the body is not an NPY array" + ASK),
    (b"", "the body is not an NPY array" + ASK),
    (npy(object, [None, 1]), "the array holds Python objects" + ASK),
]


@pytest.mark.parametrize("body, message", LIES)
def test_a_body_that_lies_is_refused(identity, body, message):
    fails_with(identity.ask(body, NPY, JSON), REFUSED + message)


def test_a_pickle_is_not_read_unasked(identity, tmp_path):
    objects = numpy.empty(1, object)
    objects[0] = Bomb(tmp_path / "array")
    for body in (pickle.dumps(Bomb(tmp_path / "bare")), npy(object, objects)):
        assert identity.ask(body, NPY, JSON).text.split("\n")[0].endswith(ASK.strip())
    assert not (tmp_path / "bare").exists() and not (tmp_path / "array").exists()


def test_pickles_may_be_asked_for(identity):
    identity.environ["CLARY_SERVING_ALLOW_PICKLE"] = "true"
    fails_with(identity.ask(npy(object, [None]), NPY, JSON), "can't convert np.ndarray of type numpy.object_. The only supported")
    fails_with(identity.ask("garbage", NPY, JSON), "Failed to interpret file <_io.BytesIO object at 0x")


@pytest.mark.parametrize("array", [
    numpy.asfortranarray([[1.0, 2.0], [3.0, 4.0]]), numpy.float32(3), numpy.zeros((0, 3)), numpy.array([True, False]),
    numpy.ones((2, 1, 3), "u1"),
])
def test_every_layout_is_read(identity, array):
    assert identity.ask(npy(None, array), NPY, JSON).text == json.dumps(array.tolist())


def test_an_array_of_a_body_may_be_written_to(model):
    model.environ["CLARY_SERVING_FRAMEWORK"] = "base"  # predict_fn gets numpy's array
    model.script("def model_fn(model_dir): return None\ndef predict_fn(data, model):\n    data += 1\n    return data\n")
    assert model.ask(npy("f4", [1]), NPY, JSON).text == "[2.0]"

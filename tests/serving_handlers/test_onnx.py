"""ONNX models: the default functions on a session that needs no onnxruntime, and on a real one."""

import io
import json
import sys

import numpy
import pytest
from bodies import CSV, JSON, NPY, npy
from clary_serving.handlers import v2
from clary_serving.handlers.default_onnx_handler import DefaultOnnxHandler
from clary_serving.handlers.errors import BaseInferenceToolkitError
from clary_serving.handlers.routes import INFER, METADATA, V2, Route

from conftest import Model, running


class Node:
    def __init__(self, name, type_, shape):
        self.name, self.type, self.shape = name, type_, shape


class FakeSession:
    """One input: y = 2x + 1. Two: their sum and their names' count."""

    def __init__(self, *inputs):
        self._inputs = [Node(*one) for one in inputs or [("x", "tensor(float)", ["N", 2])]]

    def get_inputs(self):
        return self._inputs

    def get_outputs(self):
        names = ["y"] if len(self._inputs) == 1 else ["sum", "count"]
        return [Node(name, "tensor(float)", ["N", 2]) for name in names]

    def run(self, names, feed):
        arrays = list(feed.values())
        if len(arrays) == 1:
            return [arrays[0] * arrays[0].dtype.type(2) + arrays[0].dtype.type(1)]
        return [arrays[0] + arrays[1], numpy.array([len(feed)])]


TWO = (("a", "tensor(float)", ["N"]), ("b", "tensor(int64)", ["N"]))


def answer(session, body, content_type=JSON, accept=JSON):
    handler = DefaultOnnxHandler()
    found = handler.default_predict_fn(handler.default_input_fn(body, content_type), session)
    return handler.default_output_fn(found, accept)


@pytest.mark.parametrize("body, content_type, expected", [
    ("[[1, 2], [3, 4]]", JSON, "[[3.0, 5.0], [7.0, 9.0]]"), ('{"x": [[1, 2]]}', JSON, "[[3.0, 5.0]]"),
    ("1,2", CSV, "[[3.0, 5.0]]"), ("1,2.5\n3,4\n", CSV, "[[3.0, 6.0], [7.0, 9.0]]"), (npy("f8", [[1, 2]]), NPY, "[[3.0, 5.0]]")])
def test_bodies(body, content_type, expected):
    assert answer(FakeSession(), body, content_type) == expected


def test_forms_of_answers():
    assert answer(FakeSession(), "[[1, 2]]", accept=CSV) == b"3.0,5.0\n"
    array = numpy.load(io.BytesIO(answer(FakeSession(), "[[1, 2]]", accept=NPY)))
    assert array.dtype == numpy.float32 and array.tolist() == [[3.0, 5.0]]


def test_several_inputs_and_outputs_have_names():
    assert answer(FakeSession(*TWO), '{"a": [1.5], "b": [2]}') == '{"sum": [3.5], "count": [2]}'


@pytest.mark.parametrize("inputs, body, accept, message", [
    (TWO, "[1]", JSON, "the model has the inputs a, b: a JSON object of them is wanted"),
    (TWO, '{"a": [1]}', JSON, "the input 'b' is missing"),
    (TWO, '{"a": [1], "b": [1], "c": 1}', JSON, "no input 'c': the model has a, b"),
    (TWO, '{"a": [1], "b": [1.5]}', JSON, "input 'b' wants int64: a value does not fit"),
    (TWO, '{"a": ["x"], "b": [1]}', JSON, "input 'a' wants float32, not <U1"),
    (TWO, '{"a": [1], "b": [1]}', CSV, "the model has the outputs sum, count: only application/json holds several"),
    ((), "[1, 2]", JSON, "input 'x' has the shape [-1, 2], not [2]"),
    ((), "[[1, 2, 3]]", JSON, "input 'x' has the shape [-1, 2], not [1, 3]"),
    ((), '{"x": [[1], [2, 3]]}', JSON, "setting an array element with a sequence.")])
def test_what_does_not_fit_is_400(inputs, body, accept, message):
    with pytest.raises(BaseInferenceToolkitError) as refused:
        answer(FakeSession(*inputs), body, accept=accept)
    assert refused.value.status_code == 400 and str(refused.value.message).startswith(message)


def test_the_v2_protocol_knows_the_models_tensors():
    handler = DefaultOnnxHandler()
    session = FakeSession(*TWO)
    model = handler.tensor_model("m", session, lambda data: handler.default_predict_fn(data, session), None)

    def ask(verb, body=b""):
        found = v2.answer(lambda *_: model, Route(V2, "m", verb=verb), body)
        return found.status, json.loads(found.body)

    assert ask(METADATA)[1]["inputs"] == [{"name": "a", "datatype": "FP32", "shape": [-1]},
                                          {"name": "b", "datatype": "INT64", "shape": [-1]}]
    tensors = [{"name": "a", "shape": [1], "datatype": "FP32", "data": [0.5]},
               {"name": "b", "shape": [1], "datatype": "INT64", "data": [2]}]
    assert ask(INFER, json.dumps({"inputs": tensors, "outputs": [{"name": "sum"}]})) == (200, {
        "model_name": "m", "model_version": "1",
        "outputs": [{"name": "sum", "shape": [1], "datatype": "FP64", "data": [2.5]}]})
    assert ask(INFER, json.dumps({"inputs": tensors[:1]})) == (400, {"error": "the input 'b' is missing"})
    assert ask(INFER, json.dumps({"inputs": tensors, "outputs": [{"name": "z"}]}))[1] == {
        "error": "no output 'z': the model has 'sum', 'count'"}


@pytest.mark.parametrize("files, message", [
    (["a.onnx", "b.onnx"], "Exactly one .onnx file is required for ONNX models: ['a.onnx', 'b.onnx']"),
    (["a.onnx"], "a.onnx: the environment has no onnxruntime to run it with")])
def test_what_does_not_load(model, files, message):  # in an environment without onnxruntime
    for name in files:
        model.write(name, "")
    assert model.ask_all()["failure"].text.startswith(message)


SAVE = """
from onnx import TensorProto, helper, save
x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 2])
y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 2])
graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "double", [x], [y])
made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
save(made, {path!r})
"""


@pytest.fixture(scope="module")
def onnx_runner():
    yield from running(sys.executable, "numpy")


def test_a_real_model(onnx_runner, tmp_path):
    model = Model(onnx_runner, tmp_path / "model")
    model.write("notes.txt", "")
    script = tmp_path / "save.py"
    script.write_text(SAVE.format(path=str(tmp_path / "model/double.onnx")))
    onnx_runner({"file": str(script)})
    v2_body = {"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}]}
    done = model.ask_all([("[[1, 2.5]]", JSON, None, {})], [("1,2\n3,4", CSV, CSV, {})], [("[[1]]", JSON, None, {})],
                         [("[]", JSON, None, {})],
                         [(json.dumps(v2_body), None, None, {}, "", "/v2/models/double/infer", "POST")])
    assert done["failure"] is None
    found = done["answers"]
    assert [(one.status, one.text) for one in found[:2]] == [(200, "[[2.0, 5.0]]"), (200, "2.0,4.0\n6.0,8.0\n")]
    assert [one.status for one in found[2:4]] == [400, 400]
    assert json.loads(found[4].body)["outputs"] == [{"name": "y", "shape": [1, 2], "datatype": "FP32", "data": [2.0, 4.0]}]
    (tmp_path / "model/double.onnx").write_bytes(b"no model")
    assert model.ask_all()["failure"].text.startswith("double.onnx: ")

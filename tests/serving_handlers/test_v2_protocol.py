"""The V2 inference protocol: its requests, and models of SageMaker's functions."""

import json

import pytest
from clary_serving.handlers import v2
from clary_serving.handlers.routes import INFER, V2, Route
from clary_serving.handlers.v2_tensors import Model

TENSOR = {"name": "x", "shape": [2], "datatype": "FP32", "data": [1, 2]}


def ask(*tensors, **more):
    """An echo: every input comes back."""
    body = json.dumps({"inputs": list(tensors), **more})
    found = v2.answer(lambda name, version: Model(name, "echo", (), (), dict), Route(V2, "m", verb=INFER), body.encode())
    return found.status, json.loads(found.body)


@pytest.mark.parametrize("shape, datatype, data", [
    ([2], "BOOL", [True, False]), ([2], "UINT8", [0, 255]), ([1], "INT64", [-9223372036854775808]), ([1], "UINT64", [1 << 63]),
    ([1, 2], "FP16", [0.5, 2.0]), ([2, 1], "FP64", [0.1, 1e300]), ([1], "BYTES", ["é"]), ([0], "INT32", []), ([], "INT8", [3])])
def test_tensors_come_back_as_they_went(shape, datatype, data):
    assert ask({"name": "x", "shape": shape, "datatype": datatype, "data": data}, id="7") == (200, {
        "id": "7", "model_name": "m", "model_version": "1",
        "outputs": [{"name": "x", "shape": shape, "datatype": datatype, "data": data}]})


def test_data_may_be_nested_and_bytes_may_be_base64():
    nested = {"name": "x", "shape": [2, 2], "datatype": "INT32", "data": [[1, 2], [3, 4]]}
    assert ask(nested)[1]["outputs"][0]["data"] == [1, 2, 3, 4]
    raw = {"name": "x", "shape": [1], "datatype": "BYTES", "data": ["/w=="], "parameters": {"content_type": "base64"}}
    assert ask(raw)[1]["outputs"] == [raw]


BAD = [
    ({"shape": "2"}, "inputs[0]: 'shape' must be a list"), ({"shape": [3]}, "inputs[0]: shape [3] has 3 values, 'data' has 2"),
    ({"shape": [-1]}, "inputs[0]: shape [-1]: sizes must be whole numbers from 0 to 2^63 - 1, 32 of them at most"),
    ({"shape": [10**30, 0], "data": []}, "inputs[0]: shape [1000000"), ({"shape": [10**4000] * 2}, "inputs[0]: shape [1000000"),
    ({"shape": [2**31] * 3 + [0], "data": []}, "inputs[0]: shape [2147483648, 2147483648, 2147483648, 0] is beyond what"),
    ({"shape": [1 << 62, 4]}, "inputs[0]: shape [4611686018427387904, 4] has 18446744073709551616 values, 'data' has 2"),
    ({"datatype": "FP8"}, "inputs[0]: datatype 'FP8': one of BOOL, "),
    ({"datatype": 3}, "inputs[0]: 'datatype' must be a string"),
    ({"name": None}, "inputs[0]: 'name' must be a string"), ({"data": ["a", 1]}, 'inputs[0]: "a" is no FP32'),
    ({"data": [1, None]}, "inputs[0]: null is no FP32"), ({"data": [True, 1]}, "inputs[0]: true is no FP32"),
    ({"datatype": "INT8", "data": [1, 128]}, "inputs[0]: 128 does not fit INT8"),
    ({"datatype": "INT8", "data": [1, 1.5]}, "inputs[0]: 1.5 is no INT8"),
    ({"datatype": "BOOL"}, "inputs[0]: 1 is no BOOL"), ({"datatype": "BYTES"}, "inputs[0]: 1 is no BYTES: a string is wanted"),
    ({"datatype": "BYTES", "data": ["*", "*"], "parameters": {"content_type": "base64"}},
     "inputs[0]: a value that is not base64"),
    ({"parameters": 3}, "inputs[0]: 'parameters' must be an object"),
    ({"parameters": {"binary_data_size": 8}}, "inputs[0]: binary data is not spoken here"),
]


@pytest.mark.parametrize("change, message", BAD)
def test_tensors_that_are_none(change, message):
    status, told = ask({**TENSOR, **change})
    assert status == 400 and told["error"].startswith(message)


@pytest.mark.parametrize("body, message", [
    (b"", "the body is no JSON: "), (b"{", "the body is no JSON: "), (b"[" * 100000, "the body is no JSON: "),
    (b"[]", "the body must be a JSON object"), (b"{}", "'inputs' must be a list of tensors"),
    (b'{"inputs": [1]}', "inputs[0] must be an object"), (b'{"inputs": [{}], "id": 3}', "'id' must be a string"),
    (b'{"inputs": [{}], "outputs": {}}', "'outputs' must be a list")])
def test_bodies_that_are_no_request(body, message):
    found = v2.answer(lambda *_: Model("m", "echo", (), (), dict), Route(V2, "m", verb=INFER), body)
    assert found.status == 400 and json.loads(found.body)["error"].startswith(message)


def test_binary_answers_are_refused():
    assert ask(TENSOR, outputs=[{"name": "x", "parameters": {"binary_data": True}}]) == (
        400, {"error": "outputs[0]: binary data is not spoken here: leave 'binary_data' out"})


def v2_of(model, body, path="/v2/models/any/infer", method="POST"):
    found = model.ask(json.dumps(body), path=path, method=method)
    return found.status, json.loads(found.body)


def test_a_torchscript_model(model, double_plus_one):
    model.write("model.pt", double_plus_one)
    assert v2_of(model, {"inputs": [TENSOR]}) == (200, {
        "model_name": "any", "model_version": "1",
        "outputs": [{"name": "predict", "shape": [2], "datatype": "FP32", "data": [3.0, 5.0]}]})
    assert v2_of(model, {"inputs": [{**TENSOR, "datatype": "BYTES", "data": ["a", "b"]}]}) == (
        400, {"error": "a PyTorch model takes numbers, not BYTES"})
    assert v2_of(model, {"inputs": [TENSOR, {**TENSOR, "name": "z"}]}) == (400, {"error": "the model takes one tensor, not 2"})
    assert v2_of(model, {}, "/v2/models/any/versions/2/ready", "GET")[0] == 404


def test_a_predict_fn_of_the_users(model):
    model.script("def model_fn(d): return 1\ndef predict_fn(data, model): return {'a': data + model, 'b': (data,)}\n")
    assert [one["name"] for one in v2_of(model, {"inputs": [TENSOR]})[1]["outputs"]] == ["a", "b"]


@pytest.mark.parametrize("function", ["def input_fn(body, kind): return body", "def output_fn(value, kind): return value",
                                      "def transform_fn(model, body, kind, accept): return body"])
def test_functions_of_bodies_have_no_tensors(model, function):
    model.script("def model_fn(d): return lambda x: x\n" + function + "\n")
    name = function.split("(")[0][len("def "):]
    assert v2_of(model, {"inputs": [TENSOR]}) == (
        400, {"error": f"the model's own {name} reads or writes bodies: tensors of the V2 protocol do not map on it"})


def test_what_a_model_raises_is_500(model):
    model.script("def model_fn(d): return 1\ndef predict_fn(data, model): raise ValueError('too hot')\n")
    assert v2_of(model, {"inputs": [TENSOR]}) == (500, {"error": "too hot"})


def test_the_server_itself(model, double_plus_one):
    model.write("model.pt", double_plus_one)
    assert v2_of(model, {}, "/v2/health/live", "GET") == (200, {"live": True})
    assert v2_of(model, {}, "/v2/health/ready", "GET") == (200, {"ready": True})
    assert v2_of(model, {}, "/v2", "GET")[1]["name"] == "clary"
    assert v2_of(model, {}, "/v2/models/any", "GET")[1]["platform"] == "pytorch"
    assert v2_of(model, {}, "/v2/models/any/infer", "GET")[0] == 404

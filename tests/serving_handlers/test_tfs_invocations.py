"""SageMaker's container around TensorFlow Serving: /invocations, inference.py, the V2 protocol; on a model that needs no
TensorFlow."""

import json
import sys
import urllib.error
import urllib.request

import pytest
from clary_serving import handlers
from clary_serving.handlers.tfs import catalog, invocations
from fake_saved_model import FakeSavedModel, folder

ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"


@pytest.fixture
def load(tmp_path, monkeypatch):
    """A model of half/3 and half/12, with the text of an inference.py where one is given."""
    monkeypatch.setattr(catalog, "SavedModel", FakeSavedModel)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def make(script: str | None = None, **environ):
        folder(tmp_path, "half/3", "half/12")
        if script is not None:
            (tmp_path / "code").mkdir()
            (tmp_path / "code/inference.py").write_text(script)
        return handlers.load_model(str(tmp_path), environ=environ)

    yield make
    sys.modules.pop("inference", None)


def predictions(model, body, content_type="application/json", **more):
    found = model.invoke(body.encode(), content_type=content_type, **more)
    assert found.status == 200, found.body
    return json.loads(found.body)["predictions"]


@pytest.mark.parametrize("content_type, body, expected", [
    ("application/json", '{"instances": [1.0, 2.0, 5.0]}', [12.5, 13.0, 14.5]),
    ("application/json", "[1.0, 2.0, 5.0]", [[12.5, 13.0, 14.5]]),
    ("application/json", "[[1.0, 2.0], [3.0, 4.0]]", [[12.5, 13.0], [13.5, 14.0]]),
    ("application/json", " [ [1.0]]", [[12.5]]),
    ("application/json", "[1.0, 2.0]\n[3.0, 4.0]", [[12.5, 13.0], [13.5, 14.0]]),
    ("application/json", '{"x": [1.0]}\r\n\n{"x": [3.0]}\n', [[12.5], [13.5]]),
    ("application/json", '{"x": 2.0}', [13.0]),
    ("application/json", "2.0", [13.0]),
    ("application/jsonlines", "[1.0]\n[3.0]", [[12.5], [13.5]]),
    ("application/jsons", "[1.0]\n[3.0]", [[12.5], [13.5]]),
    ("text/csv", "1.0", [12.5]),
    ("text/csv", "0.0,2.0\n", [[12.0, 13.0]]),
    ("text/csv", "1.0\r\n\n2.0", [12.5, 13.0]),
    ("text/csv", "1.0,2.0\n3,4", [[12.5, 13.0], [13.5, 14.0]]),
])
def test_bodies(load, content_type, body, expected):
    assert predictions(load(), body, content_type) == expected


def test_cells_of_text_are_strings():
    assert invocations.from_csv('a,b "c",d\ne') == '{"instances":[["a","b \\"c\\"","d"],"e"]}'
    assert invocations.from_csv('"a","b"\n') == '{"instances":[["a","b"]]}'


@pytest.mark.parametrize("content_type", ["application/x-npy", "text/plain", None, "application/json; charset=utf-8"])
def test_other_types_are_refused(load, content_type):
    found = load().invoke(b"[1]", content_type=content_type)
    assert (found.status, json.loads(found.body)) == (415, {"error": f"Unsupported Media Type: {content_type or 'Unknown'}"})


@pytest.mark.parametrize("body, message", [
    ("whatever", "JSON Parse error: Invalid value. at offset: 14"), ("", "JSON Parse error: The document is empty"),
    ('{"junk": "data"}', "Failed to process element: 0 key: junk of 'instances' list. Error: INVALID_ARGUMENT: "
                         "JSON object: does not have named input: junk")])
def test_bad_bodies(load, body, message):
    found = load().invoke(body.encode(), content_type="application/json")
    assert (found.status, json.loads(found.body)) == (400, {"error": message})


def test_bytes_that_are_no_text(load):
    assert load().invoke(b"\xff", content_type="text/csv").status == 400


@pytest.mark.parametrize("attributes, status, body", [
    ("tfs-model-version=3", 200, {"predictions": [3.0]}),
    ("a=b,tfs-model-name=half,tfs-model-version=3,tfs-method=predict", 200, {"predictions": [3.0]}),
    ("tfs-model-name=nope", 404, {"error": "Servable not found for request: Latest(nope)"}),
    ("tfs-method=explain", 400, {"error": "Malformed request: POST /v1/models/half:explain"}),
    ("tfs-method=regress", 400, {"error": "Expected a regression signature method_name to be tensorflow/serving/regress. "
                                          "Was: tensorflow/serving/predict"})])
def test_custom_attributes_choose(load, attributes, status, body):
    found = load().invoke(b'{"instances": [0]}', content_type="application/json", headers={ATTRIBUTES.lower(): attributes})
    assert (found.status, json.loads(found.body)) == (status, body)


def test_the_answer_has_the_first_accepted_type_and_no_line_breaks(load):
    found = load().invoke(b"[[1.0, 2.0, 5.0]]", content_type="application/json", accept="application/jsonlines, application/json")
    assert (found.content_type, found.body) == ("application/jsonlines", b'{    "predictions": [[12.5, 13.0, 14.5]    ]}')
    assert load().invoke(b"[1.0]", content_type="application/json", accept="image/png").content_type == "application/json"


BOTH = """
import json
def input_handler(data, context):
    assert context.request_content_type == "text/words" and context.content_length == 3
    return json.dumps({"instances": [float(len(data.read()))]})
def output_handler(response, context):
    assert response.ok and response.json() == json.loads(response.text) == json.loads(response.content)
    return response.content.upper(), context.accept_header
"""


def test_input_and_output_handler(load):
    found = load(BOTH).invoke(b"abc", content_type="text/words", accept="text/loud")
    assert (found.status, found.content_type) == (200, "text/loud")
    assert json.loads(found.body) == {"PREDICTIONS": [13.5]}


HANDLER = """
import urllib.request
def handler(data, context):
    fields = [context.model_name, context.model_version, context.method, context.custom_attributes, context.request_content_type,
              context.accept_header, context.content_length, context.grpc_uri]
    with urllib.request.urlopen(urllib.request.Request(context.rest_uri, data.read())) as response:
        return {"model": response.read().decode(), "fields": fields}, "application/mine"
"""


def test_a_handler_asks_the_model_over_http(load):
    attributes = "tfs-model-name=half,tfs-model-version=3,tfs-method=predict"
    found = load(HANDLER).invoke(b'{"instances": [1]}', content_type="x/y", headers={ATTRIBUTES: attributes})
    seen = json.loads(found.body)
    assert found.content_type == "application/mine" and json.loads(seen["model"]) == {"predictions": [3.5]}
    assert seen["fields"] == ["half", "3", "predict", attributes, "x/y", "application/json", 18, None]


def test_the_handlers_address_is_for_the_handler_alone(load):
    model = load("address = None\ndef handler(data, context):\n    return context.rest_uri, 'text/plain'\n")
    uri = model.invoke(b"").body.decode()
    for headers in ({"Host": "evil.example"}, {"Origin": "http://localhost"}):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(uri, b'{"instances": [1]}', headers))
        assert refused.value.code == 403
    with pytest.raises(urllib.error.HTTPError) as wrong:
        urllib.request.urlopen(urllib.request.Request(uri, b"{}"))
    assert (wrong.value.code, json.load(wrong.value)) == (400, {"error": "Missing 'inputs' or 'instances' key"})


@pytest.mark.parametrize("script, message", [
    ("def handler(data, context): raise ValueError('no such thing')", "no such thing"),
    ("def handler(data, context): return 'alone'", "the handler must return a pair: the body and its content type"),
    ("def input_handler(data, context): return {}\ndef output_handler(response, context): return '', ''",
     "input_handler returned dict: the model takes JSON as str or bytes")])
def test_what_a_script_does_wrong(load, script, message):
    found = load(script).invoke(b"[1]", content_type="application/json")
    assert (found.status, json.loads(found.body)) == (500, {"error": message})


@pytest.mark.parametrize("script, message", [
    ("def input_handler(data, context): pass", "Handlers are not implemented correctly in user script."),
    ("import no_such_module", "No module named 'no_such_module'")])
def test_a_script_that_does_not_load(load, script, message):
    assert load(script).failure.body.decode().startswith(message)


def test_the_other_paths_of_a_model(load):
    model = load()
    for path in ("/v1/models/half", "/v1/models/half?a=b"):
        assert b"AVAILABLE" in model.invoke(b"", path=path, method="GET").body
    assert model.invoke(b"", path="/nowhere").status == 404 and model.invoke(b"", method="GET").status == 405
    answers = model.invoke_batch([handlers.Request(b'{"instances": [0]}', path="/v1/models/half/versions/3:predict")])
    assert json.loads(answers[0].body) == {"predictions": [3.0]}


@pytest.mark.parametrize("script, environ, tensorflow", [
    (None, {}, True), ("def model_fn(model_dir): return None", {}, False), (None, {"CLARY_SERVING_FRAMEWORK": "base"}, False),
    ("def handler(data, context): pass", {"CLARY_SERVING_FRAMEWORK": "tensorflow"}, True)])
def test_which_folders_are_tensorflows(load, script, environ, tensorflow):
    assert (type(load(script, **environ)).__name__ == "TensorflowModel") == tensorflow


def test_a_folder_without_a_saved_model_says_so(tmp_path):
    failure = handlers.load_model(str(tmp_path), environ={"CLARY_SERVING_FRAMEWORK": "tensorflow"}).failure
    assert failure.status == 500 and failure.body.startswith(b"no SavedModel bundles found")


def test_the_v2_protocol(load):
    model = load()

    def ask(path, body=None, method="POST"):
        found = model.invoke(json.dumps(body or {}).encode(), path=path, method=method)
        return found.status, json.loads(found.body)

    tensor = {"name": "x", "shape": [2, 1], "datatype": "FP32", "data": [0, 1]}
    assert ask("/v2/models/half/versions/3/infer", {"id": "a", "inputs": [tensor]}) == (200, {
        "id": "a", "model_name": "half", "model_version": "3",
        "outputs": [{"name": "y", "shape": [2, 1], "datatype": "FP32", "data": [3.0, 3.5]}]})
    assert ask("/v2/models/half", method="GET") == (200, {
        "name": "half", "versions": ["12", "3"], "platform": "tensorflow_savedmodel",
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1]}],
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1]}]})
    assert ask("/v2/models/nope/infer", {"inputs": [tensor]}) == (404, {"error": "Servable not found for request: Latest(nope)"})
    assert ask("/v2/models/half/versions/7/ready", method="GET")[0] == 404
    assert ask("/v2/models/half/infer", {"inputs": [{**tensor, "datatype": "INT32"}]}) == (
        400, {"error": "input 'x' is FP32, not INT32"})

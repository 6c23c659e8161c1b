"""TensorFlow Serving's REST contract, on a model that needs no TensorFlow."""

import json

import pytest
from clary_serving.handlers.tfs import catalog, rest, saved_models
from fake_saved_model import FakeSavedModel, folder

PREDICT = "/v1/models/half/versions/3:predict"


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.setattr(catalog, "SavedModel", FakeSavedModel)
    return catalog.Catalog(folder(tmp_path, "half/3", "half/0012", "other/1"), {})


def ask(models, body="", path="/v1/models/half:predict", method="POST"):
    body = body if isinstance(body, (str, bytes)) else json.dumps(body)
    found = rest.answer(models, method, path, body.encode() if isinstance(body, str) else body)
    assert found.content_type == "application/json"
    return found.status, found.body.decode()


def refused(models, body, *rest_of):
    status, text = ask(models, body, *rest_of)
    assert set(json.loads(text)) == {"error"} and text.startswith('{\n    "error": "')
    return status, json.loads(text)["error"]


def test_rows_in_tensorflow_servings_layout(models):
    assert ask(models, {"instances": [1, 2.0, 5]}, PREDICT) == (200, '{\n    "predictions": [3.5, 4.0, 5.5\n    ]\n}')
    expected = '{\n    "predictions": [[3.5, 4.0], [4.5, 5.0]\n    ]\n}'
    assert ask(models, {"instances": [[1, 2], [3, 4]]}, PREDICT) == (200, expected)


def test_columns_in_tensorflow_servings_layout(models):
    expected = '{\n    "outputs": [\n        3.5,\n        4.0\n    ]\n}'
    assert ask(models, {"inputs": [1, 2]}, PREDICT) == ask(models, {"inputs": {"x": [1, 2]}}, PREDICT) == (200, expected)
    assert ask(models, {"inputs": 1}, PREDICT) == (200, '{\n    "outputs": 3.5\n}')


def test_several_outputs_have_their_names(models):
    rows = [{"a": 1, "b": 2}, {"a": 0.5, "b": 3}]
    status, text = ask(models, {"signature_name": "pair", "instances": rows})
    assert status == 200 and json.loads(text) == {"predictions": [{"sum": 3.0, "text_bytes": {"b64": "/zI="}},
                                                                  {"sum": 3.5, "text_bytes": {"b64": "/zM="}}]}
    assert text.startswith('{\n    "predictions": [\n        {\n            "sum": 3.0,\n            "text_bytes": ')
    status, text = ask(models, {"signature_name": "pair", "inputs": {"a": [1], "b": [2]}})
    assert status == 200 and json.loads(text) == {"outputs": {"sum": [3.0], "text_bytes": [{"b64": "/zI="}]}}


def test_bytes_come_as_text_or_base64(models):
    status, text = ask(models, {"signature_name": "words", "instances": ["ab", {"b64": "qcM="}, {"b64": "qcM"}]})
    assert (status, text) == (200, '{\n    "predictions": ["ba", "é", "é"\n    ]\n}')


@pytest.mark.parametrize("value, text", [
    (0.1, "0.1"), (1e6, "1e+06"), (123456.7, "123456.703"), (100000.0, "100000.0"), (3.0, "3.0"), (-0.5, "-0.5"),
    (1e-7, "1e-07")])
def test_numbers_have_the_fewest_digits_that_keep_them(value, text):
    import numpy
    from clary_serving.handlers.tfs import json_output

    assert json_output.numbers(numpy.array([value], "float32")) == [text]
    assert json_output.numbers(numpy.array(["nan", "inf", "-inf", 1 / 3], "float64")) == [
        "NaN", "Infinity", "-Infinity", "0.33333333333333331"]


def test_numbers_that_json_lacks_are_taken(models):
    assert "[NaN, Infinity, -Infinity\n" in ask(models, '{"instances": [NaN, Infinity, -Infinity]}')[1]


IN_ROW = "Failed to process element: {} of 'instances' list. Error: INVALID_ARGUMENT: "
BAD = [
    ("", "JSON Parse error: The document is empty"),
    ("whatever", "JSON Parse error: Invalid value. at offset: 0"),
    ('{"a" 1}', "JSON Parse error: Missing a colon after a name of object member. at offset: 5"),
    ('{"a": [1 2]}', "JSON Parse error: Missing a comma or ] after an array element. at offset: 9"),
    ('{"é": "[" 2}', "JSON Parse error: Missing a comma or } after an object member. at offset: 11"),
    ('{"a": 1} x', "JSON Parse error: The document root must not be followed by other values. at offset: 9"),
    ('{"a": "b', "JSON Parse error: Missing a closing quotation mark in string. at offset: 8"),
    (b'{"a": "\xff"}', "JSON Parse error: Invalid encoding in string. at offset: 7"),
    ("[" * 100000, "JSON Parse error: the document is nested too deeply"),
    ("[1, 2]", "JSON Value: [\n    1,\n    2\n] Is not object"),
    ("{}", "Missing 'inputs' or 'instances' key"),
    ({"instances": [1], "inputs": 1}, "JSON Value: {"),
    ({"instances": 3}, 'JSON Value: {\n    "instances": 3\n} Excepting \'instances\' to be an list/array'),
    ({"instances": []}, 'JSON Value: {\n    "instances": []\n} No values in \'instances\' array'),
    ({"instances": [{"junk": 1}]}, "Failed to process element: 0 key: junk of 'instances' list. Error: INVALID_ARGUMENT: "
                                   "JSON object: does not have named input: junk"),
    ({"instances": [{"x": 1}, 2]}, "Expecting object but got list at item 1 of input list"),
    ({"instances": [2, {"x": 1}]}, "Expecting value/list but got object at item 1 of input list"),
    ({"instances": [1, "a"]}, IN_ROW.format(1) + 'JSON Value: "a" Type: String is not of expected type: float'),
    ({"instances": [1, True]}, IN_ROW.format(1) + "JSON Value: true Type: True is not of expected type: float"),
    ({"instances": [None]}, IN_ROW.format(0) + "JSON Value: null Type: Null is not of expected type: float"),
    ({"instances": [[1], [1, 2]]}, IN_ROW.format(1) + "Expecting tensor size: 1 but got: 2"),
    ({"instances": [[1, 2], [[1], [2]]]}, IN_ROW.format(1) + "Expecting shape [2] but got: [2,1]"),
    ({"instances": [[[1], 2]]}, IN_ROW.format(0) + "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. "
                                                   "Expected at level: 2"),
    ({"instances": [[1, [2]]]}, IN_ROW.format(0) + "Encountered list at unexpected level: 1 expected < 1"),
    ({"inputs": [[1], [1, 2]]}, "Encountered list at unexpected size: 2 at level: 1 expected size: 1"),
    ({"instances": [33554433]}, IN_ROW.format(0) + "Cannot convert JSON value: 33554433 to float without loss of precision."),
    ({"instances": [1e39]}, IN_ROW.format(0) + "Cannot convert JSON value: 1e+39 to float without loss of precision."),
    ({"inputs": {"y": [1]}}, "Missing named input: x in 'inputs' object."),
    ({"signature_name": 3, "instances": [1]}, "JSON Value: {"),
    ({"signature_name": "zz", "instances": [1]}, 'Serving signature name: "zz" not found in signature def'),
    ({"signature_name": "pair", "instances": [1]}, "instances is a plain list, but expecting list of objects as multiple input "
                                                   "tensors required as per tensorinfo_map"),
    ({"signature_name": "pair", "inputs": [1]}, "inputs is a plain value/list, but expecting an object as multiple input tensors "
                                                "required as per tensorinfo_map"),
    ({"signature_name": "pair", "instances": [{"a": 1}]}, "Failed to process element: 0 of 'instances' list. JSON object: {\n    "
                                                          '"a": 1\n} keys must be equal to: a,b'),
    ({"signature_name": "pair", "inputs": {"a": [1], "b": [1.5]}},
     "JSON Value: 1.5 Type: Number is not of expected type: int64"),
    ({"signature_name": "words", "instances": [{"b64": "*"}]}, IN_ROW.format(0) + "Unable to base64 decode"),
    ({"signature_name": "words", "inputs": {"word": [{"b64": 1}]}},
     'JSON Value: {\n    "b64": 1\n} not formatted correctly for base64 data'),
    ({"signature_name": "words", "instances": [1]},
     IN_ROW.format(0) + "JSON Value: 1 Type: Number is not of expected type: string"),
    ({"signature_name": "flat", "instances": [1]}, "Tensor name: y has no shape information "),
]


@pytest.mark.parametrize("body, message", BAD)
def test_what_is_no_request_is_refused_in_its_words(models, body, message):
    status, told = refused(models, body)
    assert status == 400 and (told.startswith(message) if message.endswith("{") else told == message)


def test_what_the_model_refuses_has_its_status(models):
    assert refused(models, {"signature_name": "fails", "instances": [True]}) == (429, "Out of fuel")


@pytest.mark.parametrize("method, path, status, message", [
    ("POST", "/v1/models/nope:predict", 404, "Servable not found for request: Latest(nope)"),
    ("POST", "/v1/models/half/versions/4:predict", 404, "Servable not found for request: Specific(half, 4)"),
    ("POST", "/v1/models/half/labels/stable:predict", 400, "Unrecognized servable version label: stable"),
    ("POST", "/v1/models/half/versions/99999999999999999999:predict", 400,
     "Failed to convert version: 99999999999999999999 to numeric."),
    ("POST", "/v1/models/half:explain", 400, "Malformed request: POST /v1/models/half:explain"),
    ("GET", "/v1/models/half:predict", 400, "Malformed request: GET /v1/models/half:predict"),
    ("DELETE", "/v1/models/half", 400, "Malformed request: DELETE /v1/models/half"),
    ("GET", "/v1/models", 400, "Missing model name in request."),
    ("GET", "/v1/models/nope", 404, "Could not find any versions of model nope"),
    ("GET", "/v1/models/half/versions/4", 404, "Could not find version 4 of model half"),
    ("GET", "/v1/models/half/versions/4/metadata", 404, "Servable not found for request: Specific(half, 4)"),
])
def test_what_is_not_there(models, method, path, status, message):
    assert refused(models, {"instances": [1]}, path, method) == (status, message)


def test_the_highest_version_is_meant_and_any_can_be(models):
    assert "[12.0\n" in ask(models, {"instances": [0]})[1] and "[3.0\n" in ask(models, {"instances": [0]}, PREDICT)[1]
    assert "[1.0\n" in ask(models, {"instances": [0]}, "/v1/models/other:predict")[1]


def test_the_status_of_versions(models):
    status, text = ask(models, "", "/v1/models/half", "GET")
    assert (status, [one["version"] for one in json.loads(text)["model_version_status"]]) == (200, ["12", "3"])
    assert ask(models, "", "/v1/models/half/versions/3", "GET") == (200, """{
 "model_version_status": [
  {
   "version": "3",
   "state": "AVAILABLE",
   "status": {
    "error_code": "OK",
    "error_message": ""
   }
  }
 ]
}
""")


def test_metadata_describes_the_signatures(models):
    found = json.loads(ask(models, "", "/v1/models/half/metadata", "GET")[1])
    assert found["model_spec"] == {"name": "half", "signature_name": "", "version": "12"}
    pair = found["metadata"]["signature_def"]["signature_def"]["pair"]
    assert pair["method_name"] == "tensorflow/serving/predict" and pair["inputs"]["b"] == {
        "dtype": "DT_INT64", "name": "b:0", "tensor_shape": {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False}}


@pytest.mark.parametrize("paths, found", [
    (["1"], {"model": {1: "1"}}), (["export/Servo/000000001"], {"Servo": {1: "export/Servo/000000001"}}),
    (["a/1", "a/2", "b/7"], {"a": {1: "a/1", 2: "a/2"}, "b": {7: "b/7"}}), ([""], {"model": {1: ""}}),
    (["saved"], {"saved": {1: "saved"}}), (["saved", "too"], {}), (["code/1"], {}), (["saved", "m/2"], {"m": {2: "m/2"}}),
    ([], {})])
def test_where_models_lie(tmp_path, paths, found):
    seen = saved_models.find(folder(tmp_path, *paths))
    assert seen == {name: {number: str(tmp_path / path) for number, path in versions.items()} for name, versions in found.items()}


def test_a_default_model_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr(catalog, "SavedModel", FakeSavedModel)
    with pytest.raises(ValueError, match="SAGEMAKER_TFS_DEFAULT_MODEL_NAME='c': there are a, b"):
        catalog.Catalog(folder(tmp_path, "a/1", "b/1"), {"SAGEMAKER_TFS_DEFAULT_MODEL_NAME": "c"})
    with pytest.raises(ValueError, match="no SavedModel bundles found"):
        catalog.Catalog(str(tmp_path / "a" / "1" / "none"), {})

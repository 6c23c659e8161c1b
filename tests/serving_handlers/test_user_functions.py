"""Functions of the user beside the default ones of PyTorch: what they are given, and what becomes of what they return."""

import pytest
from bodies import CSV, JSON, NPY, fails_with, npy, seen, unsupported

IDENTITY = "import json, torch\ndef model_fn(model_dir): return torch.nn.Identity()\n"
LENGTH = IDENTITY + "def input_fn(body, content_type): return torch.tensor([float(len(body))])\n"
ALL = """
import json
def model_fn(model_dir): return None
def input_fn(body, content_type): return [type(body).__name__, content_type]
def predict_fn(data, model): return data
def output_fn(prediction, accept): return json.dumps([prediction, accept])
"""
OWN_JSON = IDENTITY + """
def input_fn(body, content_type): return torch.tensor(json.loads(body))
def output_fn(prediction, accept): return json.dumps(prediction.tolist())
"""
SQUARE = npy("f4", [[1, 2], [3, 4]])


GIVEN = [  # script, content type, body, Accept, result, Content-Type of the response
    (IDENTITY, JSON, "[[1,2]]", JSON, "[[1.0, 2.0]]", JSON),
    (IDENTITY, CSV, "1,2", CSV, "1.0\n2.0\n", CSV),
    (LENGTH, JSON, "[[1,2]]", JSON, "[7.0]", JSON),
    (LENGTH, "text/plain", "abc", JSON, "[3.0]", JSON),
    (LENGTH, "image/png", "abcd", JSON, "[4.0]", JSON),
    (LENGTH, None, "abcd", JSON, "[4.0]", JSON),
    (ALL, JSON, "[1]", JSON, '[["str", "application/json"], "application/json"]', JSON),
    (ALL, CSV, "1", "*/*", '[["str", "text/csv"], "application/json"]', JSON),
    (ALL, NPY, SQUARE, None, '[["bytes", "application/x-npy"], "application/json"]', JSON),
    (ALL, "text/plain", "a", "text/csv;q=0.5", '[["bytes", "text/plain"], "text/csv;q=0.5"]', "text/csv;q=0.5"),
    (ALL, None, "a", "image/png", '[["bytes", null], "image/png"]', "image/png"),
    (ALL, "application/json; charset=utf-8", "{}", JSON,
     '[["bytes", "application/json; charset=utf-8"], "application/json"]', JSON),
    (OWN_JSON, JSON, "[1.5]", JSON, "[1.5]", JSON),
    (OWN_JSON, JSON, "[1.5]", CSV, "[1.5]", CSV),
]


@pytest.mark.parametrize("script, content_type, body, accept, result, response_type", GIVEN)
def test_functions_get_body_and_types_as_sent(model, script, content_type, body, accept, result, response_type):
    answer = model.script(script).ask(body, content_type, accept)
    assert (answer.status, answer.text, answer.content_type) == (200, result, response_type)


RETURNED = [
    ('(json.dumps([1]), "text/x-mine")', b"[1]", "text/x-mine"),
    ('b"raw"', b"raw", JSON),
    ('bytearray(b"raw")', b"raw", JSON),
    ('"\\u00e9"', "é".encode(), JSON),
    ('{"a": 1}', b'{"a": 1}', JSON),
    ("[1, 2]", b"[1, 2]", JSON),
    ("None", b"null", JSON),
    ("torch.ones(2).numpy()", b"[1.0, 1.0]", JSON),
    ('("", None)', b"", None),
    ('("a", "b/c", "d")', b"a", "b/c"),
]


@pytest.mark.parametrize("value, body, response_type", RETURNED)
def test_what_output_fn_returns_is_sent(model, value, body, response_type):
    answer = model.script(IDENTITY + f"def output_fn(prediction, accept): return {value}\n").ask("[1]", JSON, JSON)
    assert (answer.status, answer.body, answer.content_type) == (200, body, response_type)


@pytest.mark.parametrize("value, message", [
    ("object()", "the handler returned object, which cannot be sent: it must be bytes, str or what JSON can hold "
                 "(Object of type object is not JSON serializable)"),
    ('("a",)', "tuple index out of range"),
    ('"\\ud800"', "'utf-8' codec can't encode character"),
])
def test_what_cannot_be_sent(model, value, message):
    fails_with(model.script(IDENTITY + f"def output_fn(prediction, accept): return {value}\n").ask("[1]", JSON, JSON), message)


NO_AXES = "Expected 1D or 2D array, got 0D array instead\n"
PREDICTED = [  # predict_fn returns; as JSON, CSV, NPY: the body, or the message of the failure
    ('{"a": numpy.array([1])}', '{"a": [1]}', ValueError(NO_AXES), "npy object () {'a': array([1])}"),
    ("numpy.ones((1, 2))", "[[1.0, 1.0]]", "1.0,1.0\n", "npy float64 (1, 2) [[1.0, 1.0]]"),
    ("[1, 2]", "[1, 2]", "1\n2\n", "npy int64 (2,) [1, 2]"),
    ('"abc"', '"abc"', ValueError(NO_AXES), "npy <U3 () abc"),
    ('b"abc"', TypeError("Object of type bytes is not JSON serializable\n"), ValueError(NO_AXES), "npy |S3 () b'abc'"),
    ("None", "null", ValueError(NO_AXES), "npy object () None"),
    ("torch.ones(2, dtype=torch.float16)", "[1.0, 1.0]", "1.0\n1.0\n", "npy float64 (2,) [1.0, 1.0]"),
    ("[torch.ones(1)]", "[[1.0]]", "1.0\n", "npy float32 (1, 1) [[1.0]]"),
    ("numpy.float32(0.5)", "0.5", ValueError(NO_AXES), "npy float32 () 0.5"),
    ("0.1", "0.1", ValueError(NO_AXES), "npy float64 () 0.1"),
]


@pytest.mark.parametrize("value, as_json, as_csv, as_npy", PREDICTED)
def test_predictions_through_the_default_output_fn(model, value, as_json, as_csv, as_npy):
    model.script(IDENTITY + f"import numpy\ndef predict_fn(data, model): return {value}\n")
    wanted = {JSON: as_json, CSV: as_csv, NPY: as_npy}
    answers = model.ask_all(*[[("[1]", JSON, accept, {})] for accept in wanted])["answers"]
    for (accept, result), answer in zip(wanted.items(), answers, strict=True):
        if isinstance(result, Exception):
            fails_with(answer, str(result))
        else:
            assert (answer.status, seen(answer), answer.content_type) == (200, result, accept)


TRANSFORM = IDENTITY + """
def transform_fn(model, data, content_type, accept):
    return f"T:{data}:{content_type}:{accept}", accept
"""


@pytest.mark.parametrize("content_type, body, accept, result", [
    (JSON, "[1]", JSON, "T:[1]:application/json:application/json"),
    (CSV, "1", "*/*", "T:1:text/csv:application/json"),
    ("x/y", "abc", None, "T:b'abc':x/y:application/json"),
])
def test_transform_fn(model, content_type, body, accept, result):
    answer = model.script(TRANSFORM).ask(body, content_type, accept)
    assert (answer.status, answer.text, answer.content_type) == (200, result, JSON)


def test_transform_fn_without_a_content_type_answers_with_accept(model):
    answer = model.script(IDENTITY + "def transform_fn(model, data, content_type, accept): return 'S'\n").ask("[1]", JSON, CSV)
    assert (answer.text, answer.content_type) == ("S", CSV)


FAILING = [
    (TRANSFORM + "def input_fn(body, content_type): return body\n",
     "Cannot use transform_fn implementation in conjunction with input_fn, predict_fn, and/or output_fn implementation\n"),
    (IDENTITY + "def predict_fn(x, m, a=1, b=2): return x\n", "predict_fn takes 4 arguments but 2 were given.\n"),
    (IDENTITY + "def predict_fn(*a): return a[0]\n", "predict_fn takes 1 arguments but 2 were given.\n"),
    ("def model_fn(model_dir): raise RuntimeError('boom model')\n", "boom model\n"),
    (IDENTITY + "def input_fn(body, content_type): raise ValueError('boom input')\n", "boom input\n"),
    (IDENTITY + "def predict_fn(data, model): raise KeyError('k')\n", "'k'\n"),
    (IDENTITY + "def output_fn(prediction, accept): raise Exception('multi\\nline')\n", "multi\nline\n"),
    (IDENTITY + "from sagemaker_inference.errors import UnsupportedFormatError\n"
                "def input_fn(body, content_type): raise UnsupportedFormatError(content_type)\n", unsupported(JSON)),
    ("import no_such_mod\n", "No module named 'no_such_mod'\n"),
    ("def model_fn(:\n", "invalid syntax (inference.py, line 1)\n"),
    (IDENTITY + "def predict_fn(data, model): return bytearray(10**15)\n", "\nTraceback"),  # MemoryError has no message
    (IDENTITY + "def predict_fn(data, model): return predict_fn(data, model)\n", "maximum recursion depth exceeded"),
]


@pytest.mark.parametrize("script, message", FAILING)
def test_what_fails_in_the_users_code_is_answered(model, script, message):
    fails_with(model.script(script).ask("[1]", JSON, JSON), message)


def test_an_error_may_choose_status_and_phrase(model):
    model.script(IDENTITY + "from sagemaker_inference.errors import BaseInferenceToolkitError\n"
                            "def input_fn(body, content_type): raise BaseInferenceToolkitError(422, 'nope', 'phr')\n")
    fails_with(model.ask("[1]", JSON, JSON), "nope\n", 422, "phr")


def test_an_exit_in_a_function_ends_the_process(model):
    model.script(IDENTITY + "import sys\ndef predict_fn(data, model): sys.exit(7)\n")
    with pytest.raises(SystemExit) as end:
        model.ask("[1]", JSON, JSON)
    assert end.value.code == 7


WITH_CONTEXT = """
def model_fn(model_dir, context): return context.system_properties["model_dir"] == model_dir
def input_fn(body, content_type, context): return [context.request_processor[0].get_request_properties()["X-Mine"]]
def predict_fn(data, model, context): return data + [model, context.get_request_header(0, "x-mine")]
def output_fn(prediction, accept, context):
    context.set_response_header(0, "X-Yours", "b\\r\\nc")
    context.set_response_status(201, "Made", 0)
    return prediction
"""


def test_functions_may_take_the_context(model):
    answer = model.script(WITH_CONTEXT).ask("", "text/plain", JSON, {"X-Mine": "a"})
    assert (answer.status, answer.phrase, answer.text) == (201, "Made", '["a", true, "a"]')
    assert answer.headers == {"X-Yours": "b  c"}


def test_what_was_set_for_one_answer_is_not_in_the_next(model):
    model.script(WITH_CONTEXT + """
def predict_fn(data, model):
    if data == ["bad"]:
        raise ValueError("bad")
    return data
""")
    calls = [[("", "text/plain", JSON, {"X-Mine": value})] for value in ("a", "bad")]
    made, bad = model.ask_all(*calls)["answers"]
    assert (made.status, bad.status, bad.headers) == (201, 500, {})


def test_before_and_after_the_load(model):
    model.script("""
calls = []
def pre_model_fn(model_dir): calls.append("before")
def model_fn(model_dir): calls.append("load")
def model_warmup_fn(model_dir, model, context): calls.append("warm")
def transform_fn(model, data, content_type, accept): return calls
""")
    assert model.ask().text == '["before", "load", "warm"]'


@pytest.mark.parametrize("script, stages", [(OWN_JSON, {"decode", "predict", "encode"}), (TRANSFORM, {"predict"})])
def test_an_answer_says_where_its_time_went(model, script, stages):
    answer = model.script(script).ask("[1]", JSON)
    assert set(answer.stages) == stages and all(seconds > 0 for seconds in answer.stages.values())


def test_the_default_predict_fn_neither_trains_nor_keeps_gradients(model):
    model.script("""
import torch
def model_fn(model_dir):
    net = torch.nn.Sequential(torch.nn.Linear(1, 1000), torch.nn.Dropout(0.5))
    torch.nn.init.constant_(net[0].bias, 9.0)
    return net
def output_fn(prediction, accept): return [prediction.requires_grad, (prediction == 0).any().item()]
""")
    assert model.ask("[0]", JSON).text == "[false, false]"

"""Handlers that take lists of requests: Multi Model Server's service files, and archives of both servers."""

import json

import pytest

SERVICE = """
class Service:
    ready = False
    def initialize(self, context):
        self.ready, self.folder = True, context.system_properties["model_dir"]
service = Service()
def handle(data, context):
    if not service.ready:
        service.initialize(context)
    if data is None:
        return None
    return ANSWER
"""


def service(model, answer: str, *, manifest: dict | None = None):
    """A service file whose handle returns the expression."""
    model.write("service.py", SERVICE.replace("ANSWER", answer))
    if manifest is None:
        model.environ["SAGEMAKER_HANDLER"] = "service.py:handle"
    else:
        model.write("MAR-INF/MANIFEST.json", json.dumps(manifest))
    return model


MMS_ARCHIVE = {"engine": {"engineName": "PyTorch"}, "modelServerVersion": "1.0",
               "model": {"modelName": "m", "handler": "service:handle"}}
TORCHSERVE_ARCHIVE = {"createdOn": "-", "archiverVersion": "0.12.0", "runtime": "python",
                      "model": {"modelName": "m", "handler": "service.py", "modelVersion": "1.0"}}


@pytest.mark.parametrize("manifest", [None, MMS_ARCHIVE, TORCHSERVE_ARCHIVE])
def test_a_service_file_is_started_and_asked(model, manifest):
    answer = service(model, "[service.folder]", manifest=manifest).ask("x", "text/plain")
    assert (answer.status, answer.text, answer.content_type) == (200, str(model.folder), None)


FORM = (b"--cut\r\nContent-Disposition: form-data; name=\"data\"; filename=\"a.bin\"\r\n"
        b"Content-Type: application/octet-stream\r\n\r\n"
        b"\x00\r\n\xff\r\n--cut\r\nContent-Disposition: form-data; name=\"size\"\r\n\r\n3\r\n--cut--\r\n")


@pytest.mark.parametrize("content_type, body, part", [
    ("application/json", '{"a": [1]}', "{'body': {'a': [1]}}"),
    ("application/json", "{", "{'body': b'{'}"),
    ("application/json; charset=utf-8", "[1]", "{'body': b'[1]'}"),
    ("text/plain", "é", "{'body': 'é'}"),
    ("text/plain", b"\xff", r"{'body': b'\xff'}"),
    ("image/png", b"\x00", r"{'body': b'\x00'}"),
    (None, "x", "{'body': b'x'}"),
    ("application/x-www-form-urlencoded", "a=1&b=%20c&d=", "{'a': '1', 'b': ' c', 'd': ''}"),
    ("multipart/form-data; boundary=cut", FORM, r"{'data': b'\x00\r\n\xff', 'size': b'3'}"),
])
def test_the_parts_of_a_request(model, content_type, body, part):
    assert service(model, "[repr(data[0])]").ask(body, content_type).text == part


@pytest.mark.parametrize("variable, manifest", [
    ("MMS_DECODE_INPUT_REQUEST", MMS_ARCHIVE), ("TS_DECODE_INPUT_REQUEST", TORCHSERVE_ARCHIVE)])
def test_bodies_may_be_left_as_they_came(model, variable, manifest):
    model.environ[variable] = "false"
    assert service(model, "[repr(data[0])]", manifest=manifest).ask("[1]", "application/json").text == "{'body': b'[1]'}"


@pytest.mark.parametrize("value, body, content_type", [
    ("'text'", "text", None),
    ("b'bytes'", "bytes", None),
    ("{'a': [1]}", '{"a": [1]}', "application/json"),
    ("[0.5]", "[0.5]", "application/json"),
    ("__import__('numpy').ones(2)", "[1.0, 1.0]", "application/json"),
])
def test_results(model, value, body, content_type):
    answer = service(model, f"[{value}]").ask("x")
    assert (answer.status, answer.text, answer.content_type) == (200, body, content_type)


def test_a_result_may_have_type_status_and_headers(model):
    answer = service(model, """[
        context.set_response_content_type(0, "image/png") or context.set_response_status(203, "Odd", 0)
        or context.set_response_header(0, "X-Seen", context.get_request_header(0, "X-Mine")) or "x"]
    """).ask("x", headers={"x-mine": "a"})
    assert (answer.status, answer.phrase, answer.content_type, answer.headers) == (203, "Odd", "image/png", {"X-Seen": "a"})


RAISES = "(_ for _ in ()).throw({})"
REFUSED = [
    (RAISES.format("ValueError('secret')"), 503, "Prediction failed"),
    (RAISES.format("MemoryError()"), 507, "Out of resources"),
    (RAISES.format("RuntimeError('CUDA out of memory. Tried')"), 507, "Out of resources"),
    (RAISES.format("__import__('mms.service').service.PredictionException('too short', 422)"), 422, "too short"),
    ("'a str, no list'", 503, "Invalid model predict output"),
    ("None", 503, "Invalid model predict output"),
    ("[]", 503, "number of batch response mismatched"),
    ("[1, 2]", 503, "number of batch response mismatched"),
    ("[object()]", 503, "Unsupported model output data type."),
]


@pytest.mark.parametrize("value, status, message", REFUSED)
def test_what_fails_has_the_servers_form(model, value, status, message):
    answer = service(model, f"next({value})" if "throw" in value else value).ask("x")
    assert (answer.status, answer.phrase, answer.content_type) == (status, message, "application/json")
    assert json.loads(answer.body) == {"code": status, "type": "InternalServerException", "message": message}


def test_the_traceback_is_in_the_log(model):
    found = service(model, "1 / 0").ask_all([("x", None, None, {})])
    assert 'service.py", line' in found["printed"] and "ZeroDivisionError: division by zero" in found["printed"]


def test_a_batch_is_one_call(model):
    service(model, "[(context.get_request_header(i, 'n'), len(data), row['body']) for i, row in enumerate(data)]")
    batch = [(str(n), "application/json", None, {"n": f"h{n}"}) for n in range(3)]
    assert [one.text for one in model.ask_all(batch)["answers"]] == ['["h0", 3, 0]', '["h1", 3, 1]', '["h2", 3, 2]']


NOT_LOADED = [
    ("gone.py:handle", "handler 'gone.py:handle': no such file in the model, and none of base_handler, image_classifier"),
    ("service.py:nothing", "handler 'service.py:nothing': the module has no 'nothing'"),
    ("empty.py", "Expected only one class in custom service code or a function entry point []"),
    ("two.py", "Expected only one class in custom service code or a function entry point [<class 'two.A'>, <class 'two.B'>]"),
    ("broken.py", "No module named 'no_such_mod'"),
    ("failing.py", "cannot start"),
]


@pytest.mark.parametrize("handler, message", NOT_LOADED)
def test_what_does_not_load(model, handler, message):
    service(model, "[]").write("empty.py", "x = 1\n").write("two.py", "class A: pass\nclass B: pass\n")
    model.write("broken.py", "import no_such_mod\n")
    model.write("failing.py", "def handle(data, context): raise ValueError('cannot start')\n")
    model.environ["SAGEMAKER_HANDLER"] = handler
    failure = model.ask_all()["failure"]
    assert failure.status == 500 and failure.text.startswith(message)


@pytest.mark.parametrize("manifest, message", [
    ("{", "Expecting property name"), ("[]", "MAR-INF/MANIFEST.json: no object `model` in it"),
    ('{"model": {}}', "MAR-INF/MANIFEST.json: the model names no handler"),
    ('{"model": {"handler": "service.py", "configFile": "../outside.yaml"}}', "'../outside.yaml' lies outside the model"),
])
def test_a_manifest_that_is_none(model, manifest, message):
    service(model, "[]").write("MAR-INF/MANIFEST.json", manifest)
    del model.environ["SAGEMAKER_HANDLER"]
    assert model.ask_all()["failure"].text.startswith(message)


METRICS = """[context.metrics.add_counter("Seen", 2, 0) or context.metrics.add_time("Took", 1.5)
    or context.metrics.add_metric("Size", 3, {order}) or "x"]"""


@pytest.mark.parametrize("order, manifest", [("0, 'MB'", MMS_ARCHIVE), ("'MB', 0", TORCHSERVE_ARCHIVE)])
def test_metrics_are_lines_of_the_log(model, order, manifest):
    model.context = {"model_name": "m", "model_dir": str(model.folder)}
    printed = service(model, METRICS.format(order=order), manifest=manifest).ask_all([("x", None, None, {})])["printed"]
    for line in ("Seen.count:2|#ModelName:m,Level:Model|#hostname:", "Took.ms:1.5|#", "Size.MB:3|#"):
        assert line in printed

"""Archives of TorchServe and Multi Model Server: what lies beside the handler, paths, envelopes, the V2 protocol."""

import json

import pytest
from test_torchserve import archive, colours

ECHO = """
class Echo:
    def initialize(self, context):
        self.gpu = context.system_properties["gpu_id"]
    def handle(self, data, context):
        return [{"seen": repr(row), "gpu": self.gpu, "explain": context.get_request_header(at, "explain")}
                for at, row in enumerate(data)]
"""


@pytest.fixture
def echo(model):
    """A handler that says what it got; of the model `m`, version 1.0."""
    def make(**described):
        return archive(model.write("echo.py", ECHO), "echo.py", modelName="m", modelVersion="1.0", **described)

    return make


@pytest.mark.parametrize("path, seen", [("/invocations", None), ("/predictions/m", None), ("/predictions/m/1.0", None),
                                        ("/predictions/model", None), ("/explanations/m", "True")])
def test_paths(echo, path, seen):
    answer = echo().ask("x", "text/plain", path=path)
    assert (answer.status, json.loads(answer.body)["explain"]) == (200, seen)


NOTHING = "Requested resource is not found, please refer to API document."


@pytest.mark.parametrize("method, path, kind, message", [
    ("POST", "/predictions/other", "ModelNotFoundException", "Model not found: other"),
    ("POST", "/predictions/m/2.0", "ModelVersionNotFoundException", "Model version: 2.0 does not exist for model: m"),
    ("POST", "/v1/models/m:predict", "ResourceNotFoundException", NOTHING),
    ("POST", "/predictions", "ResourceNotFoundException", NOTHING)])
def test_paths_of_nothing(echo, method, path, kind, message):
    answer = echo().ask("x", path=path, method=method)
    assert (answer.status, json.loads(answer.body)) == (404, {"code": 404, "type": kind, "message": message})


def test_requests_of_several_paths_in_one_batch(echo):
    batch = [("a", None, None, {}, "", "/predictions/m", "POST"), ("b", None, None, {}, "", "/predictions/x", "POST")]
    assert [one.status for one in echo().ask_all(batch)["answers"]] == [200, 404]


def test_an_archive_in_a_folder_of_its_own(model):
    """As the tgz form of an archive unpacks; a second archive beside it would make it ambiguous."""
    model.write("m/echo.py", ECHO).write("m/MAR-INF/MANIFEST.json", json.dumps({"model": {"handler": "echo.py"}}))
    assert json.loads(model.ask("x", "text/plain").body)["seen"] == "{'body': 'x'}"
    model.write("n/MAR-INF/MANIFEST.json", "{}")
    model.environ["CLARY_SERVING_FRAMEWORK"] = "base"
    assert model.ask_all()["failure"].text.startswith("\nPlease provide a model_fn implementation.")


def test_requirements_are_not_installed_and_it_says_so(echo):
    printed = echo(requirementsFile="requirements.txt").ask_all()["printed"]
    assert "clary: requirements.txt of the archive is not installed" in printed


CONFIG = """
# of a server
models={\\
  "m": {"1.0": {"defaultVersion": true, "marName": "m.mar", "minWorkers": 3, "batchSize": 4, "responseTimeout": 7}}}
default_workers_per_model=9
decode_input_request=false
load_models=m.mar
"""


def test_config_properties(echo):
    model = echo().write("config.properties", CONFIG)
    done = model.ask_all([("[1]", "application/json", None, {})])
    assert json.loads(done["answers"][0].body)["seen"] == "{'body': b'[1]'}"
    for line in ("minWorkers=3", "batchSize=4", "responseTimeout=7"):
        assert f"clary: {line} of the archive's configuration is not taken from there: " in done["printed"]
    model.environ["TS_DECODE_INPUT_REQUEST"] = "true"
    assert json.loads(model.ask("[1]", "application/json").body)["seen"] == "{'body': [1]}"


def test_model_config_yaml(echo, model):
    model.context = {"model_name": "m", "model_dir": str(model.folder), "gpu": 3}
    echo(configFile="model-config.yaml").write("model-config.yaml", "batchSize: 8\ndeviceType: gpu\nhandler: {top: 2}\n")
    done = model.ask_all([("x", None, None, {})])
    assert json.loads(done["answers"][0].body)["gpu"] == 3 and "clary: batchSize=8 of the archive's" in done["printed"]
    model.write("model-config.yaml", "deviceType: cpu\n")
    assert json.loads(model.ask("x").body)["gpu"] is None


@pytest.mark.parametrize("file, text, message", [
    ("model-config.yaml", "a: [", "model-config.yaml: while parsing"),
    ("model-config.yaml", "- a", "model-config.yaml: names and values are wanted, not list"),
    ("model-config.yaml", "batchSize: many", "model-config.yaml: batchSize='many': a whole number is wanted"),
    ("model-config.yaml", "maxWorkers: -1", "model-config.yaml: maxWorkers=-1: a whole number is wanted"),
    ("model-config.yaml", "deviceType: tpu", "model-config.yaml: deviceType 'tpu': one of cpu, gpu"),
    ("config.properties", "models={", "config.properties: models: "),
    ("config.properties", 'models={"m": {"1.0": {"batchSize": 1.5}}}',
     "config.properties: models: config.properties: batchSize=1.5"),
    ("config.properties", "batch_size=x", "config.properties: batch_size='x': a whole number is wanted"),
    ("config.properties", "service_envelope=soap", "TS_SERVICE_ENVELOPE='soap': one of body, json, kserve, kservev2")])
def test_settings_that_are_none(echo, model, file, text, message):
    model.write("model-config.yaml", "").write(file, text)
    assert echo(configFile="model-config.yaml").ask_all()["failure"].text.startswith(message)


def test_without_pyyaml_it_says_so(echo, model):
    model.environ["CLARY_TEST_HIDE"] = "yaml"
    failure = echo(configFile="c.yaml").write("c.yaml", "a: 1").ask_all()["failure"]
    assert failure.text.startswith("c.yaml: the environment has no PyYAML to read it with")


def test_kserves_envelopes(model, double_plus_one):
    model.environ["TS_SERVICE_ENVELOPE"] = "kserve"
    archive(model.write("model.pt", double_plus_one), "base_handler", serializedFile="model.pt")
    body = '{"instances": [[1.0], [2.0]]}'
    assert json.loads(model.ask(body, "application/json").body) == {"predictions": [[3.0], [5.0]]}
    assert model.ask('{"instances": 1}', "application/json").status == 503


V2_BODY = {"id": "a", "inputs": [{"name": "any", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}]}


@pytest.mark.parametrize("path, envelope", [("/v2/models/m/infer", ""), ("/v2/models/m/versions/1.0/infer", ""),
                                            ("/invocations", "kservev2"), ("/predictions/m", "kservev2")])
def test_the_v2_protocol(model, double_plus_one, path, envelope):
    model.environ["TS_SERVICE_ENVELOPE"] = envelope
    archive(model.write("model.pt", double_plus_one), "base_handler", serializedFile="model.pt", modelName="m",
            modelVersion="1.0")
    answer = model.ask(json.dumps({**V2_BODY, "inputs": [{**V2_BODY["inputs"][0], "data": [1.0, 2.0]}]}), path=path)
    assert (answer.status, json.loads(answer.body)) == (200, {
        "id": "a", "model_name": "m", "model_version": "1.0",
        "outputs": [{"name": "predict", "shape": [2], "datatype": "FP64", "data": [3.0, 5.0]}]})


def test_a_handler_gets_the_tensor_as_it_came(echo):
    answer = echo().ask(json.dumps(V2_BODY), path="/v2/models/m/infer")  # it returns a dict, which is no tensor
    assert (answer.status, json.loads(answer.body)) == (500, {"error": "output 'predict' holds objects, which are no tensor"})
    answer = echo().ask(json.dumps({"inputs": V2_BODY["inputs"] * 2}), path="/v2/models/m/infer")
    assert (answer.status, json.loads(answer.body)) == (400, {"error": "inputs[1]: a second tensor 'any'"})
    assert echo().ask("{}", path="/v2/models/other/infer").status == 404
    found = json.loads(echo().ask(path="/v2/models/m", method="GET").body)
    assert found == {"name": "m", "versions": ["1.0"], "platform": "torchserve", "inputs": [], "outputs": []}


def test_images_without_pillow(model):
    """Said when the model is loaded, not with the first request."""
    model.environ["CLARY_TEST_HIDE"] = "PIL"
    failure = colours(model, "image_classifier").ask_all()["failure"]
    assert failure.text.startswith("a handler of images needs Pillow, which the environment has not")


def test_a_handler_that_yields(model):
    model.write("mine.py", "def handle(data, context):\n    return [iter(['a', b'b', {'c': 1}])] if data else None\n")
    assert archive(model, "mine.py").ask("x").pieces == [b"a", b"b", b'{"c": 1}']


def test_mms_archives_have_their_manifest_and_context(model):
    manifest = {"specificationVersion": "1.0", "implementationVersion": "1.0", "modelServerVersion": "1.0.8",
                "engine": {"engineName": "MXNet"}, "publisher": {"author": "a"},
                "model": {"modelName": "m", "modelVersion": "1", "handler": "service:handle"}}
    model.write("MAR-INF/MANIFEST.json", json.dumps(manifest)).write("service.py", """
class Service:
    _context = None
    def initialize(self, context):
        self._context = context
    def handle(self, data, context):
        manifest, properties = self._context.manifest, context.system_properties
        return [[manifest["model"]["modelName"], manifest["engine"]["engineName"], properties["batch_size"],
                 sorted(properties), list(row)] for row in data]
_service = Service()
def handle(data, context):
    if _service._context is None:
        _service.initialize(context)
    return None if data is None else _service.handle(data, context)
""")
    assert json.loads(model.ask("x", "text/plain", path="/predictions/m").body) == [
        "m", "MXNet", 1,
        ["batch_size", "gpu_id", "limit_max_image_pixels", "model_dir", "server_name", "server_version"], ["body"]]

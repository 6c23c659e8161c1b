"""Predictors of SDK v2, unmodified, with each of their serializers and deserializers; TensorFlow's model and predictor."""

import os
import subprocess
import tarfile

import pytest
from endpoints import Endpoints
from test_sdk_deploy import V2, run_client, shown

# A Python with TensorFlow 2, some 600 MB: see test_estimators.py.
TENSORFLOW_PYTHON = os.environ.get("CLARY_TEST_TENSORFLOW", "")

# What came; of the content type `answer` it is itself the answer, and what the caller wants it to be.
ECHO = """
    import base64, json
    def model_fn(model_dir): return None
    def transform_fn(model, data, content_type, accept):
        body = data if isinstance(data, bytes) else data.encode()
        if content_type == "answer": return body, accept
        return json.dumps({"body": base64.b64encode(body).decode(), "type": content_type}), "application/json"
"""

# The rest are the toolkit's own functions.
DOUBLE = """
    def model_fn(model_dir): return None
    def predict_fn(data, model): return data * 2
"""

CALLS = V2 + """
import base64, io, pandas
from sagemaker import deserializers, serializers
def predict(data, serializer, deserializer, **more):
    predictor = Predictor(sys.argv[2], session, serializer=serializer, deserializer=deserializer)
    return predictor.predict(data, **more)
"""

SENT = """
def sent(data, serializer, **more):
    found = predict(data, serializer, JSONDeserializer(), **more)
    return [found["type"], base64.b64decode(found["body"])]
def text(*arguments, **more):
    kind, body = sent(*arguments, **more)
    return [kind, body.decode()]
with open(folder + "/body", "wb") as body: body.write(b"of a file")
array = sent(numpy.ones((1, 2), "float32"), NumpySerializer())
show(csv=text([[1, 2], [3, 4]], CSVSerializer()), frame=text(pandas.DataFrame({"a": [1, 2]}), CSVSerializer()),
    json=text({"a": numpy.array([1, 2])}, JSONSerializer()), lines=text([{"a": 1}, {"a": 2}], serializers.JSONLinesSerializer()),
    string=text("plain", serializers.StringSerializer()), identity=text(b"as it is", serializers.IdentitySerializer()),
    own=text(b"as it is", serializers.IdentitySerializer(content_type="a/b")),
    file=text(folder + "/body", serializers.DataSerializer()),
    given=text("x", serializers.StringSerializer(), initial_args={"ContentType": "c/d"}),
    array=[array[0], numpy.load(io.BytesIO(array[1])).tolist()], svm=text("1 0:2", serializers.LibSVMSerializer()))
"""

ANSWERED = """
def answer(body, kind, **options):
    data = body if isinstance(body, bytes) else body.encode()
    return predict(data, serializers.IdentitySerializer(content_type="answer"), getattr(deserializers, kind)(**options))
npy, npz = io.BytesIO(), io.BytesIO()
numpy.save(npy, numpy.ones((1, 2)))
numpy.savez(npz, a=numpy.zeros(1))
stream, kind = answer("pieces", "StreamDeserializer")
show(string=answer("words", "StringDeserializer"), bytes=answer(b"\\xff\\x00", "BytesDeserializer").hex(),
    csv=answer("1,2\\n3,4", "CSVDeserializer"), json=answer('{"a": [1]}', "JSONDeserializer"),
    lines=answer('{"a": 1}\\n{"a": 2}', "JSONLinesDeserializer"), stream=[stream.read().decode(), kind],
    npy=answer(npy.getvalue(), "NumpyDeserializer").tolist(),
    npz=answer(npz.getvalue(), "NumpyDeserializer", accept="application/x-npz")["a"].tolist(),
    frame=answer("a,b\\n1,2", "PandasDeserializer", accept="text/csv").to_dict("list"))
"""

BOTH_WAYS = """
both = {}
for serializer in (JSONSerializer(), CSVSerializer(), NumpySerializer()):
    for deserializer in (JSONDeserializer(), CSVDeserializer(), NumpyDeserializer()):
        found = predict([[1, 2], [3, 4]], serializer, deserializer)
        both[serializer.CONTENT_TYPE + " " + deserializer.ACCEPT[0]] = numpy.asarray(found, dtype=float).tolist()
frame = predict([[1, 2]], JSONSerializer(), deserializers.PandasDeserializer(accept="application/json"))
show(both=both, frame=frame.values.tolist())
"""


@pytest.fixture(scope="module")
def made(server, training):
    endpoints = Endpoints(server, training)
    yield endpoints
    endpoints.clear()


@pytest.fixture(scope="module")
def echo(made):
    return made.deploy(made.container(ECHO))


def test_what_each_serializer_sends(server, echo, tmp_path):
    assert shown(run_client(server, CALLS + SENT, tmp_path, echo)) == {
        "csv": ["text/csv", "1,2\n3,4"], "frame": ["text/csv", "1\n2\n"], "json": ["application/json", '{"a": [1, 2]}'],
        "lines": ["application/jsonlines", '{"a": 1}\n{"a": 2}'], "string": ["text/plain", "plain"],
        "identity": ["application/octet-stream", "as it is"], "own": ["a/b", "as it is"],
        "file": ["file-path/raw-bytes", "of a file"], "given": ["c/d", "x"],
        "array": ["application/x-npy", [[1.0, 1.0]]], "svm": ["text/libsvm", "1 0:2"]}


def test_what_each_deserializer_gets(server, echo, tmp_path):
    assert shown(run_client(server, CALLS + ANSWERED, tmp_path, echo)) == {
        "string": "words", "bytes": "ff00", "csv": [["1", "2"], ["3", "4"]], "json": {"a": [1]}, "lines": [{"a": 1}, {"a": 2}],
        "stream": ["pieces", "application/json"], "npy": [[1.0, 1.0]], "npz": [0.0], "frame": {"a": [1], "b": [2]}}


def test_every_format_in_and_every_format_out(server, made, tmp_path):
    name = made.deploy(made.container(DOUBLE, environment={"CLARY_SERVING_FRAMEWORK": "base"}))
    found = shown(run_client(server, CALLS + BOTH_WAYS, tmp_path, name))
    assert len(found["both"]) == 9 and set(map(str, found["both"].values())) == {"[[2.0, 4.0], [6.0, 8.0]]"}
    assert found["frame"] == [[2, 4]]


SAVE = """
import sys, tensorflow as tf
class Half(tf.Module):
    def __init__(self, plus):
        self.plus = tf.Variable(plus)
    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.float32, name="x")])
    def f(self, x):
        return {"y": x / 2 + self.plus}
for version in (1, 2):
    half = Half(float(version))
    tf.saved_model.save(half, f"{sys.argv[1]}/half/{version}", signatures={"serving_default": half.f})
"""

# The SDK puts it into code/ of the archive.
HANDLERS = """
import json
def input_handler(data, context):
    return json.dumps({"instances": [[float(cell) for cell in data.read().decode().split(";")]]})
def output_handler(response, context):
    return json.dumps({"own": json.loads(response.content)["predictions"]}), context.accept_header
"""

TENSORFLOW = V2 + """
from sagemaker.serializers import StringSerializer
from sagemaker.tensorflow import TensorFlowModel, TensorFlowPredictor
uri = session.upload_data(folder + "/model.tar.gz", key_prefix="sdk-deploy/tensorflow")
options = dict(model_data=uri, framework_version="2.14.1", **own)
plain, handled = TensorFlowModel(**options), TensorFlowModel(entry_point="inference.py", source_dir=folder + "/code", **options)
predictors = [model.deploy(wait=False, **machine) for model in (plain, handled)]
for predictor in predictors: session.wait_for_endpoint(predictor.endpoint_name)
name = predictors[0].endpoint_name
result = {"kind": type(predictors[0]).__name__, "rows": predictors[0].predict([[2, 4]]),
    "columns": predictors[0].predict({"inputs": [[2, 4]]}), "array": predictors[0].predict(numpy.array([[2.0]])),
    "old": TensorFlowPredictor(name, session, model_name="half", model_version="1").predict({"instances": [[2, 4]]})}
predictors[0].serializer = CSVSerializer()
result["csv"] = predictors[0].predict([[2, 4], [6, 8]])
predictors[1].serializer = StringSerializer()
result["own"] = predictors[1].predict("2;4")
for predictor in predictors:
    predictor.delete_model()
    predictor.delete_endpoint()
show(**result)
"""

if TENSORFLOW_PYTHON:  # a test of one's own choice, not one that skips itself

    def test_a_tensorflow_model_and_one_with_handlers(server, tmp_path):
        subprocess.run([TENSORFLOW_PYTHON, "-c", SAVE, tmp_path], check=True, capture_output=True, timeout=180)
        with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as archive:
            archive.add(tmp_path / "half", arcname="half")
        (tmp_path / "code").mkdir()
        (tmp_path / "code/inference.py").write_text(HANDLERS)
        server.cli("environments", "add", "tf-serving", TENSORFLOW_PYTHON)
        try:
            found = shown(run_client(server, TENSORFLOW, tmp_path))
        finally:
            server.cli("environments", "remove", "tf-serving")
        assert found == {
            "kind": "TensorFlowPredictor", "rows": {"predictions": [[3.0, 4.0]]}, "columns": {"outputs": [[3.0, 4.0]]},
            "array": {"predictions": [[3.0]]}, "old": {"predictions": [[2.0, 3.0]]},
            "csv": {"predictions": [[3.0, 4.0], [5.0, 6.0]]}, "own": {"own": [[3.0, 4.0]]}}

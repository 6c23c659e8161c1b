"""SavedModels in TensorFlow itself, where CLARY_TEST_TENSORFLOW names an interpreter that has it: what test_tfs_*.py cannot see.
A test of one's own choice, not one that skips itself."""

import json
import os

import pytest

from conftest import Model, running

TENSORFLOW_PYTHON = os.environ.get("CLARY_TEST_TENSORFLOW", "")

SAVE = """
import sys
import tensorflow as tf
tf1 = tf.compat.v1
root = {root!r}

class Half(tf.Module):
    def __init__(self, plus):
        self.plus = tf.Variable(plus)
    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.float32, name="x")])
    def f(self, x):
        return {{"y": x / 2 + self.plus}}
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="word"), tf.TensorSpec([None], tf.int32, name="n")])
    def words(self, word, n):
        return {{"joined_bytes": word + word, "next": n + 1}}
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def three(self, x):
        return {{"y": tf.reshape(x, [3])}}
for version in (2, 10):
    half = Half(float(version))
    tf.saved_model.save(half, f"{{root}}/half/{{version}}",
                        signatures={{"serving_default": half.f, "words": half.words, "three": half.three}})

with tf1.Graph().as_default(), tf1.Session() as session:
    records = tf1.placeholder(tf.string, [None])
    read = tf1.io.parse_example(records, {{"x": tf1.FixedLenFeature([1], tf.float32),
                                           "c": tf1.FixedLenFeature([1], tf.int64, [7])}})
    total = read["x"] + tf.cast(read["c"], tf.float32)
    labels = tf.tile(tf.constant([["low", "high"]]), [tf.shape(total)[0], 1])
    definitions = tf1.saved_model.signature_def_utils
    builder = tf1.saved_model.Builder(f"{{root}}/old/1")
    builder.add_meta_graph_and_variables(session, ["serve"], {{
        "serving_default": definitions.classification_signature_def(records, labels, tf.concat([-total, total], 1)),
        "sum": definitions.regression_signature_def(records, total)}})
    builder.save()
result = True
"""


@pytest.fixture(scope="module")
def tensorflow_runner():
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    yield from running(TENSORFLOW_PYTHON, "tensorflow")


@pytest.fixture(scope="module")
def saved(tensorflow_runner, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    script = tmp_path_factory.mktemp("code") / "save.py"
    script.write_text(SAVE.format(root=str(folder)))
    assert tensorflow_runner({"file": str(script)})["result"]
    return Model(tensorflow_runner, folder)


def bodies(saved, *calls):
    """Of (body, path), all in one process."""
    asked = [[(json.dumps(body), "application/json", None, {}, "", path, "POST")] for body, path in calls]
    done = saved.ask_all(*asked)
    assert done["failure"] is None
    return [(one.status, json.loads(one.body)) for one in done["answers"]]


HALF, OLD = "/v1/models/half:{}", "/v1/models/old:{}"


def a_saved_model_predicts(saved):
    assert bodies(
        saved, ([[1.0, 2.0]], "/invocations"), ({"instances": [[1]]}, "/v1/models/half/versions/2:predict"),
        ({"signature_name": "words", "instances": [{"word": "ab", "n": 1}]}, HALF.format("predict")),
        ({"signature_name": "words", "inputs": {"word": ["a"], "n": [1, 2]}}, HALF.format("predict")),
        ({"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}]}, "/v2/models/half/infer"),
    ) == [
        (200, {"predictions": [[10.5, 11.0]]}), (200, {"predictions": [[2.5]]}),
        (200, {"predictions": [{"joined_bytes": {"b64": "YWJhYg=="}, "next": 2}]}),
        (200, {"outputs": {"joined_bytes": [{"b64": "YWE="}], "next": [2, 3]}}),
        (200, {"model_name": "half", "model_version": "10",
               "outputs": [{"name": "y", "shape": [1, 2], "datatype": "FP32", "data": [10.5, 11.0]}]})]


def what_tensorflow_refuses_is_400(saved):
    found = bodies(saved, ({"instances": [1.0]}, HALF.format("predict")),
                   ({"signature_name": "three", "instances": [1, 2]}, HALF.format("predict")))
    assert [status for status, _ in found] == [400, 400]
    assert "shape" in found[0][1]["error"] and "reshape" in found[1][1]["error"]


def examples_are_classified_and_regressed(saved):
    asked = {"context": {"c": 1}, "examples": [{"x": 1.5}, {"x": [2.0], "c": [3]}]}
    assert bodies(saved, (asked, OLD.format("classify")), ({**asked, "signature_name": "sum"}, OLD.format("regress")),
                  ({"examples": [{"x": 1.0}], "signature_name": "sum"}, OLD.format("regress"))) == [
        (200, {"results": [[["low", -2.5], ["high", 2.5]], [["low", -5.0], ["high", 5.0]]]}),
        (200, {"results": [2.5, 5.0]}), (200, {"results": [8.0]})]


def what_is_no_example_is_refused(saved):
    cases = [({}, "classify", "JSON Value: {} When method is classify, key 'examples' is expected and was not found"),
             ({"examples": []}, "classify", "JSON Value: {\n    \"examples\": []\n} 'examples' value is an empty array"),
             ({"examples": [1]}, "classify", "Example must be JSON object but got JSON Number"),
             ({"examples": [{"x": None}]}, "classify", "Feature: x has element with unexpected JSON type: Null"),
             ({"examples": [{"x": [1.5, 1]}]}, "classify", "Unexpected element type in feature: x expecting type: float"),
             ({"examples": [{"x": 1.0}], "signature_name": "no"}, "regress", "No signature was found with the name: no"),
             ({"examples": [{"x": 1.0}]}, "regress", "Expected a regression signature method_name to be "
                                                     "tensorflow/serving/regress. Was: tensorflow/serving/classify")]
    found = bodies(saved, *[(body, OLD.format(verb)) for body, verb, _ in cases])
    assert found == [(400, {"error": message}) for _, _, message in cases]


def a_saved_model_that_cannot_be_read(tensorflow_runner, tmp_path):
    model = Model(tensorflow_runner, tmp_path).write("1/saved_model.pb", b"no model")
    failure = model.ask_all()["failure"]
    assert failure.status == 500 and "saved_model.pb" in failure.text


if TENSORFLOW_PYTHON:
    test_a_saved_model_predicts = a_saved_model_predicts
    test_what_tensorflow_refuses_is_400 = what_tensorflow_refuses_is_400
    test_examples_are_classified_and_regressed = examples_are_classified_and_regressed
    test_what_is_no_example_is_refused = what_is_no_example_is_refused
    test_a_saved_model_that_cannot_be_read = a_saved_model_that_cannot_be_read

"""SDK v2's estimators of other frameworks in script mode, and boto3's resources."""

import json
import os
import subprocess
import sys

import boto3
import pytest
from clary_server import V3_PYTHON

# For a try by hand: a Python with TensorFlow 2 (pip install 'tensorflow-cpu==2.15.*'), some 600 MB.
TENSORFLOW_PYTHON = os.environ.get("CLARY_TEST_TENSORFLOW", "")

FIT = """
import json, logging, sys
import sagemaker
logging.getLogger("sagemaker").setLevel(logging.WARNING)
options = dict(entry_point="train.py", source_dir=sys.argv[1], role=sagemaker.get_execution_role(), instance_count=1,
    instance_type="ml.m5.large", hyperparameters={"rounds": 3})
def fit(estimator):
    try:
        estimator.fit({"train": sagemaker.Session().upload_data(sys.argv[1], key_prefix="estimators")})
    finally:
        print()
        print(json.dumps({"name": estimator.latest_training_job.name}))
"""

SKLEARN = """
import argparse, os, joblib, numpy, sklearn
from sklearn.linear_model import LogisticRegression
parser = argparse.ArgumentParser()
parser.add_argument("--rounds", type=int)
parser.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
arguments = parser.parse_args()
x = numpy.arange(20).reshape(-1, 1)
model = LogisticRegression(max_iter=100 * arguments.rounds).fit(x, x[:, 0] > 9)
print("accuracy", model.score(x, x[:, 0] > 9), os.path.exists(arguments.train + "/train.py"))
joblib.dump(model, os.path.join(os.environ["SM_MODEL_DIR"], "model.joblib"))
"""

XGBOOST = """
import os, numpy, xgboost
x = numpy.arange(20).reshape(-1, 1)
model = xgboost.XGBClassifier(n_estimators=int(os.environ["SM_HP_ROUNDS"])).fit(x, (x[:, 0] > 9).astype(int))
print("accuracy", model.score(x, (x[:, 0] > 9).astype(int)))
model.save_model(os.path.join(os.environ["SM_MODEL_DIR"], "model.json"))
"""

KERAS = """
import os, numpy, tensorflow as tf
x = numpy.arange(20.0).reshape(-1, 1)
model = tf.keras.Sequential([tf.keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
model.fit(x, x[:, 0] > 9, epochs=int(os.environ["SM_HP_ROUNDS"]), verbose=2)
model.save(os.path.join(os.environ["SM_MODEL_DIR"], "model.keras"))
print("tensorflow", tf.__version__)
"""


@pytest.fixture(scope="module")
def other_python(server):
    """The environment beside the default one."""
    server.cli("environments", "add", "other", V3_PYTHON)
    yield
    server.cli("environments", "remove", "other")


def client(server, code: str, *arguments: object, python: str = sys.executable) -> dict:
    environment = {**server.environment(), "SAGEMAKER_SUPPRESS_V2_WARNING": "1"}
    done = subprocess.run([python, "-c", code, *map(str, arguments)], env=environment, capture_output=True, text=True,
                          timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.mark.parametrize(("script", "estimator", "artifact"), [
    (SKLEARN, "sagemaker.sklearn.SKLearn(framework_version='1.2-1', **options)", "model.joblib"),
    (XGBOOST, "sagemaker.xgboost.XGBoost(framework_version='1.7-1', **options)", "model.json")], ids=["sklearn", "xgboost"])
def test_estimators_find_the_environment_that_has_their_framework(server, training, other_python, tmp_path, script, estimator,
                                                                  artifact):
    (tmp_path / "train.py").write_text(script)
    module = estimator.rpartition(".")[0].partition("(")[0].rpartition(".")[0]
    name = client(server, FIT + f"import {module}\nfit({estimator})", tmp_path)["name"]
    assert any(line.startswith("accuracy 1.0") for line in training.lines(name)), training.lines(name)
    assert artifact in training.artifact(training.describe(name))


if TENSORFLOW_PYTHON:  # a test of one's own choice, not one that skips itself

    def test_the_tensorflow_estimator_trains_a_keras_model(server, training, tmp_path):
        server.cli("environments", "add", "tensorflow", TENSORFLOW_PYTHON)
        (tmp_path / "train.py").write_text(KERAS)
        code = FIT + ("from sagemaker.tensorflow import TensorFlow\n"
                      "fit(TensorFlow(framework_version='2.14.1', py_version='py310', model_dir=False, **options))")
        name = client(server, code, tmp_path)["name"]
        assert any(line.startswith("tensorflow 2.") for line in training.lines(name))
        assert "model.keras" in training.artifact(training.describe(name))


def test_boto3_resources_read_and_write(server):
    environment = server.environment()
    s3 = boto3.resource("s3", endpoint_url=server.url, region_name="us-east-1",
                        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
                        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"])
    bucket = s3.create_bucket(Bucket="resources")
    bucket.Object("a/1").put(Body=b"one")
    s3.Object("resources", "a/2").copy_from(CopySource={"Bucket": "resources", "Key": "a/1"})
    assert sorted(one.key for one in bucket.objects.filter(Prefix="a/")) == ["a/1", "a/2"]
    assert s3.Object("resources", "a/2").get()["Body"].read() == b"one"
    bucket.objects.all().delete()
    bucket.delete()
    assert "resources" not in [one.name for one in s3.buckets.all()]
    role = boto3.resource("iam", endpoint_url=server.url, region_name="us-east-1",
                          aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
                          aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"]).Role("SageMakerRole")
    assert role.arn.endswith(":role/SageMakerRole")



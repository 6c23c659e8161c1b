"""The SDK, v2, unmodified: `fit` in a fresh interpreter with the environment that `clary env` gives."""

import json
import pathlib
import subprocess
import sys

import pytest

FIT = """
import json, logging, sys
import sagemaker
from sagemaker.pytorch import PyTorch
logging.getLogger("sagemaker").setLevel(logging.WARNING)
session = sagemaker.Session()
estimator = PyTorch(entry_point="train.py", source_dir=sys.argv[1], role=sagemaker.get_execution_role(),
    framework_version="2.8.0", py_version="py312", instance_count=1, instance_type="ml.m5.large",
    hyperparameters={"epochs": 3, "name": "x y"}, metric_definitions=[{"Name": "loss", "Regex": "loss=([0-9.]+)"}])
channel = session.upload_data(sys.argv[1], key_prefix="fit/data")
"""

SCRIPT = """
import os, torch
print("channel", sorted(os.listdir(os.environ["SM_CHANNEL_TRAINING"])))
for epoch in range(1, int(os.environ["SM_HP_EPOCHS"]) + 1):
    print(f"epoch {epoch} loss={1 / epoch:.3f}")
torch.save(torch.ones(3), os.path.join(os.environ["SM_MODEL_DIR"], "model.pth"))
"""


def run_client(server, code: str, *arguments: object) -> subprocess.CompletedProcess:
    environment = {**server.environment(), "SAGEMAKER_SUPPRESS_V2_WARNING": "1"}
    return subprocess.run([sys.executable, "-c", FIT + code, *map(str, arguments)], env=environment,
                          capture_output=True, text=True, timeout=120)


@pytest.fixture
def source(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "train.py").write_text(SCRIPT)
    return tmp_path


@pytest.mark.smoke
def test_fit_streams_the_job_and_leaves_a_model(server, source):
    done = run_client(server, """
estimator.fit(channel)
from sagemaker.analytics import TrainingJobAnalytics
name = estimator.latest_training_job.name
frame = TrainingJobAnalytics(name, metric_names=["loss"]).dataframe()
attached = PyTorch.attach(name)
print(json.dumps({"model": estimator.model_data, "rows": len(frame), "name": name,
    "hyperparameters": attached.hyperparameters(), "model again": attached.model_data}))
""", source)
    assert done.returncode == 0, done.stderr
    assert "epoch 3 loss=0.333" in done.stdout
    assert "channel ['train.py']" in done.stdout
    assert "Training seconds:" in done.stdout
    result = json.loads(done.stdout.strip().splitlines()[-1])
    assert result["model"] == result["model again"] == (
        f"s3://sagemaker-us-east-1-000000000000/{result['name']}/output/model.tar.gz")
    assert result["rows"] >= 1
    assert result["hyperparameters"]["epochs"] == "3"


def test_a_job_that_was_not_waited_for_is_read_later(server, source):
    done = run_client(server, """
estimator.fit(channel, wait=False)
estimator.logs()
session.logs_for_job(estimator.latest_training_job.name, wait=True)
""", source)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epoch 3 loss=0.333") == 2


def test_a_failed_job_raises_with_the_reason(server, source):
    (source / "train.py").write_text("raise KeyError('label')\n")
    done = run_client(server, "estimator.fit(channel)", source)
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert "UnexpectedStatusException" in said
    assert "KeyError: 'label'" in said


def test_no_client_was_sent_to_aws(server, source):
    done = run_client(server, """
import socket
seen = set()
original = socket.getaddrinfo
def noted(host, *arguments, **more):
    seen.add(str(host))
    return original(host, *arguments, **more)
socket.getaddrinfo = noted
estimator.fit(channel)
print(json.dumps(sorted(seen)))
""", source)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.strip().splitlines()[-1]) == ["127.0.0.1"]


FORMS = """
from sagemaker.estimator import Estimator
from sagemaker.inputs import FileSystemInput, TrainingInput
from sagemaker.s3 import S3Uploader
bucket = session.default_bucket()
session.boto_session.client("s3").put_object(Bucket=bucket, Key="kept/epoch-1", Body=b"1")
estimator = PyTorch(entry_point="train.py", source_dir=sys.argv[1], role=sagemaker.get_execution_role(),
    framework_version="2.8.0", py_version="py312", instance_count=1, instance_type="ml.m5.large",
    checkpoint_s3_uri=f"s3://{bucket}/kept", max_retry_attempts=2, disable_output_compression=True,
    enable_network_isolation=True, tags=[{"Key": "clary:priority", "Value": "7"}])
estimator.fit()
print(json.dumps(estimator.model_data))
own = Estimator(image_uri=estimator.training_image_uri(), role=sagemaker.get_execution_role(), instance_count=1,
    instance_type="ml.m5.large", container_entry_point=["/bin/sh", "-c"], container_arguments=["echo own"])
own.fit({"code": TrainingInput(channel)})
"""


def test_the_sdks_other_forms_of_a_job(server, source):
    (source / "train.py").write_text(
        "import os\nprint('kept', os.listdir('/opt/ml/checkpoints'))\nopen('/opt/ml/checkpoints/epoch-2', 'w').write('2')\n"
        "open('/opt/ml/model/w', 'w').write('w')\n")
    done = run_client(server, FORMS, source)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "kept ['epoch-1']" in done.stdout and "own" in done.stdout
    plain = [line for line in done.stdout.splitlines() if line.startswith("{")][0]
    assert json.loads(plain)["S3DataSource"]["S3Uri"].endswith("/output/model/")
    keys = [each["Key"] for each in server.client("s3").list_objects_v2(
        Bucket="sagemaker-us-east-1-000000000000", Prefix="kept/")["Contents"]]
    assert keys == ["kept/epoch-1", "kept/epoch-2"]

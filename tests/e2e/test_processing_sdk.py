"""Processing jobs as the SDKs start them: their own entry scripts run as they are."""

import json
import os
import pathlib
import subprocess
import sys
import venv
import zipfile

import pytest
from clary_server import ROOT, V3_PYTHON

V2 = """
import json, logging, sys
import sagemaker
from sagemaker.processing import FrameworkProcessor, Processor, ProcessingInput, ProcessingOutput, ScriptProcessor
logging.getLogger("sagemaker").setLevel(logging.WARNING)
session = sagemaker.Session()
role = sagemaker.get_execution_role()
folder = sys.argv[1]
data = session.upload_data(folder + "/data", key_prefix="processing/data")
inputs = [ProcessingInput(source=data, destination="/opt/ml/processing/input")]
outputs = [ProcessingOutput(source="/opt/ml/processing/output/train", output_name="train_data")]
def result(processor):
    job = processor.latest_job
    bucket, _, key = job.outputs[0].destination.removeprefix("s3://").partition("/")
    body = session.boto_session.client("s3").get_object(Bucket=bucket, Key=key + "/train.csv")["Body"]
    print(json.dumps({"name": job.job_name, "text": body.read().decode()}))
"""

V3 = """
import json, logging, sys
from sagemaker.core.processing import FrameworkProcessor, Processor, ScriptProcessor
from sagemaker.core.shapes import ProcessingInput, ProcessingOutput, ProcessingS3Input, ProcessingS3Output
from sagemaker.core.helper.session_helper import Session, get_execution_role
logging.getLogger("sagemaker").setLevel(logging.WARNING)
session = Session()
role = "arn:aws:iam::000000000000:role/SageMakerRole"
folder = sys.argv[1]
data = session.upload_data(folder + "/data", key_prefix="processing/data")
inputs = [ProcessingInput(input_name="data", s3_input=ProcessingS3Input(s3_uri=data,
    local_path="/opt/ml/processing/input", s3_data_type="S3Prefix", s3_input_mode="File"))]
where = f"s3://{session.default_bucket()}/v3/{sys.argv[2]}"
outputs = [ProcessingOutput(output_name="train_data", s3_output=ProcessingS3Output(s3_uri=where,
    local_path="/opt/ml/processing/output/train", s3_upload_mode="EndOfJob"))]
def result(processor):
    from sagemaker.core.s3 import S3Downloader
    print(json.dumps({"name": processor.latest_job.processing_job_name,
        "text": S3Downloader.read_file(where + "/train.csv", session)}))
"""

# As the workshops' scripts do: it writes into the output without making its folder.
SCRIPT = """
import argparse, os
parser = argparse.ArgumentParser()
parser.add_argument("--factor", type=int)
factor = parser.parse_args().factor
values = [int(line) for line in open("/opt/ml/processing/input/numbers.csv")]
print("values", values)
with open("/opt/ml/processing/output/train/train.csv", "w") as train:
    train.write(",".join(str(value * factor) for value in values))
"""


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/numbers.csv").write_text("1\n2\n3\n")
    (tmp_path / "code").mkdir()
    (tmp_path / "code/preprocessing.py").write_text(SCRIPT)
    return tmp_path


def run_client(server, code: str, *arguments: object, python: object = sys.executable) -> subprocess.CompletedProcess:
    environment = {**server.environment(), "SAGEMAKER_SUPPRESS_V2_WARNING": "1"}
    return subprocess.run([python, "-c", code, *map(str, arguments)], env=environment, capture_output=True, text=True,
                          timeout=120)


def said(done: subprocess.CompletedProcess) -> str:
    """Both outputs; the SDK wraps its lines."""
    return " ".join((done.stdout + done.stderr).split())


def last_json(done: subprocess.CompletedProcess) -> dict:
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


def wheel(path: pathlib.Path, version: str) -> None:
    """A package named clary-tiny that says its version."""
    info = f"clary_tiny-{version}.dist-info"
    with zipfile.ZipFile(path / f"clary_tiny-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr("clary_tiny.py", f"version = {version!r}\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: clary-tiny\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


def test_script_processor(server, folder):
    done = run_client(server, V2 + """
processor = ScriptProcessor(image_uri="763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.8.0-cpu-py312",
    command=["python3"], role=role, instance_count=1, instance_type="ml.m5.large", env={"A": "b"},
    tags=[{"Key": "k", "Value": "v"}])
processor.run(code=folder + "/code/preprocessing.py", inputs=inputs, outputs=outputs, arguments=["--factor", "10"])
again = sagemaker.processing.ProcessingJob.from_processing_name(session, processor.latest_job.job_name)
assert again.outputs[0].destination == processor.latest_job.outputs[0].destination
result(processor)
""", folder)
    assert "values [1, 2, 3]" in done.stdout, done.stdout + done.stderr
    assert last_json(done)["text"] == "10,20,30"


def test_processor_and_what_is_asked_of_its_job(server, folder):
    done = run_client(server, V2 + """
processor = Processor(image_uri="763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.8.0-cpu-py312", role=role,
    entrypoint=["python3", "-c", "import signal, sys; print(sys.argv[1:], flush=True); signal.pause()"], instance_count=1,
    instance_type="ml.m5.large", max_runtime_in_seconds=300)
processor.run(inputs=inputs, arguments=["--a", "b"], wait=False, logs=False)
job = sagemaker.processing.ProcessingJob.from_processing_arn(session, processor.latest_job.describe()["ProcessingJobArn"])
assert job.inputs[0].source == data, job.inputs[0].source
while "ProcessingStartTime" not in job.describe(): pass
job.stop()
processor.latest_job.wait(logs=True)
print(json.dumps(job.describe()["ProcessingJobStatus"]))
""", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.strip().splitlines()[-1]) == "Stopped"


def test_sklearn_processor_in_an_environment_that_has_it(server, folder, tmp_path):
    code = V2 + """
from sagemaker.sklearn.processing import SKLearnProcessor
processor = SKLearnProcessor(framework_version="1.2-1", role=role, instance_count=1, instance_type="ml.m5.large")
processor.run(code=folder + "/code/preprocessing.py", inputs=inputs, outputs=outputs, arguments=["--factor", "2"])
result(processor)
"""
    venv.create(tmp_path / "env")
    site = next((tmp_path / "env/lib").iterdir()) / "site-packages/scikit_learn-1.2.1.dist-info"
    site.mkdir(parents=True)
    (site / "METADATA").write_text("Metadata-Version: 2.1\nName: scikit-learn\nVersion: 1.2.1\n")
    server.cli("environments", "add", "sk", str(tmp_path / "env/bin/python"))
    try:
        assert last_json(run_client(server, code, folder))["text"] == "2,4,6"
    finally:
        server.cli("environments", "remove", "sk")


def test_framework_processor_runs_its_own_script_and_installs(server, folder):
    wheel(folder / "code", "1.5")
    (folder / "code/requirements.txt").write_text("./clary_tiny-1.5-py3-none-any.whl\n")
    (folder / "code/helper.py").write_text("import clary_tiny\nprint('tiny', clary_tiny.version, flush=True)\n")
    (folder / "code/preprocessing.py").write_text("import helper\n" + SCRIPT)
    done = run_client(server, V2 + """
from sagemaker.pytorch.processing import PyTorchProcessor
processor = PyTorchProcessor(framework_version="2.8.0", py_version="py312", role=role, instance_count=1,
    instance_type="ml.m5.large")
processor.run(code="preprocessing.py", source_dir=folder + "/code", inputs=inputs, outputs=outputs, arguments=["--factor", "3"])
result(processor)
""", folder)
    assert "tiny 1.5" in done.stdout, done.stdout + done.stderr
    assert last_json(done)["text"] == "3,6,9"
    # What was installed has ended with the job.
    interpreter = os.path.realpath(ROOT / ".venv")
    assert not list(pathlib.Path(interpreter).glob("lib/*/site-packages/clary_tiny*"))


def test_a_failure_raises_with_the_reason(server, folder):
    (folder / "code/preprocessing.py").write_text("raise KeyError('label')\n")
    done = run_client(server, V2 + """
processor = ScriptProcessor(image_uri="pytorch-training:2.8.0-cpu-py312", command=["python3"], role=role, instance_count=1,
    instance_type="ml.m5.large")
processor.run(code=folder + "/code/preprocessing.py", logs=False)
""", folder)
    assert done.returncode == 1
    assert "AlgorithmError: See job logs for more information" in said(done)


def test_script_processor_of_v3(server, folder):
    done = run_client(server, V3 + """
processor = ScriptProcessor(image_uri="763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.8.0-cpu-py312",
    command=["python3"], role=role, instance_count=1, instance_type="ml.m5.large", sagemaker_session=session)
processor.run(code=folder + "/code/preprocessing.py", inputs=inputs, outputs=outputs, arguments=["--factor", "10"])
result(processor)
""", folder, "script", python=V3_PYTHON)
    assert "values [1, 2, 3]" in done.stdout + done.stderr
    assert last_json(done)["text"] == "10,20,30"


def test_framework_processor_of_v3(server, folder):
    done = run_client(server, V3 + """
processor = FrameworkProcessor(image_uri="763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.8.0-cpu-py312",
    role=role, instance_count=1, instance_type="ml.m5.large", sagemaker_session=session)
processor.run(code="preprocessing.py", source_dir=folder + "/code", inputs=inputs, outputs=outputs, arguments=["--factor", "4"])
result(processor)
""", folder, "framework", python=V3_PYTHON)
    assert last_json(done)["text"] == "4,8,12"

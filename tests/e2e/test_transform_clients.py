"""Transform jobs through clients: SDK v2's Transformer, v3's TransformJob, the AWS CLI, Clary's own commands."""

import json
import pathlib
import subprocess
import sys

import pytest
from clary_server import V3_PYTHON
from endpoints import Endpoints
from training import BUCKET, wait_until
from transforms import SUMS, Transforms

AWS = pathlib.Path(sys.executable).parent / "aws"

V2 = """
import json, logging, sys
import sagemaker
from sagemaker.pytorch import PyTorch, PyTorchModel
from sagemaker.transformer import Transformer
logging.getLogger("sagemaker").setLevel(logging.ERROR)
sagemaker.Session.wait_for_transform_job.__defaults__ = (0.2,)  # it looks every 5 s
sagemaker.Session.logs_for_transform_job.__defaults__ = (False, 0.2)
session = sagemaker.Session()
client, s3 = session.sagemaker_client, session.boto_session.client("s3")
own = dict(role=sagemaker.get_execution_role(), sagemaker_session=session, framework_version="2.6.0", py_version="py312")
folder, bucket = sys.argv[1], session.default_bucket()
data = session.upload_string_as_file_body("1,2\\n3,4\\n", bucket, "transform-sdk/in/a.csv").rsplit("/", 1)[0]
def output_of(transformer, name="a.csv.out"):
    key = transformer.output_path.split("/", 3)[3] + "/" + name
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
def show(**result):
    print()
    print(json.dumps(result))
"""

TRAIN = """
import json, os
if __name__ == "__main__":
    with open(os.path.join(os.environ["SM_MODEL_DIR"], "factor.json"), "w") as model:
        json.dump(3, model)
"""

SERVE = SUMS.replace("def model_fn(model_dir): return 2", """def model_fn(model_dir):
        import json, os
        with open(os.path.join(model_dir, "factor.json")) as model: return json.load(model)""")


@pytest.fixture(scope="module")
def transforms(server, training):
    return Transforms(Endpoints(server, training))


@pytest.fixture(scope="module")
def model(transforms):
    return transforms.endpoints.model(SUMS)


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "code").mkdir()
    (tmp_path / "code/train.py").write_text(TRAIN)
    (tmp_path / "code/inference.py").write_text("\n".join(line[4:] for line in SERVE.splitlines()) + "\n")
    return tmp_path


def run_v2(server, code: str, *arguments: object) -> subprocess.CompletedProcess:
    environment = {**server.environment(), "SAGEMAKER_SUPPRESS_V2_WARNING": "1"}
    return subprocess.run([sys.executable, "-c", V2 + code, *map(str, arguments)], env=environment, capture_output=True,
                          text=True, timeout=180)


def shown(done: subprocess.CompletedProcess) -> dict:
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_the_transformer_of_a_trained_estimator(server, folder):
    done = run_v2(server, """
estimator = PyTorch(entry_point="train.py", source_dir=folder + "/code", instance_count=1, instance_type="ml.m5.large", **own)
estimator.fit(wait=False)
client.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=estimator.latest_training_job.name,
    WaiterConfig={"Delay": 0.2, "MaxAttempts": 300})
transformer = estimator.transformer(instance_count=1, instance_type="ml.m5.large", entry_point="inference.py",
    strategy="MultiRecord", assemble_with="Line", max_payload=1, env={"OWN": "x"}, tags=[{"Key": "k", "Value": "v"}])
transformer.transform(data, content_type="text/csv", split_type="Line", wait=True, logs=False)
job = client.describe_transform_job(TransformJobName=transformer.latest_transform_job.name)
transformer.wait(logs=True)
attached = Transformer.attach(job["TransformJobName"], session)
result = dict(output=output_of(transformer), status=job["TransformJobStatus"], payload=job["MaxPayloadInMB"],
    attached=attached.output_path == transformer.output_path)
transformer.delete_model()
show(**result)
""", folder)
    assert shown(done) == {"output": "9\n21\n", "status": "Completed", "payload": 1, "attached": True}
    assert "MaxConcurrentTransforms=1, MaxPayloadInMB=1, BatchStrategy=MULTI_RECORD" in done.stdout  # the job's log


def test_the_transformer_of_a_model_with_filters_and_two_instances(server, folder):
    done = run_v2(server, """
import tarfile
json.dump(10, open(folder + "/factor.json", "w"))
with tarfile.open(folder + "/model.tar.gz", "w:gz") as archive:
    archive.add(folder + "/factor.json", "factor.json")
model = PyTorchModel(model_data=session.upload_data(folder + "/model.tar.gz", bucket, "transform-sdk/model"),
    entry_point="inference.py", source_dir=folder + "/code", **own)
transformer = model.transformer(instance_count=2, instance_type="ml.m5.large", strategy="SingleRecord", assemble_with="Line",
    accept="text/csv", max_concurrent_transforms=2, output_path="s3://" + bucket + "/transform-sdk/out")
transformer.transform(data, content_type="text/csv", split_type="Line", input_filter="$[1:]", output_filter="$[0,-1]",
    join_source="Input", model_client_config={"InvocationsTimeoutInSeconds": 60, "InvocationsMaxRetries": 1}, wait=False)
session.wait_for_transform_job(transformer.latest_transform_job.name)
show(output=output_of(transformer))
""", folder)
    assert shown(done) == {"output": "1,20\n3,40\n"}


def test_a_transformer_says_why_its_job_failed(server, folder, model):
    done = run_v2(server, """
from sagemaker.exceptions import UnexpectedStatusException
transformer = Transformer(model_name=sys.argv[2], instance_count=1, instance_type="ml.m5.large", sagemaker_session=session)
bad = session.upload_string_as_file_body("x,y\\n", bucket, "transform-sdk/bad/a.csv")
try:
    transformer.transform(bad, content_type="text/csv", logs=False, wait=True)
except UnexpectedStatusException as error:
    show(said=str(error), status=error.actual_status)
""", folder, model)
    found = shown(done)
    assert found["status"] == "Failed"
    assert "Bad HTTP status received from algorithm: " in found["said"] and "could not convert" in found["said"]


V3 = """
import json, sys
from sagemaker.core.resources import TransformJob
from sagemaker.core.shapes import (DataProcessing, TransformDataSource, TransformInput, TransformOutput, TransformResources,
    TransformS3DataSource)
source = TransformDataSource(s3_data_source=TransformS3DataSource(s3_data_type="S3Prefix", s3_uri=sys.argv[2]))
job = TransformJob.create(transform_job_name="v3-transform", model_name=sys.argv[1], batch_strategy="MultiRecord",
    transform_input=TransformInput(data_source=source, content_type="text/csv", split_type="Line"),
    transform_output=TransformOutput(s3_output_path=sys.argv[3], assemble_with="Line"),
    transform_resources=TransformResources(instance_type="ml.m5.large", instance_count=1),
    data_processing=DataProcessing(join_source="Input"))
job.wait(poll=1, timeout=90, logs=True)
listed = [each.transform_job_name for each in TransformJob.get_all(name_contains="v3-trans")]
print()
print(json.dumps({"status": TransformJob.get("v3-transform").transform_job_status, "listed": listed}))
"""


def test_the_transform_job_of_v3(server, transforms, model):
    data = transforms.put(a_csv=b"1,2\n")
    done = subprocess.run([V3_PYTHON, "-c", V3, model, data, f"s3://{BUCKET}/v3-transform/out"], env=server.environment(),
                          capture_output=True, text=True, timeout=180)
    assert shown(done) == {"status": "Completed", "listed": ["v3-transform"]}
    assert transforms.outputs("v3-transform") == {"a.csv.out": b"1,2,6\n"}


def aws(server, *arguments: object) -> dict:
    done = subprocess.run([sys.executable, AWS, "sagemaker", *map(str, arguments)], env=server.environment(),
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout or "{}")


def test_the_aws_cli(server, transforms, model):
    source = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": transforms.put(a_csv=b"1,2\n")}},
              "ContentType": "text/csv", "SplitType": "Line"}
    made = aws(server, "create-transform-job", "--transform-job-name", "cli-transform", "--model-name", model,
               "--transform-input", json.dumps(source), "--transform-output", f"S3OutputPath=s3://{BUCKET}/cli-transform/out",
               "--transform-resources", "InstanceType=ml.m5.large,InstanceCount=1")
    assert made["TransformJobArn"].endswith(":transform-job/cli-transform")
    transforms.wait("cli-transform")  # the waiter looks every minute
    aws(server, "wait", "transform-job-completed-or-stopped", "--transform-job-name", "cli-transform")
    job = aws(server, "describe-transform-job", "--transform-job-name", "cli-transform")
    assert (job["TransformJobStatus"], job["ModelName"]) == ("Completed", model)
    assert transforms.outputs("cli-transform") == {"a.csv.out": b"6\n"}
    listed = aws(server, "list-transform-jobs", "--name-contains", "cli-transform")["TransformJobSummaries"]
    assert [each["TransformJobName"] for each in listed] == ["cli-transform"]


def test_clarys_own_commands(server, transforms, model):
    name = transforms.submit(model, transforms.put(a_csv=b"1,2\n"), name="shown-transform")
    transforms.wait(name)
    assert any(name in line and "Completed" in line for line in server.cli("jobs").stdout.splitlines())
    text = server.cli("describe", name).stdout
    assert "Transform job completed" in text and model in text and f"s3://{BUCKET}/{name}/out" in text
    wait_until(lambda: "BatchStrategy=MULTI_RECORD" in server.cli("logs", name).stdout, 10, "the log's lines")

"""Deploying with the SDKs, unmodified: v2's estimators, models and predictors, v3's resources."""

import json
import pathlib
import subprocess
import sys
import tarfile

import pytest
from clary_server import JOBS_VENV, V3_PYTHON
from endpoints import named

V2 = """
import json, logging, sys
import numpy, sagemaker
from sagemaker.deserializers import CSVDeserializer, JSONDeserializer, NumpyDeserializer
from sagemaker.predictor import Predictor
from sagemaker.pytorch import PyTorch, PyTorchModel
from sagemaker.serializers import CSVSerializer, JSONSerializer, NumpySerializer
logging.getLogger("sagemaker").setLevel(logging.ERROR)
sagemaker.Session.wait_for_endpoint.__defaults__ = (0.2, False)  # it looks every 30 s
session = sagemaker.Session()
client = session.sagemaker_client
role = sagemaker.get_execution_role()
folder = sys.argv[1]
machine = dict(initial_instance_count=1, instance_type="ml.m5.large")
own = dict(role=role, sagemaker_session=session)
pytorch = dict(framework_version="2.6.0", py_version="py312", **own)
def gone(call, **name):
    try:
        call(**name)
    except client.exceptions.ClientError as error:
        return "Could not find" in str(error)
    return False
def model_of(predictor):
    config = client.describe_endpoint(EndpointName=predictor.endpoint_name)["EndpointConfigName"]
    return config, client.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"][0]["ModelName"]
def show(**result):
    print()
    print(json.dumps(result))
"""

TRAIN = """
import argparse, json, os
if __name__ == "__main__":
    with open(os.path.join(os.environ["SM_MODEL_DIR"], "factor.json"), "w") as model:
        json.dump(int(os.environ["SM_HP_FACTOR"]), model)
"""

SERVE = """
import json, os
def model_fn(model_dir):
    with open(os.path.join(model_dir, "factor.json")) as model:
        return json.load(model)
def input_fn(body, content_type):
    import numpy
    from sagemaker_inference import decoder
    return decoder.decode(body, content_type).astype(numpy.float64)
def predict_fn(data, model): return data * model
def output_fn(prediction, accept):
    from sagemaker_inference import encoder
    return encoder.encode(prediction, accept)
"""


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "code").mkdir()
    (tmp_path / "code/train.py").write_text(TRAIN)
    (tmp_path / "code/inference.py").write_text(SERVE)
    return tmp_path


def pack(path: pathlib.Path, **files: str) -> None:
    """model.tar.gz of these files; __ in a name is a slash, and its last _ the dot."""
    for name, text in files.items():
        base, _, ending = name.replace("__", "/").rpartition("_")
        target = path.parent / f"{path.stem}-files" / f"{base}.{ending}"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    with tarfile.open(path, "w:gz") as archive:
        archive.add(path.parent / f"{path.stem}-files", arcname=".")


def run_client(server, code: str, *arguments: object, python: str = sys.executable) -> subprocess.CompletedProcess:
    environment = {**server.environment(), "SAGEMAKER_SUPPRESS_V2_WARNING": "1"}
    return subprocess.run([python, "-c", code, *map(str, arguments)], env=environment, capture_output=True, text=True,
                          timeout=180)


def shown(done: subprocess.CompletedProcess) -> dict:
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_a_trained_estimator_is_deployed_called_and_removed(server, folder):
    """The order of removal is that of most notebooks: predictor.delete_model(), predictor.delete_endpoint()."""
    assert shown(run_client(server, V2 + """
estimator = PyTorch(entry_point="train.py", source_dir=folder + "/code", instance_count=1, instance_type="ml.m5.large",
    hyperparameters={"factor": 3}, **pytorch)
estimator.fit(wait=False)
client.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=estimator.latest_training_job.name,
    WaiterConfig={"Delay": 0.2, "MaxAttempts": 300})
predictor = estimator.deploy(entry_point="inference.py", source_dir=folder + "/code", **machine)
result = {"npy": predictor.predict(numpy.array([[1, 2]])).tolist()}  # a PyTorchPredictor speaks NPY
predictor.serializer, predictor.deserializer = JSONSerializer(), JSONDeserializer()
result["json"] = predictor.predict([[1, 2]])
predictor.serializer, predictor.deserializer = CSVSerializer(), CSVDeserializer()
result["csv"] = predictor.predict([[1, 2], [3, 4]])
plain = Predictor(predictor.endpoint_name, session)
result["bytes"] = plain.predict(b"[5]", initial_args={"ContentType": "application/json", "Accept": "application/json"}).decode()
config, model = model_of(predictor)
predictor.delete_model()
predictor.delete_endpoint()
show(**result, gone=[gone(client.describe_model, ModelName=model),
    gone(client.describe_endpoint_config, EndpointConfigName=config)])
""", folder)) == {"npy": [[3.0, 6.0]], "json": [[3.0, 6.0]], "csv": [["3.0", "6.0"], ["9.0", "12.0"]], "bytes": "[15.0]",
                  "gone": [True, True]}


def test_a_model_is_repacked_updated_and_removed_in_the_other_order(server, folder):
    pack(folder / "model.tar.gz", factor_json="2")
    pack(folder / "other.tar.gz", factor_json="10")
    assert shown(run_client(server, V2 + """
def model(name):
    uri = session.upload_data(f"{folder}/{name}.tar.gz", key_prefix="sdk-deploy/" + name)
    return PyTorchModel(model_data=uri, entry_point="inference.py", source_dir=folder + "/code", **pytorch)
first, second = model("model"), model("other")
predictor = first.deploy(endpoint_name="sdk-repacked", serializer=JSONSerializer(), deserializer=JSONDeserializer(), **machine)
result = {"before": predictor.predict([1])}
bucket, _, key = first.repacked_model_data.removeprefix("s3://").partition("/")
head = session.boto_session.client("s3").head_object(Bucket=bucket, Key=key)
second.create(instance_type="ml.m5.large")
predictor.update_endpoint(model_name=second.name, **machine)
result["after"] = predictor.predict([1])
predictor.update_endpoint(initial_instance_count=2, instance_type="ml.m5.large")
result["count"] = client.describe_endpoint(EndpointName="sdk-repacked")["ProductionVariants"][0]["CurrentInstanceCount"]
predictor.delete_endpoint(delete_endpoint_config=False)
config = predictor._get_endpoint_config_name()
predictor.delete_model()
client.delete_endpoint_config(EndpointConfigName=config)
client.get_waiter("endpoint_deleted").wait(EndpointName="sdk-repacked", WaiterConfig={"Delay": 0.2, "MaxAttempts": 200})
show(**result, packed=head["ContentLength"] > 0, gone=gone(client.describe_model, ModelName=second.name))
""", folder)) == {"before": [2.0], "after": [10.0], "count": 2, "packed": True, "gone": True}


def test_torchscript_without_any_code(server, folder):
    """The framework's own functions load and call it."""
    script = "import sys, torch\ntorch.jit.script(torch.nn.Linear(2, 1)).save(sys.argv[1])\n"
    subprocess.run([JOBS_VENV / "bin/python", "-c", script, folder / "model.pt"], check=True, timeout=120)
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        archive.add(folder / "model.pt", arcname="model.pt")
    assert shown(run_client(server, V2 + """
from sagemaker.model import Model
uri = session.upload_data(folder + "/model.tar.gz", key_prefix="sdk-deploy/script")
image = sagemaker.image_uris.retrieve("pytorch", "us-east-1", version="2.6.0", py_version="py312", instance_type="ml.m5.large",
    image_scope="inference")
model = Model(image_uri=image, model_data=uri, predictor_cls=Predictor, **own)
predictor = model.deploy(serializer=NumpySerializer(), deserializer=NumpyDeserializer(), **machine)
answer = predictor.predict(numpy.ones((3, 2), dtype="float32"))
predictor.delete_endpoint()
model.delete_model()
show(shape=list(answer.shape))
""", folder))["shape"] == [3, 1]


def test_a_broken_model_raises_with_its_traceback(server, folder):
    (folder / "code/inference.py").write_text("import no_such_module\n")
    pack(folder / "model.tar.gz", factor_json="2")
    done = run_client(server, V2 + """
uri = session.upload_data(folder + "/model.tar.gz", key_prefix="sdk-deploy/broken")
PyTorchModel(model_data=uri, entry_point="inference.py", source_dir=folder + "/code", **pytorch).deploy(**machine)
""", folder)
    assert done.returncode == 1
    said = " ".join((done.stdout + done.stderr).split())
    assert "UnexpectedStatusException" in said and "did not pass the ping health check" in said
    assert "No module named 'no_such_module'" in said


def test_many_models_and_pipelines(server, folder):
    for name in ("a", "b"):
        pack(folder / f"{name}.tar.gz", code__inference_py=named(name))
    pack(folder / "model.tar.gz", factor_json="2")
    assert shown(run_client(server, V2 + """
from sagemaker.multidatamodel import MultiDataModel
from sagemaker.pipeline import PipelineModel
uri = session.upload_data(folder + "/model.tar.gz", key_prefix="sdk-deploy/pipeline")
def model():
    return PyTorchModel(model_data=uri, entry_point="inference.py", source_dir=folder + "/code", **pytorch)
forms = dict(serializer=JSONSerializer(), deserializer=JSONDeserializer())
image = sagemaker.image_uris.retrieve("pytorch", "us-east-1", version="2.6.0", py_version="py312", instance_type="ml.m5.large",
    image_scope="inference")
many = MultiDataModel(name="sdk-many", model_data_prefix=f"s3://{session.default_bucket()}/sdk-deploy/many/", image_uri=image,
    predictor_cls=Predictor, **own)
predictor = many.deploy(**machine, **forms)
many.add_model(folder + "/a.tar.gz")
many.add_model(folder + "/b.tar.gz", "below/b.tar.gz")
result = {"listed": sorted(many.list_models()), "names": [predictor.predict([1], target_model=name)["name"]
    for name in ("a.tar.gz", "below/b.tar.gz")]}
predictor.delete_endpoint()
many.delete_model()
twice = PipelineModel(models=[model(), model()], predictor_cls=Predictor, **own)
predictor = twice.deploy(**machine, **forms)
result["pipeline"] = predictor.predict([1, 2])
predictor.delete_endpoint()
twice.delete_model()
show(**result)
""", folder)) == {"listed": ["a.tar.gz", "below/b.tar.gz"], "names": ["a", "b"], "pipeline": [4.0, 8.0]}


# As most scripts are: everything else is the framework's.
SKLEARN = """
import joblib, os
def model_fn(model_dir): return joblib.load(os.path.join(model_dir, "model.joblib"))
"""

XGBOOST = """
import os, xgboost
def model_fn(model_dir):
    booster = xgboost.Booster()
    booster.load_model(os.path.join(model_dir, "model.json"))
    return booster
"""

MAKE = """
import sys, joblib, numpy, xgboost
from sklearn.linear_model import LogisticRegression
x = numpy.arange(20).reshape(-1, 1)
joblib.dump(LogisticRegression(max_iter=300).fit(x, x[:, 0] > 9), sys.argv[1] + "/model.joblib")
xgboost.XGBClassifier(n_estimators=3).fit(x, (x[:, 0] > 9).astype(int)).save_model(sys.argv[1] + "/model.json")
"""


def test_sklearn_and_xgboost_models_in_an_environment_that_has_them(server, folder):
    subprocess.run([V3_PYTHON, "-c", MAKE, folder], check=True, timeout=120)
    (folder / "code/skl.py").write_text(SKLEARN)
    (folder / "code/xgb.py").write_text(XGBOOST)
    for name in ("model.joblib", "model.json"):
        with tarfile.open(folder / f"{name}.tar.gz", "w:gz") as archive:
            archive.add(folder / name, arcname=name)
    server.cli("environments", "add", "other", V3_PYTHON)
    try:
        answer = shown(run_client(server, V2 + """
from sagemaker.sklearn import SKLearnModel
from sagemaker.xgboost import XGBoostModel
def uri(name): return session.upload_data(f"{folder}/{name}.tar.gz", key_prefix="sdk-deploy/" + name)
both = dict(source_dir=folder + "/code", **own)
sklearn = SKLearnModel(model_data=uri("model.joblib"), entry_point="skl.py", framework_version="1.2-1", **both)
xgboost = XGBoostModel(model_data=uri("model.json"), entry_point="xgb.py", framework_version="1.7-1", **both)
predictors = [model.deploy(wait=False, **machine) for model in (sklearn, xgboost)]
for predictor in predictors: session.wait_for_endpoint(predictor.endpoint_name)
predictors[1].serializer, predictors[1].deserializer = CSVSerializer(), CSVDeserializer()
result = {"sklearn": predictors[0].predict([[1], [18]]).tolist(), "xgboost": predictors[1].predict([[1], [18]])}
for predictor in predictors: predictor.delete_endpoint()
show(**result)
""", folder))
    finally:
        server.cli("environments", "remove", "other")
    assert answer["sklearn"] == [False, True]
    low, high = (float(cell) for row in answer["xgboost"] for cell in row)
    assert low < 0.5 < high


V3 = """
import json, sys
from sagemaker.core.resources import Endpoint, EndpointConfig, Model
from sagemaker.core.shapes import ContainerDefinition, ProductionVariant
role = "arn:aws:iam::000000000000:role/SageMakerRole"
container = ContainerDefinition(**json.loads(sys.argv[1]))
model = Model.create(model_name="v3-deploy", primary_container=container, execution_role_arn=role)
config = EndpointConfig.create(endpoint_config_name="v3-deploy", production_variants=[ProductionVariant(
    variant_name="one", model_name="v3-deploy", initial_instance_count=1, instance_type="ml.m5.large",
    initial_variant_weight=1.0)])
endpoint = Endpoint.create(endpoint_name="v3-deploy", endpoint_config_name=config)
endpoint.wait_for_status("InService", poll=1, timeout=60)
answer = endpoint.invoke(body=b"[1]", content_type="application/json")
listed = [each.endpoint_name for each in Endpoint.get_all(name_contains="v3-dep")]
again = Endpoint.get("v3-deploy")
result = {"body": json.loads(answer.body.read()), "variant": answer.invoked_production_variant, "listed": listed,
          "status": again.endpoint_status, "image": again.production_variants[0].deployed_images[0].specified_image}
endpoint.delete()
endpoint.wait_for_delete(poll=1, timeout=60)
config.delete()
model.delete()
print()
print(json.dumps(result))
"""


def test_the_resources_of_v3_deploy_and_call(server, endpoints):
    container = endpoints.container(named("it"))
    asked = {"image": container["Image"], "model_data_url": container["ModelDataUrl"], "environment": container["Environment"]}
    answer = shown(run_client(server, V3, json.dumps(asked), python=V3_PYTHON))
    assert answer.pop("body")["name"] == "it"
    assert answer == {"variant": "one", "listed": ["v3-deploy"], "status": "InService", "image": container["Image"]}

"""AcceleratorType of the discontinued Elastic Inference: the model runs all the same, and the log says in what."""

import pathlib
import shutil
import subprocess
import tarfile

import pytest
from clary_server import JOBS_VENV, Server
from endpoints import Endpoints
from test_sdk_deploy import V2, pack, run_client, shown
from training import BUCKET, Training

# As AWS's documentation of Elastic Inference has it.
SERVE = """
import json, os
import torch
class Times(torch.nn.Module):
    def __init__(self, factor: int):
        super().__init__()
        self.factor = factor
    def forward(self, x):
        return x * self.factor
def model_fn(model_dir):
    assert os.environ["SAGEMAKER_INFERENCE_ACCELERATOR_PRESENT"] == "true"
    with open(os.path.join(model_dir, "factor.json")) as model:
        return torch.jit.script(Times(json.load(model)))
def input_fn(body, content_type):
    return torch.tensor(json.loads(body))
def predict_fn(data, model):
    with torch.no_grad():
        with torch.jit.optimized_execution(True, {"target_device": "eia:0"}):
            return model(data)
def output_fn(prediction, accept):
    return json.dumps(prediction.tolist()), "application/json"
"""
KIND = "ml.eia2.medium"


def test_pytorch_model_deployed_with_an_accelerator(server, endpoints, tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code/inference.py").write_text(SERVE)
    pack(tmp_path / "model.tar.gz", factor_json="3")
    assert shown(run_client(server, V2 + """
uri = session.upload_data(folder + "/model.tar.gz", key_prefix="accelerated")
model = PyTorchModel(model_data=uri, entry_point="inference.py", source_dir=folder + "/code", framework_version="1.5.1",
    py_version="py3", **own)
predictor = model.deploy(endpoint_name="accelerated", accelerator_type="ml.eia2.medium", serializer=JSONSerializer(),
    deserializer=JSONDeserializer(), **machine)
config = client.describe_endpoint(EndpointName="accelerated")["EndpointConfigName"]
asked = client.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"][0]
image = client.describe_model(ModelName=asked["ModelName"])["PrimaryContainer"]["Image"]
show(answer=predictor.predict([[1, 2]]), image=image.rpartition("/")[2], asked=asked["AcceleratorType"])
""", tmp_path)) == {"answer": [[3, 6]], "image": "pytorch-inference-eia:1.5.1-cpu-py3", "asked": KIND}
    lines = endpoints.lines("accelerated")
    assert any(f"AcceleratorType {KIND} of AllTraffic: Elastic Inference is discontinued" in line for line in lines)
    assert any("the model runs in the python engine" in line for line in lines), lines
    assert any("there is no Elastic Inference any more" in line for line in lines)
    endpoints.sagemaker.delete_endpoint(EndpointName="accelerated")


@pytest.fixture(scope="module")
def with_engine(engine_data, tmp_path_factory):
    """A server whose default environment has a torch engine."""
    data = tmp_path_factory.mktemp("accelerator") / "data"
    running = Server(data, config="[jobs]\nstop_grace_seconds = 2\n").start()
    shutil.copytree(engine_data / "engines", data / "engines")
    yield running
    assert running.stop() == 0
    running.end_hosts()


def test_a_model_without_code_runs_in_the_torch_engine(with_engine, tmp_path: pathlib.Path):
    """The engine is shown to the instance's sandbox, whose user is not the server's."""
    endpoints = Endpoints(with_engine, Training(with_engine))
    script = tmp_path / "make.py"
    script.write_text("""
import sys, torch
class Twice(torch.nn.Module):
    def forward(self, x):
        return 2.0 * x
torch.jit.script(Twice()).save(sys.argv[1])
""")
    subprocess.run([JOBS_VENV / "bin/python", script, tmp_path / "model.pt"], check=True, timeout=120)
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "model.pt", arcname="model.pt")
    endpoints.training.s3.upload_file(str(tmp_path / "model.tar.gz"), BUCKET, "accelerated/model.tar.gz")
    container = {"Image": "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference-eia:1.5.1-cpu-py36",
                 "ModelDataUrl": f"s3://{BUCKET}/accelerated/model.tar.gz"}
    name = endpoints.deploy(container, AcceleratorType=KIND)
    assert endpoints.ask(name, "[1, 2]") == [2.0, 4.0]
    assert any("the model runs in the torch engine" in line for line in endpoints.lines(name))
    endpoints.clear()

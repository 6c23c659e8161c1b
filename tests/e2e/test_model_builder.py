"""SDK v3's ModelBuilder, unmodified: models in memory, specifications, scripts; with the Python of .venv-v3."""

import json
import pathlib
import subprocess
import tarfile

import pytest
from clary_server import JOBS_VENV, V3_PYTHON, Server

# The SDK finds no image for releases as new as those here.
CLIENT = """
import io, json, sys
import numpy
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.training.configs import SourceCode
from sagemaker.serve import InferenceSpec, ModelBuilder
from sagemaker.serve.builder.schema_builder import SchemaBuilder
from sagemaker.serve.utils.types import ModelServer
folder = sys.argv[1]
PYTORCH = dict(image_uri="763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312")
TORCHSERVE = dict(PYTORCH, model_server=ModelServer.TORCHSERVE)
def built(**options):
    builder = ModelBuilder(instance_type="ml.m5.large", **options)
    return builder, builder.build()
def in_memory(**options):
    return built(model_path=folder + "/model", dependencies={"auto": False}, env_vars={"SAGEMAKER_MODEL_SERVER_WORKERS": "1"},
        **options)
def asked(builder, endpoint, data):
    serializer, deserializer = builder._serializer, builder._deserializer  # those that the schema gave it
    answer = endpoint.invoke(body=serializer.serialize(data), content_type=serializer.content_type)
    return deserializer.deserialize(io.BytesIO(answer.body.read()), answer.content_type)
def remove(endpoint, model):
    endpoint.delete()
    endpoint.wait_for_delete(poll=1, timeout=60)
    model.delete()
def show(**result):
    print()
    print(json.dumps(result))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> str:
    """As a user of SDK v3 has it: the SDK, and torch."""
    folder = tmp_path_factory.mktemp("v3") / "venv"
    subprocess.run([V3_PYTHON, "-m", "venv", "--without-pip", folder], check=True, timeout=60)
    [packages] = folder.glob("lib/python3*/site-packages")
    places = [next(pathlib.Path(venv).glob("lib/python3*/site-packages"))
              for venv in (pathlib.Path(V3_PYTHON).parents[1], JOBS_VENV)]
    (packages / "others.pth").write_text("".join(f"import site; site.addsitedir({str(place)!r})\n" for place in places))
    return str(folder / "bin/python")


@pytest.fixture(scope="module")
def laptop(tmp_path_factory, python):
    """A server that was started where that Python is active."""
    active = {"VIRTUAL_ENV": str(pathlib.Path(python).parents[1])}
    running = Server(tmp_path_factory.mktemp("laptop") / "data", environment=active).start()
    yield running
    assert running.stop() == 0
    running.end_hosts()


@pytest.fixture
def run(laptop, python, tmp_path):
    """Runs code after CLIENT's, with a folder; what it showed, and its last lines when it fails."""
    def client(code: str) -> dict:
        done = subprocess.run([python, "-c", CLIENT + code, tmp_path], env=laptop.environment(), capture_output=True, text=True,
                              timeout=180)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        assert "clary:" not in done.stderr, done.stderr
        return json.loads(done.stdout.strip().splitlines()[-1])
    return client


def test_a_pytorch_model_in_memory(run):
    assert run("""
import torch
model = torch.nn.Linear(2, 1)
schema = SchemaBuilder(sample_input=torch.ones(1, 2), sample_output=torch.ones(1, 1))
builder, resource = in_memory(model=model, schema_builder=schema, **TORCHSERVE)
endpoint = builder.deploy(endpoint_name="builder-torch", initial_instance_count=1)
data = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
same = torch.allclose(asked(builder, endpoint, data), model(data))
status = endpoint.endpoint_status
remove(endpoint, resource)
show(same=same, status=status)
""") == {"same": True, "status": "InService"}


def test_an_xgboost_model_in_memory_whose_image_the_sdk_finds(run):
    assert run("""
import xgboost
x = numpy.arange(20).reshape(-1, 1)
model = xgboost.XGBClassifier(n_estimators=3).fit(x, (x[:, 0] > 9).astype(int))
schema = SchemaBuilder(sample_input=x[:1], sample_output=numpy.array([1]))
builder, resource = in_memory(model=model, schema_builder=schema)
endpoint = builder.deploy(endpoint_name="builder-xgboost", initial_instance_count=1)
answer = asked(builder, endpoint, numpy.array([[1], [18]])).tolist()
remove(endpoint, resource)
show(answer=answer, image=resource.primary_container.image.rpartition("/")[2].partition(":")[0])
""") == {"answer": [0, 1], "image": "sagemaker-xgboost"}


# prepare() runs on the caller's side, the others behind the endpoint.
SPEC = """
class Spec(InferenceSpec):
    def prepare(self, model_dir):
        with open(model_dir + "/factor.json", "w") as model: json.dump(3, model)
    def load(self, model_dir):
        import ctypes
        with open(model_dir + "/factor.json") as model: factor = json.load(model)
        return factor, ctypes.CDLL("libclary-builder.so").seven()
    def preprocess(self, data): return numpy.asarray(data) + 1
    def invoke(self, data, model): return data * model[0] + model[1]
    def postprocess(self, prediction): return prediction.tolist()
"""


def test_a_specification_with_a_shared_library_of_its_own(run, tmp_path):
    (tmp_path / "seven.c").write_text("int seven(void) { return 7; }\n")
    library = tmp_path / "libclary-builder.so"
    subprocess.run(["cc", "-shared", "-fPIC", tmp_path / "seven.c", "-o", library], check=True, timeout=60)
    assert run(SPEC + """
builder, resource = in_memory(inference_spec=Spec(), schema_builder=SchemaBuilder(sample_input=[1], sample_output=[1]),
    shared_libs=[folder + "/libclary-builder.so"], **TORCHSERVE)
endpoint = builder.deploy(endpoint_name="builder-spec", initial_instance_count=1)
answer = asked(builder, endpoint, [1, 2])
remove(endpoint, resource)
show(answer=answer)
""") == {"answer": [13, 16]}


def test_a_specification_that_cannot_load_raises_with_the_reason(run):
    assert "ValueError: no such model" in run("""
class Spec(InferenceSpec):
    def load(self, model_dir): raise ValueError("no such model")
    def invoke(self, data, model): return data
schema = SchemaBuilder(sample_input=[1], sample_output=[1])
builder, resource = in_memory(inference_spec=Spec(), schema_builder=schema, **TORCHSERVE)
try:
    builder.deploy(endpoint_name="builder-broken", initial_instance_count=1)
except Exception as error:
    show(said=type(error).__name__ + str(error))
""")["said"]


SCRIPT = """
import json, os
def model_fn(model_dir):
    with open(os.path.join(model_dir, "factor.json")) as model: return json.load(model)
def input_fn(body, content_type): return json.loads(body)
def predict_fn(data, model): return [each * model for each in data]
def output_fn(prediction, accept): return json.dumps(prediction), "application/json"
"""


def test_a_script_beside_a_model_that_is_repacked_and_updated(run, tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code/inference.py").write_text(SCRIPT)
    for factor in ("4", "5"):
        (tmp_path / "factor.json").write_text(factor)
        with tarfile.open(tmp_path / f"{factor}.tar.gz", "w:gz") as archive:
            archive.add(tmp_path / "factor.json", arcname="factor.json")
    assert run("""
from sagemaker.core.resources import EndpointConfig
from sagemaker.core.shapes import ProductionVariant
def scripted(name):
    uri = Session().upload_data(f"{folder}/{name}.tar.gz", key_prefix="builder/" + name)
    code = SourceCode(source_dir=folder + "/code", entry_script="inference.py")
    return built(s3_model_data_url=uri, source_code=code, **PYTORCH)
builder, first = scripted("4")
_, second = scripted("5")
endpoint = builder.deploy(endpoint_name="builder-script", initial_instance_count=1)
def ask(): return json.loads(endpoint.invoke(body=b"[1, 2]", content_type="application/json").body.read())
answers = [ask()]
config = EndpointConfig.create(endpoint_config_name="builder-two", production_variants=[ProductionVariant(
    variant_name="AllTraffic", model_name=second.model_name, initial_instance_count=2, instance_type="ml.m5.large",
    initial_variant_weight=1.0)])
endpoint.endpoint_config_name = "builder-two"
endpoint.update(retain_all_variant_properties=False)
endpoint.wait_for_status("InService", poll=1, timeout=60)
answers.append(ask())
count = endpoint.production_variants[0].current_instance_count
first.delete()
config.delete()
remove(endpoint, second)
show(answers=answers, count=count)
""") == {"answers": [[4, 8], [5, 10]], "count": 2}

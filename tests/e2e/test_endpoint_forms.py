"""Forms of models behind an endpoint: pipelines, many models, other model data, code and requirements; lists of all of them."""

import datetime
import pathlib
import zipfile

import pytest
from botocore.exceptions import ClientError
from endpoints import IMAGE, named
from training import BUCKET, source_archive

# A step of a pipeline: writes its name after what it got.
STEP = """
    def model_fn(model_dir): return NAME
    def input_fn(body, content_type): return (body if isinstance(body, str) else body.decode()), content_type
    def predict_fn(data, model):
        text, content_type = data
        if text == "raise in " + model: raise ValueError("boom " + model)
        return text + ">" + model + ":" + str(content_type)
    def output_fn(prediction, accept): return prediction, "x/" + NAME
"""


def step(name: str) -> str:
    return f"    NAME = {name!r}\n" + STEP.lstrip("\n")


def test_a_pipeline_hands_on_body_and_content_type(endpoints):
    first, second = (endpoints.container(step(name), ContainerHostname=name) for name in ("first", "second"))
    name = endpoints.deploy(first, second)
    answer = endpoints.invoke(name, "a", "text/csv", Accept="application/json")
    assert (answer["Body"], answer["ContentType"]) == (b"a>first:text/csv>second:x/first", "x/second")
    with pytest.raises(endpoints.runtime.exceptions.ModelError) as caught:
        endpoints.invoke(name, "raise in first", "text/csv")
    assert "Received server error (500) from first with message" in str(caught.value)
    assert caught.value.response["LogStreamArn"].endswith("/first")
    streams = endpoints.training.logs_client.describe_log_streams(logGroupName=f"/aws/sagemaker/Endpoints/{name}")["logStreams"]
    assert sorted(each["logStreamName"].rsplit("/", 1)[1] for each in streams) == ["first", "second"]


def test_containers_that_are_called_by_their_names(endpoints):
    model = endpoints.model(*(endpoints.container(step(name), ContainerHostname=name) for name in ("first", "second")),
                            InferenceExecutionConfig={"Mode": "Direct"})
    name = endpoints.in_service(endpoints.create(endpoints.config(endpoints.variant(model))))
    answer = endpoints.invoke(name, "a", "text/csv", TargetContainerHostname="second")
    assert answer["Body"] == b"a>second:text/csv"
    with pytest.raises(ClientError, match="needs a TargetContainerHostname"):
        endpoints.invoke(name)
    with pytest.raises(ClientError, match="has no container 'third'"):
        endpoints.invoke(name, TargetContainerHostname="third")


def test_many_models_in_one_endpoint(endpoints):
    for model in ("a", "folder/b"):
        endpoints.put(f"many/{model}.tar.gz", {"code/inference.py": named(model)})
    endpoints.put("many/broken.tar.gz", {"code/inference.py": "raise RuntimeError('boom model')"})
    container = endpoints.container(named("unused"), Mode="MultiModel", ModelDataUrl=f"s3://{BUCKET}/many/")
    name = endpoints.deploy(container)
    for model in ("a", "folder/b", "a"):
        assert endpoints.ask(name, TargetModel=f"{model}.tar.gz")["name"] == model
    endpoints.put("many/later.tar.gz", {"code/inference.py": named("later")})
    assert endpoints.ask(name, TargetModel="later.tar.gz")["name"] == "later"
    with pytest.raises(ClientError, match="a TargetModel must be named"):
        endpoints.invoke(name)
    with pytest.raises(ClientError, match="nowhere.tar.gz"):
        endpoints.invoke(name, TargetModel="nowhere.tar.gz")
    with pytest.raises(ClientError) as caught:
        endpoints.invoke(name, TargetModel="../outside.tar.gz")
    assert caught.value.response["Error"]["Code"] in ("ValidationError", "ModelError")
    with pytest.raises(endpoints.runtime.exceptions.ModelError, match="boom model"):
        endpoints.invoke(name, TargetModel="broken.tar.gz")
    assert endpoints.ask(name, TargetModel="a.tar.gz")["name"] == "a"  # the others are untouched


FILES = """
    import json, os
    def model_fn(model_dir):
        return sorted(os.path.relpath(os.path.join(folder, name), model_dir)
                      for folder, folders, names in os.walk(model_dir) if "__pycache__" not in folder for name in names)
    def input_fn(body, content_type): return body
    def predict_fn(data, model): return model
    def output_fn(prediction, accept): return json.dumps(prediction), "application/json"
"""


def test_model_data_below_a_prefix_is_there_as_it_is(endpoints):
    container = endpoints.container(FILES)
    s3 = endpoints.training.s3
    for key in ("config.json", "weights/1.bin"):
        s3.put_object(Bucket=BUCKET, Key=f"unpacked/{key}", Body=b"x")
    code = "\n".join(line.removeprefix("    ") for line in FILES.splitlines())
    s3.put_object(Bucket=BUCKET, Key="unpacked/code/inference.py", Body=code.encode())
    del container["ModelDataUrl"]
    container["ModelDataSource"] = {"S3DataSource": {"S3Uri": f"s3://{BUCKET}/unpacked/", "S3DataType": "S3Prefix",
                                                     "CompressionType": "None"}}
    name = endpoints.deploy(container)
    assert endpoints.ask(name) == ["code/inference.py", "config.json", "weights/1.bin"]


def test_code_that_stays_in_s3(endpoints):
    """As the SDK leaves it where it does not repack: SAGEMAKER_SUBMIT_DIRECTORY names an archive."""
    code = "\n".join(line.removeprefix("    ") for line in FILES.splitlines())
    endpoints.training.s3.put_object(Bucket=BUCKET, Key="code/sourcedir.tar.gz", Body=source_archive({"serve.py": code}))
    uri = endpoints.put("bare/model.tar.gz", {"model.pth": "weights"})
    name = endpoints.deploy({"Image": IMAGE, "ModelDataUrl": uri, "Environment": {
        "SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": f"s3://{BUCKET}/code/sourcedir.tar.gz"}})
    assert endpoints.ask(name) == ["model.pth"]


def wheel(path: pathlib.Path) -> bytes:
    """A package named clary-tiny."""
    info = "clary_tiny-1.5.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("clary_tiny.py", "version = '1.5'\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: clary-tiny\nVersion: 1.5\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path.read_bytes()


def test_requirements_are_installed_for_the_model_alone(endpoints, tmp_path):
    name = "clary_tiny-1.5-py3-none-any.whl"
    package = wheel(tmp_path / name)
    s3 = endpoints.training.s3
    script = ("import json, clary_tiny\ndef model_fn(model_dir): return clary_tiny.version\n"
              "def input_fn(body, content_type): return body\ndef predict_fn(data, model): return model\n"
              "def output_fn(prediction, accept): return json.dumps(prediction), 'application/json'\n")
    for key, body in (("inference.py", script.encode()), ("requirements.txt", f"./{name}\n".encode()), (name, package)):
        s3.put_object(Bucket=BUCKET, Key=f"required/code/{key}", Body=body)
    source = {"S3DataSource": {"S3Uri": f"s3://{BUCKET}/required/", "S3DataType": "S3Prefix", "CompressionType": "None"}}
    assert endpoints.ask(endpoints.deploy({"Image": IMAGE, "ModelDataSource": source})) == "1.5"
    s3.put_object(Bucket=BUCKET, Key="required/code/requirements.txt", Body=b"./no-such-package.whl\n")
    failed = endpoints.wait(endpoints.create(endpoints.config_of({"Image": IMAGE, "ModelDataSource": source})))
    assert failed["EndpointStatus"] == "Failed" and "no-such-package" in failed["FailureReason"]


@pytest.mark.parametrize(("changes", "said"), [
    ({"ModelDataUrl": "s3://tests/model.zip"}, "must name one .tar.gz archive"),
    ({"ModelDataUrl": "/a/path"}, "odelDataUrl"),
    ({"Mode": "MultiModel"}, "needs a ModelDataUrl"),
    ({"ModelPackageName": "a-package"}, "Clary does not keep model packages yet")],
    ids=["ending", "uri", "many", "package"])
def test_models_that_are_refused(endpoints, changes, said):
    with pytest.raises(ClientError) as caught:
        endpoints.model({"Image": IMAGE, **changes})
    assert caught.value.response["Error"]["Code"] == "ValidationException" and said in str(caught.value)


@pytest.mark.parametrize(("changes", "said"), [
    ({"ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1}}, "leave out InstanceType and InitialInstanceCount"),
    ({"ManagedInstanceScaling": {"Status": "ENABLED"}}, "Clary does not scale endpoints by itself yet"),
    ({"RoutingConfig": {"RoutingStrategy": "RANDOM"}}, "RoutingStrategy must be LEAST_OUTSTANDING_REQUESTS")],
    ids=["serverless", "scaling", "routing"])
def test_configurations_that_are_refused(endpoints, changes, said):
    model = endpoints.model({"Image": IMAGE})
    with pytest.raises(ClientError) as caught:
        endpoints.config(endpoints.variant(model, **changes))
    assert caught.value.response["Error"]["Code"] == "ValidationException" and said in str(caught.value)


def test_models_and_configurations_are_listed_by_every_filter(endpoints):
    sagemaker = endpoints.sagemaker
    names = [f"listed-{letter}" for letter in "abc"]
    for name in names:
        sagemaker.create_model(ModelName=name, ExecutionRoleArn="arn:aws:iam::000000000000:role/SageMakerRole",
                               PrimaryContainer={"Image": IMAGE})
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[endpoints.variant(name)])
    check_lists(sagemaker.list_models, "Models", "ModelName", names)
    check_lists(sagemaker.list_endpoint_configs, "EndpointConfigs", "EndpointConfigName", names)


def test_endpoints_are_listed_by_every_filter(endpoints):
    uri = f"s3://{BUCKET}/nowhere/model.tar.gz"  # so they are Failed at once
    config = endpoints.config_of({"Image": IMAGE, "ModelDataUrl": uri})
    names = [endpoints.create(config, f"listed-{letter}") for letter in "abc"]
    found = [endpoints.wait(name) for name in names]
    listed = endpoints.sagemaker.list_endpoints
    check_lists(listed, "Endpoints", "EndpointName", names)

    def shown(**filters) -> list[str]:
        page = listed(NameContains="listed-", SortBy="Name", SortOrder="Ascending", **filters)
        return [each["EndpointName"] for each in page["Endpoints"]]

    assert shown(StatusEquals="Failed") == names and shown(StatusEquals="InService") == []
    assert shown(LastModifiedTimeAfter=max(each["LastModifiedTime"] for each in found)) != []
    assert shown(LastModifiedTimeBefore=found[0]["CreationTime"]) == []
    assert len(listed(NameContains="listed-", SortBy="Status")["Endpoints"]) == 3


def check_lists(call, member: str, name: str, names: list[str]) -> None:
    def shown(**filters) -> list[str]:
        return [each[name] for each in call(**{"NameContains": "LISTED-", **filters})[member]]

    assert shown() == names[::-1]  # the newest first
    assert shown(SortBy="CreationTime", SortOrder="Ascending") == names
    assert shown(SortBy="Name", SortOrder="Descending") == names[::-1]
    assert shown(NameContains=names[1]) == names[1:2] and shown(NameContains="listed-none") == []
    created = {each[name]: each["CreationTime"] for each in call(NameContains="listed-")[member]}
    second = datetime.timedelta(seconds=1)  # boto3 sends whole ones
    assert shown(CreationTimeAfter=created[names[2]])[0] == names[2]
    assert shown(CreationTimeAfter=created[names[2]] + second) == []
    assert shown(CreationTimeBefore=created[names[0]] + second)[-1] == names[0]
    assert shown(CreationTimeBefore=created[names[0]] - second) == []
    page = call(NameContains="listed-", MaxResults=2)
    rest = call(NameContains="listed-", MaxResults=2, NextToken=page["NextToken"])
    assert [each[name] for each in page[member] + rest[member]] == names[::-1] and "NextToken" not in rest
    with pytest.raises(ClientError, match="ValidationException"):
        call(NextToken="no token of ours")

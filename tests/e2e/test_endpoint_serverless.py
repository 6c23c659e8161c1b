"""Serverless variants: no instance while nobody calls, one for the first call, and no more calls than may be."""

import threading

import pytest
from botocore.exceptions import ClientError
from clary_server import Server
from endpoints import MARK, Callers, Endpoints, model_servers, named
from test_sdk_deploy import SERVE, V2, pack, run_client, shown
from training import Training, wait_until

SPACE = "AWS/SageMaker"
SHORT = "[jobs]\nstop_grace_seconds = 2\n[endpoints]\nserverless_idle_seconds = 1\n"


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """A server whose serverless variants keep their instances for a second."""
    running = Server(tmp_path_factory.mktemp("serverless") / "data", config=SHORT).start()
    yield running
    assert running.stop() == 0
    running.end_hosts()


@pytest.fixture
def serverless(short):
    made = Endpoints(short, Training(short))
    yield made
    made.clear()


def variant_of(endpoints: Endpoints, script: str, mark: str = "", most: int = 5, **more: int) -> dict:
    container = endpoints.container(script, environment={MARK: mark} if mark else None)
    return {"VariantName": "AllTraffic", "ModelName": endpoints.model(container),
            "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": most, **more}}


def deploy(endpoints: Endpoints, script: str, mark: str = "", most: int = 5) -> str:
    return endpoints.in_service(endpoints.create(endpoints.config(variant_of(endpoints, script, mark, most))))


def wait_until_cold(endpoints: Endpoints, name: str) -> None:
    wait_until(lambda: shown_variant(endpoints, name)["CurrentInstanceCount"] == 0, 30, "no instance")


def shown_variant(endpoints: Endpoints, name: str) -> dict:
    return endpoints.describe(name)["ProductionVariants"][0]


def test_it_has_an_instance_only_while_it_is_called(serverless):
    name = deploy(serverless, named("it"), "cold")
    wait_until_cold(serverless, name)
    wait_until(lambda: model_servers("cold") == [], 40, "the end of the instance")
    variant = shown_variant(serverless, name)
    assert variant["CurrentServerlessConfig"] == {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    assert "serverless, 2048 MB for each of 5 calls: cold" in serverless.server.cli("endpoints").stdout
    first = serverless.ask(name)
    wait_until_cold(serverless, name)
    second = serverless.ask(name)
    assert (first["name"], second["name"]) == ("it", "it") and first["id"] != second["id"]
    told = [line for line in serverless.lines(name) if line.startswith(("Cold start: ", "No calls for 1"))]
    assert len([line for line in told if line.startswith("Cold")]) == 3  # with the one that tried the model out
    assert len(told) >= 5


def test_how_long_starts_take_is_in_the_metrics(serverless):
    name = deploy(serverless, named("it"))
    wait_until_cold(serverless, name)
    serverless.ask(name)
    cloudwatch = serverless.server.client("cloudwatch")

    def metrics():
        listed = cloudwatch.list_metrics(Namespace=SPACE, Dimensions=[{"Name": "EndpointName", "Value": name}])["Metrics"]
        found = {each["MetricName"] for each in listed}
        return found if {"ModelSetupTime", "OverheadLatency"} <= found else None
    wait_until(metrics, 30, "metrics")


def test_calls_that_come_during_a_start_wait_for_it(serverless):
    name = deploy(serverless, named("it"))
    wait_until_cold(serverless, name)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(serverless.ask(name))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == 4 and {answer["name"] for answer in answers} == {"it"}
    assert len({answer["id"] for answer in answers}) == 1, "one worker answers: the container says so"


def test_more_calls_than_may_be_are_throttled(serverless):
    name = deploy(serverless, named("it"), most=1)
    with Callers(serverless, name, threads=4) as callers:
        wait_until(lambda: callers.failures, 30, "a call that is refused")
        callers.wait_for_more(5)
    for failure in callers.failures:
        assert isinstance(failure, ClientError)
        assert failure.response["Error"]["Code"] == "ThrottlingException" and "MaxConcurrency" in str(failure)
        assert failure.response["ResponseMetadata"]["HTTPStatusCode"] == 429


def test_an_update_to_instances_and_back_fails_no_call(serverless):
    name = deploy(serverless, named("one"))
    wait_until_cold(serverless, name)
    instances = serverless.config_of(named("two"))
    back = serverless.config(variant_of(serverless, named("three")))
    with Callers(serverless, name) as callers:
        serverless.update(name, instances)
        serverless.in_service(name)
        callers.wait_for_more()
        serverless.update(name, back)
        serverless.in_service(name)
        callers.wait_for_more()
    assert callers.failures == [] and {answer["name"] for answer in callers.answers} >= {"two", "three"}
    assert "CurrentServerlessConfig" in shown_variant(serverless, name)


def test_provisioned_concurrency_keeps_an_instance(serverless):
    name = deploy(serverless, named("it"), "provisioned")
    wait_until_cold(serverless, name)
    wait_until(lambda: model_servers("provisioned") == [], 40, "the end of the instance")
    serverless.sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=[
        {"VariantName": "AllTraffic", "ServerlessUpdateConfig": {"MaxConcurrency": 3, "ProvisionedConcurrency": 2}}])
    serverless.in_service(name)
    assert len(model_servers("provisioned")) == 1, "it is there before it is called"
    assert shown_variant(serverless, name)["CurrentServerlessConfig"] == {
        "MemorySizeInMB": 2048, "MaxConcurrency": 3, "ProvisionedConcurrency": 2}


def test_one_that_is_cold_is_removed(serverless):
    name = deploy(serverless, named("it"))
    wait_until_cold(serverless, name)
    serverless.sagemaker.delete_endpoint(EndpointName=name)
    wait_until(lambda: serverless.gone(name), 30, "the end of the endpoint")


def test_a_broken_model_fails_before_anybody_calls(serverless):
    name = serverless.create(serverless.config(variant_of(serverless, "def model_fn(folder): raise ValueError('boom')")))
    found = serverless.wait(name)
    assert found["EndpointStatus"] == "Failed" and "boom" in found["FailureReason"]


def test_it_is_cold_after_a_restart_of_the_server_and_answers(new_server):
    server = new_server(config=SHORT).start()
    endpoints = Endpoints(server, Training(server))
    name = deploy(endpoints, named("it"))
    wait_until_cold(endpoints, name)
    assert server.stop() == 0
    server.start()
    assert shown_variant(endpoints, name)["CurrentInstanceCount"] == 0
    assert endpoints.ask(name)["name"] == "it"


@pytest.mark.parametrize("config, said", [
    ({"MemorySizeInMB": 2000, "MaxConcurrency": 1}, "must be 1024, 2048, 3072"),
    ({"MemorySizeInMB": 1024, "MaxConcurrency": 1, "ProvisionedConcurrency": 2}, "more than its MaxConcurrency"),
    ({"MemorySizeInMB": 1024, "MaxConcurrency": 201}, "200"),
])
def test_what_is_no_configuration_is_refused(serverless, config, said):
    variant = {**variant_of(serverless, named("it")), "ServerlessConfig": config}
    with pytest.raises(ClientError, match=said) as caught:
        serverless.config(variant)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_members_without_effect_are_told_in_the_endpoints_log(serverless):
    vpc = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
    model = serverless.model(named("it"), VpcConfig=vpc)
    name = serverless.in_service(serverless.create(serverless.config(serverless.variant(model, VolumeSizeInGB=10))))
    told = [line for line in serverless.lines(name) if "has no effect" in line]
    assert told == [
        "ProductionVariants.VolumeSizeInGB has no effect: an instance uses the disk of the machine it runs on",
        f"Model {model}: VpcConfig has no effect: there is no VPC here; "
        "an instance has a network of its own and reaches no other"]


def test_sdk_v2_deploys_serverless(short, tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code/inference.py").write_text(SERVE)
    pack(tmp_path / "model.tar.gz", factor_json="3")
    done = run_client(short, V2 + """
from sagemaker.serverless import ServerlessInferenceConfig
uri = session.upload_data(folder + "/model.tar.gz", key_prefix="serverless")
model = PyTorchModel(model_data=uri, entry_point="inference.py", source_dir=folder + "/code", **pytorch)
predictor = model.deploy(serverless_inference_config=ServerlessInferenceConfig(memory_size_in_mb=3072, max_concurrency=2),
    serializer=JSONSerializer(), deserializer=JSONDeserializer())
described = client.describe_endpoint(EndpointName=predictor.endpoint_name)["ProductionVariants"][0]
result = predictor.predict([[1, 2]])
predictor.delete_model()
predictor.delete_endpoint()
show(answer=result, config=described["CurrentServerlessConfig"])
""", tmp_path)
    assert shown(done) == {"answer": [[3.0, 6.0]], "config": {"MemorySizeInMB": 3072, "MaxConcurrency": 2}}

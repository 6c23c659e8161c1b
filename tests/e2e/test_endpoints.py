"""Endpoints through boto3 and the AWS CLI: made, called, removed; what a call gets that cannot be answered."""

import concurrent.futures
import datetime
import io
import json
import os
import subprocess
import sys
import time

import numpy
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError
from clary_server import ONCE
from endpoints import IMAGE, VARIANT, Endpoints, named
from training import BUCKET, ROLE, wait_until

ACCOUNT = "000000000000"
SOON = {"Delay": 0.1, "MaxAttempts": 600}  # the waiters' own pause is 30 s

HANDLER = """
    import json, os, signal, sys
    def model_fn(model_dir):
        print("loaded", sorted(os.listdir(model_dir)), flush=True)
    def input_fn(body, content_type, context):
        return body, content_type, context.get_request_header(0, "X-Amzn-SageMaker-Custom-Attributes")
    def predict_fn(data, model, context):
        body, content_type, attributes = data
        if body == "raise": raise ValueError("boom predict")
        if body == "exit": sys.exit(3)
        if body == "crash": os.kill(os.getpid(), signal.SIGSEGV)
        if body == "memory": bytearray(1 << 46)
        if body == "object": return object()
        while body == "loop": pass
        context.set_response_header(0, "X-Amzn-SageMaker-Custom-Attributes", "seen=" + str(attributes))
        return {"length": len(body), "type": content_type}
    def output_fn(prediction, accept):
        return (json.dumps(prediction) if isinstance(prediction, dict) else prediction), "application/json"
"""

# Works for so many seconds as it is told.
SLOW = """
    import time
    def model_fn(model_dir): return None
    def input_fn(body, content_type): return body
    def predict_fn(data, model): return time.sleep(float(data)) or data
    def output_fn(prediction, accept): return prediction, "text/plain"
"""

# The rest are the toolkit's own functions.
DEFAULTS = """
    def model_fn(model_dir): return None
    def predict_fn(data, model): return data * 2
"""


@pytest.fixture(scope="module")
def shared(server, training):
    """For the tests that leave what it made as it was."""
    made = Endpoints(server, training)
    yield made
    made.clear()


@pytest.fixture(scope="module")
def own(shared):
    """An endpoint whose every function is the user's."""
    return shared.deploy(shared.container(HANDLER, environment={"SAGEMAKER_MODEL_SERVER_TIMEOUT": "3"}))


@pytest.fixture(scope="module")
def defaults(shared):
    return shared.deploy(shared.container(DEFAULTS, environment={"CLARY_SERVING_FRAMEWORK": "base"}))


def npy(array: numpy.ndarray) -> bytes:
    body = io.BytesIO()
    numpy.save(body, array, allow_pickle=True)
    return body.getvalue()


def model_error(endpoints: Endpoints, name: str, body: bytes | str, **more) -> dict:
    """The answer of a call that the model fails."""
    with pytest.raises(endpoints.runtime.exceptions.ModelError) as caught:
        endpoints.invoke(name, body, **more)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 424
    return caught.value.response


@pytest.mark.smoke
def test_made_described_called_and_removed(endpoints):
    sagemaker = endpoints.sagemaker
    config = endpoints.config_of(HANDLER)
    name = endpoints.create(config)
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=SOON)
    found = endpoints.describe(name)
    arn = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint/{name}"
    assert (found["EndpointArn"], found["EndpointConfigName"], found["EndpointStatus"]) == (arn, config, "InService")
    assert "FailureReason" not in found and found["LastModifiedTime"] >= found["CreationTime"]
    [variant] = found["ProductionVariants"]
    [image] = variant.pop("DeployedImages")
    assert image["SpecifiedImage"] == IMAGE
    assert variant == {"VariantName": VARIANT, "CurrentWeight": 1.0, "DesiredWeight": 1.0, "CurrentInstanceCount": 1,
                       "DesiredInstanceCount": 1}
    answer = endpoints.invoke(name, "[1, 2]", CustomAttributes="a=1")
    assert json.loads(answer["Body"]) == {"length": 6, "type": "application/json"}
    assert (answer["ContentType"], answer["InvokedProductionVariant"]) == ("application/json", VARIANT)
    assert answer["CustomAttributes"] == "seen=a=1"
    assert "loaded ['code']" in endpoints.lines(name)
    sagemaker.delete_endpoint(EndpointName=name)
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig=SOON)
    with pytest.raises(ClientError, match=f"Endpoint {name} of account {ACCOUNT} not found."):
        endpoints.invoke(name)


def test_the_command_lines_deploy_and_call(server, endpoints, tmp_path):
    def aws(*words: str) -> dict:
        done = subprocess.run([sys.executable, "-m", "awscli", *words, "--output", "json"], env=server.environment(),
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or "{}")

    container = endpoints.container(HANDLER)
    aws("sagemaker", "create-model", "--model-name", "cli", "--execution-role-arn", ROLE, "--primary-container",
        json.dumps(container))
    aws("sagemaker", "create-endpoint-config", "--endpoint-config-name", "cli", "--production-variants",
        "VariantName=one,ModelName=cli,InitialInstanceCount=1,InstanceType=ml.m5.large,InitialVariantWeight=1.0")
    made = aws("sagemaker", "create-endpoint", "--endpoint-name", "cli", "--endpoint-config-name", "cli")
    assert made["EndpointArn"].endswith(":endpoint/cli")
    endpoints.in_service("cli")
    (tmp_path / "body").write_bytes(b"1,2")
    said = aws("sagemaker-runtime", "invoke-endpoint", "--endpoint-name", "cli", "--content-type", "text/csv", "--body",
               f"fileb://{tmp_path / 'body'}", str(tmp_path / "answer"))
    assert said["InvokedProductionVariant"] == "one"
    assert json.loads((tmp_path / "answer").read_text()) == {"length": 3, "type": "text/csv"}
    assert "cli" in server.cli("endpoints").stdout
    assert json.loads(server.cli("invoke", "cli", str(tmp_path / "body"), "--content-type", "a/b").stdout) == {
        "length": 3, "type": "a/b"}
    assert "loaded ['code']" in server.cli("logs", "cli").stdout
    for kind in ("endpoint", "endpoint-config", "model"):
        aws("sagemaker", f"delete-{kind}", f"--{kind}-name", "cli")


def test_names_are_given_once_and_what_is_not_there_is_named(shared, own):
    sagemaker = shared.sagemaker
    config = shared.describe(own)["EndpointConfigName"]
    variants = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    model = variants[0]["ModelName"]
    container = sagemaker.describe_model(ModelName=model)["PrimaryContainer"]
    start = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:"
    for call, arguments, said in [
            (sagemaker.create_model, {"ModelName": model, "PrimaryContainer": container, "ExecutionRoleArn": ROLE},
             f'Cannot create already existing model "{start}model/{model}"'),
            (sagemaker.create_endpoint_config, {"EndpointConfigName": config, "ProductionVariants": variants},
             f'Cannot create already existing endpoint configuration "{start}endpoint-config/{config}"'),
            (sagemaker.create_endpoint, {"EndpointName": own, "EndpointConfigName": config},
             f'Cannot create already existing endpoint "{start}endpoint/{own}"'),
            (sagemaker.create_endpoint, {"EndpointName": "no-config", "EndpointConfigName": "none"},
             f'Could not find endpoint configuration "{start}endpoint-config/none"'),
            (sagemaker.create_endpoint_config, {"EndpointConfigName": "no-model", "ProductionVariants": [
                shared.variant("none")]}, f'Could not find model "{start}model/none"'),
            (sagemaker.describe_model, {"ModelName": "none"}, f'Could not find model "{start}model/none"'),
            (sagemaker.delete_endpoint_config, {"EndpointConfigName": "none"},
             f'Could not find endpoint configuration "{start}endpoint-config/none"'),
            (sagemaker.delete_endpoint, {"EndpointName": "none"}, f'Could not find endpoint "{start}endpoint/none"')]:
        with pytest.raises(ClientError) as caught:
            call(**arguments)
        assert caught.value.response["Error"]["Code"] == "ValidationException"
        assert said in caught.value.response["Error"]["Message"]


def test_a_call_without_a_content_type_has_none(shared, own):
    answer = shared.runtime.invoke_endpoint(EndpointName=own, Body=b"abc")
    assert json.loads(answer["Body"].read()) == {"length": 3, "type": None}


@pytest.mark.parametrize("size", [0, 1, 70_000, 20_000_000])
def test_bodies_of_every_size(shared, own, size):
    answer = shared.ask(own, os.urandom(size), content_type="application/octet-stream")
    assert answer == {"length": size, "type": "application/octet-stream"}


def test_json_csv_and_npy_by_the_toolkits_own_functions(shared, defaults):
    assert shared.ask(defaults, "[[1, 2]]") == [[2, 4]]
    answer = shared.invoke(defaults, "1,2\n3,4\n", "text/csv", Accept="text/csv")
    assert (answer["Body"], answer["ContentType"]) == (b"2,4\n6,8\n", "text/csv")
    answer = shared.invoke(defaults, npy(numpy.array([[1.5, 2]])), "application/x-npy", Accept="application/x-npy")
    assert answer["ContentType"] == "application/x-npy"
    assert numpy.load(io.BytesIO(answer["Body"])).tolist() == [[3.0, 4.0]]


PLAIN = npy(numpy.zeros((2, 2)))


@pytest.mark.parametrize(("body", "content_type", "said"), [
    ("", "application/json", "Expecting value: line 1 column 1 (char 0)"),
    ('{"bad', "application/json", "Unterminated string"),
    ("[[1,2],[3]]", "application/json", "inhomogeneous shape"),
    ("a", "text/plain", "Content type text/plain is not supported by this framework."),
    (b"garbage", "application/x-npy", "not an NPY array; set CLARY_SERVING_ALLOW_PICKLE=true"),
    (npy(numpy.array([{}], dtype=object)), "application/x-npy", "holds Python objects"),
    (PLAIN.replace(b"(2, 2)", b"(-2,2)"), "application/x-npy", "the header has shape (-2, 2)"),
    (PLAIN.replace(b"(2, 2), }    ", b"(9999999,9),}"), "application/x-npy", "takes 719999928 bytes, the body has 32")],
    ids=["empty", "json", "ragged", "type", "garbage", "objects", "negative", "huge"])
def test_what_cannot_be_decoded(shared, defaults, body, content_type, said):
    answer = model_error(shared, defaults, body, content_type=content_type)
    assert answer["OriginalStatusCode"] == 500 and said in answer["OriginalMessage"]


def test_a_model_error_has_awss_form_and_its_traceback_is_in_the_log(shared, own):
    answer = model_error(shared, own, "raise")
    group = f"/aws/sagemaker/Endpoints/{own}"
    [stream] = shared.training.logs_client.describe_log_streams(logGroupName=group)["logStreams"]
    assert stream["logStreamName"].startswith(f"{VARIANT}/")
    original = answer["OriginalMessage"]
    assert original.startswith("boom predict\nTraceback (most recent call last):\n")
    assert original.endswith("ValueError: boom predict\n")
    assert answer["OriginalStatusCode"] == 500
    assert answer["LogStreamArn"] == (
        f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}:log-stream:{stream['logStreamName']}")
    assert answer["Error"]["Code"] == "ModelError"
    assert answer["Error"]["Message"] == (
        f'Received server error (500) from primary with message "{original}". See '
        f"https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logEventViewer:group={group} "
        f"in account {ACCOUNT} for more information.")
    wait_until(lambda: any("ValueError: boom predict" in line for line in shared.lines(own)), 10, "the traceback in the log")


@pytest.mark.parametrize(("body", "status", "said"), [
    ("exit", 500, "exit status 3"), ("crash", 500, "SIGSEGV"), ("memory", 500, "MemoryError"),
    ("object", 500, "which cannot be sent"), ("loop", 504, "had not answered after 3.")])
def test_a_handler_that_fails_fails_its_call_alone(shared, own, body, status, said):
    answer = model_error(shared, own, body)
    assert answer["OriginalStatusCode"] == status and said in answer["OriginalMessage"]
    assert shared.ask(own, "abc")["length"] == 3


@pytest.mark.parametrize(("arguments", "said"), [
    ({"EndpointName": "none"}, f"Endpoint none of account {ACCOUNT} not found."),
    ({"TargetVariant": "other"}, "has no variant 'other'"),
    ({"TargetModel": "a.tar.gz"}, "does not host many models"),
    ({"TargetContainerHostname": "other"}, "no containers that are called by their names"),
    ({"InferenceComponentName": "one"}, "Clary does not run inference components yet"),
    ({"EnableExplanations": "`true`"}, "Clary does not explain predictions")],
    ids=["endpoint", "variant", "model", "container", "component", "explanations"])
def test_what_no_instance_is_asked(shared, own, arguments, said):
    with pytest.raises(ClientError) as caught:
        shared.runtime.invoke_endpoint(**{"EndpointName": own, "Body": b"[1]", **arguments})
    error = caught.value.response["Error"]
    assert (error["Code"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]) == ("ValidationError", 400)
    assert said in error["Message"]


def test_a_body_over_the_limit(shared, own):
    with pytest.raises(ClientError) as caught:
        shared.invoke(own, bytes(26 << 20), "a/b")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 413)
    assert shared.ask(own, "abc")["length"] == 3


BROKEN = {
    "import": ("import no_such_module", ["ModuleNotFoundError: No module named 'no_such_module'"]),
    "no model_fn": ("def predict_fn(data, model): return data", ["Please provide a model_fn implementation"]),
    "arity": ("def model_fn(): return None", ["model_fn takes 0 arguments but 1 were given"]),
    "raises": ("def model_fn(model_dir): raise RuntimeError('boom model')", ["RuntimeError: boom model", "inference.py"]),
    "exits": ("import sys\ndef model_fn(model_dir): sys.exit(7)", ["exit status 7"]),
    "crashes": ("import os\ndef model_fn(model_dir): os.abort()", ["SIGABRT"]),
}


@pytest.fixture(scope="module")
def broken(shared):
    """An endpoint for each of them: they fail side by side."""
    environment = {"CLARY_SERVING_FRAMEWORK": "base"}
    return {case: shared.create(shared.config_of(shared.container(script, environment=environment)))
            for case, (script, _) in BROKEN.items()}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_model_fails_the_endpoint_with_the_end_of_its_traceback(shared, broken, case):
    found = shared.wait(broken[case])
    assert found["EndpointStatus"] == "Failed"
    reason = found["FailureReason"]
    lead = f"The primary container for production variant {VARIANT} did not pass the ping health check."
    assert reason.startswith(lead) and len(reason) <= 1024
    assert all(said in reason for said in BROKEN[case][1]), reason
    with pytest.raises(ClientError, match="takes no calls while it is Failed"):
        shared.invoke(broken[case])


def test_model_data_that_is_not_there_fails_the_endpoint(endpoints):
    uri = f"s3://{BUCKET}/nowhere/model.tar.gz"
    name = endpoints.create(endpoints.config_of({"Image": IMAGE, "ModelDataUrl": uri}))
    with pytest.raises(WaiterError, match="terminal failure state"):
        endpoints.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=SOON)
    assert endpoints.describe(name)["FailureReason"].startswith(f"ClientError: Could not find model data at {uri}: ")
    with pytest.raises(ClientError, match="has failed, and can only be deleted"):
        endpoints.update(name, endpoints.describe(name)["EndpointConfigName"])


def test_an_archive_with_paths_outside_fails_the_endpoint(endpoints):
    uri = endpoints.put("hostile/model.tar.gz", {"../../outside": "x"})
    found = endpoints.wait(endpoints.create(endpoints.config_of({"Image": IMAGE, "ModelDataUrl": uri})))
    assert found["EndpointStatus"] == "Failed" and "../../outside" in found["FailureReason"]


def test_calls_are_measured(shared, own):
    shared.ask(own, "abc")
    made = shared.describe(own)["CreationTime"]
    hour = datetime.timedelta(hours=1)
    dimensions = [{"Name": "EndpointName", "Value": own}, {"Name": "VariantName", "Value": VARIANT}]

    def total(metric: str) -> float:
        points = shared.server.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker", MetricName=metric, Dimensions=dimensions, Period=3600, Statistics=["Sum"],
            StartTime=made - hour, EndTime=made + hour)["Datapoints"]
        return sum(point["Sum"] for point in points)

    wait_until(lambda: total("Invocations") >= 1 and total("ModelLatency") > 0, 20, "the metrics")
    assert total("Invocation5XXErrors") <= total("Invocations")


def test_calls_that_wait_for_a_model_leave_other_requests_alone(endpoints):
    name = endpoints.deploy(SLOW)
    runtime = endpoints.server.client("sagemaker-runtime", ONCE.merge(Config(max_pool_connections=100)))

    def call(text: str) -> bytes:
        return runtime.invoke_endpoint(EndpointName=name, Body=text, ContentType="text/plain")["Body"].read()

    longest = 0.0
    with concurrent.futures.ThreadPoolExecutor(100) as callers:
        calls = [callers.submit(call, "8"), *(callers.submit(call, "0") for _ in range(99))]
        while not all(one.done() for one in calls):
            began = time.monotonic()
            endpoints.training.s3.list_buckets()
            longest = max(longest, time.monotonic() - began)
        assert {one.result() for one in calls} == {b"0", b"8"}
    assert longest < 4, "more than half as long as the model works"


def test_two_endpoints_know_nothing_of_each_other(endpoints):
    first, second = (endpoints.create(endpoints.config_of(named(name))) for name in ("first", "second"))
    for endpoint, name in ((first, "first"), (second, "second")):
        assert endpoints.ask(endpoints.in_service(endpoint))["name"] == name

"""Calls that are answered later: their objects, their events, and what becomes of them when the server ends."""

import datetime
import json

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from endpoints import IMAGE, VARIANT, Endpoints, named
from test_sdk_deploy import V2, run_client, shown
from training import BUCKET, wait_until

# Answers with what it got and its content type; raises or takes its time where it is told to.
OBEYS = """
    import time
    def model_fn(model_dir): return 0
    def input_fn(body, content_type): return (body if isinstance(body, str) else body.decode()), content_type
    def predict_fn(data, model):
        text, content_type = data
        order, _, what = text.partition(" ")
        if order == "raise": raise ValueError(what)
        if order == "take": time.sleep(float(what))
        return f"{text} ({content_type})"
    def output_fn(prediction, accept): return prediction, "text/plain"
"""
INPUT = f"s3://{BUCKET}/async/in"


def later(folder: str, most: int = 4, **output) -> dict:
    """What of a configuration makes an endpoint take such calls."""
    where = {"S3OutputPath": f"s3://{BUCKET}/async/{folder}/out", "S3FailurePath": f"s3://{BUCKET}/async/{folder}/bad"}
    return {"AsyncInferenceConfig": {"ClientConfig": {"MaxConcurrentInvocationsPerInstance": most},
                                     "OutputConfig": {**where, **output}}}


def submit(endpoints: Endpoints, name: str, text: str, **more) -> dict:
    """Puts an input into S3 and sends a call that names it; its answer."""
    key = f"async/in/{name}/{text}"
    endpoints.training.s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode(), ContentType="text/csv")
    return endpoints.runtime.invoke_endpoint_async(EndpointName=name, InputLocation=f"s3://{BUCKET}/{key}", **more)


def found(endpoints: Endpoints, uri: str) -> dict | None:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    try:
        answer = endpoints.training.s3.get_object(Bucket=bucket, Key=key)
    except endpoints.training.s3.exceptions.NoSuchKey:
        return None
    return {"Type": answer["ContentType"], "Body": answer["Body"].read().decode()}


def output(endpoints: Endpoints, ticket: dict, seconds: float = 30) -> str:
    answer = wait_until(lambda: found(endpoints, ticket["OutputLocation"]), seconds, "the output")
    assert answer["Type"] == "text/plain"
    return answer["Body"]


def failure(endpoints: Endpoints, ticket: dict) -> str:
    return wait_until(lambda: found(endpoints, ticket["FailureLocation"]), 30, "the failure")["Body"]


def events(endpoints: Endpoints, name: str, inference_id: str) -> list[dict]:
    told = [json.loads(line) for line in endpoints.lines(name) if '"invocationStatus"' in line]
    return [event for event in told if event["inferenceId"] == inference_id]


@pytest.fixture(scope="module")
def shared(server, training):
    made = Endpoints(server, training)
    yield made
    made.clear()


@pytest.fixture(scope="module")
def obeying(shared):
    """An endpoint for the tests that leave it as it was."""
    return shared.deploy_with(OBEYS, **later("obeying"))


def test_an_answer_is_an_object_and_an_event(shared, obeying):
    described = shared.describe(obeying)["AsyncInferenceConfig"]
    assert described == later("obeying")["AsyncInferenceConfig"]
    ticket = submit(shared, obeying, "one", InferenceId="my-id", Accept="text/plain", CustomAttributes="c")
    assert ticket["ResponseMetadata"]["HTTPStatusCode"] == 202 and ticket["InferenceId"] == "my-id"
    assert ticket["OutputLocation"] == f"s3://{BUCKET}/async/obeying/out/my-id.out"
    assert ticket["FailureLocation"] == f"s3://{BUCKET}/async/obeying/bad/my-id-error.out"
    assert output(shared, ticket) == "one (text/csv)"  # the object's own content type
    [event] = wait_until(lambda: events(shared, obeying, "my-id"), 10, "the event")
    assert (event["invocationStatus"], event["eventName"]) == ("Completed", "InferenceResult")
    assert event["requestParameters"]["endpointName"] == obeying
    assert event["requestParameters"]["inputLocation"].endswith("/one")
    assert event["responseParameters"] == {"contentType": "text/plain", "outputLocation": ticket["OutputLocation"]}
    assert found(shared, ticket["FailureLocation"]) is None


def test_the_request_says_the_content_type_and_the_output_name(shared, obeying):
    ticket = submit(shared, obeying, "two", ContentType="text/plain", S3OutputPathExtension="a/b", Filename="two.txt")
    assert ticket["OutputLocation"] == f"s3://{BUCKET}/async/obeying/out/a/b/two.txt"
    assert output(shared, ticket) == "two (text/plain)"
    first, second = (submit(shared, obeying, "three") for _ in range(2))
    assert first["InferenceId"] != second["InferenceId"]
    assert output(shared, first) == output(shared, second) == "three (text/csv)"


def test_the_input_may_be_the_body(shared, obeying):
    ticket = shared.runtime.invoke_endpoint_async(EndpointName=obeying, Body=b"four", ContentType="text/plain")
    assert output(shared, ticket) == "four (text/plain)"


@pytest.mark.parametrize(("arguments", "said"), [
    ({"InputLocation": f"{INPUT}/there-is-none"}, "there-is-none"),
    ({"InputLocation": "s3://there-is-no-such-bucket/x"}, "there-is-no-such-bucket"),
    ({"Body": b"raise boom model", "ContentType": "text/plain"}, "boom model"),
    ({"Body": b"take 30", "ContentType": "text/plain", "InvocationTimeoutSeconds": 1}, "timed out")],
    ids=["missing", "bucket", "model", "timeout"])
def test_what_fails_is_an_object_and_an_event(shared, obeying, arguments, said):
    ticket = shared.runtime.invoke_endpoint_async(EndpointName=obeying, **arguments)
    assert said in failure(shared, ticket)
    [event] = wait_until(lambda: events(shared, obeying, ticket["InferenceId"]), 10, "the event")
    assert event["invocationStatus"] == "Failed" and said in event["failureReason"]
    assert found(shared, ticket["OutputLocation"]) is None
    assert output(shared, submit(shared, obeying, "after")) == "after (text/csv)"


@pytest.mark.parametrize(("arguments", "said"), [
    ({"InputLocation": "https://elsewhere/x"}, "InputLocation is no S3 URI"),
    ({"InputLocation": "s3://bucket-alone"}, "InputLocation is no S3 URI"),
    ({"InputLocation": "file:///etc/passwd"}, "inputLocation"),
    ({}, "InputLocation must name the input"),
    ({"InputLocation": f"{INPUT}/x", "Body": b"x"}, "not both"),
    ({"Body": b"x" * 128_001}, ""),
    ({"Body": b"x", "RequestTTLSeconds": 59}, "60"),
    ({"Body": b"x", "InvocationTimeoutSeconds": 3601}, "3600"),
    ({"Body": b"x", "EndpointName": "not-there"}, "Endpoint not-there of account 000000000000 not found")],
    ids=["https", "no key", "file", "neither", "both", "large", "age", "timeout", "endpoint"])
def test_calls_that_are_refused(shared, obeying, arguments, said):
    unchecked = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    runtime = shared.server.client("sagemaker-runtime", config=unchecked)
    with pytest.raises(ClientError) as caught:
        runtime.invoke_endpoint_async(**{"EndpointName": obeying, **arguments})
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert said.lower() in caught.value.response["Error"]["Message"].lower()


def test_an_endpoint_without_a_place_for_answers_takes_none(endpoints):
    name = endpoints.deploy(named("it"))
    with pytest.raises(ClientError, match="has no AsyncInferenceConfig"):
        submit(endpoints, name, "x")


@pytest.mark.parametrize(("changes", "said"), [
    ({"S3OutputPath": "https://elsewhere/out"}, "no S3 URI"),
    ({"NotificationConfig": {"SuccessTopic": "arn:aws:sns:us-east-1:000000000000:t"}}, "Clary has no SNS"),
    ({"KmsKeyId": "k"}, "does not encrypt")], ids=["uri", "sns", "kms"])
def test_configurations_that_are_refused(endpoints, changes, said):
    model = endpoints.model({"Image": IMAGE})
    with pytest.raises(ClientError) as caught:
        endpoints.config(endpoints.variant(model), **later("refused", **changes))
    assert caught.value.response["Error"]["Code"] == "ValidationException" and said in str(caught.value)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_restart_loses_no_call(private, how):
    server = private.server
    name = private.deploy_with(OBEYS, **later("restart", most=1))
    tickets = {f"take 0.{number}": submit(private, name, f"take 0.{number}") for number in range(5, 10)}
    tickets["body"] = private.runtime.invoke_endpoint_async(EndpointName=name, Body=b"body", ContentType="text/csv")
    assert found(private, tickets["body"]["OutputLocation"]) is None  # it comes after all the others
    if how == "stop":
        assert server.stop() == 0
    else:
        server.kill()
    server.start()
    for text, ticket in tickets.items():
        assert output(private, ticket, 60) == f"{text} (text/csv)"
        assert found(private, ticket["FailureLocation"]) is None


def test_what_waits_goes_with_its_endpoint(private):
    name = private.deploy_with(OBEYS, **later("gone", most=1))
    first, second = (submit(private, name, text) for text in ("take 1", "never"))
    private.sagemaker.delete_endpoint(EndpointName=name)
    wait_until(lambda: private.gone(name), 60, "the end of the endpoint")
    private.in_service(private.create(private.config(private.variant(private.model(OBEYS)), **later("gone", most=1)), name))
    assert output(private, submit(private, name, "again")) == "again (text/csv)"
    assert found(private, second["OutputLocation"]) is None
    assert first["OutputLocation"] != second["OutputLocation"]


def test_the_backlog_and_the_instances_are_measured(endpoints):
    name = endpoints.deploy_with(OBEYS, **later("measured", most=1))
    tickets = [submit(endpoints, name, f"take 2.{number}") for number in range(4)]
    cloudwatch = endpoints.server.client("cloudwatch")

    def points(metric: str, space: str = "AWS/SageMaker", **dimensions: str) -> list[float]:
        now = datetime.datetime.now(datetime.UTC)
        found = cloudwatch.get_metric_statistics(
            Namespace=space, MetricName=metric, Period=1, Statistics=["Maximum"],
            Dimensions=[{"Name": key, "Value": value} for key, value in {"EndpointName": name, **dimensions}.items()],
            StartTime=now - datetime.timedelta(minutes=10), EndTime=now + datetime.timedelta(minutes=1))["Datapoints"]
        return [point["Maximum"] for point in sorted(found, key=lambda point: point["Timestamp"])]

    wait_until(lambda: max(points("ApproximateBacklogSize"), default=0) >= 1, 20, "a backlog")
    assert max(points("ApproximateBacklogSizePerInstance")) >= 1 and max(points("ApproximateAgeOfOldestRequest")) > 0
    for ticket in tickets:
        output(endpoints, ticket)
    wait_until(lambda: points("ApproximateBacklogSize")[-1] == 0, 20, "the backlog's end")
    assert max(points("HasBacklogWithoutCapacity")) == 0
    for metric in ("CPUUtilization", "MemoryUtilization", "DiskUtilization"):
        wait_until(lambda: points(metric, "/aws/sagemaker/Endpoints", VariantName=VARIANT), 30, metric)  # noqa: B023


def test_the_sdks_asynchronous_predictor(server, endpoints):
    """AsyncPredictor of SDK v2: input objects are made by it, its serializer's content type is the object's alone."""
    uri = endpoints.put("models/asynchronous/model.tar.gz", {
        "code/inference.py": "\n".join(line.removeprefix("    ") for line in OBEYS.splitlines())})
    result = shown(run_client(server, V2 + """
from sagemaker.async_inference import AsyncInferenceConfig, WaiterConfig
from sagemaker.exceptions import AsyncInferenceModelError, ObjectNotExistedError
from sagemaker.model import Model
from sagemaker.deserializers import StringDeserializer
from sagemaker.serializers import StringSerializer
model = Model(image_uri=sys.argv[2], model_data=sys.argv[3], predictor_cls=Predictor, env={
    "SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
    "SAGEMAKER_MODEL_SERVER_WORKERS": "1"}, **own)
soon = WaiterConfig(max_attempts=20, delay=1)
predictor = model.deploy(async_inference_config=AsyncInferenceConfig(max_concurrent_invocations_per_instance=2), **machine)
predictor.serializer, predictor.deserializer = StringSerializer(), StringDeserializer()
result = {"kind": type(predictor).__name__, "said": predictor.predict("hello", waiter_config=soon)}
slow = predictor.predict_async("take 2")
try:
    slow.get_result()
except ObjectNotExistedError:
    result["early"] = True
result["late"] = slow.get_result(soon)
try:
    predictor.predict("raise boom model", waiter_config=soon)
except AsyncInferenceModelError as error:
    result["error"] = str(error)
predictor.delete_model()
predictor.delete_endpoint()
show(**result)
""", BUCKET, IMAGE, uri))
    assert result.pop("error").count("boom model") >= 1
    assert result == {"kind": "AsyncPredictor", "said": "hello (text/plain)", "early": True, "late": "take 2 (text/plain)"}
